"""GET /metrics: what is counted and measured, as Prometheus and OpenMetrics read it."""

import asyncio
from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from prometheus_client.exposition import choose_encoder

from service.observing import Observer


@get("/metrics", media_type="text/plain", summary="Metrics for Prometheus", opt={"scope": "read"})
async def metrics(request: Request[Any, Any, Any], observer: NamedDependency[Observer]) -> Response[bytes]:
    """Give the metrics, in the text format or, to those that ask for it, as OpenMetrics."""
    encode, media_type = choose_encoder(request.headers.get("accept", ""))
    # In a thread: a thousand series take milliseconds, in which others are served.
    return Response(await asyncio.to_thread(encode, observer.metrics.registry), media_type=media_type)
