"""Different dates of the same event; pure."""

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from service.disagreement.likening import (
    ALIKE,
    SAME_EVENT,
    SAME_WORD,
    Least,
    Span,
    attributions,
    back,
    clause,
    has,
    likeness,
    past,
    subject,
    verb_near,
)
from service.evidence import Statement
from service.language.facts import Moment, moments
from service.language.words import key_of, same

# What happens to one subject once, or once in a long while, so that two dates of it cannot both be right.
_ONCE = frozenset(
    key_of(word)
    for word in """begin start founded establish set launch open reopen close end finish die kill bear sign ink elect
    resign quit step appoint name swear inaugurate arrest crash sink explode collapse break erupt adopt approve pass
    complete merge acquire buy sell marry retire expire publish release ship arrive land leave free convict sentence
    acquit strike hit build create join form unveil introduce invade discover find win capture announce""".split()
)
_BEGIN = frozenset(key_of(word) for word in "begin start commence".split())
_MONTHS_AWAY = 10  # how far from its article a month without a year may be
_ONCE_WITHIN = 60  # days between two dates of one event that is no more than days old or ahead; chosen
_AHEAD = re.compile(
    r"\b(?:will|is to|are to|to be|due|set to|scheduled|expected|plans? to|planned|would|'ll|shall|is being)\b",
    re.IGNORECASE,
)
_CLOCK = re.compile(
    r"\b(?:night|late|early|overnight|midnight|evening|local time|gmt|utc|european time|eastern)\b", re.IGNORECASE
)
_BEFORE = re.compile(
    r"\b(?P<how>since|until|till|by|before|after|from|between|to|through|than|of)\s+(?:the\s+|early\s+|late\s+|mid-?)?$",
    re.IGNORECASE,
)
_WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday".split()


@dataclass(frozen=True, slots=True)
class Day:
    """A date of a statement: the days that it may mean, first and last."""

    span: Span
    said: str
    possible: tuple[tuple[date, date], ...]
    how: str
    """"until", "by", "" …: what the event has to do with it."""
    fine: bool
    """It is a day or a month of the time about its article, no bare year."""


def different_days(one: Statement, other: Statement) -> Iterator[tuple[float, Day, Day]]:
    """Give the dates that two statements give differently for the same event, and how alike the rest is."""
    for mine in days(one):
        for another in days(other):
            least = _same_event(one, mine, other, another) if _apart(mine, one.text, another, other.text) else None
            alike = likeness(one, (mine.span,), other, (another.span,), least) if least else 0.0
            if alike:
                yield alike, mine, another


def same_time(one: Statement, mine: Span, other: Statement, theirs: Span) -> bool:
    """Tell whether no date beside what is compared rules out that both statements tell of one time."""
    here, there = _beside(one, mine), _beside(other, theirs)
    if here and there:
        return any(_meet(own, another) for own in here for another in there)
    own = next(iter(here or there), None)
    published = (other if here else one).source.published
    if own is None or published is None or own.possible[0][0] == own.possible[0][1]:
        return True
    return any(first <= published.date() <= last for first, last in own.possible)  # "in 2021", and an article of 2023


def _beside(statement: Statement, span: Span) -> list[Day]:
    start, end = clause(statement.text, span)
    return [day for day in days(statement) if start <= day.span[0] < end]


def ahead(text: str) -> bool:
    """Tell whether a text tells of what is to come."""
    return bool(_AHEAD.search(text))


def days(statement: Statement) -> tuple[Day, ...]:
    """Give the dates of a statement that can be told from its own words and its article's date."""
    return _days(statement.text, statement.source.published.date() if statement.source.published else None)


@lru_cache(maxsize=20_000)
def _days(text: str, published: date | None) -> tuple[Day, ...]:
    out = attributions(text)
    found = []
    for moment in moments(text):
        possible = _possible(moment, text, published)
        if not possible or any(start <= moment.start < end for start, end in out):
            continue
        before = _BEFORE.search(text[: moment.start])
        found.append(
            Day(
                span=(moment.start, moment.end),
                said=text[moment.start : moment.end],
                possible=tuple(possible),
                how=before["how"].lower() if before else "",
                fine=moment.month is not None or moment.year is None,
            )
        )
    return tuple(found)


def _possible(moment: Moment, text: str, published: date | None) -> list[tuple[date, date]]:
    """Give the days that a date may mean, completed by that of its article."""
    if moment.year or moment.month:
        years = [moment.year] if moment.year else _years(moment, published)
        return [span for year in years if (span := _span(year, moment.month, moment.day))]
    phrase = text[moment.start : moment.end].lower().split()
    weekday = next((index for index, name in enumerate(_WEEKDAYS) if name in phrase), None)
    if published is None or weekday is None or len(phrase) > 1:
        return []  # "last Friday" is read in two ways
    past = published - timedelta((published.weekday() - weekday) % 7)
    coming = past if past == published else past + timedelta(7)
    return [(day, day) for day in dict.fromkeys((past, coming))]


def _years(moment: Moment, published: date | None) -> list[int]:
    """Give the years that a month without one may be in: the nearest before and the nearest after."""
    if published is None:
        return []
    return [
        published.year + shift
        for shift in (-1, 0, 1)
        if abs((shift * 12 + (moment.month or 0)) - published.month) <= _MONTHS_AWAY
    ]


def _span(year: int, month: int | None, day: int | None) -> tuple[date, date] | None:
    try:
        first = date(year, month or 1, day or 1)
        last = date(year, month or 12, day or monthrange(year, month or 12)[1])
    except ValueError:  # "31 June"
        return None
    return first, last


def _meet(mine: Day, theirs: Day) -> bool:
    return any(a <= d and c <= b for a, b in mine.possible for c, d in theirs.possible)


def _apart(mine: Day, text: str, theirs: Day, other: str) -> bool:
    if _meet(mine, theirs) or mine.how != theirs.how:
        return False
    gap = min(max((c - b).days, (a - d).days) for a, b in mine.possible for c, d in theirs.possible)
    if mine.fine != theirs.fine or (mine.fine and gap > _ONCE_WITHIN):
        return False
    return gap > 1 or not (_CLOCK.search(text) or _CLOCK.search(other))


def _same_event(one: Statement, mine: Day, other: Statement, theirs: Day) -> Least | None:
    """Give how much of the rest must be met for both dates to be of one event; None where they cannot be.

    They are when one verb says it of one subject, and it does not come again, or when both tell of what is to come.
    """
    verbs = verb_near(one.text, mine.span, _ONCE), verb_near(other.text, theirs.span, _ONCE)
    coming = [
        ahead(each.text) or bool(verb and verb.key in _ONCE and not past(verb))
        for each, verb in zip((one, other), verbs, strict=True)
    ]
    if coming[0] != coming[1]:
        return None  # what was planned, and what came of it
    if not verbs[0] or not verbs[1]:
        return ALIKE if all(coming) else None
    if not (same(verbs[0], verbs[1]) >= SAME_WORD or {verb.key for verb in verbs if verb} <= _BEGIN):
        return None
    for text, verb, against in ((one.text, verbs[0], other), (other.text, verbs[1], one)):
        who = subject(text, verb)
        if sum(has(f"{against.source.title} . {against.text} . {back(against)}", word) for word in who) < 0.5 * len(
            who
        ):
            return None
    return SAME_EVENT if verbs[0].key in _ONCE or all(coming) else None
