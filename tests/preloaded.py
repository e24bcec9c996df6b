"""Our commands as processes of their own that need not import everything again: forked from one that has.

`python -m tests.preloaded FOLDER` listens at FOLDER/socket until its stdin ends. Who connects sends what to run, as
JSON, with three files to be its stdin, stdout and stderr; back come the process's number and, once it has ended, its
status. To import takes 1.5 s of each of hundreds of commands; all else about them is real.
"""

import atexit
import gc
import importlib
import json
import os
import pkgutil
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import evals
import prompts
import retrieval
import service
from service.cli import main

# What is for another program, and brings that.
_LEFT_OUT = {"evals.plugin", "retrieval.llamaindex", "retrieval.retriever"}


class Process:
    """A process that was forked, as `subprocess.Popen` would have it."""

    def __init__(self, asked: socket.socket) -> None:
        """Take the connection by which it was asked for."""
        self.returncode: int | None = None
        self._lines = asked.makefile("r", encoding="ascii")
        self._asked = asked
        self.pid = int(self._lines.readline())

    def poll(self) -> int | None:
        """Give its status if it has ended: the signal that ended it is negative."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end, and give its status.

        Raises:
            subprocess.TimeoutExpired: it has not ended after so many seconds.

        """
        if self.returncode is None:
            with selectors.DefaultSelector() as selector:
                selector.register(self._asked, selectors.EVENT_READ)
                if not selector.select(timeout):
                    raise subprocess.TimeoutExpired("a forked command", timeout or 0)
            self.returncode = int(self._lines.readline())
            self._lines.close()
            self._asked.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it has not ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)


class Preloaded:
    """The process that commands are forked from: started when it is first asked, and ended with `close`."""

    def __init__(self, folder: Path) -> None:
        """Take a new folder for its socket."""
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, command: Sequence[str], env: Mapping[str, str], cwd: Path, stdio: tuple[int, int, int]) -> Process:
        """Run `groundwire`, or `python -m` another module, with its arguments, environment, folder and streams."""
        if self._process is None:
            python = [sys.executable, "-m", "tests.preloaded", str(self._folder)]
            here = Path(__file__).parents[1]
            self._process = subprocess.Popen(
                python, cwd=here, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=without_settings()
            )
            assert self._process.stdout
            assert self._process.stdout.readline() == b"ready\n"
        asked = socket.socket(socket.AF_UNIX)
        asked.connect(str(self._folder / "socket"))
        what = json.dumps({"command": list(command), "env": dict(env), "cwd": str(cwd)}).encode()
        socket.send_fds(asked, [len(what).to_bytes(4)], stdio)
        asked.sendall(what)
        return Process(asked)

    def close(self) -> None:
        """End it; what was forked from it goes on."""
        if self._process:
            self._process.communicate()


def without_settings() -> dict[str, str]:
    """Give this process's environment without the developer's settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("GROUNDWIRE_")}


def _forking(folder: Path) -> list[str]:
    """Fork for whoever asks, until stdin ends; give the arguments of a command, in the process that is to run it."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / "socket"))
    listener.listen()
    woken, waking = socket.socketpair()
    os.set_blocking(waking.fileno(), False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waking.fileno())
    running: dict[int, socket.socket] = {}
    with selectors.DefaultSelector() as selector:
        for one in (listener, woken, sys.stdin):
            selector.register(one, selectors.EVENT_READ)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            for key, _ in selector.select():
                if key.fileobj is sys.stdin:
                    os._exit(0)
                elif key.fileobj is woken:
                    woken.recv(4096)
                    _tell_ended(running)
                else:
                    asked, _address = listener.accept()
                    what, files = _received(asked)
                    if pid := os.fork():
                        for file in files:
                            os.close(file)
                        asked.sendall(f"{pid}\n".encode())
                        running[pid] = asked
                        continue
                    signal.set_wakeup_fd(-1)
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    for one in (listener, woken, waking, asked, *running.values()):
                        one.close()
                    selector.close()
                    for number, file in enumerate(files):
                        os.dup2(file, number)
                        os.close(file)
                    os.chdir(what["cwd"])
                    os.environ.clear()
                    os.environ.update(what["env"])
                    return list(what["command"])


def _received(asked: socket.socket) -> tuple[dict[str, Any], list[int]]:
    length, files, _, _ = socket.recv_fds(asked, 4, 3)
    size = int.from_bytes(length)
    with asked.makefile("rb") as sent:
        return json.loads(sent.read(size)), list(files)


def _tell_ended(running: dict[int, socket.socket]) -> None:
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        with running.pop(pid) as asked, suppress(BrokenPipeError):  # who asked may be gone
            asked.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())


if __name__ == "__main__":
    status: str | int | None = 1  # of an error that nothing catches

    def _end() -> None:
        """End without taking all down that was imported: to copy it for that takes longer than most commands."""
        sys.stdout.flush()
        os._exit(status if isinstance(status, int) else 0)

    atexit.register(_end)  # first, and so called last
    for package in (evals, prompts, retrieval, service):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if found.name not in _LEFT_OUT:
                importlib.import_module(found.name)
    assert threading.active_count() == 1, "a process with threads cannot be forked"
    gc.freeze()
    module, *sys.argv[1:] = _forking(Path(sys.argv[1]))
    # What is forked is the command, also to click, and to `multiprocessing`, which would begin with this module.
    sys.argv[0] = str(Path(sys.executable).with_name("groundwire"))
    globals().update(__file__=sys.argv[0], __package__=None, __spec__=None)
    try:
        if module == "groundwire":
            main()
        else:
            sys.path[0] = str(Path.cwd())
            runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        status = end.code
