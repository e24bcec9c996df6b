"""What a model thinks aloud is no part of its reply, wherever the stream cuts it."""

import pytest

from service.thinking import Reply


def given(*pieces: str, thinks_first: bool = False) -> str:
    reply = Reply(thinks_first=thinks_first)
    return "".join([*map(reply.feed, pieces), reply.end()])


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("India buys 31 drones. [1]", "India buys 31 drones. [1]"),
        ("<think>The user asks. [1]</think>India buys.", "India buys."),
        ("<think>\n\n</think>\n\nIndia buys.", "\n\nIndia buys."),
        ("<THINK>Hm.</Think>India buys.", "India buys."),
        ("<thinking>Hm.</thinking>India buys.", "India buys."),
        ("<think>One.</think>India <think>two.</think>buys.", "India buys."),
        ("<think>One. <think>Two.</think>India buys.", "India buys."),
        ("<think>It never ends.", ""),
        ("India buys.<think>It never ends.", "India buys."),
        ("a < b <thi b <thinker> </ <", "a < b <thi b <thinker> </ <"),
        ("", ""),
    ],
)
def test_thoughts_between_tags_are_left_out(text: str, left: str, size: int) -> None:
    assert given(*(text[at : at + size] for at in range(0, len(text), size))) == left


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("The user asks.</think>India buys.", "India buys."),
        ("<think>The user asks.</think>India buys.", "India buys."),
        ("India buys.", "India buys."),
        ("<think>It never ends.", ""),
        ("One.</think>India <think>two.</think>buys.", "India buys."),
    ],
)
def test_a_reply_that_begins_with_thoughts_begins_after_them_or_has_none(text: str, left: str, size: int) -> None:
    assert given(*(text[at : at + size] for at in range(0, len(text), size)), thinks_first=True) == left


def test_nothing_waits_that_cannot_be_a_tag() -> None:
    reply = Reply()
    assert [reply.feed(piece) for piece in ("India ", "buys <", "31", "<th", "ink>x</think", "> drones")] == [
        *("India ", "buys ", "<31", "", "", " drones"),
    ]


@pytest.mark.parametrize(
    ("pieces", "ended_alone", "mixed"),
    [
        (["India."], False, False),
        (["<think>Hm.</think>India."], False, False),
        (["Hm.</think>India."], True, False),
        (["\n", "Hm.</think>India."], True, False),
        (["Hm.", "</think>India."], True, True),
        (["<think>One.</think>Two.", "</think>India."], True, True),
    ],
)
def test_an_end_without_a_beginning_is_noticed(pieces: list[str], ended_alone: bool, mixed: bool) -> None:  # noqa: FBT001 - expected values
    reply = Reply()
    for piece in pieces:
        reply.feed(piece)
    assert (reply.ended_alone, reply.mixed) == (ended_alone, mixed)


def test_thoughts_are_not_kept() -> None:
    reply = Reply()
    reply.feed("<think>")
    for _ in range(1000):
        reply.feed("The user asks. ")
    assert len(reply._held) < 20
    assert not "".join(reply._aside)
