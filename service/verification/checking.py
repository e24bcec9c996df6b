"""Whether some words of an article say a sentence, by what code can prove: numbers, dates, names, quotations, negation."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from retrieval.sentences import sentence_spans
from retrieval.types import Source
from service.language import lexicon
from service.language.words import Word, key_of, same, synonymous
from service.orders import commands
from service.verification.addresses import strange
from service.verification.causes import invented_cause
from service.verification.certainty import wrong_certainty
from service.verification.clauses import clauses
from service.verification.extent import wider
from service.verification.figures import figure_spans, wrong_dates, wrong_numbers
from service.verification.meaning import likest
from service.verification.phrases import words
from service.verification.polarity import wrong_polarity
from service.verification.roles import swapped_roles
from service.verification.speakers import antecedent, points_back, several, wrong_speaker
from service.verification.titles import wrong_title
from service.verification.wording import THIN, missing_predicates, missing_verbs, replaced_words, unmet_verbs

# The shares of a sentence's words that a quote must meet, chosen on the pairs in tests/service/verification: of 122 false
# ones they let 5 through, and refuse 10 of 122 supported ones. Lower by .1, two fewer are refused and two more let through.
LEAST_COVERAGE = 0.7
LEAST_WITHOUT_VERB = 0.8  # where a verb of the sentence is none of the quote's words
LEAST_TOGETHER = 0.8  # of two sentences, which have more words that may meet one by chance
_OTHER_WORDS = 0.95  # support, at most, but of the words themselves
_DETAILED = 0.8  # with this share two words in a row may be new
_ABOUT = frozenset("roughly approximately around about nearly almost estimated some".split())
_OWN = 0.5  # the share that the quote's own words must meet, without the title
_TITLED = 0.5  # what a word counts that only the article's title has
KINDS = ("foreign", "figures", "names", "extent", "polarity", "certainty", "roles", "cause", "words", "uncovered")
# Of the odds that a quote supports a sentence: what a reason of each kind adds to their logarithm, and where they stand
# without any. Fitted on the news of SummEdits; on other articles than it was fitted on, balanced accuracy .671
# (benchmarks/verification.py). How much of the sentence is covered adds nothing there.
CALIBRATION = (0.0, -0.81, -1.13, -1.59, -2.55, -0.48, -0.25, 0.36, 0.05, 0.2, 0.42)
UNCOVERED = "the quote says something else"
_ASKS = re.compile(r"\?[)\]\s]*$")

_QUOTATION = re.compile(r"[\"“”«]([^\"“”«»]{8,})[\"“”»]|‘(.{8,}?)’(?!\w)|(?<!\w)'(.{8,}?)'(?!\w)")
_TOKEN = re.compile(r"\d+(?:[.,:/+]\d+)*|\w+|[$€£¥₹%]")
_POINTING = re.compile(r"\b(?:he|she|it|its|they|their|both|two)\b", re.IGNORECASE)
_PLACE = re.compile(r"\b(?:in|at|to|from)\s+(?:the\s+)?$", re.IGNORECASE)
_SAYING = frozenset(key_of(verb) for verb in lexicon.SAYING)
# What ends like this is an ordinary word, though it opens a sentence with a capital and the quote does not have it.
_ORDINARY = re.compile(
    r"(?:s|al|ic|ive|ed|ing|ly|ous|ful|ary|able|ible|ment|tion|sion|ity|ness|ship|ism|ance|ence)$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Context:
    """What stands around a quote in its article: by it "he" is understood, and who "Reyes" is in full."""

    before: tuple[str, ...] = ()
    lead: tuple[str, ...] = ()
    whole: str = ""


NOTHING_AROUND = Context()


@dataclass(frozen=True, slots=True)
class Check:
    """How far a quote supports a sentence (0..1), and why not, in words for people."""

    support: float
    reasons: tuple[str, ...] = ()
    covered: float = 0.0
    """The share of the sentence's words that the quote has, by how alike they are."""
    measures: tuple[float, ...] = ()
    """What the support is computed from: whether there are reasons of each kind, and 1."""

    @property
    def passed(self) -> bool:
        """Tell whether the quote states the sentence."""
        return not self.reasons


@lru_cache(maxsize=20_000)
def check(sentence: str, quote: str, source: Source, around: Context = NOTHING_AROUND) -> Check:
    """Check a sentence (without markers) against a quote and its article's title, outlet, date and credits."""
    foreign = [*strange(sentence, quote), *_only_ordered(sentence, quote)]
    tokens = _tokens(sentence)
    if tokens and tokens == _tokens(quote) and not foreign:
        return Check(1.0, covered=1.0)
    objections: dict[str, list[str]] = {kind: [] for kind in KINDS}
    objections["foreign"] = foreign
    objections |= _first_objections(sentence, quote, source, around)
    if not any(objections.values()):  # of most pairs this is not asked any more: it would only add to their reasons
        objections |= _further_objections(sentence, quote, around)
    if _ASKS.search(sentence):
        objections["extent"].append("a question states nothing")
    covered, met = _coverage(sentence, quote, source, around)
    if met < _least(sentence, quote):
        objections["uncovered"] = [UNCOVERED]
    reasons = tuple(dict.fromkeys(reason for kind in objections.values() for reason in kind))
    measures = (*(float(bool(objections[kind])) for kind in KINDS), 1.0)
    support = 1 / (1 + math.exp(-sum(weight * one for weight, one in zip(CALIBRATION, measures, strict=True))))
    return Check(min(support, _OTHER_WORDS), reasons, covered, measures)


@lru_cache(maxsize=20_000)
def states(quote: str, sentence: str, source: Source) -> bool:
    """Tell whether a quote passes the check of a sentence, and look no further than that takes: reasons are not told."""
    if [*strange(sentence, quote), *_only_ordered(sentence, quote)]:
        return False
    tokens = _tokens(sentence)
    if tokens and tokens == _tokens(quote):
        return True
    around = NOTHING_AROUND
    return (
        not _ASKS.search(sentence)
        and not any(reasons for _, reasons in _first_objections(sentence, quote, source, around))
        and _coverage(sentence, quote, source, around)[1] >= _least(sentence, quote)
        and not any(reasons for _, reasons in _further_objections(sentence, quote, around))
    )


Objections = Iterator[tuple[str, list[str]]]
"""By their kinds the reasons why a quote does not state a sentence; each is looked for when it is asked for."""


def _first_objections(sentence: str, quote: str, source: Source, around: Context) -> Objections:
    """Give the most telling kinds."""
    published = source.published.date() if source.published else None
    yield "figures", [*wrong_numbers(sentence, quote), *wrong_dates(sentence, quote, published)]
    yield (
        "names",
        [*_missing_names(sentence, quote, source, around), *wrong_title(sentence, quote, around.whole)],
    )
    yield "extent", [*_missing_quotations(sentence, quote), *wider(sentence, quote)]
    yield "polarity", wrong_polarity(sentence, quote)


def _further_objections(sentence: str, quote: str, around: Context) -> Objections:
    """Give those of a quote to which there is no other."""
    yield "certainty", wrong_certainty(sentence, quote)
    yield "roles", [*wrong_speaker(sentence, quote, around.before), *swapped_roles(sentence, quote)]
    yield "cause", invented_cause(sentence, quote)
    yield (
        "words",
        [
            *replaced_words(sentence, quote),
            *missing_verbs(sentence, quote),
            *missing_predicates(sentence, quote),
        ],
    )


def _least(sentence: str, quote: str) -> float:
    """Give the share of a sentence's words that a quote must meet."""
    if unmet_verbs(sentence, quote):
        return LEAST_WITHOUT_VERB
    return LEAST_TOGETHER if len(sentence_spans(quote)) > 1 else LEAST_COVERAGE


def weighed(sentence: str) -> dict[Word, float]:
    """Give the words of a sentence that a quote must meet, each once, and what it counts.

    Numbers and dates are left out, as they are looked at by themselves.
    """
    figures = figure_spans(sentence)
    last = {
        word.key: word
        for word in words(sentence)
        if word.content
        and word.text.lower() not in _ABOUT
        and not any(start <= word.start < end for start, end in figures)
    }
    return {word: 0.5 if word.light or word.key in THIN else 1.0 for word in last.values()}


def _coverage(sentence: str, quote: str, source: Source, around: Context) -> tuple[float, float]:
    """Give how far a quote has a sentence's content words: by how alike they are, and the share that it has at all."""
    content = weighed(sentence)
    if not content:
        return (1.0, 1.0) if figure_spans(sentence) else (0.0, 0.0)
    said, found = words(sentence), words(quote)
    title = (*words(source.title), *(word for text in around.lead for word in words(text)))
    known = [word for word in words(_publishers(source)) if word.name]
    verbs = {clause.verb for clause in clauses(sentence)}
    place = {word: index for index, word in enumerate(said)}
    weights, likeness = [], []
    for word, weight in content.items():
        value = likest(word, found) or (1.0 if word.name and likest(word, known) else 0.0)
        if not value and word not in verbs:  # a title says whom an article is about, but not what they did
            value = (1.0 if word.name or word.number else _TITLED) * likest(word, title)
        if value or not _understood(place[word], said, quote, around):
            weights.append(weight)
            likeness.append(value)
    whole = sum(weights)
    own = sum(weight for weight, value in zip(weights, likeness, strict=True) if value > _TITLED)
    if own < _OWN * whole:
        return 0.0, 0.0
    if not whole or (len(content) == 1 and not figure_spans(sentence)):
        return 0.0, 0.0
    covered = sum(weight * value for weight, value in zip(weights, likeness, strict=True)) / whole
    met = sum(weight * min(1.0, value / 0.8) for weight, value in zip(weights, likeness, strict=True)) / whole
    return covered, met if met >= _DETAILED or not _detail(weights, likeness) else 0.0


def _detail(weights: list[float], likeness: list[float]) -> bool:
    """Tell whether a quote lacks two words in a row, as of a detail that somebody made up: "a nuclear reactor"."""
    unmet = [value == 0.0 and weight == 1.0 for weight, value in zip(weights, likeness, strict=True)]
    return any(one and other for one, other in pairwise(unmet))


def _missing_names(sentence: str, quote: str, source: Source, around: Context) -> list[str]:
    found, beside = words(quote), words(source.title)
    known = words(_publishers(source))
    said = words(sentence)
    figures = figure_spans(sentence)  # "Today Singh said": looked at by themselves
    missing = []
    for index, word in enumerate(said):
        if any(start <= word.start < end for start, end in figures):
            continue
        placed = bool(_PLACE.search(sentence[: word.start]))
        if _has(found, word, 0.9) or _has(known, word, 0.9):
            if not (placed and word.also) or any(other.key == word.key for other in found):
                continue
            missing.append(f"{word.text} is not in the quote")  # "in New Delhi", where the quote says India
            continue
        if not word.name and (not _may_be_name(word) or _has(found, word, 0.8)):
            continue
        if _understood(index, said, quote, around) and not _another_there(index, said, found):
            continue
        # The title may say whom the article is about, but not who said what stands in the quote, nor where it happened,
        # nor replace its names.
        speaks = index + 1 < len(said) and said[index + 1].key in _SAYING
        if (
            speaks
            or placed
            or not _has(beside, word, 0.9)
            or _replaced(word, said, quote)
            or _another_there(index, said, found)
            or _of_another(index, said, found)
        ):
            missing.append(f"{word.text} is not in the quote")
    return missing


def _full_name(index: int, said: tuple[Word, ...], found: tuple[Word, ...], whole: str) -> bool:
    """Tell whether a word stands beside a name of the quote, as it does elsewhere in the article: a first name, a title."""
    # Behind a name stands, in small letters, what somebody does: "Rao leads".
    steps = (-1, 1) if said[index].text[0].isupper() else (1,)
    if _initial(index, said, found):
        return True
    return any(_named_with(index, step, said, found, whole) for step in steps)


def _initial(index: int, said: tuple[Word, ...], found: tuple[Word, ...]) -> bool:
    """Tell whether a letter is that of the first name that the quote has there: "S. Jaishankar"."""
    letter = said[index].text
    following = said[index + 1] if index + 1 < len(said) else None
    if len(letter) != 1 or following is None or not following.text[0].isupper():
        return False
    first = [found[at - 1].text for at in range(1, len(found)) if same(following, found[at]) >= 0.9]
    return any(one[0] == letter for one in first) or (bool(first) and not any(one[0].isupper() for one in first))


def _named_with(index: int, step: int, said: tuple[Word, ...], found: tuple[Word, ...], whole: str) -> bool:
    at = index + step
    if not 0 <= at < len(said) or not said[at].name:
        return False
    first, second = said[min(index, at)], said[max(index, at)]
    if second.start - first.end != 1 or not re.search(
        rf"\b{re.escape(first.text)}\s+{re.escape(_bare(second))}\b", whole, re.IGNORECASE
    ):
        return False
    if said[at].key.startswith("=") and said[at].text not in {one.text for one in found}:
        return False  # "Bharat Electronics", where the quote says India
    return _has(found, said[at], 0.9) or _named_with(at, step, said, found, whole)


def _bare(word: Word) -> str:
    return re.sub(r"['’]s?$", "", word.text)


def _understood(index: int, said: tuple[Word, ...], quote: str, around: Context) -> bool:
    """Tell whether a word belongs to a name of the quote, or to one that the quote points back to."""
    word = said[index]
    return _full_name(index, said, words(quote), around.whole) or _pointed_to(word, quote, around)


def _pointed_to(word: Word, quote: str, around: Context) -> bool:
    """Tell whether a quote points back ("he", "these", "the company") to a name of the sentences before it."""
    if not around.before:
        return False
    if word.name and several(quote) and _has(words(around.before[-1]), word, 0.9):
        return True
    return points_back(quote) and _has(antecedent(around.before), word, 0.9)


def _replaced(country: Word, said: tuple[Word, ...], quote: str) -> bool:
    """Tell whether a quote names another country than a sentence does, and points to none by "they"."""
    if not country.key.startswith("=") or _POINTING.search(quote):
        return False
    return any(word.key.startswith("=") and not _has(said, word, 0.9) for word in words(quote))


def _another_there(index: int, said: tuple[Word, ...], found: tuple[Word, ...]) -> bool:
    """Tell whether a quote has another name behind the preposition that stands before a sentence's: "pay to Eko"."""
    before = said[index - 1].text.lower() if index else ""
    if said[index].key.startswith("=") or before not in {"to", "with", "for", "by", "against", "from", "of"}:
        return False
    others = [found[at + 1] for at in range(len(found) - 1) if found[at].text.lower() == before]
    return any(other.name and not _has(said, other, 0.9) for other in others)


def _of_another(index: int, said: tuple[Word, ...], found: tuple[Word, ...]) -> bool:
    """Tell whether a name says whose somebody is, where the quote names others: "Redmoor goalkeeper Sam Doyle"."""
    following = said[index + 1 : index + 3]
    if said[index].key.startswith("=") or len(following) < 2 or not following[0].text[0].islower():
        return False
    if not (following[0].content and following[1].name):
        return False
    return any(one.name and not _has(said, one, 0.9) for one in found)


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


def _only_ordered(sentence: str, quote: str) -> list[str]:
    """Say that a quoted speaker only orders this to be said. Other orders are no evidence at all (service/evidence.py)."""
    orders = [phrase for phrase in _quotations(quote) if commands(phrase, phrase)]
    told = commands(sentence, sentence) or any(phrase in orders for phrase in _quotations(sentence))
    return ["the quote only asks for this to be said"] if orders and not told else []


def _quotations(text: str) -> list[str]:
    return [next(filter(None, match.groups())) for match in _QUOTATION.finditer(text)]


def _missing_quotations(sentence: str, quote: str) -> list[str]:
    """Look for quotations, which must be there to the letter."""
    phrases = _quotations(sentence)
    return [f"“{phrase}” is not in the quote" for phrase in phrases if not _within(_tokens(phrase), _tokens(quote))]


def _publishers(source: Source) -> str:
    return " . ".join([source.outlet or "", *source.credits])


def _has(found: tuple[Word, ...], word: Word, least: float) -> bool:
    return any(same(word, one) >= least for one in found)


@lru_cache(maxsize=20_000)
def _tokens(text: str) -> tuple[str, ...]:
    return tuple(_TOKEN.findall(text.casefold()))


def _within(phrase: tuple[str, ...], tokens: tuple[str, ...]) -> bool:
    return any(tokens[at : at + len(phrase)] == phrase for at in range(len(tokens) - len(phrase) + 1))
