"""What a browser gets: the chat page, the widget and its modules, and the articles as pages that need no script."""

import re
from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import urlsplit

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery, QueryParameter

from retrieval.types import Article
from service.desk import Answering
from service.http.articles import not_there
from service.http.html import PAGE_HEADERS, WEB, rendered, tagged
from service.http.links import article_path, is_web_address
from service.http.problems import field_error
from service.http.requests import article_id_of

_PREFIX = "/articles/"
_ON_A_PAGE = 50  # articles; chosen
_MOST_RELATED = 50  # articles of one origin that are listed; chosen
_LAST_PAGE = 1_000_000_000 // _ON_A_PAGE  # within what every store counts in

_MEDIA_TYPES = {".css": "text/css", ".html": "text/html", ".js": "text/javascript", ".svg": "image/svg+xml"}
# Any page may load the widget: it is public, and says nothing of the articles.
_PUBLIC_HEADERS = {
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
    "cache-control": "no-cache",
}
# The possessive + keeps a CRLF from being read as two line breaks.
_LINE_BREAK = r"(?:\r\n?+|\n)"
_BLANK_LINES = re.compile(rf"{_LINE_BREAK}(?:[^\S\r\n]*+{_LINE_BREAK})+")
_LINE_BREAKS = re.compile(_LINE_BREAK)

Piece = tuple[str, bool]
"""Some of a paragraph's text, and whether it is highlighted."""


@get("/", include_in_schema=False)
async def chat_page(request: Request[Any, Any, Any]) -> Response[Any]:
    """Give the page."""
    return tagged(request, (WEB / "index.html").read_bytes(), "text/html", PAGE_HEADERS)


@get("/widget.js", include_in_schema=False)
async def widget(request: Request[Any, Any, Any]) -> Response[Any]:
    """Give the module that makes <groundwire-chat> an element of any page."""
    return tagged(request, (WEB / "widget.js").read_bytes(), "text/javascript", _PUBLIC_HEADERS)


@get("/web/{name:str}", include_in_schema=False)
async def module(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[Any]:
    """Give a file that the pages and the widget load."""
    # It is looked for among the files that are there: a name is never a path.
    file = next((file for file in (WEB / "modules").iterdir() if file.name == name), None)
    if file is None or file.suffix not in _MEDIA_TYPES:
        raise NotFoundException
    return tagged(request, file.read_bytes(), _MEDIA_TYPES[file.suffix], _PUBLIC_HEADERS)


@get("/articles", include_in_schema=False)
async def articles_page(
    request: Request[Any, Any, Any],
    answering: NamedDependency[Answering],
    page: Annotated[int, QueryParameter(ge=1, le=_LAST_PAGE)] = 1,
) -> Response[Any]:
    """List the articles, the newest first."""
    first = (page - 1) * _ON_A_PAGE
    listed = await answering.store.newest(first, _ON_A_PAGE)
    total = (await answering.store.corpus()).articles
    pages = max(1, -(-total // _ON_A_PAGE))
    if page > pages:
        raise NotFoundException(f"there is no page {page:,} of the articles: {pages:,} is the last")
    content = rendered(
        "articles.html",
        request,
        sources=listed,
        first=first + 1,
        total=total,
        page=page,
        pages=pages,
        path=article_path,
    )
    return tagged(request, content, "text/html", PAGE_HEADERS)


@get(_PREFIX + "{article_id:path}", include_in_schema=False)
async def article_page(
    request: Request[Any, Any, Any],
    answering: NamedDependency[Answering],
    version: FromQuery[str | None] = None,
    start: Annotated[int | None, QueryParameter(ge=0)] = None,
    end: Annotated[int | None, QueryParameter(ge=0)] = None,
) -> Response[Any]:
    """Show an article, or a version of it that counts no more; from `start` to `end` (code points) highlighted."""
    article_id = article_id_of(request, _PREFIX)
    found = await answering.store.article(article_id, version)
    if found is None:
        raise not_there(article_id, version)
    current = await answering.store.version(article_id)
    is_current = found.source.version == current
    related = await answering.store.same_origin(article_id, _MOST_RELATED + 1) if is_current else []
    content = rendered(
        "article.html",
        request,
        source=found.source,
        original=_original(found),
        paragraphs=list(_paragraphs(found.text, *_span(found, start, end))),
        highlighted=start is not None,
        replaced=current is not None and not is_current,
        withdrawn=current is None,
        related=related[:_MOST_RELATED],
        more=len(related) > _MOST_RELATED,
        path=article_path,
    )
    return tagged(request, content, "text/html", PAGE_HEADERS)


def _span(article: Article, start: int | None, end: int | None) -> tuple[int, int]:
    """Give what to highlight; nothing if nothing is asked for."""
    if start is None and end is None:
        return 0, 0
    if start is None or end is None:
        raise field_error("start" if start is None else "end", "is missing: what is highlighted has both")
    if start >= end:
        raise field_error("end", "must be greater than start")
    if end > len(article.text):
        raise field_error("end", f"is beyond the end of the text, which has {len(article.text):,} characters")
    return start, end


def _paragraphs(text: str, start: int, end: int) -> Iterator[list[Piece]]:
    """Cut a text into its paragraphs, and these where the highlight begins and ends.

    Blank lines part paragraphs. A text without any has one on each line, as what is copied from a web page does.
    """
    breaks = _BLANK_LINES if _BLANK_LINES.search(text.strip()) else _LINE_BREAKS
    begin = 0
    for stop, following in [*((found.start(), found.end()) for found in breaks.finditer(text)), (len(text), len(text))]:
        marked = min(max(start, begin), stop), max(min(end, stop), begin)
        pieces = [(text[begin : marked[0]], False), (text[slice(*marked)], True), (text[marked[1] : stop], False)]
        if text[begin:stop].strip():
            yield [piece for piece in pieces if piece[0]]
        begin = following


def _original(article: Article) -> tuple[str, str] | None:
    """Give the article's own address and the host that it is at, if it has one that a reader may be sent to."""
    url = article.source.url
    return (url, urlsplit(url).hostname or "") if url and is_web_address(url) else None


page_routes = (chat_page, widget, module, articles_page, article_page)
