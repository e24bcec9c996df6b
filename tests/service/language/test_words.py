"""Words and what they are compared by."""

import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.language.words import (
    Lexeme,
    Word,
    _key,
    _lexeme,
    _read,
    key_of,
    lexemes,
    lexemes_in_order,
    misspelt,
    opposite,
    same,
    synonymous,
    words,
)


def only(text: str, word: str) -> Word:
    [found] = [one for one in words(text) if one.text == word]
    return found


@given(st.text())
def test_every_word_stands_where_it_says(text: str) -> None:
    for word in words(text):
        assert text[word.start : word.end] == word.text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("the U.S.", "the United States"),
        ("the US", "United States of America"),
        ("American troops", "the US"),
        ("the U.K.", "Britain"),
        ("Indian students", "India"),
        ("the U.N.", "the United Nations"),
        ("Russian oil", "Russia"),
        ("South Korean cars", "South Korea"),
    ],
)
def test_a_country_has_one_key_in_all_its_names(one: str, other: str) -> None:
    assert {word.key for word in words(one) if word.key.startswith("=")} == {
        word.key for word in words(other) if word.key.startswith("=")
    }
    assert any(word.key.startswith("=") for word in words(one))


def test_us_is_a_country_and_the_pronoun_is_not() -> None:
    assert only("The US sells drones.", "US").key == "=united states"
    assert only("They told us that.", "us").key != "=united states"


def test_a_capital_also_stands_for_its_country() -> None:
    delhi = only("New Delhi has sent a letter.", "New Delhi")
    assert delhi.also == "=india"
    assert same(only("India has sent it.", "India"), delhi) == 1.0


@pytest.mark.parametrize(("text", "key"), [("MQ-9B", "mq9b"), ("F-35", "f35"), ("GE414", "ge414"), ("G20", "g20")])
def test_a_code_is_a_name_without_its_hyphen(text: str, key: str) -> None:
    word = only(f"The {text} flew.", text)
    assert (word.key, word.name) == (key, True)


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("MQ-9B", "MQ-9B", True),
        ("MQ-9B", "MQ-9", True),
        ("GE414", "F-414", True),
        ("F-35", "F-16", False),
        ("MQ-9B", "MQ-8B", False),
        ("Antony", "Anthony", True),
        ("Austin", "Blinken", False),
        ("defence", "defense", True),
        ("armoured", "armored", True),
        ("centre", "center", True),
        ("acquire", "acquisition", True),
        ("produce", "production", True),
        ("buy", "bought", True),
        ("acquire", "purchase", True),
        ("buy", "sell", False),
        ("increase", "decrease", False),
        ("31", "31", True),
        ("31", "13", False),
    ],
)
def test_forms_and_synonyms_are_the_same_and_others_are_not(one: str, other: str, *, alike: bool) -> None:
    assert bool(same(only(f"The {one} it", one), only(f"The {other} it", other))) is alike


def test_the_same_word_is_surer_than_a_form_and_a_form_than_another_word() -> None:
    drones, uav, acquire, acquisition = (only(f"The {one} it", one) for one in "drones uav acquire acquisition".split())
    assert same(drones, drones) == 1.0
    assert same(acquire, acquisition) >= 0.8
    assert same(drones, uav) == 0.8


def test_names_have_capitals_inside_a_sentence_and_titles_are_none() -> None:
    found = {word.text: word.name for word in words("On Monday Defence Minister Rajnath Singh met PTI in March.")}
    assert found["Rajnath"]
    assert found["Singh"]
    assert found["PTI"]
    assert not found["Minister"]
    assert not found["March"]
    assert not found["Monday"]


def test_small_words_say_nothing_of_a_subject() -> None:
    assert [word.text for word in words("It is not what they had, or would have.") if word.content] == []
    assert [word.text for word in words("The drones weren't bought.") if word.content] == ["drones", "bought"]


def test_2_plus_2_and_26_11_are_one_word() -> None:
    assert [word.text for word in words("the 2+2 talks on 26/11")] == ["the", "2+2", "talks", "on", "26/11"]


def test_keys_opposites_and_misspellings() -> None:
    assert key_of("Organisation") == key_of("organization")
    assert opposite(key_of("buys"), key_of("sold"))
    assert not opposite(key_of("buys"), key_of("purchased"))
    assert synonymous(key_of("drone"), key_of("UAV"))
    assert misspelt("antoni", "anthoni")
    assert not misspelt("modi", "mody")
    assert not misspelt("mq9b", "mq8b")


def test_several_threads_give_words_the_keys_that_one_does() -> None:
    ends = ("ing", "ed", "ation", "ational", "ness", "fulness", "ously", "ization")
    beginnings = (f"{one}{middle}" for one in "bdfgklmnprstvz" for middle in ("arat", "onol", "ilin", "erest"))
    asked = [f"{begin}{end}" for begin in beginnings for end in ends]
    alone = [key_of(word) for word in asked]
    switched = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as threads:
            for _ in range(5):
                _key.cache_clear()
                found = threads.map(lambda order: [key_of(word) for word in asked[::order]], (1, -1, 1, -1))

                assert list(found) == [alone, alone[::-1]] * 2
    finally:
        sys.setswitchinterval(switched)


def test_a_word_that_is_read_again_is_the_one_that_it_was() -> None:
    text = "Blinken met reporters in Delhi."
    before = lexemes(text)
    for cache in (_lexeme, _read, words):  # as when so much was read since that they forgot it
        cache.cache_clear()

    assert {word.lexeme for word in words(text)} == before
    assert set(lexemes_in_order(text)) == before


def test_a_word_that_two_threads_read_at_once_is_one() -> None:
    texts = [f"Minister Zorbax{number} met Tarv{number} in Belgrade." for number in range(2_000)]
    together = Barrier(2)
    switched = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)

    def read(text: str) -> set[Lexeme]:
        together.wait()
        return set(lexemes_in_order(text))

    try:
        with ThreadPoolExecutor(2) as threads:
            one, other = threads.map(lambda _: [read(text) for text in texts], range(2))
    finally:
        sys.setswitchinterval(switched)

    assert one == other
