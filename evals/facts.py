"""Whether a text has a fact, in any of its spellings; pure."""

import re
import unicodedata
from collections.abc import Sequence

from evals.cases import Day, Number, Spelling
from service.language.facts import Moment, moments, quantities

_PUNCTUATION = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "‑": "-"})


def has(text: str, fact: Sequence[Spelling]) -> bool:
    """Tell whether a text has a fact in one of its spellings."""
    return any(_has(text, spelling) for spelling in fact)


def says(text: str, words: str) -> bool:
    """Tell whether words stand in a text, case, spaces and the form of quotes and dashes aside.

    They begin where a word begins, so that "art" is not in "start"; a number among them ends where they do, so that
    "31" is in neither "310" nor "31.5". Otherwise a word may go on: "prevent" is in "preventing".
    """
    asked = _plain(words)
    before = r"(?<!\w)(?<!\d[.,])" if re.match(r"\w", asked) else ""
    after = r"(?!\d|[.,]\d)" if asked[-1:].isdigit() else ""
    return bool(asked) and re.search(before + re.escape(asked) + after, _plain(text)) is not None


def _has(text: str, spelling: Spelling) -> bool:
    if isinstance(spelling, Number):
        near = spelling.tolerance + abs(spelling.number) * 1e-9  # of floating point
        return any(abs(one.value - spelling.number) <= near for one in quantities(text))
    if isinstance(spelling, Day):
        return any(_is_of(one, spelling.date) for one in moments(text))
    return says(text, spelling)


def _is_of(moment: Moment, date: str) -> bool:
    """Tell whether a date that a text gives is, as far as it goes, a date that is asked for; a month needs no year."""
    asked = [int(part) for part in date.split("-")]
    given = [moment.year, moment.month, moment.day]
    finest = given[len(asked) - 1]
    return finest is not None and all(one in (None, due) for one, due in zip(given, asked, strict=False))


def _plain(text: str) -> str:
    normal = unicodedata.normalize("NFKC", text).translate(_PUNCTUATION).casefold()
    return " ".join(normal.split())
