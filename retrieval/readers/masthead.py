"""What stands at the top of a printed article, and which of a file's properties is to be believed."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import takewhile

from retrieval.readers.bylines import people_and_agencies
from retrieval.readers.fields import LONGEST_TITLE
from retrieval.readers.html_moments import moments_in

_NO_TITLE = re.compile(
    r"untitled\b.*|(?:document|dokument|slide|layout|presentation|book|doc)\s*\d*|microsoft (?:word|powerpoint).*"
    r"|.*\.(?:docx?|dotx?|odt|rtf|pdf|indd|qx[dp]|pub|xlsx?|pptx?|tex|txt|html?|pages|cdr|ai|eps|dvi)"
    r"|word document|powerpoint presentation|(?:press|media|news) release|release|print|template"
    r"|https?://\S+|\S*[_\d]\S*|\(?(?:anonymous|unspecified|none|null|title)\)?",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"(?:for immediate release|(?:press|media|news) (?:release|statement|note)|embargo(?:ed)?\b.*"
    r"|(?:last )?(?:updated|modified|published|posted|printed)\b.{0,40}\d.{0,20}"
    r"|(?:no|nr|ref)\b.{0,30}|date|dated|published|posted|issued|released|updated)\b[^\w]*",
    re.IGNORECASE,
)
_DATE_LABEL = re.compile(
    r"(?:first )?(?:date|dated|published|posted|issued|released|release date|for immediate release|press release)\b"
    r"[^\w]*(?:on\s|at\s)?",
    re.IGNORECASE,
)
_DATELINE = re.compile(r"\s*\)?\s*(?:[-–—:|)]|\([A-Z][A-Za-z ]+\)\s*[-–—])")
_BYLINE = re.compile(r"(?:by|von|par|por|di)\s*:?\s+(?P<names>\w.{2,80})", re.IGNORECASE)
_NAME = re.compile(r"[^\W\d_][\w.'’-]*(?:\s+[^\W\d_][\w.'’-]*){1,4}")
_NO_PERSON = re.compile(
    r"\b(?:ministry|minister|department|office|bureau|agency|press|media|news|desk|team|staff|ltd|inc|gmbh|llc|plc|corp"
    r"|university|institute|council|commission|union|bank|group|service|user|admin\w*|owner|company|association|society"
    r"|foundation|committee|secretariat|communications?|relations|pc|laptop|scanner|canon|xerox|microsoft|adobe|writer)\b",
    re.IGNORECASE,
)
_TOP = 12  # lines of a first page that may tell its date and its author; chosen
_DATE_LINE = 120  # characters of a line or of the beginning of one that a date stands in; chosen
_CITY = 60  # characters before the date of a dateline; chosen
_OF_LINE = 0.3  # of its letters that a date is, where nothing says that it is one; chosen
_FIRST_YEAR = 1980  # of a file; what is older is a clock that was not set


def is_title(text: str | None) -> bool:
    """Tell whether a property says what an article is called, not the name of its file or of its program."""
    words = " ".join((text or "").split())
    return bool(words) and "\ufffd" not in words and not _NO_TITLE.fullmatch(words)


def title_of(said: str | None, heading: str | None, lines: Sequence[str]) -> str | None:
    """Choose a title: as printed, where it is the one that the file says, or the file says none.

    Args:
        said: what the file's properties say.
        heading: what is printed largest.
        lines: the first lines or paragraphs.

    """
    said = " ".join(said.split()) if said and is_title(said) else None
    heading = heading if heading and len(heading) <= LONGEST_TITLE else None
    top = _plain(" ".join(lines))
    if said and heading and (_plain(heading) in _plain(said) or _plain(said) not in top):
        return heading
    if said or heading:
        return said or heading
    short = takewhile(lambda line: len(line) <= LONGEST_TITLE, lines)  # what is behind the first paragraph is none
    return next((line for line in short if not _is_label(line)), None)


def headline_of(title: str | None, lines: Sequence[str]) -> int | None:
    """Tell which line is the title and no part of the text: what ends like a sentence is one of it."""
    is_headline = title in lines and len(lines) > 1 and not str(title).endswith(".")
    return lines.index(str(title)) if is_headline else None


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def _is_label(line: str) -> bool:
    found = next(moments_in(line[:_DATE_LINE]), None)
    dated = found is not None and (found.end - found.start) > len(line) * _OF_LINE
    return dated or bool(_LABEL.fullmatch(line)) or bool(_BYLINE.fullmatch(line))


def published_of(lines: Iterable[str], created: datetime | None) -> datetime | None:
    """Read the date that stands at the top; else when the file was made."""
    for line in list(lines)[:_TOP]:
        start = line[:_DATE_LINE]
        found = next(moments_in(start), None)
        if found is None:
            continue
        is_line = found.end - found.start >= len(line) * _OF_LINE and len(line) <= _DATE_LINE
        is_dateline = found.start < _CITY and _DATELINE.match(start, found.end)
        if is_line or is_dateline or _DATE_LABEL.fullmatch(start[: found.start]):
            return found.published
    latest = datetime.now(UTC) + timedelta(days=1)  # of the other side of the earth
    return created if created and created.year >= _FIRST_YEAR and created <= latest else None


def authors_of(said: str | None, lines: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give the people that a byline names, else those of the properties; and the agencies."""
    for line in list(lines)[:_TOP]:
        if found := _BYLINE.fullmatch(line.strip()):
            people, agencies = _people(found["names"])
            if people or agencies:
                return people, agencies
    return _people(said or "")


def _people(names: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    parts = re.split(r"\s*(?:[,;&/|]|\band\b|\bund\b|\bet\b|\by\b)\s*", " ".join(names.split()))
    people, agencies = people_and_agencies(parts)
    return tuple(one for one in people if _is_person(one)), agencies


def _is_person(name: str) -> bool:
    words = name.split()
    return (
        bool(_NAME.fullmatch(name)) and not _NO_PERSON.search(name) and words[0][0].isupper() and words[-1][0].isupper()
    )
