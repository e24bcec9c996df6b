"""A language model's reply becomes drafts, each with the hits that it cites."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

import pytest

from prompts.answer import NOT_SAID
from prompts.message import Message
from retrieval.passages import split
from retrieval.types import Article, Hit, make_article
from service.evidence import Evidence, gather
from service.types import Question, Usage
from service.writers import LONGEST_REPLY, PASSAGES_SHOWN, Draft, LanguageModelWriter

DRONES = make_article(article_id="drones", title="Drones", outlet="The Desk", text="India plans to buy 31 drones.")
STUDENTS = make_article(article_id="students", title="Students", text="There are 270,000 students.")
QUESTION = Question(question="How many drones?")


@dataclass
class ScriptedModel:
    """Writes what it was told to, piece by piece; remembers what it was asked and whether it was left."""

    pieces: Sequence[str | Usage]
    name: str = "openai-like/scripted"
    context_window: int = 8192
    asked: list[Sequence[Message]] = field(default_factory=list)
    written: int = 0
    closed: bool = False

    async def stream(self, messages: Sequence[Message]) -> AsyncGenerator[str | Usage]:
        self.asked.append(messages)
        try:
            for piece in self.pieces:
                self.written += 1
                yield piece
        finally:
            self.closed = True


def evidence(*articles: Article) -> Evidence:
    hits = [Hit(passage=passage, relevance=0.5) for article in articles for passage in split(article)]
    return gather(hits, {article.source.article_id: article for article in articles})


async def drafts(*pieces: str | Usage, found: Evidence | None = None) -> list[Draft]:
    writer = LanguageModelWriter(ScriptedModel(pieces))
    written = [one async for one in writer.write(QUESTION, found or evidence(DRONES, STUDENTS))]
    return [one for one in written if isinstance(one, Draft)]


async def test_numbers_count_passages_from_one() -> None:
    assert await drafts("India plans to buy 31 drones. [1] There are ", "many students. [2][1]") == [
        Draft("India plans to buy 31 drones.", (0,)),
        Draft("There are many students.", (1, 0)),
    ]


@pytest.mark.parametrize("marker", ["", "[0]", "[3]", "[99]", "[0, 3]", "[x]"])
async def test_a_number_that_names_no_passage_cites_nothing(marker: str) -> None:
    [draft] = await drafts(f"India plans to buy 31 drones {marker}".strip())
    assert draft.cited == ()


async def test_a_marker_cut_in_two_by_the_stream_is_one_marker() -> None:
    reply = "India plans to buy 31 drones [1][2]. There are many. [2]"
    whole = await drafts(reply)
    for at in range(len(reply)):
        assert await drafts(reply[:at], reply[at:]) == whole


async def test_a_sentence_is_drafted_before_the_reply_has_ended() -> None:
    model = ScriptedModel(["India buys 31 drones. [1] The ", "price ", "is open. [1]"])
    async with aclosing(LanguageModelWriter(model).write(QUESTION, evidence(DRONES))) as writing:
        assert await anext(writing) == Draft("India buys 31 drones.", (0,))
        assert model.written == 1


async def test_leaving_the_writer_leaves_the_model() -> None:
    model = ScriptedModel(["India buys 31 drones. [1] The ", "price is open."])
    async with aclosing(LanguageModelWriter(model).write(QUESTION, evidence(DRONES))) as writing:
        await anext(writing)
    assert model.closed


@pytest.mark.parametrize("phrase", [NOT_SAID, "The articles do not say", f"{NOT_SAID} [1]", f" **{NOT_SAID}**\n"])
async def test_the_phrase_for_no_answer_is_no_draft(phrase: str) -> None:
    assert await drafts(phrase) == []
    assert await drafts(phrase + " ", "\nThere are many students. [2]") == [Draft("There are many students.", (1,))]


async def test_the_model_is_not_asked_when_nothing_was_found() -> None:
    model = ScriptedModel(["India buys 31 drones. [1]"])
    writer = LanguageModelWriter(model)
    assert [draft async for draft in writer.write(QUESTION, evidence())] == []
    furniture = make_article(article_id="ad", title="Ad", text="ADVERTISEMENT\n")
    assert [draft async for draft in writer.write(QUESTION, evidence(furniture))] == []
    assert model.asked == []


async def test_the_model_is_shown_the_most_relevant_passages_without_furniture() -> None:
    article = make_article(
        article_id="a",
        title="T",
        text="\n\n".join(["ADVERTISEMENT", *(f"Line {n}. " + "Word. " * 200 for n in range(20))]),
    )
    found = evidence(DRONES, article)
    assert len(found.hits) > PASSAGES_SHOWN
    model = ScriptedModel([])
    assert [draft async for draft in LanguageModelWriter(model).write(QUESTION, found)] == []
    [[_, user]] = model.asked
    assert user.content.count("</passage>") == PASSAGES_SHOWN
    assert user.content.startswith('<passage number="1">\nDrones · The Desk\nIndia plans to buy 31 drones.\n</passage>')
    assert "ADVERTISEMENT" not in user.content


async def test_a_passage_that_nothing_can_be_quoted_from_takes_no_number() -> None:
    furniture = make_article(article_id="ad", title="Ad", text="ADVERTISEMENT\n")
    [draft] = await drafts("India plans to buy 31 drones. [1]", found=evidence(furniture, DRONES))
    assert draft.cited == (1,)


async def test_a_model_that_never_stops_is_left() -> None:
    model = ScriptedModel(["On and on. [1] "] * 100_000)
    found = [draft async for draft in LanguageModelWriter(model).write(QUESTION, evidence(DRONES))]
    assert model.closed
    assert model.written * len("On and on. [1] ") < LONGEST_REPLY + 100
    assert len(found) < LONGEST_REPLY


async def test_an_endless_sentence_is_no_draft() -> None:
    assert await drafts(*["on and "] * 100_000) == []


def test_the_writer_has_the_name_of_its_model() -> None:
    assert LanguageModelWriter(ScriptedModel([])).name == "openai-like/scripted"
