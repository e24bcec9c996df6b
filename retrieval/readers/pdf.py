"""ONE PDF: its bytes -> the printed lines of its pages -> paragraphs -> the fields of its article; top to bottom."""

import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator, Sequence
from ctypes import byref, c_double
from datetime import UTC, datetime, timedelta, timezone
from itertools import groupby
from math import hypot, pi

import pypdfium2
from pypdfium2 import raw

from retrieval.readers.fields import LONGEST_FILE, LONGEST_TITLE, Fields, Hints, NoArticle
from retrieval.readers.masthead import authors_of, headline_of, published_of, title_of
from retrieval.readers.typesetting import Line, Paragraph, paragraphs_of

MOST_PAGES = 3000  # chosen: a book has fewer
Box = tuple[float, float, float]
"""The left, the right, and the line that it stands on."""

_BREAKS = "\r\n"
_DIVIDED = "\x02"  # PDFium's for a hyphen and the line end behind it
_FEWEST_LETTERS = 20  # of a document that is no scan; chosen: a stamp has fewer
_MOST_UNKNOWN = 0.2  # of its characters that its fonts do not name; chosen
_UNKNOWN = re.compile(r"[\0-\x08\x0b\x0c\x0e-\x1f\ufffd\ufffe\uffff\ue000-\uf8ff]")
_FROM_THE_RIGHT = re.compile(r"[\u0590-\u065f\u066a-\u06ef\u06fa-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")  # but for digits
_HEADING = 1.12  # of the body's size
_TOP = 8  # paragraphs that a heading may be among
_LINE_OF_BODY = 150  # characters of a paragraph that is no subtitle any more; chosen
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
    if len(_UNKNOWN.findall(text)) > _MOST_UNKNOWN * len(text):
        raise NoArticle("its fonts do not say which letters they show: it needs OCR first")
    if sum(character.isalpha() for character in text) < _FEWEST_LETTERS:
        raise NoArticle("no text in it: scanned pages need OCR first")
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
        for line in _lines_of_page(text, number):
            length += len(line.text)
            if length > LONGEST_FILE:
                raise NoArticle(f"its text is longer than {LONGEST_FILE:,} characters")
            yield line
        text.close()
        page.close()


def _lines_of_page(text: pypdfium2.PdfTextPage, number: int) -> Iterator[Line]:
    start = 0
    written = [chr(raw.FPDFText_GetUnicode(text, place)) for place in range(text.count_chars())]
    for place, character in enumerate([*written, "\n"]):
        if character not in _BREAKS and character != _DIVIDED:
            continue
        inside = [at for at in range(start, place) if not written[at].isspace()]
        start = place + 1
        if inside:
            words = "".join(written[inside[0] : inside[-1] + 1]) + ("-" if character == _DIVIDED else "")
            boxes = [_box(text, inside[at]) for at in (0, len(inside) // 2, -1)]
            if len(_FROM_THE_RIGHT.findall(words)) * 2 > len(inside):
                words = _from_the_right(words, [_box(text, at) for at in range(inside[0], inside[-1] + 1)])
                boxes = [(-right, -left, base) for left, right, base in boxes]
            yield Line(
                " ".join(words.replace("\0", "\ufffd").split()),
                number,
                left=min(box[0] for box in boxes),
                right=max(box[1] for box in boxes),
                base=boxes[1][2],
                size=_size(text, inside[len(inside) // 2]),
            )


def _box(text: pypdfium2.PdfTextPage, place: int) -> Box:
    """Measure a character, as its line is read."""
    box, x, y = raw.FS_RECTF(), c_double(), c_double()
    raw.FPDFText_GetLooseCharBox(text, place, byref(box))
    raw.FPDFText_GetCharOrigin(text, place, byref(x), byref(y))
    left, right, bottom, top = (float(side) for side in (box.left, box.right, box.bottom, box.top))
    turned = [(left, right, y.value), (bottom, top, -x.value), (-right, -left, -y.value), (-top, -bottom, x.value)]
    return turned[int(round(raw.FPDFText_GetCharAngle(text, place) / (pi / 2)) % 4)]


def _size(text: pypdfium2.PdfTextPage, place: int) -> float:
    matrix = raw.FS_MATRIX()
    raw.FPDFText_GetMatrix(text, place, byref(matrix))
    return max(float(raw.FPDFText_GetFontSize(text, place)) * hypot(matrix.c, matrix.d), 1.0)


def _from_the_right(line: str, boxes: Sequence[Box]) -> str:
    """Put a line of Arabic or Hebrew in the order in which it is read: PDFium gives some words of it as they stand."""
    words: list[tuple[float, str]] = []
    for found in re.finditer(r"\S+", line):
        is_right = bool(_FROM_THE_RIGHT.search(found.group()))
        letters = sorted(
            ((boxes[at][0] + boxes[at][1], line[at]) for at in range(found.start(), min(found.end(), len(boxes)))),
            key=lambda letter: -letter[0] if is_right else letter[0],
        )
        words.append((letters[0][0], "".join(letter for _, letter in letters)))
    ordered = [word for _, word in sorted(words, key=lambda word: -word[0])]
    text: list[str] = []
    for is_right, run in groupby(ordered, lambda word: bool(_FROM_THE_RIGHT.search(word))):
        some = list(run)
        text += some if is_right else some[::-1]
    return " ".join(text)


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
    """Find what is printed largest above the first paragraph of the first page."""
    sizes: Counter[int] = Counter()
    for paragraph in paragraphs:
        sizes[round(paragraph.lines[0].size)] += len(paragraph.text)
    [(body, _)] = sizes.most_common(1) or [(0, 0)]
    large = []
    for one in paragraphs[:_TOP]:
        is_large = one.lines[0].size > _HEADING * body
        if one.lines[0].page > 0 or (not is_large and len(one.text) > _LINE_OF_BODY):
            break
        if is_large and len(one.text) <= LONGEST_TITLE:
            large.append(one)
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
