"""Whether the names of a sentence stand where those of its quote do: who does it, to whom, whose it is; pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from service.language.words import DEMONYMS, Word, same, words

# Prepositions that put a name into the same place: "a visit to Delhi" is one "in Delhi".
_PLACES = {"in": "in", "at": "in", "to": "in", "from": "from", "by": "by", "against": "against"}
_BE = frozenset("is are was were remains became".split())
_MUTUAL = re.compile(r"\b(?:and|between|both|each other|together|jointly|with)\b", re.IGNORECASE)
_PASSIVE = re.compile(r"\b(?:by|be|been|being)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Role:
    """A country in a text: what stands in front of it, what it belongs to, and where."""

    country: str
    preposition: str
    owned: Word | None
    index: int


def swapped_roles(sentence: str, quote: str) -> list[str]:
    """Say which countries of a sentence have the place that another one has in its quote."""
    mine, theirs = _roles(sentence), _roles(quote)
    reasons = [*_other_place(mine, theirs), *_other_owner(mine, theirs), *_other_side(sentence, quote, mine, theirs)]
    for noun, name in _called(sentence):
        named = [other for one, other in _called(quote) if same(noun, one) >= 0.9]
        if named and not any(_country(name) == _country(other) or same(name, other) >= 0.9 for other in named):
            reasons.append(f"the quote calls {named[0].text} {noun.text}, not {name.text}")
    return reasons


def _other_place(mine: Sequence[_Role], theirs: Sequence[_Role]) -> list[str]:
    reasons = []
    for one in mine:
        there = {other.country for other in theirs if other.preposition == one.preposition}
        elsewhere = any(other.country == one.country for other in theirs)
        if one.preposition and there and elsewhere and one.country not in there:
            reasons.append(f"the quote does not say {one.preposition} {one.country[1:].title()}")
    return reasons


def _other_owner(mine: Sequence[_Role], theirs: Sequence[_Role]) -> list[str]:
    reasons = []
    for one in mine:
        owners = {
            other.country for other in theirs if one.owned and other.owned and same(one.owned, other.owned) >= 0.9
        }
        if one.owned and owners and one.country not in owners:
            reasons.append(f"the quote does not say {one.owned.text} of {one.country[1:].title()}")
    return reasons


def _other_side(sentence: str, quote: str, mine: Sequence[_Role], theirs: Sequence[_Role]) -> list[str]:
    """Look for a doer to whom the quote has it done, by the same verb."""
    if _PASSIVE.search(sentence) or _PASSIVE.search(quote):
        return []
    said, found = words(sentence), words(quote)
    doers = [one for one in mine if not one.preposition and not one.owned]
    if not doers or _MUTUAL.search(sentence[: said[doers[0].index].end + 5]):
        return []
    doer = doers[0]
    if any(word.content for word in said[: doer.index]) or any(
        word.text.lower() in _BE for word in said[doer.index + 1 : doer.index + 2]
    ):
        return []
    for verb in (one for one in said[doer.index + 1 :] if one.content and not one.name and not one.light):
        for at in (at for at, one in enumerate(found) if one.key == verb.key):
            before = {one.country for one in theirs if one.index < at}
            behind = {one.country for one in theirs if one.index > at and not one.owned}
            if before and doer.country in behind - before and not _MUTUAL.search(quote[: found[at].start]):
                return [f"in the quote {said[doer.index].text} is not who does it"]
        return []
    return []


@lru_cache(maxsize=20_000)
def _roles(text: str) -> tuple[_Role, ...]:
    found = words(text)
    roles = []
    for index, word in enumerate(found):
        country = _country(word)
        if not country:
            continue
        lower = word.text.lower().replace("’", "'")
        at = index - 1
        while at >= 0 and found[at].text.lower() in {"the", "a", "an"}:
            at -= 1
        after = found[index + 1] if index + 1 < len(found) else None
        owner = lower.endswith(("'s", "s'")) or lower in DEMONYMS
        joined = after is not None and not text[word.end : after.start].strip()
        owned = after if owner and joined and after and after.content and not after.name else None
        preposition = "" if owner or at < 0 else _PLACES.get(found[at].text.lower(), "")
        roles.append(_Role(country, preposition, owned, index))
    return tuple(roles)


def _country(word: Word) -> str:
    key = word.also or word.key
    return key if key.startswith("=") else ""


@lru_cache(maxsize=20_000)
def _called(text: str) -> tuple[tuple[Word, Word], ...]:
    """Give the nouns that a country is called: "its supplier, Russia", "its supplier is Russia", "Russia is … supplier"."""
    found = words(text)
    called = []
    for index in range(1, len(found)):
        name = found[index]
        before, first = found[index - 1], found[index - 2]
        between = text[before.end : name.start].strip()
        if not _country(name) or name.text.lower() in DEMONYMS or name.text.lower().endswith(("'s", "’s")):
            continue
        if between == "," and before.content and not before.name and not re.match(r"\s+and\b|,", text[name.end :]):
            called.append((before, name))
        elif index > 1 and before.text.lower() in _BE and first.content and not first.name:
            called.append((first, name))
    return tuple(called)
