"""Pages of strangers over real sockets: what is fetched, and all that is not."""

import asyncio
import gzip
import itertools
import re
import ssl
import threading
import time
import tracemalloc
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from ipaddress import ip_address
from pathlib import Path

import pytest
import trustme
from hypothesis import given, settings

from retrieval import network
from retrieval.addresses import parse
from retrieval.errors import UnreadableArticle, UrlRefused
from retrieval.fetching import Fetched, Fetcher, Validators
from retrieval.network import is_own
from retrieval.robots import LONGEST_ROBOTS, robots_of
from tests.retrieval.test_addresses import URLS
from tests.site_server import Script, Site, page, redirect

NEWS = "news.example"  # the operator allows it, and it is on loopback
PUBLIC = "93.184.216.34"
OK = b"HTTP/1.1 200 OK\r\n"
NAMES = {
    NEWS: ["127.0.0.1"],
    "other.example": ["127.0.0.1"],
    "localhost": ["127.0.0.1", "::1"],
    "local.example": ["127.0.0.1"],
    "local6.example": ["::1"],
    "zero.example": ["0.0.0.0"],  # noqa: S104 - nothing is bound
    "intranet.example": ["10.0.0.5"],
    "metadata.google.internal": ["169.254.169.254"],
    "mixed.example": [PUBLIC, "127.0.0.1"],
    "mixed-private.example": [PUBLIC, "10.0.0.5"],
    "mixed6.example": ["2606:4700::1", "::1"],
    "mapped.example": ["::ffff:127.0.0.1"],
    "mapped-public.example": [f"::ffff:{PUBLIC}"],
    "nat64.example": ["64:ff9b::7f00:1"],
    "zoned.example": ["fe80::1%lo"],
    "empty.example": [],
    "public.example": [PUBLIC],
}


@dataclass
class Names:
    """What names resolve to: each time the next answer, and the last one again and again."""

    answers: dict[str, list[list[str]]] = field(
        default_factory=lambda: {name: [found] for name, found in NAMES.items()}
    )
    asked: list[str] = field(default_factory=list)

    def __call__(self, name: str) -> Iterable[str]:
        self.asked.append(name)
        if name not in self.answers:
            raise OSError(f"no such name: {name}")
        answers = self.answers[name]
        return answers.pop(0) if len(answers) > 1 else answers[0]


def fetcher(*allowed: str, names: Names | None = None, limit: int = 20_000_000, deadline: float = 30.0) -> Fetcher:
    return Fetcher(allowed=allowed, resolve=names or Names(), limit=limit, deadline=deadline)


@asynccontextmanager
async def visiting(pages: Mapping[str, Script], limit: int = 20_000_000) -> AsyncIterator[tuple[Site, Fetcher]]:
    """A site at news.example, and a fetcher that may visit it."""
    async with Site(pages).serving() as site, fetcher(NEWS, "other.example", limit=limit) as fetching:
        yield site, fetching


async def fetched(fetching: Fetcher, site: Site, path: str = "/a") -> Fetched:
    found = await fetching.fetch(site.url(path, NEWS))
    assert found
    return found


async def why_not(fetching: Fetcher, url: str) -> str:
    with pytest.raises(UnreadableArticle) as raised:
        await fetching.fetch(url)
    assert type(raised.value) is UnreadableArticle
    assert raised.value.name == url
    return raised.value.reason


async def why_refused(fetching: Fetcher, url: str) -> str:
    with pytest.raises(UrlRefused) as raised:
        await fetching.fetch(url)
    assert raised.value.name == url
    return raised.value.reason


def written(text: str) -> list[str]:
    """Read one address a line, with its escapes as Python writes them."""
    lines = (one.encode("unicode_escape").replace(rb"\\", b"\\") for one in text.strip("\n").splitlines())
    return [one.decode("unicode_escape") for one in lines]


# What is fetched


async def test_a_page_comes_with_what_its_server_says_of_it() -> None:
    answer = page(
        b"words", content_type='Text/HTML; Charset="UTF-8"', etag='"1"', last_modified="Fri, 10 Nov 2023 12:13:00 GMT"
    )
    async with visiting({"/a?b=1": answer}) as (site, fetching):
        found = await fetched(fetching, site, "/x/../a?b=1#part")
        assert found == Fetched(
            url=f"http://news.example:{site.port}/a?b=1",
            data=b"words",
            media_type="text/html",
            charset="utf-8",
            validators=Validators('"1"', "Fri, 10 Nov 2023 12:13:00 GMT"),
        )


@pytest.mark.parametrize(
    ("said", "media_type", "charset"),
    [
        ("", "", None),
        ("text/html", "text/html", None),
        ("APPLICATION/RSS+XML ; charset=ISO-8859-1", "application/rss+xml", "iso-8859-1"),
        ("text/html; boundary=x;charset='utf-8'", "text/html", "utf-8"),
        ("text/html, text/html; charset=utf-8", "text/html", "utf-8"),
        ("nonsense", "", None),
        ("<script>/x; charset=<b>", "", None),
    ],
)
async def test_the_media_type_is_what_it_is_called_or_nothing(said: str, media_type: str, charset: str | None) -> None:
    async with visiting({"/a": page(b"words", content_type=said)}) as (site, fetching):
        found = await fetched(fetching, site)
        assert (found.media_type, found.charset) == (media_type, charset)


async def test_every_request_says_who_asks_and_nothing_else() -> None:
    pages: dict[str, Script] = {"/a": page(b"words", set_cookie="a=1; Path=/"), "/b": redirect("/a")}
    async with Site(pages).serving() as site:
        asking = Fetcher(allowed=["127.0.0.1"], about="https://Groundwire.example/Bot")
        async with asking:
            await asking.fetch(site.url("/a"))
            await asking.fetch(site.url("/b"))
    assert [one.path for one in site.asked] == ["/robots.txt", "/a", "/b", "/a"]
    for one in site.asked:
        assert one.headers == {
            "host": f"127.0.0.1:{site.port}",
            "user-agent": f"groundwire/{version('groundwire')} (+https://groundwire.example/Bot)",
            "accept": "*/*",
            "accept-encoding": "gzip",
            "connection": "close",
        }


def test_an_about_that_is_no_address_is_said_at_once() -> None:
    with pytest.raises(ValueError, match="begins with neither"):
        Fetcher(about="me@groundwire.example")
    with pytest.raises(ValueError, match="control character"):
        Fetcher(about="https://me.example/\r\nX-Evil: 1")


async def test_a_host_is_asked_by_one_request_at_a_time() -> None:
    pages: dict[str, Script] = {f"/{number}": (0.02, page(b"words")) for number in range(5)}
    async with visiting(pages) as (site, fetching):
        await asyncio.gather(*(fetched(fetching, site, path) for path in pages))
        assert sorted(site.paths) == sorted(pages)
        assert site.most_at_once == 1


async def test_hosts_do_not_wait_for_each_other() -> None:
    async with (
        Site({"/a": itertools.repeat(0.01)}).serving() as stuck,
        visiting({"/a": page(b"words")}) as (site, fetching),
    ):
        waiting = asyncio.create_task(fetching.fetch(stuck.url("/a", "other.example")))
        assert (await fetched(fetching, site)).data == b"words"
        assert not waiting.done()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


async def test_a_fetch_that_is_given_up_frees_its_host() -> None:
    async with visiting({"/stuck": itertools.repeat(0.01), "/a": page(b"words")}) as (site, fetching):
        waiting = asyncio.create_task(fetching.fetch(site.url("/stuck", NEWS)))
        await site.until("/stuck")
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert (await fetched(fetching, site)).data == b"words"


async def test_the_next_address_of_a_host_is_tried_where_one_does_not_answer() -> None:
    names = Names({NEWS: [["::1", "127.0.0.1"]]})
    async with Site({"/a": page(b"words")}).serving() as site, fetcher(NEWS, names=names) as fetching:
        assert (await fetched(fetching, site)).data == b"words"


async def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Site().serving() as proxy, visiting({"/a": page(b"words")}) as (site, _):
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url())
        async with fetcher(NEWS) as fetching:
            await fetched(fetching, site)
        assert proxy.connections == 0


# What is unchanged


async def test_what_is_unchanged_is_not_sent_again() -> None:
    async with visiting({"/a": page(b"words", etag='W/"1"', last_modified="then")}) as (site, fetching):
        known = (await fetched(fetching, site)).validators
        site.pages["/a"] = page(status=304)
        assert await fetching.fetch(site.url("/a", NEWS), known) is None
        assert site.asked[-1].headers["if-none-match"] == 'W/"1"'
        assert site.asked[-1].headers["if-modified-since"] == "then"
        site.pages["/a"] = page(b"other words")
        found = await fetching.fetch(site.url("/a", NEWS), known)
        assert found
        assert (found.data, found.validators) == (b"other words", Validators())


async def test_unchanged_since_nothing_is_no_answer() -> None:
    async with visiting({"/a": page(status=304)}) as (site, fetching):
        assert await why_not(fetching, site.url("/a", NEWS)) == "its server answers 304 (Not Modified)"
        with pytest.raises(UnreadableArticle):
            await fetching.fetch(site.url("/a", NEWS), Validators())


@pytest.mark.parametrize("etag", ['"' + "x" * 2000 + '"', '"ü"'])
async def test_a_validator_that_could_not_be_sent_back_is_none(etag: str) -> None:
    async with visiting({"/a": page(b"words", etag=etag)}) as (site, fetching):
        assert (await fetched(fetching, site)).validators == Validators()


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("place", ["/b", "b", "//news.example:{port}/b", "http://news.example:{port}/x/../b#c"])
async def test_redirects_are_followed(status: int, place: str) -> None:
    async with visiting({"/b": page(b"words")}) as (site, fetching):
        site.pages["/a"] = redirect(place.format(port=site.port), status)
        assert (await fetched(fetching, site)).url == f"http://news.example:{site.port}/b"


async def test_five_redirects_are_followed_and_no_more() -> None:
    pages = {f"/{number}": redirect(f"/{number + 1}") for number in range(6)} | {"/6": page(b"words")}
    async with visiting(pages) as (site, fetching):
        assert (await fetched(fetching, site, "/1")).data == b"words"
        assert await why_not(fetching, site.url("/0", NEWS)) == "redirects more than 5 times"


async def test_a_circle_of_redirects_ends() -> None:
    async with visiting({"/a": redirect("/a")}) as (site, fetching):
        assert await why_not(fetching, site.url("/a", NEWS)) == "redirects more than 5 times"
        assert site.paths == ["/a"] * 6


async def test_a_redirect_names_one_place() -> None:
    two = page(status=302, location="/b").replace(b"\r\n\r\n", b"\r\nlocation: /c\r\n\r\n")
    async with visiting({"/a": page(status=302), "/two": two}) as (site, fetching):
        assert await why_not(fetching, site.url("/a", NEWS)) == "redirects to no places"
        assert await why_not(fetching, site.url("/two", NEWS)) == "redirects to 2 places"


# Hostile addresses

HOSTILE = written(r"""
http://127.0.0.1:{port}/
http://127.0.0.1:{port}
HTTP://127.0.0.1:{port}/
http://127.0.0.1.:{port}/
http://127.1:{port}/
http://127.0.1:{port}/
http://2130706433:{port}/
http://0x7f000001:{port}/
http://0x7f.0.0.1:{port}/
http://0x7F.1:{port}/
http://0177.0.0.1:{port}/
http://017700000001:{port}/
http://0177.0x0.0.1:{port}/
http://127.000.000.001:{port}/
http://127.0.0.01:{port}/
http://1２7.0.0.1:{port}/
http://１２７.０.０.１:{port}/
http://①②⑦.⓪.⓪.①:{port}/
http://127。0。0。1:{port}/
http://127%2e0%2e0%2e1:{port}/
http://%31%32%37.0.0.1:{port}/
http://127.0.0.1%00.news.example:{port}/
http://127.0.0.1%2f.news.example:{port}/
http://0:{port}/
http://0.0.0.0:{port}/
http://[::1]:{port}/
http://[::]:{port}/
http://[0:0:0:0:0:0:0:1]:{port}/
http://[::ffff:127.0.0.1]:{port}/
http://[::ffff:7f00:1]:{port}/
http://[0:0:0:0:0:ffff:127.0.0.1]:{port}/
http://[::127.0.0.1]:{port}/
http://[::ffff:0:127.0.0.1]:{port}/
http://[64:ff9b::127.0.0.1]:{port}/
http://[64:ff9b:1::127.0.0.1]:{port}/
http://[2002:7f00:1::]:{port}/
http://[2001:0:7f00:1::]:{port}/
http://[::1%25lo]:{port}/
http://[fe80::1%lo]:{port}/
http://[fe80::1]:{port}/
http://[fec0::1]/
http://[fd00:ec2::254]/latest/meta-data/
http://[ff02::1]/
http://[v1.127.0.0.1]:{port}/
http://[127.0.0.1]:{port}/
http://::1:{port}/
http://169.254.169.254/latest/meta-data/iam/
http://2852039166/latest/meta-data/
http://0xA9FEA9FE/latest/meta-data/
http://0251.0376.0251.0376/latest/meta-data/
http://[::ffff:169.254.169.254]/latest/meta-data/
http://metadata.google.internal/computeMetadata/v1/
http://METADATA.google.internal./computeMetadata/v1/
http://100.100.100.200/latest/meta-data/
http://168.63.129.16/machine?comp=goalstate
http://192.0.0.192/opc/v2/
http://10.0.0.1/
http://172.16.0.1/
http://192.168.0.1/
http://100.64.0.1/
http://198.18.0.1/
http://224.0.0.1/
http://255.255.255.255/
http://240.0.0.1/
http://localhost:{port}/
http://LOCALHOST:{port}/
http://localhost.:{port}/
http://loca\u00adlhost:{port}/
http://ｌｏｃａｌｈｏｓｔ:{port}/
http://local.example:{port}/
http://local6.example:{port}/
http://zero.example:{port}/
http://intranet.example/
http://mixed.example:{port}/
http://mixed-private.example/
http://mixed6.example:{port}/
http://mapped.example:{port}/
http://mapped-public.example:{port}/
http://nat64.example:{port}/
http://zoned.example:{port}/
http://empty.example:{port}/
http://unknown.example:{port}/
http://news.example@127.0.0.1:{port}/
http://news.example:80@127.0.0.1:{port}/
http://news.example%40127.0.0.1:{port}/
http://127.0.0.1:{port}@public.example/
http://a:b@c@127.0.0.1:{port}/
http://@127.0.0.1:{port}/
http://127.0.0.1:{port}\\@public.example/
http://public.example\\@127.0.0.1:{port}/
http:\\\\127.0.0.1:{port}\\
http:/127.0.0.1:{port}/
http:127.0.0.1:{port}/
http:///127.0.0.1:{port}/
//127.0.0.1:{port}/
127.0.0.1:{port}/
http://127.0.0.1\t:{port}/
http://127.0.0.1\r\nHost: public.example:{port}/
http://127.0.0.1:{port}/ HTTP/1.1
 http://127.0.0.1:{port}/
http://127.0.0.1:{port}\x00/
http://127.0.0.1:{port}{port}/
http://127.0.0.1:-{port}/
http://127.0.0.1:+{port}/
http://127.0.0.1:{port}.0/
http://127.0.0.1:0/
http://public.example:25/
http://public.example:22/
http://public.example:65536/
http:///
http://
http://.
http://..:{port}/
http://℀.example/
http://a／b.example:{port}/
http://public.example：{port}/
http://\ud800:{port}/
https://127.0.0.1:{port}/
https://localhost:{port}/
file:///etc/passwd
file://localhost/etc/passwd
FILE:///etc/passwd
ftp://127.0.0.1:{port}/
gopher://127.0.0.1:{port}/_GET%20/
dict://127.0.0.1:{port}/stat
ldap://127.0.0.1:{port}/
ws://127.0.0.1:{port}/
unix:///var/run/docker.sock
http+unix://%2Fvar%2Frun%2Fdocker.sock/info
jar:http://127.0.0.1:{port}/!/
view-source:http://127.0.0.1:{port}/
data:text/html,words
javascript:alert(1)
blob:http://127.0.0.1:{port}/
about:blank
""")


@pytest.fixture(scope="module", params=HOSTILE, ids=ascii)
def hostile(request: pytest.FixtureRequest) -> str:
    url: str = request.param
    return url


async def test_a_hostile_address_is_refused_before_any_connection(hostile: str) -> None:
    async with Site({"/": page(b"secret")}).serving() as site, fetcher(NEWS) as fetching:
        url = hostile.replace("{port}", str(site.port))
        with pytest.raises(UrlRefused) as raised:
            await fetching.check(url)
        assert raised.value.name == url
        assert raised.value.reason == await why_refused(fetching, url)
        assert site.connections == 0


def test_there_are_more_hostile_addresses_than_sixty() -> None:
    assert len(set(HOSTILE)) == len(HOSTILE) > 60


async def test_what_is_connected_to_is_what_was_checked() -> None:
    names = Names({NEWS: [["127.0.0.1"], ["127.0.0.1"], [PUBLIC]]})
    async with Site({"/a": page(b"words")}).serving() as site, fetcher("127.0.0.0/8", names=names) as fetching:
        await fetched(fetching, site)
        assert len(names.asked) == site.connections == 2  # robots.txt and the page: each resolved and connected to once


@pytest.mark.parametrize("then", [["127.0.0.1"], [PUBLIC, "127.0.0.1"], ["169.254.169.254"], []])
async def test_a_name_that_comes_to_mean_something_else_is_refused(then: list[str]) -> None:
    names = Names({"rebound.example": [[PUBLIC], then]})
    async with Site({"/": page(b"secret")}).serving() as site, fetcher(NEWS, names=names) as fetching:
        url = site.url("/", "rebound.example")
        assert await fetching.check(url) == url
        await why_refused(fetching, url)
        assert site.connections == 0


async def test_a_name_that_comes_to_mean_something_else_after_robots_txt_is_refused() -> None:
    names = Names({"rebound.example": [["127.0.0.1"], ["::1"]]})
    async with Site().serving() as site, fetcher("127.0.0.1", names=names) as fetching:
        await why_refused(fetching, site.url("/", "rebound.example"))
        assert [one.path for one in site.asked] == ["/robots.txt"]


async def test_a_public_address_is_checked_and_given_in_normal_form() -> None:
    async with fetcher() as fetching:
        assert await fetching.check("HTTP://Public.Example:80/a/../b#@127.0.0.1") == "http://public.example/b"
        assert await fetching.check(f"https://{PUBLIC}:8443/?a") == f"https://{PUBLIC}:8443/?a"


async def test_what_the_system_resolves_is_checked_too() -> None:
    async with Site({"/a": page(b"words")}).serving() as site:
        async with Fetcher() as fetching:
            assert "loopback" in await why_refused(fetching, site.url("/a", "localhost"))
            assert await why_refused(fetching, "http://unknown.invalid/") == "its host's name does not resolve"
        assert site.connections == 0
        async with Fetcher(allowed=["localhost"]) as fetching:
            assert await fetching.fetch(site.url("/a", "localhost"))


async def test_a_refusal_does_not_tell_what_a_name_resolves_to() -> None:
    async with fetcher() as fetching:
        reason = await why_refused(fetching, "http://intranet.example/")
    assert reason == "the address of its host is private; an operator can allow it (GROUNDWIRE_FETCH_ALLOWED)"


async def test_this_machine_is_not_asked_by_its_public_address_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "_binds", lambda address: address == PUBLIC)
    async with fetcher() as fetching:
        assert "this machine's own" in await why_refused(fetching, "http://public.example/")
    async with fetcher("public.example") as fetching:
        assert await fetching.check("http://public.example/")


def test_this_machine_knows_its_own_addresses() -> None:
    assert is_own(ip_address("127.0.0.1"))
    assert not is_own(ip_address(PUBLIC))
    assert not is_own(ip_address("2606:4700::1"))


async def test_a_name_that_does_not_resolve_in_time_is_refused() -> None:
    answered = threading.Event()

    def never(_: str) -> list[str]:
        answered.wait(30)
        return [PUBLIC]

    async with Fetcher(resolve=never, deadline=0.05) as fetching:
        with pytest.raises(UrlRefused, match=r"does not resolve in 0\.05 seconds"):
            await fetching.check("http://slow.example/")
        answered.set()


UNASKED = Fetcher(resolve=Names())


@settings(deadline=None)
@given(URLS)
def test_a_check_gives_an_address_or_refuses_it(text: str) -> None:
    async def checked() -> None:
        with suppress(UrlRefused):
            assert await UNASKED.check(text) == str(parse(text))

    asyncio.run(checked())


# Hostile redirects

SECRET: dict[str, Script] = {"/secret": page(b"secret")}
PLACES = written(r"""
http://169.254.169.254/latest/meta-data/
//169.254.169.254/latest/meta-data/
http://metadata.google.internal/computeMetadata/v1/
http://127.0.0.1:{port}/secret
//127.0.0.1:{port}/secret
http://127.1:{port}/secret
http://2130706433:{port}/secret
http://0x7f000001:{port}/secret
http://[::1]:{port}/secret
http://[::ffff:127.0.0.1]:{port}/secret
http://localhost:{port}/secret
http://local.example:{port}/secret
http://mixed.example:{port}/secret
http://unknown.example/
http://news.example@127.0.0.1:{port}/secret
http://127.0.0.1:{port}\\@news.example/secret
\\\\127.0.0.1:{port}\\secret
/\\127.0.0.1:{port}/secret
/\t/127.0.0.1:{port}/secret
http://public.example:22/
http://[/secret
file:///etc/passwd
ftp://127.0.0.1:{port}/secret
gopher://127.0.0.1:{port}/_GET%20/secret
data:text/html,secret
javascript:alert(1)
""")


@pytest.mark.parametrize("place", PLACES, ids=ascii)
async def test_a_redirect_to_where_nobody_may_ask_is_refused(place: str) -> None:
    chain: dict[str, Script] = {"/a": redirect("/b", 301), "/b": redirect("/c", 307)}
    async with visiting(chain | SECRET) as (site, fetching):
        site.pages["/c"] = redirect(place.format(port=site.port))
        reason = await why_refused(fetching, site.url("/a", NEWS))
        assert reason.startswith("it leads to ")
        assert len(reason) < 250
        assert site.paths == ["/a", "/b", "/c"]


async def test_a_robots_txt_that_redirects_to_where_nobody_may_ask_is_refused() -> None:
    async with visiting({"/a": page(b"words")} | SECRET) as (site, fetching):
        site.pages["/robots.txt"] = redirect(f"http://127.0.0.1:{site.port}/secret")
        reason = await why_refused(fetching, site.url("/a", NEWS))
        assert "robots.txt leads to http://127.0.0.1" in reason
        assert site.paths == []


async def test_what_a_stranger_says_is_told_in_short_and_in_print() -> None:
    unprintable = "ftp://\N{RIGHT-TO-LEFT OVERRIDE}evil".encode().decode("latin-1")
    async with visiting({"/a": redirect(unprintable), "/b": redirect("ftp://" + "x" * 5000)}) as (site, fetching):
        assert "leads to ftp://\ufffdevil" in await why_refused(fetching, site.url("/a", NEWS))
        assert await why_refused(fetching, site.url("/b", NEWS)) == (
            f"it leads to ftp://{'x' * 93}…: begins with neither http:// nor https://"
        )


# What the operator allows


async def test_what_is_allowed_is_opened_and_nothing_near_it() -> None:
    near = [
        "http://127.0.0.1:{port}/a",
        "http://other.example:{port}/a",
        "http://a.news.example:{port}/a",
        "http://127.1:{port}/a",
    ]
    async with visiting({"/a": page(b"words")}) as (site, _), fetcher(NEWS) as fetching:
        assert await fetched(fetching, site)
        for url in near:
            await why_refused(fetching, url.format(port=site.port))


async def test_an_allowed_network_opens_the_names_that_resolve_into_it() -> None:
    async with Site({"/a": page(b"words")}).serving() as site, fetcher("127.0.0.1/32") as fetching:
        assert await fetching.fetch(site.url("/a"))
        assert await fetching.fetch(site.url("/a", "local.example"))
        for near in ("mapped.example", "local6.example", "zero.example", "localhost", "intranet.example"):
            await why_refused(fetching, site.url("/a", near))  # localhost is at ::1 too


async def test_a_page_of_the_internet_may_lead_to_what_is_allowed() -> None:
    async with visiting({}) as (site, fetching), Site({"/b": page(b"words")}).serving() as wiki:
        site.pages["/a"] = redirect(wiki.url("/b", "other.example"))
        assert (await fetched(fetching, site)).url == wiki.url("/b", "other.example")


# TLS


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """Sign certificates that this machine trusts."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    return authority


def tls_of(certificate: trustme.LeafCert) -> ssl.SSLContext:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(tls)
    return tls


async def test_a_page_comes_by_tls_from_whom_its_name_says(authority: trustme.CA) -> None:
    tls = tls_of(authority.issue_cert(NEWS, "127.0.0.1", "xn--bcher-kva.example"))
    named: list[str | None] = []
    tls.sni_callback = lambda _, name, __: named.append(name)
    site = Site({"/a": page(b"words")})
    names = Names({name: [["127.0.0.1"]] for name in (NEWS, "xn--bcher-kva.example")})
    async with site.serving(tls), fetcher("127.0.0.1", names=names) as fetching:
        for host in (NEWS, "127.0.0.1", "bücher.example"):
            found = await fetching.fetch(site.url("/a", host))
            assert found
            assert found.data == b"words"
        assert named == [NEWS] * 2 + [None] * 2 + ["xn--bcher-kva.example"] * 2


@pytest.mark.parametrize(
    ("names", "days", "reason"),
    [
        (["evil.example"], 1, "Hostname mismatch, certificate is not valid for 'news.example'"),
        (["*.news.example"], 1, "Hostname mismatch, certificate is not valid for 'news.example'"),
        ([NEWS], -1, "certificate has expired"),
    ],
)
async def test_a_certificate_of_another_or_of_yesterday_is_not_trusted(
    authority: trustme.CA, names: list[str], days: int, reason: str
) -> None:
    tls = tls_of(authority.issue_cert(*names, not_after=datetime.now(UTC) + timedelta(days=days)))
    site = Site({"/a": page(b"words")})
    async with site.serving(tls), fetcher(NEWS) as fetching:
        told = await why_not(fetching, site.url("/a", NEWS))
        assert f"its server's certificate is not to be trusted: {reason}" in told
        assert site.asked == []


async def test_a_certificate_of_an_unknown_authority_is_not_trusted() -> None:
    site = Site({"/a": page(b"words")})
    async with site.serving(tls_of(trustme.CA().issue_cert(NEWS))), fetcher(NEWS) as fetching:
        assert "certificate is not to be trusted: unable to get local issuer" in await why_not(
            fetching, site.url("/a", NEWS)
        )
        assert site.asked == []


async def test_a_server_without_tls_is_told() -> None:
    async def plain(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(page(status=400))
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    async with server, fetcher(NEWS) as fetching:
        port = server.sockets[0].getsockname()[1]
        told = await why_not(fetching, f"https://{NEWS}:{port}/")
        assert re.search(r"cannot be had \(no TLS with its server: \w+\)", told)


async def test_a_page_without_tls_may_lead_to_one_with_it_and_none_back(authority: trustme.CA) -> None:
    safe = Site({"/b": page(b"words")})
    async with safe.serving(tls_of(authority.issue_cert(NEWS))), visiting({}) as (site, _), fetcher(NEWS) as fetching:
        site.pages["/a"] = redirect(safe.url("/b", NEWS))
        assert (await fetched(fetching, site)).url == safe.url("/b", NEWS)
        safe.pages["/c"] = redirect(site.url("/d", NEWS))
        reason = await why_refused(fetching, safe.url("/c", NEWS))
        assert (
            reason == f"it leads to {site.url('/d', NEWS)}: http, reached by https, on whose way anyone could change it"
        )
        assert "/d" not in site.paths


async def test_a_handshake_without_end_ends_by_the_deadline_and_its_connection_with_it() -> None:
    left = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        left.set()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server, fetcher(NEWS, deadline=0.3) as fetching:
        port = server.sockets[0].getsockname()[1]
        assert "no answer in 0.1 seconds" in await why_not(fetching, f"https://{NEWS}:{port}/")
        await asyncio.wait_for(left.wait(), 30)


# Size


@pytest.mark.parametrize("size", [1000, 1001])
async def test_a_page_is_read_up_to_the_limit(size: int) -> None:
    body = b"a" * size
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"%x\r\n%b\r\n0\r\n\r\n" % (size, body)
    squeezed = page(gzip.compress(body), content_encoding="gzip")
    pages: dict[str, Script] = {
        "/a": page(body),
        "/b": (b"HTTP/1.0 200 OK\r\n\r\n", body),
        "/c": chunked,
        "/d": squeezed,
    }
    async with visiting(pages, limit=1000) as (site, fetching):
        for path in pages:
            if size <= 1000:
                assert (await fetched(fetching, site, path)).data == body
            else:
                assert await why_not(fetching, site.url(path, NEWS)) == "over the limit of 1,000 bytes"


async def test_a_page_that_says_that_it_is_too_large_is_not_read() -> None:
    said: Script = [OK + b"Content-Length: 20000001\r\n\r\n", *[0.01] * 1000]
    async with visiting({"/a": said}) as (site, fetching):
        assert await why_not(fetching, site.url("/a", NEWS)) == "over the limit of 20,000,000 bytes"


async def test_a_page_without_end_ends_at_the_limit() -> None:
    pages: dict[str, Script] = {"/a": itertools.chain([b"HTTP/1.1 200 OK\r\n\r\n"], itertools.repeat(b"a" * 10_000))}
    async with visiting(pages, limit=1_000_000) as (site, fetching):
        assert await why_not(fetching, site.url("/a", NEWS)) == "over the limit of 1,000,000 bytes"
        await asyncio.wait_for(site.left.wait(), 30)


async def test_a_bomb_is_never_in_memory_whole() -> None:
    bomb = page(gzip.compress(bytes(100_000_000), 1), content_encoding="gzip")
    async with visiting({"/a": bomb}, limit=1_000_000) as (site, fetching):
        await why_not(fetching, site.url("/none", NEWS))  # what is loaded once is loaded
        tracemalloc.start()
        try:
            assert await why_not(fetching, site.url("/a", NEWS)) == "over the limit of 1,000,000 bytes"
            assert tracemalloc.get_traced_memory()[1] < 5_000_000
        finally:
            tracemalloc.stop()


async def test_a_bomb_within_a_bomb_is_not_opened() -> None:
    bomb = gzip.compress(gzip.compress(bytes(100_000_000)))
    pages: dict[str, Script] = {
        "/a": page(bomb, content_encoding="gzip, gzip"),
        "/b": page(bomb, content_encoding="gzip"),
    }
    async with visiting(pages) as (site, fetching):
        assert await why_not(fetching, site.url("/a", NEWS)) == "encoded as gzip, gzip, where gzip was asked for"
        assert len((await fetched(fetching, site, "/b")).data) < 200_000


async def test_empty_members_of_gzip_count_as_they_were_sent() -> None:
    empty: Script = (OK + b"Content-Encoding: gzip\r\n\r\n", gzip.compress(b"") * 1000)
    async with visiting({"/a": empty}, limit=10_000) as (site, fetching):
        assert await why_not(fetching, site.url("/a", NEWS)) == "over the limit of 10,000 bytes"


# Encodings


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(b"words" * 50_000)),
        ("x-gzip", gzip.compress(b"words" * 50_000)),
        ("GZIP", gzip.compress(b"words" * 10_000) + gzip.compress(b"words" * 40_000)),
        ("gzip", gzip.compress(b"words" * 50_000) + bytes(8)),
        ("gzip", gzip.compress(b"words" * 10_000) + gzip.compress(b"words" * 40_000) + bytes(100_000) + b"\x1f\x8b"),
        ("identity", b"words" * 50_000),
        ("", b"words" * 50_000),
    ],
)
async def test_encodings_are_taken_off(coding: str, body: bytes) -> None:
    async with visiting({"/a": page(body, content_encoding=coding)}) as (site, fetching):
        assert (await fetched(fetching, site)).data == b"words" * 50_000


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 131_072])
async def test_a_step_of_inflating_may_end_anywhere(size: int) -> None:
    async with visiting({"/a": page(gzip.compress(bytes(size)), content_encoding="gzip")}) as (site, fetching):
        assert (await fetched(fetching, site)).data == bytes(size)


async def test_a_page_without_a_body_has_no_encoding_to_take_off() -> None:
    async with visiting({"/a": page(content_encoding="gzip")}) as (site, fetching):
        assert (await fetched(fetching, site)).data == b""


@pytest.mark.parametrize(
    ("coding", "body", "reason"),
    [
        ("br", b"words", "encoded as br, where gzip was asked for"),
        ("deflate", b"words", "encoded as deflate, where gzip was asked for"),
        ("gzip", b"words", "its gzip encoding is broken: Error -3 while decompressing data: incorrect header check"),
        ("gzip", gzip.compress(b"words", mtime=0)[:-1], "its gzip encoding is broken: it is cut short"),
        ("gzip", gzip.compress(b"words", mtime=0)[:5], "its gzip encoding is broken: it is cut short"),
        (
            "gzip",
            gzip.compress(b"words", mtime=0)[:-8] + bytes(8),
            "its gzip encoding is broken: Error -3 while decompressing data: incorrect data check",
        ),
    ],
)
async def test_an_encoding_that_is_another_or_broken_is_said(coding: str, body: bytes, reason: str) -> None:
    async with visiting({"/a": page(body, content_encoding=coding)}) as (site, fetching):
        assert await why_not(fetching, site.url("/a", NEWS)) == reason


# Broken servers

CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((b"",), "its server's answer is none: it closed the connection"),
        ((b"HTTP/1.1",), "its server's answer is none: it closed the connection"),
        ((b"hello\r\n\r\n",), "its server's answer is no HTTP: illegal status line"),
        ((b"SSH-2.0-OpenSSH_9.6\r\n\r\n",), "its server's answer is no HTTP: illegal status line"),
        ((b"<html>words</html>",), "its server's answer"),
        ((b"\x16\x03\x01\0\r\n\r\n",), "its server's answer is no HTTP: illegal status line"),
        ((b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",), "its server's answer is no HTTP: illegal header line"),
        ((OK, *[b"X-A: " + b"a" * 5000 + b"\r\n"] * 100), "its server's answer has headers over the limit of 100 KB"),
        ((OK + b"X-A: ", *[b"a" * 5000] * 100), "its server's answer has headers over the limit of 100 KB"),
        ((OK + b"Content-Length: ten\r\n\r\nwords",), "its server's answer is no HTTP: bad Content-Length"),
        ((OK + b"Content-Length: -1\r\n\r\nwords",), "its server's answer is no HTTP: bad Content-Length"),
        (
            (OK + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\nwords",),
            "its server's answer is no HTTP: bad Content-Length",
        ),
        (
            (OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nwords",),
            "its server's answer is no HTTP: conflicting Content-Length headers",
        ),
        ((OK + b"Content-Length: 10\r\n\r\nwords",), "its server's answer breaks off before its end"),
        ((OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n",), "its server's answer is no HTTP: "),
        ((CHUNKED + b"5\r\nwords\r\n",), "its server's answer breaks off before its end"),
        ((CHUNKED + b"5\r\nwo",), "its server's answer breaks off before its end"),
        ((CHUNKED + b"zz\r\nwords\r\n0\r\n\r\n",), "its server's answer is no HTTP: illegal chunk header"),
        ((CHUNKED + b"fffffffffffffffffffff\r\nwords",), "its server's answer is no HTTP: illegal chunk header"),
        ((CHUNKED + b"5\r\nwordsX\r\n0\r\n\r\n",), "its server's answer is no HTTP: "),
        (
            (CHUNKED + b"5\r\nwords\r\n0\r\n", *[b"X-A: a\r\n" * 1000] * 100),
            "its server's answer has headers over the limit",
        ),
        (
            (b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",),
            "its server's answer is no HTTP: ",
        ),
    ],
)
async def test_a_broken_server_is_one_reason(answer: tuple[bytes, ...], reason: str) -> None:
    async with visiting({"/a": answer}) as (site, fetching):
        told = await why_not(fetching, site.url("/a", NEWS))
        assert told.startswith(reason)
        assert len(told) < 200


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (204, "its server answers 204 (No Content)"),
        (206, "its server answers 206 (Partial Content)"),
        (300, "its server answers 300 (Multiple Choices)"),
        (401, "its server answers 401 (Unauthorized)"),
        (404, "its server answers 404 (Not Found)"),
        (410, "its server answers 410 (Gone)"),
        (429, "its server answers 429 (Too Many Requests)"),
        (503, "its server answers 503 (Service Unavailable)"),
        (599, "its server answers 599"),
    ],
)
async def test_a_status_without_a_page_is_told(status: int, reason: str) -> None:
    async with visiting({"/a": page(status=status)}) as (site, fetching):
        assert await why_not(fetching, site.url("/a", NEWS)) == reason


async def test_a_server_that_is_not_there_is_told() -> None:
    async with visiting({"/a": page(b"words")}) as (site, fetching):
        await fetched(fetching, site)
        url = site.url("/a", NEWS)
        await site.stop()
        assert await why_not(fetching, url) == "no connection to its server"


# Time


@pytest.mark.parametrize(
    "slow",
    [
        itertools.repeat(0.01),
        itertools.chain([OK], itertools.cycle([b"X", 0.01])),
        itertools.chain([OK + b"\r\n"], itertools.cycle([b"a", 0.01])),
        itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["silent", "headers", "body", "informed"],
)
async def test_a_slow_server_ends_by_the_deadline(slow: Script) -> None:
    async with visiting({"/a": slow}) as (site, fetching):
        await why_not(fetching, site.url("/none", NEWS))  # its robots.txt is there
        fetching._deadline = 0.3
        assert await why_not(fetching, site.url("/a", NEWS)) == "took more than 0.3 seconds"
        await asyncio.wait_for(site.left.wait(), 30)


async def test_all_redirects_share_one_deadline() -> None:
    pages: dict[str, Script] = {f"/{number}": (0.2, redirect(f"/{number + 1}")) for number in range(5)}
    async with visiting(pages) as (site, fetching):
        await why_not(fetching, site.url("/none", NEWS))
        fetching._deadline = 0.5
        assert await why_not(fetching, site.url("/0", NEWS)) == "took more than 0.5 seconds"


async def test_waiting_for_a_turn_takes_no_time_of_a_page() -> None:
    robots = page(b"User-agent: *\nCrawl-delay: 0.6")
    async with visiting({"/robots.txt": robots, "/a": page(b"words")}) as (site, fetching):
        await fetched(fetching, site)
        began = time.monotonic()
        fetching._deadline = 0.5
        await fetched(fetching, site)
        assert time.monotonic() - began > 0.55


# robots.txt


async def test_robots_txt_is_asked_for_once_an_origin() -> None:
    pages: dict[str, Script] = {"/a": page(b"words"), "/b": page(b"words")}
    async with visiting(pages) as (site, fetching):
        await asyncio.gather(*(fetched(fetching, site, path) for path in ["/a", "/b"] * 3))
        assert [one.path for one in site.asked].count("/robots.txt") == 1
        assert await fetching.fetch(site.url("/a", "other.example"))
        assert [one.path for one in site.asked].count("/robots.txt") == 2


@pytest.mark.parametrize(
    ("robots", "is_allowed"),
    [
        ("User-agent: *\nDisallow: /", False),
        ("User-agent: *\nDisallow: /a", False),
        ("User-agent: *\nDisallow: /*a$", False),
        ("User-agent: *\nDisallow: /A", True),
        ("User-agent: *\nDisallow: /b", True),
        ("User-agent: *\nDisallow:", True),
        ("User-agent: *\nDisallow: /\nAllow: /a", True),
        ("User-agent: *\nDisallow: /\n\nUser-agent: groundwire\nAllow: /", True),
        ("User-agent: groundwire\nDisallow: /\n\nUser-agent: *\nAllow: /", False),
        ("USER-AGENT: GroundWire/2.0\nDISALLOW: /", False),
        ("User-agent: other\nUser-agent: groundwire\nDisallow: /", False),
        ("User-agent: other\nDisallow: /", True),
        ("User-agent: other\nDisallow: /\nUser-agent: third\nDisallow: /", True),
        ("User-agent: ground\nDisallow: /", True),
        ("User-agent: wire\nDisallow: /", True),
        ("\ufeffUser-agent: *\r\nDisallow: /", False),
        ("<html>Not found</html>", True),
        ("", True),
    ],
)
async def test_robots_txt_says_what_is_fetched(robots: str, is_allowed: bool) -> None:  # noqa: FBT001 - a case's outcome
    async with visiting({"/robots.txt": page(robots.encode()), "/a": page(b"words")}) as (site, fetching):
        if is_allowed:
            assert await fetched(fetching, site)
        else:
            assert (
                await why_not(fetching, site.url("/a", NEWS)) == "its site's robots.txt does not allow it to groundwire"
            )
            assert site.paths == []


@pytest.mark.parametrize("status", [401, 403, 404, 410, 429])
async def test_without_a_robots_txt_all_is_allowed(status: int) -> None:
    async with visiting({"/robots.txt": page(status=status), "/a": page(b"words")}) as (site, fetching):
        assert await fetched(fetching, site)


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (page(status=500), "its server answers 500"),
        (page(status=503), "its server answers 503"),
        ((b"hello\r\n\r\n",), "its server's answer is no HTTP: illegal status line: bytearray(b'hello')"),
        (page(b"words", content_encoding="br"), "encoded as br, where gzip was asked for"),
        (page(status=302), "redirects to no places"),
    ],
)
async def test_a_robots_txt_that_cannot_be_had_allows_nothing_for_a_while(answer: Script, problem: str) -> None:
    async with visiting({"/robots.txt": answer, "/a": page(b"words")}) as (site, fetching):
        reason = f"its site's robots.txt cannot be had ({problem}), so nothing of it is fetched; try again later"
        for _ in range(2):
            assert await why_not(fetching, site.url("/a", NEWS)) == reason
        assert [one.path for one in site.asked] == ["/robots.txt"]


async def test_a_robots_txt_that_does_not_come_allows_nothing() -> None:
    async with visiting({"/robots.txt": itertools.repeat(0.01), "/a": page(b"words")}) as (site, fetching):
        fetching._deadline = 0.6
        assert "robots.txt cannot be had (no answer in 0.2 seconds)" in await why_not(fetching, site.url("/a", NEWS))


async def test_a_site_that_a_slow_page_leads_to_too_late_is_not_taken_for_one_that_fails() -> None:
    pages: dict[str, Script] = {"/robots.txt": itertools.repeat(0.01), "/b": page(b"words")}
    async with visiting({}) as (slow, fetching), Site(pages).serving() as other:
        fetching._deadline = 1.5
        slow.pages["/a"] = (1.1, redirect(other.url("/b", "other.example")))
        assert re.search(r"\(no answer in 0\.\d+ seconds\)", await why_not(fetching, slow.url("/a", NEWS)))

        other.pages["/robots.txt"] = page()

        found = await fetching.fetch(other.url("/b", "other.example"))
        assert found
        assert found.data == b"words"


async def test_a_robots_txt_that_redirects_is_followed() -> None:
    async with visiting({"/robots.txt": redirect("/r"), "/r": page(b"User-agent: *\nDisallow: /a")}) as (
        site,
        fetching,
    ):
        assert "does not allow it" in await why_not(fetching, site.url("/a", NEWS))


async def test_a_robots_txt_that_only_redirects_is_none() -> None:
    async with visiting({"/robots.txt": redirect("/robots.txt"), "/a": page(b"words")}) as (site, fetching):
        assert await fetched(fetching, site)
        assert [one.path for one in site.asked].count("/robots.txt") == 6


async def test_the_site_that_a_page_redirects_to_is_asked_for_its_robots_txt() -> None:
    forbidding: dict[str, Script] = {"/robots.txt": page(b"User-agent: *\nDisallow: /b"), "/b": page(b"words")}
    async with visiting({}) as (site, fetching), Site(forbidding).serving() as other:
        site.pages["/a"] = redirect(other.url("/b", "other.example"))
        reason = await why_not(fetching, site.url("/a", NEWS))
        assert (
            reason
            == f"it leads to {other.url('/b', 'other.example')}: its site's robots.txt does not allow it to groundwire"
        )
        assert other.paths == []


async def test_a_robots_txt_is_read_up_to_500_kib() -> None:
    rule, beyond = b"User-agent: *\nDisallow: /a\n", b"\nDisallow: /b"
    filler = b"#" * (LONGEST_ROBOTS - len(rule)) + beyond
    pages: dict[str, Script] = {"/robots.txt": page(rule + filler), "/a": page(b"words"), "/b": page(b"words")}
    async with visiting(pages) as (site, fetching):
        assert "does not allow it" in await why_not(fetching, site.url("/a", NEWS))
        assert await fetched(fetching, site, "/b")


async def test_a_robots_txt_without_end_is_read_up_to_500_kib() -> None:
    endless = itertools.chain([OK + b"\r\nUser-agent: *\nDisallow: /a\n"], itertools.repeat(b"Disallow: /b\n" * 1000))
    async with visiting({"/robots.txt": endless, "/c": page(b"words")}) as (site, fetching):
        assert await fetched(fetching, site, "/c")


async def test_a_robots_txt_that_is_a_bomb_is_read_up_to_500_kib() -> None:
    bomb = gzip.compress(b"User-agent: *\nDisallow: /a\n" + bytes(100_000_000), 1)
    async with visiting({"/robots.txt": page(bomb, content_encoding="gzip")}) as (site, fetching):
        assert "does not allow it" in await why_not(fetching, site.url("/a", NEWS))


def test_a_robots_txt_of_many_agents_and_many_rules_is_not_their_product() -> None:
    agents = b"".join(b"user-agent:%x\n" % number for number in range(17_000))
    robots = robots_of((agents + b"allow:/a\n" * 27_000)[:LONGEST_ROBOTS])
    assert list(robots.rules._user_agents) == ["other"]


def test_a_delay_is_honoured_up_to_ten_seconds() -> None:
    asked = {"2": 2.0, "3600": 10.0, "-1": 0.0, "nan": 0.0, "1e999": 0.0, "soon": 0.0, "": 0.0}
    assert {said: robots_of(f"User-agent: *\nCrawl-delay: {said}".encode()).delay for said in asked} == asked


async def test_the_memory_of_robots_txt_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retrieval.fetching._MOST_ROBOTS", 150)
    async with Site({"/robots.txt": page(b"#" * 100), "/a": page(b"words")}).serving() as site:
        names = {f"{number}.example": [["127.0.0.1"]] for number in range(4)}
        async with fetcher("*.example", names=Names(names)) as fetching:
            for name in names:
                await fetching.fetch(site.url("/a", name))
            assert list(fetching._kept) == [f"http://3.example:{site.port}"]
