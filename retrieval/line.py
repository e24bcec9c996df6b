"""The line to a Chroma server: no long wait for an answer, few calls at once, again after a refusal, none in silence.

Whether the server answers is looked at each second, by a thread of the store's. Between the look that fails and the
one that does not, every call fails at once: nobody waits for what will not come.
"""

import logging
import random
import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx
from pydantic import SecretStr

from retrieval.errors import StoreUnavailable

# Seconds, all chosen, in which nothing comes: an answer of which a piece comes in time is waited for to its end.
# Chroma's server reads when nobody writes: beside three writers of 300 passages without a pause a read took more than
# 5, on a busy machine; its heartbeat took .14 at most, and tells one that hangs.
_READ = 15.0
_WRITE = 60.0
_CONNECT = 2.0
_LOOK = 2.0
_REFUSED = 10.0  # that a call is tried again where the server has too much to do
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0  # between two tries; doubled each time
_AT_ONCE = 10  # reads of a collection, and writes: as many as Chroma Cloud lets in
_READS = ("get", "query", "count")
_log = logging.getLogger("groundwire.store")


@dataclass(frozen=True)
class Access:
    """By what a Chroma server lets us in, and to which of its databases."""

    token: SecretStr | None = None
    tenant: str = "default_tenant"
    database: str = "default_database"

    @property
    def headers(self) -> dict[str, str]:
        """What shows the token: the first to Chroma Cloud, the other to a proxy before a server of one's own."""
        if self.token is None:
            return {}
        token = self.token.get_secret_value()
        return {"X-Chroma-Token": token, "Authorization": f"Bearer {token}"}


class Line(httpx.Client):
    """The session by which Chroma's client talks to its server; any thread may use it."""

    def __init__(self, server: str, access: Access) -> None:
        """Prepare a line to a server, as `http://127.0.0.1:8000`; nothing is sent yet."""
        super().__init__(headers=access.headers, limits=httpx.Limits(max_connections=None, keepalive_expiry=40.0))
        self.server = server
        self._access = access
        self._places: dict[tuple[str, bool], threading.BoundedSemaphore] = defaultdict(
            lambda: threading.BoundedSemaphore(_AT_ONCE)
        )
        self.heard = time.monotonic()
        """When the server last answered, in seconds of the monotonic clock."""
        self._read = self.heard
        self.refuses = False
        """Whether the last write failed at the server, or took too long."""
        self._silence: str | None = None

    def greet(self) -> None:
        """See that the server answers, lets us in, and has the database.

        Raises:
            httpx.HTTPError: it does not answer, or is none of Chroma's.
            StoreUnavailable: it has no place for us.

        """
        self.hear().raise_for_status()
        tenant, database = (quote(name, safe="") for name in (self._access.tenant, self._access.database))
        answer = self.get(f"{self.server}/api/v2/tenants/{tenant}/databases/{database}")
        if answer.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            raise StoreUnavailable(f"Chroma at {self.server} does not let us in: set GROUNDWIRE_CHROMA_TOKEN.")
        if answer.status_code == HTTPStatus.NOT_FOUND:
            raise StoreUnavailable(
                f"Chroma at {self.server} has no database {self._access.database!r} of a tenant "
                f"{self._access.tenant!r}: make it there, or set GROUNDWIRE_CHROMA_TENANT and …_DATABASE."
            )
        answer.raise_for_status()

    def hear(self) -> httpx.Response:
        """Have the server answer, which it does at once also where it has much to do; a refusal is an answer.

        Raises:
            httpx.TransportError: it does not, in two seconds.

        """
        heartbeat = self.build_request("GET", f"{self.server}/api/v2/heartbeat", timeout=_LOOK)
        answer = super().send(heartbeat)
        self.heard = time.monotonic()
        return answer

    @property
    def silent(self) -> bool:
        """Whether the server did not answer at the last look."""
        return self._silence is not None

    @property
    def stuck(self) -> bool:
        """Whether the server has answered no read for longer than one has, though one is sent each second."""
        return time.monotonic() - self._read > _READ

    def look(self) -> None:
        """Look whether the server answers, and let calls through or not."""
        heard = self.heard
        try:
            self.hear()
        except httpx.TransportError as error:
            if self._silence is None:
                self._silence = str(error) or type(error).__name__
                _log.error("%s", self._silent())
            return
        if self._silence is not None:
            self._silence = None
            self.refuses = False  # it was started anew, perhaps: the next write tells
            _log.warning("Chroma at %s answers again, after %.0f s", self.server, self.heard - heard)

    def check(self) -> None:
        """Let nobody pass while the server is silent.

        Raises:
            StoreUnavailable: it is, by the last look.

        """
        if self._silence is not None:
            raise self._silent()

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own
        """Send a request and read the answer.

        Raises:
            StoreUnavailable: the server is silent, or has had too much to do for seconds.
            httpx.TransportError: it does not answer this.

        """
        collection, _, call = request.url.path.rpartition("/")
        reads = request.method == "GET" or call in _READS
        seconds = _READ if reads else _WRITE
        request.extensions["timeout"] = httpx.Timeout(seconds, connect=_CONNECT).as_dict()
        self.check()
        place = self._places[collection, reads]
        if not place.acquire(timeout=seconds):
            raise StoreUnavailable(
                f"Chroma at {self.server} has answered none of {_AT_ONCE} calls for {seconds:.0f} s."
            )
        try:
            self.check()  # it may have fallen silent meanwhile
            response = self._sent(request, options)
        except httpx.ReadTimeout:
            self.refuses = self.refuses or not reads
            raise
        else:
            if not reads:
                self.refuses = response.is_server_error
            elif call in _READS and not response.is_server_error:
                self._read = time.monotonic()
            return response
        finally:
            place.release()

    def _sent(self, request: httpx.Request, options: dict[str, Any]) -> httpx.Response:
        """Send a request, and again where the server has too much to do: what it refused it has not begun."""
        pause = _FIRST_PAUSE
        until = time.monotonic() + _REFUSED
        while True:
            response = super().send(request, **options)
            if response.status_code != HTTPStatus.TOO_MANY_REQUESTS:
                return response
            if time.monotonic() + pause > until:
                raise StoreUnavailable(
                    f"Chroma at {self.server} has had too much to do for {_REFUSED:.0f} s, and takes no call more: "
                    f"{response.text[:200]}. Ask again later, or have its limits raised."
                )
            time.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - so that not all come again at once
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _silent(self) -> StoreUnavailable:
        seconds = time.monotonic() - self.heard
        return StoreUnavailable(
            f"Chroma at {self.server} has not answered for {seconds:.0f} s: {self._silence}. Is it running? As soon "
            "as it answers all goes on by itself."
        )
