"""Whether some words of an article say a sentence, by what code can prove: numbers, dates, names, quotations, negation."""

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from retrieval.types import Source
from service.language import lexicon
from service.language.words import Word, key_of, same, synonymous, words
from service.verification.certainty import wrong_certainty
from service.verification.figures import figure_spans, wrong_dates, wrong_numbers
from service.verification.polarity import wrong_polarity
from service.verification.roles import swapped_roles

# The share of a sentence's content words that its quote must meet. Balanced accuracy on the news part of SummEdits by
# this threshold (benchmarks/verification.py): see benchmarks/README.md.
LEAST_COVERAGE = 0.7
_OTHER_WORDS = 0.95  # support, at most, but of the words themselves
_DETAILED = 0.8  # with this share two words in a row may be new
UNCOVERED = "the quote says something else"

_QUOTATION = re.compile(r"[\"“”«]([^\"“”«»]{8,})[\"“”»]|‘(.{8,}?)’(?!\w)|(?<!\w)'(.{8,}?)'(?!\w)")
_ADDRESS = re.compile(r"\S*(?:://|\bwww\.|\]\()\S*")
_TOKEN = re.compile(r"\d+(?:[.,:/+]\d+)*|\w+|[$€£¥₹%]")
_POINTING = re.compile(r"\b(?:he|she|it|its|they|their|both|two)\b", re.IGNORECASE)
_PLACE = re.compile(r"\b(?:in|at|to|from)\s+(?:the\s+)?$", re.IGNORECASE)
_SAYING = frozenset(key_of(verb) for verb in lexicon.SAYING)
# What ends like this is an ordinary word, though it opens a sentence with a capital and the quote does not have it.
_ORDINARY = re.compile(
    r"(?:s|al|ic|ive|ed|ing|ly|ous|ful|ary|able|ible|ment|tion|sion|ity|ness|ship|ism|ance|ence)$", re.IGNORECASE
)


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
    tokens = _tokens(sentence)
    if tokens and tokens == _tokens(quote):
        return Check(1.0)
    reasons = [
        *wrong_numbers(sentence, quote),
        *wrong_dates(sentence, quote, source.published.date() if source.published else None),
        *_missing_names(sentence, quote, source),
        *_missing_words(sentence, quote),
        *wrong_polarity(sentence, quote),
    ]
    # Of most pairs this is not asked any more: it would only add to their reasons.
    reasons = reasons or [*wrong_certainty(sentence, quote), *swapped_roles(sentence, quote)]
    covered, met = _coverage(sentence, quote, source)
    if met < LEAST_COVERAGE:
        reasons.append(UNCOVERED)
    return Check(min(covered, _OTHER_WORDS), tuple(dict.fromkeys(reasons)))


def _coverage(sentence: str, quote: str, source: Source) -> tuple[float, float]:
    """Give how far a quote has a sentence's content words: by how alike they are, and the share that it has at all.

    Numbers and dates are left out, as they are looked at by themselves.
    """
    figures = figure_spans(sentence)
    found = (*words(quote), *words(_beside(source)))
    content = [
        word
        for word in words(sentence)
        if word.content and not any(start <= word.start < end for start, end in figures)
    ]
    if not content:
        return (1.0, 1.0) if figures else (0.0, 0.0)
    weights = [0.5 if word.light else 1.0 for word in content]
    likeness = [max((same(word, one) for one in found), default=0.0) for word in content]
    whole = sum(weights)
    covered = sum(weight * alike for weight, alike in zip(weights, likeness, strict=True)) / whole
    met = sum(weight for weight, alike in zip(weights, likeness, strict=True) if alike) / whole
    return covered, met if met >= _DETAILED or not _detail(weights, likeness) else 0.0


def _detail(weights: list[float], likeness: list[float]) -> bool:
    """Tell whether a quote lacks two words in a row, as of a detail that somebody made up: "a nuclear reactor"."""
    unmet = [alike == 0.0 and weight == 1.0 for weight, alike in zip(weights, likeness, strict=True)]
    return any(one and other for one, other in pairwise(unmet))


def _missing_names(sentence: str, quote: str, source: Source) -> list[str]:
    found, beside = words(quote), words(source.title)
    known = words(f"{source.outlet or ''} . {' . '.join(source.credits)}")
    said = words(sentence)
    figures = figure_spans(sentence)  # "Today Singh said": looked at by themselves
    missing = []
    for index, word in enumerate(said):
        if any(start <= word.start < end for start, end in figures):
            continue
        if _has(found, word, 0.9) or _has(known, word, 0.9):
            continue
        if not word.name and (not _may_be_name(word) or _has(found, word, 0.8)):
            continue
        # The title may say whom the article is about, but not who said what stands in the quote, nor where it happened,
        # nor replace its names.
        speaks = index + 1 < len(said) and said[index + 1].key in _SAYING
        if (
            speaks
            or _PLACE.search(sentence[: word.start])
            or not _has(beside, word, 0.9)
            or _replaced(word, said, quote)
        ):
            missing.append(f"{word.text} is not in the quote")
    return missing


def _replaced(country: Word, said: tuple[Word, ...], quote: str) -> bool:
    """Tell whether a quote names another country than a sentence does, and points to none by "they"."""
    if not country.key.startswith("=") or _POINTING.search(quote):
        return False
    return any(word.key.startswith("=") and not _has(said, word, 0.9) for word in words(quote))


def _may_be_name(word: Word) -> bool:
    """Tell whether a capital where every word has one may be that of a name: "Austin said"."""
    lower = word.text.lower()
    return (
        word.text[0].isupper()
        and word.content
        and not (word.number or word.light or synonymous(word.key, word.key) or _ORDINARY.search(lower))
        and lower not in lexicon.TITLES
        and lower not in lexicon.MONTHS
        and lower not in lexicon.WEEKDAYS
        and lower not in lexicon.NUMBER_WORDS
        and lower not in lexicon.ORDINAL_WORDS
    )


def _missing_words(sentence: str, quote: str) -> list[str]:
    """Look for quotations and addresses, which must be there to the letter."""
    phrases = [next(filter(None, match.groups())) for match in _QUOTATION.finditer(sentence)]
    reasons = [f"“{phrase}” is not in the quote" for phrase in phrases if not _within(_tokens(phrase), _tokens(quote))]
    return reasons + [f"{found} is not in the quote" for found in _ADDRESS.findall(sentence) if found not in quote]


def _beside(source: Source) -> str:
    return " . ".join([source.title, source.outlet or "", *source.credits])


def _has(found: tuple[Word, ...], word: Word, least: float) -> bool:
    return any(same(word, one) >= least for one in found)


@lru_cache(maxsize=20_000)
def _tokens(text: str) -> tuple[str, ...]:
    return tuple(_TOKEN.findall(text.casefold()))


def _within(phrase: tuple[str, ...], tokens: tuple[str, ...]) -> bool:
    return any(tokens[at : at + len(phrase)] == phrase for at in range(len(tokens) - len(phrase) + 1))
