"""Whether the service lives, and whether it can answer."""

from typing import Literal

from litestar import get
from litestar.di import NamedDependency

from retrieval.types import Frozen
from service.desk import Answering
from service.http.ending import BeingStopped, Stopping
from service.http.problems import problem_specs


class Health(Frozen):
    """That all is well; what is not is a problem document."""

    status: Literal["ok"] = "ok"


@get("/health/live", opt={"scope": None}, summary="Does the process serve?")
async def live() -> Health:
    """Say that this process serves HTTP."""
    return Health()


@get("/health/ready", opt={"scope": None}, responses=problem_specs(503), summary="Can it answer?")
async def ready(answering: NamedDependency[Answering], stopping: NamedDependency[Stopping]) -> Health:
    """Ask the store, and say that it answers."""
    if stopping.begun:
        raise BeingStopped
    await answering.store.ready()
    return Health()
