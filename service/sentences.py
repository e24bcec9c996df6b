"""Text with [n] markers becomes sentences and the numbers they carry, also while it is still arriving; pure."""

import re
from dataclasses import dataclass

from retrieval.sentences import sentence_spans

_MARKER = re.compile(r"[\[【]\s*\^?\d+(?:\s*[,;–-]\s*\^?\d+)*\s*[\]】]")
_BEGUN_MARKER = re.compile(r"[\[【][\s\d^,;–-]*$")
_LITERAL = re.compile(r"(?<!\\)\[(?=\s*\^?\d+(?:\s*[,;–-]\s*\^?\d+)*\s*\])")


@dataclass(frozen=True)
class Written:
    """A sentence without its markers, and the numbers in them as they were written."""

    text: str
    numbers: tuple[int, ...]


def cut(text: str, *, ended: bool) -> tuple[list[Written], str]:
    """Cut the whole sentences off a text that may go on; give them, and the rest.

    A sentence is whole when another has begun behind it: its markers may follow its full stop.
    """
    masked = _MARKER.sub(lambda match: " " * len(match.group()), text)
    spans = sentence_spans(masked)
    if not ended:
        begun = _BEGUN_MARKER.search(text)
        spans = [span for span in spans if not begun or span[0] < begun.start()]
        spans_whole = spans[:-1]
    else:
        spans_whole = spans
    sentences: list[Written] = []
    done = 0
    for index, (start, end) in enumerate(spans_whole):
        following = spans[index + 1][0] if index + 1 < len(spans) else len(text)
        own = text[start:following]
        numbers = tuple(dict.fromkeys(number for marker in _MARKER.findall(own) for number in _numbers(marker)))
        sentences.append(Written(without_markers(text[start:end]), numbers))
        done = following
    return sentences, "" if ended else text[done:]


def without_markers(text: str) -> str:
    """Take the markers out, and the space before each."""
    return re.sub(rf"\s*{_MARKER.pattern}", "", text).strip()


def escaped(text: str) -> str:
    """Escape what looks like a marker in an article's own words: `[12]` becomes `\\[12]`."""
    return _LITERAL.sub(r"\\[", text)


def _numbers(marker: str) -> list[int]:
    numbers: list[int] = []
    for part in re.split(r"[,;]", marker.strip("[]【】 ")):
        bounds = [int(number) for number in re.findall(r"\d+", part)]
        several = len(bounds) == 2 and bounds[0] < bounds[1] <= bounds[0] + 20  # "[1-3]"
        numbers += range(bounds[0], bounds[1] + 1) if several else bounds
    return numbers
