"""Sentences that say different things of the same: which they are, and how an answer shows them."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml

from retrieval import readers
from retrieval.ingest import ingest, ingest_files
from retrieval.minilm import MiniLM
from retrieval.passages import split
from retrieval.readers import document_files
from retrieval.store import Store
from retrieval.types import Article, Hit, make_article
from service.answering import Answerer
from service.disagreement.finding import Difference, contrary, difference
from service.evidence import Evidence, gather
from service.printing import answer_text
from service.types import Answer, Answered, Question, SentenceReady
from service.writers import Draft, ExtractiveWriter
from tests.fakes import StandsAlone, WordEmbedder

ROOT = Path(__file__).parents[2]
DAY = datetime(2024, 3, 4, tzinfo=UTC)


def article(article_id: str, text: str, *, title: str = "Ferry off Port Lamar", day: datetime | None = DAY) -> Article:
    return make_article(article_id=article_id, title=title, text=text, published=day)


def evidence(*articles: Article) -> Evidence:
    hits = [Hit(passage=passage, relevance=0.5) for one in articles for passage in split(one)]
    return gather(hits, {one.source.article_id: one for one in articles})


def differences(*articles: Article) -> list[Difference]:
    """Compare each sentence of the first article with each of the others."""
    found = evidence(*articles)
    return [
        different
        for one in found.statements
        for other in found.statements
        if one.source.article_id == articles[0].source.article_id and other is not one
        if (different := difference(one, other, found.articles))
    ]


def between(one: str, other: str, *, title: str = "Ferry off Port Lamar", later: int = 0) -> Difference | None:
    """Compare two sentences of two articles about one thing, the other published `later` days after the one."""
    found = differences(
        article("one", one, title=title), article("other", other, title=title, day=DAY.replace(day=DAY.day + later))
    )
    return found[0] if found else None


# What is a difference


def labelled(name: str) -> list[dict[str, Any]]:
    text = (ROOT / "benchmarks" / "disagreement" / f"{name}.yaml").read_text(encoding="utf-8")
    cases: list[dict[str, Any]] = yaml.safe_load(text)["pairs"]
    return cases


def found_in(case: dict[str, Any]) -> list[Difference]:
    def read(side: str) -> Article:
        day: date = case[side]["published"]
        published = datetime(day.year, day.month, day.day, tzinfo=UTC)
        return make_article(**{**case[side], "article_id": side, "published": published})

    return differences(read("one"), read("other"))


def right(case: dict[str, Any], found: Difference) -> bool:
    mine, theirs = case.get("says", ("", ""))
    return found.kind == case["differ"] and mine in found.mine and theirs in found.theirs


TRAPS = [case for name in ("fitted", "held-out") for case in labelled(name) if case["differ"] == "no"]


@pytest.mark.parametrize("case", TRAPS, ids=lambda case: case["id"])
def test_what_only_seems_to_differ_does_not(case: dict[str, Any]) -> None:
    assert found_in(case) == []


@pytest.mark.parametrize("name", ["fitted", "held-out"])
def test_at_least_85_percent_of_the_labelled_differences_are_found_and_nothing_else(name: str) -> None:
    cases = [case for case in labelled(name) if case["differ"] != "no"]
    found = {case["id"]: found_in(case) for case in cases}
    missed = [case["id"] for case in cases if not any(right(case, one) for one in found[case["id"]])]
    wrong = [(case["id"], one) for case in cases for one in found[case["id"]] if not right(case, one)]

    assert len(cases) > 25
    assert len(missed) <= 0.15 * len(cases), missed
    assert wrong == []


def test_the_sample_articles_differ_in_six_places_and_each_is_one() -> None:
    files = document_files([ROOT / "seeds" / "articles"])
    found = evidence(*(readers.read(file) for file in files))
    pairs = [(one, other) for at, one in enumerate(found.statements) for other in found.statements[at + 1 :]]
    different = {(one.kind, one.mine, one.theirs) for pair in pairs if (one := difference(*pair, found.articles))}

    assert different == {
        ("status", "negotiations for a commercial agreement", "reached an agreement"),
        ("status", "agreed to move forward", "inked an agreement"),
        ("status", "unveiled intentions to collaborate", "inked an agreement"),
        ("speaker", "Blinken", "Jaishankar"),
        ("speaker", "Jaishankar", "Blinken"),
    }


@pytest.mark.parametrize("folder", ["a", "b", "c"])
def test_articles_about_different_things_do_not_differ(folder: str) -> None:
    files = document_files([ROOT / "benchmarks" / "news" / folder / "articles"])
    found = evidence(*(readers.read(file) for file in files))
    # Every fourth sentence against all: the whole is read by benchmarks/disagreement.py --corpora.
    assert [
        (one.text, other.text)
        for one in found.statements[::4]
        for other in found.statements
        if other is not one and difference(one, other, found.articles)
    ] == []


def test_a_toll_that_rose_from_day_to_day_is_different_over_time() -> None:
    found = between("At least 19 people died, the coastguard said.", "At least 23 people died.", later=2)
    assert found is not None
    assert (found.kind, found.mine, found.theirs) == ("number", "At least 19", "At least 23")
    assert found.over_time


def test_a_number_above_a_bound_differs_only_from_an_earlier_day() -> None:
    assert between("At least 19 people died.", "The accident killed 27 people.", later=0) is None
    assert between("At least 19 people died.", "27 people died.", later=2) is not None


def test_of_one_day_two_numbers_are_not_a_change() -> None:
    found = between("The accident killed 19 people.", "The accident killed 23 people.")
    assert found is not None
    assert not found.over_time


def test_a_status_that_only_time_could_have_turned_back_is_no_change() -> None:
    signed, talking = "Ostria signed the gas treaty with Caldora.", "Ostria is negotiating the gas treaty with Caldora."
    forward, backward = between(talking, signed, later=1), between(signed, talking, later=1)
    assert forward is not None
    assert backward is not None
    assert forward.over_time
    assert not backward.over_time


def test_a_sentence_that_tells_of_two_stages_stands_on_neither() -> None:
    both = "Ostria signed the gas treaty with Caldora on Monday, ending six years of negotiations."
    assert between(both, "Ostria signed the gas treaty with Caldora in Montara.") is None


def test_one_writer_gives_two_numbers_of_two_things() -> None:
    assert differences(article("one", "The accident killed 19 people.\n\nThe accident killed 23 people.\n")) == []


def test_who_he_is_is_looked_up_in_the_sentence_before() -> None:
    words = "“The company has had eight months to make a fair offer and has used none of them,”"
    found = between(f"Union leader Grace Okafor spoke on Monday. {words} she said.", f"{words} said Peter Lindgren.")
    assert found is not None
    assert (found.kind, found.mine, found.theirs) == ("speaker", "Grace Okafor", "Peter Lindgren")


def test_a_surname_is_the_person_whose_first_name_the_article_gives() -> None:
    words = "“The company has had eight months to make a fair offer and has used none of them,”"
    assert (
        between(f"{words} said the union leader Grace Okafor.", f"The leader is Grace Okafor. {words} Okafor said.")
        is None
    )
    assert between(f"{words} Valmont said.", f"{words} said Peter Lindgren.") is None  # a company, for all one knows


# How an answer shows it

SIGNED = article("signed", "Ostria signed the gas treaty with Caldora.\n\nThe weather was fine.\n", title="Gas treaty")
TALKING = article(
    "talking",
    "Ostria is still negotiating the gas treaty with Caldora, a minister said.\n",
    title="Gas treaty",
    day=DAY.replace(day=6),
)


class Scripted(StandsAlone):
    """A writer that drafts what it is told, each sentence with the ids of the articles that it cites."""

    name = "scripted"

    def __init__(self, *script: tuple[str, str]) -> None:
        self.script = script

    async def write(self, question: Question, evidence: Evidence) -> AsyncGenerator[Draft]:
        assert question
        for text, cited in self.script:
            hits = [at for at, hit in enumerate(evidence.hits) if hit.passage.source.article_id == cited]
            yield Draft(text, tuple(hits))


async def answered(
    store: Store, embedder: WordEmbedder, articles: Sequence[Article], question: str, *script: tuple[str, str]
) -> Answer:
    """Give the answer of a writer, and check that the stream said nothing else."""
    for one in articles:
        await ingest(one, store, embedder)
    stream = [event async for event in Answerer(store, embedder, Scripted(*script)).events(Question(question=question))]
    ready = [event for event in stream if isinstance(event, SentenceReady)]
    assert isinstance(stream[-1], Answered)
    answer = stream[-1].answer
    assert "".join(one.text for one in ready) == (answer.text or "")
    assert tuple(one.sentence for one in ready) == answer.sentences
    assert tuple(source for one in ready for source in one.new_sources) == answer.sources
    for citation in answer.citations:
        source = answer.sources[citation.source - 1]
        stored = (await store.articles([source]))[source.article_id]
        assert stored.text[citation.start : citation.end] == citation.quote
    return answer


async def test_the_other_side_is_shown_behind_the_answer_with_its_source(store: Store, embedder: WordEmbedder) -> None:
    answer = await answered(
        store,
        embedder,
        [SIGNED, TALKING],
        "Did Ostria sign the gas treaty with Caldora?",
        ("Ostria signed the gas treaty with Caldora.", "signed"),
        ("The weather was fine.", "signed"),
    )
    assert answer.text == (
        "Ostria signed the gas treaty with Caldora. [1] The weather was fine. [1] "
        "Ostria is still negotiating the gas treaty with Caldora, a minister said. [2]"
    )
    [disagreement] = answer.disagreements
    assert disagreement.kind == "status"
    assert disagreement.sentences == (2, 0)  # the newer first
    assert disagreement.says == ("negotiating the gas treaty", "signed")
    assert "Ostria" in disagreement.about
    assert not disagreement.over_time


async def test_a_model_that_says_both_is_given_no_further_sentence(store: Store, embedder: WordEmbedder) -> None:
    answer = await answered(
        store,
        embedder,
        [SIGNED, TALKING],
        "Did Ostria sign the gas treaty with Caldora?",
        ("Ostria has signed the gas treaty with Caldora.", "signed"),
        ("A minister said that Ostria is still negotiating the gas treaty with Caldora.", "talking"),
    )
    assert len(answer.sentences) == 2
    assert answer.disagreements[0].sentences == (1, 0)


async def test_a_models_own_words_are_compared_and_not_the_rest_of_what_it_cites(
    store: Store, embedder: WordEmbedder
) -> None:
    text = "The ferry sank off Port Lamar on Monday, and 19 people died in the accident.\n"
    other = article("other", "In the accident of the ferry, 23 people died.\n")
    asked = "What happened in the accident of the ferry off Port Lamar?"
    counted = ("In the accident 19 people died.", "one")
    numbers = await answered(store, embedder, [article("one", text), other], asked, counted)
    assert [one.says for one in numbers.disagreements] == [("19", "23")]
    silent = await answered(store, embedder, [], asked, ("The ferry sank off Port Lamar on Monday.", "one"))
    assert len(silent.sentences) == 1
    assert silent.disagreements == ()


async def test_an_answer_grows_by_one_sentence_for_each_and_two_in_all(store: Store, embedder: WordEmbedder) -> None:
    def report(article_id: str, dead: int, hurt: int, houses: int) -> Article:
        return article(
            article_id,
            f"The storm on Port Lamar killed {dead} people.\n\nThe storm on Port Lamar injured {hurt} people.\n\n"
            f"The storm on Port Lamar flooded {houses} houses.\n",
        )

    articles = [report("one", 19, 40, 310), report("two", 23, 52, 415), report("three", 27, 61, 520)]
    drafts = [
        ("The storm on Port Lamar killed 19 people.", "one"),
        ("The storm on Port Lamar injured 40 people.", "one"),
        ("The storm on Port Lamar flooded 310 houses.", "one"),
    ]
    answer = await answered(store, embedder, articles, "What did the storm on Port Lamar do?", *drafts)
    assert len(answer.sentences) == 5
    assert [sorted(one.sentences) for one in answer.disagreements] == [[0, 3], [1, 4]]


async def test_what_is_said_again_is_not_added(store: Store, embedder: WordEmbedder) -> None:
    again = article("again", "Ostria signed the gas treaty with Caldora.\n", title="Treaty")
    answer = await answered(
        store,
        embedder,
        [SIGNED, again],
        "Did Ostria sign the gas treaty with Caldora?",
        ("Ostria signed the gas treaty with Caldora.", "signed"),
    )
    assert len(answer.sentences) == 1
    assert answer.disagreements == ()


async def test_a_figure_of_another_year_is_shown_as_of_its_day_and_the_newer_one_first(
    store: Store, embedder: WordEmbedder
) -> None:
    early, late = datetime(2021, 5, 3, tzinfo=UTC), datetime(2023, 8, 21, tzinfo=UTC)
    articles = [
        article("2021", "Halvorsen runs 1,200 electric buses.\n", title="Buses in Halvorsen", day=early),
        article("2023", "Halvorsen runs 2,300 electric buses.\n", title="Buses in Halvorsen", day=late),
    ]
    for one in articles:
        await ingest(one, store, embedder)
    answering = Answerer(store, embedder, ExtractiveWriter(embedder, embedder.words))
    answer = await answering.answer(Question(question="How many electric buses does Halvorsen run?"))
    assert answer.text == "Halvorsen runs 2,300 electric buses. [1] Halvorsen runs 1,200 electric buses. [2]"
    [disagreement] = answer.disagreements
    assert (disagreement.kind, disagreement.says, disagreement.over_time) == ("number", ("2,300", "1,200"), True)

    as_of = datetime(2022, 1, 1, tzinfo=UTC)
    before = await answering.answer(Question(question="How many electric buses does Halvorsen run?", as_of=as_of))
    assert before.text == "Halvorsen runs 1,200 electric buses. [1]"
    assert before.disagreements == ()


async def test_figures_that_name_their_own_years_do_not_disagree(store: Store, embedder: WordEmbedder) -> None:
    answer = await answered(
        store,
        embedder,
        [
            article("2021", "In 2021 Halvorsen had 1,200 electric buses.\n", title="Buses in Halvorsen"),
            article("2023", "In 2023 Halvorsen had 2,300 electric buses.\n", title="Buses in Halvorsen"),
        ],
        "How many electric buses did Halvorsen have?",
        ("In 2021 Halvorsen had 1,200 electric buses.", "2021"),
    )
    assert len(answer.sentences) == 1
    assert answer.disagreements == ()


async def test_a_terminal_shows_who_says_what(store: Store, embedder: WordEmbedder) -> None:
    answer = await answered(
        store,
        embedder,
        [SIGNED, TALKING],
        "Did Ostria sign the gas treaty with Caldora?",
        ("Ostria signed the gas treaty with Caldora.", "signed"),
    )
    lines = answer_text(answer, 80).splitlines()
    assert lines[-4:] == [
        "",
        "The sources differ on how things stand: Ostria gas Caldora",
        "    [2] “negotiating the gas treaty”",
        "    [1] “signed”",
    ]
    assert max(map(len, lines)) <= 80


async def test_a_terminal_gives_the_day_of_what_time_may_have_changed(store: Store, embedder: WordEmbedder) -> None:
    first = article("first", "The accident off Port Lamar killed 19 people.\n")
    second = article("second", "The accident off Port Lamar killed 23 people.\n", day=DAY.replace(day=6))
    asked = "How many people did the accident off Port Lamar kill?"
    answer = await answered(store, embedder, [first, second], asked, (first.text.strip(), "first"))
    assert answer_text(answer, 80).splitlines()[-4:] == [
        "The sources differ, and may each have been right on their day: accident Port",
        "Lamar killed",
        "    [2] as of 6 March 2024: “23”",
        "    [1] as of 4 March 2024: “19”",
    ]


def test_the_sentence_before_is_shown_where_only_that_tells_who_he_is() -> None:
    words = "“The company has had eight months to make a fair offer and has used none of them,”"
    one = article("one", f"{words} said Peter Lindgren.\n")
    other = article("other", f"Union leader Grace Okafor spoke on Monday. {words} she said.\n")
    found = evidence(one, other)
    [against] = contrary([found.statements[0]], found)
    assert against.text == f"Union leader Grace Okafor spoke on Monday. {words} she said."


# On the sample articles, with the real model

SEEDS = [
    ("Has General Electric reached an agreement with HAL?", "status", "reached an agreement", "negotiations"),
    ("What is the status of the GE jet engine deal?", "status", "reached an agreement", "negotiations"),
    (
        "Is there already a deal between GE and HAL to make the engine?",
        "status",
        "reached an agreement",
        "negotiations",
    ),
    (
        "Who said the partnership in international peace and security is being bolstered?",
        "speaker",
        "Blinken",
        "Jaishankar",
    ),
    ("Tell me about the plan for infantry vehicles", "status", "inked an agreement", "unveiled intentions"),
    ("What was agreed on armoured infantry vehicles?", "status", "inked an agreement", "agreed to move forward"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def answers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[dict[str, Answer]]:
    embedder = MiniLM()
    with Store.open_embedded(tmp_path_factory.mktemp("store"), embedder) as store:
        files = document_files([ROOT / "seeds" / "articles"])
        assert [one async for one in ingest_files(files, lambda one: ingest(one, store, embedder))]
        answering = Answerer(store, embedder, ExtractiveWriter(embedder, embedder.words))
        yield {question: await answering.answer(Question(question=question)) for question, *_ in SEEDS}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("question", "kind", "one", "other"), SEEDS, ids=[question for question, *_ in SEEDS])
async def test_the_sample_articles_show_both_sides_with_their_sources(
    question: str, kind: str, one: str, other: str, answers: dict[str, Answer]
) -> None:
    answer = answers[question]
    found = next(each for each in answer.disagreements if each.kind == kind)
    assert {one in " ".join(found.says), other in " ".join(found.says)} == {True}
    cited = [answer.citations[answer.sentences[index].citations[0]].source for index in found.sentences]
    assert len(set(cited)) == len(cited) == 2
    days = [answer.sources[number - 1].published for number in cited]
    assert days == sorted(days, reverse=True)  # type: ignore[type-var]  # each sample has its day
