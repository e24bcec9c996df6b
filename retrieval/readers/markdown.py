"""Text becomes an article: Markdown with front matter, and plain text."""

import re

import yaml

from retrieval.readers.encodings import text_of
from retrieval.readers.fields import LONGEST_TITLE, Fields, Hints, NoArticle, line_of, moment_of, names_of

_DATE_LINE = re.compile(
    r"date[:\s]\s*(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(Z|[+-]\d\d:?\d\d)?)?\b[^\S\r\n]*(.*)", re.IGNORECASE
)
_FIRST_LINE = re.compile(r"([^\r\n]*)(?:\r\n|\r|\n|\Z)(.*)", re.DOTALL)
_FRONT_MATTER = re.compile(r"---[ \t]*\r?\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)


def plain_text(data: bytes, hints: Hints) -> list[Fields]:
    """Read plain text; a first line `date 2023-11-10 …` is the date, and the title if it goes on."""
    text = text_of(data, hints.charset)
    first, rest = _FIRST_LINE.fullmatch(text).groups()  # type: ignore[union-attr]  # every text has a first line
    found = _DATE_LINE.fullmatch(first)
    if not found:
        return [Fields(text)]
    day, clock, zone, words = found.groups()
    published = moment_of(f"{day}T{clock or '00:00'}{zone or ''}")
    if len(words) > LONGEST_TITLE:
        return [Fields(f"{words}\n{rest}", published=published)]
    return [Fields(rest, title=words.strip() or None, published=published)]


def markdown(data: bytes, hints: Hints) -> list[Fields]:
    """Read Markdown, whose front matter may give every field."""
    text = text_of(data, hints.charset)
    if not re.match(r"---[ \t]*\r?\n", text):
        return [Fields(text)]
    found = _FRONT_MATTER.match(text)
    if not found:
        raise NoArticle("its front matter begins with --- and has no closing ---")
    try:
        given = yaml.safe_load(found.group(1)) or {}
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        problem = " ".join(str(getattr(error, "problem", error)).split())
        raise NoArticle(f"its front matter is not YAML: {problem}") from error
    if not isinstance(given, dict):
        raise NoArticle("its front matter is not a list of `name: value` lines")
    return [
        Fields(
            text[found.end() :],
            title=line_of(given, "title"),
            published=moment_of(given.get("published")),
            outlet=line_of(given, "outlet"),
            url=line_of(given, "url"),
            authors=names_of(given, "authors"),
            credits=names_of(given, "credits"),
            article_id=line_of(given, "id"),
        )
    ]
