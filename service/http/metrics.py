"""GET /metrics: what is counted and measured, as Prometheus and OpenMetrics read it."""

import asyncio
import logging
from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from prometheus_client.exposition import choose_encoder

from retrieval.errors import StoreError
from service.desk import Answering
from service.jobs import Jobs
from service.observing import Observer
from service.readiness import Readiness

# Seconds that a scrape waits for what it asks; chosen: Prometheus gives up after ten.
_PATIENCE = 1.0
_log = logging.getLogger("groundwire.http")


@get(
    "/metrics",
    opt={"scope": "read"},
    responses={200: ResponseSpec(str, generate_examples=False, media_type="text/plain", description="The metrics.")},
    summary="Metrics for Prometheus",
)
async def metrics(
    request: Request[Any, Any, Any],
    observer: NamedDependency[Observer],
    readiness: NamedDependency[Readiness],
    answering: NamedDependency[Answering],
    jobs: NamedDependency[Jobs | None],
) -> Response[bytes]:
    """Give the metrics, in the text format or, to those that ask for it, as OpenMetrics.

    What is known of the corpus is this process's own; the store is only asked whether it answers.
    """
    measured = observer.metrics
    articles, passages = answering.store.size
    measured.articles.set(articles)
    measured.passages.set(passages)
    measured.lag.set(answering.store.lag)
    measured.store_up.set(await readiness.store_answers(_PATIENCE))
    if jobs:
        try:
            async with asyncio.timeout(_PATIENCE):
                measured.jobs(*await jobs.standing())
        except (StoreError, TimeoutError) as error:  # the last figures stand
            _log.warning("The jobs cannot be counted: %s", error or "their disk does not answer")
    encode, media_type = choose_encoder(request.headers.get("accept", ""))
    # In a thread: a thousand series take milliseconds, in which others are served.
    return Response(await asyncio.to_thread(encode, measured.registry), media_type=media_type)
