"""What a question asks of the time of publication, and what an answer says of it."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from retrieval.ingest import ingest
from retrieval.passages import split
from retrieval.store import Store
from retrieval.types import Article, Hit, Scope, make_article
from service.answering import Answerer
from service.evidence import Evidence, gather
from service.extractive.choosing import Candidate
from service.recency import AS_GOOD, newest_first, timeless, wanted
from service.types import Answer, Question
from service.writers import Draft, ExtractiveWriter
from tests.fakes import StandsAlone, WordEmbedder

NOW = datetime(2024, 3, 20, 12, tzinfo=UTC)


def article(article_id: str, text: str, day: datetime | None) -> Article:
    return make_article(article_id=article_id, title="The tram line", text=text, published=day)


OLD = article("old", "The council plans a tram line to the airport.\n", datetime(2024, 1, 10, tzinfo=UTC))
NEW = article("new", "The council approved a tram line to the airport.\n", datetime(2024, 3, 12, tzinfo=UTC))


class FromEach(StandsAlone):
    """A writer that drafts the first sentence of each article."""

    name = "from each"

    async def write(self, question: Question, evidence: Evidence) -> AsyncGenerator[Draft]:
        assert question
        for statement in evidence.statements:
            yield Draft(statement.text, (statement.hit,))


async def answered(store: Store, embedder: WordEmbedder, articles: Sequence[Article], question: Question) -> Answer:
    for one in articles:
        await ingest(one, store, embedder)
    return await Answerer(store, embedder, FromEach(), clock=lambda: NOW).answer(question)


def asked(text: str, as_of: datetime | None = None) -> Question:
    return Question(question=text, as_of=as_of)


# The words


@pytest.mark.parametrize(
    ("question", "days"),
    [
        ("What is the latest on the tram line?", 30),
        ("What's the latest news about the tram?", 30),
        ("What has the council recently decided?", 30),
        ("What did the recent report say?", 30),
        ("What was said at the latest talks?", 30),
        ("What happened this week?", 7),
        ("What did this week's report say?", 7),
        ("What did the council decide today?", 1),
        ("What are today’s headlines?", 1),
        ("What was decided today, this week or recently?", 1),
        ("WHAT IS THE LATEST NEWS?", 30),
    ],
)
def test_these_words_ask_for_new_articles(question: str, days: int) -> None:
    found = wanted(question)
    assert found is not None
    assert found.within == timedelta(days=days)


@pytest.mark.parametrize(
    "question",
    [
        "What did the council decide in March?",
        "How many trams ran in 2021?",
        "Who is the mayor now?",
        "Who is currently the mayor?",
        "What is the current account of Norland?",
        "How has trade grown in recent years?",
        "What was built over the most recent decade?",
        "Must the tram open by May at the latest?",
        "What did USA Today report on the tram?",
        "What is The Latest about?",
        "Who wrote “This Week in Trams”?",
        "What did 'Today' say?",
        "What happened last week?",
        "What happened this year?",
    ],
)
def test_these_do_not(question: str) -> None:
    assert wanted(question) is None
    assert timeless(question) == question


@pytest.mark.parametrize(
    ("question", "searched"),
    [
        ("What is the latest on the tram line?", "What is about the tram line?"),
        ("What is the latest news about the tram line?", "What is about the tram line?"),
        ("What has the council recently decided?", "What has the council decided?"),
        ("What did the recent report say about USA Today?", "What did the report say about USA Today?"),
        ("What is the latest?", "What is the latest?"),
    ],
)
def test_search_is_asked_without_them(question: str, searched: str) -> None:
    assert timeless(question) == searched


# The notice


@pytest.mark.parametrize("when", ["today", "this week"])
async def test_an_answer_older_than_asked_says_so_with_the_date_of_the_newest(
    when: str, store: Store, embedder: WordEmbedder
) -> None:
    answer = await answered(store, embedder, [OLD, NEW], asked(f"What did the council decide on the tram line {when}?"))
    assert answer.answered
    assert [one.kind for one in answer.notices] == ["older_than_asked"]
    assert "The newest article cited is of 12 March 2024" in answer.notices[0].message
    assert answer.text is not None
    assert "12 March" not in answer.text


@pytest.mark.parametrize("when", ["", " recently"])
async def test_an_answer_that_is_new_enough_says_nothing(when: str, store: Store, embedder: WordEmbedder) -> None:
    answer = await answered(store, embedder, [OLD, NEW], asked(f"What did the council{when} decide on the tram line?"))
    assert answer.answered
    assert answer.notices == ()


async def test_as_of_is_the_present_of_a_question(store: Store, embedder: WordEmbedder) -> None:
    question = "What did the council decide on the tram line this week?"
    then = await answered(store, embedder, [OLD, NEW], asked(question, as_of=datetime(2024, 1, 12, tzinfo=UTC)))
    assert [source.article_id for source in then.sources] == ["old"]
    assert then.notices == ()
    later = await answered(store, embedder, [], asked(question, as_of=datetime(2024, 2, 12, tzinfo=UTC)))
    assert "10 January 2024; “this week” asks for the last 7 days." in later.notices[0].message


async def test_a_day_ago_is_today_and_a_minute_more_is_not(store: Store, embedder: WordEmbedder) -> None:
    question = "What did the council decide on the tram line today?"
    exactly = NEW.source.published
    assert exactly is not None
    on_time = await answered(store, embedder, [NEW], asked(question, as_of=exactly + timedelta(days=1)))
    late = await answered(store, embedder, [], asked(question, as_of=exactly + timedelta(days=1, minutes=1)))
    assert on_time.notices == ()
    assert [one.kind for one in late.notices] == ["older_than_asked"]


async def test_an_abstention_says_how_old_the_newest_is_that_was_found(store: Store, embedder: WordEmbedder) -> None:
    for one in (OLD, NEW):
        await ingest(one, store, embedder)

    class Silent(FromEach):
        async def write(self, question: Question, evidence: Evidence) -> AsyncGenerator[Draft]:
            assert question
            for statement in evidence.statements[:0]:
                yield Draft(statement.text, ())

    answer = await Answerer(store, embedder, Silent(), clock=lambda: NOW).answer(
        asked("What did the council decide on the tram line today?")
    )
    assert not answer.answered
    assert "The newest article found is of 12 March 2024" in answer.notices[0].message


async def test_articles_without_a_date_are_not_called_old(store: Store, embedder: WordEmbedder) -> None:
    undated = article("undated", NEW.text, None)
    answer = await answered(store, embedder, [undated], asked("What did the council decide on the tram line today?"))
    assert answer.answered
    assert answer.notices == ()


# The choice


async def candidates(embedder: WordEmbedder, *scored: tuple[str, float, datetime | None]) -> list[Candidate]:
    """Give statements with these scores, each of an article of its own."""
    articles = [article(article_id, f"The council said {article_id}.\n", day) for article_id, _, day in scored]
    hits = [Hit(passage=passage, relevance=0.5) for one in articles for passage in split(one)]
    found = gather(hits, {one.source.article_id: one for one in articles})
    read = await ExtractiveWriter(embedder, embedder.words).read("What did the council say?", found)
    by_id = {one.statement.source.article_id: one for one in read.ranked}
    return [replace(by_id[article_id], score=score) for article_id, score, _ in scored]


def day(number: int) -> datetime:
    return datetime(2024, 3, number, tzinfo=UTC)


async def test_the_newest_comes_first_of_sentences_that_are_about_as_good(embedder: WordEmbedder) -> None:
    ranked = await candidates(
        embedder, ("old", 10.0, day(1)), ("undated", 9.8, None), ("newer", 9.0, day(5)), ("newest", 8.6, day(9))
    )
    first = newest_first(ranked)
    assert [one.statement.source.article_id for one in first] == ["newest", "newer", "old", "undated"]
    assert [one.score for one in first] == [10.0, 9.8, 9.0, 8.6]


async def test_a_newer_sentence_that_is_not_as_good_stays_behind(embedder: WordEmbedder) -> None:
    ranked = await candidates(embedder, ("old", 10.0, day(1)), ("beside", 10.0 - AS_GOOD - 0.1, day(9)))
    assert newest_first(ranked) == ranked


async def test_a_question_for_the_latest_is_answered_from_the_newest(store: Store, embedder: WordEmbedder) -> None:
    # Word for word the same but for the price: of equals the order of the articles decides.
    for number, price in enumerate((3, 4, 5), 1):
        text = f"The council set the price of the tram to {price} euros.\n"
        await ingest(article(f"a{number}", text, day(number)), store, embedder)
    answering = Answerer(store, embedder, ExtractiveWriter(embedder, embedder.words), clock=lambda: NOW)
    latest = await answering.answer(asked("What did the council recently do with the price of the tram?"))
    assert latest.sources[0].article_id == "a3"
    assert latest.notices == ()


async def test_months_and_years_filter_nothing(store: Store, embedder: WordEmbedder) -> None:
    report = article("report", "In March 2021 the council opened the tram line.\n", datetime(2024, 3, 12, tzinfo=UTC))
    answer = await answered(store, embedder, [report], asked("What did the council open in March 2021?"))
    assert [source.article_id for source in answer.sources] == ["report"]
    assert answer.notices == ()
    nothing = await answered(
        store,
        embedder,
        [],
        Question(
            question="What did the council open in March 2021?", scope=Scope(before=datetime(2022, 1, 1, tzinfo=UTC))
        ),
    )
    assert not nothing.answered  # what filters by publication is the scope
