"""What a site's robots.txt lets us fetch, and how often (RFC 9309)."""

import re
from dataclasses import dataclass

from protego import Protego

AGENT = "groundwire"
LONGEST_ROBOTS = 500 * 1024  # bytes: what RFC 9309, 2.5, has a crawler read at least; the rest is not read
_LONGEST_DELAY = 10.0  # seconds; chosen: a site that wants one a minute would hold up a folder of its articles for days

_AGENT_LINE = re.compile(r"\s*user[-\s]*agent(?=[\s:]|$)[\s:]*(?P<name>\*|[a-z_-]*)", re.IGNORECASE)


@dataclass(frozen=True)
class Robots:
    """The rules of one origin that are for us."""

    rules: Protego
    delay: float
    """Seconds from the end of one request to the beginning of the next."""

    def allow(self, url: str) -> bool:
        """Tell whether a page may be fetched."""
        return bool(self.rules.can_fetch(url, AGENT))


def robots_of(data: bytes) -> Robots:
    """Read a robots.txt, or its first bytes: rules for `groundwire`, else those for `*`."""
    text = data.decode("utf-8-sig", errors="replace")
    # The rules of a group are kept once for each agent that it names: half a megabyte would take all memory.
    rules = Protego.parse("\n".join(map(_ours_or_other, text.splitlines())))
    return Robots(rules, min(rules.crawl_delay(AGENT) or 0.0, _LONGEST_DELAY))


def _ours_or_other(line: str) -> str:
    """Name all agents alike that are not ours."""
    found = _AGENT_LINE.match(line)
    if not found:
        return line
    name = found["name"].lower()
    return f"User-agent: {name if name in {AGENT, '*'} else 'other'}"


ALL_ALLOWED = robots_of(b"")
