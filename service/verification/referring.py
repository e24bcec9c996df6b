"""Whom "he" or "it" at the beginning of a sentence is, by the sentences of the answer before it; pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from service.language.words import Word
from service.verification.clauses import clauses
from service.verification.phrases import words
from service.verification.speakers import antecedent, named

_HE = re.compile(r"^((?:[A-Z][^,]{2,40},\s+)?)(he|she)\b", re.IGNORECASE)
_IT = re.compile(
    r"^((?:[A-Z][^,]{2,40},\s+)?)(it)\b(?!\s+(?:is|was|will be|has been)\s+(?:\w+ ){1,3}(?:that|to)\b)", re.IGNORECASE
)


@dataclass(frozen=True)
class Meant:
    """A sentence with the name in the place of its pronoun, and what to say where the quote means another."""

    sentence: str
    reason: str


def referring(sentence: str, said: Sequence[str]) -> Meant | None:
    """Put the name in the place of the pronoun that a sentence begins with; None where there is none, or no name."""
    for pattern in (_HE, _IT):
        match = pattern.match(sentence)
        who = _named(tuple(said), person=pattern is _HE) if match else ""
        if match and who:
            pronoun = match.group(2).capitalize()
            return Meant(
                f"{match.group(1)}{who}{sentence[match.end() :]}",
                f"“{pronoun}” is {who} in the answer, not in the quote",
            )
    return None


def _named(said: tuple[str, ...], *, person: bool) -> str:
    """Give the last name that does something in the sentences before: of a person, a country is none."""
    for place in range(len(said), 0, -1):
        agents = [antecedent((said[place - 1],))] if person else [one.agent for one in clauses(said[place - 1])]
        for agent in agents:
            names = [word for word in named(agent) if person != _no_person(word)]
            if names:
                text = " ".join(word.text for word in names)
                return re.sub(r"['’]s$", "", text)
    return ""


def _no_person(word: Word) -> bool:
    return word.key.startswith("=") or bool(word.also) or word.text.isupper() or not words(word.text)
