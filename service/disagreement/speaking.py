"""The same words from different speakers; pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from service.disagreement.likening import ANOTHER_WORD, SAME_WORD, Span, has
from service.evidence import Statement
from service.language import lexicon
from service.language.words import COUNTRIES, Word, same, words

# Words that say something, of a speech that is repeated nearly, and of one that is repeated word for word: set phrases
# ("our thoughts and prayers are with the victims") have fewer. Chosen.
_LEAST_WORDS, _LEAST_QUOTED, _LEAST_LONG = 7, 5, 3
_VERBATIM, _LONG = 10, 12  # words in a row
_LONGEST_NAME = 4  # words
_WITH_TITLE = 2  # words: "Carmaker Valmont" is no person, "Governor Lucas Brandt" is
# The share of the words of the shorter speech that the longer must have, and the other way round. Chosen on
# benchmarks/disagreement/fitted.yaml.
_SHORTER, _LONGER = 0.8, 0.6

_QUOTATION = re.compile(r"[\"“][^\"“”]{15,}[\"”]?")
_VERB = re.compile(
    r"\b(?:(?:had|has|also|later)\s+)?(?:said|says|added|adds|told|noted|stated|remarked|declared|stressed|emphasi[sz]ed|explained|"
    r"warned|insisted|argued|recalled|wrote|observed|commented)\b|\b[Aa]ccording\s+to\b"
)
_DESCRIBING = re.compile(r"\s*(?:an?|the|who|which|whose)\b", re.IGNORECASE)
_CAPITAL = re.compile(r"\b[^\W\d_a-z][\w-]*\b(?!['’]s)")
_FAR = 120  # characters from a verb of saying in which who says it is looked for
_OF = re.compile(r"\s(?:of|from|at|for|in|on)\b")
_BOUNDARY = re.compile(r"[,;:«»]|\bthat\b|\band\b")
_TITLES = lexicon.TITLES | frozenset("mr mrs ms dr prof sir".split())
_HE = re.compile(r"\b(?:he|she)\b", re.IGNORECASE)
_NO_PERSON = re.compile(
    r"\b(?:statement|report|ministry|department|police|company|government|council|court|bank|foods|motors|group|holdings|office|"
    r"agency|university|institute|commission|party|union|association|inc|ltd|corp|news|times|post|pti|reuters|afp|ap|they|both|"
    r"all|sources?|officials?)\b",
    re.IGNORECASE,
)
_FULL_NAME = re.compile(r"\b(?:[^\W\d_a-z][\w’'-]*\.?[ \t]+)+(?P<last>[^\W\d_a-z][\w’'-]+)")


@dataclass(frozen=True, slots=True)
class Speech:
    """Who says a statement, by what name, and where its words stand in it."""

    who: tuple[Word, ...]
    name: str
    said: Span


def different_speakers(
    one: Statement, other: Statement, mine: str, theirs: str
) -> Iterator[tuple[float, Speech, Speech]]:
    """Give the speakers to whom two statements give the same words, and how alike these are.

    `mine` and `theirs` are the texts of the articles, in which a surname is looked up.
    """
    here = speech(one, mine)
    there = here and speech(other, theirs)
    if not here or not there or any(same(a, b) >= SAME_WORD for a in here.who for b in there.who):
        return
    if any(has(other.text, word) for word in here.who) or any(has(one.text, word) for word in there.who):
        return  # one of them repeats the words of the other
    alike = same_words(one.text, here.said, other.text, there.said)
    if alike:
        yield alike, here, there


def same_words(one: str, mine: Span, other: str, theirs: Span) -> float:
    """Tell how far two speeches are the same words (0: not)."""
    here, there = _content(one, mine), _content(other, theirs)
    fewest = min(len(here), len(there))
    if fewest < _LEAST_LONG or len({word.key for word in here} & {word.key for word in there}) < fewest / 2:
        return 0.0
    more, less = sorted(
        sum(any(same(a, b) >= ANOTHER_WORD for b in y) for a in x) / len(x) for x, y in ((here, there), (there, here))
    )
    if less >= _SHORTER and more >= _LONGER and fewest >= _LEAST_WORDS:
        return less * more
    in_a_row = _in_a_row(one[slice(*mine)], other[slice(*theirs)]) if less >= _SHORTER else 0
    return less if in_a_row >= (_VERBATIM if fewest >= _LEAST_QUOTED else _LONG) else 0.0


def speech(statement: Statement, article: str) -> Speech | None:
    """Tell who says a statement, looking back for "he said"; None where that is not clear, or is no person."""
    found = _speaker(statement.text)
    if not found:
        return None
    who, said = found
    names = _person(_meant(statement.before) if _pronoun(who) else who, article)
    return Speech(names, " ".join(word.text for word in names), said) if names else None


def names_its_speaker(statement: Statement) -> bool:
    """Tell whether a statement does not leave it to the sentence before who says it."""
    found = _speaker(statement.text)
    return not found or not _pronoun(found[0])


@lru_cache(maxsize=20_000)
def _speaker(text: str) -> tuple[str, Span] | None:
    """Give the phrase beside a text's verb of saying, and where what is said stands: the longest quotation or all."""
    quotation = max(_QUOTATION.finditer(text), key=lambda match: len(match.group()), default=None)
    hidden = _QUOTATION.sub(lambda match: "«" + " " * (len(match.group()) - 2) + "»", text)
    found: list[tuple[str, Span]] = []
    for verb in _VERB.finditer(hidden):
        before = _BOUNDARY.split(hidden[: verb.start()].rstrip(" ,")[-_FAR:])[::-1]
        behind = _BOUNDARY.split(hidden[verb.end() :].lstrip(" ,")[:_FAR])
        turned = re.search(r"»,?\s*$", hidden[: verb.start()]) or (
            re.search(r",\s*$", hidden[: verb.start()]) and not any(map(_may_name, before[:2]))
        )
        who = _name_of(behind if turned or verb.group().lower().startswith("acc") else before)
        if who:
            found.append((who, verb.span()))
    if not found:
        return None
    if quotation:
        start, end = quotation.span()
        who, _ = min(found, key=lambda one: min(abs(one[1][0] - end), abs(start - one[1][1])))
        return who, (start, end)
    who, (start, end) = found[0]
    return who, ((end, len(text)) if end < len(text) / 2 else (0, start))


def _name_of(pieces: Sequence[str]) -> str:
    """Give the nearest piece of a sentence, or that beside it where it only describes: "the chairman, Edwin Shaw"."""
    return next((piece for piece in pieces[:2] if _may_name(piece)), pieces[0]).strip()


def _may_name(piece: str) -> bool:
    return bool(_CAPITAL.search(piece) or _HE.search(piece)) and not _DESCRIBING.match(piece)


def _pronoun(who: str) -> bool:
    return bool(_HE.search(who)) and not any(word.text[0].isupper() for word in words(_HE.sub("", who)))


def _meant(before: tuple[str, ...]) -> str:
    """Tell whom "he said" means: who speaks in the sentence before, or the one person that it names."""
    for text in reversed(before[-2:]):
        found = _speaker(text)
        if found and not _pronoun(found[0]):
            return found[0]
        if not found:
            people = {match["last"]: match.group() for match in _FULL_NAME.finditer(text)}
            return next(iter(people.values())) if len(people) == 1 else ""
    return ""


@lru_cache(maxsize=20_000)
def _person(who: str, article: str) -> tuple[Word, ...]:
    """Give the names of a person in a phrase: two or more, or a surname that the article has with a first name."""
    of = _OF.search(who)
    named = who[: of.start()] if of and _names(who[: of.start()]) else who  # "Renata Figueira of the Institute …"
    if not named or _NO_PERSON.search(named):
        return ()
    names = _names(named)
    if len(names) == 1 and re.sub(r"['’]s$", "", names[0].text) not in _surnames(article):
        return ()
    return tuple(names) if len(names) <= _LONGEST_NAME else ()


def _names(phrase: str) -> list[Word]:
    return [
        word
        for word in words(f"so {phrase}")
        if word.text[0].isupper() and word.content and word.text.lower() not in _TITLES and word.key not in COUNTRIES
    ]


@lru_cache(maxsize=500)
def _surnames(article: str) -> frozenset[str]:
    """Give the words of an article that stand behind a first name or a title: where a sentence begins, behind two."""
    return frozenset(
        match["last"]
        for match in _FULL_NAME.finditer(article)
        if len(match.group().split()) > _WITH_TITLE or re.search(r"[\w,] $", article[: match.start()][-2:])
    )


def _content(text: str, span: Span) -> list[Word]:
    return [word for word in words(text) if span[0] <= word.start < span[1] and word.content]


def _in_a_row(one: str, other: str) -> int:
    mine, theirs = (re.findall(r"\w+", text.casefold()) for text in (one, other))
    return SequenceMatcher(None, mine, theirs, autojunk=False).find_longest_match().size
