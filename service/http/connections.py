"""One connection of a client: uvicorn's, and what a client may not do with it: hold it by sending or reading nothing.

Where a deadline is the application's, it begins with a request; what comes before one, and what becomes of a response
when it is written, nobody but the connection sees.
"""

import asyncio
import json
from collections.abc import Callable
from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_CONNECTIONS = 800  # open at once; chosen, within the 1,024 files that most systems let a process have open
LONGEST_HEAD = 65_536  # bytes; chosen: as h11 has it, ten times what browsers send
_HEAD_WITHIN = 15.0  # seconds for a request's head, from a connection's begin or its own; chosen
_STALLED = 60.0  # seconds in which a client sends nothing of its body, or reads next to nothing of a response; chosen
_LEAST_READ = 65_536  # bytes of a response in that time, or what is left of it; chosen
_LOOK_EVERY = 2.0  # seconds; chosen
_SOON = 2  # seconds after which to try again; chosen


class Connection(HttpToolsProtocol):
    """A connection with bounds of time, of size and of number."""

    turned_away: Callable[[int], None] = staticmethod(lambda _: None)
    """Called with how many there may be when there is one more."""
    _head_since: float | None = None
    _head_length = 0
    _data_at = 0.0
    _unread = 0  # bytes
    _unread_since = 0.0
    _look: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn's
        """Take a connection, unless there are too many."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            self.turned_away(MOST_CONNECTIONS)
            self._hang_up(HTTPStatus.SERVICE_UNAVAILABLE, "The service has as many connections as it can.")
            return
        self._head_since = self.loop.time()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        super().connection_lost(exc)
        if self._look:
            self._look.cancel()

    def data_received(self, data: bytes) -> None:
        """Take what came; what is no part of a request under way is waited for like a head."""
        if self.transport.is_closing():
            return
        self._data_at = self.loop.time()
        if self._head_since is None and not self._is_answering():
            self._head_since, self._head_length = self._data_at, 0
        super().data_received(data)
        if self._head_since is not None:
            self._head_length += len(data)
            if self._head_length > LONGEST_HEAD:
                self._hang_up(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"It is over {LONGEST_HEAD:,} bytes.")

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: who offers another protocol, as curl --http2 does, is answered in this one (RFC 9110, 7.8)."""

    def on_message_begin(self) -> None:
        """Begin a head."""
        super().on_message_begin()
        if self._head_since is None:
            self._head_since, self._head_length = self._data_at, 0

    def on_headers_complete(self) -> None:
        """Begin the request."""
        self._head_since = None
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """End it; what came behind the head of one that was answered before was no head."""
        self._head_since = None
        super().on_message_complete()

    def resume_writing(self) -> None:
        """Go on: the client has read."""
        super().resume_writing()
        self._unread, self._unread_since = 0, self.loop.time()

    def _watch(self) -> None:
        """Look now and then whether the client keeps us waiting."""
        now = self.loop.time()
        late = self._head_since is not None and now - self._head_since > _HEAD_WITHIN
        if late and not self._is_answering():  # else it is the next one's, which is waited for when this one is done
            self._hang_up(HTTPStatus.REQUEST_TIMEOUT, f"The request's head did not come within {_HEAD_WITHIN:.0f} s.")
        unread = self._waits_for_reading()
        if unread == 0 or unread <= self._unread - _LEAST_READ:
            self._unread, self._unread_since = unread, now
        self._unread = max(self._unread, unread)
        if (self._is_sending() and now - self._data_at > _STALLED) or now - self._unread_since > _STALLED:
            self.transport.abort()
        self._look = self.loop.call_later(_LOOK_EVERY, self._watch)

    def _is_answering(self) -> bool:
        """Tell whether a request is under way."""
        return self.cycle is not None and not self.cycle.response_complete

    def _is_sending(self) -> bool:
        """Tell whether the client owes us some of a body, as far as we let it send."""
        return (
            self._is_answering()
            and self.cycle.more_body
            and not self.cycle.waiting_for_100_continue
            and not self.flow.read_paused
        )

    def _waits_for_reading(self) -> int:
        """Give how many bytes the client must read before anything else happens: also of what is closed behind them."""
        waits = self.flow.write_paused or not self._is_answering() or self.transport.is_closing()
        return self.transport.get_write_buffer_size() if waits else 0

    def _hang_up(self, status: HTTPStatus, detail: str) -> None:
        """Say why, and close; the application never sees such a request."""
        if self.transport.is_closing():
            return
        if self._is_answering():  # and nothing may be written into what is being answered
            self.transport.abort()
            return
        body = json.dumps({"type": "about:blank", "title": status.phrase, "status": status, "detail": detail}).encode()
        head = [
            f"HTTP/1.1 {status.value} {status.phrase}",
            "content-type: application/problem+json",
            f"content-length: {len(body)}",
            *([f"retry-after: {_SOON}"] if status == HTTPStatus.SERVICE_UNAVAILABLE else []),
            "connection: close",
        ]
        self.transport.write("\r\n".join([*head, "", ""]).encode() + body)
        self.transport.close()
