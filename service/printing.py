"""Answers, passages and articles as plain text for a terminal: no colour, no control codes, at most 100 columns."""

import re
import shutil
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from retrieval.types import Hit, Source
from service.types import Answer, Disagreement, Matter

_NARROW, _WIDE = 80, 100
_DIFFER: Mapping[Matter, str] = {
    "number": "The sources give different numbers",
    "date": "The sources give different dates",
    "speaker": "The sources give the same words to different speakers",
    "status": "The sources differ on how things stand",
}
_CHANGED = "The sources differ, and may each have been right on their day"


def width() -> int:
    """Give the columns to fill: the terminal's, at most 100; 80 where there is none."""
    return min(shutil.get_terminal_size((_NARROW, 24)).columns, _WIDE) if sys.stdout.isatty() else _NARROW


def answer_text(answer: Answer, columns: int) -> str:
    """Lay out an answer: its text, then each source with the quotes that were taken from it."""
    if answer.abstained:
        lines = [line for notice in answer.notices for line in ("", *_wrapped(notice.message, columns))]
        return "\n".join([*_wrapped(answer.abstained.message, columns), *lines])
    lines = _wrapped(answer.text or "", columns)
    for source in answer.sources:
        label = f"[{source.number}] "
        indent = " " * len(label)
        lines += ["", *_wrapped(source.title, columns, label, indent)]
        if about := _about(source):
            lines += _wrapped(about, columns, indent, indent)
        for quote in dict.fromkeys(one.quote for one in answer.citations if one.source == source.number):
            lines += _wrapped(f"“{quote}”", columns, indent, indent)
    for disagreement in answer.disagreements:
        lines += ["", *_disagreement(answer, disagreement, columns)]
    for notice in answer.notices:
        lines += ["", *_wrapped(notice.message, columns)]
    return "\n".join(lines)


def hits_text(hits: Sequence[Hit], columns: int) -> str:
    """Lay out the passages that a question found, the most relevant first."""
    lines: list[str] = []
    for rank, hit in enumerate(hits, 1):
        label = f"{rank}. "
        indent = " " * len(label)
        lines += _wrapped(hit.passage.source.title, columns, label, indent)
        about = _about(hit.passage.source)
        lines += _wrapped(f"{about + ' · ' if about else ''}relevance {hit.relevance:.2f}", columns, indent, indent)
        lines += [*_wrapped(hit.passage.text, columns, indent, indent), ""]
    return "\n".join(lines).rstrip() or "No passage was found."


def sources_text(sources: Iterable[Source], columns: int) -> str:
    """Lay out a list of articles: each one's id, then its title and where it comes from."""
    lines: list[str] = []
    for source in sources:
        lines += _wrapped(source.article_id, columns)
        lines += _wrapped(source.title, columns, "    ", "    ")
        if about := _about(source):
            lines += _wrapped(about, columns, "    ", "    ")
    return "\n".join(lines)


def _disagreement(answer: Answer, disagreement: Disagreement, columns: int) -> list[str]:
    """Lay out what the sources say differently: a line for each, with its day where time may have changed the thing."""
    head = _CHANGED if disagreement.over_time else _DIFFER[disagreement.kind]
    lines = _wrapped(f"{head}: {disagreement.about}", columns)
    for index, says in zip(disagreement.sentences, disagreement.says, strict=True):
        citation = answer.citations[answer.sentences[index].citations[0]]
        published = answer.sources[citation.source - 1].published
        as_of = f"as of {_day(published)}: " if disagreement.over_time and published else ""
        label = f"    [{citation.source}] "
        lines += _wrapped(f"{as_of}“{says}”", columns, label, " " * len(label))
    return lines


def plain(text: str) -> str:
    """Take out what would move the cursor, ring the bell or change the colours of a terminal."""
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", "", text)


def _day(when: datetime) -> str:
    return f"{when.day} {when:%B %Y}"


def _about(source: Source) -> str:
    day = _day(source.published) if source.published else None
    return " · ".join(part for part in (source.outlet, day, ", ".join(source.credits)) if part)


def _wrapped(text: str, columns: int, first: str = "", rest: str = "") -> list[str]:
    """Wrap each line of the text; the very first begins with `first`, all others with `rest`."""
    lines: list[str] = []
    for line in text.splitlines():
        lines += textwrap.wrap(plain(line), columns, initial_indent=rest if lines else first, subsequent_indent=rest)
    return lines or [first.rstrip()]
