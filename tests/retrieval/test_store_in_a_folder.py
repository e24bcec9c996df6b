"""An embedded store has one owner, and says plainly why it cannot be opened."""

import asyncio
import json
import os
import shutil
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from filelock import FileLock

from retrieval.errors import StoreForeign, StoreLocked, StoreUnavailable
from retrieval.ingest import ingest
from retrieval.limits import BATCH
from retrieval.owner import token_of
from retrieval.store import Store
from retrieval.types import make_article
from tests.fakes import WordEmbedder
from tests.processes import ROOT, until

OWNER = """
import sys
from pathlib import Path
from retrieval.store import Store
from tests.fakes import WordEmbedder
with Store.open_embedded(Path(sys.argv[1]), WordEmbedder()) as store:
    if len(sys.argv) > 2:
        store.announce(sys.argv[2])
    print("open", flush=True)
    sys.stdin.read()
"""


def owner(folder: Path, *address: str) -> list[str | Path]:
    return [sys.executable, "-c", OWNER, folder, *address]


def owned(folder: Path, pid: int, address: str | None) -> bool:
    try:
        note = (folder / "owner.json").read_text()
    except OSError:
        return False
    told = json.loads(note)
    return bool(told.pop("token")) and told == {"pid": pid, "address": address}


def test_a_locked_store_is_refused_until_its_owner_is_killed(tmp_path: Path, embedder: WordEmbedder) -> None:
    address = "http://127.0.0.1:8123"
    process = subprocess.Popen(owner(tmp_path, address), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with process:
        try:
            assert process.stdout
            assert process.stdout.readline() == b"open\n"

            with pytest.raises(StoreLocked) as raised:
                Store.open_embedded(tmp_path, embedder)

            assert raised.value.address == address
            assert raised.value.token
            assert raised.value.token not in str(raised.value)
            assert address in str(raised.value)
            assert str(process.pid) in str(raised.value)
            assert str(tmp_path) in str(raised.value)
        finally:
            process.kill()
        process.wait()
    assert (tmp_path / "owner.json").exists()

    with Store.open_embedded(tmp_path, embedder):
        assert owned(tmp_path, os.getpid(), None)


def test_an_owner_that_serves_nothing_is_named_all_the_same(tmp_path: Path, embedder: WordEmbedder) -> None:
    with Store.open_embedded(tmp_path, embedder) as store:
        with pytest.raises(StoreLocked, match=rf"\({os.getpid()}\)") as raised:
            Store.open_embedded(tmp_path, embedder)
        assert raised.value.address is None

        store.announce("http://127.0.0.1:1")
        with pytest.raises(StoreLocked, match=r"http://127\.0\.0\.1:1"):
            Store.open_embedded(tmp_path, embedder)


def test_what_a_command_sends_to_the_owner_is_for_its_own_user_to_read(tmp_path: Path, embedder: WordEmbedder) -> None:
    """Also where an owner that was killed has left notes that anybody may read, or a link to somewhere else."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("a file of somebody else")
    (tmp_path / "owner.json").write_text("{}")
    (tmp_path / "owner.json").chmod(0o644)
    (tmp_path / "owner.json.new").symlink_to(elsewhere)

    with Store.open_embedded(tmp_path, embedder) as store:
        store.announce("http://127.0.0.1:1")
        assert stat.S_IMODE((tmp_path / "owner.json").lstat().st_mode) == 0o600
        with pytest.raises(StoreLocked) as raised:
            Store.open_embedded(tmp_path, embedder)
        assert raised.value.token == store.local_token
        assert len(raised.value.token or "") == 64
        token = store.local_token
        assert token_of(tmp_path) == token

    assert token_of(tmp_path) is None
    assert elsewhere.read_text() == "a file of somebody else"
    with Store.open_embedded(tmp_path, embedder) as store:
        assert store.local_token != token


@pytest.mark.parametrize("note", ["", "{", "[]", "7", "{}", "\udcff"])
def test_a_note_of_the_owner_that_nobody_can_read_is_no_trouble(
    tmp_path: Path, embedder: WordEmbedder, note: str
) -> None:
    with Store.open_embedded(tmp_path, embedder):
        (tmp_path / "owner.json").write_bytes(note.encode("utf-8", "surrogateescape"))

        with pytest.raises(StoreLocked, match=r"another process\. Stop it") as raised:
            Store.open_embedded(tmp_path, embedder)

        assert raised.value.address is None


async def test_closing_lets_go_of_the_store_and_may_be_done_twice(tmp_path: Path, embedder: WordEmbedder) -> None:
    store = Store.open_embedded(tmp_path, embedder)
    store.close()
    assert not (tmp_path / "owner.json").exists()
    with Store.open_embedded(tmp_path, embedder) as second:
        store.close()
        assert owned(tmp_path, os.getpid(), None)
        await second.ready()


async def test_closing_leaves_off_in_the_middle_of_a_book_of_which_nothing_stays(
    tmp_path: Path, embedder: WordEmbedder
) -> None:
    pages = [f"On page {number} the drones fly over the river and home again. " * 10 for number in range(2 * BATCH)]
    book = make_article(article_id="book", title="Book", text="\n\n".join(pages))
    store = Store.open_embedded(tmp_path, embedder)
    passages, begun = store._archive.passages, threading.Event()
    written: list[int] = []

    class Closing:
        def upsert(self, *, ids: list[str], **rest: object) -> None:
            written.append(len(ids))
            begun.set()
            until(lambda: store._writes.closing or None, "the store is closing")
            passages.upsert(ids=ids, **rest)

        def __getattr__(self, name: str) -> object:
            return getattr(passages, name)

    store._archive.passages = Closing()
    left = asyncio.create_task(ingest(book, store, embedder))
    await asyncio.to_thread(begun.wait)
    store.close()
    with pytest.raises(StoreUnavailable, match="send it again"):
        await left

    assert len(written) == 1
    with Store.open_embedded(tmp_path, embedder) as again:
        assert again._archive.passages.count() == 0
        assert await ingest(book, again, embedder) == "created"


async def test_a_store_that_was_refused_is_not_locked_by_it(tmp_path: Path, embedder: WordEmbedder) -> None:
    Store.open_embedded(tmp_path, embedder).close()
    with pytest.raises(StoreForeign):
        Store.open_embedded(tmp_path, WordEmbedder(name="other"))

    with Store.open_embedded(tmp_path, embedder) as store:
        await store.ready()


def test_a_folder_that_is_made_on_the_way_may_be_deep(tmp_path: Path, embedder: WordEmbedder) -> None:
    Store.open_embedded(tmp_path / "a" / "ü b" / "c", embedder).close()

    assert (tmp_path / "a" / "ü b" / "c" / "chroma").is_dir()


def test_a_folder_below_a_file_is_one_clear_error(tmp_path: Path, embedder: WordEmbedder) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreUnavailable, match=r"file/data cannot be written: Not a directory.*GROUNDWIRE_DATA_DIR"):
        Store.open_embedded(tmp_path / "file" / "data", embedder)


@pytest.mark.parametrize("name", ["chroma", "lock", "owner.json"])
def test_what_stands_in_the_way_is_one_clear_error_and_leaves_no_lock(
    tmp_path: Path, embedder: WordEmbedder, name: str
) -> None:
    if name == "chroma":
        (tmp_path / name).write_text("")
    else:
        (tmp_path / name).mkdir()

    with pytest.raises(StoreUnavailable, match=str(tmp_path)):
        Store.open_embedded(tmp_path, embedder)

    if name != "lock":
        with FileLock(tmp_path / "lock", blocking=False):
            pass


def test_a_damaged_store_is_one_clear_error(tmp_path: Path, embedder: WordEmbedder) -> None:
    (tmp_path / "chroma").mkdir()
    (tmp_path / "chroma" / "chroma.sqlite3").write_bytes(b"no database " * 1000)

    with pytest.raises(StoreUnavailable, match="Chroma cannot open"):
        Store.open_embedded(tmp_path, embedder)

    with FileLock(tmp_path / "lock", blocking=False):
        pass


READ_ONLY = """
import asyncio, sys
from pathlib import Path
from retrieval.errors import StoreUnavailable
from retrieval.ingest import ingest
from retrieval.store import Store
from retrieval.types import make_article
from tests.fakes import WordEmbedder
try:
    with Store.open_embedded(Path(sys.argv[1]), WordEmbedder()) as store:
        asyncio.run(ingest(make_article(article_id="b", title="t", text="x"), store, WordEmbedder()))
except StoreUnavailable as error:
    print(error)
else:
    print("written")
"""


def read_only(folder: Path) -> str:
    """Open and write the store as one whom the permissions bind, which root is not."""
    bound = ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*bound, sys.executable, "-c", READ_ONLY, folder], cwd=ROOT, check=False, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("setpriv"), reason="root may write anywhere")
@pytest.mark.parametrize("used", [False, True], ids=["new", "used"])
async def test_a_folder_that_may_only_be_read_is_one_clear_error(
    tmp_path: Path, embedder: WordEmbedder, *, used: bool
) -> None:
    folder = tmp_path / "store"
    folder.mkdir()
    if used:
        with Store.open_embedded(folder, embedder) as store:
            await ingest(make_article(article_id="a", title="t", text="x"), store, embedder)
    assert read_only(folder) == "written\n"
    paths = [folder, *folder.rglob("*")]
    modes = [path.stat().st_mode for path in paths]
    try:
        for path in paths:
            path.chmod(0o555 if path.is_dir() else 0o444)
        assert f"{folder} cannot be written: Permission denied" in read_only(folder)

        folder.chmod(0o755)
        (folder / "lock").chmod(0o644)
        assert "Is the folder writable" in read_only(folder)
    finally:
        for path, mode in zip(paths, modes, strict=True):
            path.chmod(mode)
