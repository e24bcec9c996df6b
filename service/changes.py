"""What changed between two versions of an article, for who reads them: paragraph by paragraph, word by word; pure."""

import re
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Literal, NamedTuple

from retrieval.types import Article, Source
from service.paragraphs import paragraphs

WORK = 1_000_000
"""Steps that a page's comparisons may take together: some 0.7 s."""

_LONGEST = 3_000_000  # characters of a text that is compared; chosen
_MOST_LINES = 50_000  # of a text that is compared; chosen
_MOST_SHOWN = 60_000  # characters of changes between two versions; chosen, some twenty pages of print
_LONGEST_PIECE = 20_000  # characters that went or came in one place; chosen
_AROUND = 200  # characters on either side of a change, of what stayed as it was
_ALIKE = 0.4  # share of their words that two paragraphs have in common to be one that was changed; chosen
_MOST_PAIRS = 2_500  # of old and new paragraphs in one place, among which those that are alike are looked for
_CHINESE = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # and Japanese: no spaces part their words
_MARKS = re.escape("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~¡¿…“”‘’„«»‹›–—·、。，；：？！「」『』（）।،؛؟")
_WORD = rf"[^\s{_CHINESE}{_MARKS}]+"
_WORDS = re.compile(rf"\s*(?:[{_CHINESE}{_MARKS}]|{_WORD}(?:[.,:'’-]{_WORD})*)|\s+$")

Kind = Literal["same", "deleted", "inserted"]


class Piece(NamedTuple):
    """Some text, and whether it stayed, went, or came."""

    kind: Kind
    text: str


@dataclass(frozen=True)
class Paragraph:
    """A paragraph that changed, in pieces; or how many stayed as they were between two that did."""

    pieces: tuple[Piece, ...] = ()
    unchanged: int = 0


@dataclass(frozen=True)
class Field:
    """What else is known of an article, and changed."""

    name: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Changes:
    """All that changed between two versions."""

    fields: tuple[Field, ...]
    paragraphs: tuple[Paragraph, ...]
    spaces: bool = False
    """Nothing changed in the text but its spaces and line breaks."""
    coarse: bool = False
    """Some of it was too much to be compared word by word."""
    too_long: bool = False
    """The texts are too long to be compared."""
    left_out: int = 0
    """Paragraphs that changed, too, and are too many to be shown."""


@dataclass
class Work:
    """The steps that are left."""

    left: int = WORK


def changes(old: Article, new: Article, moment: Callable[[datetime], str], work: Work) -> Changes:
    """Compare two versions of an article.

    Args:
        old: the version before.
        new: the version after.
        moment: says one in words.
        work: what comparing may still cost; what is beyond it is shown as gone and come as a whole.

    """
    fields = tuple(_fields(old.source, new.source, moment, work))
    if old.text == new.text:
        return Changes(fields, ())
    if any(len(text) > _LONGEST or text.count("\n") + text.count("\r") > _MOST_LINES for text in (old.text, new.text)):
        return Changes(fields, (), too_long=True)
    if old.text.split() == new.text.split():
        return Changes(fields, (), spaces=True)
    before, after = ([one.text[slice(*span)] for span in paragraphs(one.text)] for one in (old, new))
    comparing = _Comparing(work)
    shown, left_out = _shown(comparing, before, after)
    return Changes(fields, shown, coarse=comparing.coarse, left_out=left_out)


def _fields(old: Source, new: Source, moment: Callable[[datetime], str], work: Work) -> Iterator[Field]:
    said: list[tuple[str, Callable[[Source], str]]] = [
        ("Title", lambda source: source.title),
        ("Outlet", lambda source: source.outlet or ""),
        ("Published", lambda source: moment(source.published) if source.published else ""),
        ("Authors", lambda source: ", ".join(source.authors)),
        ("Credits", lambda source: ", ".join(source.credits)),
        ("Address", lambda source: source.url or ""),
    ]
    for name, of in said:
        before, after = of(old), of(new)
        if before != after:
            whole = (Piece("deleted", before), Piece("inserted", after))
            pieces = _Comparing(work).words(before, after) if name == "Title" else whole
            yield Field(name, tuple(piece for piece in pieces if piece.text))


@dataclass
class _Comparing:
    """The comparison of two texts, and whether it went short of work."""

    work: Work
    coarse: bool = False
    enough: bool = False
    """More will not be shown: what follows need not be told word by word."""

    def paragraphs(self, old: Sequence[str], new: Sequence[str]) -> Iterator[list[Piece]]:
        """Give each paragraph in its pieces, one that stayed as one that is the same."""
        keys = [[" ".join(one.split()) for one in some] for some in (old, new)]
        at = 0, 0
        for same in [*self._matched(*keys, anchored=True), (len(old), len(new))]:
            yield from self._replaced(old[at[0] : same[0]], new[at[1] : same[1]])
            if same[0] < len(old):
                yield [Piece("same", new[same[1]])]
            at = same[0] + 1, same[1] + 1

    def words(self, old: str, new: str) -> list[Piece]:
        """Give the pieces of a paragraph that changed."""
        first, last = _same_ends(old, new)
        head, tail = new[:first], new[len(new) - last :]
        old, new = old[first : len(old) - last], new[first : len(new) - last]
        if not self._affords(2 * (len(old) + len(new))):
            return _joined([Piece("same", head), Piece("deleted", old), Piece("inserted", new), Piece("same", tail)])
        before, after = _WORDS.findall(old), _WORDS.findall(new)
        matched = self._matched([one.strip() for one in before], [one.strip() for one in after])
        pieces: list[Piece] = []
        at = 0, 0
        for same in [*_readable(matched, before, after), (len(before), len(after))]:
            pieces.append(Piece("deleted", "".join(before[at[0] : same[0]])))
            pieces.append(Piece("inserted", "".join(after[at[1] : same[1]])))
            pieces.append(Piece("same", "".join(after[same[1] : same[1] + 1])))
            at = same[0] + 1, same[1] + 1
        return _joined([Piece("same", head), *pieces, Piece("same", tail)])

    def _replaced(self, old: Sequence[str], new: Sequence[str]) -> Iterator[list[Piece]]:
        """Give the paragraphs that went and came in one place, those that are alike as one that was changed."""
        at = 0, 0
        for pair in [*self._alike(old, new), (len(old), len(new))]:
            yield from ([Piece("deleted", one)] for one in old[at[0] : pair[0]])
            yield from ([Piece("inserted", one)] for one in new[at[1] : pair[1]])
            if pair[0] < len(old):
                yield self.words(old[pair[0]], new[pair[1]])
            at = pair[0] + 1, pair[1] + 1

    def _alike(self, old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
        """Pair paragraphs that are alike, in their order, so that their likeness is the most in all."""
        if not old or not new or self.enough:
            return []
        if len(old) == len(new) == 1 and _begin_or_end_alike(old[0], new[0]):
            return [(0, 0)]
        if len(old) * len(new) > _MOST_PAIRS and len(old) == len(new):  # each was changed, most likely
            return [(at, at) for at, pair in enumerate(zip(old, new, strict=True)) if _begin_or_end_alike(*pair)]
        length = (sum(map(len, old)) * len(new) + sum(map(len, new)) * len(old)) // 4
        if len(old) * len(new) > _MOST_PAIRS or not self._affords(length):
            return []
        before, after = [_counted(one) for one in old], [_counted(one) for one in new]
        best = [[(0.0, False)] * (len(new) + 1) for _ in range(len(old) + 1)]
        for i in reversed(range(len(old))):
            for j in reversed(range(len(new))):
                likeness = _likeness(before[i], after[j])
                paired = likeness + best[i + 1][j + 1][0] if likeness >= _ALIKE else -1.0
                best[i][j] = max((paired, True), (best[i + 1][j][0], False), (best[i][j + 1][0], False))
        pairs, i, j = [], 0, 0
        while i < len(old) and j < len(new):
            total, paired_here = best[i][j]
            if paired_here:
                pairs.append((i, j))
                i, j = i + 1, j + 1
            elif best[i + 1][j][0] == total:
                i += 1
            else:
                j += 1
        return pairs

    def _affords(self, steps: int) -> bool:
        if steps > self.work.left:
            self.coarse = True
            return False
        self.work.left -= steps
        return True

    def _matched(self, old: Sequence[str], new: Sequence[str], *, anchored: bool = False) -> list[tuple[int, int]]:
        """Pair what two sequences have in common, in its order; with `anchored` first what each holds once."""
        first = _alike_until(old, new)
        last = _alike_until(old[first:][::-1], new[first:][::-1])
        tail = [(len(old) - one, len(new) - one) for one in range(last, 0, -1)]
        inner = old[first : len(old) - last], new[first : len(new) - last]
        found = [(one, one) for one in range(first)]
        anchors = _anchors(*inner) if anchored else []
        at = 0, 0
        for anchor in [*anchors, (len(inner[0]), len(inner[1]))]:
            between = self._myers(inner[0][at[0] : anchor[0]], inner[1][at[1] : anchor[1]])
            found += [(first + at[0] + i, first + at[1] + j) for i, j in between]
            if anchor[0] < len(inner[0]):
                found.append((first + anchor[0], first + anchor[1]))
            at = anchor[0] + 1, anchor[1] + 1
        return [*found, *tail]

    def _myers(self, old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
        """Pair as much as there is in common, or nothing, when that is more than there is work left for.

        Myers' O(ND) algorithm (1986): it takes few steps where little changed, and can be given up where much did,
        which difflib's cannot.
        """
        if not {*old} & {*new}:
            return []
        trace: list[array[int]] = []
        reached = array(
            "l", [0, 0, 0]
        )  # how far on the diagonals from -1 to 1; at `distance`, from -1 - that to 1 + that
        for distance in range(len(old) + len(new) + 1):
            trace.append(reached)
            self.work.left -= 2 * distance + 1
            if self.work.left < 0:
                self.work.left, self.coarse = 0, True
                return []
            further = array("l", [0, *reached, 0])
            for diagonal in range(-distance, distance + 1, 2):
                x = _from(reached, distance, diagonal)[0]
                began = x
                while x < len(old) and x - diagonal < len(new) and old[x] == new[x - diagonal]:
                    x += 1
                self.work.left -= x - began
                further[diagonal + distance + 2] = x
                if x >= len(old) and x - diagonal >= len(new):
                    return _walked(trace, len(old), len(new))
            reached = further
        raise AssertionError  # pragma: no cover


def _from(reached: "array[int]", distance: int, diagonal: int) -> tuple[int, int]:
    """Give where a step onto a diagonal leads, and the diagonal that it comes from."""
    left, right = reached[diagonal + distance], reached[diagonal + distance + 2]
    if diagonal == -distance or (diagonal != distance and left < right):
        return right, diagonal + 1  # down: something came
    return left + 1, diagonal - 1  # right: something went


def _walked(trace: Sequence["array[int]"], x: int, y: int) -> list[tuple[int, int]]:
    """Go back the way that Myers' algorithm came."""
    pairs: list[tuple[int, int]] = []
    for distance in reversed(range(len(trace))):
        landed, before = _from(trace[distance], distance, x - y) if distance else (0, 0)
        while x > landed:
            x, y = x - 1, y - 1
            pairs.append((x, y))
        x = trace[distance][before + distance + 1]
        y = x - before
    return pairs[::-1]


def _anchors(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Pair what each sequence holds once, as many as have the same order in both: Cohen's patience diff."""
    counts = Counter(old), Counter(new)
    place = {one: j for j, one in enumerate(new) if counts[1][one] == 1}
    pairs = [(i, place[one]) for i, one in enumerate(old) if counts[0][one] == 1 and one in place]
    ends: list[int] = []  # the least last place of all rising rows of a length
    rows: list[int] = []  # the pair that ends it
    before: list[int | None] = []  # of each pair the one before it in its row
    for number, (_, j) in enumerate(pairs):
        length = bisect_left(ends, j)
        ends[length : length + 1] = [j]
        rows[length : length + 1] = [number]
        before.append(rows[length - 1] if length else None)
    longest: list[tuple[int, int]] = []
    at = rows[-1] if rows else None
    while at is not None:
        longest.append(pairs[at])
        at = before[at]
    return longest[::-1]


def _same_ends(old: str, new: str) -> tuple[int, int]:
    """Count the characters that two texts have in common at their beginnings and at their ends, in whole words."""
    first = _alike_until(old, new)
    first = max(old.rfind(" ", 0, first), 0)
    shortest = min(len(old), len(new)) - first
    last = _alike_until(old[: -shortest - 1 : -1], new[: -shortest - 1 : -1])
    space = old.find(" ", len(old) - last) if last else -1
    return first, len(old) - space if space >= 0 else 0


def _begin_or_end_alike(old: str, new: str) -> bool:
    return sum(_same_ends(old, new)) >= _ALIKE * max(len(old), len(new))


def _alike_until(old: Sequence[str], new: Sequence[str]) -> int:
    """Count what two sequences have in common at their beginning; by halves, as slices are compared in C."""
    least, most = 0, min(len(old), len(new))
    while least < most:
        middle = (least + most + 1) // 2
        if old[least:middle] == new[least:middle]:
            least = middle
        else:
            most = middle - 1
    return least


def _counted(text: str) -> Counter[str]:
    return Counter(one.strip().casefold() for one in _WORDS.findall(text))


def _likeness(old: Counter[str], new: Counter[str]) -> float:
    """Give the share of their words that two paragraphs have in common: Dice's coefficient."""
    return 2 * (old & new).total() / max(old.total() + new.total(), 1)


def _readable(pairs: Sequence[tuple[int, int]], old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Leave out short words that stayed between longer changes: one change is read with less trouble than three."""
    kept: list[tuple[int, int]] = []
    runs: list[list[tuple[int, int]]] = []
    for pair in pairs:
        if runs and pair == (runs[-1][-1][0] + 1, runs[-1][-1][1] + 1):
            runs[-1].append(pair)
        else:
            runs.append([pair])
    for run in runs:
        length = len("".join(new[j] for _, j in run).strip())
        inner = run[0] != (0, 0) and run[-1] != (len(old) - 1, len(new) - 1)
        if not (inner and length <= 4 and len(run) <= 2):  # noqa: PLR2004 - "of", "the", a comma; chosen
            kept += run
    return kept


def _joined(pieces: Sequence[Piece]) -> list[Piece]:
    """Join pieces of one kind; what went comes before what came in its place, and the space before both is neither."""
    joined: list[Piece] = []
    for same, some in groupby((one for one in pieces if one.text), lambda one: one.kind == "same"):
        together = list(some)
        kinds: tuple[Kind, ...] = ("same",) if same else ("deleted", "inserted")
        texts = ["".join(one.text for one in together if one.kind == kind) for kind in kinds]
        if not same and joined and any(text[:1].isspace() for text in texts):
            joined[-1] = Piece("same", joined[-1].text + " ")
            texts = [text.lstrip() for text in texts]
        joined += [Piece(kind, text) for kind, text in zip(kinds, texts, strict=True) if text]
    return joined


def _shown(comparing: _Comparing, old: Sequence[str], new: Sequence[str]) -> tuple[tuple[Paragraph, ...], int]:
    """Keep the paragraphs that changed, as many as a reader takes in, and count the others."""
    shown: list[Paragraph] = []
    unchanged = length = left_out = 0
    for pieces in comparing.paragraphs(old, new):
        if all(piece.kind == "same" for piece in pieces):
            unchanged += 1
            continue
        if comparing.enough:
            left_out += 1
            continue
        if unchanged:
            shown.append(Paragraph(unchanged=unchanged))
            unchanged = 0
        short = tuple(_shortened(pieces))
        shown.append(Paragraph(short))
        length += sum(len(piece.text) for piece in short)
        comparing.enough = length > _MOST_SHOWN
    if unchanged and not left_out:
        shown.append(Paragraph(unchanged=unchanged))
    return tuple(shown), left_out


def _shortened(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """Cut what stayed as it was down to what is around the changes, and what is beyond all measure."""
    for number, (kind, text) in enumerate(pieces):
        if kind == "same":
            before = text[:_AROUND] if number else ""
            after = text[-_AROUND:] if number < len(pieces) - 1 else ""
            cut = len(text) > len(before) + len(after) + _AROUND // 4
            yield Piece(kind, f"{before} […] {after}" if cut else text)
        else:
            yield Piece(kind, text if len(text) <= _LONGEST_PIECE else f"{text[:_LONGEST_PIECE]} […]")
