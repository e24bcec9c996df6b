"""What a search has read is not read again, and what counts is what counts now."""

from collections.abc import Sequence

import numpy as np

from retrieval.catalogue import Catalogue, Record
from retrieval.recent import Recent
from retrieval.remembered import PASSAGES_KEPT, Remembered
from retrieval.rows import PassageRow
from retrieval.types import Article, Source, make_article

NAMES = ["a@1#0~w", "a@1#1~w"]


class Archive:
    """A store's collections, as far as a search reads them; it notes what is asked for."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.catalogue = Catalogue()
        self.gone: set[str] = set()

    def rows(self, names: Sequence[str]) -> dict[str, PassageRow]:
        self.asked.append(list(names))
        row = PassageRow("A text.", 0, 0, 7, np.zeros(1, np.float32), b"")
        return {name: row for name in names if name not in self.gone}

    def records(self, article_ids: Sequence[str]) -> dict[str, tuple[Record, Source]]:
        self.asked.append(list(article_ids))
        return {one: (record(one), article(one).source) for one in article_ids}


def article(article_id: str) -> Article:
    return make_article(article_id=article_id, title="T", text="A text.")


def record(article_id: str, write: str = "w") -> Record:
    version = article(article_id).source.version
    return Record(article_id, version, None, None, write, 1, 1, 1, (), withdrawn=False)


def remembered(archive: Archive, *, alone: bool = True) -> Remembered:
    return Remembered(archive, archive, alone=alone)  # type: ignore[arg-type]  # it stands for the feed, too


def test_a_passage_is_read_once() -> None:
    archive = Archive()
    known = remembered(archive)

    assert list(known.rows(NAMES[:1])) == NAMES[:1]
    assert list(known.rows(NAMES)) == NAMES
    known.rows(NAMES)

    assert archive.asked == [NAMES[:1], NAMES[1:]]


def test_a_passage_that_is_not_there_is_looked_for_again() -> None:
    archive = Archive()
    archive.gone = {NAMES[0]}
    known = remembered(archive)

    assert list(known.rows(NAMES)) == NAMES[1:]
    archive.gone = set()

    assert list(known.rows(NAMES)) == NAMES


def test_records_of_one_s_own_store_are_those_of_the_catalogue() -> None:
    archive = Archive()
    known = remembered(archive)
    archive.catalogue.apply(record("a", "w"))
    known.records(["a"])
    archive.catalogue.apply(record("a", "later"))

    assert known.records(["a"])["a"][0].write == "later"
    assert archive.asked == [["a"]]


def test_records_of_a_store_that_others_write_to_are_read_anew() -> None:
    archive = Archive()
    known = remembered(archive, alone=False)
    archive.catalogue.apply(record("a"))

    known.records(["a"])
    known.records(["a"])

    assert archive.asked == [["a"], ["a"]]


def test_an_article_is_read_once_and_has_the_origin_of_now() -> None:
    archive = Archive()
    known = remembered(archive)
    source = article("a").source
    reads: list[str] = []

    def read(sources: Sequence[Source]) -> dict[str, Article]:
        reads.extend(one.article_id for one in sources)
        return {one.article_id: article(one.article_id) for one in sources}

    first = known.articles([source], read)["a"]
    original = record("b")
    archive.catalogue.apply(original._replace(published=0.0))
    archive.catalogue.apply(record("a")._replace(copies=(("b", original.version),), published=1.0))
    again = known.articles([source], read)["a"]

    assert reads == ["a"]
    assert (first.source.origin, again.source.origin) == ("a", "b")


def test_what_is_forgotten_is_read_again_also_where_it_was_being_read() -> None:
    archive = Archive()
    known = remembered(archive)
    rows = archive.rows

    def forgotten_meanwhile(names: Sequence[str]) -> dict[str, PassageRow]:
        known.forget()
        return rows(names)

    archive.rows = forgotten_meanwhile  # type: ignore[method-assign]
    known.rows(NAMES)
    archive.rows = rows  # type: ignore[method-assign]
    known.rows(NAMES)

    assert archive.asked == [NAMES, NAMES]


def test_what_was_asked_for_last_is_kept_up_to_a_size() -> None:
    recent: Recent[str, str] = Recent(10, lambda _, value: len(value))
    asked: list[str] = []

    def read(names: Sequence[str]) -> dict[str, str]:
        asked.extend(names)
        return {name: name * int(name) for name in names}

    def ask(*names: str) -> None:
        assert recent.get(names, read) == {name: name * int(name) for name in names}

    ask("4")
    ask("5")
    ask("4")
    ask("3")  # the fives go
    ask("4", "3")
    assert asked == ["4", "5", "3"]

    ask("5")
    ask("9")  # all others go
    ask("9")
    recent.clear()
    ask("9")
    assert asked == ["4", "5", "3", "5", "9", "9"]


def test_long_articles_and_large_vectors_leave_room_for_fewer() -> None:
    archive = Archive()
    known = remembered(archive)
    row = PassageRow("A text.", 0, 0, 7, np.zeros(7_500_000, np.float32), bytes(30_000_000))
    archive.rows = lambda names: dict.fromkeys(names, row)  # type: ignore[method-assign]

    known.rows(NAMES)

    assert 50_000_000 < known._passages._kept < PASSAGES_KEPT, "two are more"


def test_a_source_that_was_read_before_it_was_forgotten_is_not_kept() -> None:
    archive = Archive()
    known = remembered(archive)
    archive.catalogue.apply(record("a"))
    records = archive.records

    def forgotten_meanwhile(article_ids: Sequence[str]) -> dict[str, tuple[Record, Source]]:
        found = records(article_ids)
        known.forget()
        return found

    archive.records = forgotten_meanwhile  # type: ignore[method-assign]
    known.records(["a"])
    archive.records = records  # type: ignore[method-assign]
    known.records(["a"])

    assert archive.asked == [["a"], ["a"]]


def test_what_grows_while_it_is_kept_does_not_make_room_for_more_than_it_took() -> None:
    recent: Recent[str, list[int]] = Recent(4, lambda _, value: len(value))
    grown = [1, 2]
    recent.keep({"grown": grown})
    grown += [3, 4]
    for name in "abcd":
        recent.keep({name: [1, 2]})

    assert [name for name in ("grown", *"abcd") if recent.known(name)] == ["c", "d"]
