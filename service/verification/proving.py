"""A sentence and the evidence become a verdict: the quotes that prove it, or the reasons why none does."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

from service.evidence import Evidence, Statement
from service.verification.checking import LEAST_COVERAGE, UNCOVERED, Check, Context, check, weighed
from service.verification.nearness import Near, Nearness, ask
from service.verification.referring import referring
from service.verification.splitting import inserts, split

# Words that two quotes must share in a row to be one voice: wire copy is reprinted by the sentence, and two reporters
# of one event rarely write more than a name and a title alike.
VERBATIM_RUN = 10
# Statements, and pairs of neighbours, that are read closely at most, those with the most words first. A bound for odd
# sentences: most have fewer than ten that could have their words.
READ_CLOSELY = 12
REASONS_GIVEN = 2
_FAR = 0.35  # the nearest words have less of the sentence than this: no reason is told by them
NOTHING_SAYS_IT = "nothing that was cited says it"


@dataclass(frozen=True)
class Proof:
    """Words of one article that state a sentence: `article.text[start:end] == quote`."""

    statement: Statement
    quote: str
    start: int
    end: int
    support: float
    part: int = 0
    """Which half of the sentence, where two statements are joined in it and each has a proof of its own."""


@dataclass(frozen=True)
class Verdict:
    """What the evidence says of a sentence; `proofs` holds one proof for each article and part, the strongest first."""

    proofs: tuple[Proof, ...]
    reasons: tuple[str, ...]

    @property
    def supported(self) -> bool:
        """Tell whether some words state the sentence."""
        return bool(self.proofs)


def prove(sentence: str, cited: Collection[int], evidence: Evidence, *, said: Sequence[str] = ()) -> Verdict:
    """Look for the words that state a sentence, in the hits it cites and then in the others.

    A sentence that joins two statements, each of which stands elsewhere, is proved by both.

    Args:
        sentence: without its markers.
        cited: indices into `evidence.hits`.
        evidence: what was retrieved.
        said: the sentences of the answer before it, in which "he" and "it" are looked up. Without them these may be
            whomever the quote means.

    """
    whole = _prove(sentence, cited, evidence, said)
    halves = split(sentence)
    exact = bool(whole.proofs) and whole.proofs[0].support == 1.0
    if exact or not halves or (whole.supported and not inserts(sentence)):
        return whole
    verdicts = [_prove(halves[0], cited, evidence, said), _prove(halves[1], cited, evidence, (*said, halves[0]))]
    if not all(one.supported for one in verdicts):
        return Verdict((), next(one.reasons for one in verdicts if not one.supported))
    if whole.supported:
        return whole  # and what is inserted, which is easily lost among the words of the rest, stands somewhere too
    proofs = [replace(proof, part=part) for part, one in enumerate(verdicts) for proof in one.proofs]
    return Verdict(tuple(proofs), next((one.reasons for one in verdicts if one.reasons), ()))


def independent_sources(proofs: Sequence[Proof]) -> int:
    """Count the proofs that do not repeat one another: other origins, and no long run of the same words.

    Where a sentence has two parts, it is as well founded as the weaker of them.
    """
    parts = {proof.part for proof in proofs}
    return min((_voices([proof for proof in proofs if proof.part == part]) for part in parts), default=0)


def _voices(proofs: Sequence[Proof]) -> int:
    voices: list[list[Proof]] = []
    for proof in proofs:
        same = [voice for voice in voices if any(_same_voice(proof, other) for other in voice)]
        voices = [voice for voice in voices if voice not in same]
        voices.append([proof, *(other for voice in same for other in voice)])  # it may join two that seemed to be apart
    return len(voices)


def _prove(sentence: str, cited: Collection[int], evidence: Evidence, said: Sequence[str]) -> Verdict:
    search = _Search(sentence, tuple(said), evidence)
    proofs, reasons = search.among([at for at, one in enumerate(evidence.statements) if one.hit in cited])
    if proofs:
        return Verdict(proofs, ())
    others, further = search.among([at for at, one in enumerate(evidence.statements) if one.hit not in cited])
    if others:
        return Verdict(others[:1], ("re-cited: the passage that was cited does not say it",) if cited else ())
    return Verdict((), (reasons or further or (NOTHING_SAYS_IT,))[:REASONS_GIVEN])


@dataclass(frozen=True)
class _Candidate:
    """Words that may be a quote: a statement, or two that follow one another in their article."""

    statement: Statement
    start: int
    end: int
    near: Near


class _Search:
    """The search for a sentence's proofs."""

    def __init__(self, sentence: str, said: tuple[str, ...], evidence: Evidence) -> None:
        self._sentence = sentence
        self._evidence = evidence
        self._meant = referring(sentence, said)
        self._asked = ask(sentence, weighed(sentence))
        self._near = Nearness(self._asked, evidence.statements)

    def among(self, places: Sequence[int]) -> tuple[tuple[Proof, ...], tuple[str, ...]]:
        """Find the best proof in each article: a single statement, or where none suffices two that follow one another."""
        best: dict[str, Proof] = {}
        covered: dict[str, float] = {}
        nearest: tuple[float, tuple[str, ...]] = (0.0, ())
        for candidates in (self._singles, self._pairs):
            unproved = [at for at in places if self._evidence.statements[at].source.article_id not in best]
            for one in self._likely(candidates(unproved)):
                article_id = one.statement.source.article_id
                if article_id in covered and covered[article_id] >= self._asked.share(one.near.mask):
                    continue
                quote = self._evidence.articles[article_id].text[one.start : one.end]
                checked = self._check(quote, one.statement)
                known = (best[article_id].support, covered[article_id]) if article_id in best else (0.0, 0.0)
                if checked.passed and known < (checked.support, checked.covered):
                    covered[article_id] = checked.covered
                    best[article_id] = Proof(one.statement, quote, one.start, one.end, checked.support)
                near = self._asked.share(one.near.mask) - 0.1 * len(checked.reasons)
                if near > max(nearest[0], _FAR):
                    nearest = (near, checked.reasons)
        return tuple(
            best[name] for name in sorted(best, key=lambda name: (-best[name].support, -covered[name]))
        ), nearest[1]

    @cached_property
    def _following(self) -> list[tuple[int, int]]:
        """The places of statements that follow one another; not asked for where every article has a single proof."""
        return _following(self._evidence)

    def _check(self, quote: str, statement: Statement) -> Check:
        around = Context(statement.before, statement.lead, statement.whole)
        checked = check(self._sentence, quote, statement.source, around)
        if not checked.passed or not self._meant:
            return checked
        meant = check(self._meant.sentence, quote, statement.source, around)
        return checked if set(meant.reasons) <= {UNCOVERED} else replace(checked, reasons=(self._meant.reason,))

    def _likely(self, candidates: Sequence[_Candidate]) -> list[_Candidate]:
        """Give those that could have the sentence's words and numbers, the nearest first; else the nearest alone."""
        ordered = sorted(candidates, key=lambda one: -self._asked.share(one.near.mask))
        likely = [one for one in ordered if one.near.may_prove(self._asked, LEAST_COVERAGE)]
        return likely[:READ_CLOSELY] or ordered[:1]

    def _singles(self, places: Sequence[int]) -> list[_Candidate]:
        statements = self._evidence.statements
        return [_Candidate(one, one.start, one.end, self._near[at]) for at in places for one in (statements[at],)]

    def _pairs(self, places: Sequence[int]) -> list[_Candidate]:
        """Give each statement with the one that follows it in its article, whichever hits they stand in."""
        if not places:
            return []
        statements, chosen = self._evidence.statements, set(places)
        return [
            _Candidate(
                statements[one],
                statements[one].start,
                statements[other].end,
                self._near[one] | self._near[other],
            )
            for one, other in self._following
            if one in chosen or other in chosen
        ]


def _following(evidence: Evidence) -> list[tuple[int, int]]:
    """Give the places of statements that follow one another in an article, with nothing but space between them."""
    places = {(one.source.article_id, one.start): at for at, one in enumerate(evidence.statements)}
    following = []
    for (first_at, first), (second_at, second) in pairwise(sorted(places.items())):
        one, other = evidence.statements[first], evidence.statements[second]
        if first_at[0] != second_at[0] or other.start < one.end:
            continue
        if not evidence.articles[one.source.article_id].text[one.end : other.start].strip():  # else furniture
            following.append((first, second))
    return following


def _same_voice(one: Proof, other: Proof) -> bool:
    if one.statement.source.origin == other.statement.source.origin:
        return True
    mine, theirs = (re.findall(r"\w+", proof.quote.casefold()) for proof in (one, other))
    runs = {tuple(mine[i : i + VERBATIM_RUN]) for i in range(len(mine) - VERBATIM_RUN + 1)}
    return mine == theirs or any(
        tuple(theirs[i : i + VERBATIM_RUN]) in runs for i in range(len(theirs) - VERBATIM_RUN + 1)
    )
