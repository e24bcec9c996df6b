"""The commands, as real processes: alone, beside a running service, and when things go wrong."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from filelock import FileLock

from service.demo import QUESTION, SEEDS
from tests.processes import BIN, environment, free_port, groundwire, serving, until

HEAVY = ["chromadb", "onnxruntime", "llama_index", "litestar", "uvicorn", "numpy", "pydantic", "rich"]


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A store with the sample articles, which no test of this module changes."""
    env = environment(tmp_path_factory.mktemp("seeded"))
    done = groundwire("ingest", str(SEEDS), env=env)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "5 created, 0 replaced, 0 unchanged, 0 skipped\n"
    return env


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, str], str]]:
    """A running service with a store of its own: the environment of its commands, and its address."""
    folder = tmp_path_factory.mktemp("running")
    env = environment(folder / "data")
    with serving("serve", "--port", "0", env=env, out=folder / "out") as (_, address):
        yield env, address


@pytest.mark.parametrize(
    "command",
    [
        [],
        ["demo"],
        ["serve"],
        ["ask"],
        ["search"],
        ["ingest"],
        ["articles"],
        ["withdraw"],
        ["export"],
        ["import"],
        ["reembed"],
    ],
)
def test_help_imports_nothing_heavy(command: list[str]) -> None:
    code = f"""
        import sys
        from service.cli import commands
        commands({[*command, "--help"]!r}, standalone_mode=False)
        print("heavy:", *sorted({HEAVY!r} & sys.modules.keys()))
    """.replace(f"{HEAVY!r} &", f"set({HEAVY!r}) &")
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], check=True, capture_output=True, encoding="utf-8"
    )
    assert "Usage:" in done.stdout
    assert done.stdout.splitlines()[-1] == "heavy:"


def test_ask_prints_the_answer_then_its_sources_with_their_words_in_80_columns(seeded: dict[str, str]) -> None:
    done = groundwire("ask", QUESTION, env=seeded)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "[1]" in lines[0] + lines[1]
    assert "31" in done.stdout
    assert any(line.startswith("[1] ") for line in lines[1:])
    assert any(line.strip().startswith("“") for line in lines)
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in done.stdout


def test_an_abstention_is_printed_and_is_no_failure(seeded: dict[str, str]) -> None:
    done = groundwire("ask", "Who is the finance minister of Iceland?", env=seeded)
    assert done.returncode == 0
    assert "[1]" not in done.stdout
    assert len(done.stdout.splitlines()) >= 1


@pytest.mark.parametrize("password", ["s3cretpw", "s3cretpw/1@2"])
def test_the_password_in_an_address_of_chroma_is_not_printed(password: str, tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    env = environment(tmp_path, GROUNDWIRE_CHROMA=f"http://user:{password}@{address}")
    done = groundwire("ask", QUESTION, env=env)
    assert done.returncode == 1
    assert address in done.stderr
    assert "s3cretpw" not in done.stderr
    assert "user" not in done.stderr


@pytest.mark.parametrize(
    "arguments", [["ask"], ["ask", ""], ["ask", "x" * 3000], ["search", "a", "--limit", "0"], ["fly"]]
)
def test_a_usage_error_is_status_2_and_no_traceback(arguments: list[str], tmp_path: Path) -> None:
    done = groundwire(*arguments, env=environment(tmp_path))
    assert done.returncode == 2
    assert "Usage:" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_question_that_is_not_utf_8_is_a_usage_error(tmp_path: Path) -> None:
    done = groundwire("ask", os.fsdecode(b"caf\xe9?"), env=environment(tmp_path))
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == "Error: Invalid value for 'QUESTION': it is not UTF-8"


def test_ingest_reports_and_skips_what_is_no_article_and_takes_in_the_rest(tmp_path: Path) -> None:
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "good.md").write_text("---\ntitle: Good\n---\nSome words.\n", encoding="utf-8")
    (folder / "empty.md").write_bytes(b"")
    (folder / "binary.txt").write_bytes(b"\x00\x01\x02")
    (folder / "latin.txt").write_bytes("Müller".encode("latin-1"))
    (folder / "broken.md").write_text("---\ntitle: [\n---\nWords.\n", encoding="utf-8")
    (folder / "picture.png").write_bytes(b"\x89PNG")
    env = environment(tmp_path / "data")
    done = groundwire("ingest", str(folder), str(tmp_path / "missing"), "--json", env=env)
    assert done.returncode == 1
    summary = json.loads(done.stdout)
    assert (summary["created"], summary["replaced"], summary["unchanged"]) == (2, 0, 0)
    skipped = {Path(one["name"]).name: one["reason"] for one in summary["skipped"]}
    assert skipped.keys() == {"empty.md", "binary.txt", "broken.md", "picture.png", "missing"}
    assert skipped["missing"] == "no such file or folder"
    for name, reason in skipped.items():
        assert f"{name}: {reason}" in done.stderr
    assert "Traceback" not in done.stderr


def test_ingest_beside_a_running_service_is_seen_at_once(running: tuple[dict[str, str], str], tmp_path: Path) -> None:
    env, address = running
    (tmp_path / "desk notes").mkdir()
    file = tmp_path / "desk notes" / "Grüße 1.md"
    file.write_text(
        "---\ntitle: Cheese\npublished: 2023-11-10\ncredits: [PTI]\n---\nThe moon is made of cheese.\n",
        encoding="utf-8",
    )
    first = groundwire("ingest", str(tmp_path), env=env)
    assert first.stdout == "1 created, 0 replaced, 0 unchanged, 0 skipped\n", first.stderr
    article = httpx.get(f"{address}/v1/articles/desk%20notes/Gr%C3%BC%C3%9Fe%201", trust_env=False).json()
    assert article["text"] == "The moon is made of cheese.\n"
    assert article["published"] == "2023-11-10T00:00:00Z"
    assert article["credits"] == ["PTI"]
    again = groundwire("ingest", str(tmp_path), env=env)
    assert again.stdout == "0 created, 0 replaced, 1 unchanged, 0 skipped\n"

    hits = json.loads(groundwire("search", "moon", "--json", env=env).stdout)["hits"]
    assert "cheese" in hits[0]["passage"]["text"]
    listed = json.loads(groundwire("articles", "--json", env=env).stdout)["articles"]
    assert [one["article_id"] for one in listed] == ["desk notes/Grüße 1"]
    answer = json.loads(groundwire("ask", "What is the moon made of?", "--json", env=env).stdout)
    assert answer["question"] == "What is the moon made of?"


def test_beside_a_running_service_the_same_files_are_skipped_and_the_others_go_in(tmp_path: Path) -> None:
    folder = tmp_path / "articles"
    folder.mkdir()
    for name, fields in {
        "credits": 'credits: ["", PTI]',
        "title": f"title: {'x' * 1500}",
        "tab": 'id: "a\\tb"',
        "dots": 'id: ".."',
        "good": "title: Good",
    }.items():
        (folder / f"{name}.md").write_text(f"---\n{fields}\n---\nSome words.\n", encoding="utf-8")
    alone = groundwire("ingest", str(folder), "--json", env=environment(tmp_path / "alone"))
    env = environment(tmp_path / "data")
    with serving("serve", "--port", "0", env=env, out=tmp_path / "out"):
        beside = groundwire("ingest", str(folder), "--json", env=env)
    assert beside.returncode == 1
    assert json.loads(beside.stdout) == json.loads(alone.stdout), beside.stderr
    assert json.loads(beside.stdout)["created"] == 2
    assert [Path(one["name"]).stem for one in json.loads(beside.stdout)["skipped"]] == ["dots", "tab", "title"]


def test_a_store_whose_owner_serves_nothing_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with FileLock(tmp_path / "data" / "lock"):
        done = groundwire("articles", env=environment(tmp_path / "data"))
    assert done.returncode == 1
    assert done.stderr.startswith("groundwire: ")
    assert "is in use by another process" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_service_that_left_without_a_word_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    address = f"http://127.0.0.1:{free_port()}"
    with FileLock(tmp_path / "data" / "lock"):
        (tmp_path / "data" / "owner.json").write_text(json.dumps({"pid": 1, "address": address}))
        done = groundwire("articles", env=environment(tmp_path / "data"))
    assert done.returncode == 1
    assert address in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", [["serve"], ["ingest", str(SEEDS)]])
def test_a_data_folder_that_cannot_be_written_is_one_line(tmp_path: Path, command: list[str]) -> None:
    # Not by its permissions: the tests may run as root.
    (tmp_path / "file").write_text("")
    done = groundwire(*command, env=environment(tmp_path / "file" / "data"))
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_port_in_use_is_one_line_that_names_the_way_out(running: tuple[dict[str, str], str], tmp_path: Path) -> None:
    port = running[1].rsplit(":", 1)[1]
    done = groundwire("demo", env=environment(tmp_path / "data", GROUNDWIRE_PORT=port))
    assert done.returncode == 1
    assert f"Port {port} of 127.0.0.1 is in use" in done.stderr
    assert "GROUNDWIRE_PORT=" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_second_service_on_one_store_is_one_line(running: tuple[dict[str, str], str]) -> None:
    env, address = running
    done = groundwire("serve", "--port", "0", env=env)
    assert done.returncode == 1
    assert address in done.stderr
    demo = groundwire("demo", env=env)
    assert demo.returncode == 0
    assert demo.stdout == f"groundwire already serves {address} from {env['GROUNDWIRE_DATA_DIR']}.\n"


def test_a_wrong_setting_is_one_line_that_names_it(tmp_path: Path) -> None:
    done = groundwire("articles", env=environment(tmp_path, GROUNDWIRE_PORT="many"))
    assert done.returncode == 1
    assert "GROUNDWIRE_PORT" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_sigterm_ends_the_service_in_order_as_ctrl_c_ends_the_demo(tmp_path: Path) -> None:
    env = environment(tmp_path / "data")
    with serving("serve", "--port", "0", env=env, out=tmp_path / "out") as (process, _):
        assert (tmp_path / "data" / "owner.json").exists()
        process.terminate()
        assert process.wait(timeout=20) == 0
    assert not (tmp_path / "data" / "owner.json").exists()
    assert groundwire("articles", env=env).returncode == 0


def test_the_demo_ingests_answers_and_serves_and_writes_nothing_the_second_time(tmp_path: Path) -> None:
    env = environment(tmp_path / "data", GROUNDWIRE_PORT="0")
    first, records = _demo(env, tmp_path / "first")
    assert "5 created, 0 replaced, 0 unchanged" in first
    assert f"> {QUESTION}\n" in first
    assert "[1]" in first
    second, records_then = _demo(env, tmp_path / "second")
    assert "0 created, 0 replaced, 5 unchanged" in second
    assert records_then == records


def test_an_interrupted_ingest_ends_quietly(tmp_path: Path) -> None:
    folder = tmp_path / "articles"
    folder.mkdir()
    for number in range(500):
        (folder / f"{number}.txt").write_text(f"Words of article {number}. " * 200, encoding="utf-8")
    env = environment(tmp_path / "data")
    command = [str(BIN / "groundwire"), "ingest", str(folder)]
    with subprocess.Popen(command, env=env, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        until((tmp_path / "data" / "chroma" / "chroma.sqlite3").exists, "the ingest has begun")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"Traceback" not in err


def test_a_reader_that_leaves_ends_the_command_quietly(seeded: dict[str, str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [str(BIN / "groundwire"), "articles"]
    done = subprocess.run(command, env=seeded, stdout=writing, stderr=subprocess.PIPE, check=False, timeout=60)
    os.close(writing)
    assert b"Traceback" not in done.stderr


def _demo(env: dict[str, str], out: Path) -> tuple[str, list[tuple[object, ...]]]:
    """Run the demo until it serves, then end it: what it printed, and each record of the store with its time."""
    with serving("demo", env=env, out=out) as (process, address):
        assert httpx.get(f"{address}/health/ready", trust_env=False).status_code == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0
    with sqlite3.connect(Path(env["GROUNDWIRE_DATA_DIR"]) / "chroma" / "chroma.sqlite3") as database:
        query = "select segment_id, embedding_id, seq_id, created_at from embeddings order by 1, 2"
        records = database.execute(query).fetchall()
    database.close()
    return out.read_text(encoding="utf-8"), records
