"""What is counted and measured, for Prometheus, in a registry for each application: docs/observing.md tells of all."""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from platform import python_version

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.process_collector import ProcessCollector

from retrieval.embedding import Role
from service.types import Answer, Usage

# Seconds. The aim of 400 ms for an answer without a language model is one of the bounds: how many requests keep it
# can be read exactly. Health takes 1 ms, a search 20 to 80, such an answer 60 to 200 (benchmarks/README.md), and one
# of a language model has GROUNDWIRE_LLM_TIMEOUT, 60 s.
WHOLE = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3, 6, 15, 30, 60)
# Its stages take 5 to 100 ms, the embedding of a question 3 to 6; a language model's writing as long as a whole answer.
PARTS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60)

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"})
_REFUSALS = frozenset({401, 403, 421, 429, 503})
STATUSES = ("queued", "running", "done", "failed", "cancelled")
"""Of jobs."""
UNMATCHED = "unmatched"
"""The route of a request that no route was found for: paths are the clients' words, and there is no end of them."""


disable_created_metrics()  # type: ignore[no-untyped-call]  # when each series began: it would be a third more of them, and nobody asks


class Metrics:
    """The metrics of one application."""

    def __init__(self) -> None:
        """Begin with nothing counted."""
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        built = Gauge("groundwire_build_info", "1, with the releases.", ["version", "python"], registry=registry)
        built.labels(version("groundwire"), python_version()).set(1)

        def counter(name: str, what: str, *labels: str) -> Counter:
            return Counter(f"groundwire_{name}", what, labels, registry=registry)

        def gauge(name: str, what: str, *labels: str) -> Gauge:
            return Gauge(f"groundwire_{name}", what, labels, registry=registry)

        def histogram(name: str, what: str, *labels: str, buckets: Sequence[float]) -> Histogram:
            return Histogram(f"groundwire_{name}_seconds", what, labels, registry=registry, buckets=buckets)

        self._requests = counter(
            "http_requests", "Requests by route, method and class of status; none: the client left.",
            "route", "method", "status",
        )  # fmt: skip
        self._took = histogram(
            "http_request_duration", "From a request's head to the end of its response.", "route", buckets=WHOLE
        )
        self.in_flight = gauge("http_requests_in_flight", "Requests that are being served.")
        self._refused = counter(
            "http_refusals",
            "Requests refused: no key (401), not allowed (403), another name (421), too many (429), not now (503).",
            "status",
        )

        self.turned_away = counter("connections_refused", "Connections that were one too many, and got 503.")

        self.waiting = gauge("answers_waiting", "Questions that wait their turn.")
        self._answers = counter(
            "answers",
            "Answers by who wrote them, and what they came to: answered, the reason of an abstention, failed, left.",
            "writer", "outcome",
        )  # fmt: skip
        self._answered = histogram("answer_duration", "Answers, from question to end.", "writer", buckets=WHOLE)
        self._stages = histogram("answer_stage_duration", "Each stage of an answer.", "stage", buckets=PARTS)
        self._sentences = counter(
            "sentences", "Drafted sentences: supported, unsupported (and sent all the same), left_out.", "verdict"
        )
        self._notices = counter(
            "fallbacks", "Models that failed: fallback, another writer answered; cut_short, half was sent.", "kind"
        )

        self._calls = counter("model_calls", "Replies that a language model was asked for.", "model")
        self._failures = counter("model_failures", "Replies that came to nothing, by why.", "model", "kind")
        self._replied = histogram("model_call_duration", "Replies of a language model.", "model", buckets=WHOLE)
        self._first = histogram("model_first_piece", "Until a reply begins.", "model", buckets=WHOLE)
        self._tokens = counter("model_tokens", "What a language model counted.", "model", "direction")

        self._embedded = histogram("embedding_duration", "Calls of the embedding model.", "role", buckets=PARTS)
        self._texts = counter("embedded_texts", "Texts that were embedded.", "role")
        self._not_embedded = counter("embedding_failures", "Calls that the embedding model failed at.", "role")

        self.articles = gauge("corpus_articles", "Articles that count, as far as this process knows.")
        self.passages = gauge("corpus_passages", "Their passages.")
        self.lag = gauge("word_index_lag_seconds", "Since the word index last had all that was changed; 1 is well.")
        self.store_up = gauge("store_up", "1 if the store answered when it was last asked, within seconds, else 0.")
        self._jobs = gauge("jobs", "Jobs that are kept.", "status")
        self.items_waiting = gauge("job_items_waiting", "Items of jobs that have not ended, as far as they are known.")

        # What is there from the beginning can be told from what never happened, and a first failure is an increase.
        for status in sorted(_REFUSALS):
            self._refused.labels(str(status))
        for verdict in ("supported", "unsupported", "left_out"):
            self._sentences.labels(verdict)
        for kind in ("fallback", "cut_short"):
            self._notices.labels(kind)
        for role in ("question", "passage"):
            self._not_embedded.labels(role)

    def served(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request; status 0: the client left before there was one."""
        name = method if method in _METHODS else "other"
        self._requests.labels(route, name, f"{status // 100}xx" if status else "none").inc()
        self._took.labels(route).observe(seconds)
        if status in _REFUSALS:
            self._refused.labels(str(status)).inc()

    def answered(self, writer: str, outcome: str, seconds: float) -> None:
        """Count an answer, or what would have been one."""
        self._answers.labels(writer, outcome).inc()
        self._answered.labels(writer).observe(seconds)

    def composed(self, answer: Answer) -> None:
        """Count what an answer is made of."""
        for stage, milliseconds in answer.timings_ms.items():
            if stage != "total":
                self._stages.labels(stage).observe(milliseconds / 1000)
        supported = sum(one.verdict == "supported" for one in answer.sentences)
        self._sentences.labels("supported").inc(supported)
        self._sentences.labels("unsupported").inc(len(answer.sentences) - supported)
        self._sentences.labels("left_out").inc(answer.left_out)
        for notice in answer.notices:
            if notice.kind in {"fallback", "cut_short"}:
                self._notices.labels(notice.kind).inc()

    def replied(self, model: str, seconds: float, first: float | None, failure: str | None) -> None:
        """Count a reply of a language model: when its first piece came, if it did, and why it failed, if it did."""
        self._calls.labels(model).inc()
        self._replied.labels(model).observe(seconds)
        if first is not None:
            self._first.labels(model).observe(first)
        if failure:
            self._failures.labels(model, failure).inc()

    def used(self, model: str, usage: Usage) -> None:
        """Count tokens."""
        self._tokens.labels(model, "input").inc(usage.input_tokens)
        self._tokens.labels(model, "output").inc(usage.output_tokens)

    def embedded(self, role: Role, texts: int, seconds: float, *, failed: bool) -> None:
        """Count a call of the embedding model, and how many texts came of it."""
        self._embedded.labels(role).observe(seconds)
        self._texts.labels(role).inc(texts)
        self._not_embedded.labels(role).inc(failed)

    def jobs(self, counts: Mapping[str, int], waiting: int) -> None:
        """Set how many jobs there are, by status, and how many items they wait for."""
        for status in STATUSES:
            self._jobs.labels(status).set(counts.get(status, 0))
        self.items_waiting.set(waiting)
