"""Text with [n] markers becomes sentences and the numbers they carry, also while it is still arriving; pure."""

import re
from dataclasses import dataclass

from retrieval.sentences import sentence_spans

# [1], [1, 2], [1 and 2], [^1], [1-3], 【1】; a number of seven digits names nothing that we ever numbered.
_NUMBER = r"\^?\d{1,6}"
_MARKER = re.compile(
    rf"[\[【]\s*(?:(?:passages?|sources?|articles?)\s+)?{_NUMBER}(?:\s*(?:[,;&–-]|and)\s*{_NUMBER})*\s*(?:†[^\[\]【】]{{0,30}})?[\]】]",
    re.IGNORECASE,
)
_LONGEST_RANGE = 20  # a longer "[1-900]" names its two ends
_BEGUN_MARKER = re.compile(r"[\[【][^\[\]【】\n]{0,50}$")
_SPACED_MARKER = re.compile(rf"(?<!\s)\s*{_MARKER.pattern}|{_MARKER.pattern}", re.IGNORECASE)
_LITERAL = re.compile(r"(?<!\\)\[(?=\s*\^?\d+(?:\s*(?:[,;&–-]|and)\s*\^?\d+)*\s*\])")
_LIVE = re.compile(r"(?<!\\)(?:(?<=!)\[|<(?=[a-zA-Z/!?]))")
_MAY_END = re.compile(r"[.!?…。！？؟।॥۔\n\r\u2028\u2029\x0b\x0c\x85]")  # those of retrieval/sentences.py
# What a sentence must be followed by, so that nothing that comes later can join it to the next: a whole word.
_WHOLE_WORD = re.compile(r"[\"'“‘«»„(\[{¿¡]*+[\w'’]*+[^\w'’]")
_LIST_ITEM = re.compile(r"^(?:[-*•]\s+|\d{1,2}[.)]\s+(?=\D)|#{1,6}\s+)+")
_LEAD_IN = re.compile(
    r"""^\s*(?:\**answer\s*:\**\s+)?
    (?:(?:based\ on|according\ to)\ (?:the\ )?(?:(?:provided|given|above)\ )?(?:articles?|passages?|sources?)
       (?:\ \d{1,2})?,\s+)?""",
    re.IGNORECASE | re.VERBOSE,
)
_EMPHASIS = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1")
# What begins like this says nothing without the sentence before it.
_LEANS = re.compile(
    r"""\s*(?:(?:as\ a\ result|consequently|therefore|thus|hence|accordingly|for\ (?:this|that|these)\ reasons?)\b
    |(?:(?:and|but|so|then|however|moreover|furthermore|also|meanwhile|still|instead|in\ addition|additionally
       |likewise|similarly|according\ to|of|in|at|with|for|by|after|before|since|despite)\b[\s,]*)*
     (?:he|she|it|they|him|his|her|hers|its|their|theirs|them|this|that|these|those|such|both
       |the\ (?:same|former|latter|other)
       |(?:one|two|three|some|all|none|most|each|neither|either)\ of\ th(?:em|ese|ose))\b
     (?!\s+(?:is|was)\ (?:said|reported|believed|thought)\b|\s+(?:year|month|week)\b))""",
    re.IGNORECASE | re.VERBOSE,
)


@dataclass(frozen=True)
class Written:
    """A sentence without its markers, and the numbers in them as they were written."""

    text: str
    numbers: tuple[int, ...]


def cut(text: str, *, ended: bool) -> tuple[list[Written], str]:
    """Cut the whole sentences off a text that may go on; give them, and the rest.

    A sentence is whole when another has begun behind it, as its markers may follow its full stop. However a text is
    divided into pieces, and the rest put before the next one, its sentences are the same.
    """
    sentences: list[Written] = []
    while True:
        following = _first(text, ended=ended)
        if following is None:
            return sentences, text
        own, text = text[:following], text[following:]
        numbers = dict.fromkeys(number for marker in _MARKER.findall(own) for number in _numbers(marker))
        sentence = _prose(without_markers(own))
        if sentence:
            sentences.append(Written(sentence, tuple(numbers)))


def without_markers(text: str) -> str:
    """Take the markers out, and the space before each."""
    return _SPACED_MARKER.sub("", text).strip()


def leans(sentence: str) -> bool:
    """Tell whether a sentence points back to the one before it: "He …", "This …", "As a result …"."""
    return bool(_LEANS.match(sentence))


def escaped(text: str) -> str:
    r"""Escape what would be more than words where a text is shown as Markdown.

    That is what looks like a marker in an article's own words, `[12]` becomes `\[12]`, an image, and a tag of HTML.
    """
    return _LIVE.sub(r"\\\g<0>", _LITERAL.sub(r"\\[", text))


def _first(text: str, *, ended: bool) -> int | None:
    """Give where the second sentence of a text begins, or None while that may still change."""
    if not ended and not _MAY_END.search(text):
        return None  # as of most of the pieces in which a text arrives
    masked = _MARKER.sub(lambda match: " " * len(match.group()), text)
    spans = sentence_spans(masked)
    if not spans[1:]:
        return len(text) if text and ended else None
    following = spans[1][0]
    if ended:
        return following
    begun = _BEGUN_MARKER.search(text)
    if (begun and begun.start() <= following) or not _WHOLE_WORD.match(masked, following):
        return None
    # A quotation that is open may yet close behind the two, and holds them together.
    closed = sentence_spans(f"{masked}”")
    return following if closed[1:] and closed[1][0] == following else None


def _prose(sentence: str) -> str:
    """Take off the Markdown and the lead-in that models write though told not to; a row of a table is no prose."""
    plain = _LEAD_IN.sub("", _EMPHASIS.sub(r"\2", _LIST_ITEM.sub("", sentence))).strip()
    return "" if plain.startswith("|") else plain


def _numbers(marker: str) -> list[int]:
    numbers: list[int] = []
    for part in re.split(r"[,;&]|and", marker.strip("[]【】 ")):
        first, *last = (int(number) for number in re.findall(r"\d+", part))
        several = last and first < last[0] <= first + _LONGEST_RANGE
        numbers += range(first, last[0] + 1) if several else [first, *last]
    return numbers
