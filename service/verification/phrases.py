"""The words of a text, those of two words ("called off") known by the one that says the same; pure."""

from dataclasses import replace
from functools import lru_cache

from service.language import thesaurus
from service.language.words import Word, key_of
from service.language.words import words as plain_words

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
    found = plain_words(text)
    changed = list(found)
    for index, word in enumerate(found):
        if word.name or (word.key not in _VERBS):
            continue
        for other in found[index + 1 : index + 2 + _BETWEEN]:
            meaning = _PHRASES.get((word.key, other.text.lower()))
            if meaning:
                changed[index] = replace(word, key=meaning)
                break
    return tuple(changed)


_VERBS = frozenset(verb for verb, _ in _PHRASES)
