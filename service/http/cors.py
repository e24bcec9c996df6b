"""Pages of other origins that may read and ask, not store nor delete: https://fetch.spec.whatwg.org/#http-cors-protocol.

Litestar's own leaves out the errors that no route raises, and overwrites what else a response varies by.
"""

import re
from collections.abc import Sequence

from litestar.datastructures import Headers, MutableScopeHeaders

_METHODS = "GET, HEAD, POST"
# Headers of ours that a page may read beside those that any may; assistant-ui looks for the protocol in the second.
_SHOWN = "x-request-id, x-vercel-ai-ui-message-stream"
_KEPT = "600"  # seconds that a browser need not ask again; chosen


class Origins:
    """The origins whose pages may read and ask: `*` for all, and within one for any part of it."""

    def __init__(self, allowed: Sequence[str]) -> None:
        """Take them as `scheme://host` or `scheme://host:port`; none: pages of other origins read nothing."""
        self._any = "*" in allowed
        patterns = ["[^/]*".join(map(re.escape, one.split("*"))) for one in allowed]
        self._allowed = re.compile("|".join(patterns), re.IGNORECASE) if allowed else None

    def mark(self, sent: MutableScopeHeaders, asked: Headers) -> None:
        """Say in a response's headers whether the page that sent the request may read it."""
        if not self._allowed:
            return
        if not self._any:
            sent.extend_header_value("vary", "Origin")  # also where there is none: a cache keeps it for who has one
        if (origin := self._allowed_origin(asked)) and "access-control-allow-origin" not in sent:
            sent["access-control-allow-origin"] = origin
            sent["access-control-expose-headers"] = _SHOWN

    def preflight(self, method: str, asked: Headers) -> dict[str, str] | None:
        """Give the headers that let a browser send the request that it asks about, beside those of `mark`.

        None: it is no such question, or of an origin that may not.
        """
        if method != "OPTIONS" or "access-control-request-method" not in asked or not self._allowed_origin(asked):
            return None
        headers = {"access-control-allow-methods": _METHODS, "access-control-max-age": _KEPT}
        if named := asked.get("access-control-request-headers"):
            headers["access-control-allow-headers"] = named  # all: OpenAI's own clients send a dozen of theirs
        return headers

    def _allowed_origin(self, asked: Headers) -> str | None:
        origin = asked.get("origin")
        if not origin or not self._allowed:
            return None
        if self._any:
            return "*"
        return origin if self._allowed.fullmatch(origin) else None
