"""How long a large body keeps all others waiting: the longest pause of a ticker beside one request after the other.

    python benchmarks/bodies.py

The service is real, on a socket, and its client another process; its embedding model takes no time, so that what is
measured is what the service itself does. A pause is given as it was, and in processor time, which is the same on a
machine that is busy with other things.
"""

import asyncio
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import uvicorn

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from retrieval.embedding import Vectors  # noqa: E402 - the repository is on the path from here on
from retrieval.fetching import Fetcher  # noqa: E402
from retrieval.store import Store  # noqa: E402
from service.http.app import make_app  # noqa: E402
from service.jobs import Jobs  # noqa: E402
from tests.fakes import FirstSentence, WordEmbedder  # noqa: E402

_EVERY = 0.001  # seconds from tick to tick
_SENDER = """
import http.client, sys
method, port, path = sys.argv[1:4]
connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=600)
connection.request(method, path, sys.stdin.buffer.read(), {"Content-Type": "application/json"})
print(connection.getresponse().status)
"""
_SENTENCE = "The minister said on Friday that 31 drones were bought, and that the price of the deal was open. "


def _chat(ignored: bytes) -> bytes:
    return b'{"model": "groundwire", "messages": [{"role": "user", "content": "How many drones?"}], "x": %b}' % ignored


def _article(text: bytes) -> bytes:
    return b'{"title": "Drones", "text": "%b"}' % text


# Each is made when it is sent: together they are 200 MB.
REQUESTS: dict[str, tuple[str, str, Callable[[], bytes]]] = {
    "a question": ("POST", "/v1/answers", lambda: b'{"question": "How many drones?"}'),
    "a chat with 7 MB of a picture": ("POST", "/v1/chat/completions", lambda: _chat(b'"' + b"a" * 7_000_000 + b'"')),
    "a chat with 10 MB of empty lists": (
        "POST",
        "/v1/chat/completions",
        lambda: _chat(b"[" + b"[]," * 3_300_000 + b"0]"),
    ),
    "a chat with 10 MB of objects": (
        "POST",
        "/v1/chat/completions",
        lambda: _chat(b"[" + b'{"a":0},' * 1_240_000 + b"0]"),
    ),
    "a chat with 10 MB of short strings": (
        "POST",
        "/v1/chat/completions",
        lambda: _chat(b"[" + b'"a,",' * 1_980_000 + b"0]"),
    ),
    "an article of 1 MB": ("PUT", "/v1/articles/one", lambda: _article(_SENTENCE.encode() * 10_000)),
    "an article of 5 MB": ("PUT", "/v1/articles/five", lambda: _article(_SENTENCE.encode() * 50_000)),
    "an article and 40 MB of empty lists": (
        "PUT",
        "/v1/articles/lists",
        lambda: b'{"title": "Drones", "text": "31", "x": [' + b"[]," * 13_000_000 + b"0]}",
    ),
    "an article of 20 million quotation marks": (
        "PUT",
        "/v1/articles/marks",
        lambda: _article(b'\\"' * 19_000_000 + b" 31 drones."),
    ),
    "a job of 40 MB": (
        "POST",
        "/v1/articles",
        lambda: b"[" + b",".join([_article(_SENTENCE.encode() * 20)] * 20_000) + b"]",
    ),
}


class Instant(WordEmbedder):
    """An embedder that takes no time, and whose texts are all alike."""

    def _bags(self, texts: Sequence[str]) -> Vectors:
        return np.full((len(texts), self.dimensions), self.dimensions**-0.5, np.float32)


class Ticker:
    """Ticks in the loop, and knows its longest pause."""

    def __init__(self) -> None:
        """Begin with none."""
        self.pause = self.processor = 0.0

    async def tick(self) -> None:
        """Tick until it is cancelled."""
        last, processor = time.perf_counter(), time.process_time()
        while True:
            await asyncio.sleep(_EVERY)
            now, used = time.perf_counter(), time.process_time()
            self.pause, self.processor = max(self.pause, now - last), max(self.processor, used - processor)
            last, processor = now, used


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[int]:
    """Serve with an empty store, and give the port."""
    embedder = Instant()
    with Store.open_embedded(folder / "store", embedder) as store:
        async with Fetcher() as fetcher, Jobs(folder / "jobs", store, embedder, fetcher) as jobs:
            app = make_app(FirstSentence(store, embedder), jobs=jobs)
            server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
            with socket.socket() as listener:
                listener.bind(("127.0.0.1", 0))
                serving = asyncio.create_task(server.serve(sockets=[listener]))
                yield listener.getsockname()[1]
                server.should_exit = True
                await serving


async def main() -> None:
    """Send each request, and print a line for it."""
    print(f"{'':45} {'status':>6} {'took':>8} {'pause':>8} {'processor':>10}")
    with tempfile.TemporaryDirectory() as folder:
        async with served(Path(folder)) as port:
            await asyncio.sleep(0.1)
            for name, (method, path, made) in REQUESTS.items():
                body = made()
                command = [sys.executable, "-c", _SENDER, method, str(port), path]
                process = await asyncio.create_subprocess_exec(*command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
                began, ticker = time.perf_counter(), Ticker()
                ticking = asyncio.create_task(ticker.tick())
                printed, _ = await process.communicate(body)
                ticking.cancel()
                took = time.perf_counter() - began
                line = f"{name:45} {printed.decode().strip():>6} {took:6.1f} s {ticker.pause * 1000:5.0f} ms"
                print(f"{line} {ticker.processor * 1000:7.0f} ms", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
