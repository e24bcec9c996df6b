"""Whether a sentence says what its quote denies, or the opposite; pure."""

import re
from collections.abc import Sequence
from functools import lru_cache

from service.language import lexicon
from service.language.words import Word, key_of, same, synonymous
from service.verification.meaning import alike, contrary, one_side
from service.verification.phrases import words

# "refused to condemn" denies as "did not condemn" does.
_REFUSING = frozenset(key_of(word) for word in "refuse fail decline".split())
_LACKING = frozenset(key_of(word) for word in "lose lack deprive shortage absence fail".split())
_DENIES_NOTHING = frozenset("only just merely simply least doubt".split())
# What says "not" of what stands behind it, where a sentence says so plainly.
_RULING_OUT = re.compile(
    r"\b(?:rul(?:es?|ed|ing) out|(?:stay|keep|steer|kept|stayed|remain)\w* (?:out|away|clear) (?:of|from)|refrain\w* from|abstain\w* from|reject\w*|den(?:y|ies|ied)|refus\w*"
    r"|declin\w*|fail\w*|without|avoid\w*|prevent\w*|avert\w*|unable to|yet to|instead of|rather than|oppos\w*)\b",
    re.IGNORECASE,
)
_PREVENTED = re.compile(r"\b(?:prevent|avert|avoid)(?:s|ed|ing)?\b", re.IGNORECASE)
_PREVENTING = re.compile(
    r"\b(?:prevent|avert|avoid|stop|halt|block|thwart|deter|guard|protect|without|fear|risk|threat)|\bke(?:ep|pt)\b.*\bfrom\b",
    re.IGNORECASE,
)
_BOUNDS = frozenset("more less fewer later earlier sooner".split())
# Verbs that undo what they are said of: a sentence may not bring one in, whatever the quote's own verb is.
_UNDOING = frozenset(
    key_of(word)
    for word in "end cancel scrap terminate suspend halt abandon abolish revoke annul postpone dissolve".split()
)
_DONE = re.compile(r"(?:ed|s|ing)$")


def wrong_polarity(sentence: str, quote: str) -> list[str]:
    """Say what a sentence denies and its quote does not, or the other way round, or by the opposite word."""
    mine, theirs = _denied(sentence), _denied(quote)
    ruled_out = [_behind(quote, match.end()) for match in _RULING_OUT.finditer(quote)]
    reasons = []
    if any(not any(_shared(denied, other) for other in (*theirs, *ruled_out)) for denied in mine):
        reasons.append("only the sentence says not")
    said = [word for word in words(sentence) if word.content]
    lacks = any(word.key in _LACKING for word in words(sentence))  # "lost power": "without electricity"
    for denied in () if lacks else theirs:
        met = [word for word in denied if any(alike(one, word) >= 0.8 for one in said)]
        if 2 * len(met) >= len(denied) > 0 and not any(_shared(denied, other) for other in mine):
            reasons.append("only the quote says not")
    if not mine and not _PREVENTING.search(sentence):
        prevented = [_behind(quote, match.end()) for match in _PREVENTED.finditer(quote)]
        if any(one and all(any(alike(word, other) >= 0.9 for other in said) for word in one) for one in prevented):
            reasons.append("the quote says that this is prevented")
    found = [word for word in words(quote) if word.content]
    undone = [word.text for word in said if word.key in _UNDOING and _DONE.search(word.text.lower())]
    if undone and not any(word.key in _UNDOING or synonymous(word.key, key_of(undone[0])) for word in found):
        reasons.append(f"the quote does not say {undone[0]}")
    return [*reasons, *_opposites(said, found, words(quote))]


@lru_cache(maxsize=20_000)
def _denied(text: str) -> tuple[tuple[Word, ...], ...]:
    """Give, for each "not" of a text, the words that it denies: those behind it, to the end of its clause."""
    found = words(text)
    return tuple(_clause(text, found, index + 1) for index in range(len(found)) if _denies(text, found, index))


def _denies(text: str, found: Sequence[Word], index: int) -> bool:
    word = found[index]
    lower = word.text.lower().replace("’", "'")
    following = found[index + 1].text.lower() if index + 1 < len(found) else ""
    if word.key in _REFUSING:
        return following == "to"
    if lower not in lexicon.NEGATIONS and not lower.endswith("n't"):
        return False
    if text[word.end : word.end + 1] == "-":
        return False  # "never-before-seen"
    if lower == "no" and (text[word.end : word.end + 1] == "." or following in _BOUNDS):
        return False  # "No. 5", "no more than 31"
    return following not in _DENIES_NOTHING


def _clause(text: str, found: Sequence[Word], first: int) -> tuple[Word, ...]:
    denied: list[Word] = []
    for index in range(first, len(found)):
        between = text[found[index - 1].end : found[index].start]
        if denied and (re.search(r"[,;:.!?—()]", between) or found[index].text.lower() in {"and", "but", "while"}):
            break
        if found[index].content:
            denied.append(found[index])
    return tuple(denied)


def _behind(text: str, start: int) -> tuple[Word, ...]:
    stop = re.compile(r"[,;:.!?—()]").search(text, start)
    return tuple(
        word for word in words(text) if word.content and start <= word.start < (stop.start() if stop else len(text))
    )


def _shared(one: Sequence[Word], other: Sequence[Word]) -> bool:
    return not one or not other or any(alike(mine, theirs) >= 0.8 for mine in one for theirs in other)


def _opposites(said: Sequence[Word], found: Sequence[Word], every: Sequence[Word]) -> list[str]:
    """Look for words of a sentence in whose place its quote has the opposite."""
    reasons = []
    free = [word for word in found if not any(alike(one, word) >= 0.8 for one in said)]
    for word in said:
        if (
            word.name
            or word.number
            or any(same(word, other) >= 0.8 or one_side(word.key, other.key) for other in every)
        ):
            continue
        against = next(
            (other for other in free if contrary(word.key, other.key) and _beside(word, said, other, found)), None
        )
        if against:
            reasons.append(f"the quote says {against.text}, the sentence {word.text}")
    return reasons


def _beside(word: Word, said: Sequence[Word], other: Word, found: Sequence[Word]) -> bool:
    """Tell whether two words stand beside the same: one of three content words on either side."""
    near = _around(word, said)
    return not near or any(alike(one, each) for one in near for each in _around(other, found))


def _around(word: Word, found: Sequence[Word]) -> list[Word]:
    at = next(place for place, one in enumerate(found) if one is word)
    return [*found[max(at - 3, 0) : at], *found[at + 1 : at + 4]]
