"""What a version is a hash of, and what no text may hold."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from retrieval.types import Article, Passage, Source, make_article, printable

NOON = datetime(2023, 11, 10, 12, tzinfo=UTC)
FIELDS: dict[str, Any] = {
    "article_id": "drones",
    "title": "Drones",
    "text": "India plans to buy 31 drones.",
    "outlet": "The Desk",
    "url": "https://desk.example/drones",
    "published": NOON,
    "credits": ["PTI"],
}


def version(**changed: object) -> str:
    return make_article(**FIELDS | changed).source.version


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", "Drones!"),
        ("text", "India plans to buy 32 drones."),
        ("outlet", None),
        ("url", "https://desk.example/drone"),
        ("published", NOON + timedelta(seconds=1)),
        ("published", None),
        ("credits", ["PTI", "AFP"]),
        ("credits", []),
    ],
)
def test_a_change_of_text_or_metadata_changes_the_version(field: str, value: object) -> None:
    assert version(**{field: value}) != version()


def test_the_version_is_the_same_for_the_same_content_under_another_id() -> None:
    assert version(article_id="other") == version()


def test_the_version_is_the_same_for_the_same_moment_in_another_zone() -> None:
    assert version(published=NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))) == version()


def test_words_that_move_from_one_field_to_another_change_the_version() -> None:
    assert version(title="a", text="bc") != version(title="ab", text="c")


def test_the_arrival_of_a_neighbour_changes_no_version() -> None:
    article = make_article(**FIELDS)
    moved = article.source.model_copy(update={"origin": "another"})

    assert article.source.origin == "drones"
    assert moved.version == article.source.version


def test_lone_surrogates_become_the_replacement_character_in_every_field() -> None:
    article = make_article(
        article_id="a\ud800", title="t\udfff", text="x\ud83d y", outlet="o\ud800", url="u\ud800", credits=["c\ud800"]
    )

    assert article.text == "x\ufffd y"
    source = article.source
    assert (source.article_id, source.title, source.outlet, source.url) == ("a\ufffd", "t\ufffd", "o\ufffd", "u\ufffd")
    assert source.credits == ("c\ufffd",)
    assert source.origin == source.article_id


def test_two_halves_of_a_character_become_the_character() -> None:
    assert printable("\ud83d\ude42") == "🙂"


@given(st.text())
def test_text_without_surrogates_is_kept_character_for_character(text: str) -> None:
    assert printable(text) == text
    assert make_article(article_id="a", title="t", text=text).text == text


@given(st.text(alphabet=st.characters()))
def test_whatever_the_text_its_article_is_utf_8(text: str) -> None:
    make_article(article_id=text, title=text, text=text, outlet=text, credits=[text]).model_dump_json().encode()


def test_a_moment_without_a_zone_is_no_date_of_an_article() -> None:
    with pytest.raises(ValidationError):
        make_article(article_id="a", title="t", text="x", published=datetime(2023, 11, 10))  # noqa: DTZ001 - so it is


def test_an_article_read_back_from_its_json_is_the_article() -> None:
    article = make_article(**FIELDS)
    passage = Passage(source=article.source, ordinal=2, text="x", start=4, end=5)

    assert Article.model_validate_json(article.model_dump_json()) == article
    assert Passage.model_validate_json(passage.model_dump_json()) == passage
    assert passage.passage_id == f"drones@{article.source.version}#2"


def test_a_field_that_no_type_has_is_refused() -> None:
    with pytest.raises(ValidationError, match="extra"):
        Source.model_validate({"article_id": "a", "version": "v", "title": "t", "origin": "a", "author": "me"})
