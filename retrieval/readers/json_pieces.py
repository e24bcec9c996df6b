"""A stream of JSON is cut into articles by its brackets: they are decoded one by one, in the memory of one."""

import re
from collections.abc import Iterable, Iterator
from typing import cast

from retrieval.readers.fields import LONGEST_FILE, NoArticle
from retrieval.readers.structured import LISTS

_SIGN = re.compile(r'["\[\]{},]')
_STRING = re.compile(r'[^"\\]*+(?:\\.[^"\\]*+)*+("|\\?\Z)', re.DOTALL)
_LONGEST_KEY = 100  # characters that are kept of a string, which may be one of LISTS; chosen


def pieces(chunks: Iterable[str]) -> Iterator[str | NoArticle]:
    """Cut it into the members of a list, or of the list that an object holds, or what stands one after the other.

    A fault inside of a piece is that piece's alone. One that is longer than LONGEST_FILE characters, and what is cut
    off at the end, is a reason.
    """
    scissors = _Scissors()
    for chunk in chunks:
        yield from scissors.cut(chunk)
    if scissors.depth:
        yield NoArticle("the file is cut off in the middle of it")


class _Scissors:
    def __init__(self) -> None:
        self.depth = 0  # of the brackets that are open
        self._members = 0  # how many of them are around an article; -1: the list of this object was read
        self._text = ""
        self._at = 0  # how far the text was looked through
        self._start: int | None = None  # of an article in it
        self._quote: int | None = None  # of a string in it that is open
        self._key = ""
        self._is_too_long = False

    def cut(self, chunk: str) -> Iterator[str | NoArticle]:
        """Give the articles that end in the next part of the text."""
        self._text += chunk
        while sign := self._sign():
            if sign in "[{":
                self._open(sign)
            elif sign == ",":
                self._key = ""
                if self.depth == self._members > 0:
                    yield from self._piece(self._at - 1)
                    self._start = self._at
            else:
                yield from self._close()
        self._forget()

    def _sign(self) -> str | None:
        """Go behind the next sign that is in no string; None: there is none yet."""
        while self._at < len(self._text):
            if self._quote is not None:
                rest = cast("re.Match[str]", _STRING.match(self._text, self._at))  # it matches whatever comes
                self._at = rest.start(1) + (rest[1] == '"')
                if rest[1] != '"':  # a backslash at the end waits for what it protects
                    return None
                self._key, self._quote = self._text[self._quote + 1 : self._at - 1], None
            elif found := _SIGN.search(self._text, self._at):
                self._at = found.end()
                if found[0] != '"':
                    return found[0]
                self._quote = found.start()
            else:
                self._at = len(self._text)
        return None

    def _open(self, sign: str) -> None:
        if self.depth == 0:
            self._members, self._start = (0, self._at - 1) if sign == "{" else (1, None)
        elif self.depth == 1 and self._members == 0 and sign == "[" and self._key in LISTS:
            self._members, self._start, self._is_too_long = 2, None, False  # what is around it is no article
        self.depth += 1
        if self.depth == self._members:
            self._start = self._at

    def _close(self) -> Iterator[str | NoArticle]:
        if self.depth == self._members > 0:
            yield from self._piece(self._at - 1)
            self._members = -1
        self.depth = max(0, self.depth - 1)
        if self.depth == 0:
            if self._members == 0:
                yield from self._piece(self._at)
            self._members = 0

    def _piece(self, end: int) -> Iterator[str | NoArticle]:
        if self._is_too_long:
            yield NoArticle(f"longer than {LONGEST_FILE:,} characters")
        elif self._start is not None and (piece := self._text[self._start : end].strip()):
            yield piece
        self._start, self._is_too_long = None, False

    def _forget(self) -> None:
        """Keep what the next part goes on with."""
        if self._start is not None and len(self._text) - self._start > LONGEST_FILE:
            self._start, self._is_too_long = None, True
        if self._quote is not None and self._at - self._quote > _LONGEST_KEY:
            self._quote = self._at  # no key that matters
        known = [one for one in (self._start, self._quote, self._at) if one is not None]
        gone = min(known)
        self._text, self._at = self._text[gone:], self._at - gone
        self._start = self._start - gone if self._start is not None else None
        self._quote = self._quote - gone if self._quote is not None else None
