"""What a process and those that it has started use together, where the system tells (it does on Linux)."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def cpu(pid: int) -> float | None:
    """Give the processor's seconds that they have used; None where the system does not tell."""
    ticks = [int(fields[11]) + int(fields[12]) for fields in _stats(pid)]
    return sum(ticks) / os.sysconf("SC_CLK_TCK") if ticks else None


def memory(pid: int) -> float | None:
    """Give their resident megabytes; what they share (a model's file) counts for each. None as above."""
    pages = [int(fields[21]) for fields in _stats(pid)]
    return sum(pages) * os.sysconf("SC_PAGE_SIZE") / 2**20 if pages else None


def _stats(pid: int) -> list[list[str]]:
    """Read the fields of each one's /proc/PID/stat from the third one on; of one that has ended there are none."""
    found = []
    for one in _family(pid):
        with suppress(OSError):
            found.append(Path(f"/proc/{one}/stat").read_text(encoding="ascii").rpartition(")")[2].split())
    return found


def _family(pid: int) -> Iterator[int]:
    """Name a process and its descendants."""
    yield pid
    with suppress(OSError):  # it has ended, or the system does not tell
        for thread in Path(f"/proc/{pid}/task").iterdir():
            for child in (thread / "children").read_text(encoding="ascii").split():
                yield from _family(int(child))
