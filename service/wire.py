"""One request to a language model's server: what leaves is what the settings say, and what comes back is watched."""

import ssl
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite

import httpx

# Bytes of a reply. A token of OpenAI's stream takes some 250, so that this is 30,000 tokens, thoughts included.
LONGEST_REPLY = 8 * 2**20
# Bytes between two blank lines of server-sent events; a reply of 8,000 characters in a single one takes 50,000. The
# clients of OpenAI and Anthropic read lines without a blank one in quadratic time: 8 MB of `data: x` stopped the whole
# service for 12 s, and this much stops it for 0.04 s (tests/service/test_llm_sockets.py has them).
LONGEST_EVENT = 2**18
# Seconds for a connection, of the reply's time: what the clients of OpenAI and Anthropic give it.
_TIMEOUT = {"connect": 5.0, "read": None, "write": None, "pool": None}
_BLANK_LINES = (b"\n\n", b"\r\n\r\n", b"\r\r")
_OURS = {"accept": "*/*", "accept-encoding": "identity", "user-agent": "groundwire"}
_OF_HTTP = frozenset({"connection", "content-length", "content-type", "host"})


class Wire(httpx.AsyncBaseTransport):
    """A transport for one request, under a provider's client.

    The clients add headers of their own, some from the environment, log the request and quote the server: here, below
    all of them, their headers go and ours are set, so that no client ever holds the key, and a refusal is left unread.
    """

    def __init__(self, tls: ssl.SSLContext, headers: Mapping[str, str], *, events: bool) -> None:
        """Connect to nothing yet.

        Args:
            tls: how servers are trusted.
            headers: what goes out, beside what HTTP itself needs.
            events: the reply is a stream of server-sent events.

        """
        self._events = events
        self._transport = httpx.AsyncHTTPTransport(verify=tls)
        self._own = headers
        self.status: int | None = None
        self.headers = httpx.Headers()
        self.refused = self.broken = self.endless = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request; a redirection is a refusal as well, since it would carry the key elsewhere."""
        of_http = {name: value for name, value in request.headers.items() if name in _OF_HTTP}
        request.headers = httpx.Headers({**of_http, **_OURS, **self._own})
        request.extensions["timeout"] = _TIMEOUT
        try:
            response = await self._transport.handle_async_request(request)
        except httpx.TransportError:
            self.broken = True
            raise
        self.status, self.headers = response.status_code, response.headers
        if not response.is_success:
            self.refused = True
            await response.aclose()
            raise httpx.RemoteProtocolError(f"HTTP {response.status_code}", request=request)
        if isinstance(response.stream, httpx.AsyncByteStream):
            response.stream = _Watched(response.stream, self, LONGEST_EVENT if self._events else LONGEST_REPLY)
        return response

    async def aclose(self) -> None:
        """Leave the server, also in the middle of its reply."""
        await self._transport.aclose()


class _Watched(httpx.AsyncByteStream):
    def __init__(self, stream: httpx.AsyncByteStream, wire: Wire, longest_event: int) -> None:
        self._stream = stream
        self._wire = wire
        self._longest_event = longest_event

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = event = 0
        before = b""
        try:
            async for part in self._stream:
                read += len(part)
                recent = before + part
                blank = max(map(recent.rfind, _BLANK_LINES))
                event = event + len(part) if blank < 0 else len(recent) - blank
                before = recent[-3:]
                if read > LONGEST_REPLY or event > self._longest_event:
                    self._wire.endless = True
                    raise httpx.ReadError("more than a reply")
                yield part
        except httpx.TransportError:
            self._wire.broken = True
            raise

    async def aclose(self) -> None:
        await self._stream.aclose()


def asked_to_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds that a server asks to wait, by `retry-after-ms` or `Retry-After` (seconds or a date), or None."""
    said, unit = (headers["retry-after-ms"], 1000) if "retry-after-ms" in headers else (headers.get("retry-after"), 1)
    if said is None:
        return None
    try:
        seconds = float(said) / unit
    except ValueError:
        try:
            date = parsedate_to_datetime(said)
            seconds = (date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
        except (ValueError, OverflowError):
            return None
    return max(seconds, 0.0) if isfinite(seconds) else None
