"""What holds for the answers to the fixed questions as a whole; conftest.py makes a test of each of them.

They are asked in process of the real model, store and writer.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml

from evals.facts import has
from evals.gate import read_report
from retrieval.ingest import ingest, ingest_files
from retrieval.minilm import MiniLM
from retrieval.readers import document_files
from retrieval.store import Store
from service.answering import Answerer
from service.sentences import without_markers
from service.types import Answer, Question
from service.writers import ExtractiveWriter

SEEDS = Path(__file__).parents[2] / "seeds"
pytestmark = pytest.mark.asyncio(loop_scope="module")
CASES: list[dict[str, Any]] = yaml.safe_load((SEEDS / "questions.yaml").read_text(encoding="utf-8"))["cases"]
# The eight that the service is introduced with: these must be right one by one.
INTRODUCED = {
    "How many MQ-9B drones does India plan to acquire?",
    "What will India and the US co-produce?",
    "When did the annual 2+2 dialogues start?",
    "Which country is India's main military supplier?",
    "What did the two sides ask of the Taliban?",
    "How many Indian students are in the US?",
    "How many F-35 jets will India buy?",
    "Who is India's finance minister?",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def answerer(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Answerer]:
    embedder = MiniLM()
    with Store.open_embedded(tmp_path_factory.mktemp("store"), embedder) as store:
        files = document_files([SEEDS / "articles"])
        outcomes = [one async for one in ingest_files(files, lambda article: ingest(article, store, embedder))]
        assert [one.outcome for one in outcomes] == ["created"] * 5
        yield Answerer(store, embedder, ExtractiveWriter(embedder, embedder.words))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def answers(answerer: Answerer) -> dict[str, Answer]:
    return {case["question"]: await answerer.answer(Question(question=case["question"])) for case in CASES}


def right(case: dict[str, Any], answer: Answer) -> bool:
    """Tell whether an answer is as the case expects: abstained, or with every fact, from an article that holds them."""
    if not case["answered"]:
        return not answer.answered
    text = without_markers(answer.text or "")
    facts = all(has(text, line) for line in case["facts"])
    return facts and bool({source.article_id for source in answer.sources} & set(case["articles"]))


@pytest.mark.parametrize("answered", [True, False], ids=["what the articles say", "what they do not say"])
async def test_at_least_85_percent_are_right_of(answered: bool, answers: dict[str, Answer]) -> None:  # noqa: FBT001
    group = [case for case in CASES if case["answered"] is answered]
    wrong = [case["question"] for case in group if not right(case, answers[case["question"]])]

    assert len(group) >= 15
    assert len(wrong) / len(group) <= 0.15, wrong


async def test_the_introduced_questions_are_required() -> None:
    assert {case["question"] for case in CASES if case.get("required")} == INTRODUCED


async def test_the_baseline_is_of_these_questions_and_every_required_one_passed() -> None:
    before = read_report(Path(__file__).with_name("baseline.json"))

    assert [one.id for one in before.cases] == [case["id"] for case in CASES]
    assert [one.id for one in before.cases if one.required and not one.passed] == []


async def test_every_citation_is_in_its_article(answerer: Answerer, answers: dict[str, Answer]) -> None:
    for answer in answers.values():
        for citation in answer.citations:
            source = answer.sources[citation.source - 1]
            article = await answerer.store.article(source.article_id, source.version)

            assert article is not None
            assert article.text[citation.start : citation.end] == citation.quote


async def test_an_extractive_sentence_is_in_the_words_of_its_first_source(answers: dict[str, Answer]) -> None:
    for answer in answers.values():
        for sentence in answer.sentences:
            assert answer.citations[sentence.citations[0]].quote in sentence.text


async def test_furniture_is_never_quoted(answers: dict[str, Answer]) -> None:
    quotes = [citation.quote for answer in answers.values() for citation in answer.citations]

    assert quotes
    for furniture in ("Also Read", "ADVERTISEMENT", "Photo Credit", "Milestone Alert", "With inputs from"):
        assert not [quote for quote in quotes if furniture in quote]


async def test_the_same_question_gets_the_same_answer_twice(answerer: Answerer, answers: dict[str, Answer]) -> None:
    for question in INTRODUCED:
        again = await answerer.answer(Question(question=question))

        assert again.text == answers[question].text
        assert again.citations == answers[question].citations
