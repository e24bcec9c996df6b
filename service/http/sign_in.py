"""Signing in: a key becomes a cookie that no script reads, so that a browser may ask and open articles by links."""

import re
from typing import Any
from urllib.parse import parse_qsl

from litestar import Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency

from service.http.admission import COOKIE, NoKey, NotAllowed
from service.http.html import PAGE_HEADERS, rendered, tagged
from service.http.links import Links
from service.http.problems import field_error
from service.http.requests import refuse_other_pages
from service.keys import Keys

_KEPT = 7 * 24 * 3600  # seconds that a browser stays signed in; chosen
_MOST = 4000  # bytes of what is posted: a key, and the way to an article; chosen
_FORM = "application/x-www-form-urlencoded"
# Where a form may lead: to our articles, by a way that cannot begin with a host or a scheme, nor lead up out of them;
# %2e is a dot to browsers, and \ a slash: https://url.spec.whatwg.org/#path-state.
_NEXT = re.compile(r"articles(?![^?#]*[/\\](?:\.|%2[eE]){1,2}(?:[/\\?#]|\Z))([/?][!-~]*)?")


@get("/sign-in", opt={"scope": None}, include_in_schema=False)
async def sign_in_page(request: Request[Any, Any, Any]) -> Response[Any]:
    """Ask for a key."""
    return tagged(request, rendered("sign_in.html", request, next="", problem=None), "text/html", PAGE_HEADERS)


@post("/sign-in", opt={"scope": None}, include_in_schema=False, request_max_body_size=_MOST)
async def sign_in(
    request: Request[Any, Any, Any], keys: NamedDependency[Keys | None], links: NamedDependency[Links]
) -> Response[Any]:
    """Take a key, of a form or as JSON, and leave it with the browser; a form leads on to where it was needed."""
    refuse_other_pages(request, links, "sign in here")
    is_form = request.content_type[0] == _FORM
    sent = await _form(request) if is_form else await request.json()
    token, then = str(sent.get("key", "")).strip(), str(sent.get("next", ""))
    try:
        _check(keys, token)
    except (NoKey, NotAllowed) as error:
        if not is_form:
            raise
        content = rendered("sign_in.html", request, next=then, problem=error.detail)
        headers = PAGE_HEADERS | dict(error.headers or {})
        return Response(content, status_code=error.status_code, media_type="text/html", headers=headers)
    cookies = [_cookie(token, _KEPT, links)]
    if not is_form:
        return Response(None, status_code=204, cookies=cookies)
    return Response(None, status_code=303, cookies=cookies, headers={"location": _way(then)})


@post("/sign-out", opt={"scope": None}, include_in_schema=False, request_max_body_size=_MOST)
async def sign_out(request: Request[Any, Any, Any], links: NamedDependency[Links]) -> Response[Any]:
    """Let the browser forget the key, and lead to the chat."""
    refuse_other_pages(request, links, "sign out here")
    return Response(None, status_code=303, cookies=[_cookie("", 0, links)], headers={"location": "./"})


def _check(keys: Keys | None, token: str) -> None:
    """Refuse what admits nobody.

    Raises:
        NoKey: it is no key that counts.
        NotAllowed: it is one for the pages of others.

    """
    if keys is None or keys.none_yet:
        raise NoKey("This service has no key yet. Who runs it makes the first: `groundwire keys create NAME`.")
    key = keys.find(token)
    if key is None:
        raise NoKey("The key is none of this service's.")
    if key.ended:
        raise NoKey(f"The key {key.name!r} {key.ended}.")
    if key.origins:
        raise NotAllowed(f"The key {key.name!r} is for pages of {', '.join(key.origins)}, and not for signing in.")


async def _form(request: Request[Any, Any, Any]) -> dict[str, str]:
    try:
        return dict(parse_qsl((await request.body()).decode(), max_num_fields=2, errors="strict"))
    except ValueError as error:
        raise field_error("body", "is no form with a key and the way on") from error


def _cookie(token: str, seconds: int, links: Links) -> Cookie:
    """Make the cookie: for no script, and of requests by other sites for those alone that open a page."""
    return Cookie(
        key=COOKIE,
        value=token,
        max_age=seconds,
        path="/",
        httponly=True,
        samesite="lax",
        secure=links.are_secure,
    )


def _way(then: str) -> str:
    """Give where a form leads: relative, as a proxy may serve us below any path."""
    return then if _NEXT.fullmatch(then) else "./"


sign_in_routes = (sign_in_page, sign_in, sign_out)
