"""The benchmark of load asks each question once, counts what fails, and counts a time from when a question came."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from benchmarks import load
from benchmarks.load import Asked, Served, ask_closed, ask_open, request_of, row, serving

QUESTIONS = [f"Question {number}?" for number in range(12)]


@pytest.fixture(scope="module")
def bare() -> Iterator[Served]:
    with serving(str(Path(load.__file__)), "--bare", "3000") as served:
        yield served


def test_each_question_is_answered_once_by_clients_that_wait_for_their_answers(bare: Served) -> None:
    asked = ask_closed(bare.address, QUESTIONS, 3)

    assert (len(asked.milliseconds), asked.failed) == (len(QUESTIONS), ())
    assert 0 < max(asked.milliseconds) <= 1000 * asked.seconds


def test_each_question_is_answered_once_where_they_arrive_at_a_rate(bare: Served) -> None:
    asked = ask_open(bare.address, QUESTIONS, rate=500)

    assert (len(asked.milliseconds), asked.failed) == (len(QUESTIONS), ())


def test_a_process_that_serves_says_what_it_uses(bare: Served) -> None:
    before = bare.cpu()
    if before is None:
        pytest.skip("this system does not tell")
    ask_closed(bare.address, QUESTIONS * 30, 2)

    after, memory = bare.cpu(), bare.memory()

    assert after is not None
    assert after > before
    assert memory is not None
    assert memory > 10


def test_answers_that_are_none_are_counted_as_failures_by_their_status() -> None:
    with answering(503, parallel=8) as address:
        assert ask_closed(address, QUESTIONS, 2).failed == ("503",) * len(QUESTIONS)


def test_a_service_that_is_not_there_is_a_failure_and_no_end_of_the_run() -> None:
    with answering(200, parallel=8) as address:
        gone = address

    assert set(ask_closed(gone, QUESTIONS, 2).failed) <= {"ConnectionRefusedError", "ConnectionResetError"}


def test_a_time_counts_from_the_arrival_also_where_the_question_waits_for_those_before() -> None:
    with answering(200, parallel=1, seconds=0.05) as address:
        asked = ask_open(address, QUESTIONS[:6], rate=1000)

    assert max(asked.milliseconds) > 5 * 45


def test_a_line_fits_into_80_columns() -> None:
    asked = Asked(milliseconds=(12_345.6,) * 2_000, failed=("503",) * 100, seconds=0.5, cpu=100.0)

    assert len(str(row("the same, 40/s", asked, 1_000.0))) <= 80
    assert len(load.HEAD) <= 80


def test_nothing_answered_is_a_line_all_the_same() -> None:
    assert "nan" in str(row("open", Asked((), ("503",), 1.0, 0.1), None))


def test_a_request_is_one_of_http() -> None:
    head, _, body = request_of("Wer?", "127.0.0.1", 80).partition(b"\r\n\r\n")

    assert head.startswith(b"POST /v1/answers HTTP/1.1\r\n")
    assert f"Content-Length: {len(body)}".encode() in head


@contextmanager
def answering(status: int, *, parallel: int, seconds: float = 0.0) -> Iterator[str]:
    """Answer with a status, so many at once, each after so many seconds."""
    turn, waited = threading.Semaphore(parallel), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            with turn:
                waited.wait(seconds)
            self.send_response(status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
