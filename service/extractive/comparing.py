"""The words of a question compared with those of its statements, each of these once, however often it comes; pure."""

from collections.abc import Collection
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
    """A word of the question, and which words and texts say it, how surely."""

    __slots__ = ("another", "best", "meant", "near", "nearby", "opposed", "same", "word")

    def __init__(self, word: Word, likeness: Likeness | None) -> None:
        self.word = word
        lower = word.text.lower()
        likened = likeness is not None and not (word.name or word.number)
        self.another = likeness.near(lower, ANOTHER_WORD) if likeness and likened else ()
        self.nearby = likeness.near(lower, NEAR_WORD) if likeness else ()
        self.same: set[Lexeme] = set()
        """The words that say it."""
        self.best: dict[str, float] = {}
        """The texts that say it, where only content words are another word for one."""
        self.meant: set[Lexeme] = set()
        """The words that say it by their meaning alone."""
        self.near: set[Lexeme] = set()
        """The words that are near in meaning."""
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
        self._initials = initials(asked.text)
        self._acronyms: set[Lexeme] = set()
        self._pairs = list(pairwise(self._content))
        self._read: dict[str, frozenset[Lexeme]] = {}
        self._graded: set[Lexeme] = set()
        self._grades: dict[Lexeme, list[tuple[_Row, float]]] = {}  # of the few words that have any
        self._keyed: dict[str, list[_Row]] = {}
        self._also: dict[str, list[_Row]] = {}
        self._beginning: dict[str, list[_Row]] = {}
        self._spelt: dict[tuple[str, int], list[_Row]] = {}
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
                for length in range(len(word.key) - 1, len(word.key) + 2):  # a letter may be missing, or one too many
                    self._spelt.setdefault((word.key[:1], length), []).append(row)
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
        self._keys = {*self._keyed, *self._also, *self._synonyms, *self._opposites}
        self._lowers = {*self._another, *self._nearby, *self._initials}

    # Reading

    def words_of(self, text: str) -> frozenset[Lexeme]:
        """Give a text's words, compared with those of the question."""
        found = self._read.get(text)
        if found is None:
            self._read[text] = found = lexemes(text)
            new = found - self._graded
            for one in new:
                if grades := self._grade(one):
                    self._grades[one] = grades
            self._graded |= new
            for one in found & self._grades.keys():
                for row, sure in self._grades[one]:
                    if sure > row.best.get(text, 0.0):
                        row.best[text] = sure
        return found

    def _grade(self, one: Lexeme) -> list[tuple[_Row, float]]:
        """Tell which words of the question one word says, and how surely."""
        if not self._may_say(one):
            return []
        grades = [(row, 1.0) for row in self._exactly(one)]
        for row, _ in grades:
            row.same.add(one)
        for row in () if one.number else self._perhaps(one):
            if one not in row.same and (sure := related(row.word.key, one.key, row.word.name, one.name)):
                row.same.add(one)
                if one.content:
                    grades.append((row, sure))
        for row in self._opposites.get(one.key, ()):
            row.opposed.add(one)
        if one.lower in self._initials and one.text.isupper():
            self._acronyms.add(one)
        if one.content:
            self._liken(one)
        return grades

    def _may_say(self, one: Lexeme) -> bool:
        """Tell whether a word may have to do with one of the question; of the 1,200 that a question meets most have not."""
        key = one.key
        return (
            key in self._keys
            or key[:4] in self._beginning
            or one.lower in self._lowers
            or (key[:1], len(key)) in self._spelt
            or one.also in self._keyed
            or (one.name and bool(self._coded))
        )

    def _exactly(self, one: Lexeme) -> list[_Row]:
        """Give the words of the question that have its key."""
        found = [*self._keyed.get(one.key, ()), *self._also.get(one.key, ())]
        return [*found, *self._keyed.get(one.also, ())] if one.also else found

    def _perhaps(self, one: Lexeme) -> list[_Row]:
        """Give those that may be another form of it or another word for it, by what `related` asks for at least."""
        found = [*self._beginning.get(one.key[:4], ()), *self._synonyms.get(one.key, ())]
        spelt = self._spelt.get((one.key[:1], len(one.key)), ())
        return [*found, *spelt, *self._coded] if one.name else [*found, *(row for row in spelt if row.word.name)]

    def _liken(self, one: Lexeme) -> None:
        """Note which words of the question it is near to in meaning."""
        for row in self._nearby.get(one.lower, ()):
            if not opposite(row.word.key, one.key):
                row.near.add(one)
        for row in () if one.name or one.number else self._another.get(one.lower, ()):
            if one not in row.same and not opposite(row.word.key, one.key):
                row.meant.add(one)

    # What a text has

    def best(self, asked: Word, text: str) -> float:
        """Tell how surely one of a text's words says a word of the question; see `service.language.words.best`."""
        if text not in self._read:
            self.words_of(text)
        return self._rows[id(asked)].best.get(text, 0.0)

    def met(self, asked: Word, text: str) -> float:
        """Tell the same, where another word may say it by its meaning."""
        surest = self.best(asked, text)
        return surest or (0.0 if self._read[text].isdisjoint(self._rows[id(asked)].meant) else _ANOTHER)

    def acronym(self, asked: Word, text: str) -> bool:
        """Tell whether a text has, in capitals, initials of the question among which is that of one of its words."""
        if self.words_of(text).isdisjoint(self._acronyms):  # as with most
            return False
        return any(asked.text[0].lower() in one for one in self._initials)

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
        if not self._pairs:
            return 0.5
        here = self.words_of(text)
        held = {id(row) for row in self._content if not here.isdisjoint(row.same)}
        near = 0
        for one, other in self._pairs:
            if id(one) in held and id(other) in held:
                mine, theirs = _places(one, text), _places(other, text)
                near += any(abs(i - j) <= 6 for i in mine for j in theirs if i != j)
        return near / len(self._pairs)


@lru_cache(maxsize=20_000)
def initials(text: str) -> frozenset[str]:
    """Give the initials of runs of names, lower-case: "General Electric" is also "ge"."""
    runs: set[str] = set()
    run: list[Word] = []
    for word in (*words(text), None):
        if word and word.text[0].isupper() and (not run or text[run[-1].end : word.start] in {" ", " & "}):
            run.append(word)
            continue
        for first in range(len(run)):
            for last in range(first + 2, min(len(run), first + 5) + 1):
                runs.add("".join(one.text[0] for one in run[first:last]).lower())
        run = [word] if word and word.text[0].isupper() else []
    return frozenset(runs)


def _places(row: _Row, text: str) -> list[int]:
    return [place for place, word in enumerate(lexemes_in_order(text)) if word.content and word in row.same]


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
