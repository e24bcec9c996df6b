"""POST /v1/articles: an article, a list of them, addresses, or files become a job."""

import asyncio
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import Any, BinaryIO

import pydantic_core
from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.exceptions import ClientException, InternalServerException, ServiceUnavailableException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import (
    Example,
    OpenAPIHeader,
    OpenAPIMediaType,
    OpenAPIResponse,
    Operation,
    RequestBody,
    Schema,
)
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType
from litestar.status_codes import HTTP_415_UNSUPPORTED_MEDIA_TYPE
from multipart import MultipartError, MultipartSegment, ParserLimitReached, PushMultipartParser

from retrieval.errors import UrlRefused
from retrieval.fetching import Fetcher
from retrieval.owner import unwritable
from retrieval.readers import LONGEST_FILE, Address
from retrieval.readers.fields import NoArticle, article_of, id_among_many
from retrieval.readers.structured import LISTS, articles_in, fields_of, list_in
from service.http.jobs import EXAMPLE
from service.http.json_bodies import received, value_of
from service.http.links import Links
from service.http.problems import AddressRefused, field_error, problem_specs
from service.http.requests import refuse_other_pages, refuse_other_parameters
from service.job_records import Job
from service.jobs import Jobs
from service.spool import Delivery

LARGEST_UPLOAD = 1_000_000_000  # bytes of files in one request; chosen
LARGEST_JSON = 2 * LONGEST_FILE + 1_000_000  # bytes; as for PUT
LONGEST_UPLOAD = 3600.0  # seconds; chosen
MOST_FILES = 1000  # in one request; chosen: each is synced to the disk before the answer
MOST_ADDRESSES = 1000  # in one request; chosen: each name is resolved before the answer
_AT_ONCE = 16  # of these names; chosen
_CHECKING = 30.0  # seconds for all of them; chosen
_MOST_ITEMS = 100_000  # of one list; chosen: each is an item of the job
_MOST_VALUES = 1_000_000  # lists, objects and commas; chosen: as many objects parse in 0.13 s, and take 200 MB
_ADVICE = ": send a file of JSON lines"
_LONGEST_ADDRESS = 10_000  # bytes of an item that is one; chosen: no address is longer than 8,000 characters
_CHUNK = 1_000_000  # bytes that are parsed, and written, at once


@dataclass
class _Posting(Operation):
    """What may be posted, for the OpenAPI document: the route reads its body itself."""

    def __post_init__(self) -> None:
        accepted = (self.responses or {})["202"]
        if isinstance(accepted, OpenAPIResponse):  # no reference to one
            path = Schema(type=OpenAPIType.STRING, description="The path of the job.")
            accepted.headers = {"Location": OpenAPIHeader(schema=path, name="", param_in="header", required=True)}
        article = Schema(
            type=OpenAPIType.OBJECT,
            description="An article: `{title, text, id?, published?, outlet?, url?, authors?, credits?}`, or one of "
            "schema.org; or the address of an article or a feed, as `url` alone.",
        )
        files = Schema(type=OpenAPIType.ARRAY, items=Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY))
        drones = {"id": "drones", "title": "Drones", "text": "India plans to buy 31 drones.", "outlet": "The Desk"}
        self.request_body = RequestBody(
            required=True,
            content={
                "application/json": OpenAPIMediaType(
                    schema=Schema(any_of=[article, Schema(type=OpenAPIType.ARRAY, items=article)]),
                    examples={
                        "an article": Example(value=drones),
                        "an address": Example(value={"url": "https://news.example/feed.xml"}),
                        "a list": Example(value=[drones, {"url": "https://news.example/2026/drones"}]),
                    },
                ),
                "multipart/form-data": OpenAPIMediaType(
                    schema=Schema(type=OpenAPIType.OBJECT, properties={"files": files}),
                ),
            },
        )


@post(
    "/v1/articles",
    opt={"scope": "write", "deadline": LONGEST_UPLOAD},
    status_code=202,
    request_max_body_size=LARGEST_UPLOAD,
    operation_class=_Posting,
    responses={
        202: ResponseSpec(Job, generate_examples=False, examples=[Example(value={**EXAMPLE, "status": "queued"})]),
        **problem_specs(
            400,
            413,
            503,
            own={
                403: "A page of another origin may not store articles.",
                415: "The body is sent neither as application/json nor as multipart/form-data.",
                422: "The article is wrong, and `errors` names the field; or an address may not be fetched, which is "
                "of the type `urn:groundwire:problem:url-refused`.",
            },
        ),
    },
    summary="Store articles",
)
async def post_articles(
    request: Request[Any, Any, Any], jobs: NamedDependency[Jobs], links: NamedDependency[Links]
) -> Response[Job]:
    """Take in articles, a list of them, what is at addresses, or files, and answer with a job before they are stored.

    One article that is wrong is refused here; of several each has its own outcome, among the job's items.
    """
    refuse_other_pages(request, links)
    refuse_other_parameters(request)
    content_type, options = request.content_type
    if content_type not in {"application/json", "multipart/form-data"}:
        message = "send application/json, or files as multipart/form-data"
        raise ClientException(message, status_code=HTTP_415_UNSUPPORTED_MEDIA_TYPE)
    async with jobs.delivery() as delivery:
        if content_type == "application/json":
            await _take_json(request, delivery, jobs.fetcher)
        else:
            await _take_files(request, delivery, options.get("boundary", ""))
        job = await jobs.add(delivery)
    return Response(job, status_code=202, headers={"Location": f"/v1/jobs/{job.id}"})


# JSON


async def _take_json(request: Request[Any, Any, Any], delivery: Delivery, fetcher: Fetcher) -> None:
    async with received(request.app.state.large_bodies, _chunks(request, LARGEST_JSON)) as body:
        addresses = await asyncio.to_thread(_take_articles, body, delivery)
    if len(addresses) > MOST_ADDRESSES:
        raise field_error("body", f"holds {len(addresses):,} addresses, and {MOST_ADDRESSES:,} may be at once")
    one_at_a_time = asyncio.Semaphore(_AT_ONCE)

    async def refusal(field: str, url: str) -> dict[str, Any] | None:
        try:
            async with one_at_a_time:
                await fetcher.check(url)
        except UrlRefused as error:
            return {"key": field, "message": error.reason}
        return None

    try:
        async with asyncio.timeout(_CHECKING):
            refused = await asyncio.gather(*(refusal(field, url) for field, url in addresses))
    except TimeoutError as error:
        message = f"the hosts of these addresses do not resolve within {_CHECKING:.0f} s; send fewer of them at once"
        raise ServiceUnavailableException(message) from error
    if any(refused):
        raise AddressRefused(extra=[one for one in refused if one])
    for _, url in addresses:
        delivery.address(url)


def _take_articles(body: bytes, delivery: Delivery) -> list[tuple[str, str]]:
    """Deliver the articles of a body; give its addresses, each with its field."""
    value = value_of(body, _MOST_VALUES, _ADVICE)
    listed = list_in(value)
    if listed is None and not isinstance(value, list):
        return _take_article(value, delivery)
    if len(value if listed is None else listed) > _MOST_ITEMS:
        message = f"holds more than {_MOST_ITEMS:,} items{_ADVICE}"
        raise field_error("body", message, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    where = "" if listed is None else next(f"{name}." for name in LISTS if value.get(name) is listed)
    lines, addresses, count = [], [], 0
    for place, one in enumerate(articles_in(value)):
        line = pydantic_core.to_json(one)
        if len(line) <= _LONGEST_ADDRESS and (url := _address_in(one)):
            addresses.append((f"{where}{place}.url", url))
            line = b""
        elif one is None and listed is not None:
            line = b""  # a node of a graph that is no article
        else:
            count += 1
        lines.append(line)
    if not addresses and not count:
        raise field_error("body", "holds no article")
    if count:
        _write(delivery.listed(count), b"\n".join(lines), delivery)
    return addresses


def _take_article(value: object, delivery: Delivery) -> list[tuple[str, str]]:
    try:
        fields = fields_of(value)
        if isinstance(fields, Address):
            return [("url", fields.url)]
        article_of(fields, article_id=id_among_many(fields))
    except NoArticle as error:
        raise _wrong(str(error)) from error
    line = pydantic_core.to_json(value)
    if len(line) > LONGEST_FILE:
        raise field_error("body", f"{len(line):,} bytes is over the limit of {LONGEST_FILE:,} for one article")
    _write(delivery.listed(1), line, delivery)
    return []


def _address_in(value: object) -> str | None:
    if isinstance(value, dict) and value.get("text"):
        return None  # sparing what it takes to read it
    try:
        found = fields_of(value)
    except NoArticle:
        return None  # its own outcome will say so
    return found.url if isinstance(found, Address) else None


def _wrong(reason: str) -> ClientException:
    """Name the field that a reason is about."""
    named = re.match(r"its (id)\b", reason) or re.search(r"`(\w+)`", reason)
    field = named[1] if named else "body"
    return field_error(field, reason.removeprefix(f"`{field}` ").removeprefix(f"its {field} "))


def _write(file: BinaryIO, data: bytes, delivery: Delivery) -> None:
    try:
        with file:
            file.write(data)
    except OSError as error:
        raise unwritable(delivery.folder, error) from error


# Files


async def _take_files(request: Request[Any, Any, Any], delivery: Delivery, boundary: str) -> None:
    files = _Files(boundary, delivery)
    buffer = bytearray()
    try:
        async for chunk in _chunks(request, LARGEST_UPLOAD):
            buffer += chunk
            if len(buffer) >= _CHUNK:
                await asyncio.to_thread(files.take, bytes(buffer))
                buffer.clear()
        if buffer:
            await asyncio.to_thread(files.take, bytes(buffer))
        await asyncio.to_thread(files.take, b"")
    finally:
        files.close()
    if not delivery.files:
        raise field_error("body", "holds no file")


class _Files:
    """The files of a form, written as they arrive."""

    def __init__(self, boundary: str, delivery: Delivery) -> None:
        self._delivery = delivery
        self._file: BinaryIO | None = None
        try:
            self._parser = PushMultipartParser(boundary)
        except MultipartError as error:
            raise ClientException("the Content-Type of multipart/form-data names no boundary") from error

    def take(self, chunk: bytes) -> None:
        """Take a piece of the body; the last one is empty."""
        try:
            for event in self._parser.parse(chunk):
                if isinstance(event, MultipartSegment):
                    self._begin(event)
                elif event and self._file:
                    self._file.write(event)
                elif not event:
                    self.close()
        except ParserLimitReached as error:
            raise field_error("body", f"{error}", HTTPStatus.REQUEST_ENTITY_TOO_LARGE) from error
        except MultipartError as error:
            raise ClientException(f"the body is not multipart/form-data: {error}") from error
        except OSError as error:
            raise unwritable(self._delivery.folder, error) from error

    def close(self) -> None:
        """Close the file that is being written, if one is."""
        if self._file:
            self._file.close()
            self._file = None

    def _begin(self, part: MultipartSegment) -> None:
        if part.filename is None:
            raise field_error(part.name or "body", "is no file: send it with a file name")
        if not part.filename:
            return  # where a person chose none
        if PurePosixPath(part.filename).name in {"", ".."}:
            raise field_error(part.name or "body", "has no file name, only a folder's")
        if self._delivery.files == MOST_FILES:
            message = f"holds more than {MOST_FILES:,} files; send the others in another request"
            raise field_error("body", message, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        self._file = self._delivery.file(part.filename, part.content_type or "", part.charset)


async def _chunks(request: Request[Any, Any, Any], limit: int) -> AsyncGenerator[bytes]:
    """Read the body as it comes.

    Raises:
        ClientException: it is too large, or the client left in its middle.

    """
    message = f"is over the limit of {limit:,} bytes"
    too_large = field_error("body", message, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    if (request.content_length or 0) > limit:
        raise too_large
    length = 0
    try:
        async for chunk in request.stream():
            length += len(chunk)
            if length > limit:
                raise too_large
            yield chunk
    except RequestEntityTooLarge as error:
        raise too_large from error
    except InternalServerException as error:
        raise ClientException("the request ended before its body did") from error
