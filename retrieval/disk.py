"""The disk of an embedded store: writing ends while there is room left, for Chroma breaks where there is none.

SQLite refuses on a full disk what Chroma has noted already. From then on Chroma fails at reading, too, and after the
second or fourth call it hangs for ever (seen with 1.5.9). So nothing is written on the last megabytes. Where another
program takes these in the middle of a write, no call is made any more until Chroma was opened anew.
"""

import logging
import os
import threading
from pathlib import Path

from retrieval.errors import StoreUnavailable

# Bytes; chosen. A write of 1,000 passages takes some 10 MB, a merge of the word index of 100,000 passages some 30.
RESERVE = 64_000_000
_BROKEN = ("disk is full", "Failed to apply logs", "disk I/O error", "attempt to write a readonly database")
_log = logging.getLogger("groundwire.store")


class Disk:
    """The disk that a folder is on; any thread may ask."""

    def __init__(self, folder: Path) -> None:
        """Take the store's folder."""
        self._folder = folder
        self._broken: str | None = None
        self._changed = threading.Lock()

    def check_room(self) -> None:
        """See that the disk can be written, and that there is room.

        Raises:
            StoreUnavailable: it cannot, or there is none.

        """
        found = os.statvfs(self._folder)
        if found.f_flag & os.ST_RDONLY:
            raise StoreUnavailable(
                f"The disk of {self._folder} may only be read now, and the store is read as before. Let it be written "
                "(it turns so when it fails, too: see the system's log), and it goes on."
            )
        free = found.f_bavail * found.f_frsize
        if free < RESERVE:
            raise StoreUnavailable(
                f"The disk of {self._folder} is full: {free / 1e6:.0f} MB are left, and the store writes nothing where "
                f"less than {RESERVE / 1e6:.0f} are. What is stored is read as before. Make room, and it goes on."
            )

    def check(self) -> None:
        """Let nobody pass while Chroma is broken.

        Raises:
            StoreUnavailable: it is.

        """
        if self._broken:
            raise StoreUnavailable(
                f"Chroma broke: {self._broken}. Make room on the disk of {self._folder}, and let it be written: the "
                "store is then opened anew by itself."
            )

    @property
    def is_broken(self) -> bool:
        """Tell whether Chroma is to be opened anew."""
        return self._broken is not None

    def note(self, error: Exception) -> None:
        """Note what Chroma failed with, if it breaks by that."""
        with self._changed:
            if self._broken is None and any(sign in str(error) for sign in _BROKEN):
                self._broken = str(error)
                _log.error("Chroma broke: %s. It is opened anew when there is room on the disk", error)

    def mended(self) -> None:
        """Let everybody pass again."""
        with self._changed:
            self._broken = None
        _log.warning("Chroma was opened anew, and works again")
