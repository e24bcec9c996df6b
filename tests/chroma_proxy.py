"""A proxy before a real Chroma server, which refuses what a distributed one would: Chroma Cloud's documented quotas.

https://docs.trychroma.com/cloud/quotas-limits, as of 2026-11. Each refusal is Chroma's own: 422 and "Quota exceeded"
for what is too large, 429 for what is too much at once.
"""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import httpx

_WRITES = ("add", "upsert", "update", "delete")
_READS = ("get", "query", "count")


@dataclass
class Quotas:
    """What is let through, and what was refused or seen."""

    document: int = 16_384
    metadata_value: int = 4_096
    metadata_keys: int = 32
    metadata_key: int = 36
    record_id: int = 128
    results: int = 300
    records: int = 300
    predicates: int = 8
    at_once: int = 10
    name: int = 128
    collection_metadata: int = 256
    delay: float = 0.0
    """Seconds that each call for records waits, as behind others; a heartbeat never does."""
    refusals: list[int] = field(default_factory=list)
    """With what the next calls are answered, whatever they are."""
    failing: bool = False
    """Whether each write is answered as by a server whose disk is full."""
    refused: list[str] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)

    def problem(self, call: str, body: Mapping[str, Any]) -> str | None:
        """Say what a call breaks; None: nothing."""
        ids = body.get("ids") or []
        rows = [row for row in body.get("metadatas") or [] if row]
        values = [value for row in rows for value in row.values() if isinstance(value, str)]
        checks = {
            "Document size (bytes)": (_longest(body.get("documents") or []), self.document),
            "Size of metadata dictionary value (bytes)": (_longest(values), self.metadata_value),
            "Number of metadata dictionary keys": (max(map(len, rows), default=0), self.metadata_keys),
            "Size of metadata dictionary key (bytes)": (_longest([k for row in rows for k in row]), self.metadata_key),
            "ID size (bytes)": (_longest(ids), self.record_id),
            "Number of records": (len(ids), self.records),
            "Number of where clause predicates": (_predicates(body.get("where")), self.predicates),
        }
        if call == "get":
            checks["Limit value"] = (body.get("limit") or 0, self.results)
        if call == "query":
            asked = body.get("n_results") or 0
            checks["Number of results"] = (asked * len(body.get("query_embeddings") or []), self.results)
        if call == "collections":
            checks["Name size (bytes)"] = (len(body.get("name") or ""), self.name)
            said = [str(value) for value in (body.get("metadata") or {}).values()]
            checks["Size of collection metadata value (bytes)"] = (_longest(said), self.collection_metadata)
        broken = [f"'{what}': {usage} exceeds {limit}" for what, (usage, limit) in checks.items() if usage > limit]
        self.refused += [f"{call}: {one}" for one in broken]
        return "; ".join(broken) or None


def _longest(texts: Sequence[str | None]) -> int:
    return max((len(text.encode()) for text in texts if text), default=0)


def _predicates(where: Any) -> int:  # noqa: ANN401 - as Chroma has it
    """Count the comparisons; of a list each value, for what Chroma counts is not documented."""
    if isinstance(where, Mapping):
        return sum(map(_predicates, where.values()))
    if isinstance(where, list):
        return sum(map(_predicates, where))
    return 1 if where is not None else 0


class _Handler(BaseHTTPRequestHandler):
    """Answers one connection's requests."""

    protocol_version = "HTTP/1.1"
    server: "_Proxy"

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        collection, _, call = urlsplit(self.path).path.rpartition("/")
        if call not in (*_READS, *_WRITES):
            problem = self.server.quotas.problem(call, json.loads(body)) if body else None
            self._say(*_quota_exceeded(problem)) if problem else self._pass_on(body, call)
            return
        with self.server.passing(collection, call) as refused:
            problem = self.server.quotas.problem(call, json.loads(body or b"{}"))
            time.sleep(self.server.quotas.delay)
            if refused:
                self._say(refused, b'{"error": "RateLimitError", "message": "slow down"}')
            elif problem:
                self._say(*_quota_exceeded(problem))
            elif self.server.quotas.failing and call in _WRITES:
                self._say(500, b'{"error": "InternalError", "message": "database is locked"}')
            else:
                self._pass_on(body, call)

    do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - http.server's names

    def _pass_on(self, body: bytes, call: str) -> None:
        if call == "get":  # without a limit a distributed Chroma gives no more, and no error
            asked = {name: value for name, value in json.loads(body).items() if value is not None}
            body = json.dumps({"limit": self.server.quotas.results, **asked}).encode()
        if call == "pre-flight-checks":  # https://github.com/chroma-core/chroma/issues/5453
            self._say(200, b'{"max_batch_size": 1000, "supports_base64_encoding": true}')
            return
        try:
            answer = self.server.client.request(
                self.command, self.path, content=body, headers={"Content-Type": "application/json"}
            )
        except httpx.TransportError:
            self.close_connection = True
            return
        self._say(answer.status_code, answer.content)

    def _say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


class _Proxy(ThreadingHTTPServer):
    """What its connections share."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: str, quotas: Quotas) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.client = httpx.Client(base_url=address, timeout=60.0)
        self.quotas = quotas
        self._places: Counter[tuple[str, bool]] = Counter()
        self._changed = threading.Lock()

    @contextmanager
    def passing(self, collection: str, call: str) -> Iterator[int | None]:
        """Count a call while it is answered; what it is refused with, if it is."""
        place = collection, call in _WRITES
        with self._changed:
            self.quotas.calls[call] += 1
            self._places[place] += 1
            status = self.quotas.refusals.pop() if self.quotas.refusals else None
            if self._places[place] > self.quotas.at_once:
                status = 429
        if status:
            self.quotas.refused.append(f"{call}: {status}")
        try:
            yield status
        finally:
            with self._changed:
                self._places[place] -= 1


def _quota_exceeded(problem: str) -> tuple[int, bytes]:
    return 422, json.dumps({"error": "ChromaError", "message": f"Quota exceeded: {problem}"}).encode()


@contextmanager
def proxy(address: str, quotas: Quotas) -> Iterator[str]:
    """Serve a Chroma server at another address, within quotas."""
    with _Proxy(address, quotas) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            serving.join()
            server.client.close()
