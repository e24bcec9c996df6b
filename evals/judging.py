"""A case and the reply to it become a judgement: passed or not, why, and which stage is to blame; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from evals.cases import Case, Fact, Number
from evals.facts import has, says
from evals.replies import Found, Reply, Said
from evals.supporting import Support, supports
from retrieval.sentences import sentence_spans
from service.language.facts import quantities
from service.language.words import words
from service.sentences import without_markers

Blame = Literal["corpus", "retrieval", "writing", "verification", "abstention", "citation", "service"]
BLAMED: Mapping[Blame, str] = {
    "corpus": "no article of the case says it any more",
    "retrieval": "no passage that was found says it",
    "writing": "a passage that was found says it, and what was drafted does not",
    "verification": "what the quotes do not say was sent, or what they say was held back",
    "abstention": "it answered where nothing answers, or did not where something does",
    "citation": "it is said, and its sources are not those that it must have",
    "service": "no reply came",
}
"""The stage that is to blame, and what went wrong there."""


@dataclass(frozen=True)
class Judgement:
    """What is to be said of one reply."""

    case: Case
    reply: Reply | None
    """None: the target failed; `failures` says how."""
    failures: tuple[str, ...]
    blame: Blame | None
    gold_texts: Mapping[str, str]
    """The texts of those of the case's articles that are in the corpus, by id."""

    @property
    def passed(self) -> bool:
        """Tell whether the reply is all that the case asks for."""
        return not self.failures

    @cached_property
    def supports(self) -> list[Support]:
        """Give what our verifier says of each sentence."""
        return supports(self.reply) if self.reply and self.reply.answered else []

    @property
    def correct(self) -> bool:
        """Tell whether it is answered where it must be, with every fact and no forbidden word, and not elsewhere."""
        if self.reply is None or self.reply.answered is not self.case.answered:
            return False
        told = _told(self.reply)
        wrong = missing(self.case, self.reply) or any(says(told, words) for words in self.case.forbidden)
        return not self.case.answered or not wrong

    @property
    def source_place(self) -> int | None:
        """Give the place, from 1, of the first article that says it among the distinct articles found."""
        found = dict.fromkeys(one.article_id for one in (self.reply and self.reply.found) or ())
        places = (place for place, one in enumerate(found, 1) if one in self.case.gold)
        return next(places, None)

    @property
    def passage_place(self) -> int | None:
        """Give the place, from 1, of the first passage of such an article that has a fact of the case."""
        found = (self.reply and self.reply.found) or ()
        return next((place for place, one in enumerate(found, 1) if _holds(self.case, one)), None)


def judge(case: Case, reply: Reply, gold_texts: Mapping[str, str]) -> Judgement:
    """Judge a reply.

    Args:
        case: what is asked and known.
        reply: what came.
        gold_texts: the texts of the case's articles by id, as far as the target shows them.

    """
    judgement = Judgement(case, reply, (), None, gold_texts)
    failures = tuple(_failures(judgement))
    return Judgement(case, reply, failures, _blame(judgement) if failures else None, gold_texts)


def failed(case: Case, message: str) -> Judgement:
    """Judge a case to which no reply came."""
    return Judgement(case, None, (message,), "service", {})


def spelled(fact: Fact) -> str:
    """Name a fact by its spellings."""
    return " or ".join(
        one if isinstance(one, str) else _figure(one) if isinstance(one, Number) else one.date for one in fact
    )


def _figure(number: Number) -> str:
    within = f" ± {number.tolerance:,.15g}" if number.tolerance else ""
    return f"{number.number:,.15g}{within}"


def _failures(judgement: Judgement) -> list[str]:
    case, reply = judgement.case, judgement.reply
    assert reply is not None  # noqa: S101 - those without one are made by `failed`
    said = [f"says {words!r}" for words in case.forbidden if says(_told(reply), words)]
    if not reply.answered:
        return [*([f"abstained: {reply.text}"] if case.answered else []), *said]
    if not case.answered:
        return [f"answered what no article says: {reply.text}", *said]
    failures = [f"lacks {spelled(fact)}" for fact in missing(case, reply)] + said
    if reply.told:
        if case.gold and not reply.article_ids & case.gold:
            failures.append(f"cites none of {', '.join(sorted(case.gold))}")
        failures += [f"does not cite {one}" for one in case.must_cite if one not in reply.article_ids]
    failures += [f"cites {one}" for one in case.must_not_cite if one in reply.article_ids]
    most = max((_sources(one, reply) for one in reply.sentences), default=0)
    if most < case.least_sources:
        failures.append(f"has {most} independent source{'s' * (most != 1)}, not {case.least_sources}")
    if not any(one.claimed for one in reply.sentences):
        failures.append("has no sentence that is not marked as unsupported")
    failures += [
        f"quotes what the article does not say: {one.quote!r}" for one in reply.citations if one.valid is False
    ]
    failures += [
        f"is not proved by what it cites: {said.text!r} ({'; '.join(support.reasons)})"
        for said, support in zip(reply.sentences, judgement.supports, strict=True)
        if said.claimed and support.supported is False
    ]
    return failures


def _blame(judgement: Judgement) -> Blame:
    """Follow the answer from the corpus on: the first stage at which it went wrong is to blame."""
    case, reply = judgement.case, judgement.reply
    assert reply is not None  # noqa: S101 - as above
    unproved = any(
        said.claimed and (one.supported is False or _strange(said, reply)) for said, one in _checked(judgement)
    )
    if not case.answered:
        return "verification" if unproved else "abstention" if reply.answered else "writing"
    lost = missing(case, reply) if reply.answered else case.facts
    if not lost:
        forbidden = any(says(_told(reply), words) for words in case.forbidden)
        return "verification" if unproved else "writing" if forbidden else "citation"
    texts = judgement.gold_texts.values()
    # A target that shows what it found has its articles to show as well; which they are, the case need not know.
    shown = case.gold and (texts or reply.found is not None)
    if shown and not any(has(text, fact) for text in texts for fact in lost):
        return "corpus"
    if reply.found is not None and not _found(judgement, reply.found, lost):
        return "retrieval"
    if unproved or any(has(text, fact) for text in reply.withheld or () for fact in lost):
        return "verification"
    if reply.answered or reply.withheld:
        return "writing"
    return "verification" if reply.abstained == "not_supported" else "abstention"


def _found(judgement: Judgement, found: Sequence[Found], lost: Sequence[Fact]) -> bool:
    """Tell whether a sentence is among what was found that tells lost facts as well as any of the case's articles does.

    A fact alone may be a name that stands everywhere: the sentences are chosen that have most of the facts, and of
    these the ones that have, with the sentence before, most of the question's words.
    """
    asked = {one.key for one in words(judgement.case.question) if one.content}
    telling: list[tuple[int, int, str]] = []
    for text in judgement.gold_texts.values():
        before = ""
        for sentence in (text[start:end] for start, end in sentence_spans(text)):
            near = _keys(before + " " + sentence)
            telling.append((sum(has(sentence, fact) for fact in lost), len(asked & near), sentence))
            before = sentence
    if not telling:  # the target does not show its articles, or the case names none
        return any(_holds(judgement.case, one, lost) for one in found)
    best = max(one[:2] for one in telling)
    return any(sentence in one.text for *score, sentence in telling if tuple(score) == best for one in found)


def _sources(said: Said, reply: Reply) -> int:
    """Count a sentence's independent sources as the target does, else what it cites: they are no more than that."""
    if said.independent_sources is not None:
        return said.independent_sources
    cited = (reply.citations[at] for at in said.citations)
    return len({one.article_id or one.url or one.title for one in cited})


def _strange(said: Said, reply: Reply) -> bool:
    """Tell whether a sentence has a number that its quotes do not have, or a name that their articles do not.

    Seen without the verifier, which is what may be broken.
    """
    cited = [reply.citations[at] for at in said.citations]
    if not cited or any(one.quote is None for one in cited):
        return False
    named = {key for one in cited for text in (one.title, one.article or one.quote) if text for key in _keys(text)}
    numbers = {number.value for one in cited for number in quantities(one.quote or "")}
    return any(one.name and not one.number and one.key not in named for one in words(said.text)) or any(
        one.value not in numbers for one in quantities(said.text)
    )


def _keys(text: str) -> set[str | None]:
    return {key for one in words(text) for key in (one.key, one.also)}


def _checked(judgement: Judgement) -> list[tuple[Said, Support]]:
    return list(zip(judgement.reply.sentences if judgement.reply else (), judgement.supports, strict=False))


def missing(case: Case, reply: Reply) -> list[Fact]:
    """Give the facts that a reply lacks; the numbers of its markers are none."""
    told = _told(reply)
    return [fact for fact in case.facts if not has(told, fact)]


def _told(reply: Reply) -> str:
    return without_markers(reply.text)


def _holds(case: Case, found: Found, facts: Sequence[Fact] | None = None) -> bool:
    due = case.facts if facts is None else facts
    of_gold = not case.gold or found.article_id in case.gold
    return of_gold and any(has(found.text, fact) for fact in due)
