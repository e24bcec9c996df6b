"""What the address of an article is, the id that it gives, and which addresses of the network are nobody's to ask."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import quote, urljoin

import idna

IPAddress = IPv4Address | IPv6Address

_LONGEST = 8000  # characters of an address: what RFC 9110, 4.1, recommends that servers understand
_LONGEST_ID = 1000  # characters: LONGEST_FIELD of the readers
_HASH = 16  # hexadecimal digits of a hash that ends an id which was cut
_PORTS = {"http": 80, "https": 443}
_LAST_PORT = 65_535
_FIRST_OPEN_PORT = 1024  # below it are the ports of other protocols, mail's among them
_LONGEST_HOST = 253  # characters: RFC 1035

# RFC 3986, appendix B: one pattern takes every address apart, so that nothing else can find another host in it.
_PARTS = re.compile(r"(?:([^:/?#]+):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#.*)?", re.DOTALL)
_AUTHORITY = re.compile(r"(?P<host>\[[^\[\]]*\]|[^:\[\]]*)(?::(?P<port>[0-9]{0,5}))?")
_LABEL = re.compile(r"[a-z0-9_-]{1,63}")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})?")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")

# Of every campaign and every click another address, of the same page. Each is documented by those who add it:
# Google, Meta, Microsoft, Yandex, X, TikTok, Mailchimp, Marketo, HubSpot,
# Piano (the BBC), Matomo.
_TRACKING = re.compile(
    r"(?:utm_|mtm_|_hs|hsa_).*|pk_(?:campaign|cid|content|keyword|kwd|medium|source)|"
    r"at_(?:campaign|format|medium|custom\d+|(?:bbc|link|ptr)_\w+)|"
    r"(?:[dg]clid|gbraid|wbraid|gclsrc|_gl|_ga|fbclid|msclkid|yclid|twclid|ttclid|igshid|mc_[ce]id|mkt_tok)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Url:
    """An address of the web in its one normal form; `str` gives it whole."""

    scheme: str
    host: str
    """In lower case and in Punycode; an address of the network without brackets."""
    port: int
    path: str
    query: str | None

    @property
    def authority(self) -> str:
        """Give host and port, where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """Give what has one robots.txt."""
        return f"{self.scheme}://{self.authority}"

    @property
    def target(self) -> str:
        """Give what a server is asked for."""
        return self.path if self.query is None else f"{self.path}?{self.query}"

    def __str__(self) -> str:
        """Give the address."""
        return self.origin + self.target


def article_id_of(url: str) -> str:
    """Give the id of the article at an address: host, path and query.

    Two spellings of one page have one id: scheme, user, the scheme's own port, fragment, a slash at the end and
    parameters that only track are left out, and the others are sorted by name. Those of one name keep their order,
    which a server may read as that of a list.

    Raises:
        ValueError: it is no address of a page.

    """
    page = parse(url.strip(), with_user=True)
    parameters = [
        one for one in (page.query or "").split("&") if one and not _TRACKING.fullmatch(one.partition("=")[0])
    ]
    query = "&".join(sorted(parameters, key=lambda one: one.partition("=")[0]))
    article_id = page.authority + page.path.rstrip("/") + (f"?{query}" if query else "")
    if len(article_id) <= _LONGEST_ID:
        return article_id
    return f"{article_id[: _LONGEST_ID - _HASH - 1]}-{sha256(article_id.encode()).hexdigest()[:_HASH]}"


def parse(url: str, base: Url | None = None, *, with_user: bool = False) -> Url:
    """Take an address apart and normalise it (RFC 3986, 6.2.2), without a look at the network.

    Args:
        url: the address.
        base: what it is told in relation to, if it is no whole one (RFC 3986, 5).
        with_user: leave out the user that it may name, instead of refusing it.

    Raises:
        ValueError: it is none that could be fetched; the message is a reason for whoever gave it.

    """
    if len(url) > _LONGEST:
        raise ValueError(f"longer than {_LONGEST:,} characters")
    if any(one == "\\" or one.isspace() or unicodedata.category(one) in {"Cc", "Cs"} for one in url):
        raise ValueError("holds a space, a control character or a backslash, which no address may")
    if base:
        try:
            url = urljoin(str(base), url)
        except ValueError as error:
            raise ValueError("its host or its port is none") from error
    scheme, authority, path, query = _PARTS.fullmatch(url).groups()  # type: ignore[union-attr]  # it matches anything
    scheme = (scheme or "").lower()
    if scheme not in _PORTS:
        raise ValueError("begins with neither http:// nor https://")
    if not authority:
        raise ValueError("names no host")
    _, at, place = authority.rpartition("@")
    if at and not with_user:
        raise ValueError("names a user, which is not sent; leave out what stands before the @")
    found = _AUTHORITY.fullmatch(place)
    if not found:
        raise ValueError("its host or its port is none")
    port = int(found["port"] or _PORTS[scheme])
    if not 0 < port <= _LAST_PORT:
        raise ValueError(f"port {port} is none of 1 to {_LAST_PORT}")
    safe_path = _escaped(path, "/:@!$&'()*+,;=")
    safe_query = _escaped(query, "/:@!$&'()*+,;=?") if query else None
    return Url(scheme, _host(found["host"]), port, _without_dots(safe_path), safe_query)


def is_address(url: str) -> bool:
    """Tell whether a reader can be sent there: whether `parse` takes it, whatever user it names."""
    try:
        parse(url, with_user=True)
    except ValueError:
        return False
    return True


def _host(named: str) -> str:
    """Normalise a host: a name, or an address of the network in its usual form."""
    if named.startswith("["):
        if "%" in named:
            raise ValueError("its host names a zone of this machine")
        try:
            return str(IPv6Address(named[1:-1]))
        except ValueError as error:
            raise ValueError("its host is no IPv6 address") from error
    host = named.lower() if named.isascii() else _in_ascii(named)
    host = host.removesuffix(".")
    labels = host.split(".")
    if len(host) > _LONGEST_HOST or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError("its host is no name of the Internet")
    # What ends in a number is an address, to whoever resolves it (WHATWG URL, "ends in a number checker").
    if _NUMBER.fullmatch(labels[-1]):
        try:
            return str(IPv4Address(host))
        except ValueError as error:
            raise ValueError("its host is a number; write an IPv4 address as four decimal ones") from error
    return host


def _in_ascii(name: str) -> str:
    """Give an internationalised name in Punycode (UTS 46, IDNA 2008)."""
    try:
        return idna.encode(name[:_LONGEST_HOST], uts46=True).decode() if len(name) <= _LONGEST_HOST else name
    except UnicodeError as error:
        raise ValueError("its host is no name of the Internet") from error


def _escaped(part: str, safe: str) -> str:
    """Give one spelling to what can be written plainly or percent-encoded."""

    def normal(found: re.Match[str]) -> str:
        if found[1] is None:
            return "%25"
        plain = chr(int(found[1], 16))
        return plain if plain in _UNRESERVED else found[0].upper()

    return _ESCAPE.sub(normal, quote(part, safe=f"{safe}%"))


def _without_dots(path: str) -> str:
    """Take the steps `.` and `..` of a path (RFC 3986, 5.2.4)."""
    taken: list[str] = []
    segments = path.split("/")[1:] or [""]
    for segment in segments:
        if segment == "..":
            del taken[-1:]
        elif segment != ".":
            taken.append(segment)
    if segments[-1] in {".", ".."}:
        taken.append("")
    return "/" + "/".join(taken)


# Who is at an address of the network

# IANA's registries of special-purpose addresses (RFC 6890, and those after it), the first that fits. Python's
# `is_global` is not enough: it changes with the release, and calls multicast and IPv4 within IPv6 global.
_SPECIAL: tuple[tuple[IPv4Network | IPv6Network, str], ...] = tuple(
    (ip_network(network), kind)
    for network, kind in (
        ("0.0.0.0/8", "unspecified"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "private (a carrier's)"),
        ("127.0.0.0/8", "loopback"),
        ("168.63.129.16/32", "a cloud's own (Azure's)"),  # global, and answers any virtual machine of Azure's
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved"),
        ("192.0.2.0/24", "for documentation"),
        ("192.88.99.0/24", "a 6to4 relay"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "for benchmarks"),
        ("198.51.100.0/24", "for documentation"),
        ("203.0.113.0/24", "for documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("::ffff:0:0/96", "IPv4 within IPv6"),
        ("::/96", "IPv4 within IPv6"),
        ("64:ff9b::/96", "IPv4 within IPv6 (NAT64)"),
        ("64:ff9b:1::/48", "IPv4 within IPv6 (NAT64)"),
        ("2001::/32", "IPv4 within IPv6 (Teredo)"),
        ("2001::/23", "reserved"),
        ("2001:db8::/32", "for documentation"),
        ("2002::/16", "IPv4 within IPv6 (6to4)"),
        ("3fff::/20", "for documentation"),
        ("2000::/3", ""),  # global unicast; all others are not
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
        ("::/0", "reserved"),
    )
)


def special_kind(address: IPAddress) -> str:
    """Say what an address is for, if not for one host of the whole Internet; empty: for that."""
    return next((kind for network, kind in _SPECIAL if address in network), "")


def refusal_of(addresses: Sequence[IPAddress], port: int) -> str | None:
    """Say why a host may not be asked at a port, given every address that its name resolves to.

    The address is not told, as a stranger could learn the names of an intranet by it.
    """
    kind = next((kind for address in addresses if (kind := special_kind(address))), None)
    if kind:
        return f"the address of its host is {kind}; an operator can allow it (GROUNDWIRE_FETCH_ALLOWED)"
    if addresses and port < _FIRST_OPEN_PORT and port not in _PORTS.values():
        return f"port {port} is not the web's: 80, 443, and {_FIRST_OPEN_PORT:,} and above are"
    return None


class Allowed:
    """The hosts of an intranet that its operator opens, and nothing beside them."""

    def __init__(self, entries: Sequence[str] = ()) -> None:
        """Read names (`wiki.corp`), names below one (`*.corp`, `.corp`), addresses and networks (`10.0.0.0/8`).

        Raises:
            ValueError: an entry is none of them.

        """
        self._names: set[str] = set()
        self._domains: set[str] = set()
        self._networks: list[IPv4Network | IPv6Network] = []
        for entry in entries:
            try:
                self._add(entry.strip())
            except ValueError as error:
                forms = "a name (wiki.corp, *.corp), an address or a network (10.0.0.0/8)"
                raise ValueError(f"{entry!r} is no host that can be allowed: name {forms}") from error

    def _add(self, entry: str) -> None:
        domain = entry.removeprefix("*")
        if "/" in entry or ":" in entry:
            self._networks.append(ip_network(entry.removeprefix("[").removesuffix("]")))
        elif domain.startswith("."):
            self._domains.add(f".{_host(domain[1:])}")
        elif _is_address(host := _host(entry)):
            self._networks.append(ip_network(host))
        else:
            self._names.add(host)

    def names(self, host: str) -> bool:
        """Tell whether a host is allowed by its name, whatever it resolves to."""
        return host in self._names or any(host.endswith(domain) for domain in self._domains)

    def holds(self, address: IPAddress) -> bool:
        """Tell whether an address is allowed, whatever its name."""
        return any(address in network for network in self._networks)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
