"""Who does what to whom in a text: its verbs, each with those who do it and those to whom it is done; pure.

A shallow parse by word lists and endings, without a tagger: what it cannot make out it leaves empty, and an empty
place contradicts nothing.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from service.language import lexicon
from service.language.thesaurus import VERBS
from service.language.words import Word, key_of, word_of
from service.verification.phrases import words

BE = frozenset("is are was were be been being am 's 're get gets got".split())
HAVE = frozenset("has have had having".split())
MODALS = frozenset("will would shall should may might could must can do does did".split())
_AUXILIARY = BE | HAVE | MODALS | {"to"}
PRONOUNS = frozenset("he she they it we i you".split())
_RELATIVE = frozenset("who which that whom".split())
_JOINING = frozenset(
    "and but or while because after as when if although though whether since before until where than so".split()
)
_PREPOSITIONS = frozenset(
    """of in on at by for with about against between among into through during from to up down out off over under per via
    upon onto within without toward towards across along around amid behind beside besides beyond like unlike after before
    since until than despite including following according as""".split()
)
_BELONGING = frozenset("of at from".split())
_ADVERBS = frozenset(
    "also then again now still not never already only just once later soon even jointly together".split()
)
_DETERMINERS = frozenset("a an the its their his her our my your this that these those some any no each every".split())
_STRONG = re.compile(r"[.!?;:—–()\"“”\n|]")
_CLOSING = re.compile(r"[,!?.…]?[\"”’]|,")
# Forms that `lexicon.IRREGULAR` has not: those like their base, and those that are also something else.
_PAST = frozenset(
    "came won hit beat put cut set shut let cost hurt spread quit bid cast burst split read drank sang rang".split()
)
_ABBREVIATED = frozenset(
    "mr mrs ms dr prof st sen rep gov gen lt col sgt capt maj rev hon jr sr inc ltd co corp no vs".split()
)
_NO_VERBS = frozenset(
    "children people men women lives wives lay left-wing need red bed hundred indeed speed including following regarding concerning according excluding".split()
)
SAYING = frozenset(key_of(verb) for verb in lexicon.SAYING)
# Verbs of which one may stand for another where somebody is quoted.
REPORTING = frozenset(
    key_of(verb)
    for verb in """say tell state note add remark declare announce comment stress emphasise highlight underscore underline assert argue
    observe explain warn insist reiterate affirm clarify mention describe point acknowledge write tweet post respond reply speak""".split()
)
# Behind these a clause of its own may begin without "that": "said the profit target was …".
_INTRODUCING = SAYING | {key_of(verb) for verb in "find show know hear feel learn see".split()}
VERB_KEYS = frozenset(key_of(verb) for verb in VERBS.split()) | SAYING


@dataclass(frozen=True, slots=True)
class Clause:
    """A verb, the words that name who does it, and those that name to whom or what; a passive is turned round."""

    verb: Word
    agent: tuple[Word, ...]
    patient: tuple[Word, ...]
    rest: tuple[Word, ...]
    """What follows up to the next verb, behind a preposition: where, when, from whom."""
    start: int
    end: int
    scope: tuple[Word, ...] = ()
    """What stands behind a preposition in the subject: "sales in Germany"."""


@lru_cache(maxsize=20_000)
def clauses(text: str) -> tuple[Clause, ...]:
    """Give the clauses of a text in the order of their verbs."""
    found = words(text)
    heads = [index for index in range(len(found)) if _is_verb(text, found, index)]
    parsed: list[Clause] = []
    subject: tuple[Word, ...] = ()
    sentence_start = 0
    for number, head in enumerate(heads):
        first = _group_start(text, found, head)
        begins = next((i for i in range(head, 0, -1) if re.search(r"[.!?;\n]", _gap(text, found, i))), 0)
        if begins != sentence_start:
            subject, sentence_start = (), begins
        floor = max(begins, heads[number - 1] + 1 if number else 0)
        before = _before(text, found, first, floor, subject)
        following = heads[number + 1] if number + 1 < len(heads) else len(found)
        stop = _group_start(text, found, following) if following < len(found) else following
        patient, rest, by = _behind(text, found, head, stop)
        if _inverted(text, found, head, first, before):
            inverted = _named(text, found, head + 1)
            parsed.append(Clause(found[head], inverted, (), (), found[first].start, found[head].end))
            subject = inverted
            continue
        participle = _participle(found[head])
        bare = not any(
            one.text.lower() in _AUXILIARY for one in found[first:head]
        )  # no auxiliary: "joined by Justice Stern"
        passive = participle and (
            any(one.text.lower() in BE for one in found[first:head]) or (bare and bool(by) and not patient)
        )
        subject = before or subject
        agent, patient = (by, before) if passive else (before, patient)
        last = found[min(stop, len(found)) - 1]
        scope = _scope(text, found, first, before)
        parsed.append(
            Clause(found[head], agent, patient, rest, found[first].start, max(last.end, found[head].end), scope)
        )
    return tuple(parsed) + _according(text, found)


def _gap(text: str, found: Sequence[Word], index: int) -> str:
    """Give what stands between a word and the one before it, without the full stop of "Mr." and initials."""
    if not index:
        return text[: found[0].start]
    gap = text[found[index - 1].end : found[index].start]
    short = len(found[index - 1].text) == 1 or found[index - 1].text.lower() in _ABBREVIATED
    return gap.removeprefix(".") if short and gap.startswith(". ") and '"' not in gap else gap


def _apart(gap: str) -> bool:
    """Tell whether a clause ends between two words; an opening quotation mark alone ends none."""
    return bool(_STRONG.search(gap.strip(" “\"'‘")) or (re.search(r"[\"“”]", gap) and re.search(r"[,.!?]", gap)))


def _participle(word: Word) -> bool:
    lower = word.text.lower()
    return lower.endswith(("ed", "en", "wn", "ne")) or lower in lexicon.IRREGULAR or lower in _PAST


def _is_verb(text: str, found: Sequence[Word], index: int) -> bool:
    word = found[index]
    lower = word.text.lower()
    past = lower in _PAST or lower in lexicon.IRREGULAR
    hyphened = text[word.end : word.end + 1] == "-" or _gap(text, found, index).endswith("-")
    if (
        word.number
        or (word.name and index)
        or lower in _AUXILIARY | _NO_VERBS
        or hyphened
        or not (word.content or past)
    ):
        return False
    before = found[index - 1].text.lower() if index else ""
    leading = _leading(found, index)
    if before in _DETERMINERS or (before.endswith(("'s", "’s")) and leading not in BE):
        return False
    if leading in BE:
        return _participle(word) or lower.endswith("ing")
    if leading in HAVE:
        return _participle(word)
    if past:
        return lexicon.IRREGULAR.get(lower) not in {"child", "person", "man", "woman", "wife"}
    if lower.endswith("ed") and leading not in MODALS | {"to"}:
        return len(lower) > 4 or lower in {"used", "died"}
    return word.key in VERB_KEYS and _in_present(text, found, index, leading)


def _leading(found: Sequence[Word], index: int) -> str:
    """Give the word before a verb and its adverbs."""
    at = index - 1
    while at >= 0 and (found[at].text.lower() in _ADVERBS or found[at].text.lower().endswith("ly")):
        at -= 1
    return found[at].text.lower() if at >= 0 else ""


def _in_present(text: str, found: Sequence[Word], index: int, leading: str) -> bool:
    """Tell a verb of the present, behind "will" or "to", or in "-ing", from the noun that is written alike."""
    if leading in MODALS | PRONOUNS | _RELATIVE | {"to"}:
        return True
    if not index or (apart := "," in _gap(text, found, index)):
        return bool(index) and apart and found[index].text.lower().endswith("ing")
    before = found[index - 1]
    if found[index].text.lower().endswith("ing"):
        return before.content or before.text.lower() in _JOINING
    after = found[index + 1] if index + 1 < len(found) else None
    follows = after.text.lower() if after and not _STRONG.search(_gap(text, found, index + 1)) else ""
    opens = follows in _DETERMINERS | _PREPOSITIONS | {"that"} or bool(
        follows and after and (after.name or after.number)
    )
    third = found[index].text.lower().endswith("s") and not found[index].text.lower().endswith("ss")
    if before.content and (before.name or before.text[0].isupper()):
        return opens or (third and after is None)
    return before.content and not third and before.text.lower().endswith("s") and follows in _DETERMINERS | {"that"}


def _group_start(text: str, found: Sequence[Word], head: int) -> int:
    """Give where a verb's auxiliaries and adverbs begin."""
    first = head
    while first and not re.search(r"[,.;:!?\"“”]", _gap(text, found, first)):
        lower = found[first - 1].text.lower()
        if lower in _AUXILIARY or lower in _ADVERBS or (lower.endswith("ly") and not found[first - 1].name):
            first -= 1
        else:
            break
    return first


def _before(text: str, found: Sequence[Word], first: int, floor: int, known: tuple[Word, ...]) -> tuple[Word, ...]:
    """Give the words that name the subject of the verb group that begins at `first`."""
    if first < len(found) and found[first].text.lower() == "to":
        return ()  # whose purpose it is stays open: "data are shared to help them"
    edge = first
    while edge > floor and not _apart(_gap(text, found, edge)):
        lower = found[edge - 1].text.lower()
        if lower in _RELATIVE and (lower != "that" or (edge > 1 and edge - 1 > floor and found[edge - 2].name)):
            own = _head(found[edge:first])
            if edge < first and found[first - 1].text.lower() in PRONOUNS and not own:
                return known if edge - 1 <= floor else ()  # "the prize, which she won"
            return own or _antecedent(text, found, edge - 1, floor) or known
        if lower in _JOINING | {"that"} and lower not in {"and", "as"}:
            break
        edge -= 1
    span = found[edge:first]
    if not span:
        return known
    if "," in _gap(text, found, first):
        # "Solheim, who stood for …, trailed": the clause between the commas is no subject, and the one before is.
        return known or _head(span)
    return _subject(text, found, (edge, first), floor, known)


def _subject(
    text: str, found: Sequence[Word], place: tuple[int, int], floor: int, known: tuple[Word, ...]
) -> tuple[Word, ...]:
    """Give the subject among the words before a verb, which may begin with the end of the clause before."""
    edge, first = place
    span = found[edge:first]
    commas = [at for at in range(edge + 1, first) if "," in _gap(text, found, at)]
    joined = [at for at in commas if found[at].text.lower() in _JOINING]
    if joined:
        span = found[joined[-1] + 1 : first]  # "…, and the council said"
    elif span[-1].text.lower() in _JOINING | {"as"}:
        return known  # "… and said"
    elif (
        floor
        and edge == floor
        and not _STRONG.search(_gap(text, found, edge))
        and found[floor - 1].key not in _INTRODUCING
    ):
        ands = [at for at in range(edge, first) if found[at].text.lower() in {"and", "as"}]
        span = found[ands[-1] + 1 : first] if ands else found[commas[-1] : first] if commas else ()
    elif commas and (span[0].text.lower() in _PREPOSITIONS or span[0].text.lower().endswith("ing")):
        span = found[commas[0] : first]  # "In a dissent, Justice Kamau", "Writing for the majority, Justice Roth"
    if span and span[-1].text.lower() in {"we", "i", "you"}:
        return ()
    if span and span[-1].text.lower() in {"he", "she", "it", "they"}:
        return known  # "In 1988 she won"
    own = _head(span)
    pointing = bool(span) and span[0].text.lower() in {"he", "she", "it", "they"}
    return own or (known if pointing or not span else ())


def _head(span: Sequence[Word]) -> tuple[Word, ...]:
    """Give the content words of a noun phrase up to a preposition other than "of": "Secretary of State Antony Blinken"."""
    head: list[Word] = []
    skipping = bool(span) and span[0].text.lower() in _PREPOSITIONS
    if skipping:
        # "In a dissent, Justice Kamau": what a preposition opens ends at its names and nouns
        span = span[1:]
    for word in span:
        if word.text.lower() in _PREPOSITIONS and word.text.lower() != "of" and head:
            break
        if word.content:
            head.append(word)
    return tuple(head)


def _scope(text: str, found: Sequence[Word], first: int, subject: Sequence[Word]) -> tuple[Word, ...]:
    """Give the words between a subject and its verb that a preposition binds to the subject."""
    if not subject:
        return ()
    at = next((index for index in range(first - 1, -1, -1) if found[index] == subject[-1]), first)
    between = found[at + 1 : first]
    apart = any(
        re.search(r"[,;:.]", _gap(text, found, index)) for index in range(at + 1, first + 1) if index < len(found)
    )
    if apart or not between or between[0].text.lower() not in _PREPOSITIONS:
        return ()
    return tuple(word for word in between if word.content)


def _antecedent(text: str, found: Sequence[Word], at: int, floor: int) -> tuple[Word, ...]:
    """Give what "who" and "which" point back to: the names right before, or the noun."""
    words_before: list[Word] = []
    for index in range(at - 1, -1, -1):
        word = found[index]
        belonging = bool(words_before) and index > 0 and word.text.lower() in _BELONGING | {"the"}
        if belonging and (word.text.lower() == "the" or found[index - 1].content):
            continue  # "Professor Whitlock of the University of Leeds, who"
        if not word.content or word.text.lower() in _PREPOSITIONS or (words_before and index < floor):
            break
        words_before.insert(0, word)
        if _STRONG.search(_gap(text, found, index)) or "," in _gap(text, found, index):
            break
    return tuple(words_before)


def _behind(
    text: str, found: Sequence[Word], head: int, stop: int
) -> tuple[tuple[Word, ...], tuple[Word, ...], tuple[Word, ...]]:
    """Give the object of a verb, what follows behind a preposition, and who stands behind "by"."""
    patient: list[Word] = []
    rest: list[Word] = []
    by: list[Word] = []
    current = patient
    for index in range(head + 1, stop):
        gap = _gap(text, found, index)
        lower = found[index].text.lower()
        if _apart(gap) or lower in {"that", "who", "which", "while", "but", "because", "when"}:
            break
        if lower in _PREPOSITIONS:
            current = by if lower == "by" and not by and not (index + 1 < stop and found[index + 1].number) else rest
        elif found[index].content:
            current.append(found[index])
        if "," in gap and current is not by and index + 1 < stop:
            current = rest
    return tuple(patient), tuple(rest), tuple(by)


def _inverted(text: str, found: Sequence[Word], head: int, first: int, before: Sequence[Word]) -> bool:
    """Tell whether who says it stands behind the verb: “…,” said Pruitt."""
    if found[head].key not in SAYING or head + 1 >= len(found) or first != head:
        return False
    gap = _gap(text, found, head)
    after = found[head + 1]
    named = after.name or after.text.lower() in _DETERMINERS | {"mr", "ms", "mrs", "dr"} or after.text[0].isupper()
    return named and bool(re.search(r"[,\"”’?!]", gap)) and (bool(re.search(r"[\"”’]", gap)) or not before)


def _named(text: str, found: Sequence[Word], at: int) -> tuple[Word, ...]:
    named: list[Word] = []
    for index in range(at, len(found)):
        gap = _gap(text, found, index)
        lower = found[index].text.lower()
        if named and (_STRONG.search(gap) or lower in _RELATIVE | _PREPOSITIONS | _JOINING | _AUXILIARY | {"told"}):
            break
        if named and "," in gap and found[index - 1].name and found[index].name:
            break  # "according to Jaishankar, Modi's visit …"
        if found[index].content:
            named.append(found[index])
    return tuple(named[:8])


def _according(text: str, found: Sequence[Word]) -> tuple[Clause, ...]:
    parsed = []
    for index in range(len(found) - 2):
        if found[index].text.lower() == "according" and found[index + 1].text.lower() == "to":
            agent = _named(text, found, index + 2)
            said = word_of("said", found[index].start, found[index].end, key_of("say"))
            parsed.append(Clause(said, agent, (), (), found[index].start, found[index].end))
    return tuple(parsed)
