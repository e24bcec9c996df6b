"""Why a statement cannot be the answer: what is missing, turned round, or said by somebody else; pure."""

import re
from collections.abc import Sequence

from service.evidence import Statement
from service.extractive.asking import Asked, Kind
from service.extractive.comparing import Comparison
from service.extractive.matching import Fit, leans, name_met, number_met
from service.extractive.speech import said_by
from service.language import lexicon
from service.language.words import COUNTRIES, Word, same, words

# The kinds of question that name one event or thing, whose words must be there.
_ONE_THING = frozenset({Kind.WHO, Kind.WHEN, Kind.COUNT, Kind.AMOUNT, Kind.WHERE, Kind.COUNTRY})
_ONE_EVENT = frozenset({Kind.WHEN, Kind.WHERE, Kind.WHY, Kind.YES_NO})


def objection(compared: Comparison, statement: Statement, fit: Fit) -> str | None:
    """Say why a statement cannot be the answer, or None."""
    return (
        _absent(compared, statement)
        or _off_the_point(compared, statement)
        or _not_the_kind(compared.asked, statement, fit)
    )


def _absent(compared: Comparison, statement: Statement) -> str | None:
    """Look for the names, numbers and quotations of the question."""
    asked = compared.asked
    if not (asked.names or asked.numbers or asked.terms or asked.quoted or asked.kind is Kind.OVERVIEW):
        return "nothing is asked"
    for name in asked.names:
        if not _name_met(compared, name, statement):
            return f"{name.text} is not in it"
    unmet = [number for number in asked.numbers if not _number_met(number, statement)]
    choice = {number for number in asked.numbers if number.text.lower() in lexicon.ORDINAL_WORDS}
    if len(choice) > 1 and not choice <= set(unmet):
        unmet = [number for number in unmet if number not in choice]  # "the fourth or the fifth?"
    if unmet:
        return f"{unmet[0].text} is not in it"
    near = [text.lower() for text in (statement.text, *_near(statement))]
    return next(
        (f"“{phrase}” is not in it" for phrase in asked.quoted if not any(phrase.lower() in text for text in near)),
        None,
    )


def _off_the_point(compared: Comparison, statement: Statement) -> str | None:
    """Look for the opposite of the question's words, and for how many of them are missing."""
    asked = compared.asked
    for term in asked.terms:
        if compared.opposed(term, statement.text):
            return f"it says the opposite of {term.text}"
    if _reversed(asked.text, asked.names, statement.text):
        return "it has it the other way round"
    missing = unmet_terms(compared, statement)
    said = ", ".join(term.text for term in missing)
    if (
        missing
        and len(missing) == len(asked.terms)
        and (asked.speakers or len(missing) > 1)
        and asked.kind is not Kind.OVERVIEW
    ):
        return f"nothing of {said} is in it"
    if asked.kind in _ONE_THING and len(asked.terms) > 1 and len(missing) > len(asked.terms) / 2:
        return f"little of {said} is in it"
    if asked.kind in _ONE_EVENT and asked.verb and verb_unmet(compared, statement):
        return f"{asked.verb.text} is not in it"
    return None


_FROM = re.compile(r"\b(?:from|by)\s+(?:the\s+)?$", re.IGNORECASE)


def _reversed(question: str, names: Sequence[Word], text: str) -> bool:
    """Tell whether what the question has come from one of its names comes, in the statement, from another of them."""
    sources = [name for name in names if _FROM.search(question[: name.start])]
    if not sources or len(names) < 2:
        return False
    found = [word for word in words(text) if _FROM.search(text[: word.start])]
    others = [name for name in names if name not in sources]
    return any(same(other, word) for other in others for word in found) and not any(
        same(source, word) for source in sources for word in found
    )


def _not_the_kind(asked: Asked, statement: Statement, fit: Fit) -> str | None:
    """Look whether it holds the kind of answer asked for, in the words of the speaker asked about."""
    somebody_before = asked.kind is Kind.WHO and not asked.role and leans(statement.text)
    if fit.kind_missed and not somebody_before:
        return f"it does not tell {asked.kind.value}"
    if asked.speakers and not said_by(statement, asked.speakers):
        return "somebody else says it"
    return None


def unmet_terms(compared: Comparison, statement: Statement) -> list[Word]:
    """Give the words of the question that neither the statement has nor what it points back to."""
    back = (statement.source.title, *_back(statement))
    return [
        term
        for term in compared.asked.terms
        if not compared.met(term, statement.text) and not any(compared.best(term, one) for one in back)
    ]


_TOGETHER = re.compile(
    r"\b(?:the two|both|the ministers|the leaders|the governments|they|we|our|their|bilateral)\b", re.IGNORECASE
)


def _name_met(compared: Comparison, name: Word, statement: Statement) -> bool:
    """Tell whether a statement is about a name of the question, by its own words or by what its article is about.

    The names that the question makes act, speak or be counted must be in the statement or in what it points back to:
    "When did Singh travel to Washington?" is not answered by the travels of another.
    """
    asked, text = compared.asked, statement.text
    if name_met(name, [text, *_back(statement)], compared):
        return True
    country = name.key in COUNTRIES or name.also in COUNTRIES
    code = any(character.isdigit() for character in name.key)
    following = next((other for other in asked.names if asked.text[name.end : other.start].isspace()), None)
    if following and not country and not code and name_met(following, [text], compared):
        return True  # a first name, whose surname is there
    known_near = bool(name_met(name, _near(statement), compared))
    if known_near and country and asked.kind in _ONE_EVENT and _rival(compared, text, country=True):
        return False  # "When did Modi visit Beijing?": the sentence has him in Washington
    strict = name in asked.agents or name in asked.unit or bool(asked.speakers) or asked.kind is Kind.YES_NO
    if known_near and (not strict or code):
        return True
    if known_near and country and name in asked.agents and _TOGETHER.search(text):
        return True
    if (known_near or (code and name.key in statement.everywhere)) and not _rival(compared, text, country=country):
        return True
    around = asked.text[max(name.start - 5, 0) : name.end + 5]
    others = [other for other in asked.names if other is not name and name_met(other, [text], compared)]
    return known_near and bool(others) and bool(re.search(r"\b(?:and|or)\b", around))


def _number_met(number: Word, statement: Statement) -> bool:
    symbol = not number.key.replace(".", "").isalnum()  # "2+2" and "26/11" are names of a kind
    return bool(
        number_met(number, statement.text)
        or any(number_met(number, text) for text in _near(statement))
        or (symbol and number.key in statement.everywhere)
    )


def _rival(compared: Comparison, text: str, *, country: bool) -> bool:
    """Tell whether a statement is about another of the same sort: another person, another country."""
    return any(
        word.name
        and (word.key in COUNTRIES or word.also in COUNTRIES) == country
        and not any(character.isdigit() for character in word.key)
        and word.lower not in lexicon.TITLES
        and not compared.known(word)
        for word in compared.words_of(text)
    )


def verb_unmet(compared: Comparison, statement: Statement) -> bool:
    """Tell whether what the question says its names did is nowhere in the statement."""
    verb = compared.asked.verb
    if not verb:
        return False
    if compared.met(verb, statement.text) or any(compared.best(verb, one) for one in _back(statement)):
        return False
    return not compared.near(verb, statement.text)


def _back(statement: Statement) -> tuple[str, ...]:
    """Give what a leaning statement points back to."""
    return statement.before[-2:] if leans(statement.text) else ()


def _near(statement: Statement) -> tuple[str, ...]:
    """Give what its article is about, and what stands right before it."""
    return (*statement.lead, *statement.before)
