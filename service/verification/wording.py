"""Whether a sentence has another word in the place of one of its quote's: "economies" for "democracies"; pure."""

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from service.language import thesaurus
from service.language.words import Word, key_of, word_of
from service.verification.clauses import REPORTING, clauses
from service.verification.figures import figure_spans
from service.verification.meaning import alike, contrary, likest
from service.verification.phrases import words

_IS = frozenset("is are was were".split())
_ARTICLES = frozenset("a an the very not also now still so too more less quite rather".split())
_LOSING = frozenset({key_of("lose")})
_WITHOUT = re.compile(  # "lost power": "left without electricity"; "jobs lost": "cost up to 1,300 jobs"
    r"\b(?:without|no longer|deprived|costs?|costing|cuts?|cutting|shed|shedding|axed?|redundan\w+)\b", re.IGNORECASE
)
_STOP = re.compile(r"[.!?;\n]")
_DECISIVE = frozenset(key_of(verb) for verb in thesaurus.DECISIVE.split())
# Verbs that carry little where another word carries the meaning: "aged 23", "runs until June".
THIN = frozenset(
    key_of(word)
    for word in "age run due set voice point bring enjoy total stand number hold keep lead cause prompt result trigger force host".split()
)


def replaced_words(sentence: str, quote: str) -> list[str]:
    """Say which words of a quote a sentence replaces by others that do not say the same, beside words that they share."""
    said, found = _content(sentence), _content(quote)
    if not said or not found:
        return []
    matched = _aligned(said, found)
    reasons = []
    for (one, other), (one_end, other_end) in pairwise(matched):
        mine, theirs = said[one + 1 : one_end], found[other + 1 : other_end]
        if not mine or not theirs or len(mine) > 3:
            continue
        if len(mine) == len(theirs):
            facing = list(zip(mine, theirs, strict=True))
        else:
            ends = ((mine[0], theirs[0]), (mine[-1], theirs[-1]))
            facing = [pair for pair in ends if _plural(*pair) or contrary(pair[0].key, pair[1].key)]
        for word, instead in facing:
            if contrary(word.key, instead.key) or (
                _of_one_kind(word, instead) and not likest(word, found) and not likest(instead, said)
            ):
                reasons.append(f"the quote says {instead.text}, the sentence {word.text}")
    return reasons


def _of_one_kind(one: Word, other: Word) -> bool:
    """Tell whether two words are plain ones and end alike, as two nouns or two verbs of one form do."""
    if any(word.name or word.light or word.number or word.key in THIN or not word.content for word in (one, other)):
        return False
    return _ending(one) == _ending(other) or {_ending(one), _ending(other)} == {"", "s"}


def _plural(one: Word, other: Word) -> bool:
    return _ending(one) == _ending(other) == "s"


def _ending(word: Word) -> str:
    lower = word.text.lower()
    return next((end for end in ("ed", "ing", "ly", "s") if lower.endswith(end) and not lower.endswith("ss")), "")


def missing_verbs(sentence: str, quote: str) -> list[str]:
    """Say which deeds that decide a matter ("signed", "died") a sentence reports and its quote does not."""
    found = words(quote)
    return [
        f"the quote does not say {one.verb.text}"
        for one in clauses(sentence)
        if one.verb.key in _DECISIVE
        and not likest(one.verb, found)
        and not (one.verb.key in _LOSING and _WITHOUT.search(quote))
    ]


def unmet_verbs(sentence: str, quote: str) -> bool:
    """Tell whether a verb that says something is in no form among a quote's words."""
    found = words(quote)
    return any(
        not (one.verb.light or one.verb.key in THIN or one.verb.key in REPORTING) and not likest(one.verb, found)
        for one in clauses(sentence)
    )


def missing_predicates(sentence: str, quote: str) -> list[str]:
    """Say what a sentence says that something is and its quote does not: "the factory is bankrupt"."""
    said, found = words(sentence), words(quote)
    reasons = []
    for before, be in pairwise(said):
        behind = said[said.index(be) + 1 :]
        if be.text.lower() not in _IS or not (before.content or before.text.lower() in {"it", "he", "she", "they"}):
            continue
        told = next(
            (word for word in behind if not (word.text.lower().endswith("ly") or word.text.lower() in _ARTICLES)), None
        )
        plain = told and told.content and not (told.name or told.number or told.light or told.key in THIN)
        if told and plain and not told.text.lower().endswith(("ed", "ing", "en")) and not likest(told, found):
            reasons.append(f"the quote does not say {told.text}")
    return reasons


def _aligned(said: Sequence[Word], found: Sequence[Word]) -> list[tuple[int, int]]:
    """Give the longest run of pairs of words that say the same in the same order, from before the first to behind the last."""
    pairs = _pairs(tuple(said), tuple(found))
    chain: list[tuple[int, int]] = []
    if pairs:
        length = [1.0] * len(pairs)
        back = [-1] * len(pairs)
        for at, (one, other) in enumerate(pairs):
            for earlier in range(at):
                before, there = pairs[earlier]
                if before < one and there < other:
                    run = length[earlier] + 1.0 + 0.1 / (other - there)  # of equal runs the closer one
                    if run > length[at]:
                        length[at], back[at] = run, earlier
        at = max(range(len(pairs)), key=length.__getitem__)
        while at >= 0:
            chain.insert(0, pairs[at])
            at = back[at]
    return chain


@lru_cache(maxsize=5_000)
def _pairs(said: tuple[Word, ...], found: tuple[Word, ...]) -> list[tuple[int, int]]:
    return [(i, j) for i, one in enumerate(said) for j, other in enumerate(found) if alike(one, other) >= 0.8]


@lru_cache(maxsize=20_000)
def _content(text: str) -> tuple[Word, ...]:
    """Give the content words of a text, its figures but for their places left out, with a mark at the end of each sentence."""
    figures = figure_spans(text)
    content: list[Word] = []
    last = 0
    for word in words(text):
        if last and _STOP.search(text[last : word.start]):
            content.append(word_of(".", last, last, "."))
        last = word.end
        if word.content and not any(start <= word.start < end for start, end in figures):
            content.append(word)
    content.append(word_of(".", last, last, "."))
    return tuple(content)
