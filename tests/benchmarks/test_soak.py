"""A sample of the soak: real processes, some of them killed; and its judge sees what is wrong."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.newswire import SEEN, Change, Newsroom, Story
from benchmarks.soak import soak, table


async def test_nothing_is_wrong_or_lost_while_replicas_and_their_store_are_killed(tmp_path: Path) -> None:
    tally = await soak(
        tmp_path,
        minutes=0.25,
        replicas=2,
        shared=True,
        stories=9,
        askers=3,
        writers=2,
        every=5,
        seed=1,
        tell=lambda _: None,
    )

    assert not tally.wrong + tally.lost
    assert tally.answered > 10
    assert tally.written > 10
    assert tally.disturbances
    assert all(one.recovered_s < 60 for one in tally.disturbances)
    assert all(len(line) <= 80 for line in table(tally).splitlines() if "slow:" not in line)


@pytest.fixture
def room() -> Newsroom:
    return Newsroom(1)


def answer(change: Change, **other: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    assert change.article
    source = change.article.source
    quote = next(one for one in change.article.text.split(". ") if f"{change.number:,}" in one)
    start = change.article.text.index(quote)
    cited = {"source": 1, "quote": quote, "start": start, "end": start + len(quote)}
    sources = [{"number": 1, "article_id": source.article_id, "version": source.version}]
    return {"text": f"{quote} [1].", "abstained": None, "sources": sources, "citations": [cited]} | other


def stored(room: Newsroom, story: Story, at: float) -> Change:
    change = room.version(story, at)
    change.acknowledged = at
    return change


def test_what_was_replaced_may_be_cited_for_as_long_as_a_reader_may_not_know(room: Newsroom) -> None:
    story = room.new()
    old, new = stored(room, story, 10), stored(room, story, 20)

    assert room.wrong(story, answer(old), 20, 21) is None
    assert room.wrong(story, answer(new), 20, 21) is None
    assert "no more" in str(room.wrong(story, answer(old), 20 + SEEN, 23))
    assert room.wrong(story, answer(new), 20 + SEEN, 23) is None


def test_what_is_not_acknowledged_may_be_there_or_not(room: Newsroom) -> None:
    story = room.new()
    change = room.version(story, 10)
    nothing: dict[str, Any] = {"text": None, "abstained": {"reason": "not_answered"}, "sources": [], "citations": []}

    assert room.wrong(story, nothing, 11, 12) is None
    assert room.wrong(story, answer(change), 11, 12) is None
    change.acknowledged = 13
    assert "misses" in str(room.wrong(story, nothing, 13 + SEEN, 16))


def test_what_was_withdrawn_is_not_cited(room: Newsroom) -> None:
    story = room.new()
    change = stored(room, story, 10)
    room.withdrawal(story, 20).acknowledged = 20

    assert "no more" in str(room.wrong(story, answer(change), 20 + SEEN, 23))


@pytest.mark.parametrize(
    ("spoiled", "complaint"),
    [
        (lambda one: one | {"text": "Nobody knows [1]."}, "misses"),
        (lambda one: one | {"citations": [one["citations"][0] | {"start": 1}]}, "is not in the article"),
    ],
)
def test_a_wrong_answer_is_seen(
    room: Newsroom, spoiled: Callable[[dict[str, Any]], dict[str, Any]], complaint: str
) -> None:
    story = room.new()
    change = stored(room, story, 10)

    assert complaint in str(room.wrong(story, spoiled(answer(change)), 13, 14))
