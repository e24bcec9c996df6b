"""A text's paragraphs, as a page shows them; pure."""

import re
from collections.abc import Iterator
from itertools import chain, pairwise

from retrieval.types import Span

# The possessive + keeps a CRLF from being read as two line breaks.
_LINE_BREAK = r"(?:\r\n?+|\n)"
_BLANK_LINES = re.compile(rf"{_LINE_BREAK}(?:[^\S\r\n]*+{_LINE_BREAK})+")
_LINE_BREAKS = re.compile(_LINE_BREAK)


def paragraphs(text: str) -> Iterator[Span]:
    """Cut a text into its paragraphs.

    Blank lines part them. A text without any has one on each line, as what is copied from a web page does.
    """
    breaks = _BLANK_LINES if _BLANK_LINES.search(text.strip()) else _LINE_BREAKS
    body = len(text) - len(text.lstrip("\r\n")), len(text.rstrip("\r\n"))
    between = [one.span() for one in breaks.finditer(text, *body)]
    for begin, stop in pairwise([body[0], *chain.from_iterable(between), body[1]]):
        if text[begin:stop].strip():  # what is between paragraphs holds nothing
            yield begin, stop
