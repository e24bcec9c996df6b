"""Whether a sentence states as a fact what its quote only plans, hopes, asks for or alleges, or the other way round; pure."""

import re
from collections.abc import Sequence
from functools import lru_cache

from service.language import lexicon
from service.language.words import DEMONYMS, Word, key_of
from service.verification.clauses import clauses
from service.verification.meaning import alike
from service.verification.phrases import words

_MODAL = frozenset("will would shall should may might could must 'll".split())
_WISHES = frozenset(
    key_of(word)
    for word in """plan hope propose proposal urge seek aim intend intention want wish expect try attempt agree agreement
    decide pledge vow promise ask request demand appeal offer consider prepare ready likely threaten effort initiative
    commit commitment goal bid""".split()
)
_CLAIMS = frozenset(
    key_of(word) for word in "allege alleged allegedly allegation accuse accusation claim suspect reportedly".split()
)
_CALLS = frozenset(key_of(word) for word in ("call", "push", "press", "wait"))
_DEED = re.compile(r"(?:al|ion|ment|ure|ance|ence|sale|purchase|launch|release|strike|attack|merger|takeover|visit)$")
_PAST = re.compile(r"(?:ed|en)$")
_NOW = re.compile(r"(?:[^s]s|ing)$")
_PERFECT = frozenset("has have had having was were been".split())
_PENDING = re.compile(
    r"\b(?:on track|on course|in the pipeline|under (?:negotiation|discussion|consideration|review|study)|is (?:planned|proposed|expected|due|scheduled)"
    r"|are (?:planned|proposed|expected|due|scheduled)|in talks|ongoing|under way|underway|yet to be|not yet)\b",
    re.IGNORECASE,
)
_POSSIBLY = frozenset("may might could should".split())
_WANTS = frozenset(
    key_of(word)
    for word in "want hope wish seek try attempt ask request demand appeal call urge consider propose threaten".split()
)
_SHORT = 40  # characters
_CLAUSE = re.compile(r"[;:.!?—()]|,\s+(?:but|and|while|though|although)\b")
_END = re.compile(r"[;:.!?—()]")


def wrong_certainty(sentence: str, quote: str) -> list[str]:
    """Say what a sentence states and its quote leaves open, or the other way round."""
    mine, theirs = _open(sentence), _open(quote)
    said, found = words(sentence), words(quote)
    reasons = []
    if not any(word.key in _CLAIMS for word in said):
        wish = next(
            (word.start for word in said if word.key in _WISHES | _CALLS and not _has(theirs, word)), len(sentence)
        )
        stated = [word for word in _stated(sentence, said) if word.start < wish]  # "they want all hostages released"
        known = _stated(quote, found, barring=theirs)
        for word in theirs:
            told = next((one for one in stated if alike(one, word) >= 0.8), None)
            if told and not _has(known, word):
                reasons.append(f"the quote says {_hedge(quote, word)}, the sentence {_verb(sentence, told)}")
        content = [word for word in said if word.content]
        for clause in _claimed(quote):
            met = sum(_has(clause, word) for word in content)
            if content and met >= 0.75 * len(content):
                reasons.append("the quote only says that this is alleged")
    reasons += _weaker(sentence, quote)
    if not _hedged(quote, found):
        known = _stated(quote, found)
        for word in mine:
            told = next((one for one in known if alike(one, word) >= 0.8), None)
            if told:
                reasons.append(f"the quote says {_verb(quote, told)}, the sentence {_hedge(sentence, word)}")
    return reasons


@lru_cache(maxsize=20_000)
def _open(text: str) -> tuple[Word, ...]:
    """Give the verbs and nouns of a text that are still to come about: "plans to *acquire*", "call for the *release*"."""
    found = words(text)
    heads = []
    for index, word in enumerate(found):
        after = found[index + 1].text.lower() if index + 1 < len(found) else ""
        before = found[index - 1].text.lower() if index else ""
        due = word.text.lower() == "to" and (after == "be" or before in {"is", "are", "was", "were"})
        if _modal(text, word) or due:
            heads += _next(text, found, index + 1, 1)
        elif word.key in _WISHES:
            # "plans to buy", "asked India to buy": the infinitive is near
            to = next((at for at in range(index + 1, min(index + 12, len(found))) if found[at].text.lower() == "to"), 0)
            if to and not re.search(r"[,;:.!?]\s", text[word.end : found[to].start]):
                heads += _next(text, found, to + 1, 1)
            elif after == "for":
                heads += _next(text, found, index + 2, 2)
        elif word.key in _CALLS and after in {"for", "on"}:
            heads += _next(text, found, index + 2, 2)
    return (*heads, *_pending(text, found), *_asked(text, found), *_under_wish(text, found))


def _asked(text: str, found: Sequence[Word]) -> list[Word]:
    """Give the words of which a text only asks whether they are so."""
    asked: list[Word] = []
    for index, word in enumerate(found):
        if word.text.lower() == "whether":
            stop = _END.search(text, word.end)
            asked += [
                one
                for one in found[index + 1 :]
                if one.content and not one.name and not (stop and one.start > stop.start())
            ]
    return asked


def _under_wish(text: str, found: Sequence[Word]) -> list[Word]:
    """Give the nouns of deeds that are only planned or considered: "apply for approval", "is considering the closure"."""
    nouns: list[Word] = []
    for index, word in enumerate(found):
        if word.key in _WISHES:
            for at in range(index + 1, min(index + 10, len(found))):
                if re.search(r"[,;:.!?]", text[found[at - 1].end : found[at].start]) or found[at].text.lower() in {
                    "that",
                    "which",
                }:
                    break
                if _DEED.search(found[at].text.lower()) and not found[at].name:
                    nouns.append(found[at])
    return nouns


def _pending(text: str, found: Sequence[Word]) -> list[Word]:
    """Give the nouns and gerunds that a text says are under way, expected or proposed: "supplying drones is on track"."""
    pending: list[Word] = []
    for match in _PENDING.finditer(text):
        start = max((stop.end() for stop in _CLAUSE.finditer(text, 0, match.start())), default=0)
        pending += [
            word
            for word in found
            if start <= word.start < match.end() and word.content and not (word.name or word.number or word.light)
        ]
    return pending


def _hedge(text: str, verb: Word) -> str:
    """Give a verb with what keeps it open, from "may" or "plans to" on."""
    before = [word for word in words(text) if word.start < verb.start]
    hedges = [word for word in before if _modal(text, word) or word.key in _WISHES or word.key in _CALLS]
    if not hedges:
        return f"only that of {verb.text}"
    whole = " ".join(text[hedges[-1].start : verb.end].split())
    return whole if len(whole) <= _SHORT else f"{hedges[-1].text} … {verb.text}"


def _verb(text: str, verb: Word) -> str:
    """Give a verb with "has" or "was" before it."""
    before = [word for word in words(text) if word.start < verb.start]
    helps = before and before[-1].text.lower() in _PERFECT
    return text[before[-1].start : verb.end] if helps else verb.text


def _weaker(sentence: str, quote: str) -> list[str]:
    """Say what a sentence announces and its quote only wants, asks for or holds possible: "will", "may"."""
    said, found = words(sentence), words(quote)
    reasons = []
    for index, word in enumerate(said):
        if word.text.lower() not in {"will", "shall"}:
            continue
        for verb in _next(sentence, said, index + 1, 1):
            there = [place for place, one in enumerate(found) if alike(one, verb) >= 0.8]
            hedges = [_weak(found, place) for place in there]
            if hedges and all(hedges):
                reasons.append(f"the quote says {hedges[0]} … {found[there[0]].text}, the sentence will {verb.text}")
    return reasons


def _weak(found: Sequence[Word], place: int) -> str:
    """Give the word before a verb that leaves it open whether it will be, unless "will" stands between."""
    for word in reversed(found[max(place - 6, 0) : place]):
        if word.text.lower() in {"will", "shall"}:
            return ""
        if word.text.lower() in _POSSIBLY or word.key in _WANTS:
            return word.text
    return ""


def _modal(text: str, word: Word) -> bool:
    lower = word.text.lower()
    return lower in _MODAL and not (lower == "may" and re.match(r"\s+\d", text[word.end :]))


def _next(text: str, found: Sequence[Word], first: int, most: int) -> list[Word]:
    """Give the first words that say something, before the clause ends."""
    heads: list[Word] = []
    for index in range(first, min(first + 6, len(found))):
        if index > first and re.search(r"[,;:.!?—()]", text[found[index - 1].end : found[index].start]):
            break
        word = found[index]
        if word.content and not word.name and not word.number and not word.text.lower().endswith("ly"):
            heads.append(word)
            if len(heads) == most:
                break
    return heads


def _hedged(text: str, found: Sequence[Word]) -> bool:
    return any(
        _modal(text, word) or word.key in _WISHES or word.key in _CLAIMS or word.key in _CALLS for word in found
    ) or bool(re.search(r"\b(?:is|are|was|were|has|have|had|yet|need\w*)\s+to\b|\bto be\b", text))


def _stated(text: str, found: Sequence[Word], barring: Sequence[Word] = ()) -> list[Word]:
    """Give the verbs that a text reports as done, or as so."""
    stated = []
    verbs = {clause.verb for clause in clauses(text)}
    for index, word in enumerate(found):
        lower = word.text.lower()
        before = {one.text.lower() for one in found[max(0, index - 3) : index]}
        past = (
            _PAST.search(lower)
            or (_NOW.search(lower) and _doer(found, index))
            or bool(before & _PERFECT)
            or lower in lexicon.IRREGULAR
            or (word in verbs and not lower.endswith("ing"))
        )
        if word.content and not word.name and past and word not in barring and not before & {"to", "being", *_MODAL}:
            stated.append(word)
    return stated


def _doer(found: Sequence[Word], index: int) -> bool:
    """Tell whether a country or "is" stands in front of a word, so that it is a verb: "India acquires", "is acquiring"."""
    before = found[index - 1] if index else None
    if before is None:
        return False
    country = before.key.startswith("=") or before.also
    return before.text.lower() in {"is", "are"} or bool(country and before.text.lower() not in DEMONYMS)


@lru_cache(maxsize=20_000)
def _claimed(text: str) -> tuple[tuple[Word, ...], ...]:
    """Give the words behind each allegation, to the end of its sentence."""
    found = words(text)
    clauses = []
    for index, word in enumerate(found):
        if word.key in _CLAIMS:
            stop = _END.search(text, word.end)
            clauses.append(tuple(one for one in found[index + 1 :] if not stop or one.end <= stop.start()))
    return tuple(clauses)


def _has(found: Sequence[Word], word: Word) -> bool:
    return any(alike(word, one) >= 0.8 for one in found)
