"""The words of a question compared with those of its statements, each of these once, however often it comes; pure."""

from collections.abc import Collection, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Protocol

from service.extractive.asking import Asked
from service.language.words import (
    OPPOSITES_OF,
    SYNONYM_GROUPS,
    Lexeme,
    Word,
    lexemes,
    lexemes_in_order,
    opposite,
    related,
    words,
)

# Cosines of single words (MiniLM.words). Of the lexicon's pairs of synonyms .19 have the first or more and .21 the second,
# of pairs of its words that are none .001 and .001; MiniLM's own vectors of single words tell .16 at .001, and sentences
# are what they are for (benchmarks/likeness.py).
ANOTHER_WORD = 0.34
NEAR_WORD = 0.33
_ANOTHER = 0.7  # what another word for the same, by its meaning, counts


class Likeness(Protocol):
    """Which single words are near in meaning."""

    def near(self, word: str, least: float) -> Collection[str]:
        """Give the words whose cosine with one, in lower case, is at least so much."""


class _Row:
    """A word of the question, and which words of the statements say it, how surely."""

    __slots__ = ("another", "best", "met", "near", "nearby", "opposed", "same", "word")

    def __init__(self, word: Word, likeness: Likeness | None) -> None:
        self.word = word
        lower = word.text.lower()
        likened = likeness is not None and not (word.name or word.number)
        self.another = likeness.near(lower, ANOTHER_WORD) if likeness and likened else ()
        self.nearby = likeness.near(lower, NEAR_WORD) if likeness else ()
        self.same: dict[Lexeme, float] = {}
        """As `same` grades them."""
        self.best: dict[Lexeme, float] = {}
        """The same, where only content words are another word for one."""
        self.met: dict[Lexeme, float] = {}
        """The same, and other words by their meaning."""
        self.near: set[Lexeme] = set()
        """Those that are near in meaning."""
        self.opposed: set[Lexeme] = set()


class Comparison:
    """A question's words, and which words of any text say them.

    What `best` and `same` of service/language/words.py grade pair by pair: thousands of pairs for a question, of which a
    few are other than 0. Here the words of the question are found by what a pair of that kind has in common.
    """

    def __init__(self, asked: Asked, likeness: Likeness | None = None) -> None:
        """Take the question, and what knows words of like meaning."""
        self.asked = asked
        self._own = words(asked.text)
        about = [*asked.names, *asked.numbers, *asked.terms, *asked.light]
        verb = [asked.verb] if asked.verb else []
        every = [*self._own, *about, *verb, *asked.unit, *asked.role, *asked.speakers, *asked.agents]
        distinct = {word: _Row(word, likeness) for word in every}
        self._rows = {id(word): distinct[word] for word in every}  # a word takes longer to hash than to compare
        self._about = [distinct[word] for word in about]
        self._known_by = [distinct[word] for word in self._own]
        content = [word for word in self._own if word.content and (word.name or word.number or not word.light)]
        self._content = [distinct[word] for word in content]
        self._read: dict[str, frozenset[Lexeme]] = {}
        self._graded: set[Lexeme] = set()
        self._keyed: dict[str, list[_Row]] = {}
        self._also: dict[str, list[_Row]] = {}
        self._beginning: dict[str, list[_Row]] = {}
        self._first: dict[str, list[_Row]] = {}
        self._synonyms: dict[str, list[_Row]] = {}
        self._opposites: dict[str, list[_Row]] = {}
        self._another: dict[str, list[_Row]] = {}
        self._nearby: dict[str, list[_Row]] = {}
        self._coded: list[_Row] = []
        for word, row in distinct.items():
            self._keyed.setdefault(word.key, []).append(row)
            if word.also:
                self._also.setdefault(word.also, []).append(row)
            if not word.number:
                self._beginning.setdefault(word.key[:4], []).append(row)
                self._first.setdefault(word.key[:1], []).append(row)
                if word.name and any(character.isdigit() for character in word.key):
                    self._coded.append(row)
                for key in _synonyms(word.key):
                    self._synonyms.setdefault(key, []).append(row)
            for key in OPPOSITES_OF.get(word.key, ()):
                self._opposites.setdefault(key, []).append(row)
            for lower in row.another:
                self._another.setdefault(lower, []).append(row)
            for lower in row.nearby:
                self._nearby.setdefault(lower, []).append(row)

    # Reading

    def words_of(self, text: str) -> frozenset[Lexeme]:
        """Give a text's words, compared with those of the question."""
        found = self._read.get(text)
        if found is None:
            self._read[text] = found = lexemes(text)
            new = found - self._graded
            for one in new:
                self._grade(one)
            self._graded |= new
        return found

    def _grade(self, one: Lexeme) -> None:
        """Note for one word which words of the question it says."""
        for row in self._exactly(one):
            row.same[one] = row.best[one] = row.met[one] = 1.0
        for row in () if one.number else self._perhaps(one):
            if one not in row.same and (sure := related(row.word.key, one.key, row.word.name, one.name)):
                row.same[one] = sure
                if one.content:
                    row.best[one] = row.met[one] = sure
        for row in self._opposites.get(one.key, ()):
            row.opposed.add(one)
        if one.content:
            self._liken(one)

    def _exactly(self, one: Lexeme) -> list[_Row]:
        """Give the words of the question that have its key."""
        found = [*self._keyed.get(one.key, ()), *self._also.get(one.key, ())]
        return [*found, *self._keyed.get(one.also, ())] if one.also else found

    def _perhaps(self, one: Lexeme) -> list[_Row]:
        """Give those that may be another form of it or another word for it, by what `related` asks for at least."""
        found = [*self._beginning.get(one.key[:4], ()), *self._synonyms.get(one.key, ())]
        first = self._first.get(one.key[:1], ())
        return [*found, *first, *self._coded] if one.name else [*found, *(row for row in first if row.word.name)]

    def _liken(self, one: Lexeme) -> None:
        """Note which words of the question it is near to in meaning."""
        for row in self._nearby.get(one.lower, ()):
            if not opposite(row.word.key, one.key):
                row.near.add(one)
        for row in () if one.name or one.number else self._another.get(one.lower, ()):
            if one not in row.met and not opposite(row.word.key, one.key):
                row.met[one] = _ANOTHER

    # What a text has

    def best(self, asked: Word, text: str) -> float:
        """Tell how surely one of a text's words says a word of the question; see `service.language.words.best`."""
        return _surest(self._rows[id(asked)].best, self.words_of(text))

    def met(self, asked: Word, text: str) -> float:
        """Tell the same, where another word may say it by its meaning."""
        return _surest(self._rows[id(asked)].met, self.words_of(text))

    def said(self, asked: Word, text: str) -> bool:
        """Tell whether one of a text's words, a function word among them, says a word of the question."""
        return not self.words_of(text).isdisjoint(self._rows[id(asked)].same)

    def near(self, asked: Word, text: str) -> bool:
        """Tell whether one of a text's words that is no name is near in meaning to a word of the question."""
        here = self.words_of(text)
        return any(one in here and not one.name for one in self._rows[id(asked)].near)

    def opposed(self, asked: Word, text: str) -> bool:
        """Tell whether a text has the opposite of a word of the question, and not the word."""
        return not self.words_of(text).isdisjoint(self._rows[id(asked)].opposed) and not self.said(asked, text)

    # What a word is

    def known(self, word: Lexeme) -> bool:
        """Tell whether a word of a text that was read is in the question."""
        return any(word in row.same for row in self._known_by)

    def about(self, word: Lexeme) -> bool:
        """Tell whether a word of a text that was read is one of those that the question is about."""
        return any(word in row.same for row in self._about)

    def alike(self, asked: Word, word: Word) -> bool:
        """Tell whether a word of a text that was read is near in meaning to one of the question."""
        return word.lexeme in self._rows[id(asked)].near

    def pairs(self, text: str) -> float:
        """Give the share of the question's neighbouring content words that stand within six words in a text."""
        if len(self._content) < 2:
            return 0.5
        pairs = list(pairwise(self._content))
        here = self.words_of(text)
        held = {id(row) for row in self._content if not here.isdisjoint(row.same)}
        near = 0
        for one, other in pairs:
            if id(one) in held and id(other) in held:
                mine, theirs = _places(one, text), _places(other, text)
                near += any(abs(i - j) <= 6 for i in mine for j in theirs if i != j)
        return near / len(pairs)


def _places(row: _Row, text: str) -> list[int]:
    return [place for place, word in enumerate(lexemes_in_order(text)) if word.content and word in row.same]


def _surest(grades: Mapping[Lexeme, float], found: frozenset[Lexeme]) -> float:
    surest = 0.0
    for one, grade in grades.items():
        if grade > surest and one in found:
            surest = grade
    return surest


@lru_cache(maxsize=10_000)
def _synonyms(key: str) -> frozenset[str]:
    return frozenset(other for group in SYNONYM_GROUPS.get(key, ()) for other in _GROUPS[group])


def _groups() -> dict[int, set[str]]:
    groups: dict[int, set[str]] = {}
    for key, numbers in SYNONYM_GROUPS.items():
        for number in numbers:
            groups.setdefault(number, set()).add(key)
    return groups


_GROUPS = _groups()
