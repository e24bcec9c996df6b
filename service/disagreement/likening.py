"""How far two statements tell of the same thing, whatever they say of it; pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from service.evidence import Statement
from service.language import lexicon
from service.language.facts import moments, quantities
from service.language.words import COUNTRIES, Word, lexemes, opposite, same, synonymous, words

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Least:
    """The share of its words that a statement must find in another: that which tells less, and that telling more."""

    less: float
    plain: float
    """Of the words of the one that tells less, those that are no names."""
    more: float = 0.4


# Chosen on benchmarks/disagreement/fitted.yaml. Where the verb is the same and comes but once, less need be met.
ALIKE = Least(less=0.75, plain=0.5)
SAME_EVENT = Least(less=0.5, plain=0.3)
# How surely one word says another, as `same` grades it: another form of it, another word for it.
SAME_WORD, ANOTHER_WORD = 0.9, 0.8
_ELSEWHERE = 0.75  # what a word counts that stands not in the other statement, but before it or in its title

_BREAK = re.compile(
    r"[,;:—–“”\"](?=\s|$)|\s[—–-]\s|(?<=\s)[“\"]"
    r"|\b(?:but|while|whereas|who|which|where|when|after|before|because|although|though)\b|(?<=[a-z\d] )and\b",
    re.IGNORECASE,
)
_BETWEEN_NAMES = re.compile(r"\band\s+(?:the\s+)?[A-Z]")
_ONE_OF_SEVERAL = re.compile(
    r"\s+(?:quarter|half|round|phase|stage|edition|day|week|month|year|attempt|term|leg|test|game|set|season|half-year)\b"
)
_ASIDE = re.compile(r"\([^()]*\)")
_SAID = r"(?:said|says|say|told|adds|added|noted|stated|reported|reports|warned|estimated|explained|recalled)"
_ATTRIBUTION = re.compile(
    rf"^[^,;:“”\"]{{2,80}}?\b{_SAID}\b(?:\s+(?:reporters|on\s+\w+day|in\s+\w+|late|early))*(?:\s+that\b)?(?!\s*,)"
    rf"|,\s+[^,;“”\"]{{2,80}}?\b{_SAID}\b[^,;“”\"]*(?=,\s|$)"
    rf"|^[^,;:“”\"]{{2,60}},\s[^,;:“”\"]{{2,60}},\s+{_SAID}\b(?:\s+that\b)?"
    rf"|,\s+{_SAID}\s+(?:the\s|(?-i:[A-Z]))[^“”\";]*$"
    r"|,?\s*\b(?:according to|as per)\s[^,;]*(?:$|,)",
    re.IGNORECASE,
)
_DUE = frozenset("due set scheduled expected able likely".split())
_LEANING = re.compile(
    r"^[\"“'‘]?(?:(?:additionally|also),? )?(?:he|she|it|they|the (?:company|two|pair|bank|deal))\b", re.IGNORECASE
)
_PAST = re.compile(r"\w\w(?:ed|en)$")
_APPOSITION = 2  # breaks
_ENDED = re.compile(r"\w\wed$")
_PLURALS = frozenset("children people men women lives wives".split())
_AUXILIARY = frozenset("has have had is are was were be been being will would to not still also".split())


@dataclass(frozen=True, slots=True)
class Told:
    """A word of a statement, and how many commas and the like stand between it and what is compared."""

    word: Word
    breaks: int

    @property
    def weight(self) -> float:
        """1, and half for each break between, and half for a light word."""
        return 0.5 ** (self.breaks + self.word.light)


def likeness(
    one: Statement, mine: Sequence[Span], other: Statement, theirs: Sequence[Span], least: Least = ALIKE
) -> float:
    """Tell how far two statements tell of the same thing, apart from the words that are compared (0: not at all).

    Args:
        one: a statement.
        mine: spans of `one.text` that are left out, the words that are compared first.
        other: another statement.
        theirs: the same of `other.text`.
        least: what must be met.

    """
    here, there = told(one.text, *mine), told(other.text, *theirs)
    if not here or not there or ordinals(one.text, mine[0]) != ordinals(other.text, theirs[0]):
        return 0.0
    less, more = _share(here, other), _share(there, one)
    tells_less, against = (here, other) if less >= more else (there, one)
    plain = [each for each in tells_less if not proper(each.word)]
    if max(less, more) < least.less or min(less, more) < least.more:
        return 0.0
    if (plain and _share(plain, against) < least.plain) or _rivals(here, other, there, one):
        return 0.0
    return less * more if _one_story(one, other) else 0.0


@lru_cache(maxsize=20_000)
def told(text: str, compared: Span, *left_out: Span) -> tuple[Told, ...]:
    """Give the words that say something, but figures, who says it, and what is left out."""
    out = [*attributions(text), *figure_spans(text), *left_out, compared]
    breaks = _breaks(text)
    asides: list[Span] = [aside.span() for aside in _ASIDE.finditer(text)]
    found: list[Told] = []
    for word in words(text):
        if not word.content or word.number or any(start <= word.start < end for start, end in out):
            continue
        low, high = (word.end, compared[0]) if word.start < compared[0] else (compared[1], word.start)
        between = sum(
            low <= at < high and not any(low < start <= at < end < high for start, end in asides) for at in breaks
        )
        aside = sum((start < word.start < end) != (start < compared[0] < end) for start, end in asides)
        found.append(Told(word, between + aside))
    return tuple(found)


def clause(text: str, span: Span) -> Span:
    """Give the piece of a text, between breaks, in which a span stands."""
    breaks = _breaks(text)
    before = max((at for at in breaks if at < span[0]), default=0)
    return before, min((at for at in breaks if at >= span[1]), default=len(text))


@lru_cache(maxsize=20_000)
def attributions(text: str) -> tuple[Span, ...]:
    """Give where a text only tells who says it: "the coastguard said", "according to the bank"."""
    return tuple(match.span() for match in _ATTRIBUTION.finditer(text))


@lru_cache(maxsize=20_000)
def figure_spans(text: str) -> tuple[Span, ...]:
    """Give where the numbers and dates of a text stand."""
    figures = [(one.start, one.end) for one in quantities(text)]
    return (*figures, *((one.start, one.end) for one in moments(text)))


def ordinals(text: str, span: Span) -> frozenset[float]:
    """Give the ordinals in the clause of a span that tell apart what is alike: "in the first quarter"."""
    start, end = clause(text, span)
    return frozenset(
        one.value
        for one in quantities(text)
        if one.ordinal and start <= one.start < end and _ONE_OF_SEVERAL.match(text, one.end)
    )


@lru_cache(maxsize=20_000)
def _breaks(text: str) -> tuple[int, ...]:
    within = [*attributions(text), *figure_spans(text)]
    return tuple(
        match.start()
        for match in _BREAK.finditer(text)
        if not any(start <= match.start() < end for start, end in within)
        and not _BETWEEN_NAMES.match(text, match.start())
    )


def has(text: str, word: Word) -> bool:
    """Tell whether a text has a word, in any of its forms, or another word for it."""
    least = SAME_WORD if word.name else ANOTHER_WORD
    return word.key in _keys(text) or any(same(word, one) >= least for one in lexemes(text))


@lru_cache(maxsize=20_000)
def _keys(text: str) -> frozenset[str]:
    return frozenset(word.key for word in lexemes(text))


def verb_near(text: str, span: Span, known: frozenset[str] = frozenset()) -> Word | None:
    """Give the verb nearest to a span, in its clause: what has the form of one, else a word with a known key."""
    near = [one.word for one in told(text, span) if not one.breaks]
    verbs = [word for word in near if is_verb(text, word)] or [word for word in near if word.key in known]
    # The one before counts, "was launched on Monday and has sent …", else the one behind.
    before = [word for word in verbs if word.start < span[0]]
    if before or verbs:
        return before[-1] if before else verbs[0]
    # "sentenced her, a former minister, to nine years"
    further = [one.word for one in told(text, span) if one.breaks <= _APPOSITION and one.word.start < span[0]]
    return next((word for word in reversed(further) if is_verb(text, word)), None)


def subject(text: str, verb: Word) -> list[Word]:
    """Give the last words in front of a verb: who or what does it, or "the fund, established …"."""
    return [
        word
        for word in words(text)
        if word.end <= verb.start and word.content and not word.number and not is_verb(text, word)
    ][-2:]


def is_verb(text: str, word: Word) -> bool:
    """Tell whether a word is a verb by its form or by the word before it."""
    if word.name or word.number:
        return False
    before = next((one for one in reversed(words(text)) if one.end <= word.start), None)
    lower = word.text.lower()
    if before and before.text.lower() in _AUXILIARY:
        return lower not in _DUE
    if _PAST.search(lower):
        return True
    return (lower in lexicon.IRREGULAR and lower not in _PLURALS) or bool(
        lower.endswith("s") and before and before.name
    )


def past(verb: Word | None) -> bool:
    """Tell whether a verb has the form of the past."""
    return verb is not None and bool(_ENDED.search(verb.text) or verb.text.lower() in lexicon.IRREGULAR)


def proper(word: Word) -> bool:
    """Tell whether a word is a name, or may be one at the beginning of a sentence."""
    return word.name or (
        word.text[0].isupper()
        and word.content
        and not (word.number or word.light or synonymous(word.key, word.key))
        and word.text.lower() not in lexicon.TITLES
    )


def back(statement: Statement) -> str:
    """Give the sentence that a statement beginning with "it" or "he" points back to."""
    return " . ".join(statement.before[-1:]) if leaning(statement.text) else ""


def leaning(text: str) -> bool:
    """Tell whether a text begins with a word that points back."""
    return bool(_LEANING.match(text))


def _share(here: Sequence[Told], other: Statement) -> float:
    """Give the weighted share of the words that another statement has, or what stands before it."""
    near = f"{' . '.join(other.lead)} . {' . '.join(other.before[-2:])}"
    met = [
        one.weight * (1.0 if has(other.text, one.word) else _ELSEWHERE if has(near, one.word) else 0.0) for one in here
    ]
    return sum(met) / sum(one.weight for one in here)


def _rivals(here: Sequence[Told], other: Statement, there: Sequence[Told], one: Statement) -> bool:
    """Tell whether two statements have opposites in the clauses compared, or each a name that the other has not."""
    mine, theirs = ([each.word for each in side if not each.breaks] for side in (here, there))
    if any(opposite(word.key, against.key) for word in mine for against in theirs):
        return True
    return all(
        any(proper(word) and not has(f"{back(statement)} . {statement.text}", word) for word in side)
        for side, statement in ((mine, other), (theirs, one))
    )


def _one_story(one: Statement, other: Statement) -> bool:
    """Tell whether the articles of two statements have names or subjects in common, and their titles no rival names."""
    if one.source.article_id == other.source.article_id:
        return True
    own = {word.key for word in words(one.text) if proper(word) and has(other.text, word)}
    if own - COUNTRIES or len(own) > 1:
        return True
    mine, theirs = (" . ".join([*each.lead, *each.before[-2:], each.text]) for each in (one, other))
    shared = {word.key for word in words(mine) if proper(word) and has(theirs, word)}
    titles = one.source.title, other.source.title
    subjects = {word.key for word in words(titles[0]) if not proper(word) and word.content and has(titles[1], word)}
    here, there = ([word for word in words(title) if word.name] for title in titles)
    rival = any(not has(theirs, word) for word in here) and any(not has(mine, word) for word in there)
    common = len(shared - COUNTRIES) + len(shared & COUNTRIES) / 2 + len(subjects) / 2
    return common >= 1 and not (rival and not all(_in_capitals(title) for title in titles))


def _in_capitals(title: str) -> bool:
    content = [word for word in words(title) if word.content]
    return sum(word.text[0].isupper() for word in content) > 0.7 * len(content)
