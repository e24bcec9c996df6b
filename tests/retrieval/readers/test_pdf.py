"""PDFs become articles as they are printed: the lines joined, without what the pages add to them."""

import re
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fpdf import FPDF
from fpdf.enums import AccessPermission, EncryptionMethod
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from retrieval.readers.fields import Fields, Hints, NoArticle
from retrieval.readers.pdf import MOST_PAGES, pdf

FERRY = (
    "The ferry between the islands will run again from Monday, the port authority said, after the storm that had "
    "damaged the old pier in the night to Friday had kept it in the harbour of Naxos for more than two weeks."
)
BRIDGE = (
    "A bridge is to follow by 2031, at a cost of 40 million. Whether the ministry has the money for it is an open "
    "question, its spokeswoman told reporters, for a part of it had been promised to the schools of the mainland."
)
MAYOR = (
    "The mayor called the plan a long-term answer to a problem of every winter, and asked the captains for their "
    "patience; the first ships of the new line would be there before the summer in any case."
)
MADE = datetime(2023, 11, 10, 12, 13, tzinfo=UTC)
FONT = next(Path("/usr/share/fonts").rglob("DejaVuSans.ttf"), None)


class Print(FPDF):
    """A document of A4 pages in Helvetica, with a running head and page numbers where a test asks for them."""

    head = foot = ""

    def header(self) -> None:
        if self.head:
            self.set_font("helvetica", size=9)
            self.cell(0, 8, self.head, new_x="LMARGIN", new_y="NEXT")

    def footer(self) -> None:
        if self.foot:
            self.set_y(-15)
            self.set_font("helvetica", size=9)
            self.cell(0, 8, self.foot.format(self.page_no()), align="C")

    def headline(self, text: str, size: int = 20) -> None:
        self.set_font("helvetica", size=size)
        self.multi_cell(0, size * 0.5, text, new_x="LMARGIN", new_y="NEXT")
        self.ln(4)

    def words(self, text: str, width: float = 0, gap: float = 4, **how: str) -> None:
        self.set_font("helvetica", size=11)
        self.multi_cell(width, 5.5, text, new_x="LMARGIN", new_y="NEXT", **how)  # type: ignore[arg-type]
        self.ln(gap)


def made(fill: Callable[[Print], None], head: str = "", foot: str = "") -> bytes:
    document = Print()
    document.head, document.foot = head, foot
    document.set_creation_date(MADE)
    document.set_producer("a test")
    document.add_page()
    fill(document)
    return bytes(document.output())


def words(*paragraphs: str) -> Callable[[Print], None]:
    def fill(document: Print) -> None:
        for text in paragraphs:
            document.words(text)

    return fill


def read(data: bytes, url: str | None = None) -> Fields:
    [fields] = pdf(data, Hints(url=url))
    return fields


def refused(data: bytes) -> str:
    with pytest.raises(NoArticle) as raised:
        pdf(data, Hints())
    return str(raised.value)


def raw(*objects: bytes, trailer: bytes = b"/Root 1 0 R") -> bytes:
    """Write objects by hand, numbered from 1."""
    data, places = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n" % number + content + b"\nendobj\n"
    start = len(data)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    data += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + table
    return data + b"trailer <</Size %d %s>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, trailer, start)


def page(content: bytes, *more: bytes, extra: bytes = b"", coded: bytes = b"") -> bytes:
    """Write one page with a content stream."""
    return raw(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>"
        + extra
        + b">>>>",
        b"<</Length %d%s>>stream\n" % (len(content), coded) + content + b"\nendstream",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        *more,
    )


TEXT = b"BT /F 11 Tf 50 700 Td (The ferry between the islands runs again.) Tj ET"


# The text


def test_lines_are_joined_to_paragraphs() -> None:
    fields = read(made(words(FERRY, BRIDGE, MAYOR)))

    assert fields.text == f"{FERRY}\n\n{BRIDGE}\n\n{MAYOR}"


@pytest.mark.parametrize("align", ["L", "J"])
@pytest.mark.parametrize("width", [60, 90, 190])
def test_narrow_and_justified_lines_are_joined_too(align: str, width: float) -> None:
    def fill(document: Print) -> None:
        for text in (FERRY, BRIDGE, MAYOR):
            document.words(text, width, align=align)

    fields = read(made(fill))

    assert fields.text == f"{FERRY}\n\n{BRIDGE}\n\n{MAYOR}"


def test_paragraphs_are_told_by_their_indented_first_lines() -> None:
    def fill(document: Print) -> None:
        document.set_font("helvetica", size=11)
        for text in (FERRY, BRIDGE, MAYOR):
            document.set_x(18)
            document.write(5.5, text)
            document.ln(5.5)

    assert read(made(fill)).text == f"{FERRY}\n\n{BRIDGE}\n\n{MAYOR}"


def test_a_hyphen_of_a_line_end_goes_and_one_of_the_word_stays() -> None:
    def fill(document: Print) -> None:
        document.set_font("helvetica", size=11)
        lines = [
            "The two sides signed an agreement on the sharing of infor-",
            "mation in the Indo-Pacific region, and said that the long-",
            "term plan of both would make co-operation in the Indo-",
            "Pacific a matter of course. They will buy drones for a 31-",
            "year programme, and a self-driving ferry; no more co-",
            "operation is planned with the other neigh-",
            "bours for now.",
        ]
        for line in lines:
            document.cell(0, 5.5, line, new_x="LMARGIN", new_y="NEXT")

    assert read(made(fill)).text == (
        "The two sides signed an agreement on the sharing of information in the Indo-Pacific region, and said that "
        "the long-term plan of both would make co-operation in the Indo-Pacific a matter of course. They will buy "
        "drones for a 31-year programme, and a self-driving ferry; no more co-operation is planned with the other "
        "neighbours for now."
    )


def test_soft_hyphens_are_no_characters() -> None:
    text = (
        FERRY.replace("authority", "author\u00adity")
        .replace("islands", "is\u00adlands")
        .replace("damaged", "dam\u00adaged")
    )

    assert read(made(lambda document: document.words(text, 62))).text == FERRY


def test_running_heads_and_page_numbers_are_left_out() -> None:
    def fill(document: Print) -> None:
        for _ in range(12):
            document.words(FERRY)
            document.words(BRIDGE)
            document.words(MAYOR)

    text = read(made(fill, head="The Naxos Courier | 10 November 2023", foot="Page {}")).text

    assert "Courier" not in text
    assert "Page" not in text
    assert text == "\n\n".join([FERRY, BRIDGE, MAYOR] * 12)


@pytest.mark.parametrize("foot", ["{}", "- {} -", "{} / 1", "Page {} of 1"])
def test_the_number_of_a_single_page_is_left_out(foot: str) -> None:
    def fill(document: Print) -> None:
        document.words(FERRY)
        document.words(BRIDGE)
        document.words(MAYOR)

    assert read(made(fill, foot=foot)).text == f"{FERRY}\n\n{BRIDGE}\n\n{MAYOR}"


def test_what_a_browser_prints_at_the_edges_is_left_out() -> None:
    def fill(document: Print) -> None:
        document.words("Updated 10/11/23, 9:30 AM")
        document.words(FERRY)

    head, foot = "11/22/26, 8:50 AM Ferry to run again | The Courier", "https://courier.example/ferry {}/1"

    assert read(made(fill, head, foot)).text == f"Updated 10/11/23, 9:30 AM\n\n{FERRY}"
    assert read(made(fill, head)).title == head


def test_a_paragraph_goes_on_behind_the_end_of_a_page() -> None:
    def fill(document: Print) -> None:
        document.set_y(250)
        document.words(f"{MAYOR} {FERRY[:-1]}, {BRIDGE} {MAYOR} {FERRY} {MAYOR}")

    assert read(made(fill, foot="{}")).text == f"{MAYOR} {FERRY[:-1]}, {BRIDGE} {MAYOR} {FERRY} {MAYOR}"


def test_columns_are_read_one_after_the_other() -> None:
    def fill(document: Print) -> None:
        document.headline("Ferry to run again between the islands")
        document.set_font("helvetica", size=10)
        with document.text_columns(ncols=2, gutter=8, text_align="J") as columns:
            for text in [FERRY, BRIDGE, MAYOR] * 5:
                columns.write(f"{text}\n\n")

    fields = read(made(fill))

    assert fields.title == "Ferry to run again between the islands"
    for text in (FERRY, BRIDGE, MAYOR):
        assert fields.text.count(text) == 5


def test_lists_and_subheadings_are_paragraphs_of_their_own() -> None:
    def fill(document: Print) -> None:
        document.words(FERRY)
        document.headline("What is left to do", size=14)
        for item in ("1. the permits of the island,", "2. the money of the ministry,", "3. the ships."):
            document.words(item, gap=0)

    assert read(made(fill)).text == (
        f"{FERRY}\n\nWhat is left to do\n\n"
        "1. the permits of the island,\n\n2. the money of the ministry,\n\n3. the ships."
    )


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_a_page_that_is_printed_sideways_is_read_as_any_other(turned: int) -> None:
    def fill(document: Print) -> None:
        with document.rotation(turned, 105, 148):
            document.words(FERRY, 120)
            document.words(BRIDGE, 120)

    data = made(fill).replace(b"/Type /Page\n", b"/Type /Page\n/Rotate %d\n" % turned)

    assert read(data).text == f"{FERRY}\n\n{BRIDGE}"


@pytest.mark.skipif(FONT is None, reason="no font with these letters")
@pytest.mark.parametrize(
    "text",
    [
        "Η κυβέρνηση ανακοίνωσε νέα μέτρα για το νερό στα νησιά, όπου η ξηρασία συνεχίζεται για τρίτη χρονιά.",
        "Мэр города в пятницу неожиданно объявил о своей отставке, сообщила пресс-служба администрации.",
        "Der Bürgermeister begrüßte „größere“ Änderungen – für die Wähler von Świnoujście.",
    ],
)
def test_other_letters_are_read(text: str) -> None:
    def fill(document: Print) -> None:
        document.add_font("D", "", FONT)
        document.set_font("D", size=11)
        document.multi_cell(90, 5.5, text, new_x="LMARGIN", new_y="NEXT")

    assert read(made(fill)).text == text


@pytest.mark.skipif(FONT is None, reason="no font with these letters")
@pytest.mark.parametrize(
    "text",
    [
        "ראש העירייה הודיע ביום שישי על התפטרותו, ואמר כי 31 שרים יבואו בשנת 2024 לעיר.",
        "أعلن رئيس البلدية استقالته يوم الجمعة وقال إن الانتخابات ستجرى خلال 3 أشهر",
        "أعلن رئيس البلدية في نوفمبر ٢٠٢٣ أن الانتخابات ستجرى خلال ٣٥ يوما في المدينة",
        "ראש העירייה ביקר בחברת Open Bridge Company ואמר כי הגשר ייפתח.",
    ],
)
def test_what_is_written_from_the_right_is_read_from_there(text: str) -> None:
    def fill(document: Print) -> None:
        document.add_font("D", "", FONT)
        document.set_font("D", size=11)
        half = text.index(" ", len(text) // 2)
        for line in (text[:half], text[half:]):
            document.cell(0, 5.5, as_it_stands(line), align="R", new_x="LMARGIN", new_y="NEXT")

    assert read(made(fill)).text == text


def as_it_stands(text: str) -> str:
    """Give what is written from the right as it stands, from the left: without shapes, which fpdf2 has not."""
    runs = re.findall(r"[A-Za-z0-9٠-٩]+(?: [A-Za-z0-9]+)*|.", text)
    return "".join(reversed(runs))


def test_ligatures_are_letters() -> None:
    content = b"BT /F 11 Tf 50 700 Td (The \x01nance minister of the island \x02nds the plan di\x03cult.) Tj ET"
    names = b"<</Type/Encoding/Differences[1/fi 2/fi 3/ffi]>>"
    data = page(content).replace(b"/BaseFont/Helvetica>>", b"/BaseFont/Helvetica/Encoding" + names + b">>")

    assert "finance minister" in read(data).text.replace("ﬁ", "fi")


# Title, date, authors


def test_the_title_is_what_the_file_says() -> None:
    def fill(document: Print) -> None:
        document.set_title("Ferry to run again")
        document.set_author("Jane Doe, Rahul Menon")
        document.words("Ferry to run again")
        document.words(FERRY)

    fields = read(made(fill), url="https://desk.example/a.pdf")

    assert fields.title == "Ferry to run again"
    assert fields.text == FERRY
    assert fields.authors == ("Jane Doe", "Rahul Menon")
    assert fields.published == MADE
    assert fields.url == "https://desk.example/a.pdf"


@pytest.mark.parametrize(
    "said",
    ["", "Microsoft Word - PR 2023.doc", "untitled", "PR_2023_44_final", "Document1", "release.indd", "Press Release"],
)
def test_a_title_of_a_program_or_a_file_is_none(said: str) -> None:
    def fill(document: Print) -> None:
        document.set_title(said)
        document.headline("Ferry to run again from Monday on")
        document.words(FERRY)

    fields = read(made(fill))

    assert fields.title == "Ferry to run again from Monday on"
    assert fields.text == FERRY


def test_the_title_is_as_printed_without_the_outlet_that_a_browser_adds() -> None:
    def fill(document: Print) -> None:
        document.set_title("Ferry to run again from Monday - The Courier")
        document.headline("The Courier", size=30)
        document.headline("Ferry to run again from Monday")
        document.words(FERRY)

    assert read(made(fill)).title == "Ferry to run again from Monday"


def test_a_title_of_two_lines_is_one() -> None:
    title = "Ferry to run again from Monday on, after two weeks in the harbour of Naxos"

    def fill(document: Print) -> None:
        document.headline(title)
        document.words(FERRY)

    assert read(made(fill)).title == title


def test_a_title_in_xmp_is_read_where_the_file_has_no_other() -> None:
    xmp = (
        b'<?xpacket begin=""?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-'
        b'syntax-ns#"><rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title><rdf:Alt><rdf:li xml:lang='
        b'"x-default">Ferry &amp; bridge</rdf:li></rdf:Alt></dc:title><dc:creator><rdf:Seq><rdf:li>Jane Doe</rdf:li>'
        b"</rdf:Seq></dc:creator></rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    data = page(TEXT, b"<</Type/Metadata/Subtype/XML/Length %d>>stream\n" % len(xmp) + xmp + b"\nendstream")

    fields = read(data)

    assert (fields.title, fields.authors) == ("Ferry & bridge", ("Jane Doe",))


@pytest.mark.parametrize(
    "line", ["10 November 2023", "Published: Friday, November 10, 2023", "NAXOS, Nov. 10, 2023 - The mayor has spoken."]
)
def test_the_date_at_the_top_goes_before_that_of_the_file(line: str) -> None:
    def fill(document: Print) -> None:
        document.set_creation_date(datetime(2024, 2, 3, tzinfo=UTC))
        document.headline("Ferry to run again from Monday on")
        document.words(line)
        document.words(FERRY)

    assert read(made(fill)).published == datetime(2023, 11, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (b"(D:20231110174300+05'30')", datetime(2023, 11, 10, 12, 13, tzinfo=UTC)),
        (b"(D:20231110121300Z)", datetime(2023, 11, 10, 12, 13, tzinfo=UTC)),
        (b"(D:20231110)", datetime(2023, 11, 10, tzinfo=UTC)),
        (b"(20231110)", datetime(2023, 11, 10, tzinfo=UTC)),
        (b"(D:20231310)", None),
        (b"(D:19700101)", None),
        (b"(D:29990101)", None),
        (b"(yesterday)", None),
        (b"7", None),
    ],
)
def test_the_date_of_the_file_is_read_if_it_can_be_one(said: bytes, expected: datetime | None) -> None:
    data = page(TEXT, b"<</CreationDate" + said + b">>").replace(b"/Root 1 0 R", b"/Root 1 0 R/Info 6 0 R")

    assert read(data).published == expected


@pytest.mark.parametrize(
    "author", ["jdoe", "Administrator", "Ministry of Ports", "Canon iR-ADV", "Communications Team"]
)
def test_an_author_who_is_nobody_is_none(author: str) -> None:
    def fill(document: Print) -> None:
        document.set_author(author)
        document.words(FERRY)

    assert read(made(fill)).authors == ()


# What is none, or almost


def test_a_scan_says_what_to_do() -> None:
    def fill(document: Print) -> None:
        document.image(Image.new("RGB", (400, 600), "gray"), w=150)

    assert refused(made(fill)) == "no text in it: scanned pages need OCR first"
    assert refused(made(fill, foot="{}")) == "no text in it: scanned pages need OCR first"


@pytest.mark.parametrize("method", [EncryptionMethod.RC4, EncryptionMethod.AES_128, EncryptionMethod.AES_256])
def test_a_document_that_only_its_owner_may_change_is_read(method: EncryptionMethod) -> None:
    def fill(document: Print) -> None:
        document.set_encryption("owner", encryption_method=method, permissions=AccessPermission.none())
        document.words(FERRY)

    assert read(made(fill)).text == FERRY


def test_a_document_with_a_password_is_refused() -> None:
    def fill(document: Print) -> None:
        document.set_encryption("owner", "secret", encryption_method=EncryptionMethod.AES_256)
        document.words(FERRY)

    assert refused(made(fill)) == "encrypted: save it without a password"


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7", b"The ferry runs again.", b"%PDF-1.7\n" + bytes(range(256)) * 40])
def test_what_is_no_pdf_is_refused(data: bytes) -> None:
    assert refused(data) == "not a PDF, or damaged beyond repair"


def test_a_damaged_table_is_repaired() -> None:
    data = made(lambda document: document.words(FERRY))

    assert read(data.replace(b"startxref", b"startxxxx")).text == FERRY
    assert read(b"junk before it\n" + data).text == FERRY


def test_letters_that_the_fonts_do_not_name_are_refused() -> None:
    unicode = (
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap 1 begincodespacerange <00> <ff> "
        b"endcodespacerange 1 beginbfrange <67> <ff> <E067> endbfrange endcmap end end"
    )
    data = page(TEXT, b"<</Length %d>>stream\n" % len(unicode) + unicode + b"\nendstream")
    data = data.replace(b"/BaseFont/Helvetica>>", b"/BaseFont/Helvetica/ToUnicode 6 0 R>>")

    assert refused(data) == "its fonts do not say which letters they show: it needs OCR first"


def test_scripts_attachments_and_forms_are_left_alone() -> None:
    data = page(TEXT).replace(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>/AA<</WC<</S/Launch/F(x.exe)>>>>"
        b"/Names<</EmbeddedFiles<</Names[(a.txt)<</Type/Filespec/F(a.txt)>>]>>>>/AcroForm<</XFA(<a/>)>>>>",
    )

    assert read(data).text == "The ferry between the islands runs again."


# Bombs: what is here runs in the test's own process, and would fill it


def flate(length: int, times: int = 1) -> bytes:
    content = bytes(length)
    for _ in range(times):
        content = zlib.compress(content, 9)
    return content


def test_a_page_that_unpacks_to_a_hundred_megabytes_of_nothing_is_read_as_nothing() -> None:
    assert "no text" in refused(page(flate(100_000_000), coded=b"/Filter/FlateDecode"))


def test_a_page_that_is_packed_many_times_is_refused() -> None:
    packed = flate(100_000_000, 3)

    assert "no text" in refused(page(packed, coded=b"/Filter[/FlateDecode/FlateDecode/FlateDecode]"))
    assert "no text" in refused(page(packed, coded=b"/Filter[" + b"/FlateDecode" * 500 + b"]"))


@pytest.mark.parametrize(
    "pages",
    [
        b"<</Type/Pages/Kids[2 0 R]/Count 1>>",
        b"<</Type/Pages/Kids[2 0 R 2 0 R 3 0 R]/Count 3>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1/Parent 2 0 R>>",
        b"<</Type/Pages/Kids 2 0 R/Count 1>>",
        b"<</Type/Pages/Kids[9 0 R]/Count 1>>",
        b"<</Type/Pages/Kids[3 0 R]/Count -5>>",
        b"<</Type/Pages/Count 2000>>",
    ],
)
def test_a_tree_of_pages_that_goes_round_ends(pages: bytes) -> None:
    data = page(TEXT).replace(b"<</Type/Pages/Kids[3 0 R]/Count 1>>", pages)

    try:
        assert "ferry" in read(data).text
    except NoArticle as error:
        assert "no text" in str(error) or "not a PDF" in str(error)  # noqa: PT017


def test_a_million_pages_are_refused() -> None:
    kids = b"3 0 R " * 1_000_000
    data = page(TEXT).replace(b"/Kids[3 0 R]/Count 1>>", b"/Kids[" + kids + b"]/Count 1000000>>")

    assert "pages are more than an article has" in refused(data)


def test_as_many_pages_as_are_read_are_read() -> None:
    data = page(TEXT).replace(
        b"/Kids[3 0 R]/Count 1>>", b"/Kids[" + b"3 0 R " * MOST_PAGES + b"]/Count %d>>" % MOST_PAGES
    )

    assert read(data).text.count("ferry") == MOST_PAGES


def test_forms_that_draw_themselves_end() -> None:
    form = b"/Fm Do " + TEXT
    data = page(
        b"/Fm Do " * 10,
        b"<</Type/XObject/Subtype/Form/BBox[0 0 600 800]/Resources<</Font<</F 5 0 R>>/XObject<</Fm 6 0 R>>>>"
        b"/Length %d>>stream\n" % len(form) + form + b"\nendstream",
        extra=b"/XObject<</Fm 6 0 R>>",
    )

    assert "ferry" in read(data).text


def test_objects_within_objects_without_end_are_refused() -> None:
    data = page(TEXT).replace(b"<</Type/Catalog", b"<</X " + b"[" * 100_000 + b"]" * 100_000 + b"/Type/Catalog")

    try:
        assert "ferry" in read(data).text
    except NoArticle as error:
        assert "not a PDF" in str(error)  # noqa: PT017


def test_a_picture_of_a_billion_dots_is_not_unpacked() -> None:
    data = page(
        TEXT + b" q 500 0 0 500 0 0 cm /I Do Q",
        b"<</Type/XObject/Subtype/Image/Width 60000/Height 60000/ColorSpace/DeviceRGB/BitsPerComponent 8"
        b"/Filter/FlateDecode/Length 10>>stream\n" + flate(100) + b"\nendstream",
        extra=b"/XObject<</I 6 0 R>>",
    )

    assert "ferry" in read(data).text


# Any bytes


EXAMPLE = made(words(FERRY, BRIDGE), foot="{}")
UNPACKED = page(TEXT, b"<</Title(Ferry)/Author(Jane Doe)>>").replace(b"/Root 1 0 R", b"/Root 1 0 R/Info 6 0 R")


def only_fields_or_a_reason(data: bytes) -> None:
    try:
        found = pdf(data, Hints())
    except NoArticle as error:
        assert str(error)  # noqa: PT017
    else:
        assert all(isinstance(one, Fields) and one.text.strip() for one in found)


@pytest.mark.parametrize("tenth", range(11))
@pytest.mark.parametrize("example", [EXAMPLE, UNPACKED], ids=["packed", "unpacked"])
def test_a_document_that_was_cut_is_refused_or_read(example: bytes, tenth: int) -> None:
    only_fields_or_a_reason(example[: len(example) * tenth // 10])


@given(data=st.binary(max_size=300))
def test_any_bytes_are_refused(data: bytes) -> None:
    for start in (b"", b"%PDF-1.7\n"):
        with pytest.raises(NoArticle):
            pdf(start + data, Hints())


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=300)
@given(data=st.data(), example=st.sampled_from([EXAMPLE, UNPACKED]))
def test_a_document_with_other_bytes_is_refused_or_read(data: st.DataObject, example: bytes) -> None:
    at = data.draw(st.integers(0, len(example)))
    other = data.draw(
        st.one_of(st.binary(max_size=20), st.sampled_from([b"<<", b"[", b"(", b"9" * 30, b"/Kids", b"-1"]))
    )
    only_fields_or_a_reason(example[:at] + other + example[at + data.draw(st.integers(0, 30)) :])
