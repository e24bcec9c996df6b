"""A purge of an embedded store: what was deleted leaves the files, too.

To delete is not enough. SQLite keeps the bytes of what is deleted until others take their place; Chroma keeps what it
was given in a queue, for its index of vectors, and each three letters of a text with their places in an index of words;
and its index of vectors begins as a file of whatever the memory held before. So the database is written anew beside the
old one, while readers go on, and put in its place while they wait.
"""

import logging
import os
import sqlite3
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from retrieval.errors import StoreUnavailable
from retrieval.owner import Owner

_NOTE = "purge-unfinished"
_DATABASE = "chroma.sqlite3"
_CONSUMED = """
    UPDATE embeddings_queue SET metadata = NULL WHERE metadata IS NOT NULL AND seq_id <= (
        SELECT max_seq_id.seq_id FROM max_seq_id JOIN segments ON segments.id = max_seq_id.segment_id
        WHERE segments.scope = 'METADATA' AND embeddings_queue.topic LIKE '%/' || segments.collection
    )
"""
_MERGE_WORDS = "INSERT INTO embedding_fulltext_search(embedding_fulltext_search) VALUES('optimize')"
_HEADER = "<iQQQQ"  # of hnswlib: version, offset, room for so many vectors, how many there are, bytes of each
_log = logging.getLogger("groundwire.store")


def note(folder: Path) -> None:
    """Note that a purge is at work: before anything is deleted, so that a start after a kill finishes it."""
    (folder / _NOTE).touch()


def is_due(folder: Path) -> bool:
    """Tell whether a purge was not finished, since whenever."""
    return (folder / _NOTE).exists()


def finished(folder: Path) -> None:
    """Let go of the note."""
    (folder / _NOTE).unlink(missing_ok=True)


@contextmanager
def unfinished() -> Iterator[None]:
    """Say what it means that the files cannot be written."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        message = (
            f"What was purged is deleted, but still in Chroma's files: {error}. They are written anew beside the old "
            "ones: is the disk full? To purge once more finishes it, and so does the next start."
        )
        raise StoreUnavailable(message) from error


def vacuum(chroma: Path) -> None:
    """Write the files of a stopped Chroma server anew, without what was deleted: its own vacuum keeps the queue.

    Args:
        chroma: its folder.

    Raises:
        StoreUnavailable: that is none, or they cannot be written.
        StoreLocked: it is that of an embedded store, which is in use.

    """
    chroma = chroma.resolve()
    if not (chroma / _DATABASE).is_file():
        raise StoreUnavailable(f"{chroma} is no folder of a Chroma server: it has no {_DATABASE}.")
    with ExitStack() as owned:
        if (chroma.parent / "lock").is_file():  # an embedded store's, or where one was
            owned.callback(Owner.acquire(chroma.parent, "Stop it; or leave this: it clears its files itself.").release)
        with unfinished():
            put_in_place(written_anew(chroma), chroma)
            clear_unused(chroma)


def written_anew(chroma: Path) -> Path:
    """Write Chroma's database anew beside itself, without what was deleted; nobody may write to it meanwhile."""
    began = time.monotonic()
    database = chroma / _DATABASE
    anew = database.with_suffix(".anew")
    anew.unlink(missing_ok=True)
    with closing(sqlite3.connect(database)) as old:
        old.execute("VACUUM INTO ?", (str(anew),))
    with closing(sqlite3.connect(anew, isolation_level=None)) as new:
        new.execute("PRAGMA secure_delete = ON")
        new.execute(_CONSUMED)  # the texts; the index of vectors still needs the rest
        new.execute(_MERGE_WORDS)
    with anew.open("rb+") as file:
        os.fsync(file.fileno())
    size = anew.stat().st_size / 1e6
    _log.info("Purging: Chroma's database is written anew, %.0f MB in %.1f s", size, time.monotonic() - began)
    return anew


def put_in_place(anew: Path, chroma: Path) -> None:
    """Put the database that was written anew in its place; nobody may have Chroma open."""
    anew.replace(chroma / _DATABASE)


def clear_unused(chroma: Path) -> None:
    """Clear the room for further vectors in Chroma's indexes, which are made of unwritten memory when they are opened.

    Nobody may write to them meanwhile.
    """
    for header in chroma.glob("*/header.bin"):
        _, _, _, vectors, size = struct.unpack_from(_HEADER, header.read_bytes())
        _clear(header.with_name("data_level0.bin"), vectors * size)
        _clear(header.with_name("length.bin"), vectors * 4)


def _clear(file: Path, used: int) -> None:
    """Write zeros over what is behind the part of a file that is used."""
    with file.open("rb+") as opened:
        end = opened.seek(0, os.SEEK_END)
        opened.seek(used)
        opened.write(bytes(max(end - used, 0)))
