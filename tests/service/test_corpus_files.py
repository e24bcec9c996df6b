"""`groundwire export` and `groundwire import` as real processes: alone, beside a service, killed, in pipes."""

import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from retrieval.store import Store
from service import corpus_files
from service.demo import SEEDS
from service.desk import OwnDesk
from tests.fakes import FirstSentence, WordEmbedder
from tests.processes import BIN, environment, groundwire, serving, started, until


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A store with the sample articles, one of them withdrawn."""
    env = environment(tmp_path_factory.mktemp("seeded"))
    assert groundwire("ingest", str(SEEDS), env=env).returncode == 0
    listed = json.loads(groundwire("articles", "--json", env=env).stdout)["articles"]
    withdrawn = groundwire("withdraw", listed[0]["article_id"], "--reason", "It was wrong.", env=env)
    assert withdrawn.returncode == 0, withdrawn.stderr
    return env


@pytest.fixture(scope="module")
def file(seeded: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("export") / "corpus.jsonl"
    done = groundwire("export", str(file), env=seeded)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"4 articles, 1 earlier versions and 1 withdrawals exported to {file}\n"
    assert [one.name for one in file.parent.iterdir()] == ["corpus.jsonl"]
    return file


def test_a_store_is_moved_by_two_commands_and_again_does_nothing(
    seeded: dict[str, str], file: Path, tmp_path: Path
) -> None:
    env = environment(tmp_path)
    done = groundwire("import", str(file), env=env)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "4 created, 0 replaced, 0 unchanged, 0 older, 1 withdrawn, 1 earlier versions, 0 refused\n"
    again = json.loads(groundwire("import", str(file), "--json", env=env).stdout)
    assert {name: count for name, count in again.items() if count} == {"unchanged": 5}
    assert groundwire("articles", env=env).stdout == groundwire("articles", env=seeded).stdout
    ingested = groundwire("ingest", str(SEEDS), env=env)
    assert "0 created, 0 replaced, 4 unchanged, 1 withdrawn, 0 skipped" in ingested.stdout
    assert "It was wrong" in ingested.stderr


def test_from_a_service_to_a_service_through_a_pipe(file: Path, tmp_path: Path) -> None:
    env = environment(tmp_path / "one")
    other = environment(tmp_path / "other")
    assert groundwire("import", str(file), env=env).returncode == 0
    with (
        serving("serve", "--port", "0", env=env, out=tmp_path / "out one") as (_, address),
        serving("serve", "--port", "0", env=other, out=tmp_path / "out other") as (_, other_address),
    ):
        exporting = subprocess.Popen(
            [BIN / "groundwire", "export"], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        done = subprocess.run(
            [BIN / "groundwire", "import", "-"], env=other, stdin=exporting.stdout, capture_output=True, check=False
        )
        _, said = exporting.communicate()
        assert exporting.returncode == 0
        assert b"4 articles, 1 earlier versions and 1 withdrawals exported to stdout" in said
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(b"4 created")
        pages = [httpx.get(f"{one}/v1/articles", trust_env=False).json() for one in (address, other_address)]
        assert pages[0] == pages[1]
        exported = httpx.get(f"{other_address}/v1/export", trust_env=False).content
        assert sorted(exported.splitlines()) == sorted(file.read_bytes().splitlines())

        pieces = iter([exported[start : start + 999] for start in range(0, len(exported), 999)])
        headers = {"Content-Type": "application/x-ndjson"}
        chunked = httpx.post(f"{address}/v1/import", content=pieces, headers=headers, trust_env=False)
        assert chunked.json()["unchanged"] == 5

        cut = tmp_path / "cut.jsonl"
        lines = exported.split(b"\n")
        cut.write_bytes(b"\n".join([lines[0], b"no json", *lines[1:3]]))
        refused = groundwire("import", str(cut), env=other)
        assert refused.returncode == 1
        assert "line 2: not JSON in UTF-8" in refused.stderr
        assert "the last line is missing: the file was cut off" in refused.stderr
        assert "2 refused" in refused.stdout
        assert "Traceback" not in refused.stderr


@contextmanager
def cut_short() -> Iterator[str]:
    """Serve an export that ends in the middle of a line: its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            line = b'{"groundwire": 1, "articles": 2, "fingerprint": "00"}\n{"article_id"'
            self.wfile.write(b"%x\r\n%b\r\n" % (len(line), line))
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_a_file_that_was_there_stays_until_the_whole_export_is(seeded: dict[str, str], tmp_path: Path) -> None:
    target = tmp_path / "corpus.jsonl"
    target.write_text("what was there")
    env = environment(tmp_path / "data")
    # A service that leaves in the middle: it listens, says the beginning of an export, and no more.
    with serving("serve", "--port", "0", env=env, out=tmp_path / "out") as (_, address):
        note = tmp_path / "data" / "owner.json"
        with cut_short() as half:
            note.write_text(note.read_text().replace(address, half))
            done = groundwire("export", str(target), env=env)
    assert done.returncode == 1
    assert "left in the middle" in done.stderr or "was cut off" in done.stderr
    assert target.read_text() == "what was there"
    assert {one.name for one in tmp_path.iterdir()} == {"corpus.jsonl", "data", "out"}
    nowhere = groundwire("export", str(tmp_path / "none" / "x"), env=seeded)
    assert nowhere.returncode == 1
    assert "cannot be written: No such file or directory" in nowhere.stderr
    missing = groundwire("import", str(tmp_path / "none"), env=seeded)
    assert missing.returncode == 1
    assert "cannot be read: No such file or directory" in missing.stderr


def test_an_export_goes_through_a_pipe_and_a_link_that_are_there(
    seeded: dict[str, str], file: Path, tmp_path: Path
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE) as reading:
        try:
            done = groundwire("export", str(pipe), env=seeded)
            assert done.returncode == 0, done.stderr
            assert pipe.is_fifo()
            read, _ = reading.communicate(timeout=30)
        finally:
            reading.kill()
    assert sorted(read.splitlines()) == sorted(file.read_bytes().splitlines())

    there = tmp_path / "there"
    there.mkdir()
    link = tmp_path / "link"
    link.symlink_to(there / "corpus.jsonl")
    for _ in range(2):
        assert groundwire("export", str(link), env=seeded).returncode == 0
        assert link.is_symlink()
        assert [one.name for one in there.iterdir()] == ["corpus.jsonl"]


async def test_no_more_articles_are_imported_than_the_file_has(
    file: Path, store: Store, embedder: WordEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[tuple[int, int | None]] = []

    @contextmanager
    def progress(*_: str) -> Iterator[Callable[[int, int | None], None]]:
        yield lambda done, total: shown.append((done, total))

    monkeypatch.setattr(corpus_files, "progress", progress)
    done = await corpus_files.import_from(file, OwnDesk(FirstSentence(store, embedder)))

    assert (done.created, done.withdrawn) == (4, 1)
    assert shown == [(4, 4)]


def test_an_import_that_is_killed_is_completed_by_the_next(file: Path, tmp_path: Path) -> None:
    env = environment(tmp_path / "data")
    with started([BIN / "groundwire", "import", file], env=env):
        until((tmp_path / "data" / "chroma").exists, "it has begun")
    done = groundwire("import", str(file), env=env)
    assert done.returncode == 0, done.stderr
    exported = tmp_path / "again.jsonl"
    assert groundwire("export", str(exported), env=env).returncode == 0
    assert sorted(exported.read_bytes().splitlines()) == sorted(file.read_bytes().splitlines())
