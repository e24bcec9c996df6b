"""A Chroma server and replicas of the service over it, as real processes, and a client that balances over them."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from benchmarks import usage

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
DRAIN = 5.0  # seconds, as the image has it: two checks of haproxy.cfg, each of which may take a second
GRACE = 20.0  # seconds
_LOOK_EVERY = 0.5  # seconds between two looks at a replica's readiness, as proxies have it
_STARTED_WITHIN = 90.0  # seconds; generous, for a machine that has other work
_ENDED_WITHIN = GRACE + 20.0  # seconds
TIMEOUT = 60.0  # seconds for one request; a service that needs longer has lost it


def free_port() -> int:
    """Name a port that nothing listens at."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@dataclass
class Process:
    """One process that is started, ended, killed and started again at the same address; its output is appended."""

    name: str
    command: Sequence[str | Path]
    env: dict[str, str]
    address: str
    health: str
    """The path that answers 200 when it serves."""
    log: Path
    killed: int = 0
    """How many times it was."""
    dying: bool = False
    """It was killed, and not started since: what it is asked has no answer."""
    _running: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Name the process that runs."""
        return self._process().pid

    @property
    def resident_mb(self) -> float:
        """Tell how much memory it holds, with the processes that it has started; 0 while it does not run."""
        with suppress(RuntimeError):
            return usage.memory(self.pid) or 0.0
        return 0.0

    async def start(self) -> None:
        """Start it, and wait until it serves.

        Raises:
            RuntimeError: it ended, or does not serve in time.

        """
        self.dying = False
        with self.log.open("ab") as log:
            self._running = subprocess.Popen(  # noqa: ASYNC220, S603 - milliseconds; our own command
                self.command, env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        deadline = time.monotonic() + _STARTED_WITHIN
        async with httpx.AsyncClient(base_url=self.address, trust_env=False, timeout=2) as client:
            while time.monotonic() < deadline:
                if self._running.poll() is not None:
                    said = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-1:]
                    raise RuntimeError(f"{self.name} ended with status {self._running.returncode}: {''.join(said)}")
                with suppress(httpx.TransportError):
                    if (await client.get(self.health)).status_code == httpx.codes.OK:
                        return
                await asyncio.sleep(0.1)
        raise RuntimeError(f"{self.name} does not serve: see {self.log}")

    async def end(self) -> int:
        """End it by SIGTERM; give its status."""
        return await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """End it by SIGKILL."""
        self.killed, self.dying = self.killed + 1, True
        await self._end(signal.SIGKILL)

    async def freeze(self, seconds: float) -> None:
        """Stop it for a while: it is there, and answers nothing."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            os.kill(self.pid, signal.SIGCONT)

    def close(self) -> None:
        """Leave nothing behind."""
        if self._running is not None:
            self._running.kill()
            self._running.wait()

    async def _end(self, kind: signal.Signals) -> int:
        process = self._process()
        process.send_signal(kind)
        return await asyncio.to_thread(process.wait, _ENDED_WITHIN)

    def _process(self) -> subprocess.Popen[bytes]:
        if self._running is None:
            raise RuntimeError(f"{self.name} was never started")
        return self._running


def chroma(folder: Path) -> Process:
    """Make a Chroma server, which is not started."""
    port = free_port()
    arguments = ["--host", "127.0.0.1", "--port", str(port), "--path", str(folder / "chroma")]
    command: list[str | Path] = [BIN / "chroma", "run", *arguments]
    env = os.environ | {"ANONYMIZED_TELEMETRY": "FALSE"}
    address = f"http://127.0.0.1:{port}"
    return Process("chroma", command, env, address, "/api/v2/heartbeat", folder / "chroma.log")


def replica(folder: Path, number: int, store: Process, *, shared: bool = False, **settings: str) -> Process:
    """Make a replica, which is not started: with a folder of its own, or the one that all share."""
    port = free_port()
    ours = {
        "GROUNDWIRE_DATA_DIR": str(folder / ("data" if shared else f"data{number}")),
        "GROUNDWIRE_CHROMA": store.address,
        "GROUNDWIRE_PORT": str(port),
        "GROUNDWIRE_DRAIN": str(DRAIN),
        "GROUNDWIRE_GRACE": str(GRACE),
        "PYTHONPATH": str(ROOT),
        **settings,
    }
    others = {name: value for name, value in os.environ.items() if not name.startswith("GROUNDWIRE_")}
    address = f"http://127.0.0.1:{port}"
    log = folder / f"replica{number}.log"
    return Process(f"replica {number}", [BIN / "groundwire", "serve"], others | ours, address, "/health/ready", log)


@dataclass(frozen=True)
class Reply:
    """What became of a request: an answer, or how it failed."""

    status: int
    """0: no response came."""
    body: Any
    by: str
    """The replica."""
    failure: str = ""
    """Why no response came."""
    excused: bool = False
    """None could: the replica was killed meanwhile, or none ran."""
    sent: float = 0.0
    """On the monotonic clock."""
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Tell whether it did what it was asked."""
        return 200 <= self.status < 300  # noqa: PLR2004 - HTTP's own


@dataclass
class Fleet:
    """A store, its replicas, and a balancing client; used in an `async with` statement, which starts and ends all.

    It does what a proxy does with health checks: it keeps connections open, sends each request to the next replica
    that was ready when it last looked, to any where none was, and sends it elsewhere only when the connection was
    refused: then nothing has been sent.
    """

    store: Process
    replicas: list[Process]
    ready: set[str] = field(default_factory=set)
    _clients: dict[str, httpx.AsyncClient] = field(default_factory=dict)
    _numbers: "count[int]" = field(default_factory=count)

    async def __aenter__(self) -> Self:
        """Start the store, then the replicas."""
        try:
            await self.store.start()
            for one in self.replicas:
                await one.start()
                self._clients[one.name] = httpx.AsyncClient(base_url=one.address, trust_env=False, timeout=TIMEOUT)
        except BaseException:
            self._close()
            raise
        self.ready = set(self._clients)
        self._looking = [asyncio.create_task(self._look(one)) for one in self.replicas]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all."""
        for task in self._looking:
            task.cancel()
        await asyncio.gather(*self._looking, return_exceptions=True)
        for client in self._clients.values():
            await client.aclose()
        self._close()

    async def ask(self, method: str, path: str, body: object = None, *, at: str | None = None) -> Reply:
        """Send a request to the replica that is next, or to this one; never fails."""
        sent = time.monotonic()
        for name in [at] if at else self._turns():
            process = next(one for one in self.replicas if one.name == name)
            killed, dying = process.killed, process.dying
            try:
                response = await self._clients[name].request(method, path, json=body)
            except httpx.ConnectError as error:
                if at:
                    return Reply(0, None, name, repr(error), excused=True, sent=sent)
                continue
            except httpx.TransportError as error:
                excused = dying or process.killed > killed
                return Reply(0, None, name, repr(error), excused, sent, time.monotonic() - sent)
            json = "json" in response.headers.get("content-type", "")
            data = response.json() if json else response.text
            return Reply(response.status_code, data, name, sent=sent, seconds=time.monotonic() - sent)
        return Reply(0, None, "", "no replica takes connections", excused=True, sent=sent)

    def _turns(self) -> list[str]:
        """Name the replicas in the order in which they are tried."""
        names = [one.name for one in self.replicas]
        first = next(self._numbers) % len(names)
        names = names[first:] + names[:first]
        return sorted(names, key=lambda name: name not in self.ready)

    async def _look(self, process: Process) -> None:
        """Look at a replica's readiness, over and over."""
        async with httpx.AsyncClient(base_url=process.address, trust_env=False, timeout=4 * _LOOK_EVERY) as client:
            while True:
                ok = False
                with suppress(httpx.TransportError):
                    ok = (await client.get("/health/ready")).status_code == httpx.codes.OK
                (self.ready.add if ok else self.ready.discard)(process.name)
                await asyncio.sleep(_LOOK_EVERY)

    def _close(self) -> None:
        for process in [*self.replicas, self.store]:
            process.close()


async def until(found: Callable[[], bool], seconds: float) -> bool:
    """Wait until something is so; False: it is not in time."""
    deadline = time.monotonic() + seconds
    while not found():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.05)  # nothing tells
    return True
