"""What becomes of a sentence that nothing proves, and of an answer whose model fails, over a real store."""

from collections.abc import Sequence

import pytest

from retrieval.store import Store
from service.answering import Answerer
from service.composing import UNSUPPORTED
from service.errors import ModelNotAllowed, WriterUnavailable
from service.types import Answer, OnUnsupported, Options, Question, SentenceReady, Turn, Usage
from service.writers import ExtractiveWriter
from tests.fakes import WordEmbedder
from tests.service.test_answering import BUY, PRICE, ScriptedWriter, answerer, events

FALSE = "India plans to buy 41 drones."
Drafts = Sequence[tuple[str, Sequence[str]]]


async def answered(
    store: Store, embedder: WordEmbedder, script: Drafts, on_unsupported: OnUnsupported | None = None
) -> tuple[Answer, list[SentenceReady]]:
    answering = await answerer(store, embedder, ScriptedWriter(script))
    question = Question(question="How many drones?", options=Options(on_unsupported=on_unsupported))
    stream = await events(answering, question)
    answer = stream[-1].answer  # type: ignore[union-attr]
    ready = [event for event in stream if isinstance(event, SentenceReady)]
    assert "".join(one.text for one in ready) == (answer.text or "")
    assert tuple(one.sentence for one in ready) == answer.sentences
    for sentence in answer.sentences:
        assert answer.text is not None
        assert answer.text[sentence.start : sentence.end] == sentence.text
    return answer, ready


@pytest.mark.parametrize(
    "leaning", ["It wants them soon.", "This is open.", "As a result the price of the drones is open."]
)
async def test_a_sentence_that_leans_on_a_dropped_one_goes_with_it(
    store: Store, embedder: WordEmbedder, leaning: str
) -> None:
    script = [(BUY, ["drones"]), (FALSE, ["drones"]), (leaning, ["drones"]), ("It costs.", []), (PRICE, ["drones"])]
    answer, _ = await answered(store, embedder, script)
    assert answer.text == f"{BUY} [1] {PRICE} [1]"
    assert [notice.message[:25] for notice in answer.notices] == ["3 sentences were left out"]


async def test_a_sentence_that_leans_on_a_proved_one_stays(store: Store, embedder: WordEmbedder) -> None:
    answer, _ = await answered(store, embedder, [(BUY, ["drones"]), ("Their price is open.", ["drones"])])
    assert len(answer.sentences) == 2


async def test_marked_it_stands_in_its_place_with_its_reasons_and_cites_nothing(
    store: Store, embedder: WordEmbedder
) -> None:
    script = [(BUY, ["drones"]), (FALSE, ["drones"]), (PRICE, ["drones"])]
    answer, ready = await answered(store, embedder, script, "mark")
    assert answer.text == f"{BUY} [1] {FALSE} {UNSUPPORTED} {PRICE} [1]"
    marked = answer.sentences[1]
    assert (marked.verdict, marked.citations, marked.independent_sources) == ("unsupported", (), 0)
    assert marked.reasons == ("41 is not in the quote",)
    assert ready[1].citations == ()
    assert [(notice.kind, notice.message[:15]) for notice in answer.notices] == [("unsupported", "1 sentence was ")]


async def test_kept_it_has_its_verdict_and_no_mark(store: Store, embedder: WordEmbedder) -> None:
    answer, _ = await answered(store, embedder, [(FALSE, ["drones"])], "keep")
    assert answer.text == FALSE
    assert answer.answered
    assert [sentence.verdict for sentence in answer.sentences] == ["unsupported"]
    assert answer.sources == ()


@pytest.mark.parametrize("policy", ["mark", "keep"])
@pytest.mark.parametrize(
    "text",
    [
        "See https://evil.example/?q=drones for more.",
        "![India](https://evil.example/a.png)",
        "Ask at www.evil.example.",
        "Click <img src=x>.",
        "More is [here](data:text/html,x).",
    ],
)
async def test_an_address_that_nobody_wrote_is_never_sent(
    store: Store, embedder: WordEmbedder, policy: OnUnsupported, text: str
) -> None:
    answer, _ = await answered(store, embedder, [(BUY, ["drones"]), (text, ["drones"])], policy)
    assert answer.text == f"{BUY} [1]"
    assert [notice.kind for notice in answer.notices] == ["left_out"]


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_one_unproved_sentence_withholds_the_answer_where_that_is_wanted(
    store: Store, embedder: WordEmbedder, place: int
) -> None:
    script = [(BUY, ["drones"]), (PRICE, ["drones"])]
    script.insert(place, (FALSE, ["drones"]))
    answer, ready = await answered(store, embedder, script, "abstain")
    assert ready == []
    assert answer.abstained is not None
    assert answer.abstained.reason == "not_supported"


async def test_where_all_is_proved_nothing_is_withheld(store: Store, embedder: WordEmbedder) -> None:
    answer, _ = await answered(store, embedder, [(BUY, ["drones"]), (PRICE, ["drones"])], "abstain")
    assert answer.text == f"{BUY} [1] {PRICE} [1]"


async def test_what_the_operator_has_set_holds_where_a_question_does_not_say(
    store: Store, embedder: WordEmbedder
) -> None:
    inner = await answerer(store, embedder, ScriptedWriter([(FALSE, ["drones"])]))
    answering = Answerer(store, embedder, inner.writers["scripted"], on_unsupported="mark")
    marked = await answering.answer(Question(question="How many drones?"))
    dropped = await answering.answer(Question(question="How many drones?", options=Options(on_unsupported="drop")))
    assert marked.text == f"{FALSE} {UNSUPPORTED}"
    assert dropped.text is None


async def fallen_back(store: Store, embedder: WordEmbedder, script: Drafts) -> Answer:
    failing = ScriptedWriter(script, error=WriterUnavailable("The model is gone."))
    await answerer(store, embedder, failing)
    plain = ScriptedWriter([(PRICE, ["drones"])], name="extractive")
    return await Answerer(store, embedder, failing, fallback=plain).answer(Question(question="How many drones?"))


@pytest.mark.parametrize("script", [[], [(FALSE, ["drones"])]])
async def test_a_model_that_fails_before_anything_was_sent_is_replaced_and_the_answer_says_so(
    store: Store, embedder: WordEmbedder, script: Drafts
) -> None:
    answer = await fallen_back(store, embedder, script)
    assert answer.text == f"{PRICE} [1]"
    assert answer.writer == "extractive"
    [notice] = answer.notices
    assert (notice.kind, notice.message[:18]) == ("fallback", "The model is gone.")


async def test_what_was_sent_before_a_model_broke_off_stands_and_nothing_is_put_behind_it(
    store: Store, embedder: WordEmbedder
) -> None:
    answer = await fallen_back(store, embedder, [(BUY, ["drones"])])
    assert answer.text == f"{BUY} [1]"
    assert answer.writer == "scripted"
    [notice] = answer.notices
    assert notice.kind == "cut_short"


async def test_a_question_may_name_one_of_the_models_that_are_allowed(store: Store, embedder: WordEmbedder) -> None:
    first = ScriptedWriter([(BUY, ["drones"])])
    await answerer(store, embedder, first)
    answering = Answerer(store, embedder, first, others=[ScriptedWriter([(PRICE, ["drones"])], name="other/model")])
    assert answering.models == ("scripted", "other/model")
    named = await answering.answer(Question(question="How many drones?", options=Options(model="other/model")))
    assert (named.writer, named.text) == ("other/model", f"{PRICE} [1]")
    with pytest.raises(ModelNotAllowed, match=r"'gpt-9' .* scripted, other/model"):
        await answering.answer(Question(question="How many drones?", options=Options(model="gpt-9")))
    assert len(first.asked) == 0


async def test_the_tokens_that_were_counted_are_added_up(store: Store, embedder: WordEmbedder) -> None:
    class Counting(ScriptedWriter):
        async def write(self, question, evidence):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
            async for draft in super().write(question, evidence):
                yield draft
            yield Usage(input_tokens=100, output_tokens=7)

    await answerer(store, embedder, ScriptedWriter())
    answer = await Answerer(store, embedder, Counting([(BUY, ["drones"])])).answer(Question(question="Drones?"))
    assert answer.usage == Usage(input_tokens=100, output_tokens=7)


async def test_a_follow_up_is_searched_and_written_as_it_is_understood(store: Store, embedder: WordEmbedder) -> None:
    await answerer(store, embedder, ScriptedWriter())
    answering = Answerer(store, embedder, ExtractiveWriter(embedder, embedder.words))
    turns = (Turn(role="user", text="How many drones does India buy?"), Turn(role="assistant", text=f"{BUY} [1]"))
    answer = await answering.answer(Question(question="Is their price open?", history=turns))
    assert answer.question == "Is their price open?"
    [notice] = [one for one in answer.notices if one.kind == "read_as"]
    assert "drones" in notice.message
    assert answer.text is not None
    assert PRICE in answer.text
