"""HTML from the templates, what every page is sent with, and the tag by which a browser knows what it has."""

from datetime import UTC, datetime
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Request, Response

from service.http.admission import COOKIE

WEB = Path(str(files("service"))) / "web"

PAGE_HEADERS = {
    # No script but ours, no style but ours, no other host; no text becomes HTML (trusted types).
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'",
    "cross-origin-opener-policy": "same-origin",
    # Nothing to others; to ourselves, as without it a browser does not say that a form is our own (Origin: null).
    "referrer-policy": "same-origin",
    "cache-control": "no-cache",
    "vary": "Cookie",
}


def rendered(template: str, request: Request[Any, Any, Any], **values: object) -> bytes:
    """Make a page; its links are relative, so that a proxy may serve us below any path."""
    signed_in = COOKIE in request.cookies
    return _templates.get_template(template).render(root=_root(request), signed_in=signed_in, **values).encode()


def here(request: Request[Any, Any, Any]) -> str:
    """Give the way from the root to where a request leads, as its browser wrote it."""
    path, _, _ = request.scope["raw_path"].partition(b"?")
    query = request.scope["query_string"]
    return (path.removeprefix(b"/") + (b"?" + query if query else b"")).decode("latin-1")


def tagged(request: Request[Any, Any, Any], content: bytes, media_type: str, headers: dict[str, str]) -> Response[Any]:
    """Send content with a tag that changes with it, or 304 to who has it: RFC 9110, 8.8.3 and 13.1.2."""
    tag = f'"{sha256(content).hexdigest()[:32]}"'
    headers = headers | {"etag": tag}
    had = {one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")}
    if had & {tag, "*"}:
        return Response(None, status_code=304, headers=headers)
    return Response(content, status_code=200, media_type=media_type, headers=headers)


def private(request: Request[Any, Any, Any], content: bytes) -> Response[Any]:
    """Send a page of articles: to who is signed in so that it is not kept, and not shown after signing out."""
    kept = {"cache-control": "no-store"} if COOKIE in request.cookies else {}
    return tagged(request, content, "text/html", PAGE_HEADERS | kept)


def _root(request: Request[Any, Any, Any]) -> str:
    """Give the way up from a page: a step for each slash of its path as the browser has it, undecoded."""
    path: bytes = request.scope["raw_path"].split(b"?")[0]
    return "../" * (path.count(b"/") - 1) or "./"


def _day(moment: datetime) -> str:
    moment = moment.astimezone(UTC)
    return f"{moment.day} {moment:%B} {moment.year}"


def said_moment(moment: datetime) -> str:
    """Say a moment; one at midnight was given as a date."""
    moment = moment.astimezone(UTC)
    return _day(moment) if (moment.hour, moment.minute) == (0, 0) else f"{_day(moment)}, {moment:%H:%M} UTC"


_templates = Environment(
    loader=FileSystemLoader(WEB / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
_templates.filters |= {"day": _day, "moment": said_moment}
