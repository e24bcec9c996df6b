"""The whole corpus as a file and back: each version of each article, character for character."""

import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.corpus_file import LONGEST_LINE, CorpusFile, History, Refused, Stored, head_of, lines_of
from retrieval.errors import ModelUnavailable
from retrieval.exporting import exported
from retrieval.importing import Imported, imported, take_in
from retrieval.ingest import ingest
from retrieval.lexical import Term
from retrieval.store import Store
from retrieval.types import Article, Withdrawal, make_article
from tests.fakes import WordEmbedder
from tests.retrieval.test_reembedding import Ending

AWKWARD = 'Lone\rreturns,\r\nends \u2028 and \u2029 and \x85, 🎓 👩‍👩‍👧, e\u0301, \ufeff, \x01 \x7f "quotes" \\ back.\n'
NUMBER = 8

Open = Callable[[], Store]


def article(number: int, words: str = "nothing new") -> Article:
    return make_article(
        article_id=f"desk/a {number} ü?#\u2028",
        title=f"Title {number} “{AWKWARD[:40]}”",
        text=f"Article {number} of town{number} says {words}. {AWKWARD}" * (1 + number % 3),
        outlet="The Desk\u2028" if number % 2 else None,
        url=f"https://desk.example/{number}" if number % 3 else None,
        credits=["PTI", "AFP \u2029"] if number % 2 else [],
        authors=["A. Writer"] if number % 4 else [],
    )


async def put(store: Store, one: Article) -> None:
    await ingest(one, store, WordEmbedder(), restore=True)


async def filled(store: Store) -> None:
    """Fill a store with what there is: corrections, one that came back, and withdrawals of every kind."""
    for number in range(NUMBER):
        await put(store, article(number))
    for words in ("a correction", "another", "nothing new"):
        await put(store, article(1, words))
    await store.withdraw(article(2).source.article_id, "It was wrong.")
    await put(store, article(3, "a correction"))
    await store.withdraw(article(3).source.article_id)
    await store.withdraw(article(4).source.article_id, "A court said so.", purge=True)
    await store.withdraw(article(5).source.article_id, "By mistake")
    await put(store, article(5, "that it is back"))


async def lines(store: Store) -> list[str]:
    return [line async for line in exported(store)]


async def as_bytes(lines: Iterable[str]) -> AsyncIterator[bytes]:
    for line in lines:
        yield line.encode()


async def taken(store: Store, lines: Iterable[str], embedder: WordEmbedder | None = None) -> Imported:
    model = embedder or WordEmbedder()
    return await imported(as_bytes(lines), lambda some: take_in(some, store, model), lambda *_: None)


def parsed(lines: Sequence[str]) -> list[dict[str, object]]:
    return sorted((json.loads(line) for line in lines), key=lambda one: json.dumps(one, sort_keys=True))


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Store]:
    with Store.open_embedded(tmp_path / "source", WordEmbedder()) as store:
        yield store


async def test_exported_imported_and_exported_again_the_file_is_the_same(open_store: Open, source: Store) -> None:
    await filled(source)
    written = await lines(source)
    store = open_store()

    done = await taken(store, written)

    assert (done.created, done.withdrawn, done.refused) == (NUMBER - 3, 3, ())
    assert await store.corpus() == await source.corpus()
    assert json.loads(written[0]) == {"groundwire": 1, **(await store.corpus()).model_dump()}
    again = await lines(store)
    assert again[0] == written[0]
    assert again[-1] == written[-1]
    assert parsed(again) == parsed(written)
    assert [one.article_id for one in await store.sources(0, 9)] == [
        one.article_id for one in await source.sources(0, 9)
    ]
    for number in range(NUMBER):
        article_id = article(number).source.article_id
        assert await store.standing(article_id) == await source.standing(article_id)
        before, after = await source.versions(article_id), await store.versions(article_id)
        assert [(one.source.version, one.stored, one.current) for one in after] == [
            (one.source.version, one.stored, one.current) for one in before
        ]
        for one in before:
            read = await store.article(article_id, one.source.version)
            was = await source.article(article_id, one.source.version)
            assert read
            assert was
            assert read.text == was.text
            assert read.source.model_copy(update={"origin": ""}) == was.source.model_copy(update={"origin": ""})
    [vector] = await WordEmbedder().embed(["Article 7 of town7"], "question")
    found = await store.candidates(vector, [Term("town7")], 3)
    assert found[0].passage.source.article_id == article(7).source.article_id


async def test_the_same_file_twice_writes_nothing_and_embeds_nothing(open_store: Open, source: Store) -> None:
    await filled(source)
    written = await lines(source)
    store = open_store()
    await taken(store, written)
    before = {
        name: getattr(store._archive, name).get(include=["documents", "metadatas"])
        for name in ("articles", "passages", "superseded", "pending")
    }
    embedder = WordEmbedder()

    again = await taken(store, written, embedder)

    assert again == Imported(unchanged=NUMBER)
    assert not embedder.asked
    for name, rows in before.items():
        assert getattr(store._archive, name).get(include=["documents", "metadatas"]) == rows


async def test_each_line_is_one_to_every_program_and_says_all_that_it_should(source: Store) -> None:
    await filled(source)
    written = await lines(source)
    assert all(line.endswith("\n") and len(line.splitlines()) == 1 for line in written)
    assert head_of(written[0].encode())
    assert not any(head_of(line.encode()) for line in written[1:])
    of_one = [
        json.loads(line) for line in written[1:-1] if json.loads(line)["article_id"] == article(1).source.article_id
    ]
    assert [one["current"] for one in of_one] == [False, False, False, True]
    assert [one["text"] for one in of_one] == [
        article(1, words).text for words in ("nothing new", "a correction", "another", "nothing new")
    ]
    moments = [moment for one in of_one for moment in one["stored"]]
    assert moments == sorted(moments)
    assert len(moments) == 4
    [purged] = [
        json.loads(line) for line in written[1:-1] if json.loads(line)["article_id"] == article(4).source.article_id
    ]
    assert purged.keys() == {"article_id", "withdrawn"}
    assert purged["withdrawn"]["reason"] == "A court said so."
    assert "town4 " not in "".join(written)
    end = json.loads(written[-1])
    assert end["articles"] + end["withdrawn"] + end["superseded"] == len(written) - 2
    assert end["fingerprint"] == json.loads(written[0])["fingerprint"]


# Into a store that holds something


async def test_what_is_stored_here_later_stays_and_what_comes_is_readable(open_store: Open, source: Store) -> None:
    await put(source, article(1))
    await put(source, article(1, "what came from there"))
    written = await lines(source)
    store = open_store()
    await put(store, article(1, "what is here"))

    done = await taken(store, written)

    assert done == Imported(older=1, versions=2)
    current = await store.article(article(1).source.article_id)
    assert current
    assert current.text == article(1, "what is here").text
    for words in ("nothing new", "what came from there"):
        found = await store.article(current.source.article_id, article(1, words).source.version)
        assert found
        assert found.text == article(1, words).text
    versions = await store.versions(current.source.article_id)
    assert [one.current for one in versions] == [False, False, True]
    assert await taken(store, written) == Imported(unchanged=1)


async def test_what_was_stored_there_later_is_current_and_what_was_here_is_readable(
    open_store: Open, source: Store
) -> None:
    store = open_store()
    await put(store, article(1, "what was here"))
    await put(source, article(1))
    written = await lines(source)

    done = await taken(store, written)

    assert done == Imported(replaced=1)
    assert await store.version(article(1).source.article_id) == article(1).source.version
    found = await store.article(article(1).source.article_id, article(1, "what was here").source.version)
    assert found
    assert found.text == article(1, "what was here").text
    assert await taken(store, written) == Imported(unchanged=1)


async def test_a_withdrawal_here_is_not_undone_and_one_there_is_taken_over_unless_it_was_stored_here_since(
    open_store: Open, source: Store
) -> None:
    store = open_store()
    for number in range(4):
        await put(store, article(number))
        await put(source, article(number))
    await store.withdraw(article(0).source.article_id, "Here")
    await source.withdraw(article(1).source.article_id, "There")
    await source.withdraw(article(2).source.article_id, "There")
    await put(store, article(2, "what came after that"))
    await source.withdraw(article(3).source.article_id, "A court there", purge=True)
    written = await lines(source)

    done = await taken(store, written)

    assert done == Imported(unchanged=2, withdrawn=2, still_here=(article(3).source.article_id,))
    here, there, since, purged = [await store.standing(article(number).source.article_id) for number in range(4)]
    assert isinstance(here, Withdrawal)
    assert here.reason == "Here"
    assert there == await source.standing(article(1).source.article_id)
    assert since == article(2, "what came after that").source.version
    assert isinstance(purged, Withdrawal)
    assert (purged.reason, purged.purged) == ("A court there", False)
    for number in range(4):
        assert await store.article(article(number).source.article_id, article(number).source.version)
    assert await taken(store, written) == Imported(unchanged=4)


async def test_what_is_purged_here_does_not_come_back(open_store: Open, source: Store) -> None:
    await put(source, article(1))
    await put(source, article(1, "a correction"))
    written = await lines(source)
    store = open_store()
    await taken(store, written)
    await store.withdraw(article(1).source.article_id, "A court", purge=True)

    done = await taken(store, written)

    assert done == Imported(unchanged=1)
    assert store._archive.superseded.count() == store._archive.passages.count() == 0


async def test_what_is_purged_while_it_is_imported_does_not_come_back(
    open_store: Open, source: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(source, article(1))
    await put(source, article(1, "a correction"))
    written = await lines(source)
    store = open_store()
    await put(store, article(1, "a correction"))
    keep = store.keep

    async def purged_before(versions: Sequence[tuple[Article, Sequence[datetime]]]) -> int:
        assert await store.withdraw(article(1).source.article_id, purge=True)
        return await keep(versions)

    monkeypatch.setattr(store, "keep", purged_before)

    done = await taken(store, written)

    assert done.versions == 0
    assert store._archive.superseded.count() == 0


async def test_an_earlier_version_is_not_kept_before_the_article_is_there(open_store: Open, source: Store) -> None:
    """A purge finds texts by the article's record."""
    await put(source, article(1))
    await put(source, article(1, "a correction"))
    first, earlier, current, last = await lines(source)
    store = open_store()
    leaving = Ending(0)
    leaving.name, leaving.dimensions = "words-64", 64
    with pytest.raises(ModelUnavailable):
        await taken(store, [first, earlier, current, last], leaving)
    assert store._archive.superseded.count() == 0

    done = await taken(store, [first, earlier, current.replace("a correction", "another"), last])

    assert [one.line for one in done.refused] == [3, 2]
    assert done.refused[-1].reason.startswith("an earlier version of an article whose current one is not here yet")
    assert store._archive.superseded.count() == 0
    assert await taken(store, [first, earlier, current, last]) == Imported(created=1, versions=1)


# Files that are cut, changed, or of another kind


async def test_a_wrong_line_is_told_with_its_number_and_loses_nothing_else(open_store: Open, source: Store) -> None:
    await filled(source)
    written = await lines(source)
    at = next(place for place, line in enumerate(written) if article(7).text[:20] in line)
    wrong = {
        1: "not json\n",
        2: '{"article_id": "x", "version": "y"}\n',
        at: written[at].replace("says nothing new", "says something else"),
    }
    inserted = [wrong.get(place, line) for place, line in enumerate(written)]
    store = open_store()

    done = await taken(store, inserted)

    assert [one.line for one in done.refused] == [place + 1 for place in wrong]
    assert [one.reason.partition(":")[0] for one in done.refused] == [
        "not JSON in UTF-8",
        "stored",
        "its words are not those of the version " + article(7).source.version,
    ]
    assert await taken(store, written) == Imported(created=2, versions=1, unchanged=NUMBER - 2)
    assert await store.corpus() == await source.corpus()


async def test_a_file_that_is_cut_anywhere_says_so_and_the_whole_one_completes_it(
    open_store: Open, source: Store
) -> None:
    await filled(source)
    written = "".join(await lines(source)).encode()
    store = open_store()
    for part in (10, len(written) // 3, len(written) // 2, written.rindex(b"\n", 0, -1), len(written) - 5):

        async def cut(part: int = part) -> AsyncIterator[bytes]:
            yield written[:part]

        done = await imported(lines_of(cut()), lambda some: take_in(some, store, WordEmbedder()), lambda *_: None)
        assert done.refused
        assert any("cut off" in one.reason for one in done.refused) or part == 10
    done = await taken(store, written.decode().splitlines(keepends=True))
    assert not done.refused
    assert await store.corpus() == await source.corpus()
    assert parsed(await lines(store)) == parsed(await lines(source))


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:00:00-05:00"])
@pytest.mark.parametrize("field", ["stored", "published"])
async def test_a_moment_that_cannot_be_told_in_utc_loses_its_line_and_nothing_else(
    open_store: Open, source: Store, field: str, moment: str
) -> None:
    await put(source, article(1))
    await put(source, article(2))
    written = await lines(source)
    written[1] = json.dumps({**json.loads(written[1]), field: [moment] if field == "stored" else moment}) + "\n"

    done = await taken(open_store(), written)

    assert done.created == 1
    assert [(one.line, one.reason[:27]) for one in done.refused][:1] == [(2, "a moment in the year 1 or 9")]


async def test_lines_that_are_lost_twice_or_exchanged_are_noticed(source: Store) -> None:
    for number in range(4):
        await put(source, article(number))
    first, *articles, last = await lines(source)
    others = [json.dumps({**json.loads(articles[0]), "article_id": "another"}) + "\n", *articles[1:]]
    for some, reason in [
        ([first, *articles[1:], last], "4 lines are announced, and 3 are there"),
        ([first, *articles, articles[0], last], "4 lines are announced, and 5 are there"),
        ([first, articles[1], *articles[1:], last], "the articles are not those that were exported"),
        ([first, *others, last], "the articles are not those that were exported"),
        ([first, *articles], "the last line is missing"),
        ([first, *articles, last, articles[0]], "stands behind the last line"),
        ([first, *articles, first, last], "the first line of another export"),
        (articles, "no export of groundwire"),
        ([], "empty"),
        (['{"id": "x", "title": "t", "text": "a plain article"}\n'] * 3, "no export of groundwire"),
        ([first.replace('"groundwire": 1', '"groundwire": 2'), *articles, last], "an export of another release"),
        (["\x00\x01PDF\n", *articles], "no export of groundwire"),
    ]:
        found = [one async for one in CorpusFile(as_bytes(some)).read() if isinstance(one, Refused)]
        assert any(reason in one.reason for one in found), (reason, found)


async def test_an_import_that_the_model_leaves_goes_on_where_it_ended(open_store: Open, source: Store) -> None:
    await filled(source)
    written = await lines(source)
    store = open_store()
    ending = Ending(3)
    ending.name, ending.dimensions = "words-64", 64
    with pytest.raises(ModelUnavailable):
        await taken(store, written, ending)
    going_on = WordEmbedder()

    done = await taken(store, written, going_on)

    assert len(going_on.asked) == done.created <= NUMBER - 3
    assert await store.corpus() == await source.corpus()
    assert parsed(await lines(store)) == parsed(await lines(source))


async def test_a_line_without_an_end_is_not_read_whole_and_an_article_of_many_versions_comes_in_parts() -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b'{"groundwire": 1, "articles": 1, "fingerprint": ""}\n'
        for _ in range(LONGEST_LINE // 10_000_000 + 3):
            yield b" x" * 5_000_000

    first, line = [line async for line in lines_of(endless())]
    assert LONGEST_LINE < len(line) < LONGEST_LINE + 20_000_000

    one = make_article(article_id="a", title="t", text="x" * 3_000_000)
    version = {
        "article_id": "a",
        "version": one.source.version,
        "title": "t",
        "stored": ["2026-01-01T00:00:00Z"],
        "current": False,
        "text": one.text,
    }
    many = [first.decode(), *[json.dumps(version) + "\n"] * 9]
    found = [one async for one in CorpusFile(as_bytes(many)).read() if isinstance(one, History)]
    assert [len(one.superseded) for one in found] == [2, 2, 2, 2, 1]


async def test_the_versions_of_an_article_are_each_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    one = make_article(article_id="a", title="t", text="x")
    version = {"article_id": "a", "version": one.source.version, "title": "t", "text": one.text, "current": False}
    line = json.dumps({**version, "stored": ["2026-01-01T00:00:00Z"]}) + "\n"
    looks = 0
    is_current = Stored.__getattribute__

    def counted(self: Stored, name: str) -> object:
        nonlocal looks
        looks += 1
        return is_current(self, name)

    monkeypatch.setattr(Stored, "__getattribute__", counted)

    async def looks_of(number: int) -> int:
        before = looks
        head = '{"groundwire": 1, "articles": 1, "fingerprint": ""}\n'
        [found] = [
            one async for one in CorpusFile(as_bytes([head, *[line] * number])).read() if isinstance(one, History)
        ]
        assert len(found.superseded) == number
        return looks - before

    assert await looks_of(200) < 2.5 * await looks_of(100)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(st.binary(max_size=80), st.sampled_from([b"{", b'{"groundwire":1', b"\n", b"[[[[" * 500])), max_size=8
    )
)
async def test_whatever_stands_in_a_file_is_told_and_breaks_nothing(chunks: list[bytes]) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b'{"groundwire": 1, "articles": 0, "fingerprint": ""}\n'
        for chunk in chunks:
            yield chunk

    found = [one async for one in CorpusFile(lines_of(pieces())).read()]
    assert all(isinstance(one, Refused) for one in found)
    assert found


async def test_a_store_of_an_older_release_is_exported_too(tmp_path: Path) -> None:
    """Its records say neither when a version was stored nor why an article was withdrawn."""
    with Store.open_embedded(tmp_path / "old", WordEmbedder()) as store:
        for words in ("nothing new", "a correction"):
            await put(store, article(1, words))
        await put(store, article(2))
        await store.withdraw(article(2).source.article_id)
    with sqlite3.connect(tmp_path / "old" / "chroma" / "chroma.sqlite3") as database:
        database.execute("DELETE FROM embedding_metadata WHERE key IN ('stored', 'times', 'withdrawn_at', 'reason')")
    database.close()
    with (
        Store.open_embedded(tmp_path / "old", WordEmbedder()) as old,
        Store.open_embedded(tmp_path / "new", WordEmbedder()) as new,
    ):
        written = await lines(old)
        await taken(new, written)
        assert parsed(await lines(new)) == parsed(written)
        assert [one.source.version for one in await new.versions(article(1).source.article_id)] == [
            article(1, words).source.version for words in ("nothing new", "a correction")
        ]
        assert await new.standing(article(2).source.article_id) == await old.standing(article(2).source.article_id)
