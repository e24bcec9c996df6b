"""Whom a wrong answer is blamed on, by hand-made replies."""

from typing import Any

import pytest

from evals.cases import Case, Number
from evals.judging import BLAMED, failed, judge
from evals.replies import Cited, Found, Reply, Said

DRONES = "The talks took a day. India plans to buy 31 drones from the US. Austin spoke of them in New Delhi."
CASE = Case(
    id="drones",
    question="How many drones does India plan to buy?",
    answered=True,
    facts=(("31",),),
    articles=("drones",),
)
NOBODY = Case(id="price", question="What do the drones cost?", answered=False)
ALL_FOUND = (Found(article_id="drones", text=DRONES, relevance=0.9),)
BESIDE = (Found(article_id="drones", text="Austin spoke of them in New Delhi.", relevance=0.1),)


def answer(text: str, quote: str, **more: Any) -> Reply:  # noqa: ANN401 - fields of a Reply
    start = DRONES.find(quote)
    cited = Cited(article_id="drones", quote=quote, article=DRONES, start=start, end=start + len(quote))
    fields: dict[str, Any] = {"found": ALL_FOUND, "withheld": (), "writer": "a model", **more}
    return Reply(
        answered=True, text=f"{text} [1]", sentences=(Said(text=text, citations=(0,)),), citations=(cited,), **fields
    )


def silence(reason: str = "not_answered", **more: Any) -> Reply:  # noqa: ANN401 - as above
    fields: dict[str, Any] = {"found": ALL_FOUND, "withheld": (), "writer": "a model", **more}
    return Reply(answered=False, text="The articles do not say.", abstained=reason, **fields)


RIGHT = answer("India plans to buy 31 drones from the US.", "India plans to buy 31 drones from the US.")
BESIDE_THE_POINT = answer("The talks took a day.", "The talks took a day.")


def blame(reply: Reply, case: Case = CASE, text: str | None = DRONES) -> str | None:
    return judge(case, reply, {"drones": text} if text is not None and case.answered else {}).blame


def test_a_right_answer_is_nobodys_fault() -> None:
    assert judge(CASE, RIGHT, {"drones": DRONES}).failures == ()
    assert blame(RIGHT) is None


@pytest.mark.parametrize("text", [DRONES.replace("31", "thirteen"), None], ids=["changed", "gone"])
def test_the_corpus_is_to_blame_where_no_article_says_it_any_more(text: str | None) -> None:
    assert blame(silence(), text=text) == "corpus"
    assert blame(BESIDE_THE_POINT, text=text) == "corpus"


def test_a_case_that_names_no_articles_blames_by_what_was_found() -> None:
    case = CASE.model_copy(update={"articles": ()})
    assert judge(case, silence(), {}).blame == "abstention"
    assert judge(case, BESIDE_THE_POINT, {}).blame == "writing"
    assert judge(case, silence(found=BESIDE), {}).blame == "retrieval"


def test_retrieval_is_to_blame_where_the_passage_was_not_found() -> None:
    assert blame(silence(found=BESIDE)) == "retrieval"
    assert blame(silence(found=())) == "retrieval"
    assert blame(answer("The talks took a day.", "The talks took a day.", found=BESIDE)) == "retrieval"


def test_a_passage_that_merely_has_the_name_is_not_the_passage() -> None:
    who = Case(
        id="who",
        question="Who leads the delegation of the Pentagon?",
        answered=True,
        facts=(("Austin",),),
        articles=("drones",),
    )
    text = f"{DRONES} Lloyd Austin leads the delegation of the Pentagon."

    assert blame(silence(found=BESIDE), who, text) == "retrieval"
    assert blame(silence(found=(*BESIDE, ALL_FOUND[0].model_copy(update={"text": text}))), who, text) == "abstention"


def test_the_writing_is_to_blame_where_it_was_found_and_not_told() -> None:
    assert blame(BESIDE_THE_POINT) == "writing"
    assert blame(RIGHT, CASE.model_copy(update={"forbidden": ("from the US",)})) == "writing"


def test_the_abstention_is_to_blame_where_it_was_found_and_not_answered() -> None:
    assert blame(silence()) == "abstention"
    assert blame(silence("nothing_relevant")) == "abstention"


def test_of_what_was_held_back_the_verifier_is_to_blame_for_the_truth_and_the_writer_for_the_rest() -> None:
    assert blame(silence("not_supported", withheld=("India wants 31 drones.",))) == "verification"
    assert blame(silence("not_supported", withheld=("India wants 13 tanks.",))) == "writing"
    assert blame(silence("not_supported", withheld=None)) == "verification"
    part = answer("The talks took a day.", "The talks took a day.", withheld=("India wants 31 drones.",))
    assert blame(part) == "verification"


def test_the_verifier_is_to_blame_for_what_no_quote_says() -> None:
    assert blame(answer("India plans to buy 13 drones.", "India plans to buy 31 drones from the US.")) == "verification"


@pytest.mark.parametrize(
    "told", ["They cost 3 billion dollars.", "Larry Culp named the price."], ids=["a number", "a name"]
)
def test_so_it_is_where_the_verifier_believes_everything(told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def believing(*_: object, **__: object) -> Any:  # noqa: ANN401 - a verdict
        class Verdict:
            supported = True
            reasons = ()

        return Verdict()

    monkeypatch.setattr("evals.supporting.prove", believing)

    assert blame(answer(told, "The talks took a day."), NOBODY) == "verification"
    assert blame(BESIDE_THE_POINT, NOBODY) == "abstention"


def test_an_answer_in_the_articles_words_to_what_they_do_not_say_is_the_abstentions_fault() -> None:
    assert blame(RIGHT, NOBODY) == "abstention"


def test_wrong_sources_of_a_right_answer_are_the_citations_fault() -> None:
    elsewhere = CASE.model_copy(update={"articles": ("other",)})
    assert judge(elsewhere, RIGHT, {"other": DRONES}).failures == ("cites none of other",)
    assert blame(RIGHT, elsewhere) == "citation"


def test_where_a_target_shows_neither_passages_nor_articles_the_writing_and_the_abstention_remain() -> None:
    unknown: dict[str, Any] = {"found": None, "withheld": None}

    assert blame(silence(**unknown), text=None) == "abstention"
    assert blame(BESIDE_THE_POINT.model_copy(update=unknown), text=None) == "writing"


def test_no_reply_is_the_services_fault() -> None:
    assert failed(CASE, "no reply: it is down").blame == "service"


def test_every_blame_is_explained() -> None:
    assert set(BLAMED) == {"corpus", "retrieval", "writing", "verification", "abstention", "citation", "service"}


def test_forbidden_words_may_not_stand_in_an_abstention_either() -> None:
    secret = NOBODY.model_copy(update={"forbidden": ("articles do not",)})
    judgement = judge(secret, silence(), {})
    assert judgement.failures == ("says 'articles do not'",)
    assert judgement.blame == "writing"
    assert judge(NOBODY, silence(), {}).passed


def test_who_does_not_count_its_sources_has_no_more_of_them_than_it_cites() -> None:
    two = CASE.model_copy(update={"least_sources": 2})
    assert judge(two, RIGHT, {"drones": DRONES}).failures == ("has 1 independent source, not 2",)
    other = RIGHT.citations[0].model_copy(update={"article_id": "other"})
    both = RIGHT.model_copy(
        update={
            "sentences": (RIGHT.sentences[0].model_copy(update={"citations": (0, 1)}),),
            "citations": (*RIGHT.citations, other),
        }
    )
    assert judge(two, both, {"drones": DRONES}).passed


def test_a_number_that_is_lacking_is_written_out_with_its_tolerance() -> None:
    case = CASE.model_copy(update={"facts": ((Number(number=42e6, tolerance=3e6), "many"),)})
    assert "lacks 42,000,000 ± 3,000,000 or many" in judge(case, RIGHT, {"drones": DRONES}).failures


def test_an_answer_that_marks_all_it_says_as_unsupported_is_not_passed() -> None:
    case = CASE.model_copy(update={"articles": ()})
    marked = RIGHT.model_copy(
        update={"sentences": (Said(text="India buys 31.", citations=(), claimed=False),), "citations": ()}
    )
    judgement = judge(case, marked, {})
    assert judgement.failures == ("has no sentence that is not marked as unsupported",)
    assert judgement.blame == "citation"
    assert judge(case, RIGHT, {}).passed
