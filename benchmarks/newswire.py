"""Stories whose facts are known: what was stored when, what an answer may cite at a time, and what it must say."""

import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from retrieval.types import Article, make_article

SEEN = 2.0  # seconds in which what is acknowledged is seen by every replica, as the documentation has it

_KINDS = [  # title, the sentence that answers, question
    (
        "{a} ferry",
        "The ferry from {a} to {b} carried {n:,} passengers in October, the harbour office of {a} said.",
        "How many passengers did the ferry from {a} to {b} carry in October?",
    ),
    (
        "{a} dam",
        "The {a} dam holds {n:,} million litres of water, the water board of {b} said on Monday.",
        "How much water does the {a} dam hold?",
    ),
    (
        "{a} bridge",
        "The town of {a} spent {n:,} euros on its new bridge, said Mayor Ines {b}.",
        "How much did {a} spend on its new bridge?",
    ),
]
_BESIDE = [
    "{b} had its own plans, and none of them came cheap.",
    "Journalists met officials of {a} at noon; the talks went on until the evening.",
    "It rained in {a} for most of the week, which nobody minded.",
    "A choir from {b} sang, and the mayor of {a} thanked all who came.",
    "The report will be read in {a} before the end of the year.",
    "Neighbours in {b} said that they had heard of it on the radio.",
]
_FIRST = "Kor Ash Til Ven Dun Pell Ors Marn Hal Bre Cald Fen Gris Lind Nor Quen Rav Sel Thorn Ulm Wex Yar".split()
_LAST = "vale mere brook moor harrow castle by wick ford holt stead ness combe worth gate dale".split()


@dataclass
class Change:
    """A version that a story was given, or its withdrawal; times are of the monotonic clock."""

    article: Article | None
    """None: it was withdrawn."""
    number: int
    sent: float
    acknowledged: float | None = None


@dataclass
class Story:
    """One article over time."""

    article_id: str
    question: str
    changes: list[Change] = field(default_factory=lambda: [Change(None, 0, -math.inf, -math.inf)])
    """At first it is not there."""
    busy: bool = False
    """Somebody is at work on it."""

    def may_be(self, since: float, until: float) -> list[Change]:
        """Give what it may have been, as readers see it, at some time of this span."""
        possible: list[Change] = []
        for change in self.changes:
            if change.acknowledged is not None and change.acknowledged + SEEN <= since:
                possible = []
            if change.sent <= until:
                possible.append(change)
        return possible

    @property
    def withdrawn(self) -> bool:
        """Tell whether the last change took it away."""
        return self.changes[-1].article is None


class Newsroom:
    """All stories, and the judge of answers."""

    def __init__(self, seed: int) -> None:
        """Make stories from a seed: the same ones each time."""
        self.random = random.Random(seed)  # noqa: S311 - the same stories every time
        self.stories: dict[str, Story] = {}
        self._names = self._make_names()
        self._numbers = count(1)
        self._made: dict[str, tuple[str, str, str]] = {}

    def new(self) -> Story:
        """Think of a story; nothing of it is stored."""
        number = len(self.stories)
        _, _, question = _KINDS[number % len(_KINDS)]
        a, b = next(self._names), next(self._names)
        story = Story(f"story-{number}", question.format(a=a, b=b))
        self._made[story.article_id] = (a, b, story.article_id)
        self.stories[story.article_id] = story
        return story

    def version(self, story: Story, now: float) -> Change:
        """Write the story anew, with another figure, from now on."""
        a, b, article_id = self._made[story.article_id]
        title, sentence, _ = _KINDS[list(self.stories).index(article_id) % len(_KINDS)]
        number = 1000 + 7 * next(self._numbers)
        beside = [one.format(a=a, b=b) for one in self.random.sample(_BESIDE, 3)]
        text = " ".join([beside[0], sentence.format(a=a, b=b, n=number), *beside[1:]])
        change = Change(make_article(article_id=article_id, title=title.format(a=a), text=text), number, now)
        story.changes.append(change)
        return change

    def withdrawal(self, story: Story, now: float) -> Change:
        """Take the story away, from now on."""
        change = Change(None, 0, now)
        story.changes.append(change)
        return change

    def wrong(self, story: Story, answer: Mapping[str, Any], since: float, until: float) -> str | None:
        """Say what is wrong with the answer to a story's question that was asked and came at these times."""
        articles: dict[int, Article] = {}
        for source in answer["sources"]:
            cited = self.stories[source["article_id"]]
            found = [
                one.article
                for one in cited.may_be(since, until)
                if one.article and one.article.source.version == source["version"]
            ]
            if not found:
                return f"cites {source['article_id']} in a version that it has no more, {source['version']}"
            articles[source["number"]] = found[0]
        for citation in answer["citations"]:
            text = articles[citation["source"]].text
            if text[citation["start"] : citation["end"]] != citation["quote"]:
                return f"a quote is not in the article: {citation['quote']!r}"
        possible = story.may_be(since, until)
        if len(possible) == 1 and possible[0].article and f"{possible[0].number:,}" not in (answer["text"] or ""):
            return f"misses {possible[0].number:,}: {answer['text'] or answer['abstained']}"
        return None

    def _make_names(self) -> Iterator[str]:
        names = [first + last for first in _FIRST for last in _LAST]
        self.random.shuffle(names)
        yield from names
        for name in names:
            yield from (f"{other}-upon-{name}" for other in names)
