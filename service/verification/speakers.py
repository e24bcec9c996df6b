"""Whether those who say something in a sentence are those who say it in its quote, "he said" looked up in the sentences before; pure."""

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from retrieval.sentences import sentence_spans
from service.language import lexicon
from service.language.words import Word, same
from service.verification.clauses import SAYING, clauses
from service.verification.meaning import alike, groups
from service.verification.phrases import words

_HE = re.compile(r"\b(?:he|she)\b", re.IGNORECASE)
_POINTS_BACK = re.compile(
    r"\b(?:he|she|it|they|his|her|its|their|them|him|the (?:company|firm|team|club|bank|union|ministry|country|city|group|party|drug"
    r"|trial|study|minister|president|mayor|governor|manager))\b",
    re.IGNORECASE,
)
_SEVERAL = re.compile(r"\b(?:they|their|them|these|those|both|the two)\b", re.IGNORECASE)


def wrong_speaker(sentence: str, quote: str, before: Sequence[str]) -> list[str]:
    """Say who says it in the quote, where that is not whom the sentence names."""
    for one in clauses(sentence):
        speaker = named(one.agent)
        if one.verb.key not in SAYING or not speaker:
            continue
        told = [word for word in words(sentence) if word.content and not word.light and word not in one.agent]
        found, earlier = _nearest(told, quote, before)
        speakers = [other for other in clauses(found) if other.verb.key in SAYING]
        who = [name for other in speakers for name in named(other.agent)]
        if not who and speakers and _HE.search(found):
            who = list(antecedent(earlier))
        if (
            who
            and not any(same(mine, other) >= 0.9 for mine in speaker for other in who)
            and not _holds(found, speaker)
        ):
            return [f"in the quote {' '.join(word.text for word in who[-2:])} says it, not {speaker[-1].text}"]
    return []


def named(phrase: Sequence[Word]) -> list[Word]:
    """Give the names of a noun phrase, without titles and the countries before these: "US Defence Secretary" names nobody."""
    names = [
        word
        for word, after in pairwise((*phrase, None))
        # "Net profit": a capital at the beginning alone is none of a name
        if word
        and (
            word.name
            or (
                word.text[0].isupper()
                and word.content
                and not (word.number or groups(word.key))
                and (after is None or not after.text[0].islower())
            )
        )
        and word.text.lower() not in lexicon.TITLES
        and not (word.light and not word.name)
    ]
    titled = any(word.text.lower() in lexicon.TITLES for word in phrase)
    return [word for word in names if not (titled and word.key.startswith("="))]


@lru_cache(maxsize=20_000)
def antecedent(before: tuple[str, ...]) -> tuple[Word, ...]:
    """Give whom "he" and "she" point back to: whoever says something in the nearest sentence that names someone, or does it."""
    for text in reversed(before):
        told = [one for one in clauses(text) if named(one.agent)]
        saying = [one for one in told if one.verb.key in SAYING] or told
        if saying:
            return saying[0].agent
    return ()


def points_back(text: str) -> bool:
    """Tell whether a text points back to the sentences before it, anywhere in it."""
    return bool(_POINTS_BACK.search(text))


def several(text: str) -> bool:
    """Tell whether a quote points back to more than one: "these are two of our closest friends"."""
    return bool(_SEVERAL.search(text))


def _nearest(told: Sequence[Word], quote: str, before: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Give the sentence of a quote that has the most of some words, and those before it."""
    texts = [quote[start:end] for start, end in sentence_spans(quote)] or [quote]
    shares = [sum(any(alike(word, other) for other in words(text)) for word in told) for text in texts]
    place = shares.index(max(shares))
    return texts[place], (*before, *texts[:place])


def _holds(text: str, names: Sequence[Word]) -> bool:
    """Tell whether a text names someone as one who may well say it too: "joined by", "and"."""
    return any(
        same(word, name) >= 0.9
        for one in clauses(text)
        if one.verb.key in SAYING
        for word in one.agent
        for name in names
    )
