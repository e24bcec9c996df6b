"""What comes in: JSON bodies read strictly, and article ids as they were sent."""

from collections.abc import Iterator
from contextlib import AsyncExitStack
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from litestar import Request
from litestar.exceptions import ClientException, InternalServerException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.status_codes import HTTP_403_FORBIDDEN, HTTP_415_UNSUPPORTED_MEDIA_TYPE

from retrieval.readers import problem_of_id
from service.http.json_bodies import read, received, value_of
from service.http.links import Links
from service.http.problems import field_error

_MOST_FIELDS = 1_000  # of an object; chosen: 80,000 unknown ones are half a second of saying so, for nobody


class JsonRequest(Request[Any, Any, Any]):
    """A request whose body is JSON in UTF-8 or a client's error, never ours."""

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - Litestar's own
        """Begin with no body."""
        super().__init__(*arguments, **options)
        self._held = AsyncExitStack()
        self._read: bytes | None = None

    async def body(self) -> bytes:
        """Read the body, for which Litestar asks before it asks for JSON, and hold it until it is parsed.

        Raises:
            ClientException: it is too large, or the client left in its middle, which Litestar takes for a fault of the
                server.
            TooManyBodies: it is large, and too many others are.

        """
        if self._read is None:
            try:
                self._read = await self._held.enter_async_context(received(self.app.state.large_bodies, self.stream()))
            except RequestEntityTooLarge as error:
                message = f"is over the limit of {self.route_handler.resolve_request_max_body_size():,} bytes"
                raise field_error("body", message, HTTPStatus.REQUEST_ENTITY_TOO_LARGE) from error
            except InternalServerException as error:
                raise ClientException("the request ended before its body did") from error
        return self._read

    async def json(self) -> dict[str, Any]:
        """Parse the body, where Litestar's parser takes any content type and fails on deep nesting.

        Raises:
            ClientException: it is not sent as JSON, is none, is no object, holds too much, or a NUL character.

        """
        body = await self.body()
        async with self._held:
            self._read = b""
            # A web page of another site may send text/plain without asking first, but not this.
            if self.content_type[0] != "application/json":
                message = "send the header Content-Type: application/json"
                raise ClientException(message, status_code=HTTP_415_UNSUPPORTED_MEDIA_TYPE)
            return await read(body, _object)


def article_id_of(request: Request[Any, Any, Any], prefix: str) -> str:
    """Give the article id that ends the path; the router would fold its double slashes and cut its last one.

    Raises:
        ClientException: it is not UTF-8, or none that an article can have.

    """
    path = request.scope["raw_path"].split(b"?")[0]  # some servers leave the query there
    start = path.find(prefix.encode()) + len(prefix)
    try:
        article_id = unquote_to_bytes(path[start:]).decode()
    except UnicodeDecodeError as error:
        raise field_error("article_id", "is not UTF-8") from error
    if problem := problem_of_id(article_id):
        raise field_error("article_id", problem)
    return article_id


def refuse_other_parameters(request: Request[Any, Any, Any], *names: str) -> None:
    """Refuse a query with a parameter beside these: one that is misspelt would be left out, and something else done.

    Raises:
        ClientException: there is one.

    """
    for name in request.query_params:
        if name not in names:
            known = f"; there is {' and '.join(names)}" if names else ""
            raise field_error(name or "query", f"is no parameter of this request{known}")


def refuse_other_pages(request: Request[Any, Any, Any], links: Links, what: str = "store articles here") -> None:
    """Refuse what a page of another origin sends: forms may be sent without asking first, and CORS lets pages ask.

    Raises:
        ClientException: the Origin is not this service's.

    """
    origin = request.headers.get("origin")
    if origin is None:
        return
    try:
        host = urlsplit(origin).netloc.lower()
    except ValueError:
        host = None  # such as http://[
    if host not in {request.headers.get("host", ""), links.host}:
        raise ClientException(f"a page of {origin} may not {what}", status_code=HTTP_403_FORBIDDEN)


def _object(body: bytes) -> dict[str, Any]:
    value = value_of(body)
    if not isinstance(value, dict):
        raise field_error("body", "must be a JSON object")
    for path, one in (("body", value), *value.items()):
        if isinstance(one, dict) and len(one) > _MOST_FIELDS:
            raise field_error(path, f"holds more than {_MOST_FIELDS:,} fields")
    if b"\\u0000" in body:
        for field in _fields_with_nul(value, ""):
            raise field_error(field or "body", "holds a NUL character (\\u0000), which no text has")
    return value


def _fields_with_nul(value: object, path: str) -> Iterator[str]:
    if isinstance(value, str) and "\0" in value:
        yield path
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _fields_with_nul(key, path)
            yield from _fields_with_nul(one, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _fields_with_nul(one, f"{path}.{index}".lstrip("."))
