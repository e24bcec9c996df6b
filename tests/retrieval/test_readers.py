"""Files become articles, or a sentence for their author."""

import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval import readers
from retrieval.errors import UnreadableArticle
from retrieval.readers import Document, document_files, documents, documents_below, kinds
from retrieval.readers.fields import Fields
from retrieval.types import Article

DAY = datetime(2023, 11, 10, tzinfo=UTC)
EVERYTHING = """\
---
id: desk/drones 1
title: "India buys: drones"
published: 2023-11-10T12:13:00+05:30
outlet: The Desk
url: https://desk.example/drones
credits: [PTI, AFP]
seed: 000.txt
tags: [a, {b: c}]
---
India plans to buy 31 drones.
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "news"
    folder.mkdir()
    return folder


def article(folder: Path, content: str | bytes, name: str = "a.md") -> Article:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return readers.read(Document(path, "a"))


def refused(folder: Path, content: str | bytes, name: str = "a.md") -> str:
    with pytest.raises(UnreadableArticle) as raised:
        article(folder, content, name)
    assert raised.value.name == str(folder / name)
    assert str(raised.value) == f"{raised.value.name}: {raised.value.reason}"
    assert "\n" not in raised.value.reason
    return raised.value.reason


def test_front_matter_gives_every_field_and_unknown_keys_are_ignored(folder: Path) -> None:
    read = article(folder, EVERYTHING)

    source = read.source
    assert source.article_id == "desk/drones 1"
    assert source.title == "India buys: drones"
    assert source.published == datetime(2023, 11, 10, 6, 43, tzinfo=UTC)
    assert source.outlet == "The Desk"
    assert source.url == "https://desk.example/drones"
    assert source.credits == ("PTI", "AFP")
    assert source.origin == source.article_id
    assert read.text == "India plans to buy 31 drones.\n"


def test_without_front_matter_the_first_line_is_the_title_and_stays_in_the_text(folder: Path) -> None:
    read = article(folder, "\n# India buys drones\n\nThirty-one.\n")

    assert read.source.title == "India buys drones"
    assert read.source.article_id == "a"
    assert read.text == "\n# India buys drones\n\nThirty-one.\n"


def test_front_matter_without_a_title_takes_the_first_line(folder: Path) -> None:
    assert article(folder, "---\noutlet: X\n---\n\n## Drones\ntext").source.title == "Drones"


def test_an_empty_front_matter_is_no_error(folder: Path) -> None:
    assert article(folder, "---\n---\nDrones.").text == "Drones."


def test_a_title_is_cut_to_its_length_when_the_first_line_is_body(folder: Path) -> None:
    assert len(article(folder, "word " * 100).source.title) <= 200


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2023-11-10", DAY),
        ('"2023-11-10"', DAY),
        ("2023-11-10 12:13", DAY + timedelta(hours=12, minutes=13)),
        ("2023-11-10T12:13:00", DAY + timedelta(hours=12, minutes=13)),
        ("2023-11-10T12:13:00Z", DAY + timedelta(hours=12, minutes=13)),
        ("2023-11-10 12:13:00 +05:30", DAY + timedelta(hours=6, minutes=43)),
        ('"2023-11-10T12:13+05:30"', DAY + timedelta(hours=6, minutes=43)),
        ("", None),
        ("~", None),
    ],
)
def test_a_date_is_midnight_utc_and_a_moment_utc_unless_it_says_otherwise(
    folder: Path, given: str, expected: datetime | None
) -> None:
    assert article(folder, f"---\npublished: {given}\n---\ntext").source.published == expected


@pytest.mark.parametrize(
    "given",
    [
        "yesterday",
        "10 November 2023",
        "20231110",
        "1701020301050",
        "[2023-11-10]",
        "2023-13-45",
        '"2023-02-30"',
        "true",
    ],
)
def test_what_is_no_date_is_refused(folder: Path, given: str) -> None:
    assert "front matter" in (reason := refused(folder, f"---\npublished: {given}\n---\nx")) or "published" in reason


def test_a_moment_that_utc_does_not_have_is_refused(folder: Path) -> None:
    for moment in ("'0001-01-01T00:00:00+05:30'", "0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-01:00"):
        assert "years" in refused(folder, f"---\npublished: {moment}\n---\nx")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("PTI", ("PTI",)),
        ("[]", ()),
        ("", ()),
        ("[PTI, 24]", ("PTI", "24")),
        ("\n- PTI\n- AFP", ("PTI", "AFP")),
        ('["", PTI, " ", ~]', ("PTI",)),
    ],
)
def test_credits_are_a_name_or_a_list_of_names(folder: Path, given: str, expected: tuple[str, ...]) -> None:
    assert article(folder, f"---\ncredits: {given}\n---\nx").source.credits == expected


@pytest.mark.parametrize("given", ["{a: b}", "[[a]]", "[{a: b}]"])
def test_credits_of_another_shape_are_refused(folder: Path, given: str) -> None:
    assert "`credits`" in refused(folder, f"---\ncredits: {given}\n---\nx")


@pytest.mark.parametrize("key", ["title", "outlet", "url", "id"])
@pytest.mark.parametrize("given", ["[a, b]", "{a: b}"])
def test_a_field_that_is_no_line_of_text_is_refused(folder: Path, key: str, given: str) -> None:
    assert f"`{key}`" in refused(folder, f"---\n{key}: {given}\n---\nx")


@pytest.mark.parametrize("key", ["title", "outlet", "url", "credits"])
@pytest.mark.parametrize(("given", "problem"), [("x" * 1001, "longer than 1,000"), ('"a\\0b"', "NUL")])
def test_a_field_that_the_service_would_refuse_is_refused_here(
    folder: Path, key: str, given: str, problem: str
) -> None:
    reason = refused(folder, f"---\n{key}: {given}\n---\nx")

    assert f"`{key}`" in reason
    assert problem in reason


@pytest.mark.parametrize("given", ['"a\\tb"', '"a\\x7f"', '"a\\0"', ".", '".."', "x" * 1001])
def test_an_id_that_cannot_end_a_path_is_refused(folder: Path, given: str) -> None:
    assert "its id" in refused(folder, f"---\nid: {given}\n---\nx")


def test_the_longest_fields_and_dots_within_an_id_are_allowed(folder: Path) -> None:
    source = article(folder, f"---\nid: ../up\ntitle: {'x' * 1000}\n---\nx").source

    assert (source.article_id, len(source.title)) == ("../up", 1000)


def test_a_title_without_words_is_refused(folder: Path) -> None:
    assert "`title`" in refused(folder, "###", " .md")


def test_a_field_that_yaml_takes_for_a_number_is_text(folder: Path) -> None:
    source = article(folder, "---\ntitle: 2023\nid: 7\noutlet: 9.5\n---\nx").source

    assert (source.title, source.article_id, source.outlet) == ("2023", "7", "9.5")


def test_a_title_with_half_a_character_can_be_stored(folder: Path) -> None:
    assert article(folder, '---\ntitle: "half \\ud83d"\n---\nx').source.title == "half \ufffd"


@pytest.mark.parametrize("suffix", ["md", "markdown", "txt", "MD"])
def test_line_ends_and_every_other_character_are_kept(folder: Path, suffix: str) -> None:
    text = "First\r\n\r\nsecond\rthird\u2028e\u0301 🙂\t\u00a0 \r\n"

    assert article(folder, text, f"a.{suffix}").text == text


def test_front_matter_with_windows_line_ends_is_read(folder: Path) -> None:
    read = article(folder, EVERYTHING.replace("\n", "\r\n"))

    assert read.source.title == "India buys: drones"
    assert read.text == "India plans to buy 31 drones.\r\n"


def test_a_byte_order_mark_is_no_part_of_the_article(folder: Path) -> None:
    assert article(folder, b"\xef\xbb\xbf" + EVERYTHING.encode()).source.outlet == "The Desk"
    assert article(folder, b"\xef\xbb\xbfdate 2023-11-10\nDrones.", "a.txt").source.published == DAY


def test_dashes_below_the_front_matter_are_text(folder: Path) -> None:
    assert article(folder, "---\ntitle: T\n---\nA\n---\nB\n").text == "A\n---\nB\n"


@pytest.mark.parametrize(
    ("first", "title", "published"),
    [
        ("date 2023-11-10", "Drones", DAY),
        ("Date: 2023-11-10", "Drones", DAY),
        ("date 2023-11-10 India buys drones", "India buys drones", DAY),
        ("date 2023-11-10T12:13 Drones rise", "Drones rise", DAY + timedelta(hours=12, minutes=13)),
        ("date 2023-11-10 12:13:30Z", "Drones", DAY + timedelta(hours=12, minutes=13, seconds=30)),
        (
            "date 2023-11-10T12:13:00+05:30 Drones rise",
            "Drones rise",
            datetime(2023, 11, 10, 12, 13, tzinfo=timezone(timedelta(hours=5, minutes=30))),
        ),
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_plain_text_may_begin_with_its_date_and_title(
    folder: Path, first: str, title: str, published: datetime, line_end: str
) -> None:
    read = article(folder, f"{first}{line_end}Drones{line_end}Thirty-one.", "a.txt")

    assert read.source.published == published
    assert read.source.title == title
    assert read.text == f"Drones{line_end}Thirty-one."


def test_a_date_line_that_goes_on_for_long_is_text(folder: Path) -> None:
    words = "word " * 60

    assert article(folder, f"date 2023-11-10 {words}\nmore", "a.txt").text == f"{words}\nmore"


def test_plain_text_without_a_date_line_is_text_alone(folder: Path) -> None:
    read = article(folder, "A date was set.\n---\ntitle: no\n", "a.txt")

    assert read.source.published is None
    assert read.source.title == "A date was set."
    assert read.text == "A date was set.\n---\ntitle: no\n"


@pytest.mark.parametrize(
    ("content", "name", "reason"),
    [
        ("", "a.md", "empty"),
        (" \r\n\t", "a.txt", "empty"),
        (b"\xef\xbb\xbf", "a.md", "empty"),
        ("---\ntitle: T\n---\n \n", "a.md", "empty"),
        ("date 2023-11-10 Title alone", "a.txt", "empty"),
        (b"abc\0def", "a.md", "binary"),
        (bytes(range(256)), "a.txt", "binary"),
        ("---\ntitle: T\ntext", "a.md", "no closing ---"),
        ("---\ntitle: [\n---\ntext", "a.md", "not YAML"),
        ("---\ntitle: a: b\n---\ntext", "a.md", "not YAML"),
        ("---\n\tx: y\n---\ntext", "a.md", "not YAML"),
        (f"---\ntitle: {'[' * 5000}\n---\ntext", "a.md", "not YAML"),
        ("---\nx: !!python/object:os.system {}\n---\ntext", "a.md", "not YAML"),
        ("---\n- a\n---\ntext", "a.md", "`name: value`"),
        ("---\njust words\n---\ntext", "a.md", "`name: value`"),
        ("date 2023-13-45 T\ntext", "a.txt", "not a date"),
        ("text", "a.png", ".png"),
        ("text", "a", "no suffix"),
    ],
)
def test_what_is_no_article_is_refused_with_its_reason(
    folder: Path, content: str | bytes, name: str, reason: str
) -> None:
    assert reason in refused(folder, content, name)


def test_aliases_that_would_grow_without_end_are_refused_at_once(folder: Path) -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)]

    assert "an alias" in refused(folder, "---\n" + "\n".join([*lines, "title: *i"]) + "\n---\ntext")


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    for name in ("gone.md", "gone"):
        with pytest.raises(UnreadableArticle, match="No such file"):
            readers.read(Document(tmp_path / name, "gone"))


def test_a_file_over_the_limit_is_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "LONGEST_FILE", 10)

    assert "11 bytes" in refused(folder, "x" * 11)
    assert article(folder, "x" * 10).text == "x" * 10


@settings(deadline=None)  # the first guess at an encoding loads what it guesses by
@given(content=st.binary())
def test_no_bytes_raise_anything_else(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.md"
    for file in (content, b"---\n" + content + b"\n---\ntext"):
        path.write_bytes(file)
        with suppress(UnreadableArticle):
            assert readers.read(Document(path, "any")).text.strip()


def test_the_files_of_a_folder_come_in_order_with_their_paths_as_ids(folder: Path) -> None:
    for name in [
        "b.md",
        "a.txt",
        "sub/Grüße 1.md",
        "sub/v1.2.markdown",
        ".hidden.md",
        ".git/x.md",
        "sub/.x/y.md",
        "z.png",
    ]:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("text")

    files = list(document_files([folder]))

    assert [file.article_id for file in files] == ["a", "b", "sub/Grüße 1", "sub/v1.2", "z"]
    assert [Path(file.name).name for file in files] == ["a.txt", "b.md", "Grüße 1.md", "v1.2.markdown", "z.png"]
    assert files == list(document_files([folder]))


def test_a_file_that_is_named_has_its_own_name_as_id(folder: Path) -> None:
    (folder / ".hidden").mkdir()
    path = folder / ".hidden" / "U.S. talks.md"
    path.write_text("text")

    assert list(document_files([path, folder / "gone.md"])) == [
        Document(path, "U.S. talks"),
        Document(folder / "gone.md", "gone"),
    ]


def test_a_folder_below_a_hidden_one_is_read_when_it_is_named(tmp_path: Path) -> None:
    folder = tmp_path / ".hidden" / "news"
    folder.mkdir(parents=True)
    (folder / "a.md").write_text("text")

    assert [file.article_id for file in document_files([folder])] == ["a"]


def test_a_file_name_that_is_not_utf_8_gives_an_id_that_is(folder: Path) -> None:
    path = folder / os.fsdecode(b"caf\xe9.md")
    path.write_text("text")

    (file,) = document_files([folder])

    assert readers.read(file).source.article_id == "caf\ufffd"


@pytest.mark.parametrize(
    "front",
    [
        "a0: &a0 {x: 1}\n"
        + "".join(f"a{one}: &a{one} {{<<: [*a{one - 1}, *a{one - 1}, *a{one - 1}]}}\n" for one in range(1, 13)),
        "a0: &a0 [x]\n" + "".join(f"a{one}: &a{one} [*a{one - 1}, *a{one - 1}, *a{one - 1}]\n" for one in range(1, 13)),
        "a: &a [*a]\n",
        "title: !!int 0x" + "f" * 5_000,
        "published: !!timestamp soon",
        "title: !!python/object/apply:os.getcwd []",
        "a: " + "[" * 5_000,
        "a: " + "{a: " * 5_000,
        "".join(f"name{one}: x\n" for one in range(10_000)),
        "a: " + "[" * 60_000,
    ],
)
def test_front_matter_that_is_a_bomb_is_refused_in_no_time(folder: Path, front: str) -> None:
    begun = time.process_time()

    assert "front matter" in refused(folder, f"---\n{front}\n---\nx")
    assert time.process_time() - begun < 5


@pytest.mark.parametrize(
    "given", ["0x" + "f" * 900, "9" * 900, "007", "1_000", "12:30:45", "1e400", ".inf", "0o17", "yes", "<<", "="]
)
def test_a_field_is_as_it_is_written_whatever_yaml_makes_of_it(folder: Path, given: str) -> None:
    source = article(folder, f"---\ntitle: {given}\nid: {given}\ncredits: [{given}, 2]\n---\nx").source

    assert (source.title, source.article_id, source.credits) == (given, given, (given, "2"))


def test_a_number_of_thousands_of_digits_ends_no_ingest(folder: Path) -> None:
    assert "`title` is longer" in refused(folder, f"---\ntitle: 0x{'f' * 5_000}\n---\nx")


def told(folder: Path) -> list[tuple[str, str | None]]:
    """Give the end of each name below a folder, and what the reading of it says."""
    found = [each for file in document_files([folder]) for each in readers.articles_of(file)]
    return [(Path(name).name, one.reason if isinstance(one, UnreadableArticle) else None) for name, one in found]


@pytest.mark.skipif(sys.platform != "linux", reason="a file that cannot be read, whoever one is, is one of Linux")
@pytest.mark.parametrize("suffix", [".md", ".jsonl", ".html"])
def test_a_disk_that_fails_loses_nothing_else(folder: Path, suffix: str) -> None:
    (folder / "a.md").write_text("First.")
    (folder / f"b{suffix}").symlink_to("/proc/self/mem")
    (folder / "c.md").write_text("Last.")

    assert told(folder) == [("a.md", None), (f"b{suffix}", "cannot be read: Input/output error"), ("c.md", None)]


def test_what_is_in_a_folder_that_can_be_listed_alone_is_told(folder: Path) -> None:
    deep, inside = folder, os.open(folder, os.O_RDONLY)
    while len(str(deep)) < 3900:  # bytes; a path may have 4,095
        deep /= "b" * min(200, 4000 - len(str(deep)))
        os.mkdir(deep.name, dir_fd=inside)
        above, inside = inside, os.open(deep.name, os.O_RDONLY, dir_fd=inside)
        os.close(above)
    os.close(os.open("c" * 200 + ".md", os.O_WRONLY | os.O_CREAT, dir_fd=inside))
    os.close(inside)
    (folder / "z.md").write_text("Last.")

    assert told(folder) == [("c" * 200 + ".md", "cannot be read: File name too long"), ("z.md", None)]
    assert [Path(file.name).name for file in documents_below(folder, deep)] == ["c" * 200 + ".md"]


def test_a_link_to_a_folder_is_told_and_not_followed(folder: Path) -> None:
    (folder / "a").mkdir()
    (folder / "a" / "a.md").write_text("First.")
    (folder / "b").symlink_to(folder)

    assert told(folder) == [("a.md", None), ("b", "a link to a folder, which is not followed; name that folder itself")]
    assert [file.article_id for file in document_files([folder / "b" / "a"])] == ["a"]


@pytest.mark.parametrize("suffix", [".md", ".jsonl"])
def test_a_reader_that_fails_as_nobody_foresaw_ends_no_ingest_and_is_logged(
    folder: Path, suffix: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def failing(*_: object) -> Iterator[Fields]:
        yield Fields("First.")
        raise ArithmeticError("nobody knew")

    (folder / "a.md").write_text("text")
    kind = replace(next(kind for kind in kinds.KINDS if suffix in kind.suffixes), read=failing)
    monkeypatch.setattr(kinds, "KINDS", (kind, *kinds.KINDS))
    (folder / f"b{suffix}").write_text("text")
    (folder / "c.txt").write_text("Last.")

    with caplog.at_level(logging.WARNING, "groundwire.readers"):
        found = told(folder)

    assert ("c.txt", None) in found
    assert (f"b{suffix}", "its reader failed on it: ArithmeticError") in found
    assert "nobody knew" in caplog.text
