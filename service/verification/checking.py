"""Whether some words of an article say a sentence, by what code can prove: numbers, dates, names, quotations, negation."""

import re
from dataclasses import dataclass
from functools import lru_cache

from retrieval.types import Source
from service.language import lexicon
from service.language.facts import moments, quantities
from service.language.words import Word, same, words

# The share of a sentence's content words that its quote must meet. Balanced accuracy on the news part of SummEdits by
# this threshold (benchmarks/verification.py): see benchmarks/README.md.
LEAST_COVERAGE = 0.6

_QUOTATION = re.compile(r"[\"“”«]([^\"“”«»]{8,})[\"“”»]")


@dataclass(frozen=True, slots=True)
class Check:
    """How far a quote supports a sentence (0..1), and why not, in words for people."""

    support: float
    reasons: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Tell whether the quote states the sentence."""
        return not self.reasons


@lru_cache(maxsize=20_000)
def check(sentence: str, quote: str, source: Source) -> Check:
    """Check a sentence (without markers) against a quote and its article's title, outlet, date and credits."""
    if _plain(sentence) in _plain(quote):
        return Check(1.0)
    beside = " . ".join([source.title, source.outlet or "", *source.credits])
    reasons = [*_missing_numbers(sentence, quote, source), *_missing_names(sentence, quote, beside)]
    reasons += [f"“{phrase}” is not in the quote" for phrase in _QUOTATION.findall(sentence) if _plain(phrase) not in _plain(quote)]
    if _negated(sentence) != _negated(quote):
        denies = "the sentence" if _negated(sentence) else "the quote"
        reasons.append(f"only {denies} says not")
    covered = coverage(sentence, quote)
    if covered < LEAST_COVERAGE:
        reasons.append("the quote says something else")
    return Check(covered, tuple(reasons))


def coverage(sentence: str, quote: str) -> float:
    """Give the share of a sentence's content words that a quote has, in other forms and words too.

    Names and numbers are left out, for all of them must be met anyway: a list of the people present has every name of
    "The delegation was led by …", and says nothing of it.
    """
    content = [word for word in words(sentence) if word.content and not word.name and not word.number]
    if not content:
        return 1.0
    found = words(quote)
    return sum(max((same(word, one) for one in found), default=0.0) for word in content) / len(content)


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[^\w\s]", "", text.casefold()).split())


def _missing_numbers(sentence: str, quote: str, source: Source) -> list[str]:
    known = [(one.value, one.unit) for one in quantities(quote)]
    dates = list(moments(quote))
    reasons = []
    for one in quantities(sentence):
        if one.value == 1 and sentence[one.start : one.end].lower() == "one":
            continue  # "one of the …" counts nothing
        said = any(one.value == value and (not one.unit or one.unit == unit) for value, unit in known)
        if not said and not any(one.value in (date.year, date.day) for date in dates):
            reasons.append(f"{sentence[one.start : one.end]} is not in the quote")
    for date in moments(sentence):
        if not (date.year or date.month or date.day):
            continue
        published = source.published
        year = {one.year for one in dates} | ({published.year} if published else set())
        month = {one.month for one in dates} | ({published.month} if published else set())
        day = {one.day for one in dates} | ({published.day} if published else set())
        met = date.year in {None, *year} and date.month in {None, *month} and date.day in {None, *day}
        if not met and not any(quantity.value == date.year for quantity in quantities(quote)):
            reasons.append(f"{sentence[date.start : date.end]} is not in the quote")
    return reasons


def _missing_names(sentence: str, quote: str, beside: str) -> list[str]:
    found: tuple[Word, ...] = (*words(quote), *words(beside))
    return [
        f"{word.text} is not in the quote"
        for word in words(sentence)
        if word.name and not any(same(word, one) >= 0.9 for one in found)
    ]


def _negated(text: str) -> bool:
    lower = text.lower().replace("’", "'")
    return any(
        word in lexicon.NEGATIONS or word.endswith("n't") for word in re.findall(r"[a-z']+", _QUOTATION.sub("", lower))
    )
