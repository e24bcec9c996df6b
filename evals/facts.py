"""Whether a text has a fact, in any of its spellings; pure."""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from evals.cases import Day, Number, Spelling
from service.language import lexicon
from service.language.facts import moments, quantities

_PUNCTUATION = str.maketrans(
    {"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "‑": "-", "−": "-", "‐": "-", "—": " - ", "―": " - "}
)
_ACCENTS = re.compile("[\u0300-\u036f]")
# Thai, Lao, Burmese, Khmer, Japanese, Chinese: words follow one another without a space.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
# A sign before a number is read here: the rules of the language leave out what may be a range or a name.
_SIGN = re.compile(r"(?:(?<![\w.,)])-|\b(?:minus|negative)\s)(?=[$€£¥₹]?\d)", re.IGNORECASE)
_RANGE = re.compile(r"(?<=\d)-(?=\d+(?:,\d{3})*(?:\.\d+)?(?![\w-]))")
_ORDINALS = {
    name: number
    for number, name in enumerate(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
        "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth".split(),
        start=1,
    )
} | {"thirtieth": 30}
_DAYS = _ORDINALS | {
    f"{tens}-{name}": ten + _ORDINALS[name]
    for tens, ten, names in (("twenty", 20, list(_ORDINALS)[:9]), ("thirty", 30, ["first"]))
    for name in names
}
_MONTHS = "|".join(sorted(lexicon.MONTHS, key=len, reverse=True))
_DAY_WORDS = "|".join(sorted((name.replace("-", "[- ]") for name in _DAYS), key=len, reverse=True))
_DAY_IN_WORDS = re.compile(
    rf"\b(?P<d1>{_DAY_WORDS})\s+(?:day\s+)?of\s+(?P<m1>{_MONTHS})\b\.?(?:,?\s+(?P<y1>\d{{4}})\b)?"
    rf"|\b(?P<m2>{_MONTHS})\s+(?:the\s+)?(?P<d2>{_DAY_WORDS}|\d{{1,2}}(?:st|nd|rd|th))\b(?:,?\s+(?P<y2>\d{{4}})\b)?"
    rf"|\b(?P<d3>\d{{1,2}})-(?P<m3>{_MONTHS})-(?P<y3>\d{{4}})\b",
    re.IGNORECASE,
)
_DAY_IN_FIGURES = re.compile(
    r"(?<![\w./-])(?:(?P<y1>\d{4})(?P<s1>[./-])(?P<m1>\d\d?)(?P=s1)(?P<d1>\d\d?)"
    r"|(?P<a>\d\d?)(?P<s2>[./-])(?P<b>\d\d?)(?P=s2)(?P<y2>\d{4}))(?!\d|[/-]\d|\.\d)"
)
# "10-12 November" and "November 10 to 12": the rules of the language read the day that stands next to the month.
_DAY_RANGE = re.compile(
    rf"\b(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?(?:\s?-\s?|\s+to\s+)\d{{1,2}}(?:st|nd|rd|th)?\s+(?P<m1>{_MONTHS})\b\.?(?:,?\s+(?P<y1>\d{{4}})\b)?"
    rf"|\b(?P<m2>{_MONTHS})\b\.?\s+\d{{1,2}}(?:st|nd|rd|th)?(?:\s?-\s?|\s+to\s+)(?P<d2>\d{{1,2}})\b(?!,?\d)(?:,?\s+(?P<y2>\d{{4}})\b)?",
    re.IGNORECASE,
)

_Date = tuple[int | None, int | None, int | None]
"""Year, month and day, as far as they are given."""


def has(text: str, fact: Sequence[Spelling]) -> bool:
    """Tell whether a text has a fact in one of its spellings."""
    return any(_has(text, spelling) for spelling in fact)


def says(text: str, words: str) -> bool:
    """Tell whether words stand in a text, case, accents, spaces and the form of quotes and dashes aside.

    They begin where a word begins and end where one ends, so that "ban" is in neither "urban" nor "Bangladesh", and
    "31" in none of "310", "31.5" and "MQ-31". The last may be inflected: "plan" is in "plans", "planned", "planning".
    """
    asked = _plain(words)
    if not asked:
        return False
    before = r"(?<!\w)" if re.match(r"\w", asked) and not _UNSPACED.match(asked) else ""
    before += r"(?<!\d[.,])(?<![^\W\d_]-)" if asked[0].isdigit() else ""
    after = ""
    if asked[-1].isdigit():
        after = r"(?!\d|[.,]\d)"
    elif re.match(r"\w", asked[-1]) and not _UNSPACED.match(asked[-1]):
        after = rf"(?:e?s|d|{re.escape(asked[-1])}?(?:ed|ing|ers?))?(?!\w)"
    return re.search(before + re.escape(asked) + after, _plain(text)) is not None


def _has(text: str, spelling: Spelling) -> bool:
    if isinstance(spelling, Number):
        near = spelling.tolerance + abs(spelling.number) * 1e-14  # of floating point
        return any(abs(one - spelling.number) <= near for one in _numbers(text))
    if isinstance(spelling, Day):
        return any(_is_of(one, spelling.date) for one in _dates(text))
    return says(text, spelling)


@lru_cache(maxsize=2000)
def _numbers(text: str) -> tuple[float, ...]:
    """Give the numbers of a text, those of a range and those below nought among them; the days of its dates are none.

    What may be a year may be a number as well: "1950 people".
    """
    plain = _normal(text)
    for pattern in (_DAY_IN_FIGURES, _DAY_IN_WORDS):
        plain = pattern.sub(" ", plain)
    plain = _RANGE.sub(" to ", plain)
    below = {one.end() for one in _SIGN.finditer(plain)}
    plain = _SIGN.sub(lambda one: " " * len(one.group()), plain)  # as long as before: places stay where they are
    found = [-one.value if one.start in below else one.value for one in quantities(plain)]
    years = [one for one in moments(plain) if one.year and not one.month and plain[one.start : one.end].isdigit()]
    return (*found, *(float(one.year) for one in years if one.year))


@lru_cache(maxsize=2000)
def _dates(text: str) -> tuple[_Date, ...]:
    """Read dates in words and in figures; 10/11/2023 is read both as 10 November and as October 11.

    Which of the two is meant depends on where it is written, and a wrong date is rarely the right one turned about.
    """
    plain = _normal(text)
    found: list[_Date] = []
    for match in _DAY_IN_FIGURES.finditer(plain):
        year, a, b = (match[key] for key in ("y2", "a", "b"))
        if year:
            found += [(int(year), int(a), int(b)), (int(year), int(b), int(a))]
        else:
            found.append((int(match["y1"]), int(match["m1"]), int(match["d1"])))
    plain = _DAY_IN_FIGURES.sub(" ", plain)
    for pattern in (_DAY_IN_WORDS, _DAY_RANGE):
        for match in pattern.finditer(plain):
            parts = match.groupdict()
            year, month, day = (
                next((parts[f"{key}{i}"] for i in "123" if parts.get(f"{key}{i}")), None) for key in "ymd"
            )
            if month and day and not (parts["m2"] and month.islower()):  # "you may first …"
                found.append((int(year) if year else None, lexicon.MONTHS[month.lower()], _day(day)))
    plain = _DAY_IN_WORDS.sub(lambda one: one.group() if one.group()[0].islower() and one["m2"] else " ", plain)
    return (*found, *((one.year, one.month, one.day) for one in moments(plain)))


def _day(words: str) -> int:
    figures = re.match(r"\d+", words)
    return int(figures.group()) if figures else _DAYS[re.sub(r"\s", "-", words.lower())]


def _is_of(given: _Date, date: str) -> bool:
    """Tell whether a date that a text gives is, as far as it goes, a date that is asked for; a month needs no year."""
    asked = [int(part) for part in date.split("-")]
    finest = given[len(asked) - 1]
    return finest is not None and all(one in (None, due) for one, due in zip(given, asked, strict=False))


def _normal(text: str) -> str:
    return unicodedata.normalize("NFKC", text).translate(_PUNCTUATION)


@lru_cache(maxsize=2000)
def _plain(text: str) -> str:
    apart = unicodedata.normalize("NFKD", _normal(text))
    return " ".join(unicodedata.normalize("NFKC", _ACCENTS.sub("", apart)).casefold().split())
