"""JSON and JSON lines: bytes -> decoded values -> fields; files of any number of articles in the memory of one."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from io import TextIOWrapper
from typing import BinaryIO

from retrieval.readers.documents import Document
from retrieval.readers.encodings import text_of
from retrieval.readers.fields import LONGEST_FILE, Address, Fields, NoArticle
from retrieval.readers.json_pieces import pieces
from retrieval.readers.structured import articles_in, fields_of

MOST_BRACKETS = 200_000  # of a value that is decoded at once; empty objects take 64 bytes each
_CHUNK = 1_000_000  # characters
_EXPORT = re.compile(r'\s*\{\s*"groundwire"\s*:')

Finding = Fields | Address | NoArticle | None
"""None: there is nothing at this place, such as a blank line."""


def json_lines(document: Document) -> Iterator[Finding]:
    """Read JSON lines: an article a line, of LONGEST_FILE characters at most."""
    with document.open() as file:
        lines = _decoded(file)
        line = lines.readline(LONGEST_FILE + 1)
        _refuse(line)
        while line:
            if len(line) > LONGEST_FILE and not line.endswith("\n"):
                yield NoArticle(f"a line of more than {LONGEST_FILE:,} characters")
                while line and not line.endswith("\n"):
                    line = lines.readline(_CHUNK)
            else:
                yield _article(line, document) if line.strip() else None
            line = lines.readline(LONGEST_FILE + 1)


def json_document(document: Document) -> Iterator[Finding]:
    """Read JSON: an article, a list of articles, an object that holds one, or articles one after the other.

    Where it is too large to be read at once, or has a fault, it is read piece by piece.
    """
    with document.open() as file:
        stream = _decoded(file)
        head = stream.read(LONGEST_FILE + 1)
        _refuse(head)
        problem = NoArticle(f"more than {LONGEST_FILE:,} characters, and no list of articles")
        if len(head) <= LONGEST_FILE:
            try:
                value = _value(head, document)
            except NoArticle as error:
                problem = error
            else:
                for one in articles_in(value):
                    found = _fields(one)
                    if one is value and isinstance(found, Fields):  # alone: its name is the file's
                        found = replace(found, article_id=found.article_id or document.article_id)
                    yield found
                return
        piece = None
        for piece in pieces(_chunks(head, stream)):
            yield piece if isinstance(piece, NoArticle) else _article(piece, document)
        if piece is None:
            raise problem


def _refuse(head: str) -> None:
    if not head.strip():
        raise NoArticle("empty")
    if _EXPORT.match(head):
        raise NoArticle("an export of groundwire: use `groundwire import`")


def _decoded(file: BinaryIO) -> TextIOWrapper:
    """Open it as Unicode, which JSON is; bytes that are none are told by `_value`, for one article alone."""
    start = file.read(4)
    file.seek(0)
    encoding = json.detect_encoding(start)
    errors = "surrogateescape" if encoding.startswith("utf-8") else "replace"
    return TextIOWrapper(file, encoding, errors, newline="\n")


def _chunks(head: str, stream: TextIOWrapper) -> Iterator[str]:
    yield head
    while chunk := stream.read(_CHUNK):
        yield chunk


def _article(text: str, document: Document) -> Finding:
    try:
        value = _value(text, document)
    except NoArticle as error:
        return error
    return _fields(value)


def _fields(value: object) -> Finding:
    try:
        return fields_of(value) if value is not None else None
    except NoArticle as error:
        return error


def _value(text: str, document: Document) -> object:
    """Decode one value; NaN is null, and a line break in a text is one.

    Raises:
        NoArticle: it is not JSON, or deeper or of more parts than an article is.

    """
    if text.count("{") + text.count("[") > MOST_BRACKETS:
        raise NoArticle(f"more than {MOST_BRACKETS:,} brackets in one article")
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text_of(text.encode(errors="surrogateescape"), document.charset)
    try:
        return json.loads(text, strict=False, parse_constant=lambda _: None)
    except json.JSONDecodeError as error:
        raise NoArticle(f"not JSON: {_problem(text, error)}") from error
    except RecursionError as error:
        raise NoArticle("nested deeper than an article is") from error
    except ValueError as error:  # Python reads no number of thousands of digits
        raise NoArticle("a number of more digits than can be read") from error


def _problem(text: str, error: json.JSONDecodeError) -> str:
    line = f"line {error.lineno:,}, " if "\n" in text.strip() else ""
    at = f"({line}column {error.colno:,})"
    if error.pos >= len(text.rstrip()):
        return f"it ends too early {at}"
    if text[error.pos] in "]}" and text[: error.pos].rstrip().endswith(","):
        return f"a comma before the closing {text[error.pos]} {at}"
    return f"{error.msg[0].lower()}{error.msg[1:]} {at}"
