"""What a document is, is told by its bytes where they leave no doubt, else by what is said of it, else by its bytes."""

import zipfile
from io import BytesIO
from pathlib import Path
from pkgutil import resolve_name

import pytest

from retrieval.errors import UnreadableArticle
from retrieval.readers import Document, articles_of
from retrieval.readers.fields import NoArticle
from retrieval.readers.kinds import KINDS, holds_many, kind_of
from retrieval.types import Article

PAGE = b"<!DOCTYPE html>\n<html><head><title>Ferry</title></head><body><p>The ferry runs.</p></body></html>"
FEED = b'<?xml version="1.0"?>\n<!-- made by hand -->\n<rss version="2.0"><channel></channel></rss>'
ATOM = b'<feed xmlns="http://www.w3.org/2005/Atom"></feed>'
RDF = b'<?xml version="1.0"?><rdf:RDF xmlns="http://purl.org/rss/1.0/"></rdf:RDF>'
XHTML = b'<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" ""><html></html>'
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
JSON = b'{"title": "Ferry", "text": "It runs."}'
LINES = b'{"title": "Ferry", "text": "It runs."}\n{"title": "Bus", "text": "It does not."}\n'
TEXT = b"The ferry runs again from Monday."


def word() -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("word/document.xml", "<a/>")
    return file.getvalue()


def suffix_of(content: bytes | Path, name: str | None = "given", media_type: str = "") -> str:
    return kind_of(Document(content, "a", label=name, media_type=media_type)).suffixes[0]


CERTAIN = [(PDF, ".pdf"), (b"\n " + PDF, ".pdf"), (word(), ".docx"), (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ".docx")]
LIKELY = [
    *CERTAIN,
    (b"garbage before it " + PDF, ".pdf"),
    (PAGE, ".html"),
    (b"\xef\xbb\xbf  <!-- saved -->\n<HTML lang=en>", ".html"),
    (PAGE.decode().encode("utf-16"), ".html"),
    (XHTML, ".html"),
    (FEED, ".rss"),
    (FEED.decode().encode("utf-16"), ".rss"),
    (ATOM, ".rss"),
    (RDF, ".rss"),
    (b'<?xml version="1.0"?><sitemap/>', ".rss"),
    (JSON, ".json"),
    (b'[\n {"title": "Ferry"}]', ".json"),
    (b'\xef\xbb\xbf{\n  "title": "Ferry"\n}', ".json"),
    (LINES, ".jsonl"),
    (TEXT, ".txt"),
    (b"[UPDATE] The ferry runs", ".txt"),
    (b"{sic} said the captain", ".txt"),
    (b"<3 from Naxos", ".txt"),
    (b"", ".txt"),
]


@pytest.mark.parametrize(("content", "suffix"), LIKELY)
@pytest.mark.parametrize("media_type", ["", "application/octet-stream", "text/plain", "binary/octet-stream"])
@pytest.mark.parametrize("name", ["given", "https://desk.example/story/17", "story.aspx"])
def test_what_has_no_name_of_its_kind_is_known_by_its_bytes(
    content: bytes, suffix: str, media_type: str, name: str
) -> None:
    assert suffix_of(content, name, media_type) == suffix


@pytest.mark.parametrize(("content", "suffix"), CERTAIN)
@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.html", "a.json", "a.pdf", "a.docx"])
def test_a_pdf_or_an_archive_is_one_whatever_its_name(content: bytes, suffix: str, name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    assert suffix_of(path, None) == suffix
    assert suffix_of(content, "given", "text/html") == suffix


@pytest.mark.parametrize("name", ["a.txt", "a.md"])
def test_a_page_that_was_saved_as_text_is_a_page(name: str) -> None:
    assert suffix_of(PAGE, name) == ".html"
    assert suffix_of(b"<p>Markdown may begin so.</p>", "a.md") == ".md"


def test_a_feed_that_is_served_as_a_page_is_a_feed() -> None:
    assert suffix_of(FEED, "given", "text/html") == ".rss"
    assert suffix_of(PAGE, "given", "application/rss+xml") == ".rss"  # its reader tells where the feed is


@pytest.mark.parametrize(
    ("media_type", "suffix"),
    [
        ("text/html", ".html"),
        ("text/markdown", ".md"),
        ("application/json", ".json"),
        ("application/x-ndjson", ".jsonl"),
        ("application/atom+xml", ".rss"),
        ("application/pdf", ".pdf"),
        ("application/octet-stream", ".md"),
        ("text/plain", ".md"),
        ("", ".md"),
    ],
)
def test_what_is_said_is_believed_of_other_bytes(media_type: str, suffix: str) -> None:
    assert suffix_of(TEXT, "a.md", media_type) == suffix


@pytest.mark.parametrize("name", ["a.png", "a", "a.doc", "a.PNG"])
@pytest.mark.parametrize("content", [TEXT, PDF, PAGE])
def test_a_file_in_a_folder_is_known_by_its_suffix_alone(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(NoArticle, match=r"not an article: .* is none of .md, .markdown, .txt"):
        suffix_of(tmp_path / name, None)


@pytest.mark.parametrize("media_type", ["image/png", "video/mp4", "audio/mpeg", "font/woff2"])
def test_pictures_and_sounds_are_refused_by_name(media_type: str) -> None:
    with pytest.raises(NoArticle, match=f"not an article: {media_type} is none of"):
        suffix_of(TEXT, "given", media_type)


def test_rtf_is_refused_with_what_to_do() -> None:
    with pytest.raises(NoArticle, match="RTF: save it as DOCX"):
        suffix_of(b"{\\rtf1\\ansi The ferry runs.}", "a.txt")


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    for name in ("gone.pdf", "gone", "gone.txt"):
        with pytest.raises(UnreadableArticle, match="No such file"):
            suffix_of(tmp_path / name, None)


def test_each_suffix_and_media_type_is_of_one_kind_and_each_reader_is_there() -> None:
    suffixes = [suffix for kind in KINDS for suffix in kind.suffixes]
    media_types = [media_type for kind in KINDS for media_type in kind.media_types]

    assert len(set(suffixes)) == len(suffixes)
    assert len(set(media_types)) == len(media_types)
    for name in ("html:html", "pdf:pdf", "docx:docx", "feeds:feed"):
        assert callable(resolve_name(f"retrieval.readers.{name}"))


def test_a_document_may_hold_many_by_its_name() -> None:
    assert holds_many(Document(b"", "a", label="a.JSONL"))
    assert not holds_many(Document(b"", "a", label="a.pdf"))


def test_an_upload_of_any_name_becomes_an_article() -> None:
    [(name, found)] = articles_of(Document(TEXT, "ferry", label="ferry"))

    assert name == "ferry"
    assert isinstance(found, Article)
    assert found.text == TEXT.decode()


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(99), b"PK\x03\x04" + bytes(99), PDF])
def test_an_upload_that_is_no_article_is_refused_with_its_reason(content: bytes) -> None:
    [(name, found)] = articles_of(Document(content, "ferry", label="ferry"))

    assert name == "ferry"
    assert isinstance(found, UnreadableArticle)
    assert any(word in found.reason for word in ("binary", "no DOCX", "not a PDF"))
