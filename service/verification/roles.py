"""Whether those of a sentence stand where those of its quote do: who does it, to whom, whose it is, who says it; pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from retrieval.sentences import sentence_spans
from service.language import lexicon
from service.language.facts import Moment, Quantity, moments, quantities
from service.language.words import DEMONYMS, Word, same
from service.verification.clauses import REPORTING, Clause, clauses
from service.verification.meaning import alike, likest
from service.verification.phrases import words
from service.verification.speakers import named, points_back

# Prepositions that put a name into the same place: "a visit to Delhi" is one "in Delhi".
_PLACES = {"in": "in", "at": "in", "to": "in", "from": "from", "by": "by", "against": "against"}
_UNITS = frozenset("percent cent dollar dollars euro euros pound pounds rupee rupees yen usd eur gbp inr".split())
_BE = frozenset("is are was were remains became".split())
_MUTUAL = re.compile(r"\b(?:and|between|both|each other|together|jointly|with)\b", re.IGNORECASE)
_DETERMINERS = frozenset("a an the its their his her our all any some this that these those".split())
_PASSIVE = re.compile(r"\b(?:by|be|been|being)\b", re.IGNORECASE)


_HE = re.compile(r"\b(?:he|she|her|his|him|they|their|them|it|its)\b", re.IGNORECASE)
_GOALS = frozenset("to with for by against from".split())
_GENERIC = 2  # words: "the company", "the freight company" may be anybody that is named elsewhere


@dataclass(frozen=True, slots=True)
class _Role:
    """A country in a text: what stands in front of it, what it belongs to, and where."""

    country: str
    preposition: str
    owned: Word | None
    index: int


def swapped_roles(sentence: str, quote: str) -> list[str]:
    """Say which names of a sentence have the place that another one has in its quote."""
    mine, theirs = _roles(sentence), _roles(quote)
    reasons = [
        *_other_doer(clauses(sentence), clauses(quote), words(quote)),
        *_apart(sentence, quote),
        *_of_something_else(sentence, quote),
        *_other_place(mine, theirs),
        *_other_way(sentence, quote),
        *_other_owner(mine, theirs),
        *_other_figure(sentence, quote),
        *_other_goal(sentence, quote),
        *_other_side(sentence, quote, mine, theirs),
    ]
    for noun, name in _called(sentence):
        named = [other for one, other in _called(quote) if same(noun, one) >= 0.9]
        if named and not any(_country(name) == _country(other) or same(name, other) >= 0.9 for other in named):
            reasons.append(f"the quote calls {named[0].text} {noun.text}, not {name.text}")
    return reasons


def _other_doer(mine: Sequence[Clause], theirs: Sequence[Clause], quote: Sequence[Word]) -> list[str]:
    """Look for a verb that the quote has others do, or has done to those who do it in the sentence."""
    reasons: list[str] = []
    for one in mine:
        if not (one.agent or one.patient):
            continue
        same_verb = [other for other in theirs if same(one.verb, other.verb) >= 0.9]
        same_verb = same_verb or [other for other in theirs if _same_verb(one.verb, other.verb)]
        against = [_against(one, other) for other in same_verb]
        if against and all(against):
            reasons.append(against[0])
        elif thing := _other_thing(one, same_verb, quote) or _other_scope(one, same_verb):
            reasons.append(thing)
    return reasons


def _apart(sentence: str, quote: str) -> list[str]:
    """Look for a doer and a deed that stand in different sentences of a quote, without "he" or "it" in that of the deed."""
    texts = [quote[start:end] for start, end in sentence_spans(quote)]
    reasons = []
    for one in clauses(sentence) if len(texts) > 1 else ():
        names = named(one.agent)
        if not names or one.verb.light or one.verb.key in REPORTING:
            continue
        places = [at for at, text in enumerate(texts) if likest(one.verb, words(text))]
        if places and not any(_done_by(names, texts[at], texts[:at]) for at in places):
            reasons.append(f"the quote does not say {one.verb.text} of {_called_out(names)}")
    return reasons


def _done_by(names: Sequence[Word], text: str, before: Sequence[str]) -> bool:
    if any(_in(name, words(text)) for name in names):
        return True
    return points_back(text) and any(_in(name, words(one)) for one in before for name in names)


def _same_verb(one: Word, other: Word) -> bool:
    return alike(one, other) >= 0.8 or (one.key in REPORTING and other.key in REPORTING)


def _against(one: Clause, other: Clause) -> str:
    """Say what speaks against two clauses of one verb having the same doer; "" where nothing does."""
    if not one.agent or (not other.agent and not other.patient):
        return ""
    own = [word for word in one.agent if not (word.number or _in(word, one.patient))]
    undergone = [word for word in own if _in(word, other.patient) and not word.light and not _in(word, other.agent)]
    turned = _share(one.patient, other.agent) if one.patient and other.agent else bool(named(undergone))
    if undergone and len(undergone) * 2 >= len(own) and turned:
        who = _called_out(other.agent)
        if not who:
            return f"in the quote {_called_out(one.agent)} is not who does it"
        return f"in the quote it is {who} that {_done(one.verb)}, not {_called_out(one.agent)}"
    done_to = [word for word in one.patient if not (_counts(word) or _in(word, one.agent))]
    if (
        own
        and done_to
        and (other.patient or named(done_to))  # "the bill passed" is "parliament passed the bill"
        and all(_in(word, other.agent) for word in done_to)
        and not any(_in(w, other.agent) for w in own)
    ):
        return f"in the quote it is {_called_out(other.agent)} that {_done(one.verb)}, not {_called_out(one.agent)}"
    if _share(one.agent, other.agent):
        return ""
    plain = [word for word in other.agent if not word.light and word.text.lower() not in lexicon.TITLES]
    if named(one.agent) and not named(other.agent) and len(plain) > _GENERIC:
        return f"in the quote it is {_called_out(other.agent)} that {_done(one.verb)}, not {_called_out(one.agent)}"
    things = not named(one.agent) and not named(other.agent) and bool(other.agent)
    if things and _met(one, other) and not any(word.light or word.number for word in (*one.agent, *other.agent)):
        return f"in the quote it is {_called_out(other.agent)} that {_done(one.verb)}, not {_called_out(one.agent)}"
    if named(one.agent) and named(other.agent):
        return f"in the quote {_called_out(other.agent)} {_done(one.verb)}, not {_called_out(one.agent)}"
    return ""


def _met(one: Clause, other: Clause) -> bool:
    """Tell whether two clauses say the same of their doers, so that these must be the same too."""
    own = [word for word in (*one.patient, *one.rest) if not word.light]
    return len(own) > 1 and all(likest(word, (*other.patient, *other.rest)) for word in own)


def _other_thing(one: Clause, same_verb: Sequence[Clause], quote: Sequence[Word]) -> str:
    """Look for what is done where the quote has it done to something else: "sent a payment", "sent a letter"."""
    own = [word for word in one.patient if not (word.light or _counts(word))]
    others = [[word for word in other.patient if not (word.light or _counts(word))] for other in same_verb]
    if own and others and all(others) and not named(own[-1:]) and not likest(own[-1], quote):
        return f"the quote says {one.verb.text.lower()} {others[0][-1].text}, not {own[-1].text}"
    return ""


def _other_scope(one: Clause, same_verb: Sequence[Clause]) -> str:
    """Look for a subject that the quote has elsewhere: "sales in Germany", "sales in North America"."""
    own = named(one.scope)
    others = [other for other in same_verb if _share(one.agent, other.agent) and named(other.scope)]
    if own and others and not any(_in(name, other.scope) for name in own for other in others):
        return f"the quote says {one.verb.text.lower()} of {_called_out(others[0].scope)}, not of {own[-1].text}"
    return ""


def _other_goal(sentence: str, quote: str) -> list[str]:
    """Look for another name behind a preposition than the quote has there, by the same verb: "pay to Redford", "to Eko"."""
    verbs = [one.verb for one in clauses(sentence) if not one.verb.light]
    reasons = []
    for start, end in sentence_spans(quote):
        text = quote[start:end]
        if not any(likest(verb, words(text)) for verb in verbs):
            continue
        for preposition, name in _bound(sentence):
            there = [other for one, other in _bound(text) if one == preposition]
            elsewhere = _in(name, words(quote)) and not _in(name, words(text))
            if there and elsewhere and not any(_in(other, words(sentence)) for other in there):
                reasons.append(f"the quote says {preposition} {there[0].text}, the sentence {preposition} {name.text}")
    return reasons


def _bound(text: str) -> list[tuple[str, Word]]:
    """Give the names right behind a preposition."""
    found = words(text)
    return [
        (found[at - 1].text.lower(), found[at])
        for at in range(1, len(found))
        if found[at].name and not found[at].key.startswith("=") and found[at - 1].text.lower() in _GOALS
    ]


def _counts(word: Word) -> bool:
    lower = word.text.lower()
    return word.number or lower in lexicon.NUMBER_WORDS or lower in lexicon.SCALES or lower in _UNITS


def _of_something_else(sentence: str, quote: str) -> list[str]:
    """Look for what a sentence says of one thing and its quote of another: "production of drones", "of engines"."""
    reasons = []
    for noun, of in _of(sentence):
        theirs = [other for one, other in _of(quote) if alike(noun, one) >= 0.8]
        others = theirs and not any(likest(word, other) for other in theirs for word in of if not word.light)
        if others and all(likest(word, words(quote)) for word in of):
            reasons.append(f"the quote says {noun.text} of {theirs[0][-1].text}, not of {of[-1].text}")
    return reasons


@lru_cache(maxsize=20_000)
def _of(text: str) -> tuple[tuple[Word, tuple[Word, ...]], ...]:
    """Give the nouns behind which "of" stands, and what it is followed by."""
    found = words(text)
    pairs = []
    for index in range(1, len(found) - 1):
        if found[index].text.lower() != "of" or not found[index - 1].content or found[index - 1].light:
            continue
        following: list[Word] = []
        for at in range(index + 1, len(found)):
            gap = text[found[at - 1].end : found[at].start]
            if re.search(r"[.!?;:,()\"“”\n]", gap) or (
                not found[at].content and found[at].text.lower() not in _DETERMINERS
            ):
                break
            if found[at].content:
                following.append(found[at])
        if following and not following[0].number:
            pairs.append((found[index - 1], tuple(following)))
    return tuple(pairs)


def _share(one: Iterable[Word], other: Sequence[Word]) -> bool:
    """Tell whether two noun phrases have a name in common, or where one has none, any word."""
    one = tuple(one)
    if named(one) and named(other):
        return any(_in(word, other) for word in named(one))
    return any(_in(word, other) for word in one if not word.light or not named(one))


def _in(word: Word, phrase: Iterable[Word]) -> bool:
    return any((same if word.name else alike)(word, one) >= 0.8 for one in phrase)


def _called_out(phrase: Sequence[Word]) -> str:
    who = named(phrase) or list(phrase)
    return " ".join(word.text.removesuffix("'s").removesuffix("’s") for word in who[-3:])


def _done(verb: Word) -> str:
    return verb.text.lower()


def _other_place(mine: Sequence[_Role], theirs: Sequence[_Role]) -> list[str]:
    reasons = []
    for one in mine:
        there = {other.country for other in theirs if other.preposition == one.preposition}
        placed = any(other.country == one.country and (other.preposition or other.owned) for other in theirs)
        elsewhere = any(other.country == one.country for other in theirs)
        listed = elsewhere and not placed
        if (
            one.preposition
            and there
            and elsewhere
            and one.country not in there
            and not (listed and one.preposition == "in")
        ):
            reasons.append(f"the quote does not say {one.preposition} {one.country[1:].title()}")
    return reasons


def _other_way(sentence: str, quote: str) -> list[str]:
    """Look for a name to which a sentence says it goes, and from which the quote says it comes, or the other way round."""
    mine, theirs = _ways(sentence), _ways(quote)
    reasons = []
    for key, (way, name) in mine.items():
        other = theirs.get(key)
        if other and {way, other[0]} == {"to", "from"}:
            reasons.append(f"the quote says {other[0]} {name}, the sentence {way} {name}")
    return reasons


@lru_cache(maxsize=20_000)
def _ways(text: str) -> dict[str, tuple[str, str]]:
    """Give the names behind "to" or "from" by their keys, those that stand nowhere else."""
    found = words(text)
    ways: dict[str, tuple[str, str]] = {}
    for index, word in enumerate(found):
        if not word.name:
            continue
        at = index - 1
        while at >= 0 and found[at].text.lower() in {"the", "a", "an"}:
            at -= 1
        way = found[at].text.lower() if at >= 0 else ""
        way = way if way in {"to", "from"} else ""
        if word.also or word.text.lower() in DEMONYMS:
            way = ""
        ways[word.key] = (way if ways.get(word.key, (way, ""))[0] == way else "", word.text)
    return ways


def _other_owner(mine: Sequence[_Role], theirs: Sequence[_Role]) -> list[str]:
    reasons = []
    for one in mine:
        owners = {
            other.country for other in theirs if one.owned and other.owned and same(one.owned, other.owned) >= 0.9
        }
        if one.owned and owners and one.country not in owners:
            reasons.append(f"the quote does not say {one.owned.text} of {one.country.lstrip('=').title()}")
    return reasons


def _other_figure(sentence: str, quote: str) -> list[str]:
    """Look for a number or date that the quote gives with another name, behind that of the sentence's name."""
    reasons = []
    for figures, known in ((moments(sentence), moments(quote)), (quantities(sentence), quantities(quote))):
        for one in figures:
            said = sentence[one.start : one.end]
            doers = [
                name
                for clause in clauses(sentence)
                if clause.start <= one.start <= clause.end
                for name in named(clause.agent)
            ]
            given = [other for other in known if _as_figure(quote[other.start : other.end]) == _as_figure(said)]
            between = [_between(doers, other.start, known, quote) for other in given]
            if doers and between and all(between):
                reasons.append(f"the quote gives {said.strip()} with {between[0]}, not {_called_out(doers)}")
    return reasons


def _between(doers: Sequence[Word], place: int, known: Sequence[Moment] | Sequence[Quantity], quote: str) -> str:
    """Name who stands before a figure, where another figure stands between the doer's name and that one."""
    found = words(quote)
    own = [word for word in found if word.end <= place and any(same(name, word) >= 0.9 for name in doers)]
    others = [other for other in known if own and own[-1].end <= other.start < place]
    if not others:
        return ""
    if _HE.search(quote[others[0].end : place]):
        return ""  # who it is stands before
    after = [word for word in found if others[0].end <= word.start < place and word.name and not _country(word)]
    people = [word for word in after if not re.match(r"\S+\s+\d", quote[word.start :])]
    return people[0].text if people else ""


def _as_figure(text: str) -> str:
    return " ".join(text.lower().split())


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
