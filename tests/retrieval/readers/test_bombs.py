"""What is made to fill the memory or to take for ever costs one document, in the process that reads it."""

import time
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest

from retrieval.errors import UnreadableArticle
from retrieval.readers import Document, articles_of, confined
from retrieval.types import Article

SECONDS = 4.0  # and half of the memory for each, so that the tests take no ten minutes
MEMORY = 750_000_000
LONGEST = 1_000_000  # characters of what is read of a bomb, if anything is


def pdf(*objects: bytes) -> bytes:
    data, places = bytearray(b"%PDF-1.7\n"), []
    for number, content in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n" % number + content + b"\nendobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(data)
    data += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + table
    return bytes(data + b"trailer <</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start))


def stream(content: bytes, entries: bytes = b"") -> bytes:
    return b"<<%s/Length %d>>stream\n" % (entries, len(content)) + content + b"\nendstream"


def page(contents: bytes, *more: bytes, kids: bytes = b"3 0 R", count: int = 1) -> bytes:
    resources = b"/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>/XObject<</X 5 0 R>>>>"
    return pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[" + kids + b"]/Count %d>>" % count,
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R" + resources + b">>",
        contents,
        *more,
    )


def packed(unit: bytes, times: int) -> bytes:
    """Pack many times the same, without having it all in memory."""
    packer, data = zlib.compressobj(1), b""
    many = unit * (1_000_000 // len(unit) + 1)
    for _ in range(times * len(unit) // len(many) + 1):
        data += packer.compress(many)
    return data + packer.flush()


def forms(depth: int) -> Iterator[bytes]:
    """Give forms each of which draws the next one twice."""
    for number in range(depth):
        entries = b"/Type/XObject/Subtype/Form/BBox[0 0 600 800]/Resources<</XObject<</X %d 0 R>>>>" % (number + 6)
        yield stream(b"/X Do /X Do", entries)
    yield stream(b"BT /F 9 Tf (boom) Tj ET", b"/Type/XObject/Subtype/Form/BBox[0 0 600 800]")


FLATE = b"/Filter/FlateDecode"
SHOW = b"BT /F 9 Tf 50 700 Td (The ferry to the islands runs again.) Tj ET "


def word(document: bytes, **members: bytes) -> bytes:
    file = BytesIO()
    content = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    rels = b"http://schemas.openxmlformats.org/package/2006/relationships"
    office = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    given = {
        "[Content_Types].xml": b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        b'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        b'<Default Extension="xml" ContentType="application/xml"/>'
        b'<Override PartName="/word/document.xml" ContentType="' + content + b'"/></Types>',
        "_rels/.rels": b'<Relationships xmlns="' + rels + b'">'
        b'<Relationship Id="r" Type="' + office + b'" Target="word/document.xml"/></Relationships>',
        "word/document.xml": document,
        **members,
    }
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, data in given.items():
            archive.writestr(name, data)
    return file.getvalue()


def body(inside: bytes, doctype: bytes = b"") -> bytes:
    spaces = b'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    return doctype + b"<w:document " + spaces + b"><w:body>" + inside + b"</w:body></w:document>"


def deep(tag: bytes, times: int) -> bytes:
    return b"<w:%s>" % tag * times + b"</w:%s>" % tag * times


def lying(data: bytes, name: str) -> bytes:
    size = zipfile.ZipFile(BytesIO(data)).getinfo(name).file_size
    return data.replace(size.to_bytes(4, "little"), (1000).to_bytes(4, "little"))


LAUGHS = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 12))

BOMBS = {
    "a gigabyte of zeros.pdf": lambda: page(stream(packed(b"\0", 10**9), FLATE)),
    "a gigabyte of text.pdf": lambda: page(stream(packed(SHOW, 10**9 // len(SHOW)), FLATE)),
    "packed three times.pdf": lambda: page(
        stream(zlib.compress(zlib.compress(packed(b"\0", 10**9))), b"/Filter[/FlateDecode/FlateDecode/FlateDecode]")
    ),
    "five hundred filters.pdf": lambda: page(stream(b"x", b"/Filter[" + b"/FlateDecode" * 500 + b"]")),
    "a billion drawings.pdf": lambda: page(stream(b"/X Do"), *forms(30)),
    "a drawing that draws itself.pdf": lambda: page(
        stream(b"/X Do"),
        stream(b"/X Do /X Do", b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 5 0 R>>>>"),
    ),
    "a million pages.pdf": lambda: page(stream(SHOW), kids=b"3 0 R " * 1_000_000, count=1_000_000),
    "a page that is many large ones.pdf": lambda: page(stream(SHOW * 5_000), kids=b"3 0 R " * 3_000, count=3_000),
    "pages in a circle.pdf": lambda: page(stream(SHOW), kids=b"2 0 R 2 0 R", count=2),
    "a billion pages, it says.pdf": lambda: page(stream(SHOW), count=2_000_000_000),
    "brackets without end.pdf": lambda: page(stream(SHOW), b"[" * 5_000_000),
    "dictionaries without end.pdf": lambda: page(stream(SHOW), b"<</X" * 2_000_000),
    "a great many objects.pdf": lambda: page(stream(SHOW), *[b"<</A/B>>"] * 350_000),
    "a picture of ten billion dots.pdf": lambda: page(
        stream(SHOW + b"q 9 0 0 9 0 0 cm /X Do Q"),
        stream(
            packed(b"\0", 10**9),
            FLATE + b"/Type/XObject/Subtype/Image/Width 99999/Height 99999/ColorSpace/DeviceRGB/BitsPerComponent 8",
        ),
    ),
    "an index that refers to itself.pdf": lambda: page(stream(SHOW)).replace(b"/Size", b"/Prev 400/XRefStm 400/Size"),
    "a picture of a gigabyte.docx": lambda: word(body(b""), **{"word/media/a.png": bytes(10**9)}),
    "a gigabyte that says it is a kilobyte.docx": lambda: lying(
        word(body(b"<w:p>" + b" " * 10**9)), "word/document.xml"
    ),
    "thirty megabytes of empty paragraphs.docx": lambda: word(body(b"<w:p/>" * 4_900_000)),
    "thirty megabytes of runs.docx": lambda: word(body(b"<w:p>" + b"<w:r><w:t/></w:r>" * 1_700_000 + b"</w:p>")),
    "one element of a million attributes.docx": lambda: word(
        body(b"<w:p " + b" ".join(b'a%d=""' % n for n in range(1_000_000)) + b"/>")
    ),
    "tables in tables.docx": lambda: word(body(b"<w:tbl><w:tr><w:tc>" * 60 + b"</w:tc></w:tr></w:tbl>" * 60)),
    "tables in tables without end.docx": lambda: word(body(deep(b"tbl", 100_000))),
    "controls in controls.docx": lambda: word(body(deep(b"sdt", 100_000))),
    "a billion laughs.docx": lambda: word(
        body(b"<w:p><w:r><w:t>&l11;</w:t></w:r></w:p>", b'<!DOCTYPE x [<!ENTITY l0 "ha">' + LAUGHS + b"]>")
    ),
    "a large entity a million times.docx": lambda: word(
        body(
            b"<w:p><w:r><w:t>" + b"&a;" * 1_000_000 + b"</w:t></w:r></w:p>",
            b'<!DOCTYPE x [<!ENTITY a "' + b"x" * 100_000 + b'">]>',
        )
    ),
    "a hundred thousand members.docx": lambda: word(body(b""), **{f"a/{n}": b"" for n in range(100_000)}),
    "a bomb in a bomb.docx": lambda: word(body(b""), **{"word/a.zip": word(body(b" " * 10**8))}),
}


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    confined._end_all()
    monkeypatch.setattr(confined, "SECONDS", SECONDS)
    monkeypatch.setattr(confined, "MEMORY", MEMORY)
    yield
    confined._end_all()


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_costs_one_document_and_bounded_memory_and_time(name: str) -> None:
    data = BOMBS[name]()
    started = time.monotonic()

    [(told, found)] = articles_of(Document(data, "bomb", label=name))

    took = time.monotonic() - started
    assert told == name
    if isinstance(found, Article):
        assert len(found.text) <= LONGEST
    else:
        assert isinstance(found, UnreadableArticle)
    peaks = [peak(process._process.pid) for process in confined._started]
    assert took < 3 * SECONDS
    assert all(size < MEMORY for size in peaks)
    [(_, next_)] = articles_of(Document(page(stream(SHOW)), "next", label="next.pdf"))
    assert isinstance(next_, Article)
    assert next_.text == "The ferry to the islands runs again."


def peak(process: int) -> int:
    status = Path(f"/proc/{process}/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))
