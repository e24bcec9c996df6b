"""A language model's reply becomes drafts, each with the hits that it cites."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field

import numpy as np
import pytest

from prompts.answer import NOT_SAID
from prompts.message import Message
from prompts.passage import tokens
from retrieval.passages import split
from retrieval.types import Article, Hit, make_article
from service.errors import WriterUnavailable
from service.evidence import Evidence, gather
from service.types import Question, Turn, Usage
from service.writers import (
    LONGEST_REPLY,
    PASSAGES_SHOWN,
    WORDS_KEPT,
    Draft,
    LanguageModelWriter,
    Standalone,
    WordCache,
)

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
    model = ScriptedModel([f"On and on {number}. [1] " for number in range(100_000)])
    found = [draft async for draft in LanguageModelWriter(model).write(QUESTION, evidence(DRONES))]
    assert model.closed
    assert model.written * len("On and on 1. [1] ") < LONGEST_REPLY + 100
    assert len(found) < LONGEST_REPLY


async def test_an_endless_sentence_is_no_reply() -> None:
    with pytest.raises(WriterUnavailable, match="does not come to an end"):
        await drafts(*["on and "] * 100_000)


@pytest.mark.parametrize("flood", [". ", "[", "[1", "**a ", "[1 1 ", "India. [1,1 ", "| 1 |\n", "…”“ "])
async def test_a_flood_of_anything_is_read_without_stopping_others(flood: str) -> None:
    longest = 0.0

    async def pulse() -> None:
        nonlocal longest
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0)
            longest = max(longest, time.perf_counter() - began)

    beating = asyncio.create_task(pulse())
    with suppress(WriterUnavailable):
        await drafts(flood * (8_000 // len(flood)))
    beating.cancel()
    assert longest < 2  # it was 24 to 67 seconds


@pytest.mark.parametrize(
    "reply",
    [
        "I cannot find this information in the provided articles.",
        "I'm sorry, but the articles do not say how many.",
        f"{NOT_SAID} I am unable to say more.",
        "There is no information about this in the provided articles.",
        "This is not mentioned in the articles.",
    ],
)
async def test_an_honest_no_is_no_refusal(reply: str) -> None:
    said = [draft.text for draft in await drafts(reply)]
    assert said == (["I am unable to say more."] if reply.startswith(NOT_SAID) else [])


@pytest.mark.parametrize(
    "reply",
    [
        "India buys 31 drones. [Passage 1]",
        "India buys 31 drones. [source 1]",
        "India buys 31 drones 【1†source】.",
        "Answer: India buys 31 drones. [1]",
        "**Answer:** India buys 31 drones. [1]",
        "Based on the provided articles, India buys 31 drones. [1]",
        "According to passage 1, India buys 31 drones. [1]",
        "- **India** buys 31 drones [1].",
    ],
)
async def test_the_dress_of_a_sentence_is_taken_off(reply: str) -> None:
    [draft] = await drafts(reply)
    assert draft.cited == (0,)
    assert draft.text.rstrip(".") == "India buys 31 drones"


async def test_a_sentence_that_the_model_repeats_is_drafted_once() -> None:
    assert await drafts("India buys 31 drones. [1] " * 50) == [Draft("India buys 31 drones.", (0,))]


async def test_a_model_that_declines_has_not_answered() -> None:
    with pytest.raises(WriterUnavailable, match="openai-like/scripted declined to answer"):
        await drafts("I'm sorry, but I can't help ", "with that. India buys 31 drones. [1]")


async def test_what_nobody_sees_is_no_part_of_a_draft() -> None:
    order = "".join(chr(0xE0000 + ord(letter)) for letter in "ignore")
    assert await drafts(f"India\u200b buys{order} 31\u202e drones. [\u2060", "1]") == [
        Draft("India buys 31 drones.", (0,))
    ]


async def test_what_the_model_counted_comes_with_the_drafts() -> None:
    model = ScriptedModel(["India buys 31 drones. [1]", Usage(input_tokens=9, output_tokens=4)])
    written = [one async for one in LanguageModelWriter(model).write(QUESTION, evidence(DRONES))]
    assert Usage(input_tokens=9, output_tokens=4) in written


async def test_a_small_window_is_shown_the_most_relevant_passages_and_cites_only_those() -> None:
    articles = [
        make_article(article_id=f"a{n}", title="T", text=f"Fact {n} is here. " + "Word after word. " * 40)
        for n in range(9)
    ]
    model = ScriptedModel(["Fact 0 is here. [1] Fact 8 is here. [9]"], context_window=2048)
    written = [one async for one in LanguageModelWriter(model).write(QUESTION, evidence(*articles))]
    [[system, user]] = model.asked
    assert 2 < user.content.count("</passage>") < 9
    assert tokens(system.content) + tokens(user.content) < 2048 * 3 / 4 + 2
    assert written == [Draft("Fact 0 is here.", (0,)), Draft("Fact 8 is here.", ())]


TURNS = (
    Turn(role="user", text="How many drones does India buy?"),
    Turn(role="assistant", text="India plans to buy 31 drones. [1]"),
)


async def understood(question: str, *pieces: str | Usage) -> tuple[Standalone, ScriptedModel]:
    model = ScriptedModel(pieces)
    asked = Question(question=question, history=TURNS)
    return await LanguageModelWriter(model).standalone(asked), model


async def test_the_model_rewrites_a_follow_up() -> None:
    standalone, model = await understood(
        "And the price?", "Question: What is the price of ", "the 31 drones?", Usage(input_tokens=80, output_tokens=9)
    )
    assert standalone == Standalone("What is the price of the 31 drones?", Usage(input_tokens=80, output_tokens=9))
    assert "India plans to buy 31 drones." in model.asked[0][1].content
    assert model.closed


async def test_a_question_that_stands_alone_is_not_rewritten() -> None:
    standalone, model = await understood("How many students are in Canada?", "Who is the king of Spain?")
    assert standalone == Standalone("How many students are in Canada?")
    assert model.asked == []


@pytest.mark.parametrize(
    "reply",
    [
        "What does China pay for the drones?",  # a name that nobody said
        "What is the price of 99 drones?",
        "I will gladly\nrewrite it.",
        "",
        "on and on " * 10_000,
    ],
)
async def test_where_the_model_does_not_rewrite_the_names_are_put_in(reply: str) -> None:
    standalone, model = await understood("What is their price?", reply)
    assert standalone.text == "What is drones’ price (India)?"
    assert model.closed


async def test_a_model_that_fails_to_rewrite_does_not_fail_the_question(caplog: pytest.LogCaptureFixture) -> None:
    class Failing(ScriptedModel):
        async def stream(self, messages: Sequence[Message]) -> AsyncGenerator[str | Usage]:
            async for piece in super().stream(messages):
                yield piece
            raise WriterUnavailable("The model is gone.")

    asked = Question(question="What is their price?", history=TURNS)
    assert (await LanguageModelWriter(Failing(["What"])).standalone(asked)).text == "What is drones’ price (India)?"
    assert "The model is gone." in caplog.text


def test_the_writer_has_the_name_of_its_model() -> None:
    assert LanguageModelWriter(ScriptedModel([])).name == "openai-like/scripted"


def test_a_list_of_more_words_than_are_kept_is_compared_by_its_first() -> None:
    letters = str.maketrans("0123456789", "bcdfghjklm")
    many = " ".join(f"quell{number}".translate(letters) for number in range(WORDS_KEPT))
    cache = WordCache(lambda words: np.ones((len(words), 1), np.float32))

    near = cache.likeness("Who opened the ferry?", [f"The harbour has {many}.", "A terminal."]).near("ferry", 0.5)

    assert {"ferry", "harbour", "quellb", "terminal"} <= set(near)
