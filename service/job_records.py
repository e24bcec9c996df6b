"""What is known of jobs, in SQLite: which there are, and what became of each item. No article's text is in it.

Several processes may have it open at a time; each uses its own connection in one thread.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock
from pydantic import AwareDatetime, Field

from retrieval.errors import StoreUnavailable
from retrieval.ingest import Ingested
from retrieval.owner import unwritable
from retrieval.types import Frozen, printable

Status = Literal["queued", "running", "done", "failed", "cancelled"]
ItemOutcome = Literal["created", "replaced", "unchanged", "skipped"]

KEPT = 1000  # ended jobs; chosen
KEPT_DAYS = 30  # chosen
PATIENT = 8  # times in a row that a job waits before others go first; chosen: three minutes
_PATIENCE = 30.0  # seconds to wait for another process that writes; chosen: each writes for milliseconds

_TABLES = """
CREATE TABLE IF NOT EXISTS jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL DEFAULT 'queued',
    created TEXT NOT NULL, started TEXT, finished TEXT,
    total INTEGER, done INTEGER NOT NULL DEFAULT 0,
    n_created INTEGER NOT NULL DEFAULT 0, n_replaced INTEGER NOT NULL DEFAULT 0,
    n_unchanged INTEGER NOT NULL DEFAULT 0, n_skipped INTEGER NOT NULL DEFAULT 0,
    starts INTEGER NOT NULL DEFAULT 0,
    waits INTEGER NOT NULL DEFAULT 0,
    addresses INTEGER NOT NULL DEFAULT 0,
    error TEXT
);
CREATE TABLE IF NOT EXISTS items (
    job INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
    place INTEGER NOT NULL,
    name TEXT NOT NULL, article_id TEXT, outcome TEXT NOT NULL, reason TEXT,
    PRIMARY KEY (job, place),
    UNIQUE (job, name)
) WITHOUT ROWID;
"""


class Counts(Frozen):
    """How many items had which outcome."""

    created: int
    replaced: int
    unchanged: int
    skipped: int


class Job(Frozen):
    """Articles that were given together, and how far the service is with them."""

    id: str
    status: Status
    created: AwareDatetime
    started: AwareDatetime | None
    finished: AwareDatetime | None
    total: int | None = Field(description="How many items there are; null while that is not known.")
    done: int = Field(description="How many items have an outcome.")
    counts: Counts
    error: str | None = Field(description="Why it failed, or what it waits for.")


class JobItem(Frozen):
    """What became of one item."""

    name: str = Field(description="The file's name, the address, or `#3` for the third of a list.")
    article_id: str | None
    outcome: ItemOutcome
    reason: str | None = Field(description="Why it was skipped, or what is to be told all the same.")


class Records:
    """The jobs of a folder."""

    def __init__(self, path: Path) -> None:
        """Open them.

        Raises:
            StoreUnavailable: the file cannot be written, or is none of ours.

        """
        self._path = path
        # Of several that begin at once only one can turn the file to WAL, and SQLite would not let the others wait.
        with self._failing_clearly(), FileLock(f"{path}.lock", timeout=_PATIENCE):
            self._db = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
            self._db.row_factory = sqlite3.Row
            for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "secure_delete=ON", "foreign_keys=ON"):
                self._db.execute(f"PRAGMA {pragma}")
            self._db.executescript(_TABLES)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    # What anybody may ask

    def job(self, job_id: str) -> Job | None:
        """Give a job; None: there is none."""
        with self._failing_clearly():
            row = self._db.execute("SELECT * FROM jobs WHERE id = ?", [job_id]).fetchone()
        return _job(row) if row else None

    def jobs(self, offset: int, limit: int) -> list[Job]:
        """Give a page of the jobs, the last one first."""
        with self._failing_clearly():
            rows = self._db.execute("SELECT * FROM jobs ORDER BY number DESC LIMIT ? OFFSET ?", [limit, offset])
            return [_job(row) for row in rows]

    def count(self) -> int:
        """Count the jobs."""
        with self._failing_clearly():
            count: int = self._db.execute("SELECT count(*) FROM jobs").fetchone()[0]
        return count

    def standing(self) -> tuple[dict[str, int], int]:
        """Count the jobs by status, and the items that those which have not ended are known to wait for."""
        query = "SELECT status, count(*), sum(coalesce(total - done, 0) * (finished IS NULL)) FROM jobs GROUP BY status"
        with self._failing_clearly():
            rows = self._db.execute(query).fetchall()
        return {row[0]: row[1] for row in rows}, sum(row[2] for row in rows)

    def items(self, job_id: str, offset: int, limit: int, outcome: ItemOutcome | None = None) -> list[JobItem]:
        """Give a page of a job's items, in the order in which they were done."""
        query = "SELECT name, article_id, outcome, reason FROM items WHERE job = (SELECT number FROM jobs WHERE id = ?)"
        with self._failing_clearly():
            if outcome is None:  # every place is taken: the first one is known
                rows = self._db.execute(f"{query} AND place > ? ORDER BY place LIMIT ?", [job_id, offset, limit])
            else:
                rows = self._db.execute(
                    f"{query} AND outcome = ? ORDER BY place LIMIT ? OFFSET ?", [job_id, outcome, limit, offset]
                )
            return [JobItem(**dict(row)) for row in rows]

    def add(self, job_id: str, total: int | None, accept: Callable[[], None], *, addresses: bool = False) -> Job:
        """Add a job behind all others, which holds addresses or not.

        It is there when what it was given is accepted, and both are on the disk.
        """
        with self._failing_clearly():
            self._db.execute("PRAGMA synchronous=FULL")  # what was promised outlives a failure of the power
            try:
                with self._transaction():
                    self._db.execute(
                        "INSERT INTO jobs (id, created, total, addresses) VALUES (?, ?, ?, ?)",
                        [job_id, _now().isoformat(), total, addresses],
                    )
                    accept()
            finally:
                self._db.execute("PRAGMA synchronous=NORMAL")
            return _job(self._db.execute("SELECT * FROM jobs WHERE id = ?", [job_id]).fetchone())

    def cancel(self, job_id: str) -> bool:
        """End a job that has not ended; False: it has."""
        return self._end(job_id, "cancelled", None)

    # What the one who works on them does

    def next(self, *, addresses: bool) -> Job | None:
        """Give the oldest job that has not ended, of those that hold addresses or of the others.

        One that waits and waits lets those behind it go first.
        """
        with self._failing_clearly():
            row = self._db.execute(
                "SELECT * FROM jobs WHERE finished IS NULL AND addresses = ? ORDER BY waits / ?, number LIMIT 1",
                [addresses, PATIENT],
            ).fetchone()
        return _job(row) if row else None

    def start(self, job_id: str) -> int:
        """Note that a job is worked on; tell how many times it was begun since anything became of it."""
        with self._transaction():
            self._db.execute(
                "UPDATE jobs SET status = 'running', started = coalesce(started, ?), starts = starts + 1 "
                "WHERE id = ? AND finished IS NULL",
                [_now().isoformat(), job_id],
            )
            row = self._db.execute("SELECT starts FROM jobs WHERE id = ?", [job_id]).fetchone()
        starts: int = row[0]
        return starts

    def pause(self, job_id: str, error: str | None = None, *, alone: bool = False) -> None:
        """Note that a job goes on later, and what it waits for: that its work was begun says nothing against it.

        `alone` says that it may be the only one that has to wait.
        """
        with self._transaction():
            self._db.execute(
                "UPDATE jobs SET starts = 0, waits = waits + ?, error = ? WHERE id = ? AND finished IS NULL",
                [alone, _text(error), job_id],
            )

    def record(self, job_id: str, one: Ingested) -> bool:
        """Keep what became of an item; what is known of it already stands. False: the job has ended."""
        outcome = one.outcome or "skipped"
        with self._transaction():
            row = self._db.execute(
                "SELECT number, done FROM jobs WHERE id = ? AND finished IS NULL", [job_id]
            ).fetchone()
            if row is None:
                return False
            added = self._db.execute(
                "INSERT INTO items VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (job, name) DO NOTHING",
                [row["number"], row["done"] + 1, _text(one.name), one.article_id, outcome, _text(one.reason)],
            ).rowcount
            self._db.execute(
                "UPDATE jobs SET starts = 0, waits = 0, error = NULL, done = done + :added, "
                "n_created = n_created + :added * (:outcome = 'created'), "
                "n_replaced = n_replaced + :added * (:outcome = 'replaced'), "
                "n_unchanged = n_unchanged + :added * (:outcome = 'unchanged'), "
                "n_skipped = n_skipped + :added * (:outcome = 'skipped') WHERE number = :number",
                {"added": added, "outcome": outcome, "number": row["number"]},
            )
        return True

    def is_done(self, job_id: str, name: str) -> bool:
        """Tell whether an item has its outcome."""
        with self._failing_clearly():
            found = self._db.execute(
                "SELECT 1 FROM items WHERE job = (SELECT number FROM jobs WHERE id = ?) AND name = ?",
                [job_id, _text(name)],
            ).fetchone()
        return found is not None

    def article_ids(self, job_id: str) -> dict[str, str]:
        """Give the ids of the articles that a job has brought, each with its item's name."""
        with self._failing_clearly():
            rows = self._db.execute(
                "SELECT article_id, name FROM items JOIN jobs ON job = number WHERE id = ? AND article_id IS NOT NULL",
                [job_id],
            )
            return {row["article_id"]: row["name"] for row in rows}

    def finish(self, job_id: str, error: str | None = None) -> bool:
        """End a job, with what it failed by; False: it was ended by somebody else."""
        return self._end(job_id, "failed" if error else "done", error)

    def prune(self, sweep: Callable[[set[str]], None]) -> None:
        """Forget the jobs that ended long ago; `sweep` gets the ids of those that have not, and none is added while."""
        since = (_now() - timedelta(days=KEPT_DAYS)).isoformat()
        with self._transaction():
            self._db.execute(
                "DELETE FROM jobs WHERE finished < ? OR (finished IS NOT NULL AND number NOT IN "
                "(SELECT number FROM jobs WHERE finished IS NOT NULL ORDER BY number DESC LIMIT ?))",
                [since, KEPT],
            )
            sweep({row["id"] for row in self._db.execute("SELECT id FROM jobs WHERE finished IS NULL")})

    def _end(self, job_id: str, status: Status, error: str | None) -> bool:
        with self._transaction():
            return bool(
                self._db.execute(
                    "UPDATE jobs SET status = ?, finished = ?, error = ?, "
                    "total = CASE ? WHEN 'done' THEN done ELSE total END WHERE id = ? AND finished IS NULL",
                    [status, _now().isoformat(), _text(error), status, job_id],
                ).rowcount
            )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._failing_clearly():
            self._db.execute("BEGIN IMMEDIATE")  # a reader that turns writer could not wait for another
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _failing_clearly(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError | sqlite3.InterfaceError):
                raise  # ours
            what = "Is the disk full?"
            if not isinstance(error, sqlite3.OperationalError):
                what = "Move the file away: what is stored stays, but jobs that had not ended are to be posted again."
            raise StoreUnavailable(f"The jobs in {self._path} cannot be used: {error}. {what}") from error
        except OSError as error:
            raise unwritable(self._path.parent, error) from error


def _job(row: sqlite3.Row) -> Job:
    fields: dict[str, Any] = dict(row)
    counts = {name: fields[f"n_{name}"] for name in Counts.model_fields}
    return Job(counts=Counts(**counts), **{name: fields[name] for name in Job.model_fields if name != "counts"})


def _text(words: str | None) -> str | None:
    """Give what SQLite can hold, and show: no lone surrogates, no NULs."""
    return words if words is None else printable(words).replace("\0", "\ufffd")


def _now() -> datetime:
    return datetime.now(UTC)
