"""ONE DOCUMENT: its kind -> its reader -> the fields of its articles -> articles; top to bottom."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from retrieval.addresses import parse
from retrieval.errors import UnreadableArticle
from retrieval.readers.documents import Document
from retrieval.readers.fields import Address, Fields, NoArticle, article_of, id_among_many
from retrieval.readers.kinds import kind_of
from retrieval.types import Article

_log = logging.getLogger("groundwire.readers")

Found = Article | Address | UnreadableArticle


def articles_of(document: Document) -> Iterator[tuple[str, Found]]:
    """Read the articles of a document one by one, each with the name by which it is told.

    One that is none comes as the reason why, and those behind it after it.
    """
    name, number = document.name, 0
    try:
        kind = kind_of(document)
        for number, found in enumerate(kind.read(document), 1):
            each = f"{name}#{number}" if kind.many else name
            if found is not None:
                yield _article(found, document, each, many=kind.many)
    except UnreadableArticle as error:
        yield name, error
    except NoArticle as error:
        reason = f"{error}, behind the {number} articles before it" if number else str(error)
        yield name, UnreadableArticle(name, reason)
    except OSError as error:  # of a disk, in the middle
        yield name, document.unreadable(error)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one document, it ends no ingest
        _log.warning("the reader of %s failed", name, exc_info=True)
        yield name, UnreadableArticle(name, f"its reader failed on it: {type(error).__name__}")


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
        return found.url, Address(found.url, summary=article, of_its_site=_site(found.url) == _site(document.url))
    return name, article


def _of_its_site(found: Fields, document: Document) -> Fields:
    """Let what comes from an address speak for its own site alone: no site may take the place of another's article.

    An id of its choice is one of the site's, and what it says of another site's article is a summary, which is never
    stored. Another port is another site: whoever serves there may be another, too.
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
        return parse(url, with_user=True).authority.removeprefix("www.") if url else None
    except ValueError:
        return None


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
