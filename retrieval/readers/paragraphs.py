"""Markup inside of a field becomes paragraphs: the body of a feed's entry, the `content` of a JSON article."""

import html
import re
from collections.abc import Mapping
from contextlib import suppress

_TAGS = (
    "a|abbr|article|b|blockquote|br|center|div|em|figure|font|h[1-6]|hr|i|iframe|img|li|ol|p|pre|section|span|strong"
    "|table|u|ul"
)
_OPENING = re.compile(rf"\s*<(?:{_TAGS})(?:\s[^<>]*)?/?>", re.IGNORECASE)
_INSIDE = re.compile(
    r"</(?:a|b|blockquote|div|em|h[1-6]|i|li|ol|p|span|strong|table|ul)\s*>|<br\s*/?>|<p>", re.IGNORECASE
)
_ANY_TAG = re.compile(r"</?[a-z][a-z0-9]*(?:\s[^<>]*)?/?>|<!--|<!\[CDATA\[", re.IGNORECASE)

_UNSEEN = re.compile(r"\0|<!\[CDATA\[|\]\]>")  # by who wrote it; to a parser of HTML a section is a comment

_BLANK_LINE = frozenset(
    "address article aside blockquote body center dd div dl dt fieldset figure footer h1 h2 h3 h4 h5 h6 header hr main"
    " nav ol p pre section table ul".split()
)
_NEW_LINE = frozenset("br caption li option tr".split())
_NO_TEXT = frozenset(
    "applet audio button canvas figcaption form head iframe map math noembed noframes noscript object"
    " script select style svg template textarea title video".split()
)
_CELL = frozenset({"td", "th"})
_SPACE = re.compile(r"[ \t\r\n\f\v\u00a0]+")
# Soft hyphens, spaces without width and control characters, which no quotation has.
_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff\x01-\x08\x0e-\x1f\x7f]")


def is_markup(text: str) -> bool:
    """Tell whether text is plainly HTML, and not a text that mentions a tag."""
    return bool(_OPENING.match(text)) or len(_INSIDE.findall(text, 0, 1_000_000)) > 1


def paragraphs_of(markup: str) -> str:
    """Give the text of markup: paragraphs with a blank line between, links' words, neither scripts nor captions.

    What has no tag at all keeps its lines.
    """
    if not _ANY_TAG.search(markup):
        return _INVISIBLE.sub("", html.unescape(markup)).replace("\0", "").replace("\u00a0", " ").strip()
    from lxml import etree  # noqa: PLC0415 - loaded with the first markup

    target = _Text()
    # As a stream of events: there is no tree that could be too deep, and nothing is ever loaded from elsewhere.
    parser = etree.HTMLParser(target=target, encoding="utf-8", no_network=True, huge_tree=True)
    with suppress(etree.LxmlError):  # what was there before it stopped, such as nothing
        etree.fromstring(_UNSEEN.sub("", markup).encode(errors="replace"), parser)
    return target.close()


def line_of_markup(markup: str) -> str:
    """Give the text of markup as one line: a title, a name."""
    return " ".join(paragraphs_of(markup).split())


class _Text:
    """What the parser tells, as text: a blank line between blocks, a new line for what is one."""

    def __init__(self) -> None:
        self._pieces: list[str] = []  # the ends of lines among them are NULs, which text has not
        self._left_out = 0  # elements without text that are open

    def start(self, tag: str, _: Mapping[str, str]) -> None:
        if tag in _NO_TEXT:
            self._left_out += 1
        elif tag in _BLANK_LINE:
            self._pieces.append("\0\0")
        elif tag in _NEW_LINE:
            self._pieces.append("\0")

    def end(self, tag: str) -> None:
        if tag in _NO_TEXT:
            self._left_out = max(0, self._left_out - 1)
        elif tag in _BLANK_LINE:
            self._pieces.append("\0\0")
        elif tag in _CELL:
            self._pieces.append(" | ")

    def data(self, text: str) -> None:
        if not self._left_out:
            self._pieces.append(text)

    def close(self) -> str:
        text = _SPACE.sub(" ", _INVISIBLE.sub("", "".join(self._pieces)))
        lines = "\n".join(line.strip(" |") for line in text.split("\0"))
        return re.sub(r"\n{3,}", "\n\n", lines).strip()
