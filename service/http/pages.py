"""What a browser gets: the chat page, the widget and its modules, and the articles as pages that need no script."""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery

from retrieval.store import Store
from retrieval.types import Article, Span, Version, Withdrawal
from service.changes import Work, changes
from service.desk import Answering
from service.http.articles import not_there
from service.http.html import PAGE_HEADERS, WEB, private, rendered, said_moment, tagged
from service.http.links import article_path, is_web_address, with_text_fragment
from service.http.problems import field_error
from service.http.requests import article_id_of
from service.paragraphs import paragraphs

_PREFIX = "/articles/"
_ON_A_PAGE = 50  # articles; chosen
_MOST_RELATED = 50  # articles of one origin that are listed; chosen
_MOST_CHANGES = 10  # of an article that are shown; chosen
_MOST_COMPARED = 8_000_000  # characters of versions that are in memory for it; chosen
_MOST_DIGITS = 9  # of a number in an address; no text is as long

_MEDIA_TYPES = {".css": "text/css", ".html": "text/html", ".js": "text/javascript", ".svg": "image/svg+xml"}
# Any page may load the widget: it is public, and says nothing of the articles.
_PUBLIC_HEADERS = {
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
    "cache-control": "no-cache",
}
Piece = tuple[str, bool]
"""Some of a paragraph's text, and whether it is highlighted."""


@get("/", opt={"scope": None}, include_in_schema=False)
async def chat_page(request: Request[Any, Any, Any]) -> Response[Any]:
    """Give the page."""
    return tagged(request, rendered("chat.html", request), "text/html", PAGE_HEADERS)


@get("/widget.js", opt={"scope": None}, include_in_schema=False)
async def widget(request: Request[Any, Any, Any]) -> Response[Any]:
    """Give the module that makes <groundwire-chat> an element of any page."""
    return tagged(request, (WEB / "widget.js").read_bytes(), "text/javascript", _PUBLIC_HEADERS)


@get("/web/{name:str}", opt={"scope": None}, include_in_schema=False)
async def module(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[Any]:
    """Give a file that the pages and the widget load."""
    # It is looked for among the files that are there: a name is never a path.
    file = next((file for file in (WEB / "modules").iterdir() if file.name == name), None)
    if file is None or file.suffix not in _MEDIA_TYPES:
        raise NotFoundException
    return tagged(request, file.read_bytes(), _MEDIA_TYPES[file.suffix], _PUBLIC_HEADERS)


@get("/articles", opt={"scope": "read"}, include_in_schema=False)
async def articles_page(
    request: Request[Any, Any, Any],
    answering: NamedDependency[Answering],
    page: FromQuery[str] = "1",
) -> Response[Any]:
    """List the articles, the last published first."""
    number = _number("page", page, 1)
    total = (await answering.store.corpus()).articles
    pages = max(1, -(-total // _ON_A_PAGE))
    if number > pages:
        raise NotFoundException(f"the list of articles has no more than {pages:,} page{'s' if pages > 1 else ''}")
    before = (number - 1) * _ON_A_PAGE
    sources = await answering.store.newest(before, _ON_A_PAGE)
    content = rendered(
        "articles.html",
        request,
        sources=sources,
        before=before,
        total=total,
        page=number,
        pages=pages,
        path=article_path,
    )
    return private(request, content)


@get(_PREFIX + "{article_id:path}", opt={"scope": "read"}, include_in_schema=False)
async def article_page(
    request: Request[Any, Any, Any],
    answering: NamedDependency[Answering],
    version: FromQuery[str | None] = None,
    start: FromQuery[str | None] = None,
    end: FromQuery[str | None] = None,
) -> Response[Any]:
    """Show an article, also in a version that counts no more, with its text from `start` to `end` highlighted."""
    article_id = article_id_of(request, _PREFIX)
    found = await answering.store.article(article_id, version)
    standing = await answering.store.standing(article_id)
    if found is None:
        raise not_there(article_id, version, standing)
    is_current = found.source.version == standing
    versions = await answering.store.versions(article_id)
    related = await answering.store.same_origin(article_id, _MOST_RELATED + 1) if is_current else []
    span = _span(found.text, start, end)
    compared = await _compared(answering.store, found, versions)

    def content() -> bytes:
        work = Work()
        return rendered(
            "article.html",
            request,
            source=found.source,
            original=_original(found, span),
            paragraphs=_paragraphs(found.text, span),
            replaced=isinstance(standing, str) and not is_current,
            withdrawn=standing if isinstance(standing, Withdrawal) else None,
            changes=[
                (old, new, changes(old_article, new_article, said_moment, work))
                for old, new, old_article, new_article in compared
            ],
            more_changes=is_current and len(compared) < len(versions) - 1,
            versions=versions,
            related=related[:_MOST_RELATED],
            more=len(related) > _MOST_RELATED,
            path=article_path,
        )

    # In a thread: the longest text takes seconds, in which others are answered.
    return private(request, await asyncio.to_thread(content))


async def _compared(
    store: Store, found: Article, versions: Sequence[Version]
) -> list[tuple[Version, Version, Article, Article]]:
    """Give what a page compares, the newest first: each change of the current version, all since of another.

    Of many or long versions only the last ones, so that their texts fit into memory.
    """
    if not versions or not versions[-1].current:
        return []
    if versions[-1].source.version != found.source.version:
        before = next((one for one in reversed(versions) if one.source.version == found.source.version), None)
        current = await store.article(found.source.article_id)
        return [(before, versions[-1], found, current)] if before and current else []
    pairs: list[tuple[Version, Version, Article, Article]] = []
    after, length = found, len(found.text)
    for old, new in list(pairwise(versions))[: -_MOST_CHANGES - 1 : -1]:
        before_article = await store.article(found.source.article_id, old.source.version)
        length += len(before_article.text) if before_article else 0
        if before_article is None or length > _MOST_COMPARED:
            break
        pairs.append((old, new, before_article, after))
        after = before_article
    return pairs


def _span(text: str, start: str | None, end: str | None) -> Span:
    """Give what to highlight; nothing if nothing is asked for."""
    if start is None and end is None:
        return 0, 0
    if start is None or end is None:
        raise field_error("start" if start is None else "end", "is missing: what is highlighted has both")
    first, last = _number("start", start, 0), _number("end", end, 1)
    if last > len(text):
        raise field_error("end", f"is beyond the end of the text, which has {len(text):,} characters")
    if first >= last:
        raise field_error("start", "must be less than end")
    return first, last


def _number(field: str, value: str, least: int) -> int:
    if not (value.isascii() and value.isdecimal() and len(value) <= _MOST_DIGITS and int(value) >= least):
        raise field_error(field, f"must be a number from {least} on, in at most {_MOST_DIGITS} digits")
    return int(value)


def _paragraphs(text: str, span: Span) -> Iterator[list[Piece]]:
    """Cut a text into its paragraphs, and these where the highlight begins and ends."""
    for begin, stop in paragraphs(text):
        first, last = (min(max(place, begin), stop) for place in span)
        pieces = [(text[begin:first], False), (text[first:last], True), (text[last:stop], False)]
        yield [piece for piece in pieces if piece[0]]


def _original(article: Article, span: Span) -> tuple[str, str] | None:
    """Give the article's own address, at the same words, and its host; none unless a reader may be sent there."""
    url = article.source.url
    if not url or not is_web_address(url):
        return None
    words = article.text[slice(*span)]
    return (with_text_fragment(url, words) if words.strip() else url), urlsplit(url).hostname or ""


page_routes = (chat_page, widget, module, articles_page, article_page)
