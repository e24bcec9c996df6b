"""What a reader finds of an article, and the article that is made of it when every field is one."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256

from retrieval.addresses import article_id_of, parse
from retrieval.types import Article, make_article

LONGEST_FILE = 20_000_000  # bytes of what holds one article
LONGEST_FIELD = 1000  # characters of an id, a title, an outlet, an address, an author or a credit
LONGEST_TITLE = 200  # characters; a first line longer than that is body
_SLUG = 60  # characters of a title in an id; chosen


class NoArticle(Exception):
    """What was read is no article; the message is a reason for its author, without the document's name."""


@dataclass(frozen=True)
class Fields:
    """What a reader found; checked when an article is made of it."""

    text: str
    title: str | None = None
    published: datetime | None = None
    """Aware, or in UTC."""
    outlet: str | None = None
    url: str | None = None
    authors: tuple[str, ...] = ()
    credits: tuple[str, ...] = ()
    article_id: str | None = None
    is_summary: bool = False
    """The whole is at its url."""


@dataclass(frozen=True)
class Address:
    """An article that is at an address, yet to be fetched."""

    url: str
    summary: Article | None = None
    """What is known of it already, a feed's words: better than nothing, where they are of its own site."""
    of_its_site: bool = True
    """Whether it is of the site that says this of it."""


@dataclass(frozen=True)
class Hints:
    """What is known of bytes before they are read."""

    charset: str | None = None
    url: str | None = None


def article_of(fields: Fields, *, article_id: str, title: str = "") -> Article:
    """Make the article.

    Args:
        fields: what was found.
        article_id: its id, unless the fields name one.
        title: its title, unless it has one or a first line.

    Raises:
        NoArticle: a field is none that an article can have.

    """
    if not fields.text.strip():
        raise NoArticle("empty: it has no text")
    article = make_article(
        article_id=fields.article_id or article_id,
        title=fields.title or first_line(fields.text) or title,
        text=fields.text,
        outlet=fields.outlet,
        url=fields.url,
        published=_in_utc(fields.published),
        authors=fields.authors,
        credits=fields.credits,
    )
    source = article.source
    if problem := problem_of_id(source.article_id):
        raise NoArticle(f"its id {problem}")
    lists = [("authors", one) for one in source.authors] + [("credits", one) for one in source.credits]
    for field, value in [("title", source.title), ("outlet", source.outlet), ("url", source.url), *lists]:
        if value is not None and (problem := _problem_of_field(value)):
            raise NoArticle(f"`{field}` {problem}")
    if source.url is not None:  # readers are sent there
        try:
            parse(source.url, with_user=True)
        except ValueError as error:
            raise NoArticle(f"`url` is no address: {error}") from error
    return article


def id_among_many(fields: Fields) -> str:
    """Give the id of an article that is one of many in a document: by its address, else by its words.

    The place in the document would name another article tomorrow.
    """
    if fields.url:
        try:
            return article_id_of(fields.url)
        except ValueError:
            pass  # no address that a page can have: what it says
    words = re.findall(r"\w+", fields.title or first_line(fields.text))
    slug = "-".join(words).lower()[:_SLUG].strip("-")
    content = f"{fields.title}\n{fields.published}\n{fields.outlet}\n{fields.text}"
    return f"{slug}-{sha256(content.encode(errors='replace')).hexdigest()[:8]}".lstrip("-")


def first_line(text: str) -> str:
    """Give the first line that has words, without Markdown's `#`, cut to the length of a title."""
    line = next((line for line in text.splitlines() if line.strip()), "")
    return line.strip().lstrip("#").strip()[:LONGEST_TITLE]


def problem_of_id(article_id: str) -> str | None:
    """Say why an id cannot be one: each must be able to end the path of a URL."""
    if any(unicodedata.category(character) == "Cc" for character in article_id):
        return "holds a control character"
    if article_id in {".", ".."}:
        return "is a step of a path"  # which HTTP clients take before they send it
    return _problem_of_field(article_id)


def _problem_of_field(value: str) -> str | None:
    if not value.strip():
        return "holds no words"
    if len(value) > LONGEST_FIELD:
        return f"is longer than {LONGEST_FIELD:,} characters"
    return "holds a NUL character" if "\0" in value else None


# What front matter and JSON say, value by value


def line_of(fields: Mapping[object, object], key: str) -> str | None:
    """Read one line of text; None: there is none.

    Raises:
        NoArticle: it is a list or an object.

    """
    value = fields.get(key)
    if isinstance(value, dict | list | set):
        raise NoArticle(f"`{key}` is not one line of text")
    return str(value).strip() or None if value is not None else None


def names_of(fields: Mapping[object, object], key: str) -> tuple[str, ...]:
    """Read a name or a list of names.

    Raises:
        NoArticle: it is neither.

    """
    named = fields.get(key) or []
    if not isinstance(named, list):
        named = [named]
    if any(isinstance(one, dict | list) for one in named):
        raise NoArticle(f"`{key}` is neither a name nor a list of names")
    return tuple(name for one in named if one is not None and (name := str(one).strip()))


def moment_of(value: object, key: str = "published") -> datetime | None:
    """Read a date (00:00 UTC) or a moment (UTC unless it says otherwise) as YAML or ISO 8601 give it.

    Raises:
        NoArticle: it is neither.

    """
    if value is None or value == "":
        return None
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            value = None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    if not isinstance(value, datetime):
        raise NoArticle(f"`{key}` is not a date such as 2023-11-10 or 2023-11-10T12:13:00+05:30")
    return _in_utc(value)


def _in_utc(moment: datetime | None) -> datetime | None:
    if moment is None:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    try:
        moment.astimezone(UTC)
    except OverflowError as error:
        raise NoArticle("`published` is no moment of the years 1 to 9999") from error
    return moment
