"""Readers of vectors meet writers: Chroma then fails for a moment, and what is read again is right."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from retrieval.archive import Archive

VECTOR = np.ones(2, dtype=np.float32)


class Changing:
    """A collection that fails as Chroma does, so many times, then reads."""

    def __init__(self, failures: int, words: str) -> None:
        self.left = failures
        self.words = words

    def query(self, **_: object) -> dict[str, Any]:
        return self._read({"ids": [["a"]], "distances": [[0.0]]})

    def get(self, **_: object) -> dict[str, Any]:
        return self._read({"ids": ["a"], "embeddings": [VECTOR]})

    def _read(self, found: dict[str, Any]) -> dict[str, Any]:
        if self.left:
            self.left -= 1
            raise RuntimeError(self.words)
        return found


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retrieval.archive._SOON", 0)


def archive(failures: int, words: str) -> Archive:
    passages = Changing(failures, words)
    return Archive(articles=None, passages=passages, superseded=None, parts=None, pending=None)


READS: list[Callable[[Archive], object]] = [
    lambda of: of.nearest(VECTOR, 1),
    lambda of: list(of.vectors(["a"])),
]


@pytest.mark.parametrize("read", READS, ids=["nearest", "vectors"])
@pytest.mark.parametrize(
    "words",
    [
        "Error executing plan: Internal error: Error finding id",
        "Error executing plan: Error creating hnsw segment reader: Nothing found on disk",
    ],
)
def test_what_is_being_changed_is_read_again(read: Callable[[Archive], object], words: str) -> None:
    assert read(archive(3, words)) == ["a"]


@pytest.mark.parametrize("read", READS, ids=["nearest", "vectors"])
@pytest.mark.parametrize(("failures", "words"), [(1, "Error reading from sqlite"), (100, "Error finding id")])
def test_another_failure_and_one_that_stays_are_told(
    read: Callable[[Archive], object], failures: int, words: str
) -> None:
    with pytest.raises(RuntimeError, match=words):
        read(archive(failures, words))
