"""What a question asks of the time of publication: "latest", "recent", "this week", "today"; pure.

Only these words do. Months and years are what an article tells of; "now" and "currently" add nothing to a question in
the present tense; "in recent years" is a time that the articles tell of; and a name has no date: "USA Today".
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from retrieval.types import Source
from service.extractive.choosing import Candidate
from service.language.words import words
from service.types import Notice

# "Latest" and "recent" name no time; a month is chosen: what nobody has written of for longer is hardly news.
_RECENT = timedelta(days=30)
_NEWS = r"(?:(?:news|developments?|updates?|information)\s+)?(?:on|about|regarding|concerning|with)\b"
_WORDS = re.compile(
    r"\b(?P<day>today|tonight|this (?:morning|afternoon|evening))\b(?:['’]s\b)?"
    r"|\b(?P<week>this week)\b(?:['’]s\b)?"
    rf"|\b(?:the\s+)?(?P<news>latest|newest)\s+{_NEWS}"
    r"|\b(?P<recent>(?<!\bat the )latest|latest(?=\s+\w)|newest|recent(?:ly)?)\b"
    r"(?!\s+(?:past\b|history\b|(?:\w+\s+)?(?:years?|decades?|centur\w+|months?|weeks?|days?)\b))",
    re.IGNORECASE,
)
_AGES = {"day": timedelta(days=1), "week": timedelta(days=7), "news": _RECENT, "recent": _RECENT}
_QUOTED = re.compile(r"[\"“][^\"“”]*[\"”]|'[^']*'|‘[^’]*’")
# How far behind the best, in units of its score, a statement is still about as good. Of 18 questions for the latest,
# the first sentence is of the article that it should be for 10 with 0, 13 with 1 and 1.5, 14 with 2, 12 with 5
# (benchmarks/disagreement.py --series).
AS_GOOD = 1.5
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Wanted:
    """How old an article may be for a question, and the word of the question that says so."""

    within: timedelta
    word: str


def wanted(question: str) -> Wanted | None:
    """Tell how new the articles must be that a question asks for; None where it does not say."""
    found = [Wanted(_AGES[kind], match[kind].lower()) for match in _asking(question) for kind in _AGES if match[kind]]
    return min(found, key=lambda one: one.within, default=None)


def timeless(question: str) -> str:
    """Give a question without the words that ask for new articles: none says "latest" of itself."""
    kept, done = "", 0
    for match in _asking(question):
        kept += question[done : match.start()] + ("about" if match["news"] else "")
        done = match.end()
    kept = " ".join((kept + question[done:]).split())
    return kept if any(word.content for word in words(kept)) else question


def newest_first(ranked: Sequence[Candidate]) -> list[Candidate]:
    """Put the newer first of the statements that are about as good as the best; they change places, and so scores."""
    ranked = sorted(ranked, key=lambda one: -one.score)
    near = [one for one in ranked if one.score >= ranked[0].score - AS_GOOD]
    newer = sorted(near, key=lambda one: one.statement.source.published or _LONG_AGO, reverse=True)
    moved = [replace(one, score=place.score) for one, place in zip(newer, near, strict=True)]
    return [*moved, *ranked[len(near) :]]


def older_than_asked(question: str, sources: Iterable[Source], now: datetime, *, cited: bool) -> Notice | None:
    """Give the notice that the newest of some sources is older than a question asks for; None where it is not.

    Nothing is said where no source has a date.
    """
    asked = wanted(question)
    newest = max((one.published for one in sources if one.published), default=None)
    if not asked or not newest or now - newest <= asked.within:
        return None
    which = "The newest article cited" if cited else "The newest article found"
    days = "the last day" if asked.within.days == 1 else f"the last {asked.within.days} days"
    message = f"{which} is of {newest.day} {newest:%B %Y}; “{asked.word}” asks for {days}."
    return Notice(kind="older_than_asked", message=message)


def _asking(question: str) -> list[re.Match[str]]:
    plain = _QUOTED.sub(lambda found: " " * len(found.group()), question)
    return [match for match in _WORDS.finditer(plain) if not _in_a_name(plain, match)]


def _in_a_name(question: str, match: re.Match[str]) -> bool:
    """Tell whether a word has a capital inside a question that is not all in capitals."""
    inside = bool(question[: match.start()].strip())
    return inside and match.group()[0].isupper() and bool(re.search(r"\b[a-z]{4,}", question))
