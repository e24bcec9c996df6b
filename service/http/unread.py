"""The body of a request that is refused: nobody waits for the rest of it, and its sender can read why."""

import asyncio
from contextlib import suppress

from litestar.datastructures import Headers, MutableScopeHeaders
from litestar.status_codes import HTTP_400_BAD_REQUEST
from litestar.types import HTTPReceiveMessage, Message, Receive, Send, WebSocketReceiveMessage

_SOON_READ = 65_536  # bytes, which the server reads in any case, so that the connection can stay; chosen
_LINGER = 2.0  # seconds that are read on behind a refusal; chosen


class Body:
    """What a client sends behind a request's head, and what is sent back to who is still sending."""

    def __init__(self, headers: Headers, receive: Receive, send: Send) -> None:
        """Take the request's headers, and the server's ends of it."""
        length = headers.get("content-length", "0")
        self._unread = not (length.isdecimal() and int(length) <= _SOON_READ) or "transfer-encoding" in headers
        self._receive = receive
        self._send = send
        self._refused = False

    async def receive(self) -> HTTPReceiveMessage | WebSocketReceiveMessage:
        """Receive some of it."""
        message = await self._receive()
        self._unread = self._unread and message["type"] == "http.request" and message["more_body"]
        return message

    async def send(self, message: Message) -> None:
        """Send some of the response; behind a refusal the connection is closed, or the server would read the rest."""
        if message["type"] == "http.response.start" and self._unread and message["status"] >= HTTP_400_BAD_REQUEST:
            self._refused = True
            MutableScopeHeaders.from_message(message)["connection"] = "close"
        elif message["type"] == "http.response.body" and self._refused and not message["more_body"]:
            await self._send({**message, "more_body": True})
            await self._linger()
            message = {**message, "body": b""}
        await self._send(message)

    async def _linger(self) -> None:
        """Read on for a moment: closed at once, the connection would be reset, and the refusal never read."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LINGER):
                while self._unread:
                    await self.receive()
