"""What a question asks of the time of publication: "latest", "recent", "this week", "today"; pure.

Only these words do. Months and years are what an article tells of; "now" and "currently" add nothing to a question in
the present tense; "in recent years" is a time that the articles tell of; and a name has no date: "USA Today".
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from retrieval.types import Source
from service.extractive.choosing import Candidate
from service.types import Notice

_DAY, _WEEK = timedelta(days=1), timedelta(days=7)
# "Latest" and "recent" name no time; a month is chosen: what nobody has written of for longer is hardly news.
_RECENT = timedelta(days=30)
_WORDS = re.compile(
    r"\b(?P<day>today|tonight|this (?:morning|afternoon|evening))\b"
    r"|\b(?P<week>this week)\b"
    r"|(?<!\bat the )\b(?P<recent>latest|newest|recent(?:ly)?)\b"
    r"(?!\s+(?:past\b|history\b|(?:\w+\s+)?(?:years?|decades?|centur\w+|months?|weeks?|days?)\b))",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[\"“][^\"“”]*[\"”]|'[^']*'|‘[^’]*’")
# What the newest of several statements gains over the oldest, in units of their score; a further sentence of an answer
# may score 1.2 less than the best. benchmarks/disagreement.py --series measures it.
NEWER = 1.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """How old an article may be for a question, and the word of the question that says so."""

    within: timedelta
    word: str


def wanted(question: str) -> Wanted | None:
    """Tell how new the articles must be that a question asks for; None where it does not say."""
    plain = _QUOTED.sub(lambda found: " " * len(found.group()), question)
    found = [
        Wanted(_DAY if match["day"] else _WEEK if match["week"] else _RECENT, match.group().lower())
        for match in _WORDS.finditer(plain)
        if not _in_a_name(plain, match)
    ]
    return min(found, key=lambda one: one.within, default=None)


def newest_first(ranked: Sequence[Candidate], within: timedelta) -> list[Candidate]:
    """Let what was published later come first among statements that are about equally good.

    Each gains NEWER for being as new as the newest, half of it where it is `within` older, a quarter twice that.
    """
    published = [one.statement.source.published for one in ranked]
    newest = max((one for one in published if one), default=None)
    if newest is None:
        return list(ranked)
    gained = [
        replace(one, score=one.score + (NEWER * 0.5 ** ((newest - when) / within) if when else 0.0))
        for one, when in zip(ranked, published, strict=True)
    ]
    return sorted(gained, key=lambda one: -one.score)


def older_than_asked(question: str, sources: Iterable[Source], now: datetime, *, cited: bool) -> Notice | None:
    """Give the notice that the newest of some sources is older than a question asks for; None where it is not.

    Nothing is said where no source has a date.
    """
    asked = wanted(question)
    newest = max((one.published for one in sources if one.published), default=None)
    if not asked or not newest or now - newest <= asked.within:
        return None
    which = "The newest article cited" if cited else "The newest article found"
    ages = {_DAY: "the last day", _WEEK: "the last 7 days", _RECENT: "the last 30 days"}
    message = f"{which} is of {newest.day} {newest:%B %Y}; “{asked.word}” asks for {ages[asked.within]}."
    return Notice(kind="older_than_asked", message=message)


def _in_a_name(question: str, match: re.Match[str]) -> bool:
    """Tell whether a word has a capital inside a question that is not all in capitals."""
    inside = bool(question[: match.start()].strip())
    return inside and match.group()[0].isupper() and bool(re.search(r"\b[a-z]{4,}", question))
