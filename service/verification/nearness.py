"""Which statements could have a sentence's words and numbers at all, so that only these are read closely; pure.

What is given is a bound: a statement has at most these words, as its names may also stand in the sentences before it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from service.evidence import Statement
from service.language.facts import quantities
from service.language.words import Lexeme, Word
from service.verification.meaning import alike, groups
from service.verification.phrases import lexemes_in_order, words


@dataclass(frozen=True)
class Asked:
    """The words of a sentence that a quote must have, what each counts, and the numbers that it must have."""

    words: tuple[Word, ...]
    weights: tuple[float, ...]
    names: int
    """A bit for each name: without it there is no proof."""
    loose: int
    """A bit for each word that may belong to a name, and be understood."""
    values: frozenset[float]

    def share(self, mask: int) -> float:
        """Give the share of the sentence's weight that a mask meets."""
        whole = sum(self.weights)
        return sum(weight for number, weight in enumerate(self.weights) if mask >> number & 1) / whole if whole else 1.0


@dataclass(frozen=True)
class _Vocabulary:
    """The words of a text by their keys, their first letters and their groups of synonyms."""

    keyed: dict[str, tuple[Lexeme, ...]]
    beginning: dict[str, tuple[Lexeme, ...]]
    grouped: dict[int, tuple[Lexeme, ...]]


def ask(sentence: str, weights: dict[Word, float]) -> Asked:
    """Take a sentence's words, weighed as the check weighs them, and its numbers apart."""
    every = words(sentence)
    place = {word: index for index, word in enumerate(every)}
    names = loose = 0
    for number, word in enumerate(weights):
        following = every[place[word] + 1 : place[word] + 2]
        if word.name:
            names |= 1 << number
        if word.name or word.text[0].isupper() or (following and following[0].name):
            loose |= 1 << number
    values = frozenset(one.value for one in quantities(sentence) if one.value > 3 and not one.ordinal)
    return Asked(tuple(weights), tuple(weights.values()), names, loose, values)


@dataclass(frozen=True, slots=True)
class Near:
    """What a text may have of a sentence: a bit for each word, one for each that may be understood, and its numbers."""

    mask: int
    around: int
    numbers: frozenset[float]

    def __or__(self, other: "Near") -> "Near":
        """Give what two texts may have together."""
        return Near(self.mask | other.mask, self.around | other.around, self.numbers | other.numbers)

    def may_prove(self, asked: Asked, least: float) -> bool:
        """Tell whether the words, those understood as met, reach a share, and no name and no number is missing."""
        met = self.mask
        for _ in range(3):  # a first name and a title stand beside a name that is there
            met |= (met << 1 | met >> 1) & asked.loose
        met |= self.around & asked.loose
        return not asked.names & ~met and asked.values <= self.numbers and asked.share(met) >= least


class Nearness:
    """What each statement may have of a sentence; to know it an article's words are read, so that it is asked for."""

    def __init__(self, asked: Asked, statements: Sequence[Statement]) -> None:
        """Take the sentence and the statements."""
        self._asked = asked
        self._statements = statements
        self._near: dict[int, Near] = {}
        self._articles: dict[str, dict[str, int]] = {}
        self._masks: dict[tuple[str, str], int] = {}

    def __getitem__(self, place: int) -> Near:
        """Give it of the statement at a place."""
        if place not in self._near:
            one = self._statements[place]
            around = 0
            for text in one.before:
                around |= self._mask(text, one)
            self._near[place] = Near(self._mask(one.text, one), around, _numbers(one.text))
        return self._near[place]

    def _mask(self, text: str, one: Statement) -> int:
        place = (one.source.article_id, text)
        if place not in self._masks:
            if one.source.article_id not in self._articles:
                self._articles[one.source.article_id] = _bits(self._asked, one)
            bits = self._articles[one.source.article_id]
            self._masks[place] = bits[""]
            for key in bits.keys() & _keys(text):
                self._masks[place] |= bits[key]
        return self._masks[place]


@lru_cache(maxsize=20_000)
def _numbers(text: str) -> frozenset[float]:
    return frozenset(one.value for one in quantities(text))


def _bits(asked: Asked, one: Statement) -> dict[str, int]:
    """Give for each key of an article that says an asked word the bits of these; under "" those of what stands beside it."""
    source = one.source
    vocabulary = _vocabulary(one.whole)
    beside = _vocabulary(" . ".join([source.title, source.outlet or "", *source.credits]))
    bits = {"": 0}
    for number, word in enumerate(asked.words):
        for key in _saying(word, vocabulary):
            bits[key] = bits.get(key, 0) | 1 << number
        if _saying(word, beside):
            bits[""] |= 1 << number
    return bits


def _saying(word: Word, vocabulary: _Vocabulary) -> set[str]:
    """Give the keys of a text by which it says a word."""
    found = [*vocabulary.keyed.get(word.key, ()), *vocabulary.keyed.get(word.also or "", ())]
    keys = {key for one in found for key in (one.key, one.also) if key}
    for one in vocabulary.beginning.get(word.key[:4], ()):
        if one.key not in keys and alike(word, one):
            keys.add(one.key)
    for group in groups(word.key):
        for one in vocabulary.grouped.get(group, ()):
            if one.key not in keys and alike(word, one):
                keys.add(one.key)
    return keys


@lru_cache(maxsize=1000)
def _vocabulary(text: str) -> _Vocabulary:
    last = dict.fromkeys(reversed(lexemes_in_order(text)))  # of thousands of words some hundreds
    distinct = {(word.key, word.also): word for word in reversed(last) if word.content}
    keyed: dict[str, list[Lexeme]] = {}
    beginning: dict[str, list[Lexeme]] = {}
    grouped: dict[int, list[Lexeme]] = {}
    for word in distinct.values():
        beginning.setdefault(word.key[:4], []).append(word)
        for key in filter(None, (word.key, word.also)):
            keyed.setdefault(key, []).append(word)
        for group in groups(word.key):
            grouped.setdefault(group, []).append(word)
    return _Vocabulary(
        {key: tuple(some) for key, some in keyed.items()},
        {key: tuple(some) for key, some in beginning.items()},
        {number: tuple(some) for number, some in grouped.items()},
    )


@lru_cache(maxsize=20_000)
def _keys(text: str) -> frozenset[str]:
    return frozenset(key for word in lexemes_in_order(text) for key in (word.key, word.also) if key)
