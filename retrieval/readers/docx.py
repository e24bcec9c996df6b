"""ONE WORD DOCUMENT: its archive, if no bomb -> the blocks of its body -> the fields of its article; top to bottom."""

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import docx as python_docx
from docx.document import Document
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.exceptions import OpcError
from docx.oxml.ns import qn
from docx.oxml.parser import parse_xml
from lxml import etree

from retrieval.readers.fields import LONGEST_FILE, Fields, Hints, NoArticle
from retrieval.readers.masthead import authors_of, headline_of, published_of, title_of

MOST_MEMBERS = 2_000  # of the archive; chosen: a report with a thousand pictures has fewer
LONGEST_UNPACKED = (
    10 * LONGEST_FILE
)  # bytes of all members together, as the archive says, which is also what is unpacked
LONGEST_XML = 30_000_000  # bytes of its XML, of which the tree takes some thirty times as much; chosen
_XML = (".xml", ".rels")
_OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # the container of .doc, and of what has a password
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, etree.LxmlError, OpcError),
    *(AttributeError, IndexError, KeyError, TypeError, ValueError),  # python-docx takes for granted what it looks for
)
_TOP = 12  # blocks that tell the title and the date; chosen
_WHILE = timedelta(days=31)  # that an article is written in; a file that is older was an article's before it. Chosen

_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_LEFT_OUT = {qn(f"w:{name}") for name in ("del", "moveFrom", "rt", "pPr", "rPr", "sdtPr", "tblPr")} | {f"{_MC}Fallback"}
_WORDS = {qn("w:t"), "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"}
_SIGNS = {qn("w:tab"): " ", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "-", qn("w:ptab"): " "}


@dataclass(frozen=True)
class _Block:
    """A paragraph, or a row of a table."""

    text: str
    style: str = ""
    is_item: bool = False


def docx(data: bytes, hints: Hints) -> list[Fields]:
    """Read a Word document: its body as it is with all changes accepted, without headers, comments and what is hidden.

    Raises:
        NoArticle: it is damaged, too large, of another kind, or without text.

    """
    _check(data)
    try:
        document = python_docx.Document(_text_alone(data))
        styles = {style.style_id: style.name or "" for style in document.styles}
        blocks = [*_blocks(document.element.body, styles), *_footnotes(document, styles)]
        return [_fields(blocks, document, hints)]
    except _DAMAGE as error:
        raise NoArticle(f"no DOCX that can be read: {_short(error)}") from error


def _check(data: bytes) -> None:
    if data.startswith(_OLD):
        raise NoArticle("an old Word document, or one with a password: save it as DOCX without one")
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            members = archive.infolist()
    except _DAMAGE as error:
        raise NoArticle(f"no DOCX that can be read: {_short(error)}") from error
    names = {member.filename for member in members}
    if "word/document.xml" not in names and not any(name.startswith("word/document") for name in names):
        raise NoArticle("an archive without a Word document; save it as DOCX")
    if len(members) > MOST_MEMBERS:
        raise NoArticle(f"{len(members):,} files in its archive are more than an article has")
    if any(member.flag_bits & 1 for member in members):
        raise NoArticle("encrypted: save it without a password")
    xml = sum(member.file_size for member in members if member.filename.lower().endswith(_XML))
    unpacked = sum(member.file_size for member in members)
    if xml > LONGEST_XML or unpacked > LONGEST_UNPACKED:
        raise NoArticle(f"unpacks to {unpacked:,} bytes, {xml:,} of them XML: more than an article has")


def _text_alone(data: bytes) -> BytesIO:
    """Copy an archive with no more of each member than it says that there is, and with nothing but its XML.

    What is read at once is unpacked at once, however small it says that it is.
    """
    file = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as archive, zipfile.ZipFile(file, "w") as copy:
        for member in {member.filename: member for member in archive.infolist()}.values():
            with archive.open(member) as part:
                is_xml = member.filename.lower().endswith(_XML)
                copy.writestr(member.filename, part.read(member.file_size) if is_xml and member.file_size else b"")
    return file


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:100] or type(error).__name__


# Blocks


def _blocks(parent: Any, styles: dict[str, str]) -> Iterator[_Block]:  # noqa: ANN401 - lxml has no types
    for element in parent:
        if element.tag == qn("w:p"):
            yield from _paragraph(element, styles)
        elif element.tag == qn("w:tbl"):
            yield from _table(element, styles)
        elif element.tag == qn("w:sdt"):
            yield from _control(element, styles)
        elif element.tag in {qn("w:ins"), qn("w:moveTo"), qn("w:customXml"), qn("w:smartTag")}:
            yield from _blocks(element, styles)


def _control(element: Any, styles: dict[str, str]) -> Iterator[_Block]:  # noqa: ANN401
    """Give what stands in a control; a placeholder is no text, nor is a table of contents."""
    properties, content = element.find(qn("w:sdtPr")), element.find(qn("w:sdtContent"))
    if content is None or _is_filler(properties):
        return
    yield from _blocks(content, styles)


def _is_filler(properties: Any) -> bool:  # noqa: ANN401
    if properties is None:
        return False
    gallery = properties.find(f"{qn('w:docPartObj')}/{qn('w:docPartGallery')}")
    is_contents = gallery is not None and gallery.get(qn("w:val")) == "Table of Contents"
    return is_contents or properties.find(qn("w:showingPlcHdr")) is not None


def _paragraph(element: Any, styles: dict[str, str]) -> Iterator[_Block]:  # noqa: ANN401
    boxes: list[Any] = []
    text = "".join(_text(element, boxes))
    style = element.find(f"{qn('w:pPr')}/{qn('w:pStyle')}")
    name = styles.get(style.get(qn("w:val")), "") if style is not None else ""
    is_item = element.find(f"{qn('w:pPr')}/{qn('w:numPr')}") is not None or name.startswith("List")
    lines = [" ".join(line.split()) for line in text.split("\n")]
    if any(lines):
        yield _Block("\n".join(line for line in lines if line), name, is_item)
    for box in boxes:
        yield from _blocks(box, styles)


def _text(element: Any, boxes: list[Any]) -> Iterator[str]:  # noqa: ANN401
    """Give the words in an element; the boxes that are anchored in it are kept for behind it."""
    for part in element:
        tag = part.tag
        if tag in _WORDS:
            yield part.text or ""
        elif tag == qn("w:br") and part.get(qn("w:type")) in {"page", "column"}:
            yield " "
        elif tag in _SIGNS:
            yield _SIGNS[tag]
        elif tag == qn("w:txbxContent"):
            boxes.append(part)
        elif isinstance(tag, str) and tag not in _LEFT_OUT and not _is_hidden(part):
            yield from _text(part, boxes)


def _is_hidden(part: Any) -> bool:  # noqa: ANN401
    if part.tag == qn("w:sdt"):
        return _is_filler(part.find(qn("w:sdtPr")))
    hidden = part.find(f"{qn('w:rPr')}/{qn('w:vanish')}")
    return hidden is not None and hidden.get(qn("w:val"), "1") not in {"0", "false", "off"}


def _table(element: Any, styles: dict[str, str]) -> Iterator[_Block]:  # noqa: ANN401
    """Give a row as a line; a table of one column is there for its frame."""
    for row in element.iter(qn("w:tr")):
        if next(row.iterancestors(qn("w:tbl"))) is not element:
            continue  # of a table inside
        cells = [
            list(_blocks(cell, styles)) for cell in row.iter(qn("w:tc")) if next(cell.iterancestors(qn("w:tr"))) is row
        ]
        if len(cells) == 1:
            yield from cells[0]
        elif words := [" ".join(block.text for block in cell).replace("\n", " ") for cell in cells if cell]:
            yield _Block(" | ".join(words), is_item=True)


def _footnotes(document: Document, styles: dict[str, str]) -> Iterator[_Block]:
    for relationship in document.part.rels.values():
        if relationship.reltype == RELATIONSHIP_TYPE.FOOTNOTES and not relationship.is_external:
            for note in parse_xml(relationship.target_part.blob):
                if note.get(qn("w:type")) is None:  # those with a type are lines above them
                    yield from _blocks(note, styles)


# The article


def _fields(blocks: Sequence[_Block], document: Document, hints: Hints) -> Fields:
    if not blocks:
        raise NoArticle("no text in it")
    properties = document.core_properties
    first = [block.text for block in blocks[:_TOP]]
    title = title_of(properties.title, _heading(blocks), first)
    authors, credits = authors_of(properties.author, first)  # noqa: A001 - the field's name
    headline = headline_of(title, first)
    kept = [block for place, block in enumerate(blocks) if place != headline]
    return Fields(
        _joined(kept),
        title=title,
        published=published_of(first, _made(properties.created, properties.modified)),
        url=hints.url,
        authors=authors,
        credits=credits,
    )


def _heading(blocks: Sequence[_Block]) -> str | None:
    for style in ("title", "heading 1", "heading 2"):
        for block in blocks[:_TOP]:
            if block.style.lower() == style:
                return block.text
    return None


def _made(created: datetime | None, modified: datetime | None) -> datetime | None:
    created, modified = (moment and moment.replace(tzinfo=UTC) for moment in (created, modified))
    return modified if created and modified and modified - created > _WHILE else created or modified


def _joined(blocks: Sequence[_Block]) -> str:
    text = ""
    for place, block in enumerate(blocks):
        beside = place and block.is_item and blocks[place - 1].is_item
        text += ("\n" if beside else "\n\n" if place else "") + block.text
    return text
