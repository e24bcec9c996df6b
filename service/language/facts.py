"""The numbers and dates of a text, in whatever spelling; pure."""

import re
from dataclasses import dataclass
from functools import lru_cache

from service.language import lexicon

_NUMBER_WORDS = lexicon.NUMBER_WORDS | {"hundred": 100, "dozen": 12}
_WORDS = "|".join(sorted(_NUMBER_WORDS, key=len, reverse=True))
_SCALES = "|".join(sorted(lexicon.SCALES, key=len, reverse=True))
_CURRENCY = r"(?:US\$|A\$|C\$|[$€£¥₹]|Rs\.?|USD|EUR|GBP|INR)"
_QUANTITY = re.compile(
    rf"(?P<currency>(?<![^\W\d_]){_CURRENCY}\s?)?"  # no "Rs" in "numbers 31"
    rf"(?<![\w.+/-])(?P<number>\d+(?:,\d{{2,3}})+(?:\.\d+)?|\d+(?:\.\d+)?|(?:{_WORDS})(?:[-\s](?:and\s)?(?:{_WORDS}))*)"
    rf"(?:[\s-]?(?P<scale>{_SCALES})\b)?"
    r"(?P<unit>\s?(?:%|per\s?cent\b|percent\b|percentage points?\b|dollars?\b|euros?\b|pounds?\b|rupees?\b))?"
    r"(?P<ordinal>st\b|nd\b|rd\b|th\b)?(?![\w+/])",
    re.IGNORECASE,
)
_PARTS = {"half": 0.5, "third": 1 / 3, "quarter": 0.25, "tenth": 0.1}
_PART = re.compile(  # "a quarter of a percentage point", "half a percent"
    rf"\b(?:(?P<count>an?|one|two|three)[\s-])?(?P<part>{'|'.join(_PARTS)})s?\s+(?:of\s+)?(?:an?|one)\s+(?:per\s?cent(?:age)?(?:\s+point)?|point)\b",
    re.IGNORECASE,
)
_MONTHS = "|".join(sorted(lexicon.MONTHS, key=len, reverse=True))
_YEAR = r"(?:1[5-9]|20)\d\d"
_BEGINNINGS = "|".join(sorted({month[:3] for month in lexicon.MONTHS}))  # most words have none of them, and are no date
_DATE = re.compile(
    rf"\b(?=\d|{_BEGINNINGS})(?:(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<m1>{_MONTHS})\b\.?(?:,?\s+(?P<y1>{_YEAR})\b)?"
    rf"|(?P<m2>{_MONTHS})\b\.?\s+(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\b(?!,?\d)(?:,?\s+(?P<y2>{_YEAR})\b)?"
    rf"|(?P<m3>{_MONTHS})\b\.?,?\s+(?P<y3>{_YEAR})\b"
    rf"|(?P<y4>{_YEAR})-(?P<m4>\d\d)-(?P<d4>\d\d)"
    rf"|(?P<y5>{_YEAR})(?:s\b|\b)(?![\w%]|[,.]\d)"
    rf"|(?P<m6>{_MONTHS})\b)",
    re.IGNORECASE,
)
_ORDINAL = re.compile(rf"\b(?:{'|'.join(lexicon.ORDINAL_WORDS)})\b", re.IGNORECASE)
_CASED_MONTHS = re.compile(r"\b(?:may|march)\b")  # in lower case these are no months
_RELATIVE = re.compile(
    r"\b(?:(?:early|late|mid|later|earlier)[\s-])?(?:last|next|this|past|coming|previous|following)\s+"
    r"(?:year|month|week|decade|century|summer|winter|spring|autumn|fall|weekend|monday|tuesday|wednesday|thursday|friday|"
    r"saturday|sunday)\b|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b|\b(?:yesterday|today|tomorrow|tonight)\b"
    r"|\b\w+\s+(?:years?|months?|weeks?|days?|hours?)\s+(?:ago|later|earlier)\b"
    r"|\b(?:noon|midnight|dawn|dusk)\b|\b\d{1,2}(?:[:.]\d\d)?\s?(?:a\.?m\b|p\.?m\b)|\b\d{1,2}:\d\d\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its scale applied; `unit` is "", "money" or "percent"."""

    value: float
    unit: str
    start: int
    end: int
    ordinal: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """A date as far as the text gives it; all None for "last year" and the like."""

    year: int | None
    month: int | None
    day: int | None
    start: int
    end: int


@lru_cache(maxsize=20_000)
def moments(text: str) -> tuple[Moment, ...]:
    """Give the dates and times of a text, relative ones ("last Friday") among them, in order."""
    found: list[Moment] = []
    for match in _DATE.finditer(text):
        if _CASED_MONTHS.fullmatch(match.group()):
            continue
        fields = match.groupdict()
        year = next((int(fields[f"y{i}"]) for i in range(1, 6) if fields.get(f"y{i}")), None)
        name = next((fields[f"m{i}"] for i in (1, 2, 3, 4, 6) if fields.get(f"m{i}")), None)
        month = (int(name) if name.isdigit() else lexicon.MONTHS[name.lower()]) if name else None
        day = next((int(fields[f"d{i}"]) for i in (1, 2, 4) if fields.get(f"d{i}")), None)
        if match.group()[0].islower() and name and day is None and year is None:
            continue  # "march", "may" and "august" as plain words
        found.append(Moment(year, month, day, *match.span()))
    taken = [(one.start, one.end) for one in found]
    found += [
        Moment(None, None, None, *match.span())
        for match in _RELATIVE.finditer(text)
        if not any(start < match.end() and match.start() < end for start, end in taken)
    ]
    return tuple(sorted(found, key=lambda one: one.start))


@lru_cache(maxsize=20_000)
def quantities(text: str) -> tuple[Quantity, ...]:
    """Give the numbers of a text in order, those of its dates left out."""
    dated = [(one.start, one.end) for one in moments(text)]
    found: list[Quantity] = []
    for match in _PART.finditer(text):
        count = {"two": 2, "three": 3}.get((match["count"] or "").lower(), 1)
        found.append(Quantity(count * _PARTS[match["part"].lower()], "percent", *match.span()))
        dated.append(match.span())
    for match in _QUANTITY.finditer(text):
        start, end = match.span()
        if any(from_ < end and start < to for from_, to in dated):
            continue
        value = _value(match["number"])
        if value is None:
            continue
        if match["scale"]:
            value *= lexicon.SCALES[match["scale"].lower()]
        unit = (match["unit"] or "").strip().lower()
        kind = "percent" if unit.startswith(("%", "per")) else "money" if match["currency"] or unit else ""
        found.append(Quantity(value, kind, start, end, ordinal=bool(match["ordinal"])))
    for match in _ORDINAL.finditer(text):
        if any(start <= match.start() < end for start, end in dated):
            continue
        value = float(lexicon.ORDINAL_WORDS[match.group().lower()])
        found.append(Quantity(value, "", *match.span(), ordinal=True))
    return tuple(sorted(found, key=lambda one: one.start))


def _value(number: str) -> float | None:
    if number[0].isdigit():
        return float(number.replace(",", ""))
    total, current = 0, 0
    for word in re.split(r"[-\s]+", number.lower()):
        if word == "and":
            continue
        amount = _NUMBER_WORDS[word]
        if word in {"hundred", "dozen"}:
            current = (current or 1) * amount
        else:
            current += amount
    return float(total + current)
