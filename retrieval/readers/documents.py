"""What is read: the bytes of a file, an upload or an address, by name."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from retrieval.errors import UnreadableArticle
from retrieval.readers.fields import LONGEST_FILE


@dataclass(frozen=True)
class Document:
    """Bytes that hold an article, or many."""

    content: Path | bytes
    article_id: str
    """The id that its article gets, unless it names one itself; of many each has its own."""
    label: str | None = None
    """How it is told to whoever gave it; None: its path."""
    media_type: str = ""
    """What its server says that it is, in lower case and without parameters; empty: known by its suffix."""
    charset: str | None = None
    """What its server says of its characters."""
    url: str | None = None
    """Where it was fetched."""

    @property
    def name(self) -> str:
        """Give the name by which it is told."""
        return self.label if self.label is not None else str(self.content)

    @property
    def suffix(self) -> str:
        """Give the suffix of its name, in lower case."""
        return Path(
            self.name if self.label is not None or isinstance(self.content, bytes) else self.content
        ).suffix.lower()

    def open(self) -> BinaryIO:
        """Open it to be read from its beginning.

        Raises:
            UnreadableArticle: it cannot be opened.

        """
        if isinstance(self.content, bytes):
            return BytesIO(self.content)
        try:
            return self.content.open("rb")
        except OSError as error:
            raise self.unreadable(error) from error

    def data(self) -> bytes:
        """Read it whole.

        Raises:
            UnreadableArticle: it cannot be read, or is too large.

        """
        try:
            with self.open() as file:
                data = file.read(LONGEST_FILE + 1)
                size = len(data) if len(data) <= LONGEST_FILE else file.seek(0, os.SEEK_END)
        except OSError as error:
            raise self.unreadable(error) from error
        if size > LONGEST_FILE:
            raise UnreadableArticle(self.name, f"{size:,} bytes is over the limit of {LONGEST_FILE:,}")
        return data

    def unreadable(self, error: OSError) -> UnreadableArticle:
        """Say why it cannot be read."""
        if isinstance(error, IsADirectoryError) and isinstance(self.content, Path) and self.content.is_symlink():
            return UnreadableArticle(self.name, "a link to a folder, which is not followed; name that folder itself")
        return UnreadableArticle(self.name, f"cannot be read: {error.strerror or error}")


def document_files(paths: Sequence[Path]) -> Iterator[Document]:
    """Name every file below the given files and folders, in a fixed order; hidden ones are left out."""
    for path in paths:
        if not _is_folder(path):
            yield Document(path, path.stem)
            continue
        for found in _files(path):
            yield _below(path, found)


def documents_below(folder: Path, path: Path) -> Iterator[Document]:
    """Name the file at a path below a folder, also if it is gone, or every file of a folder there; no hidden ones."""
    if path == folder or any(part.startswith(".") for part in path.relative_to(folder).parts):
        return
    if _is_folder(path) and not path.is_symlink():
        for found in _files(path):
            yield _below(folder, found)
    elif _is_file(path) or not path.exists():
        yield _below(folder, path)


def _below(folder: Path, path: Path) -> Document:
    named = path.relative_to(folder) if path != folder else Path(path.name)  # itself, which cannot be listed
    return Document(path, named.with_suffix("").as_posix())


def _files(folder: Path) -> Iterator[Path]:
    """Walk through a folder in the order of its paths, of which only one folder's are in memory at a time."""
    try:
        inside = sorted(folder.iterdir(), key=lambda path: path.name)
    except OSError:
        yield folder  # reading it will say why
        return
    for found in inside:
        if found.name.startswith("."):
            continue
        if _is_folder(found) and not found.is_symlink():
            yield from _files(found)
        elif _is_file(found) or _is_folder(found):
            yield found  # a link to a folder is told, and not followed: it may lead back


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False  # reading it will say why


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return True  # reading it will say why
