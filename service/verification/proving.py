"""A sentence and the evidence become a verdict: the quotes that prove it, or the reasons why none does."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from service.evidence import Evidence, Statement
from service.verification.checking import Check, check

# Words that two quotes must share in a row to be one voice: wire copy is reprinted by the sentence, and two reporters
# of one event rarely write more than a name and a title alike.
VERBATIM_RUN = 10


@dataclass(frozen=True)
class Proof:
    """Words of one article that state a sentence: `article.text[start:end] == quote`."""

    statement: Statement
    quote: str
    start: int
    end: int
    support: float


@dataclass(frozen=True)
class Verdict:
    """What the evidence says of a sentence; `proofs` holds one proof for each article, the strongest first."""

    proofs: tuple[Proof, ...]
    reasons: tuple[str, ...]

    @property
    def supported(self) -> bool:
        """Tell whether some words state the sentence."""
        return bool(self.proofs)


def prove(sentence: str, cited: Sequence[int], evidence: Evidence) -> Verdict:
    """Look for the words that state a sentence, in the hits it cites and then in the others.

    Args:
        sentence: without its markers.
        cited: indices into `evidence.hits`.
        evidence: what was retrieved.

    """
    proofs, reasons = _proofs(sentence, [one for one in evidence.statements if one.hit in cited], evidence)
    if proofs:
        return Verdict(proofs, ())
    others, _ = _proofs(sentence, [one for one in evidence.statements if one.hit not in cited], evidence)
    if others:
        return Verdict(others[:1], ("re-cited: the passage that was cited does not say it",) if cited else ())
    return Verdict((), reasons or ("nothing that was cited says it",))


def independent_sources(proofs: Sequence[Proof]) -> int:
    """Count the proofs that do not repeat one another: other origins, and no long run of the same words."""
    voices: list[list[Proof]] = []
    for proof in proofs:
        same = [voice for voice in voices if any(_same_voice(proof, other) for other in voice)]
        voices = [voice for voice in voices if voice not in same]
        voices.append([proof, *(other for voice in same for other in voice)])  # it may join two that seemed to be apart
    return len(voices)


def _proofs(
    sentence: str, statements: Sequence[Statement], evidence: Evidence
) -> tuple[tuple[Proof, ...], tuple[str, ...]]:
    """Find the best proof in each article: a single statement, or where none suffices two that follow one another."""
    best: dict[str, Proof] = {}
    nearest: Check | None = None
    for pairs in (False, True):
        proved = set(best)
        unproved = [one for one in statements if one.source.article_id not in proved]
        for statement, start, end, quote in _pairs(unproved, evidence) if pairs else _singles(unproved):
            article_id = statement.source.article_id
            checked = check(sentence, quote, statement.source)
            if checked.passed and (article_id not in best or best[article_id].support < checked.support):
                best[article_id] = Proof(statement, quote, start, end, checked.support)
            if nearest is None or (len(checked.reasons), -checked.support) < (len(nearest.reasons), -nearest.support):
                nearest = checked
    return tuple(sorted(best.values(), key=lambda one: -one.support)), nearest.reasons if nearest else ()


_Tried = Iterator[tuple[Statement, int, int, str]]


def _singles(statements: Sequence[Statement]) -> _Tried:
    for one in statements:
        yield one, one.start, one.end, one.text


def _pairs(statements: Sequence[Statement], evidence: Evidence) -> _Tried:
    """Give each statement with the one that follows it in its article, whichever hits they stand in."""
    begins = {(one.source.article_id, one.start) for one in statements}
    ordered = sorted({(one.source.article_id, one.start): one for one in evidence.statements}.items())
    for (first_at, first), (second_at, second) in pairwise(ordered):
        if first_at[0] != second_at[0] or second.start < first.end or not {first_at, second_at} & begins:
            continue
        text = evidence.articles[first.source.article_id].text
        if not text[first.end : second.start].strip():  # else furniture stands between them
            yield first, first.start, second.end, text[first.start : second.end]


def _same_voice(one: Proof, other: Proof) -> bool:
    if one.statement.source.origin == other.statement.source.origin:
        return True
    mine, theirs = (re.findall(r"\w+", proof.quote.casefold()) for proof in (one, other))
    runs = {tuple(mine[i : i + VERBATIM_RUN]) for i in range(len(mine) - VERBATIM_RUN + 1)}
    return mine == theirs or any(
        tuple(theirs[i : i + VERBATIM_RUN]) in runs for i in range(len(theirs) - VERBATIM_RUN + 1)
    )
