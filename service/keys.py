"""Keys: who may do what, in a file of their own that holds no token; a service sees a change within a second."""

import hmac
import json
import logging
import os
import re
import secrets
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Literal, Self, get_args

from filelock import FileLock, Timeout
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from service.errors import KeysUnusable

KeyScope = Literal["ask", "read", "write", "admin"]
SCOPES: frozenset[KeyScope] = frozenset(get_args(KeyScope))

_TOKEN = re.compile(r"gw_([0-9a-f]{8})_[0-9a-f]{64}")
_LOCKED = 10.0  # seconds that a command waits for another one; chosen
_EACH = 1.0  # seconds between two looks at the file; chosen, and promised by the commands
_log = logging.getLogger("groundwire.keys")


class Key(BaseModel):
    """A key as the file holds it: all but its token."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    name: str
    hash: str = Field(pattern="^[0-9a-f]{64}$")
    scopes: tuple[KeyScope, ...]
    origins: tuple[str, ...] = ()
    requests: int = Field(ge=1)
    answers: int = Field(ge=1)
    created: AwareDatetime
    expires: AwareDatetime | None = None
    revoked: AwareDatetime | None = None

    @property
    def ended(self) -> str | None:
        """Say since when it counts no more; None: it counts."""
        if self.revoked:
            return f"was revoked on {_day(self.revoked)}"
        if self.expires and self.expires <= datetime.now(UTC):
            return f"has expired on {_day(self.expires)}"
        return None

    def may(self, scope: KeyScope) -> bool:
        """Tell whether it has a scope; `admin` is all of them."""
        return scope in self.scopes or "admin" in self.scopes


visit: ContextVar[Key | None] = ContextVar("visit", default=None)
"""The key that the request being served was admitted by, or refused with; None: it has none of ours, or needed none."""


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    keys: tuple[Key, ...]


class Keys:
    """The keys of a file, as they were when it was last looked at."""

    def __init__(self, file: Path) -> None:
        """Read them; no file is no key, and all is open to this machine.

        Raises:
            KeysUnusable: the file cannot be read.

        """
        self._file = file
        self._seen = self._told = self._look()
        self._keys = _read(file) if self._seen else None

    @property
    def none_yet(self) -> bool:
        """Tell whether there has never been a key. One that was revoked was one, and one that cannot be read is."""
        return self._keys is None

    @property
    def live(self) -> Sequence[Key]:
        """Give those that count."""
        return [key for key in self._keys or () if not key.ended]

    def find(self, token: str) -> Key | None:
        """Give the key of a token, also one that counts no more; None: it is none."""
        found = _TOKEN.fullmatch(token)
        if not found:
            return None
        # Of 256 random bits one round of SHA-256 is as good as many: there is nothing to guess at.
        given = _hash(token)
        named = (key for key in self._keys or () if key.id == found[1])
        return next((key for key in named if hmac.compare_digest(given, key.hash)), None)

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[Self]:
        """Look at the file each second, in a thread of its own: a disk that hangs holds up no request."""
        ended = threading.Event()

        def watch() -> None:
            while not ended.wait(_EACH):
                self.refresh()

        threading.Thread(target=watch, name="keys", daemon=True).start()  # nor does it hold up the end
        try:
            yield self
        finally:
            ended.set()

    def refresh(self) -> None:
        """Read the file again when it is another one, or could not be read; as long as it cannot, none is added."""
        look = self._look()
        if look == self._seen:
            return
        try:
            self._keys = _read(self._file)
        except KeysUnusable as error:
            if look != self._told:
                what = "Nobody is admitted until there are keys" if self._keys is None else "The keys stay as they were"
                _log.error("%s: %s", what, error)
            self._told = look
            self._keys = self._keys or ()  # the first one ends what is open without
        else:
            self._seen = self._told = look

    def _look(self) -> object:
        """Tell one state of the file from another; None: there is none."""
        try:
            seen = self._file.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            return error.errno
        return seen.st_mtime_ns, seen.st_size, seen.st_ino


class KeyFile:
    """The file of keys, to change it: under a lock, in one step, for its owner's eyes alone."""

    def __init__(self, file: Path) -> None:
        """Take where it is, or is to be."""
        self._file = file

    def keys(self) -> tuple[Key, ...]:
        """Give all keys, also those that count no more.

        Raises:
            KeysUnusable: the file cannot be read.

        """
        return _read(self._file) if self._file.exists() else ()

    def create(  # noqa: PLR0913 - what a key has
        self,
        name: str,
        scopes: Sequence[KeyScope],
        *,
        origins: Sequence[str],
        requests: int,
        answers: int,
        expires: datetime | None,
    ) -> tuple[Key, str]:
        """Make a key, and give its token, which nothing keeps.

        Raises:
            KeysUnusable: the file cannot be read or written.

        """
        with self._changing() as keys:
            key_id = secrets.token_hex(4)
            while any(one.id == key_id for one in keys):
                key_id = secrets.token_hex(4)
            token = f"gw_{key_id}_{secrets.token_hex(32)}"
            key = Key(
                id=key_id,
                name=name,
                hash=_hash(token),
                scopes=tuple(scopes),
                origins=tuple(origins),
                requests=requests,
                answers=answers,
                created=datetime.now(UTC),
                expires=expires,
            )
            keys.append(key)
        return key, token

    def revoke(self, named: str) -> Key:
        """Revoke the key of an id, or the only live one of a name.

        Raises:
            KeysUnusable: there is none, there are several, or the file cannot be read or written.

        """
        with self._changing() as keys:
            found = [key for key in keys if key.id == named] or [key for key in keys if key.name == named]
            live = [key for key in found if not key.revoked]
            if not found:
                raise KeysUnusable(f"There is no key {named!r}. `groundwire keys list` names them.")
            if not live:
                raise KeysUnusable(f"The key {named!r} {found[-1].ended} already.")
            if len(live) > 1:
                ids = ", ".join(key.id for key in live)
                raise KeysUnusable(f"{len(live)} keys have the name {named!r}. Give the id of one: {ids}.")
            revoked = live[0].model_copy(update={"revoked": datetime.now(UTC)})
            keys[keys.index(live[0])] = revoked
        return revoked

    @contextmanager
    def _changing(self) -> Iterator[list[Key]]:
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with FileLock(f"{self._file}.lock", timeout=_LOCKED):
                keys = list(self.keys())
                yield keys
                self._write(_File(keys=tuple(keys)).model_dump(mode="json"))
        except Timeout as error:
            raise KeysUnusable(f"{self._file} is being changed by another command. Try again.") from error
        except OSError as error:
            why = error.strerror or error
            raise KeysUnusable(f"{self._file} cannot be written: {why}. Set GROUNDWIRE_KEYS.") from error

    def _write(self, content: object) -> None:
        new = self._file.with_name(f"{self._file.name}.new")
        new.unlink(missing_ok=True)  # of a command that was killed
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            self._give(file.fileno())
            json.dump(content, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._file)
        if hasattr(os, "O_DIRECTORY"):  # not on Windows
            folder = os.open(self._file.parent, os.O_DIRECTORY)
            try:
                os.fsync(folder)  # or a key that was revoked could come back when the power does
            finally:
                os.close(folder)

    def _give(self, new: int) -> None:
        """Let the new file belong to whom the old one does, or the folder: root's own the service could not read."""
        if not hasattr(os, "fchown"):  # as on Windows
            return
        is_there = self._file.exists()
        owner = (self._file if is_there else self._file.parent).stat()
        try:
            os.fchown(new, owner.st_uid, owner.st_gid)
        except PermissionError:
            if is_there and owner.st_uid != os.geteuid():
                raise  # or a key that was revoked would count on


def _read(file: Path) -> tuple[Key, ...]:
    try:
        return _File.model_validate_json(file.read_bytes()).keys
    except OSError as error:
        raise _unreadable(file, error) from error
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"])) or "its JSON"
        raise KeysUnusable(
            f"{file} is no file of keys ({where}: {error.errors()[0]['msg']}). Restore it, or set GROUNDWIRE_KEYS."
        ) from error


def _unreadable(file: Path, error: OSError) -> KeysUnusable:
    why = error.strerror or error
    return KeysUnusable(f"{file} cannot be read: {why}. Let this user read it, or set GROUNDWIRE_KEYS.")


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
