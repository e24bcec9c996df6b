"""ONE DOCUMENT: its kind -> its reader -> the fields of its articles -> articles; top to bottom."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from pkgutil import resolve_name

from retrieval.addresses import parse
from retrieval.errors import UnreadableArticle
from retrieval.readers.confined import confined
from retrieval.readers.documents import Document
from retrieval.readers.fields import Address, Fields, Hints, NoArticle, article_of, id_among_many
from retrieval.readers.markdown import markdown, plain_text
from retrieval.types import Article

Found = Article | Address | UnreadableArticle


@dataclass(frozen=True)
class Kind:
    """A kind of document."""

    suffixes: tuple[str, ...]
    media_types: tuple[str, ...]
    read: Callable[[Document], Iterable[Fields | Address | NoArticle | None]]
    """May raise NoArticle or UnreadableArticle, also in the middle; a generator is read as it goes.

    None is a place without anything, such as a blank line.
    """
    many: bool = False
    """It may hold many articles, each of which has an id of its own."""


def _whole(read: Callable[[bytes, Hints], list[Fields]]) -> Callable[[Document], list[Fields]]:
    """Read bytes at once, in this process."""
    return lambda document: read(document.data(), Hints(document.charset, document.url))


def _loaded(reader: str) -> Callable[[Document], Iterable[Fields | Address | NoArticle | None]]:
    """Read by `module:function`, which is imported with the first document of its kind."""
    return lambda document: resolve_name(reader)(document)  # noqa: PLW0108 - not before it is called


KINDS = (
    Kind((".md", ".markdown"), ("text/markdown",), _whole(markdown)),
    Kind((".txt",), ("text/plain",), _whole(plain_text)),
    Kind((".html", ".htm", ".xhtml"), ("text/html", "application/xhtml+xml"), confined("retrieval.readers.html:html")),
    Kind((".pdf",), ("application/pdf", "application/x-pdf"), confined("retrieval.readers.pdf:pdf")),
    Kind(
        (".docx",),
        ("application/vnd.openxmlformats-officedocument.wordprocessingml.document",),
        confined("retrieval.readers.docx:docx"),
    ),
    Kind(
        (".json",),
        ("application/json", "application/ld+json", "application/feed+json"),
        _loaded("retrieval.readers.json_documents:json_document"),
        many=True,
    ),
    Kind(
        (".jsonl", ".ndjson"),
        ("application/jsonl", "application/x-ndjson", "application/x-jsonlines", "application/ndjson"),
        _loaded("retrieval.readers.json_documents:json_lines"),
        many=True,
    ),
    Kind(
        (".rss", ".atom", ".rdf", ".xml"),
        ("application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/xml", "text/xml"),
        confined("retrieval.readers.feeds:feed"),
        many=True,
    ),
)


def articles_of(document: Document) -> Iterator[tuple[str, Found]]:
    """Read the articles of a document one by one, each with the name by which it is told.

    One that is none comes as the reason why, and those behind it after it.
    """
    name, number = document.name, 0
    try:
        kind = _kind(document)
        for number, found in enumerate(kind.read(document), 1):
            each = f"{name}#{number}" if kind.many else name
            if found is not None:
                yield _article(found, document, each, many=kind.many)
    except UnreadableArticle as error:
        yield name, error
    except NoArticle as error:
        reason = f"{error}, behind the {number} articles before it" if number else str(error)
        yield name, UnreadableArticle(name, reason)


def _article(found: Fields | Address | NoArticle, document: Document, name: str, *, many: bool) -> tuple[str, Found]:
    if isinstance(found, Address):
        return found.url, found
    try:
        if isinstance(found, NoArticle):
            raise found
        found = _of_its_site(found, document)
        article_id = id_among_many(found) if many else document.article_id
        article = article_of(found, article_id=article_id, title=Path(document.name).stem)
    except NoArticle as error:
        return name, UnreadableArticle(name, str(error))
    if found.is_summary and found.url and document.url:
        return found.url, Address(found.url, summary=article)
    return name, article


def _of_its_site(found: Fields, document: Document) -> Fields:
    """Let what comes from an address speak for its own site alone: no site may take the place of another's article.

    An id of its choice is one of the site's, and what it says of another site's article is a summary.
    """
    site = _site(document.url)
    if site is None:
        return found
    article_id = found.article_id
    if article_id is not None and article_id != document.article_id:
        article_id = f"{site}/{article_id}"
    is_summary = found.is_summary or _site(found.url) not in {None, site}
    return replace(found, article_id=article_id, is_summary=is_summary)


def _site(url: str | None) -> str | None:
    try:
        return parse(url, with_user=True).host.removeprefix("www.") if url else None
    except ValueError:
        return None


def holds_many(document: Document) -> bool:
    """Tell by its name whether a document may hold many articles."""
    return any(kind.many for kind in KINDS if document.suffix in kind.suffixes)


def read(document: Document) -> Article:
    """Read the article of a document that holds one.

    Raises:
        UnreadableArticle: it is none, of another kind, too large, or a field of it is wrong.

    """
    [(_, found)] = articles_of(document)
    if isinstance(found, Article):
        return found
    if isinstance(found, Address):
        raise UnreadableArticle(document.name, f"it is only an address: {found.url}")
    raise found


def _kind(document: Document) -> Kind:
    for kind in KINDS:
        if document.media_type in kind.media_types if document.media_type else document.suffix in kind.suffixes:
            return kind
    if isinstance(document.content, Path) and not document.content.is_file():
        document.data()  # says why it cannot be read
    known = ", ".join(suffix for kind in KINDS for suffix in kind.suffixes)
    said = document.media_type or document.suffix or "no suffix"
    raise NoArticle(f"not an article: {said} is none of {known}")
