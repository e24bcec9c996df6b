"""Printed lines become paragraphs again: what repeats on pages goes, hyphens of line ends go, lines are joined."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

_SENTENCE_END = re.compile(r"[.!?…:;。！？][\"'”’»)\]]*$")
_ITEM = re.compile(r"(?:[•▪‣◦●○■*·–—-]|\(?\d{1,2}[.)]|\(?[a-z]\))\s")
_PAGE_NUMBER = re.compile(
    r"(?:page|seite|pagina|página|стр\.?|p\.?)?\s*[-–—|]?\s*\d{1,4}\s*(?:(?:of|von|de|sur|/)\s*\d{1,4})?\s*[-–—|]?",
    re.IGNORECASE,
)
# What browsers print at the edges of a page: its address, and when it was printed.
_ADDRESS = re.compile(r"(?:https?|file)://\S+\s+\d+/\d+", re.IGNORECASE)
_PRINTED = re.compile(r"(?:^|.*\s)\d{1,2}[/.]\d{1,2}[/.]\d{2,4},? \d{1,2}:\d\d(?:\s?[AP]M)?(?:$|\s.*)", re.IGNORECASE)
_HYPHENS = "-\u2010\u00ad"
_EAST_ASIAN = re.compile(r"[\u3000-\u30ff\u4e00-\u9fff\uff00-\uffef]")
# What keeps its hyphen before a small letter, as in "long-term", where the document does not show it.
_FIRST_PARTS = frozenset(
    "all co cross double eight ex far five four front full half hard high home ill joint large left long low mid nine"
    " non north one open part post record right second self seven short single six small so south state ten third"
    " thirty three top twenty two ultra vice well wide world year".split()
)
_EDGE_LINES = 2  # of a page's top and of its bottom, that may be a running head or a number
_NEAR = 6  # lines before and behind that say how wide a column is
_SAME_SIZE = 0.1  # of two lines of one paragraph, as a part of their size
_INDENT = 0.8  # of a first line, in sizes
_SHORT = 0.12  # of a column's width: what the last line of a paragraph falls short by
_VERY_SHORT = 0.4  # of a line that nothing is joined to, as of an address
_GAP = 1.3  # between paragraphs, as a multiple of that between lines
_WIDEST_LEADING = 2.5  # of lines, in sizes of their font


@dataclass(frozen=True, slots=True)
class Line:
    """A printed line; lengths in points, from the left and the bottom of its page."""

    text: str
    page: int
    left: float
    right: float
    base: float
    size: float
    """Of its font."""


@dataclass(frozen=True)
class Paragraph:
    """Lines of one text."""

    text: str
    lines: tuple[Line, ...]


def paragraphs_of(lines: Sequence[Line]) -> list[Paragraph]:
    """Join lines, in the order in which they are read."""
    kept = [line for page in _pages(lines) for line in page] or list(lines)
    leading = _leadings(kept)
    groups: list[list[Line]] = []
    for place, line in enumerate(kept):
        around = kept[max(0, place - _NEAR) : place + _NEAR]
        if groups and _goes_on(groups[-1], line, leading, around):
            groups[-1].append(line)
        else:
            groups.append([line])
    spelling = _Spelling(kept)
    return [Paragraph(spelling.joined(line.text for line in group), tuple(group)) for group in groups]


def _pages(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Give each page without its number, and without what is at the edges of others too."""
    pages: dict[int, list[Line]] = defaultdict(list)
    for line in lines:
        pages[line.page].append(line)
    edges = {number: _edges(page) for number, page in pages.items()}
    seen = Counter(head for page in edges.values() for head in {_head(line) for line in page})
    often = max(2, len(pages) * 0.4)  # heads of left pages are on half of them
    for number, page in pages.items():
        furniture = {id(line) for line in edges[number] if seen[_head(line)] >= often}
        furniture |= {id(line) for line in edges[number] if _PAGE_NUMBER.fullmatch(line.text)}
        addresses = {id(line) for line in edges[number] if _ADDRESS.fullmatch(line.text)}
        if addresses:
            furniture |= addresses | {id(line) for line in edges[number][:1] if _PRINTED.match(line.text)}
        yield [line for line in page if id(line) not in furniture]


def _edges(page: list[Line]) -> list[Line]:
    down = sorted(page, key=lambda line: -line.base)
    return down[:_EDGE_LINES] + down[_EDGE_LINES:][-_EDGE_LINES:]


def _head(line: Line) -> tuple[str, int]:
    """Give what is the same on each page."""
    return re.sub(r"\d+", "#", " ".join(line.text.lower().split())), round(line.size)


def _leadings(lines: Sequence[Line]) -> dict[int, float]:
    """Measure from line to line, for each size."""
    gaps: dict[int, list[float]] = defaultdict(list)
    for one, next_ in pairwise(lines):
        gap = one.base - next_.base
        if one.page == next_.page and abs(one.size - next_.size) < _SAME_SIZE * one.size and 0 < gap < 4 * one.size:
            gaps[round(one.size)].append(gap)
    return {size: median(found) for size, found in gaps.items()}


def _goes_on(group: list[Line], line: Line, leading: dict[int, float], around: Sequence[Line]) -> bool:
    """Tell whether a line is of the paragraph before it."""
    last = group[-1]
    if abs(last.size - line.size) > _SAME_SIZE * last.size or _ITEM.match(line.text):
        return False
    beside = [
        near
        for near in around
        if near.page == last.page
        and abs(near.left - last.left) < 3 * last.size
        and abs(near.size - last.size) < _SAME_SIZE * last.size
    ]
    right = max([near.right for near in beside], default=last.right)
    width = max(right - min([near.left for near in beside], default=last.left), 1)
    short = (right - last.right) / width
    ends = bool(_SENTENCE_END.search(last.text))
    if (ends and short > _SHORT) or (short > _VERY_SHORT and not last.text.endswith(tuple(_HYPHENS))):
        return False
    gap = last.base - line.base
    if line.page != last.page or gap < -last.size / 2:  # the next column, or page
        return not ends
    if gap > _GAP * min(leading.get(round(last.size), last.size), _WIDEST_LEADING * last.size):
        return False
    is_indented = line.left - last.left > _INDENT * last.size
    is_hanging = len(group) == 1 and bool(_ITEM.match(last.text))
    return not (is_indented and ends) or is_hanging


class _Spelling:
    """How a document writes its words, for those that a line end divides."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._words = {word for line in lines for word in re.findall(r"\w+(?:-\w+)*", line.text.lower())}

    def joined(self, lines: Iterable[str]) -> str:
        text = ""
        for line in lines:
            text = self._join(text, line) if text else line
        return " ".join(text.replace("\u00ad", "").split())

    def _join(self, text: str, line: str) -> str:
        if text.endswith("\u00ad"):
            return text[:-1] + line
        if text.endswith(tuple(_HYPHENS)) and re.search(r"\w.$", text):
            return (text if self._keeps(text, line) else text[:-1]) + line
        if text.endswith("—") or (_EAST_ASIAN.match(text[-1]) and _EAST_ASIAN.match(line)):
            return text + line
        return f"{text} {line}"

    def _keeps(self, text: str, line: str) -> bool:
        left = re.findall(r"[\w-]+", text)[-1].rstrip(_HYPHENS).lower()
        found = re.match(r"\w+", line)
        if not found or not found.group()[0].islower() or not left[-1:].isalpha():
            return True  # Indo-Pacific, 31-year
        right = found.group().lower()
        last = left.rsplit("-", 1)[-1]
        if f"{left}-{right}" in self._words or f"{last}-{right}" in self._words:
            return True
        return last + right not in self._words and last in _FIRST_PARTS
