"""How many answers a second a real `groundwire serve` gives, and how long each takes, over real sockets.

    python benchmarks/load.py [--data FOLDER] [--cache FOLDER] [--rate 40] [--seconds 30] [--quick] [--json]

The service is a process of its own, with the extractive writer, over a store of 20,000 passages (stores.py keeps it). A
third process asks it, each question once, over connections that are kept alive:

first    8 clients, each of which asks again as soon as it is answered: the first answers after the start, nothing warm
closed   the same with 1, 8, 16 and 32 clients: how many answers a second there are at most
open     questions that arrive at a rate, as a Poisson process, whether those before are answered or not; a time counts
         from the arrival, so that what waits for its turn is seen

Beside it, in the same run: a route of Litestar's that gives as many bytes and does nothing else, and the nearest
passages alone, which Chroma gives to threads of its client's process. The processor's seconds are those of the service,
with the processes in which it computes, and of the process that asks; they share the machine's cores. Where the system
does not tell them (it does on Linux), they are left out.
"""

import argparse
import asyncio
import json
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

import httptools
import numpy as np
import uvicorn
from litestar import Litestar, Response, post

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import corpus, usage  # noqa: E402 - the repository is on the path from here on
from benchmarks.stores import OwnProcess, kept, model, tell  # noqa: E402
from retrieval.store import Store  # noqa: E402

RATE = 40.0  # answers a second: the aim on two cores
LEAST_P95 = 400.0  # milliseconds at that rate: the aim
NEAREST = 85  # passages that a search asks Chroma for
_PATIENCE = 60.0  # seconds for an answer
_START = 120.0  # seconds for the service


@dataclass(frozen=True)
class Size:
    """How much is asked."""

    passages: int
    first: int
    closed: tuple[tuple[int, int], ...]
    """Clients, and questions of all of them."""
    seconds: float
    """Of the open loop."""


FULL = Size(20_000, first=100, closed=((1, 80), (8, 200), (16, 200), (32, 200)), seconds=30)
QUICK = Size(1_000, first=10, closed=((1, 10), (8, 60)), seconds=2)


@dataclass(frozen=True)
class Asked:
    """What came of the questions of one loop."""

    milliseconds: tuple[float, ...]
    """Of each that was answered."""
    failed: tuple[str, ...]
    """Of each that was not, why."""
    seconds: float
    """From the first question to the last answer."""
    cpu: float
    """Seconds of the processor that the asking took."""
    late: float = 0.0
    """Milliseconds by which an arrival was behind its time at most; where these are many, the asking is slow."""


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    name: str
    asked: int
    failed: int
    rate: float
    """A second."""
    p50: float
    p95: float
    p99: float
    service_cpu: float | None = None
    """Milliseconds of the processor for each, of the processes that answer."""
    asking_cpu: float | None = None
    """The same of the process that asks."""

    def __str__(self) -> str:
        """Give a line of at most 80 columns."""
        cpu = "".join(f"{one:8.1f}" if one is not None else f"{'-':>8}" for one in (self.service_cpu, self.asking_cpu))
        times = "".join(f"{one:8.1f}" for one in (self.p50, self.p95, self.p99))
        return f"{self.name:<20}{self.asked:6}{self.failed:5}{self.rate:8.1f}{times}{cpu}"


HEAD = f"{'':<20}{'asked':>6}{'bad':>5}{'a second':>9}{'p50':>7}{'p95':>8}{'p99':>8}{'CPU ms':>8}{'asking':>8}"


def row(name: str, asked: Asked, service_cpu: float | None) -> Row:
    """Sum a loop up."""
    done = len(asked.milliseconds)
    p50, p95, p99 = np.percentile(asked.milliseconds, [50, 95, 99]).tolist() if done else [float("nan")] * 3
    every = max(done + len(asked.failed), 1)
    cpu = None if service_cpu is None else 1000 * service_cpu / every
    return Row(name, every, len(asked.failed), done / asked.seconds, p50, p95, p99, cpu, 1000 * asked.cpu / every)


# Asking


class Connection(asyncio.Protocol):
    """A connection that is kept alive, for one request after another."""

    def __init__(self) -> None:
        """Begin with nothing under way."""
        self._reply: asyncio.Future[int] | None = None
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - it is one of TCP
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Read on."""
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        """Hand over the status."""
        if self._reply and not self._reply.done():
            self._reply.set_result(self._parser.get_status_code())
        self._parser = httptools.HttpResponseParser(self)

    def connection_lost(self, error: Exception | None) -> None:
        """Fail what is under way."""
        if self._reply and not self._reply.done():
            self._reply.set_exception(error or ConnectionResetError("closed before the answer"))

    async def ask(self, request: bytes) -> int:
        """Send a request, and give the status of its response once that is whole."""
        assert self._transport  # noqa: S101 - made by create_connection
        self._reply = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await asyncio.wait_for(self._reply, _PATIENCE)

    def close(self) -> None:
        """Close it."""
        assert self._transport  # noqa: S101 - as above
        self._transport.close()


class Connections:
    """As many as are needed at once; an idle one is used again."""

    def __init__(self, host: str, port: int) -> None:
        """Take the address."""
        self._address = host, port
        self._idle: list[Connection] = []

    @asynccontextmanager
    async def one(self) -> AsyncIterator[Connection]:
        """Have a connection of one's own; after a failure it is not used again."""
        if self._idle:
            connection = self._idle.pop()
        else:
            _, connection = await asyncio.get_running_loop().create_connection(Connection, *self._address)
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)

    def close(self) -> None:
        """Close those that are idle."""
        for one in self._idle:
            one.close()


def request_of(question: str, host: str, port: int, path: str = "/v1/answers") -> bytes:
    """Write a request."""
    body = json.dumps({"question": question}).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\n"
        f"Accept: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _timed(connections: Connections, request: bytes, since: float, done: list[float], failed: list[str]) -> None:
    try:
        async with connections.one() as connection:
            status = await connection.ask(request)
    except (OSError, TimeoutError) as error:
        failed.append(type(error).__name__)
        return
    if status == 200:  # noqa: PLR2004 - the status of an answer
        done.append(1000 * (time.perf_counter() - since))
    else:
        failed.append(str(status))


def ask_closed(address: str, questions: Sequence[str], clients: int) -> Asked:
    """Ask with so many clients, each the next question as soon as it is answered."""

    async def run() -> Asked:
        host, port = _host_and_port(address)
        connections = Connections(host, port)
        waiting = iter([request_of(one, host, port) for one in questions])
        done: list[float] = []
        failed: list[str] = []

        async def client() -> None:
            for request in waiting:
                await _timed(connections, request, time.perf_counter(), done, failed)

        began, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(client() for _ in range(clients)))
        connections.close()
        return Asked(tuple(done), tuple(failed), time.perf_counter() - began, time.process_time() - cpu)

    return asyncio.run(run())


def ask_open(address: str, questions: Sequence[str], rate: float) -> Asked:
    """Ask at a rate, at random intervals, each when its time has come."""

    async def run() -> Asked:
        host, port = _host_and_port(address)
        connections = Connections(host, port)
        draw = random.Random(1)  # noqa: S311 - arrivals, not a secret
        done: list[float] = []
        failed: list[str] = []
        requests = [request_of(one, host, port) for one in questions]
        began, cpu = time.perf_counter(), time.process_time()
        due, late = began, 0.0
        async with asyncio.TaskGroup() as asking:
            for request in requests:
                due += draw.expovariate(rate)
                await asyncio.sleep(max(due - time.perf_counter(), 0))
                late = max(late, 1000 * (time.perf_counter() - due))
                asking.create_task(_timed(connections, request, due, done, failed))
        connections.close()
        return Asked(tuple(done), tuple(failed), time.perf_counter() - began, time.process_time() - cpu, late)

    return asyncio.run(run())


def _host_and_port(address: str) -> tuple[str, int]:
    parts = urlsplit(address)
    return parts.hostname or "127.0.0.1", parts.port or 80


# What is asked


class Served:
    """A process that serves HTTP, and what it has used."""

    def __init__(self, process: subprocess.Popen[str], address: str) -> None:
        """Take a process that is serving."""
        self._process = process
        self.address = address

    def cpu(self) -> float | None:
        """Give the processor's seconds that it has used, with those that it has started."""
        return usage.cpu(self._process.pid)

    def memory(self) -> float | None:
        """Give their resident megabytes."""
        return usage.memory(self._process.pid)

    def loop(self, name: str, ask: Callable[[], Asked]) -> Row:
        """Have questions asked, and count what the service used for them."""
        before = self.cpu()
        asked = ask()
        after = self.cpu()
        if asked.late > 50:  # noqa: PLR2004 - milliseconds, more than a loop of events is ever late by itself
            tell(f"  the asking was late by up to {asked.late:.0f} ms: it had no processor")
        return row(name, asked, None if before is None or after is None else after - before)


@contextmanager
def serving(*command: str, env: dict[str, str] | None = None) -> Iterator[Served]:
    """Run a command of this interpreter that prints its address, and end it."""
    process = subprocess.Popen(  # noqa: S603 - our own service
        [sys.executable, *command],
        env={**os.environ, "PYTHONPATH": str(ROOT), **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        printed = next((line for line in process.stdout or () if "http://" in line), None)
        if printed is None:
            raise RuntimeError(f"The service did not start: run {' '.join(command)} by hand to see why.")
        yield Served(process, re.findall(r"http://\S+", printed)[0])
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()


def serve_bare(size: int) -> None:
    """Serve a route that reads JSON and gives so many bytes."""

    @post("/v1/answers", status_code=200)
    async def answer(data: dict[str, str]) -> Response[bytes]:  # noqa: ARG001 - it is read, as that of an answer is
        return Response(bytes(size), media_type="application/json")

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
            await super().startup(sockets)  # type: ignore[arg-type]
            print(f"http://127.0.0.1:{self.servers[0].sockets[0].getsockname()[1]}", flush=True)

    app = Litestar([answer], openapi_config=None, logging_config=None)
    Server(uvicorn.Config(app, port=0, log_level="critical", access_log=False, lifespan="off")).run()


def nearest_alone(folder: Path, questions: Sequence[str], threads: int) -> tuple[Asked, float]:
    """Ask Chroma alone for the passages nearest to questions, in so many threads."""
    embedder = model()
    vectors = asyncio.run(embedder.embed(questions, "question"))
    with Store.open_embedded(folder, embedder) as store, ThreadPoolExecutor(threads) as pool:
        archive = asyncio.run(store.read(lambda archive: archive))
        archive.nearest(vectors[0], NEAREST)

        def timed(vector: np.ndarray[tuple[int], np.dtype[np.float32]]) -> float:
            began = time.perf_counter()
            archive.nearest(vector, NEAREST)
            return 1000 * (time.perf_counter() - began)

        began, cpu = time.perf_counter(), time.process_time()
        times = tuple(pool.map(timed, vectors))
        return Asked(times, (), time.perf_counter() - began, 0.0), time.process_time() - cpu


# The run


def bytes_of_an_answer(address: str, question: str) -> int:
    """Give the size of an answer."""
    import httpx  # noqa: PLC0415 - for one request

    return len(httpx.post(f"{address}/v1/answers", json={"question": question}, timeout=_PATIENCE).content)


def measure(folder: Path, questions: Sequence[str], size: Size, rate: float) -> Iterator[Row | str]:
    """Give the lines as they come."""
    left = iter(questions)
    bare_questions = list(questions[:2000])
    with OwnProcess() as asker:
        alone = list(islice(questions, 400))
        for threads in (1, 8):
            with OwnProcess() as own:
                found, cpu = own(nearest_alone, folder, alone, threads)
            yield row(f"Chroma alone, {threads}", found, cpu)

        service = ("-c", "from service.cli import main; main()", "serve", "--port", "0")
        settings = {name: "" for name in os.environ if name.startswith("GROUNDWIRE_")}
        with serving(*service, env={**settings, "GROUNDWIRE_DATA_DIR": str(folder)}) as served:
            some = list(islice(left, size.first))
            yield served.loop("first, 8 clients", lambda: asker(ask_closed, served.address, some, 8))
            answer = bytes_of_an_answer(served.address, some[0])
            for clients, count in size.closed:
                some = list(islice(left, count))
                yield served.loop(f"closed, {clients}", partial(asker, ask_closed, served.address, some, clients))
            some = list(islice(left, int(rate * size.seconds)))
            yield served.loop(f"open, {rate:g}/s", lambda: asker(ask_open, served.address, some, rate))
            memory = served.memory()

        with serving(str(Path(__file__)), "--bare", str(answer)) as bare:
            yield bare.loop("bare Litestar, 8", lambda: asker(ask_closed, bare.address, bare_questions, 8))
            yield bare.loop(
                f"the same, {rate:g}/s",
                lambda: asker(ask_open, bare.address, bare_questions[: int(rate * size.seconds / 3)], rate),
            )
    yield f"An answer has {answer:,} bytes" + (f"; the service holds {memory:,.0f} MB" if memory else "")


def main() -> None:
    """Print the figures line by line."""
    cached = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "groundwire-benchmarks"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data", type=Path, help="a folder with squad2/ and clapnq/; without it, this repository's news"
    )
    parser.add_argument("--cache", type=Path, default=cached, help="where the store is kept (%(default)s)")
    parser.add_argument("--rate", type=float, default=RATE, help="questions a second of the open loop (%(default)s)")
    parser.add_argument("--seconds", type=float, help="of the open loop")
    parser.add_argument("--quick", action="store_true", help="a minute's worth: a small store, which has no aim")
    parser.add_argument("--json", action="store_true", help="figures as JSON instead of lines")
    parser.add_argument("--bare", type=int, metavar="BYTES", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.bare is not None:
        serve_bare(arguments.bare)
        return
    try:
        texts = corpus.read(arguments.data)
    except FileNotFoundError as error:
        parser.error(str(error))
    size = QUICK if arguments.quick else FULL
    if arguments.seconds:
        size = Size(size.passages, size.first, size.closed, arguments.seconds)
    needed = size.first + sum(count for _, count in size.closed) + int(arguments.rate * size.seconds)
    if needed > len(texts.questions):
        parser.error(f"that takes {needed:,} questions, and there are {len(texts.questions):,}: fewer --seconds")
    arguments.cache.mkdir(parents=True, exist_ok=True)
    folder = kept(texts, size.passages, arguments.cache, drawn=False)
    load = f"load average {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    show = tell if arguments.json else lambda line: print(line, flush=True)
    show(f"{size.passages:,} passages, {os.cpu_count()} cores, {load}; milliseconds\n{HEAD}")
    rows: list[Row] = []
    for line in measure(folder, texts.questions, size, arguments.rate):
        show(str(line))
        if isinstance(line, Row):
            rows.append(line)
    aimed = next(one for one in rows if one.name.startswith("open"))
    if not arguments.quick and arguments.rate == RATE:
        met = aimed.p95 <= LEAST_P95 and not aimed.failed
        show(f"p95 at {RATE:g}/s: {aimed.p95:.0f} ms, of {LEAST_P95:.0f} at most: {'met' if met else 'MISSED'}")
    if arguments.json:
        print(json.dumps([asdict(one) for one in rows], indent=2))


if __name__ == "__main__":
    main()
