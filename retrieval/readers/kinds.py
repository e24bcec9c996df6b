"""What kinds of documents there are, the reader of each, and how one is known."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from pkgutil import resolve_name

from retrieval.readers.confined import confined
from retrieval.readers.documents import Document
from retrieval.readers.fields import Address, Fields, Hints, NoArticle
from retrieval.readers.markdown import markdown, plain_text


@dataclass(frozen=True)
class Kind:
    """A kind of document."""

    suffixes: tuple[str, ...]
    media_types: tuple[str, ...]
    read: Callable[[Document], Iterable[Fields | Address | NoArticle | None]]
    """May raise NoArticle or UnreadableArticle, also in the middle; a generator is read as it goes.

    None is a place without anything, such as a blank line.
    """
    many: bool = False
    """It may hold many articles, each of which has an id of its own."""


def _whole(read: Callable[[bytes, Hints], list[Fields]]) -> Callable[[Document], list[Fields]]:
    """Read bytes at once, in this process."""
    return lambda document: read(document.data(), Hints(document.charset, document.url))


def _loaded(reader: str) -> Callable[[Document], Iterable[Fields | Address | NoArticle | None]]:
    """Read by `module:function`, which is imported with the first document of its kind."""
    return lambda document: resolve_name(reader)(document)  # noqa: PLW0108 - not before it is called


KINDS = (
    Kind((".md", ".markdown"), ("text/markdown",), _whole(markdown)),
    Kind((".txt",), ("text/plain",), _whole(plain_text)),
    Kind((".html", ".htm", ".xhtml"), ("text/html", "application/xhtml+xml"), confined("retrieval.readers.html:html")),
    Kind((".pdf",), ("application/pdf", "application/x-pdf"), confined("retrieval.readers.pdf:pdf")),
    Kind(
        (".docx",),
        ("application/vnd.openxmlformats-officedocument.wordprocessingml.document",),
        confined("retrieval.readers.docx:docx"),
    ),
    Kind(
        (".json",),
        ("application/json", "application/ld+json", "application/feed+json"),
        _loaded("retrieval.readers.json_documents:json_document"),
        many=True,
    ),
    Kind(
        (".jsonl", ".ndjson"),
        ("application/jsonl", "application/x-ndjson", "application/x-jsonlines", "application/ndjson"),
        _loaded("retrieval.readers.json_documents:json_lines"),
        many=True,
    ),
    Kind(
        (".rss", ".atom", ".rdf", ".xml"),
        ("application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/xml", "text/xml"),
        confined("retrieval.readers.feeds:feed"),
        many=True,
    ),
)


# What servers say of files that they do not know, and of pages that somebody wrote by hand.
_GENERIC = {
    "",
    "application/octet-stream",
    "application/binary",
    "application/download",
    "application/force-download",
    "application/x-download",
    "application/zip",
    "application/x-zip-compressed",
    "binary/octet-stream",
    "text/plain",
}
_BEGINNING = 2048  # bytes that tell a kind; chosen
_MARK = re.compile(rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?\s*")
# Possessive: many comments could be taken apart in as many ways, all of which would be tried.
_COMMENT = rb"(?:\s|<\?xml[^>]*>|<!--.*?-->|<!doctype\s+(?:rss|feed|rdf)[^>]*>|<\?xml-stylesheet[^>]*>)*+"
_PAGE = re.compile(_COMMENT + rb"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
_FEED = re.compile(_COMMENT + rb"<(?:rss|feed|rdf:rdf|channel)\b", re.IGNORECASE | re.DOTALL)
_LINES = re.compile(rb"\{\s*\".*\}[ \t\r]*\n\s*\{\s*\"")
_OBJECTS = re.compile(rb"\{\s*\"|\[\s*\{\s*\"")


def kind_of(document: Document) -> Kind:
    """Tell the kind of a document: by its bytes, if they leave no doubt, else as it is said to be, else by its bytes.

    Raises:
        NoArticle: it is of no kind that is read.
        UnreadableArticle: it cannot be read.

    """
    said = _said(document)
    if isinstance(document.content, Path) and not document.content.is_file():
        document.data()  # says why it cannot be read
    if said is None and isinstance(document.content, Path) and document.label is None:
        raise _unknown(document)  # a folder holds many other things
    if document.media_type.startswith(("image/", "audio/", "video/", "font/")):
        raise _unknown(document)
    with document.open() as file:
        beginning = file.read(_BEGINNING)
    return _certain(beginning, said) or said or _likely(beginning)


def holds_many(document: Document) -> bool:
    """Tell by its name whether a document may hold many articles."""
    return any(kind.many for kind in KINDS if document.suffix in kind.suffixes)


def _said(document: Document) -> Kind | None:
    for kind in KINDS:
        if document.media_type not in _GENERIC and document.media_type in kind.media_types:
            return kind
    return _named(document.suffix) if document.media_type in _GENERIC else None


def _named(suffix: str) -> Kind | None:
    return next((kind for kind in KINDS if suffix in kind.suffixes), None)


def _certain(beginning: bytes, said: Kind | None) -> Kind | None:
    if beginning.lstrip().startswith(b"%PDF-"):
        return _named(".pdf")
    if beginning.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return _named(".docx")  # its reader tells other archives
    if beginning.startswith(b"{\\rtf"):
        raise NoArticle("RTF: save it as DOCX or as plain text")
    text = _text(beginning)
    if _FEED.match(text) and said is _named(".html"):
        return _named(".xml")
    return _named(".html") if _PAGE.match(text) and said in {_named(".md"), _named(".txt")} else None


def _likely(beginning: bytes) -> Kind:
    text = _text(beginning)
    likely = [
        (".html", _PAGE.match(text)),
        (".xml", _FEED.match(text) or text.startswith(b"<?xml")),
        (".jsonl", _LINES.match(text)),
        (".json", _OBJECTS.match(text)),
        (".pdf", b"%PDF-" in beginning[:1024]),  # some write before it, as Adobe's reader allows
        (".txt", True),
    ]
    suffix = next(suffix for suffix, is_it in likely if is_it)
    return next(kind for kind in KINDS if suffix in kind.suffixes)


def _text(beginning: bytes) -> bytes:
    """Give ASCII of a beginning in any encoding."""
    return _MARK.sub(b"", beginning, count=1).replace(b"\0", b"").lstrip()


def _unknown(document: Document) -> NoArticle:
    known = ", ".join(suffix for kind in KINDS for suffix in kind.suffixes)
    said = document.media_type or document.suffix or "no suffix"
    return NoArticle(f"not an article: {said} is none of {known}")
