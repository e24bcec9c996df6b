"""ONE PDF: its bytes -> the printed lines of its pages -> paragraphs -> the fields of its article; top to bottom."""

import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator, Sequence
from ctypes import byref
from datetime import UTC, datetime, timedelta, timezone

import pypdfium2
from pypdfium2 import raw

from retrieval.readers.fields import LONGEST_FILE, LONGEST_TITLE, Fields, Hints, NoArticle
from retrieval.readers.masthead import authors_of, headline_of, published_of, title_of
from retrieval.readers.typesetting import Line, Paragraph, paragraphs_of

MOST_PAGES = 3000  # chosen: a book has fewer
_BREAKS = "\r\n"
_DIVIDED = "\x02"  # PDFium's for a hyphen and the line end behind it
_FEWEST_LETTERS = 20  # of a document that is no scan; chosen: a stamp has fewer
_MOST_UNKNOWN = 0.2  # of its characters that its fonts do not name; chosen
_UNKNOWN = re.compile(r"[\0-\x08\x0b\x0c\x0e-\x1f\ufffd\ufffe\uffff\ue000-\uf8ff]")
_HEADING = 1.12  # of the body's size
_TOP = 8  # paragraphs that a heading may be among
_CREATED = re.compile(r"(?:D:)?(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?\s*(?:Z|([+-])(\d\d)'?(\d\d)?)?.*", re.DOTALL)
_XMP = re.compile(rb"<x:xmpmeta\b.{1,200000}?</x:xmpmeta>", re.DOTALL)
_DC = "{http://purl.org/dc/elements/1.1/}"


def pdf(data: bytes, hints: Hints) -> list[Fields]:
    """Read a PDF; pictures, attachments, forms and scripts are left alone.

    Raises:
        NoArticle: it is damaged, encrypted, too long, or without text.

    """
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if error.err_code == raw.FPDF_ERR_PASSWORD:
            raise NoArticle("encrypted: save it without a password") from error
        raise NoArticle("not a PDF, or damaged beyond repair") from error
    try:
        lines = list(_lines(document))
        said = document.get_metadata_dict()
    finally:
        document.close()
    text = "".join(line.text for line in lines)
    if sum(character.isalpha() for character in text) < _FEWEST_LETTERS:
        raise NoArticle("no text in it: scanned pages need OCR first")
    if len(_UNKNOWN.findall(text)) > _MOST_UNKNOWN * len(text):
        raise NoArticle("its fonts do not say which letters they show: it needs OCR first")
    return [_fields(paragraphs_of(lines), said, _xmp(data), hints)]


# Pages


def _lines(document: pypdfium2.PdfDocument) -> Iterator[Line]:
    if len(document) > MOST_PAGES:
        raise NoArticle(f"{len(document):,} pages are more than an article has")
    length = 0
    for number in range(len(document)):
        try:
            page = document[number]
        except pypdfium2.PdfiumError:
            continue  # a page that is not there: the others are
        text = page.get_textpage()
        for line in _lines_of_page(text, number, page.get_rotation()):
            length += len(line.text)
            if length > LONGEST_FILE:
                raise NoArticle(f"its text is longer than {LONGEST_FILE:,} characters")
            yield line
        text.close()
        page.close()


def _lines_of_page(text: pypdfium2.PdfTextPage, number: int, rotation: int) -> Iterator[Line]:
    start = 0
    written = [chr(raw.FPDFText_GetUnicode(text, place)) for place in range(text.count_chars())]
    for place, character in enumerate([*written, "\n"]):
        if character not in _BREAKS and character != _DIVIDED:
            continue
        inside = [at for at in range(start, place) if not written[at].isspace()]
        start = place + 1
        if inside:
            words = "".join(written[inside[0] : inside[-1] + 1]) + ("-" if character == _DIVIDED else "")
            boxes = [_box(text, inside[at], rotation) for at in (0, len(inside) // 2, -1)]
            yield Line(
                " ".join(words.replace("\0", "\ufffd").split()),
                number,
                left=min(box[0] for box in boxes),
                right=max(box[1] for box in boxes),
                base=boxes[1][2],
                size=max(boxes[1][3] - boxes[1][2], 1.0),
            )


def _box(text: pypdfium2.PdfTextPage, place: int, rotation: int) -> tuple[float, float, float, float]:
    """Give the left, the right, the bottom and the top of a character, as the page is read."""
    box = raw.FS_RECTF()
    raw.FPDFText_GetLooseCharBox(text, place, byref(box))
    left, right, bottom, top = box.left, box.right, box.bottom, box.top
    return {
        0: (left, right, bottom, top),
        90: (bottom, top, -right, -left),
        180: (-right, -left, -top, -bottom),
        270: (-top, -bottom, left, right),
    }[rotation]


# The article


def _fields(paragraphs: Sequence[Paragraph], said: dict[str, str], xmp: dict[str, str], hints: Hints) -> Fields:
    first = [line.text for paragraph in paragraphs[:_TOP] for line in paragraph.lines if line.page == 0]
    heading = _heading(paragraphs)
    title = title_of(said.get("Title") or xmp.get("title"), heading, [one.text for one in paragraphs[:_TOP]])
    authors, credits = authors_of(said.get("Author") or xmp.get("creator"), first)  # noqa: A001 - the field's name
    texts = [paragraph.text for paragraph in paragraphs]
    headline = headline_of(title, texts[:_TOP])
    texts = [text for place, text in enumerate(texts) if place != headline]
    return Fields(
        "\n\n".join(texts),
        title=title,
        published=published_of(first, _created(said.get("CreationDate", ""))),
        url=hints.url,
        authors=authors,
        credits=credits,
    )


def _heading(paragraphs: Sequence[Paragraph]) -> str | None:
    """Find what is printed largest at the top of the first page; of two words that is a newspaper's name."""
    sizes: Counter[int] = Counter()
    for paragraph in paragraphs:
        sizes[round(paragraph.lines[0].size)] += len(paragraph.text)
    [(body, _)] = sizes.most_common(1) or [(0, 0)]
    large = [
        one
        for one in paragraphs[:_TOP]
        if one.lines[0].page == 0 and one.lines[0].size > _HEADING * body and len(one.text) <= LONGEST_TITLE
    ]
    long = [one for one in large if len(one.text.split()) > 2] or large  # noqa: PLR2004 - a newspaper's name
    return max(long, key=lambda one: one.lines[0].size).text if long else None


def _created(said: str) -> datetime | None:
    found = _CREATED.fullmatch(said)
    if not found:
        return None
    *numbers, sign, hours, minutes = found.groups()
    year, month, day, hour, minute, second = (
        int(one) if one else first for one, first in zip(numbers, (0, 1, 1, 0, 0, 0), strict=True)
    )
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0)) * (-1 if sign == "-" else 1)
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=timezone(offset)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _xmp(data: bytes) -> dict[str, str]:
    """Read the title and the author of the metadata packet, which is there for those who cannot read PDFs."""
    found = _XMP.search(data)
    if not found:
        return {}
    try:
        tree = ET.fromstring(found.group())  # noqa: S314 - what begins with an element declares no entities
    except ET.ParseError:
        return {}
    return {
        name: " ".join("".join(element.itertext()).split())
        for name in ("title", "creator")
        if (element := tree.find(f".//{_DC}{name}")) is not None
    }
