"""The types of retrieval: Source, Article, Passage, Scope, Hit. Frozen; one for each stage."""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    FailFast,
    Field,
    computed_field,
    model_validator,
)

Span = tuple[int, int]
"""Offsets in Unicode code points, 0-based, end exclusive."""


def without_surrogates(text: object) -> object:
    """Replace lone surrogates, which neither UTF-8 nor Chroma can store, by U+FFFD."""
    return printable(text) if isinstance(text, str) else text


def printable(text: str) -> str:
    """Replace the lone surrogates of a text, such as the name of a file that is not UTF-8."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


Text = Annotated[str, BeforeValidator(without_surrogates)]


class Frozen(BaseModel):
    """A value: compared by content, never changed, strict about its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(Frozen):
    """An article as it is cited: everything about it but its text."""

    article_id: str
    version: str = Field(description="A hash of the article's text and metadata, origin left out.")
    title: str
    outlet: str | None = None
    url: str | None = None
    published: AwareDatetime | None = None
    authors: tuple[str, ...] = Field(default=(), description="The people who wrote it.")
    credits: tuple[str, ...] = Field(default=(), description="The wire agencies that the article names.")
    origin: str = Field(description="The group of articles that are copies or rewrites of one report.")


class Article(Frozen):
    """One article as it is stored; `text` is kept character for character."""

    source: Source
    text: str


def make_article(  # noqa: PLR0913 - one parameter for each field that an author can give
    *,
    article_id: str,
    title: str,
    text: str,
    outlet: str | None = None,
    url: str | None = None,
    published: datetime | None = None,
    authors: Sequence[str] = (),
    credits: Sequence[str] = (),  # noqa: A002 - the field's name in every format that we read
) -> Article:
    """Make an article and its version; until neighbours are known it is its own origin.

    Lone surrogates become U+FFFD.
    """
    article_id, title, text = printable(article_id), printable(title), printable(text)
    outlet, url = outlet and printable(outlet), url and printable(url)
    authors = [printable(one) for one in authors]
    credits = [printable(one) for one in credits]  # noqa: A001 - as above
    when = published.astimezone(UTC).isoformat() if published else None
    # Authors came later: an article without any keeps the version that it had before.
    content = [title, text, outlet, url, when, credits, *([authors] if authors else [])]
    version = hashlib.sha256(json.dumps(content, ensure_ascii=True).encode()).hexdigest()[:16]
    source = Source(
        article_id=article_id,
        version=version,
        title=title,
        outlet=outlet,
        url=url,
        published=published,
        authors=tuple(authors),
        credits=tuple(credits),
        origin=article_id,
    )
    return Article(source=source, text=text)


class Withdrawal(Frozen):
    """That an article is withdrawn: it is neither found nor cited any more."""

    at: AwareDatetime
    reason: str | None = None
    purged: bool = Field(default=False, description="The texts and metadata of all its versions were removed, too.")

    def __str__(self) -> str:
        """Say when and why, in a fragment of a sentence."""
        at = self.at.astimezone(UTC)
        return f"withdrawn on {at.day} {at:%B %Y}" + (f": {self.reason.rstrip('.')}" if self.reason else "")


class Version(Frozen):
    """A version of an article, as it once became current; one that came back is there for each time."""

    source: Source
    stored: AwareDatetime | None = Field(description="None where a release stored it that noted no time.")
    current: bool


class Passage(Frozen):
    """A piece of an article: `article.text[start:end] == text`; the pieces in order are the article."""

    source: Source
    ordinal: int = Field(ge=0)
    text: str
    start: int = Field(ge=0)
    end: int = Field(ge=0)

    @model_validator(mode="before")
    @classmethod
    def _without_id(cls, fields: object) -> object:
        """Read back what was written: the id follows from the other fields."""
        return {k: v for k, v in fields.items() if k != "passage_id"} if isinstance(fields, dict) else fields

    @computed_field  # type: ignore[prop-decorator]  # pydantic's own advice for mypy
    @property
    def passage_id(self) -> str:
        """The passage's name in the store and in citations; it changes with the article's version."""
        return f"{self.source.article_id}@{self.source.version}#{self.ordinal}"


class Corpus(Frozen):
    """What the store holds: how many articles, and a hash that changes when any of them does."""

    articles: int
    fingerprint: str


class Scope(Frozen):
    """Which articles may be searched; an empty scope is the whole corpus."""

    after: AwareDatetime | None = Field(default=None, description="Published at this moment or later.")
    before: AwareDatetime | None = Field(default=None, description="Published before this moment.")
    # With FailFast: to say what is wrong with each of a million takes minutes.
    outlets: Annotated[tuple[Text, ...], FailFast()] = Field(default=(), max_length=100)
    article_ids: Annotated[tuple[Text, ...], FailFast()] = Field(default=(), max_length=1000)


class Hit(Frozen):
    """A passage found; `relevance` (0..1) belongs to the final ranking only."""

    passage: Passage
    relevance: float = Field(ge=0, le=1)
