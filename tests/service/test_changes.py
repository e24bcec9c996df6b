"""What changed between two versions, as a reader is told it."""

import random
import time
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

import service.changes
from retrieval.types import Article, make_article
from service.changes import Changes, Piece, Work, changes
from service.changes import _Comparing as Comparing


def article(text: str = "Some words.", **fields: object) -> Article:
    return make_article(**({"article_id": "a", "title": "Title", "text": text} | fields))  # type: ignore[arg-type]


def between(old: str, new: str, work: int = service.changes.WORK) -> Changes:
    return changes(article(old), article(new), str, Work(work))


def told(pieces: tuple[Piece, ...]) -> str:
    """Write pieces as one line: [what went]{what came}."""
    around = {"same": "%s", "deleted": "[%s]", "inserted": "{%s}"}
    return "".join(around[piece.kind] % piece.text for piece in pieces)


def lines(found: Changes) -> list[str]:
    return [f"({one.unchanged})" if one.unchanged else told(one.pieces) for one in found.paragraphs]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("It costs 31 crowns.", "It costs 33 crowns.", ["It costs [31]{33} crowns."]),
        ("It costs 31.5 crowns.", "It costs 31.7 crowns.", ["It costs [31.5]{31.7} crowns."]),
        ("It costs 31 crowns.", "It costs 31 crowns, he said.", ["It costs 31 crowns{, he said}."]),
        ("It costs about 31 crowns.", "It costs 31 crowns.", ["It costs [about] 31 crowns."]),
        ("The U.S. envoy left.", "The U.N. envoy left.", ["The [U.S]{U.N}. envoy left."]),
        ("One.\n\nTwo.\n\nThree.", "One.\n\nThree.", ["(1)", "[Two.]", "(1)"]),
        ("One.\n\nThree.", "One.\n\nTwo.\n\nThree.", ["(1)", "{Two.}", "(1)"]),
        ("Rain fell on Oster.", "A ship sank off Lamar.", ["[Rain fell on Oster.]", "{A ship sank off Lamar.}"]),
        (
            "The mayor of Oster spoke at noon.\n\nA band played.",
            "A band played.\n\nThe mayor of Oster spoke at one.",
            ["[The mayor of Oster spoke at noon.]", "(1)", "{The mayor of Oster spoke at one.}"],
        ),
        (
            "The mayor spoke of the harbour.\n\nRain fell on Oster all day.",
            "A ship sank off Lamar.\n\nThe mayor spoke of the airport.",
            ["{A ship sank off Lamar.}", "The mayor spoke of the [harbour]{airport}.", "[Rain fell on Oster all day.]"],
        ),
        ("印度计划购买三十一架无人机。", "印度计划购买三十三架无人机。", ["印度计划购买三十[一]{三}架无人机。"]),
        ("भारत 31 ड्रोन खरीदेगा।", "भारत 33 ड्रोन खरीदेगा।", ["भारत [31]{33} ड्रोन खरीदेगा।"]),
        ("تشتري الهند 31 طائرة.", "تشتري الهند 33 طائرة.", ["تشتري الهند [31]{33} طائرة."]),
        ("It is e\u0301lan vital.", "It is e\u0301lite vital.", ["It is [e\u0301lan]{e\u0301lite} vital."]),
        ("", "Words.", ["{Words.}"]),
    ],
)
def test_changes_are_told_word_by_word(old: str, new: str, expected: list[str]) -> None:
    assert lines(between(old, new)) == expected


@pytest.mark.parametrize(
    ("old", "new"), [("a b", "a  b"), ("a\nb", "a\n\nb"), ("a b\n", "a b"), ("a\r\nb", "a\nb"), ("a b", "a\u00a0b")]
)
def test_that_only_spaces_changed_is_said(old: str, new: str) -> None:
    found = between(old, new)
    assert (found.spaces, found.paragraphs, found.fields) == (True, (), ())


def test_what_else_is_known_of_an_article_is_told_field_by_field() -> None:
    old = article(title="Drones for India", outlet="The Desk", published=datetime(2024, 3, 2, tzinfo=UTC))
    new = article(title="Drones for Nepal", url="https://a.example/x", credits=["PTI"], authors=["Ines Holm"])

    found = changes(old, new, lambda moment: f"{moment:%d %B}", Work())

    assert {one.name: told(one.pieces) for one in found.fields} == {
        "Title": "Drones for [India]{Nepal}",
        "Outlet": "[The Desk]",
        "Published": "[02 March]",
        "Authors": "{Ines Holm}",
        "Credits": "{PTI}",
        "Address": "{https://a.example/x}",
    }
    assert found.paragraphs == ()


def test_long_stretches_that_stayed_are_cut_down_to_what_is_around_a_change() -> None:
    before, after = "before " * 500, "after " * 500
    [line] = lines(between(f"{before}31 {after}", f"{before}33 {after}"))
    assert line.startswith(" […] ")
    assert "before [31]{33} after" in line
    assert line.endswith(" […] ")
    assert len(line) < 500


def test_more_than_a_reader_takes_in_is_counted() -> None:
    old = "\n\n".join(f"Paragraph {number} of it has {number} words and more of them." for number in range(5000))
    found = between(old, old.replace("more", "fewer"))
    shown = [one for one in found.paragraphs if one.pieces]
    assert len(shown) + found.left_out == 5000
    assert found.left_out > 3000


PASSAGES = st.lists(st.sampled_from(["One a.", "Two b c.", "Three d e f.", "Four, g: h!", "Five"]), max_size=8)


@given(PASSAGES, PASSAGES, st.sampled_from([10, 100, 10_000]))
def test_what_went_and_stayed_is_the_old_text_and_what_came_and_stayed_the_new(
    old: list[str], new: list[str], work: int
) -> None:
    found = list(Comparing(Work(work)).paragraphs(old, new))
    for kind, texts in (("deleted", old), ("inserted", new)):
        kept = "".join(piece.text for pieces in found for piece in pieces if piece.kind in {"same", kind})
        assert kept.split() == "".join(texts).split() or "".join(kept.split()) == "".join("".join(texts).split())


@given(st.text("ab ,.é三", max_size=40), st.text("ab ,.é三", max_size=40))
def test_of_any_two_paragraphs_no_word_is_lost(old: str, new: str) -> None:
    pieces = Comparing(Work()).words(old, new)
    for kind, text in (("deleted", old), ("inserted", new)):
        kept = "".join(piece.text for piece in pieces if piece.kind in {"same", kind})
        assert "".join(kept.split()) == "".join(text.split())


@given(st.lists(st.sampled_from("abcd"), max_size=14), st.lists(st.sampled_from("abcd"), max_size=14))
def test_as_much_as_there_is_in_common_is_found(old: list[str], new: list[str]) -> None:
    pairs = Comparing(Work())._matched(old, new)
    assert all(old[i] == new[j] for i, j in pairs)
    assert all(one[0] < other[0] and one[1] < other[1] for one, other in pairwise(pairs))
    longest = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i, one in enumerate(old):
        for j, other in enumerate(new):
            better = max(longest[i][j + 1], longest[i + 1][j])
            longest[i + 1][j + 1] = longest[i][j] + 1 if one == other else better
    assert len(pairs) == longest[-1][-1]


WORDS = [f"word{number}" for number in range(5000)]


def _book(paragraph: int, changed: float, seed: int = 1) -> tuple[str, str]:
    at_random = random.Random(seed)  # noqa: S311 - the same words every time
    old = [at_random.choice(WORDS) for _ in range(130_000)]
    new = [at_random.choice(WORDS) if at_random.random() < changed else word for word in old]
    new[70_000] = "correction"
    cut = [
        "\n\n".join(" ".join(some[at : at + paragraph]) for at in range(0, len(some), paragraph)) for some in (old, new)
    ]
    return cut[0], cut[1]


@pytest.mark.parametrize("changed", [0, 0.01, 1])
@pytest.mark.parametrize("paragraph", [8, 100, 130_000])
def test_a_megabyte_is_compared_in_bounded_time(paragraph: int, changed: float) -> None:
    old, new = _book(paragraph, changed)
    assert len(old) > 1_000_000
    began = time.process_time()
    found = between(old, new)
    assert time.process_time() - began < 5, "0.2 to 0.9 s on a quiet machine"
    shown = [piece for one in found.paragraphs for piece in one.pieces]
    assert 0 < sum(len(piece.text) for piece in shown) < 110_000
    if not changed:
        assert not found.coarse
        assert [piece.text for piece in shown if piece.kind == "inserted"] == ["correction"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("x\n" * 20_000, "x\ny\n" * 10_000),
        ("a b " * 100_000, "b a " * 100_000),
        ("\n".join(map(str, range(20_000))), "\n".join(map(str, reversed(range(20_000))))),
    ],
    ids=["the same lines", "the same words", "reversed"],
)
def test_what_is_made_to_be_slow_is_not(old: str, new: str) -> None:
    began = time.process_time()
    found = between(old, new)
    assert time.process_time() - began < 5
    assert found.paragraphs


def test_what_is_too_long_to_be_compared_is_said() -> None:
    assert between("word " * 700_000, "word " * 700_001).too_long
    assert between("x\n" * 60_000, "y\n" * 60_000).too_long
