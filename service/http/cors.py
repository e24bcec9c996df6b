"""Pages of other origins that may read and ask, not store nor delete: https://fetch.spec.whatwg.org/#http-cors-protocol.

Litestar's own leaves out the errors that no route raises, and overwrites what else a response varies by.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from litestar.datastructures import Headers, MutableScopeHeaders

from service.keys import Key, Keys

_METHODS = "GET, HEAD, POST"
# Headers of ours that a page may read beside those that any may; assistant-ui looks for the protocol in the last.
_SHOWN = "retry-after, x-request-id, x-vercel-ai-ui-message-stream"
_KEPT = "600"  # seconds that a browser need not ask again; chosen


class Origins:
    """The origins whose pages may read and ask: `*` for all, and within one for any part of it."""

    def __init__(self, allowed: Sequence[str], keys: Keys | None = None) -> None:
        """Take them as `scheme://host` or `scheme://host:port`; beside them pages may by a key that is for them.

        None, and no such key: pages of other origins read nothing.
        """
        self._any = "*" in allowed
        self._allowed = _pattern(tuple(allowed))
        self._keys = keys

    def mark(self, sent: MutableScopeHeaders, asked: Headers, key: Key | None) -> None:
        """Say in a response's headers whether the page that sent the request, with this key, may read it."""
        if not self._any and (self._allowed or self._of_keys()):
            sent.extend_header_value("vary", "Origin")  # also where there is none: a cache keeps it for who has one
        # Without a key it is public, or says that one is needed.
        told = self._told(asked, key.origins if key and not key.ended else self._of_keys())
        if told and "access-control-allow-origin" not in sent:
            sent["access-control-allow-origin"] = told
            sent["access-control-expose-headers"] = _SHOWN

    def preflight(self, method: str, asked: Headers) -> dict[str, str] | None:
        """Give the headers that let a browser send the request that it asks about, beside those of `mark`.

        None: it is no such question, or of an origin that may not. Which key will be used nobody knows here.
        """
        if (
            method != "OPTIONS"
            or "access-control-request-method" not in asked
            or not self._told(asked, self._of_keys())
        ):
            return None
        headers = {"access-control-allow-methods": _METHODS, "access-control-max-age": _KEPT}
        if named := asked.get("access-control-request-headers"):
            headers["access-control-allow-headers"] = named  # all: OpenAI's own clients send a dozen of theirs
        return headers

    def _told(self, asked: Headers, of_keys: Sequence[str]) -> str | None:
        """Give what a page is told whose origin may read this; None: it may not."""
        origin = asked.get("origin")
        if not origin:
            return None
        if self._any:
            return "*"
        allowed = (self._allowed and self._allowed.fullmatch(origin)) or is_among(origin, of_keys)
        return origin if allowed else None

    def _of_keys(self) -> Sequence[str]:
        return [origin for key in self._keys.live for origin in key.origins] if self._keys else ()


def is_among(origin: str, allowed: Sequence[str]) -> bool:
    """Tell whether an origin is one of those that are allowed."""
    pattern = _pattern(tuple(allowed))
    return bool(pattern and pattern.fullmatch(origin))


@lru_cache(maxsize=256)
def _pattern(allowed: tuple[str, ...]) -> re.Pattern[str] | None:
    patterns = ["[^/]*".join(map(re.escape, one.split("*"))) for one in allowed]
    return re.compile("|".join(patterns), re.IGNORECASE) if allowed else None
