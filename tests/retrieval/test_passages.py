"""Passages tile their article, whatever it is made of."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.furniture import quotable_spans
from retrieval.passages import LONGEST, TARGET, embeddable, split, text_to_embed
from retrieval.sentences import sentence_spans
from retrieval.types import Article, make_article

PIECE = st.sampled_from(
    [
        "The two ministers met in New Delhi on Friday. ",
        "U.S. Secretary of State Antony Blinken said: “We agreed. All is well.” ",
        "Über 31 drones. ",
        "👩‍👩‍👧‍👦🇮🇳🙂 ",
        "e\u0301" * 40,
        "a" * 1500,
        "long " * 400,
        "🙂" * 1100,
        "أعلن الوزير عن الاتفاق في نيودلهي. ",
        "\u202eמקלות\u202c ",
        "会議が開かれた。",
        "\r\n\r\n",
        "\n",
        "\r",
        "\u2028",
        " " * 1200,
        "\n" * 1200,
        "\r\n" * 700,
        "\t\u00a0",
    ]
)
TEXT = st.one_of(st.text(), st.lists(PIECE, max_size=40).map("".join))


def article(text: str) -> Article:
    return make_article(article_id="a", title="The title", text=text)


@given(TEXT)
def test_the_passages_joined_are_the_article_character_for_character(text: str) -> None:
    passages = split(article(text))

    assert "".join(passage.text for passage in passages) == text
    assert [passage.ordinal for passage in passages] == list(range(len(passages)))
    end = 0
    for passage in passages:
        assert passage.start == end
        assert text[passage.start : passage.end] == passage.text
        end = passage.end
    assert end == len(text)


@given(TEXT)
def test_no_passage_is_empty_or_longer_than_the_model_reads(text: str) -> None:
    assert all(0 < len(passage.text) <= LONGEST for passage in split(article(text)))


@given(TEXT)
def test_every_passage_names_its_article_and_has_an_id_of_its_own(text: str) -> None:
    whole = article(text)
    passages = split(whole)

    assert all(passage.source == whole.source for passage in passages)
    assert len({passage.passage_id for passage in passages}) == len(passages)


@given(
    st.lists(st.sampled_from(["One two three four. ", "A. B met S. Rao in the U.S. capital. ", "Ja!\n\n"]), max_size=90)
)
def test_a_passage_begins_where_a_sentence_begins(pieces: list[str]) -> None:
    text = "".join(pieces)
    starts = {0, *(start for start, _ in sentence_spans(text))}

    assert {passage.start for passage in split(article(text))} <= starts


def test_passages_of_plain_news_are_near_the_target() -> None:
    paragraph = "The two ministers met in New Delhi on Friday to discuss defence. " * 4 + "\n\n"
    passages = split(article(paragraph * 30))

    assert all(TARGET // 2 <= len(passage.text) <= LONGEST for passage in passages[:-1])


def test_a_sentence_longer_than_a_passage_is_cut_at_a_space() -> None:
    passages = split(article("word " * 1000))

    assert len(passages) > 1
    assert all(passage.text.endswith("word ") for passage in passages)


@pytest.mark.parametrize(
    ("text", "number"), [("", 0), (" ", 1), ("x", 1), ("x" * LONGEST, 1), ("x" * (LONGEST + 1), 2)]
)
def test_an_article_without_text_has_no_passage_and_a_short_one_has_one(text: str, number: int) -> None:
    assert len(split(article(text))) == number


def test_what_is_embedded_is_the_title_and_the_words_without_furniture() -> None:
    (passage,) = split(article("ADVERTISEMENT\n\nIndia buys drones. | Photo Credit: PTI\n"))

    assert text_to_embed(passage) == "The title\nIndia buys drones."


def test_a_passage_of_furniture_alone_is_embedded_as_it_is() -> None:
    (passage,) = split(article("ADVERTISEMENT\n"))

    assert text_to_embed(passage) == "The title\nADVERTISEMENT"


@given(TEXT)
def test_the_sentences_of_a_passage_are_those_that_begin_in_it_in_whatever_order_passages_come(text: str) -> None:
    whole = article(text)
    passages = split(whole)[::-1]

    texts, parts = embeddable(whole, passages)

    for passage, stands, spans in zip(passages, texts, parts, strict=True):
        expected = [text[start:end] for start, end in quotable_spans(text) if passage.start <= start < passage.end]
        assert [stands[start:end].rstrip() for start, end in spans] == [words.rstrip() for words in expected]


def test_a_book_takes_as_long_as_its_pages() -> None:
    book = article("".join(f"He said no {number}.{chr(10) * (number % 8 == 0)} " for number in range(55_000)))
    passages = split(book)
    begun = time.process_time()
    quotable_spans(book.text)
    once = time.process_time() - begun

    embeddable(book, passages)

    # Twice as long; nine times as long where each passage looks at every sentence.
    assert time.process_time() - begun < 4 * once
