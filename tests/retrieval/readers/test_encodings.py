"""Bytes become text, whatever they were written as; what is no text is refused."""

import codecs
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.readers.encodings import text_of
from retrieval.readers.fields import NoArticle

NEWS = yaml.safe_load((Path(__file__).parent / "sentences.yaml").read_text(encoding="utf-8"))
UNICODE = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]
STARTS = (12, 25, 40, 80)  # characters


def texts() -> Iterator[tuple[str, str]]:
    """Give each language's first line, its first two, all of them, and about 5 KB."""
    for news in NEWS:
        lines = news["lines"]
        for size, some in [("line", lines[:1]), ("two", lines[:2]), ("all", lines), ("long", lines * 15)]:
            yield f"{news['language']}-{size}", "\r\n".join(some)


def written() -> Iterator[tuple[str, str, str]]:
    encodings = {news["language"]: news["encodings"] for news in NEWS}
    for name, text in texts():
        for encoding in encodings[name.rsplit("-", 1)[0]]:
            kept = text.encode(encoding, "ignore").decode(encoding)  # ISO 8859-1 has no curly quotes
            yield f"{name}-{encoding}", kept, encoding


@pytest.mark.parametrize(("text", "encoding"), [pytest.param(t, e, id=name) for name, t, e in written()])
def test_news_is_read_in_the_encodings_that_it_was_ever_written_in(text: str, encoding: str) -> None:
    assert text_of(text.encode(encoding)) == text


@pytest.mark.parametrize(("text", "encoding"), [pytest.param(t, e, id=name) for name, t, e in written()])
def test_an_encoding_that_is_said_is_believed(text: str, encoding: str) -> None:
    assert text_of(text.encode(encoding), encoding) == text


@pytest.mark.parametrize("encoding", UNICODE)
@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in texts()])
def test_unicode_is_read_with_a_mark_or_without_one(text: str, encoding: str) -> None:
    assert text_of(text.encode(encoding)) == text


def test_the_beginnings_of_lines_are_read_too_but_for_a_few() -> None:
    right = every = 0
    for news in NEWS:
        for encoding in news["encodings"]:
            for start in {line[:length] for line in news["lines"] for length in STARTS}:
                data = start.encode(encoding, "ignore")
                if not data.isascii():
                    every += 1
                    right += text_of(data) == data.decode(encoding)

    assert every > 500
    assert right / every > 0.98


@pytest.mark.parametrize("said", ["iso-8859-1", "windows-1252", "shift_jis", "us-ascii", "gbk"])
def test_utf_8_is_believed_more_than_what_is_said(said: str) -> None:
    assert text_of("Zoë paid 4 € – “gladly”".encode(), said) == "Zoë paid 4 € – “gladly”"


@pytest.mark.parametrize(
    "said", ["unicode_escape", "utf-7", "rot13", "zlib", "hex", "idna", "no-such", "", "\0", "utf-8; q=1", " ' "]
)
def test_what_is_said_and_is_no_encoding_of_texts_is_not_believed(said: str) -> None:
    assert text_of(b"A \\u0041 caf\xe9 +AGE-", said) == "A \\u0041 café +AGE-"


@pytest.mark.parametrize("said", ["ISO-8859-1", "latin1", "ascii", '"Windows-1252"', "iso-8859-15"])
def test_western_names_mean_what_windows_wrote(said: str) -> None:
    curly = b"\x93It\x92s over\x94 \x96 Zo\xeb"

    assert text_of(curly, said if said != "iso-8859-15" else None) == "“It’s over” – Zoë"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"The caf\xe9.", "The café."),
        (b"I paid 20 \x80 for it.", "I paid 20 € for it."),
        (b"\x93No\x94, he said.", "“No”, he said."),
        (b"A na\xefve plan", "A naïve plan"),
        (b"d'apr\xe8s lui", "d'après lui"),
        (b"\xa9 2023 The Desk", "© 2023 The Desk"),
    ],
)
def test_a_few_bytes_amid_ascii_are_western(data: bytes, text: str) -> None:
    assert text_of(data) == text


def test_a_broken_character_here_and_there_costs_itself_alone() -> None:
    text = "Über größere Änderungen für die Wähler. " * 20
    data = text.encode()

    for place in range(0, 200, 7):
        assert text_of(data[:place] + b"\xff" + data[place:]).replace("\ufffd", "")[-500:] == text[-500:]
    assert text_of(data[:-3] + "ü".encode()[:1]).startswith(text[:-4])


def test_every_character_is_kept() -> None:
    text = "First\r\n\r\nsecond\rthird\u2028e\u0301 🙂\t\u00a0\u200b\ufeff\u0085\f \r\n"

    assert text_of(text.encode()) == text
    assert text_of(text.encode("utf-16")) == text


def test_a_control_character_gone_astray_in_a_long_text_is_kept() -> None:
    text = "A line of an old agency's wire\x03\n" * 5

    assert text_of(("words " * 200 + text).encode()).endswith(text)


@pytest.mark.parametrize(
    "data",
    [
        b"abc\0def",
        b"words " * 1000 + b"\0",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)),
        b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(range(256)),
        b"GIF89a" + bytes(range(256)),
        b"\x7fELF\x02\x01\x01" + bytes(100),
        b"MZ\x90\0" + bytes(range(256)),
        b"PK\x03\x04" + bytes(range(256)),
        b"\x1f\x8b\x08\0" + bytes(range(256)),
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        b"\x1b[31mred\x1b[0m \x1b[32mgreen\x1b[0m",
        bytes(range(1, 32)) * 9,
        codecs.BOM_UTF16_LE + b"\x01\xd8" * 99,
        codecs.BOM_UTF8 + b"\xff" * 99,
    ],
)
def test_what_is_no_text_is_refused(data: bytes) -> None:
    for said in (None, "utf-8", "windows-1252", "utf-16"):
        with pytest.raises(NoArticle, match="binary"):
            text_of(data, said)


@pytest.mark.parametrize("data", [b"", b" \r\n\t", codecs.BOM_UTF8, codecs.BOM_UTF16_LE + b"\n\0"])
def test_a_text_without_words_is_empty(data: bytes) -> None:
    with pytest.raises(NoArticle, match="empty"):
        text_of(data)


@settings(deadline=None)  # the first guess loads what it guesses by
@given(data=st.binary(max_size=500), said=st.sampled_from([None, "utf-8", "big5", "utf-16", "iso-2022-jp", "koi8-r"]))
def test_any_bytes_are_a_text_with_words_or_none(data: bytes, said: str | None) -> None:
    try:
        text = text_of(data, said)
    except NoArticle:
        return
    assert text.strip()
    assert "\0" not in text


@given(text=st.text(st.characters(exclude_categories=["Cc", "Cs"])).filter(str.strip))
def test_any_text_in_utf_8_comes_back_as_it_was(text: str) -> None:
    assert text_of(text.encode(), "shift_jis") == text.removeprefix("\ufeff")
