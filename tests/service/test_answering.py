"""One question to one answer, over a real store, with a writer that drafts what it is told."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retrieval.ingest import ingest
from retrieval.store import Store
from retrieval.types import Article, Scope, make_article
from service.answering import Answerer
from service.errors import WriterUnavailable
from service.evidence import Evidence
from service.types import Answer, Answered, Event, Options, Question, Searched, SearchRequest, SentenceReady
from service.writers import Draft
from tests.fakes import StandsAlone, WordEmbedder

BUY = "India plans to buy 31 drones."
PRICE = "The price of the drones is open."
DRONES = make_article(
    article_id="drones", title="Drones", text=f"{BUY}\n\n{PRICE}\n", published=datetime(2023, 11, 10, tzinfo=UTC)
)
COPY = make_article(
    article_id="copy", title="Copy", text=f"{BUY}\n", outlet="The Desk", published=datetime(2023, 11, 12, tzinfo=UTC)
)
STUDENTS = make_article(article_id="students", title="Students", text="The list [12] names 270,000 students.\n")
CORPUS = (DRONES, COPY, STUDENTS)


@dataclass
class ScriptedWriter(StandsAlone):
    """Drafts what it was told, each sentence with the ids of the articles it cites; raises `error` at the end."""

    script: Sequence[tuple[str, Sequence[str]]] = ()
    error: Exception | None = None
    name: str = "scripted"
    asked: list[tuple[Question, Evidence]] = field(default_factory=list)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def write(self, question: Question, evidence: Evidence) -> AsyncGenerator[Draft]:
        self.asked.append((question, evidence))
        try:
            for text, cited in self.script:
                hits = [hit for hit, one in enumerate(evidence.hits) if one.passage.source.article_id in cited]
                yield Draft(
                    text, tuple(sorted(hits, key=lambda hit: cited.index(evidence.hits[hit].passage.source.article_id)))
                )
            if self.error:
                raise self.error
        finally:
            self.left.set()


async def answerer(
    store: Store, embedder: WordEmbedder, writer: ScriptedWriter, corpus: Sequence[Article] = CORPUS
) -> Answerer:
    for article in corpus:
        await ingest(article, store, embedder)
    return Answerer(store, embedder, writer)


async def events(answering: Answerer, question: Question) -> list[Event]:
    return [event async for event in answering.events(question)]


def hold(stream: Sequence[Event]) -> Answer:
    """Check what must be true of every stream, and give its answer."""
    assert isinstance(stream[-1], Answered)
    answer = stream[-1].answer
    ready = [event for event in stream if isinstance(event, SentenceReady)]
    assert "".join(one.text for one in ready) == (answer.text or "")
    assert tuple(one.sentence for one in ready) == answer.sentences
    assert tuple(citation for one in ready for citation in one.citations) == answer.citations
    assert tuple(source for one in ready for source in one.new_sources) == answer.sources
    assert [source.number for source in answer.sources] == list(range(1, len(answer.sources) + 1))
    assert len({source.article_id for source in answer.sources}) == len(answer.sources)
    for sentence in answer.sentences:
        assert answer.text is not None
        assert answer.text[sentence.start : sentence.end] == sentence.text
        assert sentence.verdict == "supported"
        assert sentence.citations
        for citation in (answer.citations[index] for index in sentence.citations):
            assert (citation.answer_start, citation.answer_end) == (sentence.start, sentence.end)
            assert f"[{citation.source}]" in sentence.text
    return answer


async def provable(answer: Answer, store: Store) -> None:
    """Check each citation against the stored text of its article."""
    by_number = {source.number: source for source in answer.sources}
    for citation in answer.citations:
        source = by_number[citation.source]
        article = (await store.articles([source]))[source.article_id]
        assert article.source.version == source.version
        assert article.text[citation.start : citation.end] == citation.quote


async def test_sources_are_numbered_in_order_of_first_use_one_for_each_article(
    store: Store, embedder: WordEmbedder
) -> None:
    writer = ScriptedWriter(
        [
            ("There are 270,000 students on the list.", ["students"]),
            (BUY, ["drones", "copy"]),
            ("The price is open.", ["drones"]),
            ("The list names 270,000 students.", ["students"]),
        ]
    )
    stream = await events(await answerer(store, embedder, writer), Question(question="How many drones and students?"))
    answer = hold(stream)
    assert {source.number: source.article_id for source in answer.sources}[1] == "students"
    assert answer.text is not None
    assert answer.text.startswith(
        "There are 270,000 students on the list. [1] India plans to buy 31 drones. [2][3] The price"
    )
    assert answer.text.endswith(" The list names 270,000 students. [1]")
    assert answer.sentences[1].independent_sources == 1  # word for word the same
    await provable(answer, store)


async def test_an_article_that_proves_a_sentence_in_two_places_is_one_marker(
    store: Store, embedder: WordEmbedder
) -> None:
    opened, carries = "Mayor Voss opened the new library in Oster on Monday", "the ferry Aurora carries 320 passengers."
    rain = "It rained for most of the week, and the market was moved indoors because of the storm."
    town = make_article(article_id="town", title="Town", text=f"{opened}.\n\n{rain}\n\nT{carries[1:]}\n")
    writer = ScriptedWriter([(f"{opened}, and {carries}", ["town"])])
    answering = await answerer(store, embedder, writer, [town])
    answer = hold(await events(answering, Question(question="What did Mayor Voss open, and what does Aurora carry?")))
    assert [citation.source for citation in answer.citations] == [1, 1]
    assert answer.text == f"{opened}, and {carries} [1]"
    await provable(answer, store)


async def test_nothing_is_streamed_that_is_not_proved_and_a_notice_counts_it(
    store: Store, embedder: WordEmbedder
) -> None:
    writer = ScriptedWriter([("India plans to buy 41 drones.", ["drones"]), (BUY, ["drones"]), ("Rao wept.", [])])
    stream = await events(await answerer(store, embedder, writer), Question(question="How many drones?"))
    answer = hold(stream)
    assert answer.text == f"{BUY} [1]"
    [notice] = answer.notices
    assert notice.kind == "left_out"
    assert notice.message.startswith("2 sentences were left out")
    assert "41 drones" not in "".join(one.model_dump_json() for one in stream[1:])


async def test_a_sentence_that_another_hit_says_is_cited_there_and_says_so(
    store: Store, embedder: WordEmbedder
) -> None:
    writer = ScriptedWriter([(BUY, ["students"])])
    answer = hold(await events(await answerer(store, embedder, writer), Question(question="How many drones?")))
    assert answer.sources[0].article_id in {"drones", "copy"}
    assert answer.sentences[0].reasons[0].startswith("re-cited")


async def test_when_no_draft_is_proved_the_answer_is_not_supported(store: Store, embedder: WordEmbedder) -> None:
    writer = ScriptedWriter([("India plans to buy 41 drones.", ["drones"])])
    answer = hold(await events(await answerer(store, embedder, writer), Question(question="How many drones?")))
    assert (answer.answered, answer.text) == (False, None)
    assert answer.abstained is not None
    assert answer.abstained.reason == "not_supported"
    assert answer.notices[0].message.startswith("1 sentence was left out")
    assert (answer.sources, answer.citations) == ((), ())


async def test_when_nothing_is_drafted_the_question_is_not_answered(store: Store, embedder: WordEmbedder) -> None:
    answer = hold(
        await events(await answerer(store, embedder, ScriptedWriter()), Question(question="How many drones?"))
    )
    assert answer.abstained is not None
    assert answer.abstained.reason == "not_answered"
    assert answer.notices == ()


async def test_an_empty_store_has_nothing_relevant(store: Store, embedder: WordEmbedder) -> None:
    stream = await events(await answerer(store, embedder, ScriptedWriter(), []), Question(question="How many drones?"))
    assert stream[0] == Searched(hits=())
    answer = hold(stream)
    assert answer.abstained is not None
    assert answer.abstained.reason == "nothing_relevant"
    assert answer.corpus.articles == 0


async def test_small_talk_gets_the_fixed_reply_and_asks_nobody(store: Store, embedder: WordEmbedder) -> None:
    writer = ScriptedWriter([(BUY, ["drones"])])
    answering = await answerer(store, embedder, writer)
    asked = len(embedder.asked)
    stream = await events(answering, Question(question="Hello! What can you do?"))
    answer = hold(stream)
    assert answer.abstained is not None
    assert answer.abstained.reason == "not_a_question"
    assert len(stream) == 1
    assert writer.asked == []
    assert len(embedder.asked) == asked


async def test_a_literal_marker_of_an_article_is_escaped(store: Store, embedder: WordEmbedder) -> None:
    writer = ScriptedWriter([("The list [12] names 270,000 students.", ["students"])])
    answer = hold(await events(await answerer(store, embedder, writer), Question(question="How many students?")))
    assert answer.text == "The list \\[12] names 270,000 students. [1]"
    assert answer.citations[0].quote == "The list [12] names 270,000 students."


async def test_hits_are_given_only_when_asked_for(store: Store, embedder: WordEmbedder) -> None:
    answering = await answerer(store, embedder, ScriptedWriter([(BUY, ["drones"])]))
    without = await answering.answer(Question(question="How many drones?"))
    beside = await answering.answer(Question(question="How many drones?", options=Options(include_hits=True)))
    assert without.hits is None
    assert beside.hits is not None
    assert {hit.passage.source.article_id for hit in beside.hits} == {"drones", "copy", "students"}


async def test_nothing_later_than_as_of_or_outside_the_scope_is_used(store: Store, embedder: WordEmbedder) -> None:
    answering = await answerer(store, embedder, ScriptedWriter([(BUY, ["copy", "drones"])]))
    early = await answering.answer(Question(question="How many drones?", as_of=datetime(2023, 11, 11, tzinfo=UTC)))
    assert [source.article_id for source in early.sources] == ["drones"]
    desk = await answering.answer(Question(question="How many drones?", scope=Scope(outlets=("The Desk",))))
    assert [source.article_id for source in desk.sources] == ["copy"]


async def test_a_search_gives_as_many_passages_as_asked(store: Store, embedder: WordEmbedder) -> None:
    answering = await answerer(store, embedder, ScriptedWriter())
    assert len(await answering.search(SearchRequest(question="How many drones?", limit=2))) == 2


async def test_a_writer_that_fails_is_not_hidden_and_what_was_sent_stays(store: Store, embedder: WordEmbedder) -> None:
    writer = ScriptedWriter([(BUY, ["drones"])], error=WriterUnavailable("The model is gone."))
    answering = await answerer(store, embedder, writer)
    stream = answering.events(Question(question="How many drones?"))
    sent = [await anext(stream), await anext(stream)]
    with pytest.raises(WriterUnavailable, match="gone"):
        await anext(stream)
    assert [type(event) for event in sent] == [Searched, SentenceReady]


async def test_a_reader_that_leaves_stops_the_writer(store: Store, embedder: WordEmbedder) -> None:
    writer = ScriptedWriter([(BUY, ["drones"]), (PRICE, ["drones"])])
    answering = await answerer(store, embedder, writer)
    stream = answering.events(Question(question="How many drones?"))
    assert isinstance(stream, AsyncGenerator)
    async with aclosing(stream):
        async for event in stream:
            if isinstance(event, SentenceReady):
                break
    async with asyncio.timeout(5):
        await writer.left.wait()


async def test_the_answer_says_who_wrote_it_from_what_and_how_long_it_took(
    store: Store, embedder: WordEmbedder
) -> None:
    answer = await (await answerer(store, embedder, ScriptedWriter([(BUY, ["drones"])]))).answer(
        Question(question="Drones?")
    )
    assert answer.writer == "scripted"
    assert answer.question == "Drones?"
    assert answer.corpus.articles == 3
    assert {"search", "write", "verify", "total"} <= answer.timings_ms.keys()
    assert answer.id.startswith("ans_")


WORDS = [
    "India",
    "buys",
    "31",
    "drones",
    "🎓",
    "👩‍👩‍👧",
    "cafe\u0301",
    "n\u0303",
    "السوق",
    "שלום",
    "[12]",
    "“No”",
    "U.S.",
    "$2.5 bn",
]
ENDS = [".\n", "!\r\n", "? ", ".\r\n\r\n", "؟ ", "。"]
SENTENCES = st.builds(
    lambda some, end: " ".join(some) + end,
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=6),
    st.sampled_from(ENDS),
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.lists(SENTENCES, min_size=1, max_size=6).map("".join), min_size=1, max_size=3))
async def test_every_span_and_offset_is_right_in_any_writing(texts: list[str]) -> None:
    embedder = WordEmbedder()
    with TemporaryDirectory() as folder, Store.open_embedded(Path(folder), embedder) as store:
        writer = EveryStatement()
        answering = Answerer(store, embedder, writer)
        for number, text in enumerate(texts):
            await ingest(make_article(article_id=f"a{number}", title="T", text=text), store, embedder)
        stream = await events(answering, Question(question="What does India buy?"))
        answer = hold(stream)
        assert len(answer.sentences) == writer.drafted
        await provable(answer, store)


@dataclass
class EveryStatement(StandsAlone):
    """Drafts every statement that was found, word for word."""

    name: str = "every"
    drafted: int = 0

    async def write(self, question: Question, evidence: Evidence) -> AsyncGenerator[Draft]:
        assert question
        for statement in evidence.statements:
            self.drafted += any(c.isalnum() for c in statement.text)
            yield Draft(statement.text, (statement.hit,))
