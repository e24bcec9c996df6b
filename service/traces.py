"""Spans of requests, of the stages of their answers and of calls of models, for a collector that speaks OTLP over HTTP.

Nothing of OpenTelemetry is imported unless an operator configures it, by the variables that it has for that:
https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables. No span holds what anybody wrote.
"""

import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Self

from service.logs import trace_id

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

Attributes = Mapping[str, str | int | float | bool]

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
# What the conventions name beside `_OTHER`: a client may send any word.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT"})
_PORT = re.compile("[0-9]{1,5}")
_SERVER_ERROR = 500
_LAST = 2.0  # seconds for the last spans; chosen
_SAID_EVERY = 60.0  # seconds between two lines about a collector that does not take them; chosen
_log = logging.getLogger("groundwire.traces")


class Trace:
    """The span of a request that is being served, and those below it."""

    def __init__(self, tracer: "Tracer", span: "Span", context: "Context") -> None:
        """Take the span, and the context that makes it the parent of others."""
        self._tracer = tracer
        self._span = span
        self._context = context
        # Stages are measured by a clock that is never set, from an unknown moment.
        self._zero = time.time_ns() - time.perf_counter_ns()

    @property
    def id(self) -> str:
        """The trace's, as collectors show it."""
        return f"{self._span.get_span_context().trace_id:032x}"

    def stage(self, name: str, began: float, ended: float) -> None:
        """Add a stage that is over; both in seconds of time.perf_counter."""
        span = self._tracer.start(name, self._context, start_time=self._zero + int(began * 1e9))
        span.end(self._zero + int(ended * 1e9))

    @contextmanager
    def call(self, name: str, attributes: Attributes) -> Iterator["Call"]:
        """Add a call of a neighbour; what raises in it is named by its type."""
        span = self._tracer.start(name, self._context, kind="CLIENT", attributes=attributes)
        call = Call(span)
        try:
            yield call
        except Exception as error:
            call.failed(getattr(error, "kind", type(error).__qualname__))
            raise
        finally:
            span.end()

    def note(self, attributes: Attributes) -> None:
        """Say something of the request."""
        self._span.set_attributes(dict(attributes))

    def end(self, method: str, route: str | None, status: int) -> None:
        """Say what became of the request; status 0: the client left."""
        self._span.update_name(f"{method} {route}" if route else method)
        if route:
            self._span.set_attribute("http.route", route)
        if status:
            self._span.set_attribute("http.response.status_code", status)
        if status >= _SERVER_ERROR:
            Call(self._span).failed(str(status))
        self._span.end()


class Call:
    """The span of a call that is under way."""

    def __init__(self, span: "Span") -> None:
        """Take the span."""
        self._span = span

    def note(self, attributes: Attributes) -> None:
        """Say something of it."""
        self._span.set_attributes(dict(attributes))

    def failed(self, kind: str) -> None:
        """Say that it failed, without its message."""
        from opentelemetry.trace import StatusCode  # noqa: PLC0415 - as all of it

        self._span.set_attribute("error.type", kind)
        self._span.set_status(StatusCode.ERROR)


trace: ContextVar[Trace | None] = ContextVar("trace", default=None)
"""That of the request that is being served, where traces are kept."""


class Tracer:
    """What makes spans, and sends them in the background."""

    def __init__(self, provider: "TracerProvider", give_up: Callable[[], None] = lambda: None) -> None:
        """Take what sends them, and what ends that. It is not the process's: what Chroma would trace stays untraced."""
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

        self._provider = provider
        self._give_up = give_up
        self._tracer = provider.get_tracer("groundwire", version("groundwire"))
        self._propagator = TraceContextTextMapPropagator()

    @classmethod
    def of_environment(cls) -> Self | None:
        """Make what the variables of OpenTelemetry ask for; None: nothing."""
        if not _wanted():
            return None
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
            from opentelemetry.sdk.resources import OTELResourceDetector, Resource  # noqa: PLC0415
            from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
            from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
        except ImportError as error:
            _log.warning('No traces are kept (%s): they need what comes with pip install "groundwire[otel]".', error)
            return None
        ours = {"service.name": "groundwire", "service.version": version("groundwire")}
        resource = Resource.create({**ours, **OTELResourceDetector().detect().attributes})
        provider = TracerProvider(resource=resource)
        exporter = OTLPSpanExporter()
        provider.add_span_processor(BatchSpanProcessor(exporter))
        logging.getLogger(type(exporter).__module__).addFilter(_Seldom())
        # What it warns of quotes a client's headers, or says that it tries again.
        logging.getLogger("opentelemetry").setLevel(logging.ERROR)
        return cls(provider, exporter.shutdown)

    def close(self) -> None:
        """Send what was not sent yet, within some seconds: a collector that is gone holds nobody up."""

        def gone() -> None:
            _log.warning("The last spans were not sent: no collector took them within %g s", _LAST)
            self._give_up()

        late = threading.Timer(_LAST, gone)
        late.start()
        self._provider.shutdown()
        late.cancel()

    @contextmanager
    def request(self, scope: Mapping[str, Any]) -> Iterator[Trace]:
        """Begin the span of a request, by its ASGI scope; one that its client has begun goes on."""
        from opentelemetry.trace import set_span_in_context  # noqa: PLC0415 - as all of it

        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        before = self._propagator.extract(headers)
        span = self.start(scope["method"], before, kind="SERVER", attributes=_described(scope, headers))
        one = Trace(self, span, set_span_in_context(span, before))
        tokens = trace.set(one), trace_id.set(one.id)
        try:
            yield one
        finally:
            trace.reset(tokens[0])
            trace_id.reset(tokens[1])

    def start(
        self,
        name: str,
        context: "Context",
        *,
        kind: str = "INTERNAL",
        attributes: Attributes | None = None,
        start_time: int | None = None,
    ) -> "Span":
        """Begin a span below that of a context."""
        from opentelemetry.trace import SpanKind  # noqa: PLC0415 - as all of it

        return self._tracer.start_span(
            name, context, SpanKind[kind], dict(attributes or {}), start_time=start_time, record_exception=False
        )


class _Seldom(logging.Filter):
    """Lets pass one record a minute: of a collector that is gone the exporter would log four every ten seconds."""

    def __init__(self) -> None:
        super().__init__()
        self._said = -_SAID_EVERY

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002 - logging's
        """Tell whether it is time again."""
        now = time.monotonic()
        due = now - self._said >= _SAID_EVERY
        self._said = now if due else self._said
        return due


def _wanted() -> bool:
    """Tell whether the variables ask for traces that we can send."""
    variables = os.environ
    exporter = variables.get("OTEL_TRACES_EXPORTER") or "otlp"
    if not any(variables.get(one) for one in _ENDPOINTS) or exporter == "none":
        return False
    if variables.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    protocol = next((variables[one] for one in _PROTOCOLS if variables.get(one)), "http/protobuf")
    if exporter != "otlp" or protocol != "http/protobuf":
        _log.warning(
            "No traces are kept: they can be sent by otlp over http/protobuf, not by %s, %s", exporter, protocol
        )
        return False
    return True


def _described(scope: Mapping[str, Any], headers: Mapping[str, str]) -> Attributes:
    """Describe a request: https://opentelemetry.io/docs/specs/semconv/http/http-spans. Its query may quote a text."""
    method = scope["method"]
    host, _, port = headers.get("host", "").rpartition(":")
    if not _PORT.fullmatch(port):
        host, port = headers.get("host", ""), ""
    described: dict[str, str | int | float | bool | None] = {
        "http.request.method": method if method in _METHODS else "_OTHER",
        "url.path": scope["path"],
        "url.scheme": scope.get("scheme"),
        "server.address": host,
        "server.port": int(port) if port else None,
        "client.address": scope["client"][0] if scope.get("client") else None,
        "network.protocol.version": scope.get("http_version"),
        "user_agent.original": headers.get("user-agent"),
    }
    return {name: value for name, value in described.items() if value not in {None, ""}}
