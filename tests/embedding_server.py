"""A small real embedding server: bags of words, spoken as OpenAI's API and as Ollama's."""

import hashlib
import json
import math
import re
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DIMENSIONS = 512


def bag(text: str, dimensions: int = DIMENSIONS) -> list[float]:
    """Count a text's words, each in the dimension that its hash names; any two texts have a cosine of .7 or more."""
    counts = [0.0] * dimensions
    for word in re.findall(r"\w+", text.lower()) or [text]:
        counts[int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "little") % dimensions] += 1
    length = math.hypot(*counts)
    return [count / length + 1.5 / math.sqrt(dimensions) for count in counts]


def openai_reply(texts: Sequence[str]) -> dict[str, Any]:
    data = [{"object": "embedding", "index": place, "embedding": bag(text)} for place, text in enumerate(texts)]
    usage = {"prompt_tokens": 1, "total_tokens": 1}
    return {"object": "list", "data": data, "model": "words", "usage": usage}


def ollama_reply(texts: Sequence[str]) -> dict[str, Any]:
    return {"model": "words", "embeddings": [bag(text) for text in texts]}


@dataclass
class EmbeddingServer:
    """Remembers texts and keys; fails with the statuses in `failures` first, and where a text has `refused`."""

    url: str
    calls: list[list[str]] = field(default_factory=list)
    keys: set[str | None] = field(default_factory=set)
    failures: list[int] = field(default_factory=list)
    refused: str | None = None
    takes: float = 0.0
    """Seconds for each call."""

    @classmethod
    @contextmanager
    def running(cls) -> "Iterator[EmbeddingServer]":
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                texts = json.loads(self.rfile.read(int(self.headers["content-length"])))["input"]
                ours.calls.append(texts)
                time.sleep(ours.takes)
                ours.keys.add(self.headers["authorization"])
                status = ours.failures.pop(0) if ours.failures else 200
                if ours.refused and any(ours.refused in text for text in texts):
                    status = 500
                reply = {"/v1/embeddings": openai_reply, "/api/embed": ollama_reply}[self.path](texts)
                body = json.dumps(reply if status == 200 else {"error": "the key sk-secret is not ours"}).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = False
        ours = cls(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield ours
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
