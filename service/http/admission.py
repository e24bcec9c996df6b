"""Who may do what: each request that a route matches is admitted here, before its body is read, or refused.

A route says by `opt={"scope": …}` what it takes: a scope of a key, or None where it is for everybody. One with
`"answers": True` is among what a key may have at once, and one with `"deadline": …` may take so many seconds.
"""

import asyncio
import hmac
import ipaddress
import math
import re
from collections.abc import Mapping
from contextlib import nullcontext
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection
from litestar.datastructures import Headers
from litestar.exceptions import ClientException, HTTPException
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from service.http.cors import is_among
from service.http.ending import ending
from service.http.limits import Limits
from service.http.streaming import closing
from service.keys import Key, Keys, KeyScope, visit

COOKIE = "groundwire_key"
DEADLINE = 120.0  # seconds; as the setting
# Whom a proxy brings is a stranger, though most call us by the name at which they reach us, such as 127.0.0.1.
_OF_PROXIES = re.compile(r"forwarded|via|x-real-ip|x-forwarded-.*")
_LAST = 2.0  # seconds for a client to take what says that its time is over; chosen


class NoKey(ClientException):
    """A key is needed, and the request has none that counts."""

    status_code = HTTPStatus.UNAUTHORIZED

    def __init__(self, detail: str, *, wrong: bool = True) -> None:
        """Say what is wrong with it, or that there is none."""
        challenge = 'Bearer realm="groundwire"' + (', error="invalid_token"' if wrong else "")
        super().__init__(detail, headers={"www-authenticate": challenge})


class NotAllowed(ClientException):
    """The key does not allow this."""

    status_code = HTTPStatus.FORBIDDEN


class TookTooLong(HTTPException):
    """The request was not done in its time."""

    status_code = HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self, seconds: float) -> None:
        """Say which that was, and to leave the service as long again, which may be too busy."""
        again = str(max(1, math.ceil(seconds)))
        super().__init__(f"This was not done within {seconds:.0f} s, and was given up.", headers={"retry-after": again})


class Admission(ASGIMiddleware):
    """Finds the key of a request, and refuses what it does not allow; one for each application."""

    def __init__(
        self,
        keys: Keys | None,
        public_host: str,
        *,
        loopback: bool,
        local_token: str | None,
        deadline: float,
    ) -> None:
        """Take what admits.

        Args:
            keys: the keys; None: there are none.
            public_host: the name, with a port, by which browsers know this service, beside that of the Host header.
            loopback: whether only this machine can connect, so that as long as there has never been a key all may who
                call the service by a loopback name, and whom no proxy brings.
            local_token: what commands of this user on this machine send, which may do all; None: nothing.
            deadline: seconds that a request has whose route does not say so itself.

        """
        self._keys = keys
        self._public_host = public_host
        self._loopback = loopback
        self._local_token = local_token
        self._deadline = deadline
        self._limits = Limits()

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Admit a request, and end it at its deadline."""
        opt = scope["route_handler"].opt
        if scope.get("method") == "OPTIONS":  # which says no more than what methods there are
            await next_app(scope, receive, send)
            return
        key = self._key(scope, opt)
        with self._limits.answer(key) if key and opt.get("answers") else nullcontext():
            await self._in_time(opt.get("deadline", self._deadline), scope, receive, send, next_app)

    async def _in_time(self, seconds: float, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """End a request at its deadline, and one whose client does not read even that a little later."""
        started = False

        async def sent(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        timer = asyncio.get_running_loop().call_later(seconds, ending.get().end, TookTooLong(seconds))
        try:
            async with closing(), asyncio.timeout(seconds + _LAST) as last:
                await next_app(scope, receive, sent)
        except TimeoutError as error:
            if not last.expired():
                raise
            if not started:
                raise TookTooLong(seconds) from error
            # A response in its middle stays without its end, and the server hangs up.
        finally:
            timer.cancel()

    def _key(self, scope: Scope, opt: Mapping[str, Any]) -> Key | None:
        """Find the key that admits a request; None: it needs none.

        Raises:
            NoKey: it has none that counts.
            NotAllowed: the key has not the scope, or is for other pages.
            TooMany: the key has no more requests for now.

        """
        if "scope" not in opt:
            raise NotAllowed("This route does not say whom it is for, so that it is for nobody.")
        needed: KeyScope | None = opt["scope"]
        if needed is None:
            return None
        headers = Headers.from_scope(scope)
        brought = next((name for name in headers if _OF_PROXIES.fullmatch(name)), None)
        is_ours = self._loopback and is_loopback(host_name(headers.get("host", ""))) and not brought
        none_yet = self._keys is None or self._keys.none_yet
        if is_ours and none_yet:
            if needed not in {"ask", "read"} and (origin := self._other_origin(headers)) is not None:
                raise NotAllowed(f"A page of {origin} may ask and read here, and no more.")
            return None
        token = self._token(scope, headers)
        if token is None:
            why = f", as a proxy brought this (its header {brought})" if brought and none_yet else ""
            raise NoKey(
                f"A key is needed{why}: send the header Authorization: Bearer gw_… (`groundwire keys create NAME` "
                "makes one).",
                wrong=False,
            )
        if self._local_token and hmac.compare_digest(token.encode(), self._local_token.encode()):
            return None
        key = self._keys.find(token) if self._keys else None
        if key is None:
            raise NoKey("The key is none of this service's.")
        visit.set(key)  # also one that counts no more: its id tells the operator who still sends it
        if key.ended:
            raise NoKey(f"The key {key.name!r} {key.ended}.")
        self._limits.request(key)  # also what is refused to it
        _check_origin(key, headers.get("origin"))
        check_scope(key, needed)
        return key

    def _token(self, scope: Scope, headers: Headers) -> str | None:
        """Give the token that a request brings, in its header or, of a page of our own, in its cookie.

        Raises:
            NoKey: it brings it in no way that can be read.
            NotAllowed: it brings it in a cookie, and is nothing that a page of ours sends.

        """
        sent = headers.getall("authorization", [])
        if len(sent) > 1:
            raise NoKey("There are several Authorization headers: send one.")
        if sent:
            scheme, _, token = sent[0].strip().partition(" ")
            if scheme.lower() != "bearer":
                raise NoKey("The Authorization header is none of the form: Bearer gw_…")
            return token.strip()
        token = ASGIConnection[Any, Any, Any, Any](scope).cookies.get(COOKIE, "")
        if token:
            self._check_page(headers, scope["route_handler"].opt["scope"])
        return token or None

    def _check_page(self, headers: Headers, needed: KeyScope) -> None:
        """Refuse what a browser sends a cookie with unless our own pages ask and read: no other's, and nothing else."""
        if (origin := self._other_origin(headers)) is not None:
            raise NotAllowed(f"A page of {origin} may not use who is signed in here.")
        # What has no Origin, as images and scripts have none: https://w3c.github.io/webappsec-fetch-metadata/.
        beside = headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}
        if beside and headers.get("sec-fetch-mode") != "navigate":
            raise NotAllowed("A page of another origin may not use who is signed in here.")
        if needed not in {"ask", "read"}:
            raise NotAllowed(f"Who is signed in may ask and read; for the scope {needed!r} send the key itself.")

    def _other_origin(self, headers: Headers) -> str | None:
        """Give the origin of the page that sent a request, unless it is our own."""
        origin = headers.get("origin")
        own = {headers.get("host", "").lower(), self._public_host} - {""}
        return origin if origin is not None and _host(origin) not in own else None


def check_scope(key: Key | None, needed: KeyScope) -> None:
    """Refuse what a key has no scope for; what needed no key needs no scope.

    Raises:
        NotAllowed: it has not.

    """
    if key and not key.may(needed):
        has = ", ".join(key.scopes)
        raise NotAllowed(f"This needs the scope {needed!r}, and the key {key.name!r} has {has} alone.")


def _check_origin(key: Key, origin: str | None) -> None:
    if key.origins and not (origin and is_among(origin, key.origins)):
        where = f"a page of {origin}" if origin else "a program that is no web page, or does not say which"
        raise NotAllowed(f"The key {key.name!r} is for pages of {', '.join(key.origins)}, and this is {where}.")


def host_name(host: str) -> str | None:
    """Give the name of a Host header without its port."""
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def is_loopback(name: str | None) -> bool:
    """Tell whether a name is one that every machine has for itself."""
    try:
        return name == "localhost" or ipaddress.ip_address(name or "").is_loopback
    except ValueError:
        return False


def _host(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:  # such as http://[
        return None
