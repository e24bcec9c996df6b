"""Errors as RFC 9457 problem documents; the one table from error classes to statuses."""

import logging
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from litestar import Request, Response
from litestar.exceptions import ClientException, HTTPException, ValidationException
from litestar.openapi.datastructures import ResponseSpec
from pydantic import Field

from retrieval.errors import ArticleWithdrawn, ModelError, StoreError, StoreUnavailable, UnreadableArticle
from retrieval.types import Frozen
from service.errors import ModelNotAllowed, WriterUnavailable
from service.http.admission import COOKIE
from service.http.html import PAGE_HEADERS, here, rendered
from service.logs import request_id

MEDIA_TYPE = "application/problem+json"
_OUR_ROUTES = ("/v1/", "/api/", "/health/", "/schema")  # which programs ask; people open what is beside them
OPENAI_ROUTES = ("/v1/models", "/v1/chat/completions", "/v1/responses")
AI_SDK_ROUTE = "/api/chat"

STATUSES: dict[type[Exception], HTTPStatus] = {
    # An error that is not here, nor one of Litestar's own, is a bug of ours: 500.
    ModelError: HTTPStatus.SERVICE_UNAVAILABLE,
    StoreError: HTTPStatus.SERVICE_UNAVAILABLE,
    WriterUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    ModelNotAllowed: HTTPStatus.UNPROCESSABLE_ENTITY,
    ArticleWithdrawn: HTTPStatus.CONFLICT,
    UnreadableArticle: HTTPStatus.UNPROCESSABLE_ENTITY,
    ValidationException: HTTPStatus.UNPROCESSABLE_ENTITY,  # Litestar's own status for it is 400
}


class Gone(ClientException):
    """The article was withdrawn; the detail says when and why."""

    status_code = HTTPStatus.GONE


class AddressRefused(ClientException):
    """An address may not be fetched; `extra` says which, and why."""

    status_code = HTTPStatus.UNPROCESSABLE_ENTITY


TYPES: dict[type[Exception], str] = {
    # What a program tells by its type; of all other problems the status says enough.
    ArticleWithdrawn: "urn:groundwire:problem:withdrawn",
    Gone: "urn:groundwire:problem:withdrawn",
    AddressRefused: "urn:groundwire:problem:url-refused",
}

_DESCRIPTIONS = {
    400: "The request cannot be read: its body is not JSON in UTF-8, say.",
    404: "No article has this id.",
    409: "The article was withdrawn.",
    410: "The article was withdrawn; `detail` says when and why.",
    413: "The body is too large.",
    415: "The body is not sent as application/json.",
    422: "A field or parameter is missing, unknown or wrong; `errors` names it.",
    503: "The store or the language model does not answer.",
}

_OPENAI_CODES = {401: "invalid_api_key", 403: "insufficient_permissions", 429: "rate_limit_exceeded"}

# What the service itself has tried again: a client that does so too only multiplies it.
_TRIED_AGAIN = (WriterUnavailable,)

_STORE = (
    "The store does not answer, or has no room to write, so that this could not be done. Try again in a moment; "
    "GET /health/ready says what is wrong, and the service's log has more under this request id."
)
_AGAIN = "5"  # seconds until the store may be asked again; chosen
_MOST_TOLD = 20  # wrong fields; chosen: a body of 1 MB may have 300,000
_log = logging.getLogger("groundwire.http")


class OpenAIError(Frozen):
    """What went wrong, as OpenAI says it."""

    message: str
    type: str
    param: str | None = Field(description="The field that is wrong, such as `messages[0].content`.")
    code: str | None


class OpenAIProblem(Frozen):
    """OpenAI's error object: https://platform.openai.com/docs/guides/error-codes."""

    error: OpenAIError


class FieldProblem(Frozen):
    """One field that is wrong."""

    field: str = Field(description="The field's path, such as `history.0.role`; `body` for the whole.")
    message: str


class Problem(Frozen):
    """An RFC 9457 problem document."""

    type: str = Field(default="about:blank", description="A URN of ours, where the status does not say enough.")
    title: str
    status: int
    detail: str
    request_id: str = Field(description="The same as the response's `x-request-id`.")
    errors: tuple[FieldProblem, ...] = Field(default=(), description="The first fields that are wrong.")


def problem_of(error: Exception) -> Problem:
    """Describe an error to the client; a bug is logged here, and described as no more than that."""
    status = _status(error)
    detail = error.detail if isinstance(error, HTTPException) else str(error)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error("A bug: this request could not be served", exc_info=error)
        detail = "Something went wrong in the service, not in the request. Its log has more under this request id."
    elif status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.warning("%s: %s", type(error).__name__, error)
        if isinstance(error, StoreUnavailable):  # whose message names addresses and folders
            detail = _STORE
    errors = _field_problems(error)
    if _code(error):  # the message is a sentence of its own
        detail = " ".join(one.message for one in errors)
    elif errors:
        detail = "; ".join(f"{one.field}: {one.message}" for one in errors)
    return Problem(
        type=_type(error),
        title=status.phrase,
        status=status,
        detail=detail,
        request_id=request_id.get(),
        errors=tuple(errors),
    )


def problem_response(request: Request[Any, Any, Any], error: Exception) -> Response[dict[str, Any] | str | bytes]:
    """Answer a request with the problem that it met, in the terms of the protocol that it speaks."""
    problem = problem_of(error)
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    if isinstance(error, StoreUnavailable):
        headers["retry-after"] = _AGAIN
    content: dict[str, Any] | str | bytes = problem.model_dump(exclude=None if problem.errors else {"errors"})
    media_type = MEDIA_TYPE
    status = problem.status
    if request.scope["path"].startswith(OPENAI_ROUTES):
        content, media_type = openai_error(error, problem).model_dump(), "application/json"
        status = HTTPStatus.BAD_REQUEST if status == HTTPStatus.UNPROCESSABLE_ENTITY else status
        if isinstance(error, _TRIED_AGAIN) or status == HTTPStatus.INTERNAL_SERVER_ERROR:
            headers["x-should-retry"] = "false"  # or OpenAI's clients ask twice more
    elif request.scope["path"].startswith(AI_SDK_ROUTE):
        content, media_type = problem.detail, "text/plain"  # the AI SDK makes the whole body an error's message
    elif "text/html" in request.headers.get("accept", "") and not request.scope["path"].startswith(_OUR_ROUTES):
        content, media_type = _page(request, problem), "text/html"
        headers |= PAGE_HEADERS | {"vary": "Accept, Cookie"}
    return Response(content, status_code=status, media_type=media_type, headers=headers)


def _page(request: Request[Any, Any, Any], problem: Problem) -> bytes:
    """Show a problem to a person; who needs a key can give it there."""
    if problem.status != HTTPStatus.UNAUTHORIZED:
        return rendered("problem.html", request, problem=problem)
    why = problem.detail if COOKIE in request.cookies else None  # of who has signed in, and counts no more
    return rendered("sign_in.html", request, problem=why, next=here(request))


def openai_error(error: Exception, problem: Problem) -> OpenAIProblem:
    """Say an error, of which this is the problem, as OpenAI does."""
    kind = "server_error" if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_request_error"
    kind = "rate_limit_error" if problem.status == HTTPStatus.TOO_MANY_REQUESTS else kind
    param = re.sub(r"\.(\d+)(?=\.|$)", r"[\1]", problem.errors[0].field) if problem.errors else None
    unnamed = "invalid_value" if param else _OPENAI_CODES.get(problem.status) or problem.title.lower().replace(" ", "_")
    code = _code(error) or unnamed
    return OpenAIProblem(error=OpenAIError(message=problem.detail, type=kind, param=param, code=code))


def problem_specs(*statuses: int, own: Mapping[int, str] | None = None) -> dict[int, ResponseSpec]:
    """Describe the problems that a route may answer with, for its OpenAPI; some in words of its own."""
    described = {status: _DESCRIPTIONS[status] for status in statuses} | dict(own or {})
    return {
        status: ResponseSpec(Problem, generate_examples=False, description=words, media_type=MEDIA_TYPE)
        for status, words in sorted(described.items())
    }


def openai_specs(descriptions: Mapping[int, str]) -> dict[int, ResponseSpec]:
    """Describe the errors that a route of OpenAI's may answer with, for its OpenAPI."""
    return {
        status: ResponseSpec(OpenAIProblem, generate_examples=False, description=description)
        for status, description in descriptions.items()
    }


def field_error(
    field: str, message: str, status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY, *, code: str | None = None
) -> ClientException:
    """Make the error of one wrong field; with a code of its own its message is a sentence that stands alone."""
    return ClientException(status_code=status, extra=[{"key": field, "message": message, "code": code}])


def _status(error: Exception) -> HTTPStatus:
    for kind in type(error).__mro__:
        if kind in STATUSES:
            return STATUSES[kind]
    return HTTPStatus(error.status_code) if isinstance(error, HTTPException) else HTTPStatus.INTERNAL_SERVER_ERROR


def _type(error: Exception) -> str:
    return next((TYPES[kind] for kind in type(error).__mro__ if kind in TYPES), "about:blank")


def _code(error: Exception) -> str | None:
    """Give the code of an error that has one of its own."""
    if not isinstance(error, HTTPException) or not isinstance(error.extra, list):
        return None
    return next((one["code"] for one in error.extra if one.get("code")), None)


def _field_problems(error: Exception) -> list[FieldProblem]:
    if not isinstance(error, HTTPException) or not isinstance(error.extra, list):
        return []
    # "[]" is the name of an alternative (chat.py), which is no part of the path.
    told = error.extra[:_MOST_TOLD]
    return [_field_problem(one.get("key", "data").replace(".[]", ""), one["message"]) for one in told]


def _field_problem(key: str, message: str) -> FieldProblem:
    if key == "data":  # what Litestar calls the body, and all that it says of an empty one
        return FieldProblem(field="body", message="must be a JSON object" if message == "'data'" else message)
    # Pydantic names the Python class here, which is nothing to a client, and says before our own words whose they are.
    message = re.sub(r"^Input should be a valid dictionary.*", "must be an object", message)
    return FieldProblem(field=key, message=message.removeprefix("Value error, "))
