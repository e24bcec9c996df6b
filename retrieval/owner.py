"""Who owns an embedded store's folder: an OS lock, and beside it a note with what its commands need to reach the owner.

The note has the owner's process, its HTTP address and a token, for which the owner does all that it is asked: who may
read the note, and that is its owner's user alone, could read and write the whole folder as well.
"""

import json
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

from retrieval.errors import StoreLocked, StoreUnavailable


class Owner:
    """This process, as the owner of a folder, until `release`."""

    def __init__(self, folder: Path, lock: FileLock) -> None:
        """Take a held lock; use `acquire`."""
        self.folder = folder
        self.token = secrets.token_hex(32)
        self._lock = lock

    @classmethod
    def acquire(cls, folder: Path, advice: str = "Stop it, or work through its address.") -> Self:
        """Make the folder if need be, and own it.

        Args:
            folder: whose owner this process is to be.
            advice: what to do when another process is.

        Raises:
            StoreLocked: another process owns it.
            StoreUnavailable: it cannot be written.

        """
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # the articles are for who asks with a key
            lock = FileLock(folder / "lock")
            lock.acquire(blocking=False)
        except Timeout as error:
            pid, address, token = _noted(folder)
            who = f" ({pid})" if pid else ""
            where = f", which serves {address}" if address else ""
            message = f"{folder} is in use by another process{who}{where}. {advice}"
            raise StoreLocked(message, address, token) from error
        except OSError as error:
            raise unwritable(folder, error) from error
        owner = cls(folder, lock)
        try:
            owner.announce(None)  # also in place of what an owner left that was killed
        except OSError as error:
            lock.release()
            raise unwritable(folder, error) from error
        return owner

    def announce(self, address: str | None) -> None:
        """Leave the address and the token, in one step: a command that finds the lock held reads them."""
        note = self.folder / "owner.json.new"
        note.unlink(missing_ok=True)  # one that a kill left keeps its mode, and could be a link to elsewhere
        private = os.open(note, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(private, "w", encoding="utf-8") as file:
            json.dump({"pid": os.getpid(), "address": address, "token": self.token}, file)
        note.replace(self.folder / "owner.json")

    def release(self) -> None:
        """Let another process own the folder; a second time does nothing."""
        if self._lock.is_locked:
            with suppress(OSError):
                (self.folder / "owner.json").unlink()
            self._lock.release()


def unwritable(folder: Path, error: OSError) -> StoreUnavailable:
    """Say why a folder cannot be written, and what to do."""
    why = error.strerror or error
    return StoreUnavailable(f"{folder} cannot be written: {why}. Give a folder that can (GROUNDWIRE_DATA_DIR).")


def token_of(folder: Path) -> str | None:
    """Read the token of the process that owns a folder now: another one whenever it is started again."""
    return _noted(folder)[2]


def _noted(folder: Path) -> tuple[int | None, str | None, str | None]:
    """Read the owner's process, HTTP address and token, as far as it left them."""
    try:
        owner = json.loads((folder / "owner.json").read_text(encoding="utf-8"))
        return owner["pid"], owner["address"], owner.get("token")
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None, None, None
