"""Real processes for tests: our commands, and a Chroma server. All that waits polls, with a deadline."""

import atexit
import functools
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, TypeVar

import httpx

from tests.preloaded import Preloaded, Process, without_settings

T = TypeVar("T")

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
_DEADLINE = 30.0  # seconds; generous, for a machine that runs other suites beside


def until(found: Callable[[], T | None], what: str) -> T:
    """Poll until something is found; fail with its name after the deadline."""
    deadline = time.monotonic() + _DEADLINE
    while time.monotonic() < deadline:
        value = found()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"not in {_DEADLINE:.0f} s: {what}")


def is_known(token: str, address: str, *, known: bool = True) -> None:
    """Wait until a service has seen that there is a key, or that there is none any more."""

    def seen() -> bool:
        response = httpx.post(f"{address}/sign-in", json={"key": token}, trust_env=False)
        return (response.status_code != httpx.codes.UNAUTHORIZED) == known

    until(seen, f"a change of the key at {address}")


def free_port() -> int:
    """Name a port that nothing listens at."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def environment(data_dir: Path, **settings: str) -> dict[str, str]:
    """Give a command its own store, and no setting of the developer's."""
    return without_settings() | {"GROUNDWIRE_DATA_DIR": str(data_dir)} | settings


def groundwire(*arguments: str, env: Mapping[str, str], cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return forked("groundwire", *arguments, env=env, cwd=cwd)


def forked(*command: str, env: Mapping[str, str], cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run `groundwire`, or `python -m` another module, to its end."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        with forking(*command, env=env, cwd=cwd, stdout=out, stderr=err) as process:
            status = process.wait(60)
        printed, complained = (_read(file) for file in (out, err))
    return subprocess.CompletedProcess(command, status, printed, complained)


@contextmanager
def forking(
    *command: str, env: Mapping[str, str], cwd: Path | None = None, stdout: IO[bytes], stderr: IO[bytes] | None = None
) -> Iterator[Process]:
    """Start a command, and end it with the test whatever happens; its stderr is ours without a file."""
    with Path(os.devnull).open("rb") as stdin:
        files = stdin.fileno(), stdout.fileno(), stderr.fileno() if stderr else 2
        process = _preloaded().start(command, env, cwd or Path.cwd(), files)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@functools.cache
def _preloaded() -> Preloaded:
    folder = Path(tempfile.mkdtemp())
    preloaded = Preloaded(folder)
    atexit.register(shutil.rmtree, folder)
    atexit.register(preloaded.close)
    return preloaded


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


@contextmanager
def started(command: Sequence[str | Path], **options: object) -> Iterator[subprocess.Popen[bytes]]:
    """Start a process, and end it with the test whatever happens."""
    process: subprocess.Popen[bytes] = subprocess.Popen(command, stdin=subprocess.DEVNULL, **options)  # type: ignore[call-overload]
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def serving(
    *arguments: str, env: Mapping[str, str], out: Path, log: Path | None = None
) -> Iterator[tuple[Process, str]]:
    """Run `groundwire serve` or `demo` until it serves: its process and its address. Its log is ours without a file."""
    with (
        out.open("wb") as stdout,
        log.open("wb") if log else nullcontext() as stderr,
        forking("groundwire", *arguments, env=env, stdout=stdout, stderr=stderr) as process,
    ):

        def address() -> str | None:
            assert process.poll() is None, out.read_text(encoding="utf-8")
            _, found, rest = out.read_text(encoding="utf-8").partition("groundwire serves ")
            return rest.split()[0] if found and "\n" in rest else None

        yield process, until(address, "the service serves")


@contextmanager
def chroma_server(
    folder: Path, *, host: str = "127.0.0.1", port: int | None = None
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Run a Chroma server, as compose.yaml does: its process and its address."""
    port = port or free_port()
    command: list[str | Path] = [BIN / "chroma", "run", "--host", host, "--port", str(port), "--path", folder]
    env = os.environ | {"ANONYMIZED_TELEMETRY": "FALSE"}
    with started(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        url = f"http://127.0.0.1:{port}"

        def answers() -> bool:
            assert process.poll() is None
            try:
                with urllib.request.urlopen(f"{url}/api/v2/heartbeat", timeout=1) as response:  # noqa: S310 - our own
                    return bool(response.status == 200)
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                return False

        until(answers, "Chroma answers")
        yield process, url
