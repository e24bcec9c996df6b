"""Text becomes an article: Markdown with front matter, and plain text."""

import re
from typing import Any

import yaml

from retrieval.readers.encodings import text_of
from retrieval.readers.fields import LONGEST_TITLE, Fields, Hints, NoArticle, line_of, moment_of, names_of

_LONGEST_FRONT_MATTER = 65_536  # characters; chosen, many times what any field may have
_STR = "tag:yaml.org,2002:str"
_DATE_LINE = re.compile(
    r"date[:\s]\s*(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(Z|[+-]\d\d:?\d\d)?)?\b[^\S\r\n]*(.*)", re.IGNORECASE
)
_FIRST_LINE = re.compile(r"([^\r\n]*)(?:\r\n|\r|\n|\Z)(.*)", re.DOTALL)
_FRONT_MATTER = re.compile(r"---[ \t]*\r?\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)


class _Loader(yaml.SafeLoader):
    """YAML as far as front matter has it: texts, dates, nothing, lists and objects of them."""

    # Numbers stay as they are written, so that 007 is an id, and one of thousands of digits a text.
    yaml_implicit_resolvers = {  # noqa: RUF012 - as PyYAML has it
        first: [(tag, is_it) for tag, is_it in those if tag.endswith((":null", ":timestamp"))]
        for first, those in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:  # noqa: ANN401 - a key, or a place
        """Refuse aliases, of which a few lines make objects that fill the memory, and tags."""
        event = self.peek_event()  # type: ignore[no-untyped-call]  # PyYAML's
        if isinstance(event, yaml.AliasEvent) or getattr(event, "tag", None) not in {None, _STR}:
            raise yaml.MarkedYAMLError(problem="an alias (*) or a tag (!), which are not read here; put it in quotes")
        return super().compose_node(parent, index)


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
    if len(found.group(1)) > _LONGEST_FRONT_MATTER:
        raise NoArticle(f"its front matter is longer than {_LONGEST_FRONT_MATTER:,} characters")
    try:
        given = yaml.load(found.group(1), _Loader) or {}  # noqa: S506 - a safe one
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        problem = " ".join(str(getattr(error, "problem", error)).split())
        raise NoArticle(f"its front matter is not YAML: {problem}") from error
    if not isinstance(given, dict):
        raise NoArticle("its front matter is not a list of `name: value` lines")
    published = given.get("published")
    if isinstance(published, str) and published.strip().isdecimal():
        # Of the seconds or milliseconds since 1970 some would pass for a day of 1701.
        raise NoArticle("`published` is a number, and no date such as 2023-11-10")
    return [
        Fields(
            text[found.end() :],
            title=line_of(given, "title"),
            published=moment_of(published),
            outlet=line_of(given, "outlet"),
            url=line_of(given, "url"),
            authors=names_of(given, "authors"),
            credits=names_of(given, "credits"),
            article_id=line_of(given, "id"),
        )
    ]
