"""A sentence that joins two statements becomes these two, each a sentence of its own; pure."""

import re

from service.verification.clauses import PRONOUNS, SAYING, clauses
from service.verification.phrases import words

# "Ann Rao, who leads the team, said …": of a name only, so that what is inserted is said of it alone.
_INSERTED = re.compile(
    r"((?:[A-Z][\w.’'-]*\s){0,4}[A-Z][\w’'-]+), (who|which|whose) ((?:[^,]|,(?=\d))+), ((?![a-z]+ing\b).+)"
)
_BE = re.compile(r"\b(?:is|are|was|were|has been|had been|have been)\b")
_JOINT = re.compile(r"\s*(?:;\s+(?:and\s+|while\s+|but\s+)?|,\s+(?:and|while|but|whereas)\s+)")
# What these begin hangs on what stands before: in time, as its consequence, or as its opposite.
_HANGS = re.compile(
    r"(?:then|so|thus|therefore|later|after\w*|before|as|if|when|because|since|that|which|who|where|not|nor|neither|only|also|both|each"
    r"|(?:the )?(?:former|latter|others?))\b",
    re.IGNORECASE,
)


def split(sentence: str) -> tuple[str, str] | None:
    """Give the two statements that a sentence joins by "and", "while" or a semicolon, or None.

    Each must have a subject and a verb of its own; what somebody says is not cut in two.
    """
    if inserted := _INSERTED.match(sentence):
        name, relative, clause, rest = inserted.groups()
        own = f"{name}’s {clause}." if relative == "whose" else f"{name} {clause}."
        if (clauses(own) or _BE.search(own)) and clauses(f"{name} {rest}"):
            return f"{name} {rest}", own
    for match in _JOINT.finditer(sentence):
        first, second = sentence[: match.start()].strip(), sentence[match.end() :].strip()
        if re.search(r"[\"“”‘]", first) or _HANGS.match(second):
            continue
        mine, theirs = clauses(first), clauses(second)
        opening = words(second)[:1]
        if not (mine and theirs and opening) or not theirs[0].agent or not (mine[0].agent or mine[0].patient):
            continue
        if opening[0].text.lower() in PRONOUNS or theirs[0].start == opening[0].start:
            continue  # "…, and he said": of whom it is said stands in the first
        if any(one.verb.key in SAYING for one in mine) and not any(one.verb.key in SAYING for one in theirs):
            continue  # "Rao said that it rains, and the roads are wet"
        return f"{first}.", second
    return None


def inserts(sentence: str) -> bool:
    """Tell whether a sentence says something beside of a name: "Ann Rao, who leads the team, said …"."""
    return bool(_INSERTED.match(sentence))
