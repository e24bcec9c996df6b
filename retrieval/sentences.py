"""Where the sentences of a text begin and end; pure.

Written here because the libraries measured for it each fail on plain news: pysbd takes 68 ms for 9 kB, syntok splits
"Lt. Gen.", sentencex "India-U.S. 2+2", nupunkt "U.S. Secretary" (2026-11). What makes news hard is abbreviations before
names, and a short list of those settles it.
"""

import re

from retrieval.types import Span

# Titles and the like stand before a name: a full stop after one never ends a sentence.
_BEFORE_A_NAME = frozenset(
    "mr mrs ms mx dr prof st lt gen col maj capt cmdr adm brig sgt cpl pvt gov sen rep pres amb hon rev fr sr jr smt shri "
    "messrs mme mlle supt insp det vs no nos fig figs vol art sec ch pp p dept est approx cf ca al viz "
    "jan feb mar apr jun jul aug sept sep oct nov dec mt ft rs".split()
)
# These end a sentence only when what follows clearly begins one.
_SOMETIMES_LAST = frozenset(
    "etc inc ltd co corp llc plc bros univ ave blvd rd a.m p.m am pm u.s u.k u.n e.u d.c b.c a.d ph.d u.s.a i.e e.g".split()
)
_OPENERS = "\"'“‘«»„「『([{¿¡"
_CLOSERS = "\"'”’»«」』)]}"
_WORDS_THAT_BEGIN = frozenset(
    "the a an this that these those he she it they we i you his her its their our but and however meanwhile in on at as "
    "after before when while if for there here what who why how according both some many most all no not under last earlier".split()
)
_TERMINATOR = re.compile(rf"(?:[.!?…]+|[。！？؟।॥۔]+)[{re.escape(_CLOSERS)}]*")
_DOUBLE_QUOTE = re.compile('["“”]')
_LONGEST_SPEECH = 600  # characters; a longer quotation is split like any other text
_NEAR = 80  # characters before and after a full stop that are looked at
_LINE_BREAK = re.compile(r"(?:\r\n|[\n\r\u2028\u2029\x0b\x0c\x85])\s*")
_UP_TO_LAST_WORD = re.compile(r".*[\s\-–—/\"'“”‘’()\[\]]", re.DOTALL)
_FIRST_WORD = re.compile(r"[\w'’]*")
_INITIALS = re.compile(r"(?:\w\.)+\w")


def sentence_spans(text: str) -> list[Span]:
    """Give the span of each sentence, in order, without surrounding white space; a line break always ends one."""
    spans: list[Span] = []
    for line_start, line_end in _lines(text):
        start = line_start
        speech = iter(_speech(text, line_start, line_end))
        opened, closed = next(speech, (line_end, line_end))
        for match in _TERMINATOR.finditer(text, line_start, line_end):
            end = match.end()
            while closed <= match.start():
                opened, closed = next(speech, (line_end, line_end))
                if opened == line_end:
                    break
            if opened < match.start() and end < closed:
                continue
            if end <= start or not _ends_sentence(text, match.start(), end, start, line_end):
                continue
            spans.append((start, end))
            start = _after_space(text, end, line_end)
        if start < line_end:
            spans.append((start, line_end))
    return [trimmed for span in spans if (trimmed := _trim(text, *span))]


def _lines(text: str) -> list[Span]:
    lines: list[Span] = []
    start = 0
    for match in _LINE_BREAK.finditer(text):
        lines.append((start, match.start()))
        start = match.end()
    lines.append((start, len(text)))
    return lines


def _speech(text: str, start: int, end: int) -> list[Span]:
    """Find the quotations of a line, which stay whole: half a quotation is no sentence to publish."""
    spans: list[Span] = []
    opened: int | None = None
    for match in _DOUBLE_QUOTE.finditer(text, start, end):
        at = match.start()
        begins = match.group() == "“" or (
            match.group() == '"' and (at == start or not (text[at - 1].isalnum() or text[at - 1] in ".,!?…;:"))
        )
        if begins and (opened is None or match.group() == "“"):
            opened = at
        elif opened is not None:
            if at - opened <= _LONGEST_SPEECH:
                spans.append((opened, match.end()))
            opened = None
    return spans


def _after_space(text: str, start: int, end: int) -> int:
    while start < end and text[start].isspace():
        start += 1
    return start


def _trim(text: str, start: int, end: int) -> Span | None:
    start = _after_space(text, start, end)
    while end > start and text[end - 1].isspace():
        end -= 1
    return (start, end) if start < end else None


def _ends_sentence(text: str, stop: int, end: int, start: int, line_end: int) -> bool:
    """Decide whether the terminator text[stop:end] of the sentence begun at `start` ends it."""
    if text[stop] in "。！？؟।॥۔":
        return True
    if end == line_end:
        return True
    if not text[end].isspace():
        # "…said.The next": a feed that lost its space; "3.5", "U.S.-India", "example.com" are not.
        return text[stop:end] != "." and text[end].isupper()
    begin = _after_space(text, end, line_end)
    rest = text[begin : min(begin + _NEAR, line_end)]
    if not rest:
        return True
    following = rest.lstrip(_OPENERS)
    if not following or (following[0].islower() and rest[0] not in _OPENERS):
        return False
    if text[stop] in "!?":
        # «"Why?" Mr. Rao asked»: the attribution belongs to the question before it.
        return not (text[end - 1] in _CLOSERS and following[0].islower())
    if following[0].islower():
        return False
    if text[stop:end] != ".":
        return True
    return not _is_abbreviation(text[max(start, stop - _NEAR) : stop], following)


def _is_abbreviation(before: str, following: str) -> bool:
    """Tell whether the full stop after `before` belongs to its last word and not to the sentence."""
    found = _UP_TO_LAST_WORD.match(before)
    word = before[found.end() :] if found else before
    if not word:
        # "2. The list goes on": a number or a sign alone is a list marker.
        return False
    folded = word.casefold()
    if word.isdigit() and len(before.strip()) <= len(word):
        return True  # "1. India and the US pledged": the marker goes with its item
    if len(word) == 1 and word.isalpha() and word.isupper():
        # "S. Jaishankar", "J. F. Kennedy", but "World War I. The …", "vitamin C. It …"
        return not _begins_a_sentence(following)
    if folded in _BEFORE_A_NAME and (
        folded not in {"no", "nos", "art", "mar", "p", "ft", "al", "est", "ch", "jan", "st"} or word[0].isupper()
    ):
        return folded not in {"no", "nos"} or following[:1].isdigit()
    if folded in _SOMETIMES_LAST or _INITIALS.fullmatch(word):
        return not _begins_a_sentence(following)
    return False


def _begins_a_sentence(following: str) -> bool:
    word = _FIRST_WORD.match(following)
    return word is not None and word.group().casefold() in _WORDS_THAT_BEGIN
