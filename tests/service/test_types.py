"""The types of answering refuse what they cannot hold."""

import pytest
from pydantic import ValidationError

from retrieval.types import Corpus
from service.types import MOST_HISTORY, Abstention, Answer, Question, SearchRequest, Turn


def answer(**fields: object) -> Answer:
    base: dict[str, object] = {
        "id": "1",
        "question": "q",
        "writer": "w",
        "corpus": Corpus(articles=0, fingerprint=""),
        "timings_ms": {},
    }
    return Answer.model_validate(base | fields)


def test_a_question_is_enough_and_is_stripped() -> None:
    question = Question.model_validate({"question": "  How many? \n"})
    assert question.question == "How many?"
    assert question.history == ()
    assert question.scope.outlets == ()


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"question": ""},
        {"question": " \n\t"},
        {"question": "x" * 2001},
        {"question": 7},
        {"question": None},
        {"question": "q", "unknown": 1},
        {"question": "q", "history": [{"role": "system", "text": "x"}]},
        {"question": "q", "history": [{"role": "user", "text": "x"}] * 41},
        {"question": "q", "history": [{"role": "user", "text": "x" * (MOST_HISTORY // 2 + 1)}] * 2},
        {"question": "q", "as_of": "2023-11-10T00:00:00"},
        {"question": "q", "scope": {"after": "yesterday"}},
        {"question": "q", "options": {"stream": True}},
        {"question": "q", "options": {"include_hits": 1}},
    ],
)
def test_what_is_no_question_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Question.model_validate(fields)


def test_the_limits_themselves_are_allowed() -> None:
    assert len(Question(question="x" * 2000 + "  ").question) == 2000
    assert len(Question(question="q", history=(Turn(role="user", text="x"),) * 40).history) == 40
    half = Turn(role="assistant", text="x" * (MOST_HISTORY // 2))
    assert len(Question(question="q", history=(half, half)).history) == 2


def test_lone_surrogates_are_replaced() -> None:
    assert Question(question="a\ud800b").question == "a\ufffdb"
    assert Turn(role="user", text="\udfff").text == "\ufffd"


@pytest.mark.parametrize("limit", [0, 101, "many", True, "5"])
def test_a_search_has_a_limit_from_1_to_100(limit: object) -> None:
    assert SearchRequest(question="q").limit == 10
    with pytest.raises(ValidationError):
        SearchRequest.model_validate({"question": "q", "limit": limit})


def test_an_answer_has_either_a_text_or_a_reason() -> None:
    reason = Abstention(reason="not_answered", message="No.")
    assert answer(answered=True, text="Yes. [1]", abstained=None).text == "Yes. [1]"
    assert answer(answered=False, text=None, abstained=reason).abstained == reason
    for fields in (
        {"answered": True, "text": None, "abstained": None},
        {"answered": True, "text": "Yes.", "abstained": reason},
        {"answered": False, "text": "Yes.", "abstained": reason},
        {"answered": False, "text": None, "abstained": None},
    ):
        with pytest.raises(ValidationError, match="either a text or a reason"):
            answer(**fields)


def test_values_never_change_and_survive_json() -> None:
    question = Question(question="How many?", history=(Turn(role="user", text="Hi."),))
    with pytest.raises(ValidationError):
        question.question = "Other?"  # type: ignore[misc]
    assert Question.model_validate_json(question.model_dump_json()) == question
