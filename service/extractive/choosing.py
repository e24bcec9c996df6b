"""Which statements answer a question, if any does: ranked, objected to, weighed, and not said twice; pure.

Three steps, because they fail differently. The ranking brings the likeliest statement to the top. An objection rejects
one for a reason that can be told: a name or a number of the question is missing, the answer is not of the kind asked for,
somebody else says it. What is left must then be plausible: near enough in meaning, with enough of the question's words.
"""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter, mul

from service.evidence import Statement
from service.extractive.asking import Kind
from service.extractive.comparing import Comparison
from service.extractive.matching import Fit, leans, measure, name_met
from service.extractive.objecting import objection, unmet_terms, verb_unmet
from service.language.words import Lexeme, best, lexemes, lexemes_in_order
from service.verification.checking import states

# Fitted by benchmarks/extractive.py (a listwise softmax over the statements of each question, L2 .02).
RANKING: Mapping[str, float] = {
    "cosine": 0.64,
    "cosine_near": 0.47,
    "relevance": 0.56,
    "names": 0.72,
    "names_near": 0.69,
    "numbers": 0.63,
    "terms": 0.4,
    "terms_near": 0.59,
    "rare": 0.51,
    "unmet": -1.37,
    "light": 0.9,
    "pairs": 0.85,
    "kind_met": 0.84,
    "kind_missed": -0.75,
    "leaning": 0.39,
    "fragment": -0.08,
    "long": 0.12,
}
_RANKED = attrgetter(*RANKING)
RANKING_SCALED: Mapping[str, float] = {"cosine": 1.67, "cosine_near": 1.23, "relevance": 1.51, "rare": 1.11}
"""Weights of the same features stretched to 0..1 over the statements of one question."""

# Fitted by the same script (logistic regression: is the best statement without objection right?).
PLAUSIBLE: Mapping[str, float] = {
    "cosine": 1.34,
    "cosine_near": 0.47,
    "unmet_share": -1.22,
    "unmet_count": -0.27,
    "behind": -1.58,
    "kind_met": -0.03,
    "pairs": 0.96,
    "verb_unmet": -0.41,
    "premise_unmet": 0.0,
    "overview": -0.15,
    "bias": -0.42,
}
LEAST_PLAUSIBLE = -0.5  # benchmarks/README.md has what other thresholds answer and refuse

MOST_SENTENCES = 3
# How far behind the best a further sentence may score. Chosen by reading the answers to the fixed questions; measured by
# no script yet: a higher one adds facts, and sentences beside the point.
FURTHER = {Kind.OVERVIEW: 2.4, Kind.WHAT: 1.0, Kind.WHY: 1.0, Kind.HOW: 1.0, Kind.YES_NO: 0.8}
FURTHER_FACT = 0.4
# The share of a statement's words, names apart, that another must have to be cited beside it; verification must pass as
# well, whose own share at .8 lets 12 % of SummEdits' false news claims through, at .7 22 % (benchmarks/README.md).
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
    compared: Comparison, statements: Sequence[Statement], cosines: Sequence[tuple[float, float]]
) -> list[Candidate]:
    """Order statements by how likely they answer; `cosines` are of each alone and with the sentence before it."""
    rarity = _rarity([term.key for term in compared.asked.terms], statements)
    fits = [measure(compared, statement, both, rarity) for statement, both in zip(statements, cosines, strict=True)]
    scores = [sum(map(mul, RANKING.values(), _RANKED(fit))) for fit in fits]
    for name, weight in RANKING_SCALED.items():
        values = [getattr(fit, name) for fit in fits]
        low, high = min(values, default=0.0), max(values, default=1.0)
        for index, value in enumerate(values):
            scores[index] += weight * (value - low) / (high - low or 1.0)
    candidates = [Candidate(*one) for one in zip(statements, fits, scores, strict=True)]
    return sorted(candidates, key=lambda one: -one.score)


def choose(compared: Comparison, ranked: Sequence[Candidate], statements: Sequence[Statement]) -> list[Chosen]:
    """Choose at most three statements that together answer, the best first; none if the articles do not answer.

    `statements` are all there are, in which the sentence that "he said" points back to is looked for.
    """
    asked = compared.asked
    top = ranked[0].score if ranked else 0.0
    # A headline or a caption answers only where no sentence does, and sums up nothing.
    sentences = [one for one in ranked if not one.fit.fragment]
    fragments = [one for one in ranked if one.fit.fragment and asked.kind is not Kind.OVERVIEW]
    # The likeliest first, and none that would be too far behind: most need not be looked at.
    first = next((one for one in (*sentences, *fragments) if _answers(compared, one, top)), None)
    if first is None:
        return []
    least = first.score - FURTHER.get(asked.kind, FURTHER_FACT)
    some = fragments if first.fit.fragment else sentences
    begin = next(place for place, one in enumerate(some) if one is first)
    end = max(place for place, one in enumerate(some) if one.score >= least) + 1
    chosen: list[Statement] = []
    for candidate in some[begin:end]:
        if len(chosen) == MOST_SENTENCES:
            break
        if candidate is not first and not _answers(compared, candidate, top):
            continue
        if candidate.score < least:
            break
        statement = candidate.statement
        as_near = candidate.fit.terms >= first.fit.terms - 0.15 and candidate.fit.names >= first.fit.names - 0.34
        if (not chosen or as_near or asked.kind is Kind.OVERVIEW) and not any(_saying(chosen, statement)):
            chosen += _with_antecedent(compared, candidate, statements, chosen)
    corroborating = [one.statement for one in ranked[:_CORROBORATING]]
    return [
        Chosen(
            one,
            tuple(_saying([other for other in corroborating if other.source.article_id != one.source.article_id], one)),
        )
        for one in chosen
    ]


def _answers(compared: Comparison, one: Candidate, top: float) -> bool:
    return objection(compared, one.statement, one.fit) is None and plausibility(compared, one, top) >= LEAST_PLAUSIBLE


def plausibility(compared: Comparison, candidate: Candidate, top: float) -> float:
    """Weigh a statement without objection: the log-odds that it answers."""
    features = plausible_features(compared, candidate, top)
    return sum(weight * features[name] for name, weight in PLAUSIBLE.items())


def plausible_features(compared: Comparison, candidate: Candidate, top: float) -> dict[str, float]:
    """Give the features that PLAUSIBLE weighs."""
    asked, fit, statement = compared.asked, candidate.fit, candidate.statement
    missing = len(unmet_terms(compared, statement))
    no_verb = float(verb_unmet(compared, statement))
    premise = asked.kind in {Kind.WHEN, Kind.WHERE, Kind.WHY, Kind.YES_NO}
    return {
        "cosine": fit.cosine,
        "cosine_near": fit.cosine_near,
        "unmet_share": missing / len(asked.terms) if asked.terms else 0.0,
        "unmet_count": min(missing, 3) / 3,
        "behind": min(top - candidate.score, 6.0) / 6,
        "kind_met": fit.kind_met,
        "pairs": fit.pairs,
        "verb_unmet": no_verb,
        "premise_unmet": no_verb * premise,
        "overview": float(asked.kind is Kind.OVERVIEW),
        "bias": 1.0,
    }


def _saying(statements: Iterable[Statement], one: Statement) -> Iterator[Statement]:
    """Give the statements that say what one says: its facts, its names, and what it tells of them.

    The names alone are not enough: a caption has all those of "The delegation was led by …".
    """
    told = [
        word for word in lexemes_in_order(one.text) if word.content and not (word.name or word.number or word.light)
    ]
    for other in statements:
        if leans(other.text) or leans(one.text):
            if other.text == one.text:  # whom "he" means is not compared
                yield other
        elif _has_most(told, lexemes(other.text)) and states(other.text, one.text, other.source):
            yield other


def _has_most(told: Sequence[Lexeme], found: frozenset[Lexeme]) -> bool:
    met_words = len(told)
    for word in told:
        met_words -= word not in found and not best(word, found)
        if met_words < SAME * len(told):
            return False  # of most, after a few words
    return True


def _with_antecedent(
    compared: Comparison, candidate: Candidate, statements: Sequence[Statement], chosen: Sequence[Statement]
) -> list[Statement]:
    """Put the sentence that "he said" points back to in front, where the question's who is only there.

    Without it the statement does not tell who, and is nothing to show.
    """
    asked, statement = compared.asked, candidate.statement
    nameless = asked.kind is Kind.WHO and bool(candidate.fit.kind_missed)
    elsewhere = any(not name_met(name, [statement.text], compared) for name in asked.names)
    if not leans(statement.text) or not (nameless or elsewhere):
        return [statement]
    before = next(
        (one for one in statements if one.source == statement.source and _stands_before(one, statement)), None
    )
    if before in chosen:
        return [statement]
    if before is None or len(chosen) + 2 > MOST_SENTENCES:
        return [] if nameless else [statement]
    return [before, statement]


def _stands_before(one: Statement, statement: Statement) -> bool:
    return statement.before[-1:] == (one.text,) and one.end <= statement.start


def _rarity(keys: Collection[str], statements: Sequence[Statement]) -> dict[str, float]:
    """Give the inverse document frequency of words among the statements, by their keys."""
    found = [lexemes(statement.text) for statement in statements]
    keyed: dict[str, list[Lexeme]] = {key: [] for key in keys}
    for word in frozenset[Lexeme]().union(*found):
        if word.key in keyed:
            keyed[word.key].append(word)
    counts = {key: sum(not here.isdisjoint(some) for here in found) for key, some in keyed.items()}
    return {key: math.log((len(statements) + 1) / (count + 0.5)) for key, count in counts.items()}
