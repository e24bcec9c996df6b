"""The whole corpus as a file: GET /v1/export, and POST /v1/import, both as they come."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.exceptions import ClientException, InternalServerException
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example, OpenAPIMediaType, Operation, Reference, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.response import Stream
from litestar.status_codes import HTTP_200_OK, HTTP_415_UNSUPPORTED_MEDIA_TYPE

from retrieval.corpus_file import MEDIA_TYPE, lines_of
from retrieval.exporting import exported
from retrieval.importing import Imported, imported, take_in
from service.desk import Answering
from service.http.links import Links
from service.http.problems import problem_specs
from service.http.requests import refuse_other_pages
from service.http.streaming import begun

_TYPES = (MEDIA_TYPE, "application/jsonl")
_HEADERS = {"content-disposition": 'attachment; filename="groundwire-export.jsonl"', "cache-control": "no-store"}
_LONGEST = 86_400.0  # seconds, for a whole corpus; chosen
_EMPTY = (
    '{"groundwire": 1, "articles": 0, "fingerprint": "0000000000000000"}\n'
    '{"groundwire": "end", "articles": 0, "withdrawn": 0, "superseded": 0, "fingerprint": "0000000000000000"}\n'
)


@get(
    "/v1/export",
    opt={"scope": "admin", "deadline": _LONGEST},
    responses={
        HTTP_200_OK: ResponseSpec(
            str, generate_examples=False, media_type=MEDIA_TYPE, description="A line of JSON for each version."
        ),
        **problem_specs(503),
    },
    summary="Export the corpus",
)
async def export(request: Request[Any, Any, Any], answering: NamedDependency[Answering]) -> Stream:
    """Give every version of every article, and what is withdrawn, line by line; the last line ends a whole one."""
    lines = await begun(request, exported(answering.store))
    return Stream(lines, media_type=MEDIA_TYPE, headers=_HEADERS)


@dataclass
class _Importing(Operation):
    """What may be imported, for the OpenAPI document: the route reads its body itself."""

    def __post_init__(self) -> None:
        lines = Schema(type=OpenAPIType.STRING, description="An export: a line of JSON for each version.")
        examples: dict[str, Example | Reference] = {"an empty export": Example(value=_EMPTY)}
        self.request_body = RequestBody(
            required=True, content={MEDIA_TYPE: OpenAPIMediaType(schema=lines, examples=examples)}
        )


@post(
    "/v1/import",
    opt={"scope": "admin", "deadline": _LONGEST},
    operation_class=_Importing,
    request_max_body_size=None,
    status_code=HTTP_200_OK,
    responses=problem_specs(
        400,
        503,
        own={403: "A page of another origin may not store articles.", 415: f"The body is not sent as {MEDIA_TYPE}."},
    ),
    summary="Import an export",
)
async def import_corpus(
    request: Request[Any, Any, Any], answering: NamedDependency[Answering], links: NamedDependency[Links]
) -> Imported:
    """Take in an export, while it comes; a line that is wrong is told with its number, and loses nothing else.

    What is there already is recognised: a request that was interrupted can be sent again.
    """
    refuse_other_pages(request, links)
    if request.content_type[0] not in _TYPES:
        message = f"send the header Content-Type: {MEDIA_TYPE}"
        raise ClientException(message, status_code=HTTP_415_UNSUPPORTED_MEDIA_TYPE)
    return await imported(
        lines_of(_body(request)),
        lambda histories: take_in(histories, answering.store, answering.embedder),
        lambda *_: None,
    )


async def _body(request: Request[Any, Any, Any]) -> AsyncIterator[bytes]:
    try:
        async for chunk in request.stream():
            yield chunk
    except InternalServerException as error:  # what Litestar takes for a fault of the server
        raise ClientException("the request ended before its body did") from error
