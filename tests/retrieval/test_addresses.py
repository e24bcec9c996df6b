"""What an address is, the id that it gives, and which addresses of the network are nobody's to ask."""

from ipaddress import IPv4Address, ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.addresses import Allowed, article_id_of, parse, refusal_of, special_kind
from retrieval.readers import LONGEST_FIELD, problem_of_id

STORY = "news.example/2024/story"


@pytest.mark.parametrize(
    "spelling",
    [
        "https://news.example/2024/story",
        "http://news.example/2024/story",
        "HTTPS://News.Example/2024/story",
        "https://news.example:443/2024/story",
        "http://news.example:80/2024/story",
        "https://news.example./2024/story",
        "https://news.example/2024/story/",
        "https://news.example/2024/story#comments",
        "https://news.example/2024/story?",
        "https://news.example/2024/./x/../story",
        "https://news.example/2024/%73tor%79",
        "https://reader:secret@news.example/2024/story",
        "https://news.example/2024/story?utm_source=rss&utm_medium=feed",
        "https://news.example/2024/story?fbclid=abc&gclid=def&UTM_CAMPAIGN=x",
        "https://news.example/2024/story?at_medium=RSS&at_campaign=rss&at_custom1=x&at_link_type=web_link",
        "  https://news.example/2024/story\n",
    ],
)
def test_two_spellings_of_one_page_have_one_id(spelling: str) -> None:
    assert article_id_of(spelling) == STORY


@pytest.mark.parametrize(
    ("url", "article_id"),
    [
        ("https://www.news.example/2024/story", f"www.{STORY}"),
        ("https://news.example:8443/2024/story", "news.example:8443/2024/story"),
        ("https://news.example/", "news.example"),
        ("https://news.example", "news.example"),
        ("https://news.example/?p=12", "news.example?p=12"),
        ("https://news.example/story?b=2&a=1&utm_id=9", "news.example/story?a=1&b=2"),
        ("https://news.example/story?id=2&id=1", "news.example/story?id=2&id=1"),
        ("https://news.example/Story", "news.example/Story"),
        ("https://news.example/a%2Fb", "news.example/a%2Fb"),
        ("https://news.example/story?q=%c3%bc&r=ü", "news.example/story?q=%C3%BC&r=%C3%BC"),
        ("https://news.example/समाचार", "news.example/%E0%A4%B8%E0%A4%AE%E0%A4%BE%E0%A4%9A%E0%A4%BE%E0%A4%B0"),
        ("https://news.example/100%", "news.example/100%25"),
        ("https://[2606:4700:0:0::1]/a", "[2606:4700::1]/a"),
    ],
)
def test_what_may_be_another_page_has_another_id(url: str, article_id: str) -> None:
    assert article_id_of(url) == article_id


@pytest.mark.parametrize(
    "url", ["https://bücher.example/a", "https://BÜCHER.example/a", "https://xn--bcher-kva.example/a"]
)
def test_an_international_name_has_one_form(url: str) -> None:
    assert article_id_of(url) == "xn--bcher-kva.example/a"


def test_a_long_address_gives_an_id_that_is_cut_and_still_its_own() -> None:
    one, other = (article_id_of(f"https://news.example/{'long-' * 400}{end}") for end in ("one", "other"))
    assert one != other
    for article_id in (one, other):
        assert len(article_id) == LONGEST_FIELD
        assert problem_of_id(article_id) is None


@pytest.mark.parametrize(
    "url", ["", "story", "/2024/story", "urn:isbn:1", "mailto:desk@news.example", "http://", "http:///a"]
)
def test_what_is_no_address_of_a_page_has_no_id(url: str) -> None:
    with pytest.raises(ValueError, match=r"begins with neither|names no host"):
        article_id_of(url)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://news.example/", "begins with neither http:// nor https://"),
        ("http://a@news.example/", "names a user, which is not sent; leave out what stands before the @"),
        ("http://news.example/a b", "holds a space, a control character or a backslash, which no address may"),
        ("http://news.example/a\0", "holds a space, a control character or a backslash, which no address may"),
        ("http://news.example/a\\b", "holds a space, a control character or a backslash, which no address may"),
        ("http://news.example:0/", "port 0 is none of 1 to 65535"),
        ("http://news.example:65536/", "port 65536 is none of 1 to 65535"),
        ("http://news.example:http/", "its host or its port is none"),
        ("http://news.example:８０/", "its host or its port is none"),
        ("http://[::1/", "its host or its port is none"),
        ("http://[::g]/", "its host is no IPv6 address"),
        ("http://[fe80::1%25eth0]/", "its host names a zone of this machine"),
        ("http://news%2eexample/", "its host is no name of the Internet"),
        ("http://news..example/", "its host is no name of the Internet"),
        (f"http://{'a' * 64}.example/", "its host is no name of the Internet"),
        ("http://127.1/", "its host is a number; write an IPv4 address as four decimal ones"),
        (f"http://news.example/{'a' * 8000}", "longer than 8,000 characters"),
    ],
)
def test_an_address_that_is_none_says_why(url: str, reason: str) -> None:
    with pytest.raises(ValueError, match=r".") as raised:
        parse(url)
    assert str(raised.value) == reason


PIECES = st.sampled_from(
    [*"/:@?#[]%.\\ &=;~ü։。℀１²ß\u00ad\u200d\ud800\0", "//", "http:", "..", "127", "0x7f", "xn--", "::1"]
)
URLS = st.one_of(
    st.text(), st.lists(st.one_of(PIECES, st.text(max_size=3))).map(lambda some: "http://" + "".join(some))
)


@settings(deadline=None)  # the machine may be busy
@given(URLS)
def test_any_text_is_an_address_in_one_form_or_none(text: str) -> None:
    try:
        url = parse(text)
    except ValueError:
        return
    assert parse(str(url)) == url
    assert str(url).isascii()
    assert problem_of_id(article_id_of(text)) is None
    assert article_id_of(text) == article_id_of(str(url))


@settings(deadline=None)  # the machine may be busy
@given(URLS)
def test_what_is_told_in_relation_to_a_page_is_an_address_in_one_form_or_none(text: str) -> None:
    try:
        url = parse(text, parse("https://news.example/a/b"))
    except ValueError:
        return
    assert parse(str(url)) == url


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("0.0.0.0", "unspecified"),  # noqa: S104 - nothing is bound
        ("0.1.2.3", "unspecified"),
        ("10.0.0.1", "private"),
        ("100.64.0.1", "private (a carrier's)"),
        ("100.100.100.200", "private (a carrier's)"),
        ("127.0.0.1", "loopback"),
        ("127.255.255.254", "loopback"),
        ("168.63.129.16", "a cloud's own (Azure's)"),
        ("169.254.169.254", "link-local"),
        ("172.16.0.1", "private"),
        ("172.31.255.255", "private"),
        ("192.0.0.192", "reserved"),
        ("192.0.2.1", "for documentation"),
        ("192.88.99.1", "a 6to4 relay"),
        ("192.168.1.1", "private"),
        ("198.18.0.1", "for benchmarks"),
        ("198.51.100.1", "for documentation"),
        ("203.0.113.1", "for documentation"),
        ("224.0.0.1", "multicast"),
        ("239.255.255.250", "multicast"),
        ("240.0.0.1", "reserved"),
        ("255.255.255.255", "reserved"),
        ("::", "unspecified"),
        ("::1", "loopback"),
        ("::127.0.0.1", "IPv4 within IPv6"),
        ("::ffff:127.0.0.1", "IPv4 within IPv6"),
        ("::ffff:8.8.8.8", "IPv4 within IPv6"),
        ("::ffff:0:127.0.0.1", "reserved"),
        ("64:ff9b::a9fe:a9fe", "IPv4 within IPv6 (NAT64)"),
        ("64:ff9b:1::7f00:1", "IPv4 within IPv6 (NAT64)"),
        ("100::1", "reserved"),
        ("2001::1", "IPv4 within IPv6 (Teredo)"),
        ("2001:2::1", "reserved"),
        ("2001:20::1", "reserved"),
        ("2001:db8::1", "for documentation"),
        ("2002:7f00:1::", "IPv4 within IPv6 (6to4)"),
        ("3fff::1", "for documentation"),
        ("4000::1", "reserved"),
        ("5f00::1", "reserved"),
        ("fc00::1", "private"),
        ("fd00:ec2::254", "private"),
        ("fe80::1", "link-local"),
        ("fe80::1%eth0", "link-local"),
        ("fec0::1", "site-local"),
        ("ff02::1", "multicast"),
        ("ff0e::1", "multicast"),
    ],
)
def test_an_address_of_no_single_host_of_the_internet_says_what_it_is(address: str, kind: str) -> None:
    assert special_kind(ip_address(address)) == kind
    assert refusal_of([ip_address("8.8.8.8"), ip_address(address)], 443)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "8.8.8.8", "100.128.0.1", "172.32.0.1", "192.0.1.1", "2606:4700::1", "2a00::1"]
)
def test_an_address_of_the_whole_internet_is_open(address: str) -> None:
    assert refusal_of([ip_address(address)], 443) is None


@settings(deadline=None)  # the machine may be busy
@given(st.ip_addresses())
def test_what_python_knows_not_to_be_global_is_never_open(address: IPv4Address) -> None:
    if not address.is_global or address.is_multicast or address.is_reserved:
        assert special_kind(address)


@pytest.mark.parametrize("port", [1, 22, 25, 110, 445, 1023])
def test_ports_of_other_protocols_are_closed(port: int) -> None:
    assert (
        refusal_of([ip_address("8.8.8.8")], port) == f"port {port} is not the web's: 80, 443, and 1,024 and above are"
    )


def test_an_allowed_name_opens_itself_alone() -> None:
    allowed = Allowed(["Wiki.corp", "bücher.example."])
    assert allowed.names("wiki.corp")
    assert allowed.names("xn--bcher-kva.example")
    for near in ("corp", "awiki.corp", "a.wiki.corp", "wiki.corp.evil.example", "wiki.co", "wikiccorp"):
        assert not allowed.names(near)


@pytest.mark.parametrize("entry", ["*.corp", ".corp", ".CORP"])
def test_an_allowed_domain_opens_what_is_below_it_alone(entry: str) -> None:
    allowed = Allowed([entry])
    assert allowed.names("wiki.corp")
    assert allowed.names("a.wiki.corp")
    for near in ("corp", "evilcorp", "wiki.corp.evil.example"):
        assert not allowed.names(near)


def test_an_allowed_network_opens_its_addresses_alone() -> None:
    allowed = Allowed(["10.1.0.0/16", "192.168.1.7", "fd00::/8", "[fe80::1]"])
    for inside in ("10.1.0.0", "10.1.255.255", "192.168.1.7", "fd12::1", "fe80::1"):
        assert allowed.holds(ip_address(inside))
    for near in (
        "10.0.255.255",
        "10.2.0.0",
        "192.168.1.8",
        "fc00::1",
        "fe80::2",
        "::ffff:10.1.0.1",
        "::ffff:192.168.1.7",
    ):
        assert not allowed.holds(ip_address(near))


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "*",
        "*.",
        ".",
        "http://wiki.corp",
        "wiki.corp:8080",
        "10.0.0.1/8",
        "10.0.0.0/33",
        "127.1",
        "*.1",
        "wi ki",
        "a@wiki.corp",
    ],
)
def test_what_can_not_be_allowed_is_said_at_once(entry: str) -> None:
    with pytest.raises(ValueError, match="is no host that can be allowed: name a name"):
        Allowed([entry])
