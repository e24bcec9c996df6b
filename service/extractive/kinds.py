"""Whether a statement holds the kind of answer that a question asks for; pure."""

import re
from collections.abc import Iterable, Sequence

from service.extractive.asking import Asked, Kind
from service.extractive.comparing import Comparison
from service.language import lexicon
from service.language.facts import Moment, Quantity, moments, quantities
from service.language.words import COUNTRIES, DEMONYMS, Lexeme, Word, lexemes, same, words

_REASON = re.compile(
    r"\b(?:because|since|due to|owing to|thanks to|so that|in order to|as a result|result of|in response to|in light of|"
    r"for fear|reason|over|amid|following|sparked|prompted|triggered|caus(?:e|ed|es|ing)|led to|blam(?:e|ed|es|ing)|"
    r"aim(?:s|ed|ing)?|hope[sd]?|seek(?:s|ing)?|sought|as a move|as a counterweight|counter(?:ing)?|"
    r"(?:in a (?:bid|move)|set up|designed|intended|used|serves?|meant|needed|positions?|steps?|efforts?|plans?|measures?) to [a-z]+|"
    r"to (?!the\b|a\b|an\b|be\b|have\b|it\b|its\b|their\b|his\b|her\b|this\b|that\b)[a-z]{3,})\b",
    re.IGNORECASE,
)
_LOCATIVE = re.compile(r"\b(?:in|at|near|from|to|outside|inside|across|around|into)\s+(?:the\s+)?$", re.IGNORECASE)
_DEICTIC = re.compile(r"today|tonight|yesterday|tomorrow", re.IGNORECASE)  # tells nothing without the day it was said
_MONEY = re.compile(
    r"\b(?:cost|costs|price|pay|paid|worth|budget|fee|salary|value|spend|spent|spending|fine|fund|funding|invest|invested|earn|sum|amount of money|expensive)\b",
    re.IGNORECASE,
)
_TOWN = re.compile(r"\b(?:city|cities|town|capital|venue|building|stadium|site)\b", re.IGNORECASE)


def holds_kind(compared: Comparison, text: str, near: Iterable[str]) -> bool | None:
    """Tell whether a statement holds an answer of the kind asked for, None where any statement may."""
    asked = compared.asked
    if asked.role:
        return names_role(compared, text)
    match asked.kind:
        case Kind.WHEN:
            return any(
                text[one.start : one.end].lower() not in asked.text.lower()
                and not _DEICTIC.fullmatch(text[one.start : one.end])
                and _fine_enough(one, text, asked.grain)
                for one in moments(text)
            )
        case Kind.COUNT:
            return _counts(compared, text)
        case Kind.AMOUNT:
            return _amounts(asked, text)
        case Kind.COUNTRY:
            return any(word.key in COUNTRIES and not compared.known(word) for word in compared.words_of(text))
        case Kind.WHERE:
            return _places(compared, text)
        case Kind.WHO:
            return _names_somebody(compared, text, near)
        case Kind.IDENTITY:
            return _identifies(compared, text)
        case Kind.WHY:
            return True if _REASON.search(text) else None
        case _:
            return None


def _names_somebody(compared: Comparison, text: str, near: Iterable[str]) -> bool:
    """Tell whether a statement has a name that the question has not; its first word may be one, if it is one nearby."""
    if any(_could_be_who(word) and not compared.known(word) for word in compared.words_of(text)):
        return True
    first = [word for word in words(text)[:2] if word.start < 3 and word.text[0].isupper()]
    named = {word.key for one in near for word in lexemes(one) if word.name} if first else set()
    return any(word.key in named and not compared.known(word.lexeme) for word in first)


def _fine_enough(moment: Moment, text: str, grain: str) -> bool:
    """Tell whether a date is as fine as the question wants: "last Friday" gives no year."""
    words_of_it = text[moment.start : moment.end].lower()
    match grain:
        case "year":
            return moment.year is not None or "year" in words_of_it
        case "month":
            return moment.month is not None or "month" in words_of_it
        case "day":
            return moment.day is not None or "day" in words_of_it
        case _:
            return True


def _could_be_who(word: Lexeme) -> bool:
    return word.name and not any(c.isdigit() for c in word.key) and word.lower not in DEMONYMS


def _counts(compared: Comparison, text: str) -> bool:
    """Tell whether a number that is not the question's own stands beside what is counted."""
    asked = compared.asked
    given = {quantity.value for quantity in quantities(asked.text)}
    numbers = [one for one in quantities(text) if not one.ordinal and one.value not in given and not _named(one, text)]
    for adjective, measure in _MEASURES:
        if adjective.search(asked.text):
            return any(measure.match(text[one.end :].lstrip(" -")) for one in numbers)
    if not asked.unit or not numbers:
        return bool(numbers)
    compared.words_of(text)
    found = words(text)
    heads = [word for word in asked.unit if not word.name] or list(asked.unit)
    anybody = any(word.text.lower() in _PEOPLE for word in heads)
    for number in numbers:
        counted = [
            word
            for word in found
            if word.start >= number.end - 1
            and word.start - number.end <= 60
            and word.content
            # "people" is light, and still what is counted
            and (not word.light or any(same(head, word) for head in heads))
        ][:3]
        before = [word for word in found if 0 <= number.start - word.end <= 25 and word.content and not word.number]
        if any(
            name for name in asked.unit if name.name and not any(same(name, word) for word in [*counted[:2], *before])
        ):
            continue
        if any(same(head, word) >= 0.8 or compared.alike(head, word) for head in heads for word in counted):
            return True
        if any(same(head, word) >= 0.8 for head in heads for word in before):
            return True
        if anybody and any(word.text.lower().endswith(("s", "men", "women", "people")) for word in counted):
            return True
    return False


def _named(number: Quantity, text: str) -> bool:
    """Tell whether a number is part of a name: "Security Council 1267 Sanctions Committee"."""
    return bool(re.search(r"[A-Z]\w+ $", text[: number.start]) and re.match(r" [A-Z]", text[number.end :]))


_LENGTH = r"(?:met(?:er|re)s?|m\b|km|kilomet|miles?|feet|foot|ft|inch|cm|mm|yards?|storeys?|stories)"
_TIME = r"(?:years?|months?|weeks?|days?|hours?|minutes?|seconds?|decades?|centur)"
_MEASURES = tuple(
    (
        re.compile(rf"\bhow {adjective}\b", re.IGNORECASE),
        re.compile(rf"(?:and a half |square |cubic )?{measure}", re.IGNORECASE),
    )
    for adjective, measure in (
        ("heavy", r"(?:kilo|kg|ton|pounds?|lb|grams?|g\b|stone)"),
        ("long", rf"(?:{_TIME}|{_LENGTH})"),
        ("(?:tall|high|deep|wide|far)", rf"(?:{_LENGTH}|per|%)"),
        ("fast", r"(?:km|kilomet|mile|mph|kph|knots|met(?:er|re)s? (?:a|per)|seconds?|minutes?|hours?)"),
    )
)
_PEOPLE = frozenset("people persons person individuals men women lives".split())


def _amounts(asked: Asked, text: str) -> bool:
    given = {quantity.value for quantity in quantities(asked.text)}
    money = bool(_MONEY.search(asked.text))
    return any(
        not one.ordinal and one.value not in given and (one.unit in {"money", "percent"} or not money)
        for one in quantities(text)
    )


def _places(compared: Comparison, text: str) -> bool:
    """Tell whether a name stands after a preposition of place; a country is no city."""
    if not any(word.name and not compared.known(word) for word in compared.words_of(text)):
        return False
    town = bool(_TOWN.search(compared.asked.text))
    about = [word for word in words(text) if compared.about(word.lexeme)] or list(words(text))
    for word in words(text):
        if not word.name or any(c.isdigit() for c in word.key) or compared.known(word.lexeme):
            continue
        if word.key in COUNTRIES and (town or word.text.lower() in DEMONYMS):
            continue
        if _LOCATIVE.search(text[: word.start]) and any(abs(word.start - one.start) <= _BESIDE for one in about):
            return True
    return False


_BESIDE = 90  # characters between a place and what is there: "met with the minister … in New Delhi"
_WINDOW = 3  # words between a role and its holder: "minister of state for energy, Ann Lee"


def names_role(compared: Comparison, text: str) -> bool:
    """Tell whether a statement puts a name beside the role that is asked for, and the role beside its country.

    "Who is India's defence minister?" is answered by "India's Defense Minister Rajnath Singh", not by a sentence that has
    India, a defence minister of Japan and a name in three places.
    """
    asked = compared.asked
    if not all(compared.said(word, text) for word in asked.role):
        return False
    found = words(text)
    owners = [name for name in asked.names if name.key not in {word.key for word in asked.role}]
    for start, end in _windows(asked.role, found):
        beside = [*found[max(start - 4, 0) : start], *found[end : end + _WINDOW]]
        if not any(
            _could_be_who(one.lexeme) and one.key not in COUNTRIES and not compared.known(one.lexeme) for one in beside
        ):
            continue
        before = [one for one in found[max(start - 3, 0) : start] if one.key in COUNTRIES]
        of = re.match(r"\s+(?:of|for|in)\s+(?:the\s+)?", text[found[end - 1].end :])
        after = [one for one in found[end : end + 1] if of and one.start == found[end - 1].end + of.end()]
        if not owners or all(any(same(owner, one) for one in [*before, *after]) for owner in owners):
            return True
        owned = all(any(same(owner, one) for one in found) for owner in owners)
        foreign = [one for one in found if one.key in COUNTRIES and not any(same(owner, one) for owner in owners)]
        if owned and not before and not foreign:
            return True
    return False


def _windows(role: Sequence[Word], found: Sequence[Word]) -> list[tuple[int, int]]:
    """Find where all words of a role stand together, in any order, with at most one word between them."""
    spans: list[tuple[int, int]] = []
    for size in range(len(role), len(role) + 2):
        for start in range(len(found) - size + 1):
            here = found[start : start + size]
            if all(any(same(word, one) >= 0.8 for one in here) for word in role):
                spans.append((start, start + size))
    return spans


def _identifies(compared: Comparison, text: str) -> bool:
    """Tell whether a statement gives a title or a description beside the name that is asked about."""
    asked = compared.asked
    if not any(compared.said(name, text) for name in asked.names):
        return False
    found = words(text)
    for index, word in enumerate(found):
        if not any(same(name, word) for name in asked.names):
            continue
        before = found[max(index - 4, 0) : index]
        if any(one.text.lower() in lexicon.TITLES for one in before):
            return True
        after = text[word.end : word.end + 12]
        if re.match(r",? (?:is|was|the|a|an|who)\b|, [a-z]|\s?\(", after):
            return True
    return False
