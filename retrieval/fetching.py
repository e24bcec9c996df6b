"""ONE PAGE: address -> what its robots.txt allows -> request -> redirects, each like the first -> bytes."""

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from importlib.metadata import version
from types import TracebackType
from typing import Self
from weakref import WeakValueDictionary

from retrieval.addresses import Allowed, Url, parse
from retrieval.errors import UnreadableArticle, UrlRefused
from retrieval.exchange import READ, Answer, Budget, Exchange, Wanted, shown
from retrieval.network import Guard, Resolve, addresses_of
from retrieval.readers.fields import LONGEST_FILE
from retrieval.robots import AGENT, ALL_ALLOWED, LONGEST_ROBOTS, Robots, robots_of

DEADLINE = 30.0  # seconds for a page with its redirects and robots.txt, without the time it waits for its host's turn
MOST_REDIRECTS = 5  # as many as RFC 9309, 2.3.1.2, has a crawler follow for a robots.txt
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ROBOTS = Wanted(LONGEST_ROBOTS, whole=False)
_ROBOTS_KEPT = 86_400.0  # seconds: RFC 9309, 2.4
_FAILURE_KEPT = 60.0  # seconds, so that a site that is down is not waited for once an article; chosen
_MOST_ORIGINS = 1000  # whose robots.txt is kept; chosen
_MOST_ROBOTS = 4_000_000  # bytes of them together, of which a hostile one takes 40 times as much in memory
_LONGEST_VALIDATOR = 1000  # characters; chosen

_MEDIA_TYPE = re.compile(r"\s*([\w.+-]{1,100}/[\w.+-]{1,100})\s*(?:;|,|$)", re.ASCII)
_CHARSET = re.compile(r";\s*charset\s*=\s*[\"']?([\w.:+-]{1,40})", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class Validators:
    """By what a server recognises that a page is what it was (RFC 9110, 8.8), in its own words."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True)
class Fetched:
    """What is at an address."""

    url: str
    """Where it was found at last, in normal form."""
    data: bytes
    media_type: str
    """In lower case and without parameters; empty: its server does not say."""
    charset: str | None
    validators: Validators


@dataclass(frozen=True)
class _Kept:
    """The rules of an origin, or why there are none to be had."""

    robots: Robots | None
    until: float
    problem: str = ""
    size: int = 0


class Fetcher:
    """Fetches pages for as long as it is open, in one event loop."""

    def __init__(
        self,
        *,
        allowed: Sequence[str] = (),
        about: str | None = None,
        limit: int = LONGEST_FILE,
        deadline: float = DEADLINE,
        resolve: Resolve = addresses_of,
    ) -> None:
        """Ask nobody yet.

        Args:
            allowed: what the operator opens of an intranet: names (`wiki.corp`, `*.corp`), addresses, networks.
            about: an address at which a site's owner learns who we are; it is told with every request.
            limit: bytes of a page, as sent and as decoded.
            deadline: seconds for a page, with its redirects and their robots.txt.
            resolve: gives the addresses of a name.

        Raises:
            ValueError: an entry of `allowed` is none, or `about` is no address.

        """
        agent = f"{AGENT}/{version('groundwire')}"
        self._limit = limit
        self._deadline = deadline
        self._guard = Guard(Allowed(allowed), resolve)
        self._exchange = Exchange(self._guard, {"User-Agent": f"{agent} (+{parse(about)})" if about else agent})
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._asking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def __aenter__(self) -> Self:
        """Use it."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of its threads; a connection is closed with its request."""
        self._guard.close()

    async def check(self, url: str) -> str:
        """Give an address in normal form, if it may be fetched by its form and by what its name resolves to now.

        What it redirects to is seen, and checked, when it is fetched.

        Raises:
            UrlRefused: it may not.

        """
        target = _parsed(url)
        try:
            async with asyncio.timeout(self._deadline):
                await self._guard.admit(target.host, target.port)
        except TimeoutError as error:
            raise UrlRefused(url, f"its host's name does not resolve in {self._deadline:g} seconds") from error
        except UrlRefused as error:
            raise UrlRefused(url, error.reason) from error
        return str(target)

    async def fetch(self, url: str, validators: Validators | None = None) -> Fetched | None:
        """Fetch a page, if its site allows it; None: it is what it was.

        Args:
            url: its address.
            validators: those of the page as it is known: it is asked for only if it is another now.

        Raises:
            UrlRefused: it, or what it redirects to, may not be fetched.
            UnreadableArticle: it cannot be; the reason says why.

        """
        first = _parsed(url)
        try:
            return await self._follow(first, _conditions(validators))
        except TimeoutError as error:
            raise UnreadableArticle(url, f"took more than {self._deadline:g} seconds") from error
        except UnreadableArticle as error:
            elsewhere = "" if error.name == str(first) else f"it leads to {shown(error.name)}: "
            raise type(error)(url, elsewhere + error.reason) from error

    async def _follow(self, first: Url, conditions: dict[str, str]) -> Fetched | None:
        target, budget = first, Budget(self._deadline)
        for _ in range(MOST_REDIRECTS + 1):
            robots = await self._robots_of(target, budget)
            if not await asyncio.to_thread(robots.allow, str(target)):
                raise UnreadableArticle(str(target), f"its site's robots.txt does not allow it to {AGENT}")
            wanted = Wanted(self._limit, delay=robots.delay, headers=conditions)
            answer = await self._exchange.ask(target, budget, wanted)
            if answer.status == HTTPStatus.NOT_MODIFIED and conditions:
                return None
            if answer.status not in _REDIRECTS:
                return _fetched(target, answer)
            target = _redirected(target, answer)
        raise UnreadableArticle(str(first), f"redirects more than {MOST_REDIRECTS} times")

    async def _robots_of(self, page: Url, budget: Budget) -> Robots:
        """Give the rules of a page's origin, asked for by one page at a time, and kept.

        Raises:
            UrlRefused: the host may not be asked.
            UnreadableArticle: the rules cannot be had, so that nothing may be fetched (RFC 9309, 2.3.1.4).

        """
        lock = self._asking.setdefault(page.origin, asyncio.Lock())
        async with lock:
            kept = self._kept.pop(page.origin, None)
            if kept is None or kept.until < time.monotonic():
                kept = await self._ask_robots(page, budget)
            self._kept[page.origin] = kept  # as the latest
        while len(self._kept) > _MOST_ORIGINS or sum(one.size for one in self._kept.values()) > _MOST_ROBOTS:
            self._kept.popitem(last=False)
        if kept.robots is None:
            problem = f"its site's robots.txt cannot be had ({kept.problem}), so nothing of it is fetched"
            raise UnreadableArticle(str(page), f"{problem}; try again later")
        return kept.robots

    async def _ask_robots(self, page: Url, budget: Budget) -> _Kept:
        part = Budget(min(self._deadline / 3, budget.left))  # of the page's time, so that a failure can be kept
        target = first = replace(page, path="/robots.txt", query=None)
        kept_for = _FAILURE_KEPT
        try:
            for _ in range(MOST_REDIRECTS + 1):
                answer = await self._exchange.ask(target, part, _ROBOTS)
                if answer.status not in _REDIRECTS:
                    break
                target = _redirected(target, answer)
            if answer.status in READ:
                robots = await asyncio.to_thread(robots_of, answer.data)
                return _Kept(robots, time.monotonic() + _ROBOTS_KEPT, size=len(answer.data))
            if answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                # RFC 9309, 2.3.1: there are no rules, also where it redirects more often than we follow.
                return _Kept(ALL_ALLOWED, time.monotonic() + _ROBOTS_KEPT)
            problem = f"its server answers {answer.status}"
        except UrlRefused as error:
            elsewhere = "" if error.name == str(first) else f"its site's robots.txt leads to {shown(error.name)}: "
            raise UrlRefused(str(page), elsewhere + error.reason) from error
        except UnreadableArticle as error:
            problem = error.reason
        except TimeoutError:
            problem = f"no answer in {part.seconds:.2g} seconds"
            if part.seconds < self._deadline / 3:
                kept_for = 0.0  # what led here took the time: that says nothing of this site
        finally:
            budget.left -= part.seconds - part.left
        return _Kept(None, time.monotonic() + kept_for, problem)


def _parsed(url: str, base: Url | None = None) -> Url:
    try:
        return parse(url, base)
    except ValueError as error:
        raise UrlRefused(url, str(error)) from error


def _conditions(validators: Validators | None) -> dict[str, str]:
    known = validators or Validators()
    named = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
    return {name: value for name, value in named.items() if value is not None}


def _redirected(page: Url, answer: Answer) -> Url:
    """Give the address that a page redirects to, where it is not less than the page was."""
    places = answer.headers.get("location", [])
    if len(set(places)) != 1:
        raise UnreadableArticle(str(page), f"redirects to {len(places) or 'no'} places")
    target = _parsed(places[0], page)
    if page.scheme == "https" and target.scheme == "http":
        # Who asked for words that nobody on the way can change shall not get others. Nobody is cut off: they can ask
        # for the http address themselves.
        raise UrlRefused(str(target), "http, reached by https, on whose way anyone could change it")
    return target


def _fetched(url: Url, answer: Answer) -> Fetched:
    if answer.status not in READ:
        raise UnreadableArticle(str(url), f"its server answers {_said(answer.status)}")
    said = {name: values[0] for name, values in answer.headers.items()}
    content = said.get("content-type", "")
    media_type, charset = _MEDIA_TYPE.match(content), _CHARSET.search(content)
    etag, modified = (said.get(name, "")[: _LONGEST_VALIDATOR + 1] for name in ("etag", "last-modified"))
    return Fetched(
        str(url),
        answer.data,
        media_type[1].lower() if media_type else "",
        charset[1].lower() if charset else None,
        Validators(
            *(one if 0 < len(one) <= _LONGEST_VALIDATOR and one.isascii() else None for one in (etag, modified))
        ),
    )


def _said(status: int) -> str:
    try:
        return f"{status} ({HTTPStatus(status).phrase})"
    except ValueError:
        return str(status)
