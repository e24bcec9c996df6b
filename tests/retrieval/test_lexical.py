"""The word index: it finds what holds the words, heals itself, and takes any question."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from retrieval import lexical
from retrieval.catalogue import Copy, Record
from retrieval.errors import StoreUnavailable
from retrieval.lexical import Term, WordIndex
from retrieval.types import Scope
from tests.processes import ROOT

DAY = datetime(2023, 11, 10, tzinfo=UTC)


def record(  # noqa: PLR0913 - what a record says
    article_id: str,
    change: int = 1,
    *,
    outlet: str | None = None,
    published: float | None = None,
    passages: int = 1,
    copies: tuple[Copy, ...] = (),
    withdrawn: bool = False,
) -> Record:
    return Record(article_id, "v", outlet, published, "w", change, change, passages, copies, withdrawn)


def add(words: WordIndex, said: str | Record, *texts: str, title: str = "") -> None:
    said = record(said) if isinstance(said, str) else said
    rows = [(f"{said.article_id}#{number}", text) for number, text in enumerate(texts)]
    words.replace(said._replace(passages=len(texts)), title, rows)


def found(
    words: WordIndex, *terms: Term | str, limit: int = 10, scope: Scope | None = None, as_of: datetime | None = None
) -> list[str]:
    named = [Term(one) if isinstance(one, str) else one for one in terms]
    return [name for name, _ in words.search(named, limit, scope, as_of)]


@pytest.fixture
def words() -> Iterator[WordIndex]:
    words = WordIndex(None, "store")
    yield words
    words.close()


def test_words_are_found_by_their_stems_in_text_and_title(words: WordIndex) -> None:
    add(words, "a", "India bought drones.", "Nothing of note.", title="A purchase")
    add(words, "b", "Students arrive.")
    words.commit(1)

    assert found(words, "buy", "drone") == ["a#0"]
    assert set(found(words, "purchases")) == {"a#0", "a#1"}
    assert found(words, "DRONE") == ["a#0"]
    assert found(words, "submarines") == []
    assert found(words) == []
    assert found(words, "...", "") == []


def test_the_rarer_word_counts_for_more_and_a_weight_for_more_still(words: WordIndex) -> None:
    for number in range(8):
        add(words, f"common {number}", "the treaty")
    add(words, "rare", "the tariff")
    words.commit(1)

    assert found(words, "treaty", "tariff")[0] == "rare#0"
    assert found(words, Term("treaty", 50.0), "tariff")[0] != "rare#0"


def test_several_words_are_a_phrase_with_so_many_others_between(words: WordIndex) -> None:
    add(words, "a", "the Quad of four nations met")
    add(words, "b", "nations of the Quad")
    words.commit(1)

    assert found(words, Term("Quad of four")) == ["a#0"]
    assert found(words, Term("Quad nations")) == []
    assert found(words, Term("Quad nations", slop=2)) == ["a#0"]
    assert found(words, Term("MQ-9B")) == []


def test_nothing_is_seen_before_it_is_committed(words: WordIndex) -> None:
    add(words, "a", "drones")
    assert found(words, "drones") == []

    words.commit(7)

    assert found(words, "drones") == ["a#0"]
    assert words.position == 7


def test_an_article_is_replaced_whole_and_a_withdrawn_one_leaves_its_record(words: WordIndex) -> None:
    add(words, "a", "drones", "drones again")
    add(words, "ab", "drones too")
    words.commit(1)
    add(words, record("a", 2), "students")
    words.commit(2)
    assert found(words, "drones") == ["ab#0"]
    assert found(words, "students") == ["a#0"]

    words.replace(record("a", 3, withdrawn=True), "", [])
    words.commit(3)

    assert found(words, "students") == []
    assert {one.article_id: one.withdrawn for one in words.records()} == {"a": True, "ab": False}


def test_a_scope_leaves_the_rest_out(words: WordIndex) -> None:
    second = timedelta(seconds=1)
    add(words, record("early", outlet="X", published=DAY.timestamp()), "drones")
    add(words, record("late", outlet="Y", published=(DAY + timedelta(days=1)).timestamp()), "drones")
    add(words, record("undated", outlet="X"), "drones")
    words.commit(1)

    def within(scope: Scope | None = None, as_of: datetime | None = None) -> set[str]:
        return {name[:-2] for name in found(words, "drones", scope=scope, as_of=as_of)}

    assert within() == {"early", "late", "undated"}
    assert within(Scope(after=DAY)) == {"early", "late"}
    assert within(Scope(after=DAY + second)) == {"late"}
    assert within(Scope(before=DAY + timedelta(days=1))) == {"early"}
    assert within(as_of=DAY) == {"early"}
    assert within(as_of=DAY - second) == set()
    assert within(Scope(before=DAY + second), DAY + timedelta(days=9)) == {"early"}
    assert within(Scope(outlets=("X",))) == {"early", "undated"}
    assert within(Scope(outlets=("X", "Y"), after=DAY)) == {"early", "late"}
    assert within(Scope(article_ids=("late", "gone"))) == {"late"}
    assert within(Scope(outlets=("X",), article_ids=("late",))) == set()


@pytest.mark.parametrize(
    "question",
    [
        "(" * 5000,
        '"' * 999,
        "a" * 2000,
        "text:drones AND -x^9~ [1 TO *]",
        "\ud800 drones",
        "\0",
        "the " * 20_000,
        "ﷺ" * 99,
    ],
    ids=range(8),
)
def test_any_question_is_no_trouble(words: WordIndex, question: str) -> None:
    add(words, "a", "drones")
    words.commit(1)

    assert set(found(words, *[Term(one) for one in question.split()], Term(question, slop=2))) <= {"a#0"}
    assert words.shares([Term(question), Term("drones")], ["a#0", "gone"]).keys() <= {"a#0"}


# On disk


def filled(folder: Path, store: str = "store") -> None:
    words = WordIndex(folder, store)
    for number in range(40):
        add(words, f"a{number}", f"drones of number{number}")
    words.commit(5)
    add(words, record("a1", 6, copies=(("a2", "v"),)), "students")
    words.commit(6)
    words.close()


def test_what_was_committed_is_there_after_closing_with_its_position_and_records(tmp_path: Path) -> None:
    filled(tmp_path / "words")
    words = WordIndex(tmp_path / "words", "store")

    assert words.position == 6
    assert found(words, "number7") == ["a7#0"]
    assert found(words, "number1") == []
    assert len(words.records()) == 40
    changed = record("a1", 6, copies=(("a2", "v"),))
    assert [one for one in words.records() if one.article_id == "a1"] == [changed]


@pytest.mark.parametrize("why", ["another store", "another format", "no index", "gone"])
def test_an_index_that_is_not_of_this_store_begins_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    folder = tmp_path / "words"
    filled(folder, "another" if why == "another store" else "store")
    if why == "another format":
        monkeypatch.setattr(lexical, "_FORMAT", 999)
    elif why == "no index":
        shutil.rmtree(folder)
        folder.mkdir()
        (folder / "meta.json").write_text("{}")
    elif why == "gone":
        shutil.rmtree(folder)

    words = WordIndex(folder, "store")

    assert (words.position, words.records()) == (0, [])
    add(words, "a", "drones")
    words.commit(1)
    words.close()
    assert found(WordIndex(folder, "store"), "drones") == ["a#0"]


def test_an_index_with_any_file_cut_short_or_lost_is_as_it_was_or_begins_anew(tmp_path: Path) -> None:
    filled(tmp_path / "whole")
    begun_anew = 0
    names = [path.name for path in (tmp_path / "whole").iterdir()]
    for number, name in enumerate(names):
        for how in ("half", "empty", "gone"):
            folder = tmp_path / f"{number} {how}"
            shutil.copytree(tmp_path / "whole", folder)
            data = (folder / name).read_bytes()
            (folder / name).write_bytes(data[: len(data) // 2] if how == "half" else b"")
            if how == "gone":
                (folder / name).unlink()

            words = WordIndex(folder, "store")

            records = len(words.records())  # it is read as it is opened, and then begins anew as well
            assert (words.position, records) in {(6, 40), (0, 0)}
            begun_anew += words.position == 0
            add(words, "b", "submarines")
            words.commit(9)
            assert found(words, "submarines") == ["b#0"]
            words.close()
    assert begun_anew > len(names)


def test_files_of_a_commit_that_was_interrupted_are_not_in_the_way_of_the_next(tmp_path: Path) -> None:
    folder = tmp_path / "words"
    words = WordIndex(folder, "store")
    for number in range(50):
        add(words, f"a{number}", "drones")
    words.commit(1)
    shutil.copytree(folder, tmp_path / "before")
    add(words, record("a1", 2), "students")
    words.commit(2)
    words.close()
    # As if it had been killed before it named the new files: the list of all that it began to write is the newer one.
    for path in (tmp_path / "before").iterdir():
        if path.name != ".managed.json":
            shutil.copy(path, folder)

    words = WordIndex(folder, "store")
    assert words.position == 1
    for extra in range(12):  # tantivy names files by counting operations: one of these counts alike
        add(words, f"extra {extra}")
        add(words, record("a1", 2 + extra), "students")
        words.commit(2 + extra)

    assert found(words, "students") == ["a1#0"]


def test_an_index_that_is_in_use_is_refused_and_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "words"
    filled(folder)
    words = WordIndex(folder, "store")

    with pytest.raises(StoreUnavailable, match=str(folder)):
        WordIndex(folder, "store")

    assert found(words, "number7") == ["a7#0"]


def test_where_no_folder_can_be_it_is_our_own_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreUnavailable, match="cannot be kept"):
        WordIndex(tmp_path / "file" / "words", "store")


FULL = """
import resource, sys
from pathlib import Path
from retrieval.errors import StoreUnavailable
from retrieval.lexical import Term, WordIndex
from tests.retrieval.test_lexical import add, found
words = WordIndex(Path(sys.argv[1]), "store")
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    for number in range(400):
        add(words, f"new {number}", f"submarines of number{number}")
    words.commit(9)
except StoreUnavailable as error:
    said = str(error)
words.open()
whole = words.position, len(words.records()), found(words, "number7"), found(words, "submarines")
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
words.open()
add(words, "late", "submarines")
words.commit(9)
print(said, whole, found(words, "submarines"))
"""


@pytest.mark.parametrize("bytes_left", [0, 1_000])
def test_a_full_disk_is_our_own_error_and_loses_nothing_that_was_committed(tmp_path: Path, bytes_left: int) -> None:
    filled(tmp_path / "words")

    done = subprocess.run(
        [sys.executable, "-c", FULL, tmp_path / "words", str(bytes_left)],
        cwd=ROOT,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )

    assert "cannot be kept" in done.stdout, done.stdout
    assert done.stdout.endswith("(6, 40, ['a7#0'], []) ['late#0']\n")
