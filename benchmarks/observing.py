"""What it costs to be seen: microseconds for each request and each answer, and a scrape of /metrics.

    python benchmarks/observing.py [--times 5000]

The lines go to /dev/null, the spans to an exporter that keeps none. The series of the scrape are those of a service
whose 35 routes have each been asked by two methods, with three classes of status, with four writers.
"""

import argparse
import asyncio
import logging
import sys
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import ExitStack
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from opentelemetry.sdk.trace import TracerProvider  # noqa: E402 - the repository is on the path from here on
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult  # noqa: E402
from prometheus_client import generate_latest  # noqa: E402

from retrieval.types import Corpus  # noqa: E402
from service.logs import Lines, LogFormat, RequestIdFilter  # noqa: E402
from service.observing import Observed, Observer  # noqa: E402
from service.traces import Tracer  # noqa: E402
from service.types import Abstention, Answer, Answered, Event, Question  # noqa: E402
from tests.fakes import Unasked  # noqa: E402

SCOPE = {
    "type": "http",
    "method": "POST",
    "path": "/v1/answers",
    "scheme": "http",
    "http_version": "1.1",
    "client": ("127.0.0.1", 50000),
    "headers": [(b"host", b"localhost:8000"), (b"user-agent", b"a client"), (b"accept", b"*/*")],
}
QUESTION = Question(question="How many drones does India plan to buy?")
ANSWER = Answer(
    id="ans_0",
    question=QUESTION.question,
    answered=False,
    text=None,
    abstained=Abstention(reason="not_answered", message="The articles do not answer this question."),
    writer="extractive",
    corpus=Corpus(articles=5, fingerprint="0" * 16),
    timings_ms=dict.fromkeys(["rewrite", "search", "write", "verify", "compare", "total"], 1.5),
)


class Instant(Unasked):
    """Answers at once."""

    async def events(self, question: Question) -> AsyncGenerator[Event]:  # noqa: ARG002 - the seam's
        """Give the whole answer."""
        yield Answered(answer=ANSWER)


class Nowhere(SpanExporter):
    """Keeps nothing."""

    def export(self, spans: object) -> SpanExportResult:  # noqa: ARG002 - the seam's
        """Drop them."""
        return SpanExportResult.SUCCESS


def request(observer: Observer) -> None:
    """See a request."""
    with observer.request(SCOPE, "0" * 32) as seen:
        seen.status, seen.route, seen.bytes = 200, "/v1/answers", 2000


async def answer(answering: Any) -> None:  # noqa: ANN401 - seen, or not
    """Read an answer."""
    async for _ in answering.events(QUESTION):
        pass


def microseconds(call: Callable[[], object], times: int) -> float:
    """Give what a call takes, the best of five rounds."""
    best = float("inf")
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(times):
            call()
        best = min(best, (time.perf_counter() - began) / times)
    return best * 1e6


async def answers(call: Callable[[], Coroutine[Any, Any, None]], times: int) -> float:
    """Give what an answer takes, the best of five rounds."""
    best = float("inf")
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(times):
            await call()
        best = min(best, (time.perf_counter() - began) / times)
    return best * 1e6


def logging_to(stack: ExitStack, log_format: LogFormat) -> None:
    """Log as a service does, to nowhere."""
    handler = logging.FileHandler("/dev/null")
    stack.callback(handler.close)
    handler.setFormatter(Lines(log_format))
    handler.addFilter(RequestIdFilter())
    logger = logging.getLogger("groundwire")
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.INFO)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=5000)
    times = parser.parse_args().times
    with ExitStack() as stack:
        for log_format in ("text", "json"):
            logging_to(stack, log_format)
            observer = Observer()
            print(f"a request, {log_format}: {microseconds(lambda: request(observer), times):.0f} µs")  # noqa: B023
            seen = Observed(Instant(), observer)
            bare = asyncio.run(answers(lambda: answer(Instant()), times))
            took = asyncio.run(answers(lambda: answer(seen), times))  # noqa: B023
            print(f"an answer, {log_format}: {took - bare:.0f} µs")
        provider = TracerProvider()
        provider.add_span_processor(BatchSpanProcessor(Nowhere()))
        traced = Observer(tracer=Tracer(provider))
        print(f"a request, json, with its span: {microseconds(lambda: request(traced), times):.0f} µs")
        traced.close()
    metrics = Observer().metrics
    for route in range(35):
        for method in ("GET", "POST"):
            for status in (200, 404, 503):
                metrics.served(f"/route/{route}", method, status, 0.1)
    for writer in ("extractive", "openai/a", "openai/b", "openai/c"):
        metrics.answered(writer, "answered", 0.1)
        metrics.composed(ANSWER)
        metrics.replied(writer, 1.0, 0.1, None)
    lines = generate_latest(metrics.registry).count(b"\n")
    took = microseconds(lambda: generate_latest(metrics.registry), 20)
    print(f"a scrape of {lines} lines: {took / 1000:.1f} ms")


if __name__ == "__main__":
    main()
