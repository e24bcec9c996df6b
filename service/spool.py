"""What was given to jobs: a folder each until the job ends, with the files as they came and a list of what is given."""

import asyncio
import json
import os
import re
import shutil
from collections.abc import Collection
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Self
from uuid import uuid4

from filelock import FileLock, Timeout

from retrieval.errors import StoreUnavailable
from retrieval.owner import unwritable
from retrieval.readers import Address, Document
from retrieval.readers.kinds import KINDS

JSON_LINES = "application/x-ndjson"
_LIST = "given.jsonl"
_SWEPT = 5.0  # seconds to wait for who sweeps; chosen: to find that there is nothing takes milliseconds
_ARRIVING = ".arriving"  # what a folder's name ends with until all is there


class Gone(Exception):
    """What a job was given is not there any more."""


class Delivery:
    """What one request gives, as it arrives; used in an `async with` statement, which removes what no job accepted.

    What writes may raise StoreUnavailable, or OSError where a file is written to.
    """

    def __init__(self, spool: Path) -> None:
        """Write nothing yet."""
        self.job_id = uuid4().hex
        self.files = 0
        self._spool = spool
        self.folder = spool / f"{self.job_id}{_ARRIVING}"
        self._given: list[dict[str, str | None]] = []
        self._names: set[str] = set()
        self._articles: int | None = 0
        # Held as long as this process lives: what nobody holds was left by one that does not.
        self._lock = FileLock(f"{self.folder}.lock", thread_local=False)

    async def __aenter__(self) -> Self:
        """Make a folder for it."""
        await asyncio.to_thread(self._begin)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Remove what was not accepted."""
        await asyncio.to_thread(self._end)

    @property
    def total(self) -> int | None:
        """Count the articles; None: addresses and some kinds of files lead to as many as there are."""
        return self._articles

    @property
    def addresses(self) -> bool:
        """Tell whether there are any."""
        return any("url" in one for one in self._given)

    def address(self, url: str) -> None:
        """Add an address; one that is given twice is one."""
        if url in self._names:
            return
        self._names.add(url)
        self._articles = None
        self._given.append({"url": url})

    def listed(self, count: int) -> BinaryIO:
        """Add a file of JSON lines, to be written and closed by the caller, with so many articles."""
        self._articles = self._articles + count if self._articles is not None else None
        return self._file("", "", JSON_LINES, None)

    def file(self, name: str, media_type: str = "", charset: str | None = None) -> BinaryIO:
        """Add a file, to be written and closed by the caller; its suffix says what it is, or else its media type."""
        path = PurePosixPath(*(part for part in PurePosixPath(name).parts if part not in {"/", ".."}))
        named = [kind for kind in KINDS if path.suffix.lower() in kind.suffixes]
        kinds = named or [kind for kind in KINDS if media_type in kind.media_types]
        if not kinds or kinds[0].many:
            self._articles = None
        elif self._articles is not None:
            self._articles += 1
        first, number = path, 1
        if re.search(r"#\d+$", path.name):  # as the items of a list are called
            first = path.with_name(f"{path.name} (file)")
        label = first
        while str(label) in self._names:
            number += 1
            label = first.with_stem(f"{first.stem} ({number})")
        self._names.add(str(label))
        # Of two files with one name both have its id, and the second is told to have that of the first.
        return self._file(str(label), str(path.with_suffix("")), "" if named else media_type, charset)

    def accept(self) -> None:
        """Give it to its job: all of it is on the disk before the folder has the job's name."""
        try:
            lines = [json.dumps(one) for one in self._given]
            (self.folder / _LIST).write_text("\n".join(lines), encoding="ascii")
            for path in self.folder.iterdir():
                with path.open("rb") as file:
                    os.fsync(file.fileno())
            self.folder.replace(self._spool / self.job_id)
        except OSError as error:
            raise unwritable(self._spool, error) from error

    def _file(self, label: str, article_id: str, media_type: str, charset: str | None) -> BinaryIO:
        file = str(self.files)
        self.files += 1
        self._given.append(
            {"file": file, "name": label, "article_id": article_id, "media_type": media_type, "charset": charset}
        )
        try:
            return (self.folder / file).open("xb")
        except OSError as error:
            raise unwritable(self._spool, error) from error

    def _begin(self) -> None:
        try:
            self._spool.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=_SWEPT)  # somebody who sweeps may have seen its file first
            self.folder.mkdir()
        except OSError as error:
            raise unwritable(self._spool, error) from error

    def _end(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.release()
        Path(self._lock.lock_file).unlink(missing_ok=True)


def given(spool: Path, job_id: str) -> list[Document | Address]:
    """Give what a job was given, in its order.

    Raises:
        Gone: it is not there any more.
        StoreUnavailable: it cannot be read.

    """
    folder = spool / job_id
    try:
        lines = (folder / _LIST).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError as error:
        raise Gone(f"what it was given is not in {folder} any more: somebody removed it") from error
    except OSError as error:
        raise StoreUnavailable(f"What the job {job_id} was given cannot be read: {error}.") from error
    found: list[Document | Address] = []
    for line in lines:
        one = json.loads(line)
        if "url" in one:
            found.append(Address(one["url"]))
            continue
        path, name = folder / one["file"], one["name"]
        found.append(
            Document(path, one["article_id"], label=name, media_type=one["media_type"], charset=one["charset"])
        )
    return found


def sweep(spool: Path, kept: Collection[str]) -> None:
    """Remove what belongs to none of the jobs that are kept, nor to a request that is under way in any process."""
    names = {path.name.removesuffix(".lock") for path in spool.iterdir()} if spool.is_dir() else set()
    for name in names - set(kept):
        if not name.endswith(_ARRIVING):
            shutil.rmtree(spool / name, ignore_errors=True)
            continue
        lock = FileLock(spool / f"{name}.lock", thread_local=False)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            continue
        shutil.rmtree(spool / name, ignore_errors=True)
        Path(lock.lock_file).unlink(missing_ok=True)  # while it is held: a request that waits for it makes another
        lock.release()
