"""ONE WRITE: note -> passages -> compare with neighbours -> commit -> sweep; top to bottom.

An article's record is its commit point: a passage counts only while the record names the write that stored it. A write
has an id of its own, because a version does not tell two writers of one article on a Chroma server apart: each may
sweep what the other is still writing. No two writes share a passage, or a part of a long text, and only those that are
over are swept. Notes say which are at work, so that what a crash leaves behind is found without reading every passage.
"""

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

import numpy as np

from retrieval.archive import TOGETHER, Archive, superseded_id
from retrieval.catalogue import Copy, new_write, stored_id
from retrieval.copies import copied
from retrieval.embedding import Vectors
from retrieval.errors import ArticleWithdrawn, StoreUnavailable
from retrieval.feed import Feed
from retrieval.limits import BATCH, MOST_KEYS, NO_VECTOR, Found, Row, batches, left_over, spread
from retrieval.rows import (
    article_row,
    change_at,
    imported_row,
    packed_copies,
    passage_row,
    superseded_row,
    withdrawal_of,
)
from retrieval.types import Article, Passage, Source, Withdrawal

Outcome = Literal["created", "replaced", "unchanged"]
_Outcomes = dict[str, Outcome | ArticleWithdrawn]  # by article; withdrawn articles are left as they are

_OVER_AFTER = 600.0  # seconds that another process's note stays as it is, until its write counts as over


class Moments(NamedTuple):
    """When an article came first, and when this version of it did."""

    first: datetime
    stored: datetime


@dataclass(frozen=True)
class Prepared:
    """An article with all that is stored of it."""

    article: Article
    passages: Sequence[Passage]
    vectors: Vectors
    """Shape (passages, dimensions)."""
    sentences: Sequence[Vectors]
    """For each passage the unit vectors of the sentences that begin in it."""
    restore: bool = False
    """It may take the place of an article that was withdrawn."""
    moments: Moments | None = None
    """Those of the store that it comes from; None: now, in this one."""

    def mean(self) -> Vectors:
        """Give the article's own vector: the mean of its passages', by which its neighbours are found."""
        return mean_of(self.vectors)


def mean_of(vectors: Vectors) -> Vectors:
    """Give an article's own vector: the mean of its passages', shape (passages, dimensions)."""
    total = vectors.sum(axis=0)
    return np.asarray(total / (np.linalg.norm(total) or 1.0), dtype=np.float32)


def nobodys(dimensions: int) -> Vectors:
    """Give the vector of a withdrawn article's mark: every record in Chroma must have one."""
    vector: Vectors = np.eye(1, dimensions, dtype=np.float32)[0]
    return vector


@dataclass(frozen=True)
class _Commit:
    """What an article's record is to say."""

    article: Article
    write: str
    passages: int
    vector: Vectors
    copies: tuple[Copy, ...] = ()
    withdrawal: Withdrawal | None = None
    restore: bool = False
    moments: Moments | None = None


class Writes:
    """The writes of this process, one after another; articles that wait meanwhile are written in one go."""

    def __init__(
        self, archive: Archive, feed: Feed, dimensions: int, *, alone: bool, in_force: Callable[[], None]
    ) -> None:
        """Write to a store's collections.

        Args:
            archive: the collections.
            feed: what numbers the changes.
            dimensions: how many numbers a passage's vector has.
            alone: nobody else writes to them.
            in_force: raises StoreForeign when the store was embedded anew, and these collections are its no more.

        """
        self.lock = threading.Lock()
        """Held by the thread that writes: whoever waits for it may be cancelled, and the thread goes on."""
        self.closing = False
        """Whether to leave off in the middle of a book, as in a crash: its note is there, and the next start sweeps."""
        self._archive = archive
        self._feed = feed
        self._dimensions = dimensions
        self._alone = alone
        self._in_force = in_force
        self._waiting: list[tuple[Prepared, Future[Outcome]]] = []
        self._watched: dict[str, tuple[float, float]] = {}  # notes: their time, and since when we see that one

    def put(self, article: Prepared) -> Outcome:
        """Wait for the turn to write, and write all that waits; or find it written when the turn comes."""
        done: Future[Outcome] = Future()
        self._waiting.append((article, done))
        with self.lock:
            while not done.done():
                batch = self._next_batch()
                try:
                    outcomes = self._put([one for one, _ in batch])
                except BaseException as error:  # noqa: BLE001 - it goes to whoever waits for it
                    if len(batch) == 1:
                        batch[0][1].set_exception(error)
                    else:
                        self._put_each(batch)
                else:
                    for (_, theirs), outcome in zip(batch, outcomes, strict=True):
                        if isinstance(outcome, ArticleWithdrawn):
                            theirs.set_exception(outcome)
                        else:
                            theirs.set_result(outcome)
        return done.result()

    def _put_each(self, batch: Sequence[tuple[Prepared, "Future[Outcome]"]]) -> None:
        """Write the articles of a batch that failed one by one: what Chroma refuses is one of them, perhaps."""
        for one, theirs in batch:
            try:
                [outcome] = self._put([one])
                if isinstance(outcome, ArticleWithdrawn):
                    raise outcome  # noqa: TRY301 - as what else goes wrong
            except BaseException as error:  # noqa: BLE001 - as above
                theirs.set_exception(error)
            else:
                theirs.set_result(outcome)

    def withdraw(self, article_id: str, reason: str | None = None, *, purge: Callable[[], None] | None = None) -> bool:
        """Let an article count no more; with `purge` remove its texts, and what this removes; False: nothing to do."""
        with self.lock:
            standing = self._archive.standing(article_id)
            if standing is None or (isinstance(standing, Withdrawal) and not purge):
                return False
            was = standing if isinstance(standing, Withdrawal) else Withdrawal(at=datetime.now(UTC))
            withdrawal = Withdrawal(at=was.at, reason=reason or was.reason, purged=purge is not None or was.purged)
            _, source = self._archive.records([article_id])[article_id]
            if purge:  # a version is a hash of the text and may tell it
                source = Source(article_id=article_id, version="", title="", origin=article_id)
            self._mark(source, withdrawal)
            if purge:
                purge()
            return True

    def mark(self, source: Source, withdrawal: Withdrawal, moments: Moments | None) -> bool:
        """Keep that an article is withdrawn, as another store says; False: it is withdrawn here, too.

        Of an article that was purged there, and has text here, the text is kept.
        """
        with self.lock:
            standing = self._archive.standing(source.article_id)
            if isinstance(standing, Withdrawal):
                return False
            if standing is not None:
                _, source = self._archive.records([source.article_id])[source.article_id]
                withdrawal = withdrawal.model_copy(update={"purged": False})
            self._mark(source, withdrawal, moments)
            return True

    def _mark(self, source: Source, withdrawal: Withdrawal, moments: Moments | None = None) -> None:
        write = new_write()
        self._note({write: source.article_id})
        mark = Article(source=source, text="")
        commits = [_Commit(mark, write, 0, nobodys(self._dimensions), withdrawal=withdrawal, moments=moments)]
        self._commit(commits)
        if not self._alone:
            self._look_again(commits)
        self._settle({write: source.article_id}, replaced=True)

    def keep(self, versions: Sequence[tuple[Article, Sequence[datetime]]]) -> int:
        """Keep versions that counted no more in another store, with the moments when they became current there.

        Returns:
            How many: without a record, which a purge finds them by, or when it was purged meanwhile, none is kept.

        """
        kept = 0
        with self.lock:
            for batch in batches(versions):
                records = self._archive.records(list({one.source.article_id for one, _ in batch}))
                there = {article_id for article_id, (record, _) in records.items() if not record.purged}
                some = {new_write(): pair for pair in batch if pair[0].source.article_id in there}
                if some:
                    self._keep_imported(some)
                kept += len(some)
        return kept

    def _keep_imported(self, versions: Mapping[str, tuple[Article, Sequence[datetime]]]) -> None:
        """Keep versions, each by a write, as an article is written: noted, so that nobody sweeps what is half there."""
        notes = {write: one.source.article_id for write, (one, _) in versions.items()}
        names = [superseded_id(one.source.article_id, one.source.version) for one, _ in versions.values()]
        self._note(notes)
        before = self._archive.superseded.get(ids=names, include=["metadatas"])["metadatas"]
        self._write_imported(names, versions)
        if not self._alone and len(self._archive.pending.get(ids=list(notes), include=[])["ids"]) < len(notes):
            self._write_imported(names, versions)  # we were taken for dead, as below
        self._archive.pending.delete(ids=list(notes))
        stale = {str(row["article_id"]) for row in before if row.get("parts")}  # their texts are there twice
        if not self._alone:
            # Another process may have purged an article since, and swept before we wrote.
            records = self._archive.records(list(set(notes.values())))
            stale |= {article_id for article_id, (record, _) in records.items() if record.purged}
        for article_id in stale:
            self._sweep_article(article_id)

    def _write_imported(self, names: Sequence[str], versions: Mapping[str, tuple[Article, Sequence[datetime]]]) -> None:
        self._archive.superseded.upsert(
            ids=names,
            embeddings=[NO_VECTOR for _ in names],
            documents=[one.text for one, _ in versions.values()],
            metadatas=[imported_row(one.source, write, stored) for write, (one, stored) in versions.items()],
        )

    def _next_batch(self) -> list[tuple[Prepared, "Future[Outcome]"]]:
        """Take what waits, as much as one write holds; an article that is there twice waits for the next."""
        batch: dict[str, tuple[Prepared, Future[Outcome]]] = {}
        passages = 0
        while self._waiting:
            one, _ = self._waiting[0]
            passages += len(one.passages)
            if batch and (passages > TOGETHER or one.article.source.article_id in batch):
                break
            batch[one.article.source.article_id] = self._waiting.pop(0)
        return list(batch.values())

    def _put(self, batch: Sequence[Prepared]) -> list[Outcome | ArticleWithdrawn]:
        found = self._archive.articles.get(ids=[one.article.source.article_id for one in batch], include=["metadatas"])
        before = {str(row["article_id"]): row for row in found["metadatas"]}
        outcomes: _Outcomes = {}
        fresh: list[tuple[Prepared, str]] = []
        for one in batch:
            source = one.article.source
            row = before.get(source.article_id)
            withdrawal = row and withdrawal_of(row)
            if withdrawal and not one.restore:
                outcomes[source.article_id] = ArticleWithdrawn(source.article_id, str(withdrawal))
                continue
            if row is None or withdrawal:
                outcomes[source.article_id] = "created"
            elif row["version"] == source.version:
                outcomes[source.article_id] = "unchanged"
                continue
            else:
                outcomes[source.article_id] = "replaced"
            fresh.append((one, new_write()))
        if fresh:
            outcomes |= self._put_fresh(fresh, replaced="replaced" in outcomes.values())
        return [outcomes[one.article.source.article_id] for one in batch]

    def _put_fresh(self, fresh: Sequence[tuple[Prepared, str]], *, replaced: bool) -> _Outcomes:
        """Write articles; give what became of those that were withdrawn meanwhile."""
        notes = {write: one.article.source.article_id for one, write in fresh}
        self._note(notes)
        self._write_passages(fresh, notes)
        vectors = [one.mean() for one, _ in fresh]
        copies = copied(self._archive, [(one.article, mean) for (one, _), mean in zip(fresh, vectors, strict=True)])
        commits = [
            _Commit(one.article, write, len(one.passages), mean, of, restore=one.restore, moments=one.moments)
            for (one, write), mean, of in zip(fresh, vectors, copies, strict=True)
        ]
        refused = self._commit(commits)
        if not self._alone:
            if landed := [one for one in commits if one.article.source.article_id not in refused]:
                self._look_again(landed)
            there = self._archive.pending.get(ids=list(notes), include=[])["ids"]
            if swept := [(one, write) for one, write in fresh if write not in there]:
                # We stood still for so long that another process took us for dead.
                self._write_passages(swept, notes)
                rows = [{"article_id": one.article.source.article_id, "write": write} for one, write in swept]
                self._archive.articles.write_parts([one.article.text for one, _ in swept], rows)
        self._settle(notes, replaced=replaced)
        return refused

    def _write_passages(self, fresh: Sequence[tuple[Prepared, str]], notes: dict[str, str]) -> None:
        rows = [
            (passage, write, vector, sentences)
            for one, write in fresh
            for passage, vector, sentences in zip(one.passages, one.vectors, one.sentences, strict=True)
        ]
        for number, some in enumerate(batches(rows)):
            if number:
                if self.closing:
                    raise StoreUnavailable("The store was closed before the article was written: send it again.")
                self._note(notes)  # they are at work still
            self._archive.passages.upsert(
                ids=[
                    stored_id(one.source.article_id, one.source.version, one.ordinal, write)
                    for one, write, _, _ in some
                ],
                embeddings=np.asarray([vector for _, _, vector, _ in some], dtype=np.float32),
                documents=[one.text for one, _, _, _ in some],
                metadatas=[passage_row(one, write, sentences) for one, write, _, sentences in some],
            )

    def _commit(self, commits: Sequence[_Commit]) -> _Outcomes:
        """Write the articles' records, and keep what they replace; but not where that is withdrawn, which it gives."""
        # Read as late as may be: a version that another process commits from here to our own commit is not kept.
        ids = [one.article.source.article_id for one in commits]
        found = self._archive.articles.get(ids=ids, include=["documents", "metadatas"])
        before = {
            str(row["article_id"]): (row, text)
            for row, text in zip(found["metadatas"], found["documents"], strict=True)
        }
        refused: _Outcomes = {}
        for one in commits:
            article_id = one.article.source.article_id
            withdrawal = withdrawal_of(before[article_id][0]) if article_id in before else None
            if withdrawal and not (one.restore or one.withdrawal):
                refused[article_id] = ArticleWithdrawn(article_id, str(withdrawal))
        commits = [one for one in commits if one.article.source.article_id not in refused]
        purged = {one.article.source.article_id for one in commits if one.withdrawal and one.withdrawal.purged}
        self._keep([kept for article_id, kept in before.items() if article_id not in {*refused, *purged}])
        rows: list[dict[str, Any]] = []
        for one in commits:
            old, _ = before.get(one.article.source.article_id, ({}, ""))
            change = self._feed.number(after=old.get("change", 0))
            row = article_row(
                one.article.source,
                write=one.write,
                change=change,
                added=old.get("added", change_at(one.moments.first) if one.moments else change),
                passages=one.passages,
                copies=one.copies,
                withdrawal=one.withdrawal,
                stored=one.moments and one.moments.stored,
            )
            rows.append({**self._without_left_over(old, row), **row})
        if not rows:
            return refused
        self._archive.articles.upsert(
            ids=[row["article_id"] for row in rows],
            embeddings=np.asarray([one.vector for one in commits], dtype=np.float32),
            documents=[one.article.text for one in commits],
            metadatas=rows,
        )
        self._feed.committed({str(row["article_id"]): int(row["change"]) for row in rows})
        return refused

    def _without_left_over(self, old: Row, row: Row) -> dict[str, None]:
        """Give what else to write so that nothing of the old record's long values stays; at once where it is too much.

        Then the old version is for a moment without these values.
        """
        left = left_over(old, row)
        if len(spread(row)) + len(left) <= MOST_KEYS - 1:  # `parts` is to come
            return left
        empty = {"title": "", "credits": "[]"}  # every record has these
        fields = {name.partition(".")[0] for name in left}
        self._archive.articles.update(
            ids=[str(row["article_id"])], metadatas=[{**{name: empty.get(name) for name in fields}, **left}]
        )
        return {}

    def _keep(self, replaced: Sequence[tuple[Row, str | None]]) -> None:
        """Keep the versions that records hold, which others are to replace."""
        kept = [
            (superseded_id(row["article_id"], row["version"]), row, text)
            for row, text in replaced
            if not row.get("withdrawn") and text is not None  # None: purged by another process meanwhile
        ]
        if not kept:
            return
        # A version that came back was kept before.
        found = self._archive.superseded.get(ids=[name for name, _, _ in kept], include=["metadatas"])
        before = dict(zip(found["ids"], found["metadatas"], strict=True))
        self._archive.superseded.upsert(
            ids=[name for name, _, _ in kept],
            embeddings=[NO_VECTOR for _ in kept],
            documents=[text for _, _, text in kept],
            metadatas=[superseded_row(row, before.get(name)) for name, row, _ in kept],
        )

    def _look_again(self, commits: Sequence[_Commit]) -> None:
        """Look at what other processes did meanwhile."""
        records = self._archive.records([one.article.source.article_id for one in commits])
        found = copied(self._archive, [(one.article, one.vector) for one in commits])
        amended: dict[str, dict[str, Any]] = {}
        for one, copies in zip(commits, found, strict=True):
            record, source = records[one.article.source.article_id]
            if record.write != one.write:
                amended[source.article_id] = {}  # it took our record's place: its number may be lower than ours
            elif new := [copy for copy in copies if copy not in one.copies]:
                # Of two copies that are committed at once neither saw the other.
                amended[source.article_id] = {"copies": packed_copies(source.version, (*one.copies, *new))}
        if amended:
            self._feed.amend(amended)

    def _settle(self, notes: dict[str, str], *, replaced: bool) -> None:
        """Sweep what our commits replaced, and let go of the notes."""
        for article_id in notes.values() if replaced else ():
            self._sweep_article(article_id)
        self._archive.pending.delete(ids=list(notes))
        if self._alone:
            return
        # Another writer of an article that swept before our note was gone has left our passages to us.
        records = self._archive.records(list(notes.values()))
        for write, article_id in notes.items():
            if records[article_id][0].write != write:
                self._sweep_article(article_id)

    def _note(self, notes: dict[str, str]) -> None:
        """Note that writes are at work, or are still."""
        noted = [{"article_id": article_id, "at": time.time()} for article_id in notes.values()]
        self._archive.pending.upsert(ids=list(notes), embeddings=[NO_VECTOR for _ in noted], metadatas=noted)
        try:
            # After the note: who embeds the store anew waits for the writes that are noted when it switches.
            self._in_force()
        except BaseException:
            self._archive.pending.delete(ids=list(notes))
            raise

    def _sweep_article(self, article_id: str, over: Collection[str] = ()) -> None:
        """Delete the article's passages but those that its record names, and those of writes that are not `over`.

        Of its texts the parts go that no version names; of an article that is purged the versions go, too.
        """
        # In this order: a write seen here is noted until its record names it, so that one of the two looks sees it.
        of_article = {"article_id": article_id}
        stored = self._archive.passages.get(where=of_article, include=["metadatas"])
        parts = self._archive.parts.get(where=of_article, include=["metadatas"])
        noted = self._archive.pending.get(where=of_article, include=[])
        record, _ = self._archive.records([article_id]).get(article_id, (None, None))
        kept = {*noted["ids"]} - {*over} | ({record.write} if record else set())
        swept = _of_others(stored, kept)
        self._archive.passages.delete(ids=swept)
        if record and record.purged:
            self._archive.superseded.delete(ids=self._archive.superseded.get(where=of_article, include=[])["ids"])
        if parts["ids"]:
            # After the record: what that names no more was kept before.
            versions = self._archive.superseded.get(where=of_article, include=["metadatas"])["metadatas"]
            parts_swept = _of_others(parts, kept | {str(row["write"]) for row in versions})
            self._archive.parts.delete(ids=parts_swept)
            swept += parts_swept
        if swept and max(len(stored["ids"]), len(parts["ids"])) > BATCH:  # of several pages, between which another
            self._sweep_article(article_id, over)  # process may have swept

    def sweep(self) -> None:
        """Delete what interrupted writes left behind; beside other writers only what has long been left alone."""
        with self.lock:
            found = self._archive.pending.get(include=["metadatas"])
            now = time.monotonic()
            watched: dict[str, tuple[float, float]] = {}
            over: dict[str, str] = {}
            for note, row in zip(found["ids"], found["metadatas"], strict=True):
                # The clock of whoever wrote it may differ from ours: it is over when it has not moved for long.
                at = float(row["at"])
                before, since = self._watched.get(note, (at, now))
                watched[note] = (at, since if at == before else now)
                if self._alone or now - watched[note][1] > _OVER_AFTER:
                    over[note] = str(row["article_id"])
            self._watched = watched
            for note, article_id in over.items():
                self._sweep_article(article_id, over)
                if not self._alone and (record := self._archive.records([article_id]).get(article_id)):
                    # It may have died between its commit and its look whether others were ahead.
                    self._feed.amend({article_id: {}}, after=record[0].change)
                self._archive.pending.delete(ids=[note])


def _of_others(found: Found, kept: Collection[str]) -> list[str]:
    """Name the records of writes that are not kept."""
    return [name for name, row in zip(found["ids"], found["metadatas"], strict=True) if row["write"] not in kept]
