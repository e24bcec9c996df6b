"""What searches have read of the store, kept in memory: passages, articles and their sources, which never change.

A passage is named by the write that stored it and an article by its version, so that what was read once is right for as
long as it is asked for. Which of them count is said by the articles' records: those are read anew from a store that
others write to as well; of one's own the catalogue has them.
"""

from collections.abc import Callable, Iterable, Sequence
from sys import getsizeof
from typing import Any

from retrieval.archive import Archive
from retrieval.catalogue import Record
from retrieval.feed import Feed
from retrieval.recent import Recent
from retrieval.rows import PassageRow
from retrieval.types import Article, Source

# Of Chroma an answer's 90 passages take 8 ms of the processor, its 80 records 9, its 35 articles 4 (20,000 passages).
PASSAGES_KEPT = 90_000_000  # bytes; 21,000 with MiniLM's vectors
ARTICLES_KEPT = 20_000_000  # bytes of text; 4,000 of the length of news
SOURCES_KEPT = 20_000  # some 30 MB


class Remembered:
    """An archive for searches, which reads nothing twice; safe in any thread."""

    def __init__(self, archive: Archive, feed: Feed, *, alone: bool) -> None:
        """Take the collections and the feed; `alone`: nobody else writes to the store."""
        self._archive = archive
        self._feed = feed
        self._alone = alone
        self._passages: Recent[str, PassageRow] = Recent(PASSAGES_KEPT, _bytes_of)
        self._sources: Recent[tuple[str, str], Source] = Recent(SOURCES_KEPT, lambda *_: 1)
        self._articles: Recent[tuple[str, str], Article] = Recent(
            ARTICLES_KEPT, lambda _, article: getsizeof(article.text)
        )

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the archive has
        """Give what is not remembered from the archive."""
        return getattr(self._archive, name)

    def rows(self, names: Sequence[str]) -> dict[str, PassageRow]:
        """Give what is stored of those passages that are there."""
        return self._passages.get(names, self._archive.rows)

    def records(self, article_ids: Sequence[str]) -> dict[str, tuple[Record, Source]]:
        """Give the articles' records."""
        found: dict[str, tuple[Record, Source]] = {}
        for article_id in article_ids if self._alone else ():
            record = self._feed.catalogue.record(article_id)
            source = record and self._sources.known((record.article_id, record.version))
            if record and source:
                found[article_id] = record, source
        cleared = self._sources.cleared
        read = (
            self._archive.records([one for one in article_ids if one not in found])
            if len(found) < len(article_ids)
            else {}
        )
        self._sources.keep({(source.article_id, source.version): source for _, source in read.values()}, cleared)
        return found | read

    def articles(
        self, sources: Iterable[Source], read: Callable[[Sequence[Source]], dict[str, Article]]
    ) -> dict[str, Article]:
        """Give the articles of the sources by id, each in its source's version; `read` reads those not known yet."""
        wanted = {(source.article_id, source.version): source for source in sources}
        found = self._articles.get(
            wanted,
            lambda names: {
                (one.source.article_id, one.source.version): one
                for one in read([wanted[name] for name in names]).values()
            },
        )
        return {article_id: self._with_origin(article) for (article_id, _), article in found.items()}

    def _with_origin(self, article: Article) -> Article:
        """Give an article with the origin that it has now."""
        source = self._feed.catalogue.with_origin(article.source)
        return article if source is article.source else Article(source=source, text=article.text)

    def forget(self) -> None:
        """Forget everything here, as after a purge; what others know of it nobody serves."""
        for one in (self._passages, self._sources, self._articles):
            one.clear()


def _bytes_of(name: str, row: PassageRow) -> int:
    return sum(map(getsizeof, (name, row, *row)))
