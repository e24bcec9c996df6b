"""ONE EXCHANGE with a stranger's server: its host's turn -> request -> answer, decoded, in bounded time and size."""

import asyncio
import ssl
import time
import zlib
from collections import deque
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from weakref import WeakValueDictionary

import httpcore

from retrieval.addresses import Url
from retrieval.errors import UnreadableArticle, UrlRefused
from retrieval.network import Guard

READ = frozenset({200, 203})
"""The statuses of an answer whose body is read."""

_CONNECTING = 5.0  # seconds for an address of a host, before its next one is tried; chosen
_MOST_HOSTS = 1000  # that are remembered for the delay that they ask for; chosen
_STEP = 65_536  # bytes that are inflated at once
_GZIP = b"\x1f"  # the first byte of a member; the second may be yet to come
_LONGEST_SHOWN = 100  # characters of what a server says in a reason; chosen

# How h11 and httpcore begin to say what is wrong.
_BROKEN = (
    ("peer closed connection without sending complete message body", "breaks off before its end"),
    ("Receive buffer too long", "has headers over the limit of 100 KB"),
    ("Server disconnected", "is none: it closed the connection"),
)


@dataclass(frozen=True)
class Wanted:
    """What is asked for."""

    limit: int
    """Bytes, as sent and as decoded."""
    whole: bool = True
    """Whether more than the limit is an error; else the first bytes are enough."""
    delay: float | None = None
    """Seconds that the host is left alone since its last page; None: it is no page, and does not count as one."""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What a server answered."""

    status: int
    headers: Mapping[str, list[str]]
    """By their names in lower case."""
    data: bytes
    """Decoded; empty where the status is none of READ."""


class Budget:
    """The seconds that there are left; they pass only while something is done for it."""

    def __init__(self, seconds: float) -> None:
        """Begin with so many."""
        self.seconds = self.left = seconds

    @asynccontextmanager
    async def spending(self) -> AsyncIterator[None]:
        """Let them pass; raises TimeoutError when there are none."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(self.left):
                yield
        finally:
            self.left -= time.monotonic() - began


@dataclass(eq=False)
class _Turn:
    """One host, asked by one request at a time."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    ended: float = float("-inf")
    """When its last page was read."""


class Exchange:
    """Asks servers, each one thing at a time."""

    def __init__(self, guard: Guard, headers: Mapping[str, str]) -> None:
        """Ask through a guard, with these headers. No proxy of the environment is used, and no cookie is kept."""
        self._headers = {"Accept": "*/*", "Accept-Encoding": "gzip", "Connection": "close", **headers}
        self._guard = guard
        # As long as someone waits for it a turn is kept, and the latest beyond that.
        self._turns: WeakValueDictionary[str, _Turn] = WeakValueDictionary()
        self._latest: deque[_Turn] = deque(maxlen=_MOST_HOSTS)

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return httpcore.default_ssl_context()  # it takes 30 ms, which plain http need not wait for

    async def ask(self, url: Url, budget: Budget, wanted: Wanted) -> Answer:
        """Ask a host for one thing, when it is its turn.

        Raises:
            UrlRefused: the host may not be asked.
            UnreadableArticle: there is no answer, or none that can be read.
            TimeoutError: the budget is spent.

        """
        place = httpcore.URL(scheme=url.scheme, host=url.host, port=url.port, target=url.target)
        headers = list({"Host": url.authority, **self._headers, **wanted.headers}.items())
        tls = self._tls if url.scheme == "https" else None
        timeouts = {"timeout": {"connect": _CONNECTING}}
        async with self._turn(url.host, wanted.delay), budget.spending():
            with _failures_told(url):
                # A connection for each request: one that is kept may be closed by its server as it is asked again.
                async with (
                    self._guard.network() as network,
                    httpcore.AsyncHTTPConnection(place.origin, tls, network_backend=network) as connection,
                    connection.stream("GET", place, headers=headers, extensions=timeouts) as response,
                ):
                    said: dict[str, list[str]] = {}
                    for name, value in response.headers:
                        said.setdefault(name.decode("latin-1").lower(), []).append(_text(value))
                    data = await _read(url, response, said, wanted) if response.status in READ else b""
                    return Answer(response.status, said, data)

    @asynccontextmanager
    async def _turn(self, host: str, delay: float | None) -> AsyncIterator[None]:
        turn = self._turns.setdefault(host, _Turn())
        self._latest.append(turn)
        async with turn.lock:
            if delay is None:
                yield
                return
            await asyncio.sleep(turn.ended + delay - time.monotonic())
            try:
                yield
            finally:
                turn.ended = time.monotonic()


async def _read(url: Url, response: httpcore.Response, said: Mapping[str, list[str]], wanted: Wanted) -> bytes:
    """Read a body, never more than one step beyond the limit."""
    too_large = UnreadableArticle(str(url), f"over the limit of {wanted.limit:,} bytes")
    announced = int(said.get("content-length", ["0"])[0])
    if wanted.whole and announced > wanted.limit:
        raise too_large
    coding = ", ".join(said.get("content-encoding", [])).strip().lower()
    if coding not in {"", "identity", "gzip", "x-gzip"}:
        raise UnreadableArticle(str(url), f"encoded as {shown(coding)}, where gzip was asked for")
    gzip = _Gzip() if "gzip" in coding else None
    data, sent = bytearray(), 0
    try:
        async for chunk in response.aiter_stream():
            await asyncio.sleep(0)  # one read may hold ten thousand chunks, and others are to be served beside
            sent += len(chunk)
            for piece in gzip.pieces(chunk) if gzip else (chunk,):
                data += piece
                if max(len(data), sent) > wanted.limit:
                    if wanted.whole:
                        raise too_large
                    return bytes(data[: wanted.limit])
        if gzip:
            for piece in gzip.rest():
                data += piece
    except (zlib.error, EOFError) as error:
        raise UnreadableArticle(str(url), f"its gzip encoding is broken: {error}") from error
    return bytes(data)


class _Gzip:
    """Inflates gzip (RFC 1952), also of several members, in steps that bound what is in memory.

    What follows a member and begins no other, zeros for one, is padding and ignored, as gzip itself does.
    """

    def __init__(self) -> None:
        self._begun = self._padded = False
        self._member = self._next()

    @staticmethod
    def _next() -> "zlib._Decompress":
        return zlib.decompressobj(zlib.MAX_WBITS | 16)

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """Inflate what came; a piece may be empty."""
        self._begun = self._begun or bool(data)
        while data and not self._padded:
            if self._member.eof:
                self._padded = data[:1] != _GZIP
                if self._padded:
                    return
                self._member = self._next()
            piece = self._member.decompress(data, _STEP)
            data = self._member.unconsumed_tail or self._member.unused_data
            yield piece

    def rest(self) -> Iterator[bytes]:
        """Inflate what is left at the end; raises EOFError if that is not the end of a member."""
        while self._begun and not self._member.eof:
            piece = self._member.decompress(b"", _STEP)
            if not piece:
                raise EOFError("it is cut short")
            yield piece


@contextmanager
def _failures_told(url: Url) -> Iterator[None]:
    """Say in a word what went wrong."""
    try:
        yield
    except UrlRefused as error:  # of its host, by the guard
        raise UrlRefused(str(url), error.reason) from error
    except httpcore.ConnectTimeout as error:
        raise UnreadableArticle(str(url), "its server does not answer") from error
    except (httpcore.ConnectError, ssl.SSLError) as error:
        reason = _without_tls(error) or "no connection to its server"
        raise UnreadableArticle(str(url), reason) from error
    except httpcore.RemoteProtocolError as error:
        said = str(error)
        reason = next((ours for theirs, ours in _BROKEN if said.startswith(theirs)), f"is no HTTP: {shown(said)}")
        raise UnreadableArticle(str(url), f"its server's answer {reason}") from error
    except (httpcore.NetworkError, OSError) as error:
        raise UnreadableArticle(str(url), "the connection to its server broke off") from error


def _without_tls(error: BaseException | None) -> str | None:
    """Say why there is no TLS, if that is why there is no connection."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return f"its server's certificate is not to be trusted: {shown(error.verify_message)}"
        if isinstance(error, ssl.SSLError):
            return f"no TLS with its server: {shown(error.reason or str(error))}"
        error = error.__cause__ or error.__context__
    return None


def shown(text: str) -> str:
    """Give what a stranger said as a part of a reason: printable, and not long."""
    plain = "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text[: _LONGEST_SHOWN + 1])
    return plain if len(plain) <= _LONGEST_SHOWN else f"{plain[: _LONGEST_SHOWN - 1]}…"


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
