"""How well a statement meets a question, feature by feature; pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache

from service.evidence import Statement
from service.extractive.comparing import Comparison, initials
from service.extractive.kinds import holds_kind
from service.language import lexicon
from service.language.facts import moments, quantities
from service.language.words import SENTENCES_KEPT, Word, lexemes, lexemes_in_order


@dataclass(frozen=True, slots=True)
class Fit:
    """The features of one statement for one question, each about 0..1; the model in choosing.py weighs them."""

    cosine: float
    """Meaning of the question and the statement."""
    cosine_near: float
    """Meaning of the question and the statement with the one before it."""
    relevance: float
    """Meaning of the question and the passage."""
    names: float
    """Share of the question's names met in the statement (1 if it has none)."""
    names_near: float
    """The same with the title and the sentences before."""
    numbers: float
    terms: float
    """Share of the question's other words met in the statement."""
    terms_near: float
    rare: float
    """The same, weighted by how rare a word is among the statements."""
    unmet: float
    """How many words are met nowhere near, up to 3, in thirds."""
    light: float
    pairs: float
    """Share of the question's neighbouring words that are neighbours in the statement."""
    kind_met: float
    """It holds the kind of answer asked for, and that is not in the question."""
    kind_missed: float
    """It does not."""
    leaning: float
    """It begins with a word that points back ("He", "These")."""
    fragment: float
    """A heading or a caption: no full stop."""
    long: float
    """Words, in units of 60."""

    def vector(self) -> tuple[float, ...]:
        """Give the features in the order of the fields."""
        return tuple(getattr(self, field.name) for field in fields(self))


_LEANING = re.compile(
    r"^[\"“'‘]?(?:and |but |also |additionally,? |meanwhile,? |however,? )?(?:he|she|it|they|them|his|her|its|their|this|that|these|those|such|the (?:latter|former|two|pair|company|statement|group))\b",
    re.IGNORECASE,
)
_HE_SAID = re.compile(
    r"[,.?!][\"”’']\s*(?:he|she|they|it)\s+\w+|\b(?:he|she|they)\s+(?:said|added|noted|told|stressed)\b|\bhe\W*$"
)


@lru_cache(maxsize=SENTENCES_KEPT)
def leans(text: str) -> bool:
    """Tell whether a sentence needs the one before it to be understood."""
    return bool(_LEANING.match(text) or _HE_SAID.search(text))


def name_met(asked: Word, texts: Iterable[str], compared: Comparison) -> float:
    """Tell how surely one of the texts has a name of the question, by its acronym too."""
    return max((_name_met(asked, text, compared) for text in texts), default=0.0)


def _name_met(asked: Word, text: str, compared: Comparison) -> float:
    if surest := compared.best(asked, text):
        return surest
    if asked.text.isupper() and asked.text.lower() in initials(text):
        return 0.9
    return 0.9 if asked.text[:1].isupper() and compared.acronym(asked, text) else 0.0


def measure(
    compared: Comparison, statement: Statement, cosines: tuple[float, float], rarity: Mapping[str, float]
) -> Fit:
    """Measure one statement against one question."""
    asked, text = compared.asked, statement.text
    nearby = (statement.source.title, *statement.before[-2:])
    names = [_name_met(name, text, compared) for name in asked.names]
    names_near = [
        here if here == 1.0 else max(here, name_met(name, nearby, compared))
        for name, here in zip(asked.names, names, strict=True)
    ]
    numbers = [
        number_met(number, text) or 0.7 * (leans(text) and number.key in statement.everywhere)
        for number in asked.numbers
    ]
    terms = [compared.met(term, text) for term in asked.terms]
    terms_near = [
        here or 0.7 * max(compared.best(term, one) for one in nearby)  # what is here counts no less
        for term, here in zip(asked.terms, terms, strict=True)
    ]
    weights = [rarity[term.key] for term in asked.terms]
    light = [compared.best(word, text) for word in asked.light]
    holds = holds_kind(compared, text, (*statement.lead, *nearby))
    return Fit(
        cosine=cosines[0],
        cosine_near=cosines[1],
        relevance=statement.relevance,
        names=_mean(names),
        names_near=_mean(names_near),
        numbers=_mean(numbers),
        terms=_mean(terms),
        terms_near=_mean(terms_near),
        rare=sum(w * t for w, t in zip(weights, terms, strict=True)) / sum(weights) if weights else 1.0,
        unmet=min(sum(one == 0 for one in terms_near + names_near), 3) / 3,
        light=_mean(light),
        pairs=compared.pairs(text),
        kind_met=float(holds is True),
        kind_missed=float(holds is False),
        leaning=float(leans(text)),
        fragment=float(text.rstrip("\"”’')")[-1:] not in ".!?…。।"),
        long=min(len(lexemes_in_order(text)) / 60, 1.5),
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 1.0


def number_met(number: Word, text: str) -> float:
    """Tell whether a text has a number of the question, a month or an ordinal among them, in any spelling."""
    lower = number.text.lower()
    if lower in lexicon.MONTHS:
        return float(any(moment.month == lexicon.MONTHS[lower] for moment in moments(text)))
    if any(word.key == number.key for word in lexemes(text)):
        return 1.0
    if lower in lexicon.ORDINAL_WORDS:
        return float(any(one.ordinal and one.value == lexicon.ORDINAL_WORDS[lower] for one in quantities(text)))
    if number.key.isdecimal():
        value = float(number.key)
        return float(
            any(quantity.value == value for quantity in quantities(text))
            or any(value in (moment.year, moment.day) for moment in moments(text))
        )
    return 0.0
