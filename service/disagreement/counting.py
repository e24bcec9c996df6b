"""Different numbers of the same things; pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from service.disagreement.likening import (
    ANOTHER_WORD,
    Span,
    attributions,
    clause,
    has,
    likeness,
    past,
    proper,
    told,
    verb_near,
)
from service.evidence import Statement
from service.language import lexicon
from service.language.facts import Quantity, quantities
from service.language.words import Word, same, words

_MORE = re.compile(
    r"\b(?:more than|over|above|at least|upwards? of|exceed(?:s|ed|ing)?|no (?:fewer|less) than)\s+$", re.IGNORECASE
)
_LESS = re.compile(
    r"\b(?:(?:less|fewer) than|under|below|up to|at most|as (?:many|much) as|no more than)\s+$", re.IGNORECASE
)
_ABOUT = re.compile(
    r"\b(?:about|around|approximately|roughly|some|an? estimated|estimated at|close to|nearly|almost)\s+$",
    re.IGNORECASE,
)
# How far a hedged number, or a number above a bound, may be from another and still be the same: "about 200" and 212,
# "more than $200 billion" and $219 billion. Chosen.
_NEAR_BY = 0.1
_COUNTED_OUT = 100  # below it a number is not taken for a rounded one: 20 and 23 dead are two tolls
_FAR = 99  # breaks: not there
_BEHIND = 3  # words behind a number that may say what it counts
_AGES_APART = 2  # years that a birthday between two articles does not explain
_CURRENCIES = {
    "inr": r"₹|\brs|inr|rupee|crore|lakh",
    "eur": r"€|eur",
    "gbp": r"£|gbp|pound",
    "jpy": r"¥|yen",
    "aud": r"a\$",
    "cad": r"c\$",
    "usd": r"\$|usd|dollar",
}
_LASTING = re.compile(r"\b(?:is|are|has|have|there)\b", re.IGNORECASE)
_RANGE_BEFORE = re.compile(r"(?:\bbetween\s+|\d\s?(?:-|–|to)\s?|\bbetween\s+\S+\s+and\s+)$", re.IGNORECASE)
_RANGE_AFTER = re.compile(r"\s?(?:-|–|\bto\b|\bor\b)\s?[$€£]?\d")
_LABEL = re.compile(
    r"\b(?:No|Nos|number|pad|room|chapter|article|page|pier|gate|flight|unit|type|phase)\.?\s$", re.IGNORECASE
)
_PART = re.compile(
    r"\s+(?:(?:out\s+)?of\s+(?:the|them|those|these|its|their|his|her|all|whom|which)\b|were\s+among\b)\s*[\d,]*"
)
_EACH = re.compile(r"(?:\W+\w+){,2}\W+(?:each|apiece|every)\b", re.IGNORECASE)
_WHOLE = re.compile(r"\bof\s+(?:the|its|their|his|her|all|those|these)\s+$")
_PLACED = re.compile(r"\b(?:in|at|near|across|outside|around)\s+(?:the\s+)?$")
_OPEN = re.compile(
    r"\b(?:will|would|(?:is|are|due|set|plan\w*) to|wants?|forecasts?|expect(?:s|ed)|project(?:ed|ion)"
    r"|predict(?:s|ed))\b"
)
_PAST = re.compile(r"\b(?:has|have|had|was|were|did|\w\w+ed)\b")
_CONVERTED = re.compile(r"[^()]{,12}\)")  # "209-acre (85 ha)"
_CUTTING = frozenset("cut cuts lower lowered raise raised reduce reduced lift lifted trim trimmed".split())
_CHANGING = frozenset(
    "rise rose risen fall fell fallen grow grew grown jump jumped gain gained slip slipped drop dropped climb climbed "
    "increase increased decrease decreased decline declined rises falls grows up down soared surged".split()
)
# A number in whose clause one of these stands counts another thing than the same number without it.
_QUALIFIERS = tuple(
    re.compile(rf"\b(?:{words_})\b", re.IGNORECASE)
    for words_ in (
        r"(?:per|an?|every|each)\s+(?:year|month|week|day|hour|share|head|person|piece|kilo\w*|ton\w*|barrel|night|mile)"
        r"|annual\w*|yearly|monthly|weekly|daily|hourly|quarterly",
        r"quarter|half|semester",
        r"another|additional(?:ly)?|further|extra|more",
        r"target|goal|limit|ceiling|cap|maximum|minimum",
        r"could|might|may",
        r"ask(?:s|ed|ing)?|demand\w*|seeks?|sought|request\w*|offer\w*|propos\w*|hop(?:es|ed)",
        r"averaged?|median|mean",
        r"record",
        r"remaining|rest|others?",
        r"previous(?:ly)?|earlier|ago|since|initial(?:ly)?|original(?:ly)?",
        r"next|later|subsequent(?:ly)?",
        r"net|gross",
        r"urban|rural",
    )
)


@dataclass(frozen=True, slots=True)
class Count:
    """A number of a statement, as it is compared."""

    value: float
    unit: str
    """A currency, "percent", "age" or ""."""
    span: Span
    """Where it stands, with the words that bound it."""
    bound: str
    """"up", "down" or ""."""
    hedged: bool
    grain: float
    """The value of its last digit that is not a rounding zero."""
    direction: str
    """"to", "by", "from" or "": a level, a change, a level before."""
    after: tuple[Word, ...]
    """The words right behind it: what it counts."""
    each: bool
    """It is for each of several: "$38 a share"."""
    part: bool
    """It counts some of them: "two of its plants"."""


def different_counts(one: Statement, other: Statement) -> Iterator[tuple[float, Count, Count]]:
    """Give the numbers that two statements give differently for the same thing, and how alike the rest is."""
    for mine in counts(one.text):  # most have none, and then the others' need not be looked for
        for another in counts(other.text):
            if _apart(mine, another) and _same_counted(one, mine, other, another):
                alike = likeness(one, (mine.span,), other, (another.span,))
                if alike:
                    yield alike, mine, another


@lru_cache(maxsize=20_000)
def counts(text: str) -> tuple[Count, ...]:
    """Give the numbers of a text that count or measure something."""
    return tuple(_count(text, one) for one in quantities(text) if not one.ordinal and _counting(text, one))


def open_to(one: Count, other: Count) -> bool:
    """Tell whether the bound of one number allows the other: "at least 19" and 23."""
    low, high = sorted((one, other), key=lambda each: each.value)
    return low.bound == "up" or high.bound == "down"


def happened(text: str, span: Span) -> bool:
    """Tell whether what a number is of happened at some time, and does not go on: "killed 19", not "has 19"."""
    start, end = clause(text, span)
    return past(verb_near(text, span)) and not _LASTING.search(text[start:end])


def _counting(text: str, one: Quantity) -> bool:
    """Tell whether a number counts something by itself, and is no range, name, part or conversion."""
    before, after = text[: one.start], text[one.end :]
    name = next((word for word in reversed(words(text)) if word.end <= one.start), None)
    named = name and name.name and not (before[name.end :].strip() or one.unit or _hedge(before))
    return not (
        named
        or text[one.start : one.end].strip().lower() == "one"
        or any(start <= one.start < end for start, end in attributions(text))
        or _RANGE_BEFORE.search(before)
        or _RANGE_AFTER.match(after)
        or _LABEL.search(before)
        or _WHOLE.search(before)
        or (before.endswith("(") and _CONVERTED.match(after))
    )


def _hedge(before: str) -> re.Match[str] | None:
    return _MORE.search(before) or _LESS.search(before) or _ABOUT.search(before)


def _count(text: str, one: Quantity) -> Count:
    before, after = text[: one.start], text[one.end :]
    lasting = bool(re.match(r"\s?(?:years?|months?|weeks?|days?|hours?)\b", after))  # "over seven years"
    more, less, about = (pattern.search(before) for pattern in (_MORE, _LESS, _ABOUT))
    more = None if lasting else more
    part = _PART.match(after)
    hedge = more or less or about
    start = hedge.start() if hedge else one.start
    age = re.match(r"-year-old\b", after) or (re.search(r"[^\W\d_],\s$", before) and re.match(r"[,.]", after))
    return Count(
        value=one.value,
        unit=_currency(text[one.start : one.end]) if one.unit == "money" else one.unit or ("age" if age else ""),
        span=(start, one.end),
        bound="up" if more else "down" if less else "",
        hedged=bool(about),
        grain=_grain(text[one.start : one.end], one.value),
        direction=_direction(text[:start]),
        after=_after(text, one.end + (part.end() if part else 0)),
        each=bool(_EACH.match(after)),
        part=bool(part),
    )


def _direction(before: str) -> str:
    last = [word.text.lower() for word in words(re.split(r"[,;:]\s", before)[-1])]
    if last[-1:] == ["by"] and not (_CHANGING | _CUTTING) & set(last):
        return ""
    return last[-1] if last and last[-1] in {"to", "from", "by"} else "by" if last and last[-1] in _CHANGING else ""


def _currency(figure: str) -> str:
    lower = figure.lower()
    return next((name for name, pattern in _CURRENCIES.items() if re.search(pattern, lower)), "money")


def _grain(figure: str, value: float) -> float:
    """Give the value of the last digit that counts: 100 for 200, .1 million for "4.4 million"."""
    digits = re.search(r"(\d[\d,]*)(?:\.(\d+))?", figure)
    if not digits:
        return 1.0
    number = float(digits.group().replace(",", ""))
    scale = value / number if number else 1.0
    if digits[2]:
        return scale * 10.0 ** -len(digits[2])
    whole = digits[1].replace(",", "")
    return scale * 10.0 ** (len(whole) - len(whole.rstrip("0"))) if value >= _COUNTED_OUT else scale


def _after(text: str, at: int) -> tuple[Word, ...]:
    """Give the first words that follow a number, over hyphens and "of"."""
    after: list[Word] = []
    for word in words(text):
        if word.start < at:
            continue
        if re.search(r"[,;:.()“”\"]", text[at : word.start]) or len(after) == _BEHIND:
            break
        if word.content and not word.number:
            after.append(word)
        elif word.text.lower() != "of" or after:
            break
        at = word.end
    return tuple(after)


def _apart(mine: Count, theirs: Count) -> bool:
    """Tell whether two numbers of one unit cannot both be right, however they were rounded."""
    kinds = [(one.unit, one.direction, one.part, one.each) for one in (mine, theirs)]
    if kinds[0] != kinds[1] or mine.direction == "from":
        return False
    low, high = sorted((mine, theirs), key=lambda one: one.value)
    difference = high.value - low.value
    if mine.unit == "age":
        return difference >= _AGES_APART
    if difference <= max(mine.grain, theirs.grain) / 2:
        return False
    hedged = mine.hedged or theirs.hedged or low.bound == "up" or high.bound == "down"
    return not hedged or difference > _NEAR_BY * high.value


def _same_counted(one: Statement, mine: Count, other: Statement, theirs: Count) -> bool:
    """Tell whether two numbers count the same: by the words behind them, the verb, and nothing that makes it a part."""
    if any(each.value == theirs.value for each in quantities(one.text)) or any(
        each.value == mine.value for each in quantities(other.text)
    ):
        return False  # one statement has both: "fell to 2.6 percent from 3.1 percent"
    if _counted_again(one.text, mine) or _counted_again(other.text, theirs):
        return False
    if _of_another(one.text, mine, other.text, theirs) or _of_another(other.text, theirs, one.text, mine):
        return False
    here, there = (_clause_without(each.text, count.span) for each, count in ((one, mine), (other, theirs)))
    if any(bool(pattern.search(here)) != bool(pattern.search(there)) for pattern in _QUALIFIERS):
        return False
    if _elsewhere(one, mine, other) or _elsewhere(other, theirs, one):
        return False
    if bool(_OPEN.search(here)) != bool(_OPEN.search(there)) and any(map(_past, (here, there))):
        return False
    strange = any(not has(other.text, word) for word in mine.after)
    foreign = any(not has(one.text, word) for word in theirs.after)
    if (strange and foreign) or not (mine.unit or _things_meet(one, mine, other, theirs)):
        return False
    verbs = verb_near(one.text, mine.span), verb_near(other.text, theirs.span)
    if not verbs[0] or not verbs[1] or same(verbs[0], verbs[1]) >= ANOTHER_WORD:
        return True
    return has(there, verbs[0]) or has(here, verbs[1])


def _things_meet(one: Statement, mine: Count, other: Statement, theirs: Count) -> bool:
    """Tell whether what is counted is called the same, by no narrower a name on one side."""
    for after, against, statement in ((mine.after, theirs.after, other), (theirs.after, mine.after, one)):
        near = f"{statement.text} . {statement.source.title} . {' . '.join(statement.before[-1:])}"
        met = next(
            (at for at, word in enumerate(after) if any(same(word, each) >= ANOTHER_WORD for each in against)), None
        )
        if met is None or not all(has(near, word) for word in after[:met]):
            return False
    return True


def _counted_again(text: str, count: Count) -> bool:
    """Tell whether a text counts the same thing twice, as where it breaks a total down."""
    mine = count.unit, count.direction
    others = [each for each in counts(text) if each.span != count.span and (each.unit, each.direction) == mine]
    return any(
        same(count.after[0], each.after[0]) >= ANOTHER_WORD
        if count.after and each.after
        else bool(count.unit) and clause(text, each.span) == clause(text, count.span)
        for each in others
    )


def _of_another(one: str, mine: Count, other: str, theirs: Count) -> bool:
    """Tell whether the other text says of another share or sum what one says of its own: "a turnout of 81 percent"."""
    rivals = [each for each in counts(other) if each.unit == theirs.unit and each.span != theirs.span]
    near = [each.word for each in told(one, mine.span) if not each.breaks and not proper(each.word)]
    return bool(mine.unit) and any(
        min((each.breaks for each in told(other, rival.span) if same(word, each.word) >= ANOTHER_WORD), default=_FAR)
        < min((each.breaks for each in told(other, theirs.span) if same(word, each.word) >= ANOTHER_WORD), default=_FAR)
        for rival in rivals
        for word in near
    )


def _elsewhere(one: Statement, mine: Count, other: Statement) -> bool:
    """Tell whether one counts in a place that the other's article does not name at its beginning: "in Tessaly"."""
    near = f"{other.text} . {' . '.join(other.lead)} . {' . '.join(other.before[-2:])}"
    return any(
        each.word.name and not has(near, each.word) and _PLACED.search(one.text[: each.word.start])
        for each in told(one.text, mine.span)
        if not each.breaks
    )


def _past(clause_: str) -> bool:
    return bool(_PAST.search(clause_)) or any(word.text.lower() in lexicon.IRREGULAR for word in words(clause_))


def _clause_without(text: str, span: Span) -> str:
    start, end = clause(text, span)
    return f"{text[start : span[0]]} … {text[span[1] : end]}"
