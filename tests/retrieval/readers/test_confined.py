"""A risky reader runs in a process of its own, and costs one document at most."""

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from retrieval.readers import Document, confined
from retrieval.readers.confined import confined as confine
from retrieval.readers.fields import Address, Fields, NoArticle
from tests.processes import ROOT, until

HERE = "tests.retrieval.readers.hostile:"


def read(reader: str, data: bytes = b"text") -> list[confined.Finding]:
    return confine(HERE + reader)(Document(data, "a", label="a.bin"))


def refused(reader: str, data: bytes = b"text") -> str:
    with pytest.raises(NoArticle) as raised:
        read(reader, data)
    return str(raised.value)


def text(reader: str, data: bytes = b"text") -> str:
    [found] = read(reader, data)
    assert isinstance(found, Fields)
    return found.text


@pytest.fixture
def anew() -> Iterator[None]:
    """Let a test start processes of its own, which end with it."""
    confined._end_all()
    yield
    confined._end_all()


@pytest.fixture
def _hurry(monkeypatch: pytest.MonkeyPatch, anew: None) -> None:  # noqa: ARG001
    monkeypatch.setattr(confined, "SECONDS", 2.0)


def test_what_a_reader_found_comes_whole() -> None:
    document = Document(
        "Zoë \ud83d 🎓\0\n".encode("utf-8", "surrogatepass"), "a", charset="x", url="https://a.example/"
    )

    article, address, none = confine(HERE + "echo")(document)

    assert article == Fields(
        "Zoë \ud83d 🎓\0\n",
        title="x",
        published=datetime(2023, 11, 10, 12, 13, 0, 500_000, tzinfo=timezone(timedelta(hours=5, minutes=30))),
        url="https://a.example/",
        authors=("A", "B"),
        is_summary=True,
    )
    assert address == Address("https://desk.example/1")
    assert isinstance(none, NoArticle)
    assert str(none) == "no text"


def test_it_reads_elsewhere_and_there_again() -> None:
    first = text("process_id")

    assert first != str(os.getpid())
    assert text("process_id") == first


def test_it_reads_what_threads_ask_for_at_once_two_at_a_time() -> None:
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda number: text("chatter", str(number).encode()), range(40)))
        processes = set(threads.map(lambda _: text("process_id"), range(20)))

    assert found == [str(number) for number in range(40)]
    assert len(processes) <= 2


@pytest.mark.parametrize(
    ("reader", "reason"),
    [
        ("refuse", "not a page"),
        ("eat", "takes more memory to read than an article should"),
        ("crash", "its reader crashed on it (SIGSEGV)"),
        ("leave", "its reader crashed on it (exit status 3)"),
        ("fail", "its reader failed on it: KeyError: '/Kids'"),
        ("recurse", "nested deeper than an article is"),
        ("flood", "its text is longer than 20,000,000 characters"),
    ],
)
def test_a_reader_that_goes_wrong_costs_one_document(reader: str, reason: str) -> None:
    assert refused(reader) == reason
    assert text("chatter", b"next") == "next"


@pytest.mark.usefixtures("_hurry")
def test_a_reader_that_hangs_is_ended_after_its_time() -> None:
    assert refused("hang") == "takes longer than 2 s to read"
    assert text("chatter", b"next") == "next"


def test_a_reader_that_fails_is_logged_with_where(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "groundwire.readers"):
        refused("fail")

    assert "a.bin" in caplog.text
    assert "hostile.py" in caplog.text


def test_a_document_is_no_victim_of_the_one_before_it() -> None:
    assert [text("crash_when_used") for _ in range(3)] == ["whole"] * 3


def test_a_process_that_was_ended_by_others_is_replaced() -> None:
    for _ in range(3):
        os.kill(int(text("process_id")), signal.SIGKILL)

    assert text("chatter", b"next") == "next"


@pytest.mark.usefixtures("anew")
def test_a_process_reads_no_more_than_its_number_of_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confined, "DOCUMENTS", 2)

    ids = [text("process_id") for _ in range(4)]

    assert ids[0] == ids[1] != ids[2] == ids[3]


@pytest.mark.usefixtures("anew")
def test_it_has_none_of_our_keys_and_may_fill_no_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")

    assert "OPENAI_API_KEY" not in text("variables")
    assert "File too large" in refused("fill_the_disk", os.fsencode(tmp_path / "big"))


@pytest.mark.usefixtures("anew")
def test_a_file_that_is_not_there_starts_nothing(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="No such file"):
        confine(HERE + "echo")(Document(tmp_path / "gone", "gone"))
    assert not confined._started


WITHOUT_A_GUARD = f"""
import sys
from retrieval.readers import Document
from retrieval.readers.confined import confined

[found] = confined({HERE + "chatter"!r})(Document(b"read once", "a"))
print(found.text)
"""


@pytest.mark.parametrize("how", ["file", "stdin"])
def test_a_script_without_a_guard_reads_once_and_ends_without_a_word(tmp_path: Path, how: str) -> None:
    script = tmp_path / "script.py"
    script.write_text(WITHOUT_A_GUARD)

    with script.open() as file:
        run = subprocess.run(
            [sys.executable, "-W", "error", "-X", "dev", script if how == "file" else "-"],
            stdin=file,
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            timeout=60,
            check=False,
        )

    assert (run.stdout, run.stderr, run.returncode) == ("read once\n", "", 0)


ASLEEP = f"""
import sys
from retrieval.readers import Document
from retrieval.readers.confined import confined

confined({HERE + "sleep"!r})(Document(sys.argv[1].encode(), "a"))
"""


def asleep(script: str, file: Path) -> tuple["subprocess.Popen[str]", int]:
    run = subprocess.Popen(
        [sys.executable, "-X", "dev", "-c", script, file],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    )
    return run, int(until(lambda: file.read_text() if file.exists() else None, "a reader that sleeps"))


def is_gone(process: int) -> Callable[[], bool]:
    def found() -> bool:
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        return "Z" in Path(f"/proc/{process}/stat").read_text().split()[2:3]

    return found


def test_ctrl_c_ends_the_reader_too(tmp_path: Path) -> None:
    run, reader = asleep(ASLEEP, tmp_path / "id")

    run.send_signal(signal.SIGINT)
    _, said = run.communicate(timeout=30)

    assert said.strip().endswith("KeyboardInterrupt")
    assert "ResourceWarning" not in said
    assert said.count("Traceback") == 1
    until(is_gone(reader), "the reader's end")


def test_the_death_of_who_asked_ends_a_reader_that_hangs(tmp_path: Path) -> None:
    in_two_seconds = "import retrieval.readers.confined as c; c._GRACE = 2.0 - c.SECONDS"
    run, reader = asleep(f"{in_two_seconds}\n{ASLEEP}", tmp_path / "id")

    run.kill()
    run.communicate()

    until(is_gone(reader), "the reader's end")


def test_the_death_of_who_asked_ends_a_reader_that_waits() -> None:
    script = f"{WITHOUT_A_GUARD}\nimport time\n[c] = sys.modules['retrieval.readers.confined']._started\n"
    script += "print(c._process.pid, flush=True)\ntime.sleep(600)"
    with subprocess.Popen(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    ) as run:
        assert run.stdout
        assert run.stdout.readline() == "read once\n"
        reader = int(run.stdout.readline())
        run.kill()

    until(is_gone(reader), "the reader's end")
