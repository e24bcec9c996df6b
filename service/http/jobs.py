"""What was posted and how far it is: GET /v1/jobs, and GET and DELETE /v1/jobs/{id}."""

from http import HTTPStatus
from typing import Annotated

from litestar import delete, get
from litestar.di import NamedDependency
from litestar.exceptions import ClientException, NotFoundException
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import FromPath, FromQuery, QueryParameter
from pydantic import Field

from retrieval.types import Frozen
from service.http.problems import problem_specs
from service.job_records import ItemOutcome, Job, JobItem
from service.jobs import Jobs

_LAST_OFFSET = 1_000_000_000  # within what SQLite counts in
_NO_JOB = "No job has this id, or it ended long ago."

Offset = Annotated[int, QueryParameter(ge=0, le=_LAST_OFFSET)]
Limit = Annotated[int, QueryParameter(ge=1, le=1000)]

EXAMPLE = {
    "id": "0b1e6a3f5c9d4e7fa2b8c6d0e1f2a3b4",
    "status": "running",
    "created": "2026-03-02T08:00:00.120000Z",
    "started": "2026-03-02T08:00:00.140000Z",
    "finished": None,
    "total": 3,
    "done": 2,
    "counts": {"created": 1, "replaced": 0, "unchanged": 0, "skipped": 1},
    "error": None,
}
_ITEMS = [
    {"name": "drones.md", "article_id": "drones", "outcome": "created", "reason": None},
    {"name": "cut.pdf", "article_id": None, "outcome": "skipped", "reason": "not a PDF: it ends too early"},
]


class JobList(Frozen):
    """A page of the jobs, the last one first."""

    jobs: tuple[Job, ...]
    total: int
    offset: int
    limit: int


class JobWithItems(Job):
    """A job, and what became of its items, in the order in which they were done."""

    items: tuple[JobItem, ...] = Field(description="A page of them.")


@get("/v1/jobs", opt={"scope": "write"}, responses=problem_specs(400, 422, 503), summary="List the jobs")
async def job_list(jobs: NamedDependency[Jobs], offset: Offset = 0, limit: Limit = 50) -> JobList:
    """Give a page of the jobs; those that ended are kept for thirty days, and a thousand of them."""
    found, total = await jobs.jobs(offset, limit)
    return JobList(jobs=tuple(found), total=total, offset=offset, limit=limit)


@get(
    "/v1/jobs/{job_id:str}",
    opt={"scope": "write"},
    responses={
        200: ResponseSpec(
            JobWithItems, generate_examples=False, examples=[Example(value={**EXAMPLE, "items": _ITEMS})]
        ),
        **problem_specs(400, 422, 503, own={404: _NO_JOB}),
    },
    summary="How far is a job?",
)
async def job(
    job_id: FromPath[str],
    jobs: NamedDependency[Jobs],
    offset: Offset = 0,
    limit: Limit = 50,
    outcome: FromQuery[ItemOutcome | None] = None,
) -> JobWithItems:
    """Give a job, and a page of its items; with `outcome` of those alone that have it, such as `skipped`."""
    found = await jobs.job(job_id)
    if found is None:
        raise _not_there(job_id)
    items = await jobs.items(job_id, offset, limit, outcome)
    return JobWithItems(**dict(found), items=tuple(items))


@delete(
    "/v1/jobs/{job_id:str}",
    opt={"scope": "write"},
    responses=problem_specs(400, 503, own={404: _NO_JOB, 409: "The job has ended."}),
    summary="Cancel a job",
)
async def cancel_job(job_id: FromPath[str], jobs: NamedDependency[Jobs]) -> None:
    """End a job that is queued or running; the articles that it has brought stay."""
    if await jobs.cancel(job_id):
        return
    found = await jobs.job(job_id)
    if found is None:
        raise _not_there(job_id)
    raise ClientException(f"the job {job_id} is {found.status} already", status_code=HTTPStatus.CONFLICT)


def _not_there(job_id: str) -> NotFoundException:
    return NotFoundException(f"no job has the id {job_id!r}")
