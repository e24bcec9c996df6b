"""ONE EXPORT: the records -> their versions' texts -> the lines of a file; a few articles in memory at a time."""

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime

from retrieval.archive import Archive, superseded_id, together
from retrieval.corpus_file import Count, History, Mark, Stored, end, head
from retrieval.errors import StoreUnavailable
from retrieval.limits import MOST_PREDICATES, Row, batches
from retrieval.rows import source_of, stored_at, versions_of, withdrawal_of
from retrieval.store import Store

_TOGETHER = 100  # articles whose current texts are in memory
_VERSIONS = 20  # superseded texts in memory


async def exported(store: Store) -> AsyncGenerator[str]:
    """Give the lines of the whole corpus, in the order in which its articles came.

    An article that is changed meanwhile is there as it was before or as it is after; the last line tells what was
    written, where the first tells what the store held when it began.
    """
    yield head(await store.corpus())
    count = Count()
    for records in together(await store.records(), _TOGETHER):
        # First the record: a version that is replaced meanwhile is then among both, and not among neither.
        lasts = await store.read(_lasts, [record.article_id for record in records])
        versions = await store.read(_superseded, lasts)
        for article_id, last in lasts.items():
            for some in batches(versions.get(article_id, ()), _VERSIONS):
                superseded = tuple(await store.read(_texts, some))
                for one in superseded:
                    count.add(one)
                for line in History(article_id, superseded).lines():
                    yield line
            count.add(last)
            for line in History(article_id, last=last).lines():
                yield line
    yield end(count)


def _lasts(archive: Archive, article_ids: Sequence[str]) -> dict[str, Stored | Mark]:
    """Read the articles as they are now, in order."""
    found = archive.articles.get(ids=[*article_ids], include=["documents", "metadatas"])
    rows = {
        str(row["article_id"]): (row, text) for row, text in zip(found["metadatas"], found["documents"], strict=True)
    }
    lasts: dict[str, Stored | Mark] = {}
    for article_id in article_ids:
        row, text = rows[article_id]
        if text is None:
            raise StoreUnavailable(f"The article {article_id!r} was purged while it was written. Export once more.")
        withdrawal = withdrawal_of(row)
        if withdrawal:
            lasts[article_id] = Mark(**source_of(row).model_dump(exclude={"origin"}), withdrawn=withdrawal)
        else:
            source = source_of(row).model_dump(exclude={"origin"})
            lasts[article_id] = Stored(**source, stored=(stored_at(row),), current=True, text=text)
    return lasts


def _superseded(archive: Archive, lasts: dict[str, Stored | Mark]) -> dict[str, list[Row]]:
    """Read which versions of the articles count no more, the oldest first."""
    found = [
        row
        for some in batches([*lasts], MOST_PREDICATES)
        for row in archive.superseded.get(where={"article_id": {"$in": [*some]}}, include=["metadatas"])["metadatas"]
    ]
    versions: dict[str, list[Row]] = {}
    for row in sorted(found, key=lambda row: _moments(row)[0]):
        last = lasts[row["article_id"]]
        # A write that is at work keeps what it will replace.
        is_last = isinstance(last, Stored) and (last.version, last.stored) == (row["version"], _moments(row))
        if not is_last:
            versions.setdefault(row["article_id"], []).append(row)
    return versions


def _texts(archive: Archive, rows: Sequence[Row]) -> list[Stored]:
    """Read the texts of superseded versions; one that is purged meanwhile is left out."""
    names = [superseded_id(row["article_id"], row["version"]) for row in rows]
    found = archive.superseded.get(ids=names, include=["documents"])
    texts = dict(zip(found["ids"], found["documents"], strict=True))
    return [
        Stored(**source_of(row).model_dump(exclude={"origin"}), stored=_moments(row), current=False, text=texts[name])
        for name, row in zip(names, rows, strict=True)
        if texts.get(name) is not None
    ]


def _moments(row: Row) -> tuple[datetime, ...]:
    return tuple(sorted(moment for moment, _ in versions_of(row, current=False)))
