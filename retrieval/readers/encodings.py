"""Bytes to text: by their mark, by what they are, by what is said of them, else by what they look like."""

import codecs
import re

from retrieval.readers.fields import NoArticle

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Those of the Encoding Standard (https://encoding.spec.whatwg.org), by chardet's names; no others: among Python's are
# programs, such as unicode_escape, and what nobody writes any more is mistaken for what they do write.
_ENCODINGS = """
    utf-8 utf-16-le utf-16-be utf-32-le utf-32-be gb18030 big5hkscs euc_jis_2004 cp932 iso2022_jp_2 cp949
    cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 cp866 cp874 koi8-r koi8-u
    iso8859-2 iso8859-5 iso8859-6 iso8859-7 iso8859-8 iso8859-9 iso8859-15
""".split()
# What narrower names mean, by that standard, and names that Python does not know.
_MEANT = {
    "ascii": "cp1252",
    "big5": "big5hkscs",
    "euc_jp": "euc_jis_2004",
    "euc_kr": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "iso2022_jp": "iso2022_jp_2",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "shift_jis": "cp932",
    "tis-620": "cp874",
    "utf-16": "utf-16-le",
    "utf-32": "utf-32-le",
    "windows-874": "cp874",
    "x-euc-jp": "euc_jis_2004",
    "x-gbk": "gb18030",
    "x-sjis": "cp932",
}
_KNOWN = {codecs.lookup(name).name for name in _ENCODINGS}
_CONTROL = re.compile(r"[\0-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_MIXED = re.compile(
    r"[A-Za-z][\u0370-\u06ff\u0e00-\u0e7f]|[\u0370-\u06ff\u0e00-\u0e7f][A-Za-z]"
)  # Greek to Arabic, Thai
_EAST_ASIAN = re.compile(
    r"[\t\n\r -~\u0e01-\u0e5b\u2010-\u2026\u3000-\u30ff\u4e00-\u9fff\uac00-\ud7a3\uff00-\uffef]{6,}"
)
_DOUBT = 0.05  # above it, lines of sentences.yaml would be misread
_DAMAGE = 20  # characters beyond ASCII for one that is broken; chosen


def text_of(data: bytes, charset: str | None = None) -> str:
    """Give the text of bytes, with every character of it but the byte order mark.

    Args:
        data: the bytes.
        charset: what is said of them, such as by a server; that they are valid UTF-8 is believed first.

    Raises:
        NoArticle: they are no text, or hold no words.

    """
    text = _decoded(data, charset)
    if "\0" in text:
        raise NoArticle("binary: it holds NUL bytes")
    if len(_CONTROL.findall(text)) * 100 > len(text):  # chosen: one may have gone astray in a long text
        raise NoArticle("binary: it holds control characters")
    if not text.strip():
        raise NoArticle("empty")
    return text


def _decoded(data: bytes, charset: str | None) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _marked(data[len(mark) :], encoding)
    text = _strict(data, "utf-8")
    if text is not None and "\0" not in text and "\x1b" not in text:  # escapes switch between sets, in ISO 2022
        return text
    said = _known(charset)
    as_said = _strict(data, said) if said else None
    if as_said is not None and "\0" not in as_said:
        return as_said
    if b"\0" not in data and b"\x1b" not in data:
        for likely in [said, "utf-8"] if said else ["utf-8"]:
            if (mended := _damaged(data, likely)) is not None:
                return mended
    return _guessed(data)


def _marked(data: bytes, encoding: str) -> str:
    text = _damaged(data, encoding)
    if text is None:
        raise NoArticle(f"binary: its first bytes say {encoding[:6].upper()}, which the others are not")
    return text


def _known(charset: str | None) -> str | None:
    """Give the encoding that a name means; None: none that is read."""
    said = (charset or "").strip(" \"'").lower()
    try:
        name = codecs.lookup(_MEANT.get(said, said)).name
    except (LookupError, ValueError):  # ValueError: a NUL
        return None
    name = codecs.lookup(_MEANT.get(name, name)).name
    return name if name in _KNOWN else None


def _strict(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _damaged(data: bytes, encoding: str) -> str | None:
    """Decode what has a broken character here and there, where it was cut or repaired; None: it has more of them."""
    text = data.decode(encoding, "replace")
    beyond = len(text) - len(text.encode("ascii", "ignore"))
    return text if text.count("\ufffd") * (_DAMAGE + 1) <= beyond else None


def _guessed(data: bytes) -> str:
    import chardet  # noqa: PLC0415 - it takes a tenth of a second, and most texts are UTF-8

    found = chardet.detect(data, compat_names=False, include_encodings=_ENCODINGS)
    encoding = found["encoding"]
    if encoding is None:
        plain = _unmarked(data) or _strict(data, "utf-8")
        if plain is None:
            raise NoArticle(f"binary: {found['mime_type'] or 'no text'}")
        return plain
    decoded = data.decode(_MEANT.get(encoding, encoding), "replace")
    beyond = len(decoded) - len(decoded.encode("ascii", "ignore"))
    # A few letters amid those of ASCII are not of another script, nor of what is rare.
    if found["confidence"] < _DOUBT or len(_MIXED.findall(decoded)) * 2 > beyond:
        return _strict(data, "cp1252") or decoded
    return decoded


def _unmarked(data: bytes) -> str | None:
    """Decode East Asian text in UTF-16 that has neither a mark nor a line end to be known by."""
    decoded = (_strict(data, encoding) for encoding in ("utf-16-le", "utf-16-be"))
    return next((text for text in decoded if text and _EAST_ASIAN.fullmatch(text)), None)
