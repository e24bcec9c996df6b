"""Whether a word of a sentence is met by a quote, in that word or another, and whether two words rule each other out; pure."""

from collections.abc import Iterable
from functools import lru_cache

from service.language import thesaurus
from service.language.words import SYNONYM_GROUPS, Lexeme, Word, key_of, opposite, same, synonymous

_NONE: frozenset[int] = frozenset()
_DENYING = frozenset("un in im il ir dis non".split())


def _numbered(lines: str) -> dict[str, frozenset[int]]:
    groups: dict[str, set[int]] = {}
    for number, line in enumerate(lines.strip().splitlines()):
        for word in line.split():
            groups.setdefault(key_of(word), set()).add(number)
    return {key: frozenset(numbers) for key, numbers in groups.items()}


_GROUPS = _numbered(thesaurus.GROUPS)
_ALL_GROUPS = {
    key: frozenset({*_GROUPS.get(key, _NONE), *(-1 - number for number in SYNONYM_GROUPS.get(key, _NONE))})
    for key in {*_GROUPS, *SYNONYM_GROUPS}
}
_SIDES = [line.split(":") for line in thesaurus.OPPOSED.strip().splitlines()]
_PLACES = {key_of(word): set[int]() for line in _SIDES for side in line for word in side.split()}
"""The sides that a key stands on: those on the left by the number of their line, those on the right by its negative."""
for _number, (_left, _right) in enumerate(_SIDES, start=1):
    for _word in _left.split():
        _PLACES[key_of(_word)].add(_number)
    for _word in _right.split():
        _PLACES[key_of(_word)].add(-_number)
_KINDS = _numbered(thesaurus.APART)


def groups(key: str) -> frozenset[int]:
    """Give the numbers of the groups of synonyms that a key stands in; those of `lexicon` are negative."""
    return _ALL_GROUPS.get(key, _NONE)


def alike(asked: Word, found: Word | Lexeme) -> float:
    """Tell how surely one word says what another does: 1 the same, .9 another form, .8 another word, 0 not."""
    surely = same(asked, found)
    if surely or asked.number or found.number or asked.key.startswith("=") or found.key.startswith("="):
        return surely
    return _other_word(asked.key, found.key)


@lru_cache(maxsize=200_000)
def _other_word(one: str, other: str) -> float:
    if contrary(one, other):
        return 0.0
    return 0.8 if _GROUPS.get(one, _NONE) & _GROUPS.get(other, _NONE) else 0.0


@lru_cache(maxsize=200_000)
def contrary(one: str, other: str) -> bool:
    """Tell whether one key says the opposite of the other, or what excludes it: "rose" and "fell", "mayor" and "governor"."""
    if one == other:
        return False
    if opposite(one, other) or _negated(one, other) or bool(_KINDS.get(one, _NONE) & _KINDS.get(other, _NONE)):
        return True
    if synonymous(one, other) or _GROUPS.get(one, _NONE) & _GROUPS.get(other, _NONE):
        return False
    return any(-side in _PLACES.get(other, _NONE) for side in _PLACES.get(one, _NONE))


def _negated(one: str, other: str) -> bool:
    """Tell whether one word is the other with a prefix that denies it: "able", "unable"."""
    shorter, longer = (one, other) if len(one) < len(other) else (other, one)
    return len(shorter) > 3 and longer.endswith(shorter) and longer[: -len(shorter)] in _DENYING


@lru_cache(maxsize=200_000)
def one_side(one: str, other: str) -> bool:
    """Tell whether two keys point in one direction: "dropped" and "down"."""
    return bool(_PLACES.get(one, _NONE) & _PLACES.get(other, _NONE))


def likest(asked: Word, found: Iterable[Word]) -> float:
    """Tell how surely any of the words says what one does."""
    surest = 0.0
    for one in found:
        if one.key == asked.key:
            return 1.0
        if one.content or one.text == "down":  # "of 86 million, down from 103 million"
            surest = max(surest, alike(asked, one))
    return surest
