"""Log lines: what is in them, what never is, and that nothing that is written to the service can forge one."""

import asyncio
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from retrieval.errors import StoreUnavailable
from service.logs import Lines, LogFormat, RequestIdFilter, configure_logs, request_id

FORGED = 'x\n2026-01-01T00:00:00.000Z INFO - groundwire: forged\r\x1b[2K\x85\u2028\u202e" status=200'
FORMATS: tuple[LogFormat, ...] = ("text", "json")


def record(message: str, *arguments: object, error: BaseException | None = None) -> logging.LogRecord:
    exc_info = (type(error), error, error.__traceback__) if error else None
    one = logging.LogRecord("groundwire.a", logging.INFO, "a.py", 1, message, arguments, exc_info)
    RequestIdFilter().filter(one)
    return one


def raising(error: BaseException) -> None:
    raise error


def raised(error: BaseException) -> BaseException:
    try:
        raising(error)
    except BaseException:  # noqa: BLE001 - it has its trace now
        return error
    raise AssertionError


@pytest.fixture
def configured() -> Iterator[None]:
    """Put the logs of this process back as they were."""
    root, ours = logging.getLogger(), logging.getLogger("groundwire")
    thread, hook = threading.excepthook, sys.unraisablehook
    handlers, levels = list(root.handlers), (root.level, ours.level)
    yield
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])
    threading.excepthook, sys.unraisablehook = thread, hook


def test_a_line_of_json_is_one_object_with_the_fields_of_its_record() -> None:
    token = request_id.set("abc")
    before = datetime.now(UTC)
    line = Lines("json").format(record("%(method)s %(status)d", {"method": "GET", "status": 200, "key": None}))
    request_id.reset(token)
    assert "\n" not in line
    said = json.loads(line)
    assert list(said)[:5] == ["time", "level", "logger", "request_id", "message"]
    assert abs((datetime.fromisoformat(said.pop("time")) - before).total_seconds()) < 60
    assert said == {
        "level": "INFO",
        "logger": "groundwire.a",
        "request_id": "abc",
        "message": "GET 200",
        "method": "GET",
        "status": 200,
        "key": None,
    }


def test_the_time_is_utc_by_rfc_3339() -> None:
    one = record("a")
    one.created = 0.5
    assert json.loads(Lines("json").format(one))["time"] == "1970-01-01T00:00:00.500Z"
    assert Lines("text").format(one).startswith("1970-01-01T00:00:00.500Z INFO - groundwire.a: a")


def test_a_line_of_text_adds_the_fields_that_its_message_does_not_say() -> None:
    line = Lines("text").format(record("%(status)d", {"status": 200, "bytes": 5, "why": "a b", "key": None}))
    assert line.endswith(' groundwire.a: 200 bytes=5 why="a b"')


@pytest.mark.parametrize("log_format", FORMATS)
def test_nothing_that_is_logged_forges_a_line_or_moves_a_cursor(log_format: LogFormat) -> None:
    lines = Lines(log_format, messages=True)
    for one in (
        record(FORGED),
        record("%s", FORGED),
        record("%(a)s", {"a": FORGED}),
        record("a", {"b": FORGED, "c": [FORGED]}),
        record("a", error=raised(ValueError(FORGED))),
    ):
        first, *more = lines.format(one).splitlines()
        assert "".join([first, *more]).isprintable()
        assert not (log_format == "json" and more)
        assert all(line.startswith("    ") for line in more), "what goes on is indented, so that it begins no line"


@pytest.mark.parametrize("log_format", FORMATS)
def test_a_value_cannot_forge_another_field(log_format: LogFormat) -> None:
    line = Lines(log_format).format(record("a", {"path": '/x status=200 key="k"', "status": 404}))
    if log_format == "json":
        assert json.loads(line)["status"] == 404
    else:
        assert line.endswith(r' path="/x status=200 key=\"k\"" status=404')


@pytest.mark.parametrize("log_format", FORMATS)
def test_an_exception_is_told_by_its_type_and_place_without_its_message(log_format: LogFormat) -> None:
    try:
        try:
            raising(KeyError("SECRET one"))
        except KeyError as error:
            error.add_note("SECRET note")
            raise ValueError("SECRET two") from error
    except ValueError as error:
        group = ExceptionGroup("SECRET group", [error, TypeError("SECRET three")])
    line = Lines(log_format).format(record("A bug", error=raised(group)))
    assert "SECRET" not in line
    for told in ("ExceptionGroup", "ValueError", "KeyError", "TypeError", "test_logs.py"):
        assert told in line


def test_an_exception_of_ours_and_what_the_system_says_are_told_with_their_messages() -> None:
    lines = Lines("json")
    ours = json.loads(lines.format(record("a", error=raised(StoreUnavailable("Chroma is gone.")))))["exception"]
    assert ours["message"] == "Chroma is gone."
    assert ours["at"][0].endswith(" in raised")
    full = json.loads(lines.format(record("a", error=OSError(28, "No space left on device", "SECRET name"))))
    assert full["exception"] == {"type": "OSError", "message": "No space left on device", "at": []}


def test_the_message_of_an_exception_is_told_where_the_operator_asks_for_it() -> None:
    line = Lines("json", messages=True).format(record("a", error=raised(KeyError("which"))))
    assert json.loads(line)["exception"]["message"] == "'which'"


def test_exceptions_that_came_of_one_another_in_a_circle_end() -> None:
    one, other = ValueError(), KeyError()
    one.__cause__, other.__cause__ = other, one
    assert Lines("text").format(record("a", error=one)).count("it came of") == 1


@pytest.mark.parametrize("log_format", FORMATS)
def test_no_line_holds_a_key(log_format: LogFormat) -> None:
    lines = Lines(log_format, ["sk-12345", 'a"b\\c-key', ""], messages=True)
    token = f"gw_a1b2c3d4_{'0f' * 32}"
    for said in (
        "sk-12345",
        'a"b\\c-key',
        token,
        f"Authorization: Bearer {token}",
        f"/v1/articles/key%3D{token}",
        f"/x_{token}z",
        f"/{token[:-1]}",
        f"/{token[:20]}",
        "Bearer abc.def",
        "/Bearer%20abc.def",
        "https://user:pa55@host/x",
    ):
        for one in (
            record(f"it said {said}!"),
            record("a", {"b": said}),
            record("a", error=raised(StoreUnavailable(said))),
        ):
            line = lines.format(one)
            for secret in ("sk-12345", "b\\\\c-key", 'a"b', token[:20], "abc.def", "pa55"):
                assert secret not in line
            assert "[secret]" in line


def test_a_secret_too_short_to_be_one_leaves_the_lines_alone() -> None:
    assert Lines("text", ["a"]).format(record("banana")).endswith("banana")


@pytest.mark.usefixtures("configured")
def test_what_libraries_say_is_logged_from_a_warning_up(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("json")
    for name in ("openai", "httpx", "groundwire.store"):
        logging.getLogger(name).setLevel(logging.DEBUG)  # as OPENAI_LOG=debug does
        logging.getLogger(name).info("a body of %s", name)
        logging.getLogger(name).warning("a warning of %s", name)
    lines = [json.loads(line)["message"] for line in capsys.readouterr().err.splitlines()]
    ours = "groundwire.store"
    assert lines == ["a warning of openai", "a warning of httpx", f"a body of {ours}", f"a warning of {ours}"]


@pytest.mark.usefixtures("configured")
async def test_what_nobody_waits_for_fails_without_its_message(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("json")

    async def fails() -> None:
        raise KeyError("SECRET")

    task = asyncio.create_task(fails())
    await asyncio.wait([task])
    del task
    thread = threading.Thread(target=raising, args=[KeyError("SECRET")])
    thread.start()
    thread.join()
    said = capsys.readouterr().err
    assert "SECRET" not in said
    lines = [json.loads(line) for line in said.splitlines()]
    assert {"Task exception was never retrieved", "A bug: a thread failed"} == {line["message"] for line in lines}
    assert {line["exception"]["type"] for line in lines} == {"KeyError"}


def test_warnings_of_python_are_lines_too() -> None:
    program = "from service.logs import configure_logs; configure_logs('json'); import warnings; warnings.warn('old')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    [line] = done.stderr.splitlines()
    assert "old" in json.loads(line)["message"]
