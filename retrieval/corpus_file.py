"""The whole corpus as a file: a line of JSON for each version of each article, in UTF-8, and what a line says.

The first line names the format and what the store held; the last counts the lines, so that a file that was cut off is
never taken for a whole one. The lines of an article follow one another: its superseded versions, the oldest first, then
its current version, or the mark that it is withdrawn.
"""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import MAXYEAR
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Discriminator, Field, Tag, TypeAdapter, ValidationError

from retrieval.catalogue import hash_of
from retrieval.readers.fields import problem_of_id
from retrieval.types import Article, Corpus, Frozen, Source, Withdrawal, make_article

FORMAT = 1
MEDIA_TYPE = "application/x-ndjson"
LONGEST_LINE = 130_000_000  # bytes; an article of 20 MB whose every byte is escaped
_MOST_TOGETHER = 5_000_000  # bytes of one article's versions in memory
_HEAD = b'{"groundwire"'
_ANOTHER_KIND = 'no export of groundwire: its first line is not {"groundwire": 1, …}'
_BEFORE_WORDS = 8_000  # bytes: an id, and the moments of some hundred times that a version came back
_TOLD = 200  # characters of what is wrong with a line
# Line ends to some programs, which JSON leaves as they are.
_LINE_ENDS = str.maketrans({character: f"\\u{ord(character):04x}" for character in "\x7f\x85\u2028\u2029"})


class Stored(Frozen):
    """A version of an article, as the store keeps it."""

    article_id: str
    version: str
    stored: Annotated[tuple[AwareDatetime, ...], Field(min_length=1)]
    """The moments at which it became current."""
    current: bool
    title: str
    outlet: str | None = None
    url: str | None = None
    published: AwareDatetime | None = None
    authors: tuple[str, ...] = ()
    credits: tuple[str, ...] = ()
    text: str

    @property
    def article(self) -> Article:
        """Give the article, and with it the version that its words make."""
        return make_article(**self.model_dump(exclude={"version", "stored", "current"}))


class Mark(Frozen):
    """That an article is withdrawn; of one that was purged nothing else is known."""

    article_id: str
    withdrawn: Withdrawal
    version: str = ""
    title: str = ""
    outlet: str | None = None
    url: str | None = None
    published: AwareDatetime | None = None
    authors: tuple[str, ...] = ()
    credits: tuple[str, ...] = ()

    @property
    def source(self) -> Source:
        """Give what is known of the article."""
        return Source(**self.model_dump(exclude={"withdrawn"}), origin=self.article_id)


@dataclass(frozen=True)
class History:
    """All that is kept of an article, or of it so far as its lines could be read."""

    article_id: str
    superseded: tuple[Stored, ...] = ()
    last: Stored | Mark | None = None
    numbers: tuple[int, ...] = ()
    """The lines that it was read from."""

    @property
    def versions(self) -> "list[Stored | Mark]":
        """Give what there is of it, in order."""
        return [*self.superseded, *([self.last] if self.last else [])]

    def lines(self) -> Iterator[str]:
        """Write it, a line for each version."""
        for one in self.versions:
            yield _line(one.model_dump(mode="json", exclude_defaults=True))


class Refused(Frozen):
    """A line, or the lack of one, that cannot be taken in, and why."""

    line: int
    reason: str


class Head(Frozen):
    """The first line."""

    groundwire: int
    articles: int
    fingerprint: str


class End(Frozen):
    """The last line."""

    groundwire: Literal["end"]
    articles: int
    withdrawn: int
    superseded: int
    fingerprint: str


@dataclass
class Count:
    """How many lines of each kind there are, and what they make."""

    articles: int = 0
    withdrawn: int = 0
    superseded: int = 0
    _sum: int = field(default=0, repr=False)

    def add(self, one: Stored | Mark) -> None:
        """Count a line."""
        if isinstance(one, Mark):
            self.withdrawn += 1
        elif one.current:
            self.articles += 1
            self._sum ^= hash_of(one.article_id, one.version)
        else:
            self.superseded += 1

    @property
    def fingerprint(self) -> str:
        """Give the fingerprint of a store that holds the current versions."""
        return f"{self._sum:016x}"

    @property
    def lines(self) -> int:
        """Count the lines of articles."""
        return self.articles + self.withdrawn + self.superseded


def head(corpus: Corpus) -> str:
    """Write the first line."""
    return _line({"groundwire": FORMAT, **corpus.model_dump()})


def end(count: Count) -> str:
    """Write the last line."""
    counts = {"articles": count.articles, "withdrawn": count.withdrawn, "superseded": count.superseded}
    return _line({"groundwire": "end", **counts, "fingerprint": count.fingerprint})


def head_of(line: bytes) -> Head | None:
    """Read a first line; None: it is none, and its file no export."""
    try:
        return Head.model_validate_json(line) if line.startswith(_HEAD) else None
    except ValidationError:
        return None


def end_of(line: bytes) -> End | None:
    """Read a last line; None: it is none, and its file was cut off."""
    try:
        return End.model_validate_json(line) if line.startswith(_HEAD) else None
    except ValidationError:
        return None


def is_current(line: bytes) -> bool:
    """Tell whether a line that this release wrote is of a current version, which it says before its words."""
    return b'"current": true' in line[:_BEFORE_WORDS]


async def lines_of(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Cut what comes in pieces into lines; of one that is too long no more than tells so is kept."""
    parts: list[bytes] = []
    size = 0
    async for chunk in chunks:
        *ends, rest = chunk.split(b"\n")
        for end_of in ends:
            yield b"".join([*parts, end_of])
            parts, size = [], 0
        if size <= LONGEST_LINE:
            parts.append(rest)
        size += len(rest)
    if size:
        yield b"".join(parts)


class CorpusFile:
    """A file as it is read: its histories one by one, and what is wrong with it."""

    def __init__(self, lines: AsyncIterator[bytes]) -> None:
        """Take the lines, each with its end."""
        self._lines = lines
        self._number = 0
        self._wrong = 0  # lines that cannot be read
        self._counted = Count()
        self.head: Head | None = None
        self.end: End | None = None

    async def read(self) -> AsyncIterator[History | Refused]:
        """Give the articles as they come, with what cannot be taken in between; nothing of a file of another kind."""
        opened: list[tuple[int, Stored | Mark]] = []
        size = 0
        async for line in self._lines:
            self._number += 1
            found = self._parsed(line)
            if self._number == 1 and not isinstance(found, Head):
                yield Refused(
                    line=1, reason=found if isinstance(found, str) and line.startswith(_HEAD) else _ANOTHER_KIND
                )
                if isinstance(found, End | None) or (isinstance(found, str) and not line.startswith(_HEAD)):
                    return
            if isinstance(found, str):
                if self._number > 1:
                    self._wrong += 1
                    yield Refused(line=self._number, reason=found)
            elif isinstance(found, Stored | Mark):
                self._counted.add(found)
                if opened and (
                    found.article_id != opened[0][1].article_id or _ends(opened[-1][1]) or size > _MOST_TOGETHER
                ):
                    yield _history(opened)
                    opened, size = [], 0
                opened.append((self._number, found))
                size += len(line)
        if opened:
            yield _history(opened)
        if problem := self._problem():
            yield Refused(line=max(self._number, 1), reason=problem)

    def _parsed(self, line: bytes) -> "Stored | Mark | Head | End | str | None":
        """Read a line, or say what is wrong with it; None: it is empty."""
        if not line.strip():
            return None
        if self.end:
            return "stands behind the last line"
        if len(line) > LONGEST_LINE:
            return f"longer than {LONGEST_LINE:,} bytes"
        try:
            found: Stored | Mark | Head | End = _LINE.validate_json(line)
        except ValidationError as error:
            return _wrong(error)
        if isinstance(found, Stored | Mark):
            return _problem(found) or found
        if isinstance(found, End):
            self.end = found
        elif self._number > 1:
            return "the first line of another export: import each by itself"
        elif found.groundwire != FORMAT:
            return f"an export of another release (format {found.groundwire}; this one reads {FORMAT}): use that"
        else:
            self.head = found
        return found

    def _problem(self) -> str | None:
        """Say what is wrong with the file as a whole."""
        if not self._number:
            return "empty: no export of groundwire"
        if self.end is None:
            return "the last line is missing: the file was cut off, and what it lacks is not known"
        stated = self.end.articles + self.end.withdrawn + self.end.superseded
        found = self._counted.lines + self._wrong
        if found != stated:
            return f"{stated:,} lines are announced, and {found:,} are there"
        if not self._wrong and self._counted.fingerprint != self.end.fingerprint:
            return "the articles are not those that were exported: a line is there twice, or another's"
        return None


def _kind(fields: Any) -> str:  # noqa: ANN401 - whatever JSON holds
    if not isinstance(fields, dict):
        return "version"
    if "groundwire" in fields:
        return "end" if fields["groundwire"] == "end" else "head"
    return "mark" if "withdrawn" in fields else "version"


_LINE: TypeAdapter[Stored | Mark | Head | End] = TypeAdapter(
    Annotated[
        Annotated[Stored, Tag("version")]
        | Annotated[Mark, Tag("mark")]
        | Annotated[Head, Tag("head")]
        | Annotated[End, Tag("end")],
        Discriminator(_kind),
    ]
)


def _wrong(error: ValidationError) -> str:
    """Say what is wrong with a line, in a fragment of a sentence."""
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return f"not JSON in UTF-8: {first['ctx']['error']}"[:_TOLD]
    where = ".".join(str(part) for part in first["loc"][1:])
    return f"{where + ': ' if where else ''}{first['msg']}"[:_TOLD]


def _problem(found: Stored | Mark) -> str | None:
    """Say why a line that can be read tells of no article."""
    if problem := problem_of_id(found.article_id):
        return f"its id {problem}"
    moments = [found.published, *(found.stored if isinstance(found, Stored) else [found.withdrawn.at])]
    if any(moment and not 1 < moment.year < MAXYEAR for moment in moments):
        return "a moment in the year 1 or 9999, which is not one everywhere"
    if isinstance(found, Stored) and found.article.source.version != found.version:
        return f"its words are not those of the version {found.version}: it was changed"
    return None


def _ends(one: Stored | Mark) -> bool:
    """Tell whether nothing of an article comes after a line of it."""
    return isinstance(one, Mark) or one.current


def _history(opened: list[tuple[int, Stored | Mark]]) -> History:
    ones = [one for _, one in opened]
    last = ones[-1]
    return History(
        ones[0].article_id,
        tuple(one for one in ones if isinstance(one, Stored) and not one.current),
        last if _ends(last) else None,
        tuple(number for number, _ in opened),
    )


def _line(fields: dict[str, Any]) -> str:
    return json.dumps(fields, ensure_ascii=False).translate(_LINE_ENDS) + "\n"
