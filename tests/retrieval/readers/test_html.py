"""A page becomes its article: the pages beside it, those that hold none, and those that mean harm."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from retrieval.readers.fields import Fields, Hints, NoArticle
from retrieval.readers.html import html

PAGES = sorted((Path(__file__).parent / "pages").glob("*.html"))


def read(page: bytes | str, **hints: str) -> Fields:
    [fields] = html(page if isinstance(page, bytes) else page.encode(), Hints(**hints))
    return fields


def beside(page: Path) -> dict[str, Any]:
    expected: dict[str, Any] = yaml.safe_load(page.with_suffix(".yaml").read_text(encoding="utf-8"))
    return expected


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_gives_its_article_and_nothing_else_or_says_why_it_has_none(page: Path) -> None:
    expected = beside(page)
    if "refused" in expected:
        with pytest.raises(NoArticle) as raised:
            read(page.read_bytes())
        assert expected["refused"] in str(raised.value)
        return

    found = read(page.read_bytes(), **({"url": expected["fetched"]} if "fetched" in expected else {}))

    assert found.title == expected["title"]
    assert found.published == moment(expected.get("published"))
    assert [line for line in found.text.split("\n") if line] == expected["paragraphs"]
    assert found.outlet == expected.get("outlet")
    assert found.authors == tuple(expected.get("authors", ()))
    assert found.credits == tuple(expected.get("credits", ()))
    if "url" in expected:
        assert found.url == expected["url"]
    for words in expected.get("not", ()):
        assert words not in found.text


def moment(expected: datetime | date | None) -> datetime | None:
    if expected is None or isinstance(expected, datetime):
        return expected
    return datetime(expected.year, expected.month, expected.day, tzinfo=UTC)
