"""Which statements answer a question, if any does: ranked, objected to, weighed, and not said twice; pure.

Three steps, because they fail differently. The ranking brings the likeliest statement to the top. An objection rejects
one for a reason that can be told: a name or a number of the question is missing, the answer is not of the kind asked for,
somebody else says it. What is left must then be plausible: near enough in meaning, with enough of the question's words.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.evidence import Statement
from service.extractive.asking import Asked, Kind
from service.extractive.matching import Fit, Likeness, alike, leans, measure, met, name_met, number_met
from service.extractive.speech import said_by
from service.language import lexicon
from service.language.words import COUNTRIES, Word, opposite, same, words
from service.verification.checking import check

# Fitted by benchmarks/extractive.py (a listwise softmax over the statements of each question, L2 .005).
RANKING: Mapping[str, float] = {
    "cosine": 1.3,
    "cosine_near": 0.85,
    "relevance": 1.0,
    "names": 0.25,
    "names_near": 1.4,
    "numbers": 1.1,
    "terms": 0.05,
    "terms_near": 0.95,
    "rare": 0.5,
    "unmet": -2.45,
    "light": 1.4,
    "pairs": 1.2,
    "kind_met": 1.15,
    "kind_missed": -0.95,
    "leaning": 0.3,
    "fragment": -0.5,
    "long": -0.35,
}
RANKING_SCALED: Mapping[str, float] = {"cosine": 2.4, "cosine_near": 1.55, "relevance": 1.9, "rare": 0.75}
"""Weights of the same features stretched to 0..1 over the statements of one question."""

# Fitted by the same script (logistic regression: is the best statement without objection right?).
PLAUSIBLE: Mapping[str, float] = {
    "cosine": 2.26,
    "cosine_near": 1.57,
    "unmet_share": -1.24,
    "unmet_count": -0.5,
    "behind": -1.57,
    "kind_met": 0.25,
    "pairs": 0.12,
    "verb_unmet": -0.38,
    "premise_unmet": -1.11,
    "overview": 0.94,
    "bias": -0.96,
}
LEAST_PLAUSIBLE = -0.4  # where as many answerable questions are refused as unanswerable ones answered

MOST_SENTENCES = 3
# How far behind the best a further sentence may score: half a point of first-sentence accuracy is about .3 of score.
FURTHER = {Kind.OVERVIEW: 3.0, Kind.WHAT: 1.2, Kind.WHY: 1.2, Kind.HOW: 1.2, Kind.YES_NO: 1.0}
FURTHER_FACT = 0.5
# The share of a statement's words that another must have to be cited beside it. On the news part of SummEdits .8 lets
# 6 % of the false claims through, the .6 of verification 26 % (benchmarks/verification.py).
SAME = 0.8
_CORROBORATING = 40  # ranked statements that are looked at for saying the same


@dataclass(frozen=True)
class Candidate:
    """A statement with its features and its score (higher is likelier; comparable within one question only)."""

    statement: Statement
    fit: Fit
    score: float


@dataclass(frozen=True)
class Chosen:
    """A statement for the answer, and those of other articles that say the same."""

    statement: Statement
    also: tuple[Statement, ...]


def rank(
    asked: Asked,
    statements: Sequence[Statement],
    cosines: Sequence[tuple[float, float]],
    likeness: Likeness | None = None,
) -> list[Candidate]:
    """Order statements by how likely they answer; `cosines` are of each alone and with the sentence before it."""
    rarity = _rarity(statements)
    fits = [
        measure(asked, statement, alone, near, rarity, likeness)
        for statement, (alone, near) in zip(statements, cosines, strict=True)
    ]
    scores = [sum(weight * getattr(fit, name) for name, weight in RANKING.items()) for fit in fits]
    for name, weight in RANKING_SCALED.items():
        values = [getattr(fit, name) for fit in fits]
        low, high = min(values, default=0.0), max(values, default=1.0)
        for index, value in enumerate(values):
            scores[index] += weight * (value - low) / (high - low or 1.0)
    candidates = [Candidate(*one) for one in zip(statements, fits, scores, strict=True)]
    return sorted(candidates, key=lambda one: -one.score)


def choose(asked: Asked, ranked: Sequence[Candidate], likeness: Likeness | None = None) -> list[Chosen]:
    """Choose at most three statements that together answer, the best first; none if the articles do not answer."""
    top = ranked[0].score if ranked else 0.0
    pool = [
        one
        for one in ranked
        if objection(asked, one, likeness) is None and plausibility(asked, one, top, likeness) >= LEAST_PLAUSIBLE
    ]
    if not pool:
        return []
    least = pool[0].score - FURTHER.get(asked.kind, FURTHER_FACT)
    chosen: list[Statement] = []
    for candidate in pool:
        statement = candidate.statement
        if len(chosen) == MOST_SENTENCES or candidate.score < least:
            break
        as_near = candidate.fit.terms >= pool[0].fit.terms - 0.15 and candidate.fit.names >= pool[0].fit.names - 0.34
        if (not chosen or as_near or asked.kind is Kind.OVERVIEW) and not any(_says(one, statement) for one in chosen):
            chosen += _with_antecedent(asked, statement, ranked, MOST_SENTENCES - len(chosen), chosen)
    corroborating = [one.statement for one in ranked[:_CORROBORATING]]
    return [
        Chosen(one, tuple(other for other in corroborating if other.source != one.source and _says(other, one)))
        for one in chosen
    ]


def objection(asked: Asked, candidate: Candidate, likeness: Likeness | None) -> str | None:
    """Say why a statement cannot be the answer, or None."""
    statement = candidate.statement
    here = words(statement.text)
    for name in asked.names:
        if not _name_met(asked, name, statement):
            return f"{name.text} is not in it"
    unmet = [number for number in asked.numbers if not _number_met(number, statement)]
    choice = [number for number in asked.numbers if number.text.lower() in lexicon.ORDINAL_WORDS]
    if len(choice) > 1 and not set(choice) <= set(unmet):
        unmet = [number for number in unmet if number not in choice]  # "the fourth or the fifth?"
    if unmet:
        return f"{unmet[0].text} is not in it"
    near = f"{statement.text} . {_near(statement)}".lower()
    for phrase in asked.quoted:
        if phrase.lower() not in near:
            return f"“{phrase}” is not in it"
    for term in asked.terms:
        if any(opposite(term.key, word.key) for word in here) and not any(same(term, word) for word in here):
            return f"it says the opposite of {term.text}"
    missing = unmet_terms(asked, statement, likeness)
    if asked.terms and len(missing) == len(asked.terms) and (
        asked.speakers or (len(missing) > 1 and asked.kind is not Kind.OVERVIEW)
    ):
        return f"nothing of {', '.join(term.text for term in missing)} is in it"
    if asked.kind in _PREMISED and len(asked.terms) > 1 and len(missing) > len(asked.terms) / 2:
        return f"{', '.join(term.text for term in missing)}: not in it"
    if asked.kind in {Kind.WHEN, Kind.WHY, Kind.WHERE} and _verb_unmet(asked, statement, likeness):
        return f"it does not say {asked.verb.text if asked.verb else ''}"
    somebody_before = asked.kind is Kind.WHO and not asked.role and leans(statement.text)
    if candidate.fit.kind_missed and not somebody_before:
        return f"it does not tell {asked.kind.value}"
    if asked.speakers and not said_by(statement, asked.speakers):
        return "somebody else says it"
    return None


def plausibility(asked: Asked, candidate: Candidate, top: float, likeness: Likeness | None) -> float:
    """Weigh a statement without objection: the log-odds that it answers."""
    features = plausible_features(asked, candidate, top, likeness)
    return sum(weight * features[name] for name, weight in PLAUSIBLE.items())


def plausible_features(asked: Asked, candidate: Candidate, top: float, likeness: Likeness | None) -> dict[str, float]:
    """Give the features that PLAUSIBLE weighs."""
    fit, statement = candidate.fit, candidate.statement
    missing = len(unmet_terms(asked, statement, likeness))
    verb_unmet = float(_verb_unmet(asked, statement, likeness))
    premise = asked.kind in {Kind.WHEN, Kind.WHERE, Kind.WHY, Kind.YES_NO}
    return {
        "cosine": fit.cosine,
        "cosine_near": fit.cosine_near,
        "unmet_share": missing / len(asked.terms) if asked.terms else 0.0,
        "unmet_count": min(missing, 3) / 3,
        "behind": min(top - candidate.score, 6.0) / 6,
        "kind_met": fit.kind_met,
        "pairs": fit.pairs,
        "verb_unmet": verb_unmet,
        "premise_unmet": verb_unmet * premise,
        "overview": float(asked.kind is Kind.OVERVIEW),
        "bias": 1.0,
    }


def unmet_terms(asked: Asked, statement: Statement, likeness: Likeness | None) -> list[Word]:
    """Give the words of the question that neither the statement has nor what it points back to."""
    here = words(statement.text)
    back = words(f"{statement.source.title} . {_back(statement)}")
    return [term for term in asked.terms if not met(term, here, likeness) and not met(term, back, None)]


_PREMISED = frozenset({Kind.WHEN, Kind.COUNT, Kind.AMOUNT, Kind.WHERE, Kind.COUNTRY})
_TOGETHER = re.compile(
    r"\b(?:the two|both|the ministers|the leaders|the governments|they|we|our|their|bilateral)\b", re.IGNORECASE
)


def _name_met(asked: Asked, name: Word, statement: Statement) -> bool:
    """Tell whether a statement is about a name of the question, by its own words or by what its article is about.

    The names that the question makes act, speak or be counted must be in the statement or in what it points back to:
    "When did Singh travel to Washington?" is not answered by the travels of another.
    """
    text, near = statement.text, _near(statement)
    if name_met(name, text, asked.text) or name_met(name, _back(statement), asked.text):
        return True
    country = name.key in COUNTRIES or name.also in COUNTRIES
    code = any(character.isdigit() for character in name.key)
    following = next((other for other in asked.names if asked.text[name.end : other.start].isspace()), None)
    if following and not country and not code and name_met(following, text, asked.text):
        return True  # a first name, whose surname is there
    known_near = bool(name_met(name, near, asked.text))
    strict = name in asked.agents or name in asked.unit or bool(asked.speakers)
    if known_near and (not strict or code):
        return True
    if known_near and country and _TOGETHER.search(text):
        return True
    if (known_near or (code and name.key in statement.everywhere)) and not _rival(asked, text, country=country):
        return True
    around = asked.text[max(name.start - 5, 0) : name.end + 5]
    others = [other for other in asked.names if other is not name and name_met(other, text, asked.text)]
    return known_near and bool(others) and bool(re.search(r"\b(?:and|or)\b", around))


def _number_met(number: Word, statement: Statement) -> bool:
    symbol = not number.key.replace(".", "").isalnum()  # "2+2" and "26/11" are names of a kind
    return bool(
        number_met(number, statement.text)
        or number_met(number, _near(statement))
        or (symbol and number.key in statement.everywhere)
    )


def _rival(asked: Asked, text: str, *, country: bool) -> bool:
    """Tell whether a statement is about another of the same sort: another person, another country."""
    known = words(asked.text)
    return any(
        word.name
        and (word.key in COUNTRIES or word.also in COUNTRIES) == country
        and not any(character.isdigit() for character in word.key)
        and word.text.lower() not in lexicon.TITLES
        and not any(same(word, one) for one in known)
        for word in words(text)
    )


def _verb_unmet(asked: Asked, statement: Statement, likeness: Likeness | None) -> bool:
    if not asked.verb:
        return False
    here = words(statement.text)
    if met(asked.verb, here, likeness) or met(asked.verb, words(_back(statement)), None):
        return False
    near = alike(likeness)
    return not any(word.content and not word.name and near(asked.verb, word) for word in here)


def _back(statement: Statement) -> str:
    """Give what a leaning statement points back to."""
    return " . ".join(statement.before[-2:]) if leans(statement.text) else ""


def _near(statement: Statement) -> str:
    """Give what its article is about, and what stands right before it."""
    return " . ".join([statement.lead, *statement.before])


def _says(one: Statement, other: Statement) -> bool:
    """Tell whether one statement says what the other says."""
    checked = check(other.text, one.text, one.source)
    return checked.passed and checked.support >= SAME


def _with_antecedent(
    asked: Asked, statement: Statement, ranked: Sequence[Candidate], room: int, chosen: Sequence[Statement]
) -> list[Statement]:
    """Put the sentence that "he said" points back to in front, where the question's who is only there."""
    if room < 2 or not statement.before or not leans(statement.text):
        return [statement]
    needed = asked.kind is Kind.WHO or any(not name_met(name, statement.text, asked.text) for name in asked.names)
    before = next(
        (
            one.statement
            for one in ranked
            if one.statement.source == statement.source and one.statement.text == statement.before[-1]
        ),
        None,
    )
    return [before, statement] if needed and before and before not in chosen else [statement]


def _rarity(statements: Sequence[Statement]) -> dict[str, float]:
    """Give each word's inverse document frequency among the statements; the default is that of an absent word."""
    counts: dict[str, int] = {}
    for statement in statements:
        for key in {word.key for word in words(statement.text)}:
            counts[key] = counts.get(key, 0) + 1
    rarity = {key: math.log((len(statements) + 1) / (count + 0.5)) for key, count in counts.items()}
    rarity[""] = math.log((len(statements) + 1) / 0.5)
    return rarity
