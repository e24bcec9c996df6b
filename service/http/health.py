"""Whether the service lives, and whether it can answer."""

from typing import Any, Literal

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec

from retrieval.types import Frozen
from service.http.ending import Stopping
from service.http.problems import MEDIA_TYPE, FieldProblem, Problem, problem_specs
from service.logs import request_id
from service.readiness import Check, Readiness

_AGAIN = "5"  # seconds; chosen: health is asked about that often


class Health(Frozen):
    """That the process serves."""

    status: Literal["ok"] = "ok"


class Ready(Frozen):
    """That questions can be answered, and what is wrong all the same; what prevents it is a problem document."""

    status: Literal["ok", "degraded"]
    checks: dict[str, Check]


@get("/health/live", opt={"scope": None}, summary="Does the process serve?")
async def live() -> Health:
    """Say that this process serves HTTP."""
    return Health()


@get(
    "/health/ready",
    opt={"scope": None},
    responses={
        200: ResponseSpec(Ready, generate_examples=False),
        **problem_specs(own={503: "It cannot; `errors` names each check that is not well."}),
    },
    summary="Can it answer?",
)
async def ready(readiness: NamedDependency[Readiness], stopping: NamedDependency[Stopping]) -> Response[Any]:
    """Check all that an answer needs, within three seconds."""
    checks = await readiness.look(stopping=stopping.begun)
    wrong = {name: check.message or "" for name, check in checks.items() if check.status != "ok"}
    failing = [name for name, check in checks.items() if check.status == "failing"]
    if not failing:
        return Response(Ready(status="degraded" if wrong else "ok", checks=checks))
    problem = Problem(
        title="Service Unavailable",
        status=503,
        detail=" ".join(wrong[name] for name in failing),
        request_id=request_id.get(),
        errors=tuple(FieldProblem(field=name, message=message) for name, message in wrong.items()),
    )
    return Response(problem.model_dump(), status_code=503, media_type=MEDIA_TYPE, headers={"retry-after": _AGAIN})
