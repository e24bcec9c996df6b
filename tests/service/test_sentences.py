"""Text with markers becomes sentences with numbers, whole or piece by piece."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.sentences import Written, cut, escaped, without_markers


def whole(text: str) -> list[Written]:
    sentences, rest = cut(text, ended=True)
    assert rest == ""
    return sentences


def piecewise(pieces: list[str]) -> list[Written]:
    found: list[Written] = []
    rest = ""
    for piece in pieces:
        sentences, rest = cut(rest + piece, ended=False)
        found += sentences
    return found + cut(rest, ended=True)[0]


@pytest.mark.parametrize(
    ("marker", "numbers"),
    [
        ("[1]", (1,)),
        ("[0]", (0,)),
        ("[99]", (99,)),
        ("[1, 2]", (1, 2)),
        ("[1,2;4]", (1, 2, 4)),
        ("[1 and 3]", (1, 3)),
        ("[1][2]", (1, 2)),
        ("[1] [2]", (1, 2)),
        ("[^1]", (1,)),
        ("[1-3]", (1, 2, 3)),
        ("[1–3]", (1, 2, 3)),
        ("[3-1]", (3, 1)),
        ("[1-900]", (1, 900)),
        ("【1】", (1,)),
        ("[ 2 ]", (2,)),
        ("[2][2]", (2,)),
    ],
)
def test_a_marker_gives_its_numbers_before_and_behind_the_full_stop(marker: str, numbers: tuple[int, ...]) -> None:
    first = "India plans to buy 31 drones."
    expected = [Written(first, numbers), Written("The price is open.", ())]
    assert whole(f"India plans to buy 31 drones {marker}. The price is open.") == expected
    assert whole(f"India plans to buy 31 drones{marker}. The price is open.") == expected
    assert whole(f"{first} {marker} The price is open.") == expected
    assert whole(f"{first}{marker} The price is open.") == expected
    assert whole(f"{first}\n{marker}\nThe price is open.") == expected


def test_a_number_of_five_thousand_digits_is_no_marker_and_no_error() -> None:
    [sentence] = whole(f"India buys drones [{'9' * 5000}].")
    assert sentence.numbers == ()


def test_a_marker_before_the_first_sentence_belongs_to_it() -> None:
    assert whole("[2] India buys drones.") == [Written("India buys drones.", (2,))]


def test_a_text_without_markers_has_sentences_without_numbers() -> None:
    assert whole("India buys drones. The U.S. sells them.") == [
        Written("India buys drones.", ()),
        Written("The U.S. sells them.", ()),
    ]


def test_markers_inside_a_sentence_belong_to_it() -> None:
    assert whole("India [1] and the US [2], too, build engines.") == [
        Written("India and the US, too, build engines.", (1, 2))
    ]


def test_a_text_without_a_sentence_has_none() -> None:
    assert whole("") == []
    assert whole(" \n") == []
    assert whole("[1]") == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("- India buys drones. [1]", "India buys drones."),
        ("1. India buys drones. [1]", "India buys drones."),
        ("* **India** buys drones. [1]", "India buys drones."),
        ("## India buys drones. [1]", "India buys drones."),
        ("31 drones are bought. [1]", "31 drones are bought."),
    ],
)
def test_markdown_is_taken_off_a_sentence(text: str, sentence: str) -> None:
    assert whole(text) == [Written(sentence, (1,))]


def test_a_sentence_is_not_given_before_the_next_has_begun() -> None:
    assert cut("India buys drones.", ended=False) == ([], "India buys drones.")
    assert cut("India buys drones. [1", ended=False) == ([], "India buys drones. [1")
    assert cut("India buys drones. [1] ", ended=False) == ([], "India buys drones. [1] ")
    assert cut("India buys drones. [1] The", ended=False) == ([], "India buys drones. [1] The")
    assert cut("India buys drones. [1] The price", ended=False) == ([Written("India buys drones.", (1,))], "The price")


@pytest.mark.parametrize(
    "marker", ["[0]", "[99]", "[1, 2]", "[1][2]", "[^1]", "[1-3]", "【1】", "[1 and 2]", "[ 1 ; 2 ]", "[1]\n[2]"]
)
@pytest.mark.parametrize(
    "form", ["{first}{marker}. {second}", "{first}. {marker} {second}", "{first}.{marker}\n{second}"]
)
def test_a_text_cut_in_two_anywhere_gives_the_same_sentences(marker: str, form: str) -> None:
    text = form.format(
        first="Mr. S. Jaishankar met the U.S. envoy", marker=marker, second="“It is on. Really.” he said. [2]"
    )
    for at in range(len(text) + 1):
        assert piecewise([text[:at], text[at:]]) == whole(text)
    assert piecewise(list(text)) == whole(text)


@pytest.mark.parametrize(
    "text",
    [
        "He went to the U.S. Austin left. [1] Then he came.",
        "He went to the U.S. A day later he left. [1]",
        "“We go. We stay. We win,” she said. [2] It rained.",
        '"Really?" he asked. "Yes. "No" is no answer. [1] It rained.',
        "No. 5 won. No one lost... And more. [1][2] End",
        "India-U.S. 2+2 talks cost $2.5 bn. Lt. Gen. Rao said so.[3] Why? Because!",
        "خرج. دخل؟ نعم. [1] 。次の文。日本語。",
        "Cafe\u0301. E\u0301tude. 🎓 is it.\r\n[1]\r\nThe end 👩‍👩‍👧.",
    ],
)
def test_hard_texts_give_the_same_letter_by_letter(text: str) -> None:
    assert piecewise(list(text)) == whole(text)


PARTS = [
    *"abcA .!?,\"“”'’[]【】()1239^-–;&\n\r*",
    "The ",
    "U.S. ",
    "Mr. ",
    "S. ",
    "[1]",
    "[2, 3] ",
    "No. ",
    "said.",
    ". ",
    ".” ",
    "and",
    "é",
    "e\u0301",
    "🎓",
    "خ",
    "。",
]


@given(st.lists(st.lists(st.sampled_from(PARTS), max_size=12).map("".join), max_size=12))
def test_pieces_of_any_size_give_the_same_sentences_as_the_whole(pieces: list[str]) -> None:
    assert piecewise(pieces) == whole("".join(pieces))


@given(st.lists(st.text(max_size=15), max_size=8))
def test_any_text_gives_the_same_in_pieces(pieces: list[str]) -> None:
    assert piecewise(pieces) == whole("".join(pieces))


@pytest.mark.parametrize("text", ["[12]", "[1, 2]", "[^1]", "[1-3]", "[1 and 2]", "[12345678]", "[ 7 ]"])
def test_what_looks_like_a_marker_in_an_article_is_escaped(text: str) -> None:
    assert escaped(f"Note {text} says") == f"Note \\{text} says"


def test_other_brackets_are_not_escaped() -> None:
    assert escaped("[a] comprehensive [sic] view [2+2] [] [x1]") == "[a] comprehensive [sic] view [2+2] [] [x1]"
    assert escaped("\\[12]") == "\\[12]"


def test_markers_are_taken_out_with_the_space_before_them() -> None:
    assert without_markers("India buys [1] drones [2][3].") == "India buys drones."


@pytest.mark.parametrize(
    "hostile", [" " * 4_000, "[" * 4_000, "[1" + " " * 4_000, "[1," * 1_500, "[1] " * 1_000, "*" * 4_000]
)
def test_a_hostile_reply_is_cut_in_bounded_time(hostile: str) -> None:
    began = time.monotonic()
    whole(hostile)
    cut(hostile, ended=False)
    assert time.monotonic() - began < 2
