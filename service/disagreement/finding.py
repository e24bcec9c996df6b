"""Which statements disagree, and in what: the one way in for both writers; pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from retrieval.types import Article
from service.disagreement.counting import counts, different_counts, happened, open_to
from service.disagreement.dating import ahead, different_days, same_time
from service.disagreement.likening import Span, has, leaning, told
from service.disagreement.speaking import different_speakers, names_its_speaker
from service.disagreement.standing import deals, different_standings
from service.evidence import Evidence, Statement
from service.language.words import lexemes
from service.types import Disagreement, Matter

MOST_ADDED = 2  # sentences that an answer grows by; chosen
_LONGEST_ABOUT = 8  # words
# Words that any two sentences share which differ in benchmarks/disagreement; that is fast to see, and rules out most.
_LEAST_SHARED = 2
# Days between two articles after which something may have happened a second time: teams and ministers meet again within
# weeks, a council votes again within months. Chosen.
AGAIN, LONG_PAST = 7, 60
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Difference:
    """What two statements say differently of the same thing."""

    kind: Matter
    about: str
    mine: str
    theirs: str
    over_time: bool
    """The articles are of different days, and the thing may have changed between them."""
    alike: float
    """How alike the statements are in everything else, 0..1."""


@dataclass(frozen=True, slots=True)
class Contrary:
    """A statement that differs from what an answer says, and the text that shows it: with whom "he said" means."""

    statement: Statement
    text: str


def contrary(said: Sequence[Statement], evidence: Evidence) -> list[Contrary]:
    """Find what the evidence says against an answer and the answer does not: one statement for a sentence, two in all.

    Args:
        said: the answer's sentences, each as a statement of an article that it cites.
        evidence: what the answer was written from.

    """
    found: list[Contrary] = []
    for one in said:
        known = [*said, *(each.statement for each in found)]
        if any(difference(one, each, evidence.articles) for each in known if each is not one):
            continue
        told_of = {each.text for each in known}
        against = [
            (different, other)
            for other in evidence.statements
            if other.text not in told_of and (different := difference(one, other, evidence.articles))
        ]
        if against:
            different, best = max(against, key=lambda each: _weight(each[0], one, each[1]))
            found.append(Contrary(best, _shown(best) if different.kind == "speaker" else best.text))
        if len(found) == MOST_ADDED:
            break
    return found


def disagreements(said: Sequence[Statement], articles: Mapping[str, Article]) -> tuple[Disagreement, ...]:
    """Say which sentences of an answer disagree, and in what."""
    found: list[Disagreement] = []
    for first, one in enumerate(said):
        for second in range(first + 1, len(said)):
            different = difference(one, said[second], articles)
            if different:
                sides = [(first, different.mine), (second, different.theirs)]
                sides.sort(key=lambda side: said[side[0]].source.published or _LONG_AGO, reverse=True)
                found.append(
                    Disagreement(
                        kind=different.kind,
                        about=different.about,
                        sentences=tuple(index for index, _ in sides),
                        says=tuple(words_ for _, words_ in sides),
                        over_time=different.over_time,
                    )
                )
    return tuple(found)


def superseding(one: Statement, others: Sequence[Statement], articles: Mapping[str, Article]) -> list[Statement]:
    """Give the statements that give a number of another otherwise, as time has passed, the latest first."""
    later = [
        other
        for other in (others if counts(one.text) else ())
        if later_than(other, one)
        and (different := difference(one, other, articles))
        and different.kind == "number"
        and different.over_time
    ]
    return sorted(later, key=lambda each: each.source.published or _LONG_AGO, reverse=True)


def later_than(one: Statement, other: Statement) -> bool:
    """Tell whether a statement's article is of a later day than another's, as far as is known."""
    return _later(one, other) > 0


def difference(one: Statement, other: Statement, articles: Mapping[str, Article]) -> Difference | None:
    """Tell what two statements say differently of the same thing; None if nothing."""
    if len(_telling(one.text) & _telling(other.text)) < _LEAST_SHARED:
        return None
    found = [*_speakers(one, other, articles), *_standings(one, other)]
    if one.source.article_id != other.source.article_id:  # one writer gives two numbers of two things
        found += [*_numbers(one, other), *_dates(one, other)]
    return max(found, key=lambda each: each.alike, default=None)


def _shown(statement: Statement) -> str:
    """Give a statement, after the one before it where only that tells who "he" is."""
    leaves_it = statement.before and not names_its_speaker(statement)
    return f"{statement.before[-1]} {statement.text}" if leaves_it else statement.text


def _weight(different: Difference, one: Statement, other: Statement) -> tuple[bool, bool, float, datetime]:
    """Prefer another article, a sentence that stands by itself, one that is alike, the newest."""
    elsewhere = one.source.article_id != other.source.article_id
    return elsewhere, not leaning(other.text), round(different.alike, 1), other.source.published or _LONG_AGO


def _numbers(one: Statement, other: Statement) -> Iterator[Difference]:
    later = _later(one, other)
    for alike, mine, theirs in different_counts(one, other):
        if abs(later) > AGAIN and happened(one.text, mine.span) and happened(other.text, theirs.span):
            continue  # two events of one kind
        if same_time(one, mine.span, other, theirs.span) and (later or not open_to(mine, theirs)):
            said = one.text[slice(*mine.span)], other.text[slice(*theirs.span)]
            about = _about(one, (mine.span,), other)
            yield Difference("number", about, *said, over_time=bool(later), alike=alike)


def _dates(one: Statement, other: Statement) -> Iterator[Difference]:
    for alike, mine, theirs in different_days(one, other):
        # What has happened keeps its date.
        over_time = bool(_later(one, other)) and ahead(one.text) and ahead(other.text)
        yield Difference("date", _about(one, (mine.span,), other), mine.said, theirs.said, over_time, alike)


def _speakers(one: Statement, other: Statement, articles: Mapping[str, Article]) -> Iterator[Difference]:
    texts = [articles[each.source.article_id].text for each in (one, other)]
    for alike, mine, theirs in different_speakers(one, other, *texts):
        said = one.text[slice(*mine.said)].strip(' "“”,.').split()
        about = " ".join(said[:_LONGEST_ABOUT]) + (" …" if len(said) > _LONGEST_ABOUT else "")
        yield Difference("speaker", about, mine.name, theirs.name, over_time=False, alike=alike)


def _standings(one: Statement, other: Statement) -> Iterator[Difference]:
    for alike, mine, theirs in different_standings(one, other):
        if same_time(one, mine.span, other, theirs.span):
            later = _later(one, other)
            over_time = later * (mine.rank - theirs.rank) > 0 or abs(later) > LONG_PAST
            about = _about(one, (mine.span, *deals(one.text)), other)
            yield Difference("status", about, mine.said, theirs.said, over_time, alike)


def _later(one: Statement, other: Statement) -> int:
    """Tell how many days later one was published, as far as is known."""
    mine, theirs = one.source.published, other.source.published
    return (mine.date() - theirs.date()).days if mine and theirs else 0


@lru_cache(maxsize=20_000)
def _telling(text: str) -> frozenset[str]:
    return frozenset(word.key for word in lexemes(text) if word.content and not word.number)


def _about(one: Statement, compared: Sequence[Span], other: Statement) -> str:
    """Give the words that two statements share beside what is compared, in the order of the first."""
    shared = [each.word for each in told(one.text, *compared) if has(other.text, each.word)]
    telling = [word for word in shared if word.name or not word.light]
    texts = [word.text.removesuffix("'s").removesuffix("’s") for word in (telling if len(telling) > 1 else shared)]
    return " ".join(list(dict.fromkeys(texts))[:_LONGEST_ABOUT])
