"""What a browser gets: the chat page, the widget and its modules, and the articles as pages."""

from importlib.resources import files
from pathlib import Path
from typing import Any

from litestar import Response, get
from litestar.response import File
from litestar.static_files import create_static_files_router

_WEB = Path(str(files("service"))) / "web"

PAGE_HEADERS = {
    # No script but ours, no style but ours, no other host; no text becomes HTML (trusted types).
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-cache",
}
# Any page may load the widget: it is public, and says nothing of the articles.
_WIDGET_HEADERS = {
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
    "cache-control": "no-cache",
}


@get("/", include_in_schema=False)
async def chat_page() -> File:
    """Give the page."""
    return File(_WEB / "index.html", media_type="text/html", content_disposition_type="inline", headers=PAGE_HEADERS)


@get("/widget.js", include_in_schema=False)
async def widget() -> File:
    """Give the module that makes <groundwire-chat> an element of any page."""
    return File(
        _WEB / "widget.js", media_type="text/javascript", content_disposition_type="inline", headers=_WIDGET_HEADERS
    )


async def _public(response: Response[Any]) -> Response[Any]:
    response.headers.update(_WIDGET_HEADERS)
    return response


page_routes = (
    chat_page,
    widget,
    create_static_files_router("/web", [_WEB / "modules"], name="web", after_request=_public),
)
