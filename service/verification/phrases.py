"""The words of a text, those of two words ("called off") known by the one that says the same; pure."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TypeVar

from service.language import thesaurus
from service.language.words import Lexeme, Word, key_of
from service.language.words import lexemes_in_order as plain_lexemes
from service.language.words import words as plain_words

W = TypeVar("W", Word, Lexeme)

_PHRASES = {
    (key_of(verb), particle): key_of(meaning)
    for line in thesaurus.PHRASES.strip().splitlines()
    for phrase, meaning in [line.split(": ")]
    for verb, particle in [phrase.split()]
}
_BETWEEN = 3  # words that may stand between the two: "turned the offer down"


@lru_cache(maxsize=20_000)
def words(text: str) -> tuple[Word, ...]:
    """Give the words of a text in order, as `service.language.words.words` does, the verbs of two words by their meaning."""
    return tuple(_by_meaning(plain_words(text)))


def lexemes_in_order(text: str) -> list[Lexeme]:
    """Give what these words are, without their places: far less to make."""
    return _by_meaning(plain_lexemes(text))


def _by_meaning(found: Sequence[W]) -> list[W]:
    changed = list(found)
    for index, word in enumerate(found):
        if word.name or (word.key not in _VERBS):
            continue
        for other in found[index + 1 : index + 2 + _BETWEEN]:
            meaning = _PHRASES.get((word.key, other.text.lower()))
            if meaning:
                changed[index] = replace(word, key=meaning)
                break
    return changed


_VERBS = frozenset(verb for verb, _ in _PHRASES)
