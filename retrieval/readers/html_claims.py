"""What a page says of itself: its title, its outlet and its address."""

import re
from itertools import islice
from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

from retrieval.addresses import is_address
from retrieval.readers.html_blocks import Block
from retrieval.readers.html_page import Element, Page, alike, is_article, key, line, strings, types_of, words_of

_LONGEST_TITLE = 300  # characters; what is longer is body
_MOST_MARKED = 2_000  # elements that are looked through for a headline; chosen
_SURE = 15  # letters of a title that is not one by chance; chosen
_LIKE = 0.6  # of two titles: the same, in other words; chosen
_SEPARATOR = re.compile(r"\s+(?:[|\-–—·•»«›>:]|::|\|\|)\s+|\s*[|｜]\s*|\s+[-–—]+\s+|(?<=\S)_(?=\S)(?=[^_]*$)")
_LARGE = re.compile(r"[4-7]|\+[2-4]")
_HEADLINE = re.compile(
    r"(?:(?:article|story|news|post|page|main|content|entry) ?)?(?:head ?line|heading|title|titulo|titre|titolo|titel|tytul|subject|tit)(?: text)?"
)
_KICKER = re.compile(
    r"\b(?:kicker|eyebrow|overline|label|badge|category|section|tag|topic|flag|hidden|sr only|screen reader|prefix|"
    r"live|dachzeile|topline|surtitle|share|icon)\b"
)
_KICKER_WORDS = re.compile(
    r"^(?:exclusive|explained|explainer|opinion|analysis|editorial|comment|interview|watch|video|photos?|premium|live|"
    r"breaking(?: news)?|just in|updated?|data|fact[ -]check|factbox|in pictures|podcast|listen|read)\s*(?:\||:\s*$|[-–—]\s)\s*",
    re.IGNORECASE,
)
# What runs the site, or where it is shown, is not who publishes it.
_NO_OUTLETS = {
    *"wordpress medium substack drupal joomla blogger blogspot wix squarespace ghost typo3 website home homepage news index mysite".split(),
    *"facebook twitter x instagram youtube linkedin google googlenews amp title undefined null none untitled".split(),
}


# THE TITLE


def title_of(page: Page, outlets: list[str], blocks: list[Block]) -> str | None:
    """Give the headline as an editor would cite it: no outlet behind it, no kicker before it."""
    heads = [
        head
        for element in islice(page.tree.iter("h1"), 20)
        if (head := _head(element)) and not _is_outlet(head, outlets)
    ]
    heads = heads or _unmarked(page, blocks)
    said = [
        _without_outlet(claim, outlets)
        for claim in [
            *strings(page.article.get("headline")),
            *strings(page.article.get("name")),
            *page.metas.get("og:title", []),
            *page.metas.get("twitter:title", []),
            *_document_title(page, outlets, heads),
            *(
                value
                for name in ("title", "headline", "dc.title", "parsely-title")
                for value in page.metas.get(name, [])
            ),
        ]
    ]
    said = [claim for claim in said if claim and not _is_outlet(claim, outlets) and len(claim) <= _LONGEST_TITLE]
    # What stands above the article is its headline, when the head of the page speaks of the same thing: what the head
    # says was written for search engines and social media, is cut, or has the outlet in it.
    for head in sorted(heads, key=lambda one: max((alike(one, claim) for claim in said), default=0), reverse=True):
        if any(alike(head, claim) >= _LIKE for claim in said):
            return _clean(_without_kicker(head, said))
    # Words of the headline's length within the article, when the head of the page has others for it.
    if heads and (not said or (len(key(heads[0])) >= 0.6 * len(key(said[0])) and len(heads) == 1)):
        return _clean(heads[0])
    below = next(
        (head for element in page.tree.iter("h2") if (head := _head(element)) and not _is_outlet(head, outlets)), None
    )
    is_only_named = not page.article and not page.metas.get("og:title")
    if below and (not said or (is_only_named and not heads and len(below.split()) >= 4)):
        return _clean(below)
    return _clean(next((claim for claim in said if not claim.endswith(("…", "..."))), said[0])) if said else None


def _unmarked(page: Page, blocks: list[Block]) -> list[str]:
    """Give the line near the top of a page that its title has at its end or its beginning: a headline of no <h1>."""
    titles = [key(title) for title in [*page.metas.get("og:title", []), *page.titles]]
    lines = [
        line(one)
        for block in blocks[:60]
        for one in block.text.split("\n")[:1]
        if block.linked < 0.5 and len(key(one)) > 12
    ]
    named = [one for title in titles for one in lines if title.startswith(key(one)) or title.endswith(key(one))]
    return named[:1] or _large(page)


def _large(page: Page) -> list[str]:
    """Give the first words in large letters, or named a headline: those of pages without headings."""
    if next(page.tree.iter("h1", "h2", "h3"), None) is not None:
        return []
    marked = (
        element
        for element in islice(page.tree.iter("font", "div", "span", "p", "td", "b", "strong"), _MOST_MARKED)
        if _LARGE.fullmatch(element.get("size") or "") or _HEADLINE.fullmatch(words_of(element))
    )
    heads = (_head(element) for element in marked if element.find(".//p") is None and element.find(".//a") is None)
    return [head for head in heads if 3 <= len(head.split()) <= 25][:1]


def _head(element: Element) -> str:
    """Give the words of a heading without those that stand in it for something else."""
    whole = line(" ".join("".join(element.itertext()).split()))
    if len(whole) > _LONGEST_TITLE:
        return ""
    parts = [element.text or ""]
    for child in element:
        inside = (
            ""
            if _KICKER.search(words_of(child)) or child.tag in {"svg", "button", "small", "time"}
            else "".join(child.itertext())
        )
        parts += [" " if child.tag == "br" else "", inside, child.tail or ""]
    return line("".join(parts)).strip(" |:–—-") or whole


def _without_kicker(head: str, said: list[str]) -> str:
    """Cut what stands before the words that the head of the page has as the title."""
    for claim in said:
        before = head[: -len(claim)]
        if head.endswith(claim) and len(claim) > len(before) and re.search(r"[|:–—-]\s*$|^\W*$", before):
            return (
                head
                if re.search(r":\s*$", before)
                and any(alike(head, other) == 1 and len(other) >= len(head) for other in said)
                else claim
            )
        # The words before it stand in an element of their own.
        if head.endswith(f" {claim}") and len(before.split()) > 1 and claim[0].isupper() and len(key(claim)) > _SURE:
            return claim
    return head


def _document_title(page: Page, outlets: list[str], heads: list[str]) -> list[str]:
    for title in page.titles:
        for head in heads:
            if len(key(head)) > 10 and key(title).startswith(key(head)):
                return [head]
        pieces = _pieces(title)
        # Without a name to know it by, the outlet is the short last piece, behind a headline.
        if (
            len(pieces) > 1
            and not outlets
            and len(pieces[-1][1].split()) <= 4
            and len(key(pieces[0][1])) > len(key(pieces[-1][1]))
        ):
            return [title[: pieces[-1][0]]]
    return page.titles


def _pieces(title: str) -> list[tuple[int, str]]:
    """Give the pieces of a title between separators, each with where the separator before it begins."""
    pieces, start, cut = [], 0, 0
    for found in _SEPARATOR.finditer(title):
        pieces.append((cut, title[start : found.start()].strip()))
        start, cut = found.end(), found.start()
    return [*pieces, (cut, title[start:].strip())]


def _without_outlet(title: str, outlets: list[str]) -> str:
    """Cut the outlet, and the sections between it and the headline, off the end or the beginning of a title."""
    title = title.strip()
    pieces = _pieces(title)
    while len(pieces) > 1 and _is_outlet(pieces[-1][1], outlets):
        title = title[: pieces[-1][0]].strip()
        pieces = _pieces(title)
        while len(pieces) > 1 and len(pieces[-1][1].split()) <= 2 and len(key(pieces[0][1])) > 25:
            title = title[: pieces[-1][0]].strip()
            pieces = _pieces(title)
    if len(pieces) > 1 and _is_outlet(pieces[0][1], outlets):
        return title[title.index(pieces[1][1], len(pieces[0][1])) :].strip()
    return title


def _is_outlet(piece: str, outlets: list[str]) -> bool:
    said = key(piece)
    if not said or len(piece.split()) > 7:
        return False
    for outlet in outlets:
        name = key(outlet)
        if said.removeprefix("the") == name.removeprefix("the"):
            return True
        if (
            min(len(said), len(name)) >= 3
            and (said.startswith(name) or name.startswith(said))
            and len(piece.split()) <= 4
        ):
            return len(said) < 3 * len(name)
    return False


def _clean(title: str) -> str:
    return _KICKER_WORDS.sub("", title).strip(" |") or title


# THE OUTLET


def outlets_of(page: Page) -> list[str]:
    """Give every name that the page has for who publishes it, the best first; its address's host comes last."""
    claims = [
        *page.metas.get("og:site_name", []),
        *strings(page.article.get("publisher")),
        *(name for node in page.nodes if not is_article(node) for name in _publisher(node)),
        *page.metas.get("application-name", []),
        *(
            value
            for name in (
                "publisher",
                "dc.publisher",
                "dcterms.publisher",
                "article:publisher",
                "twitter:app:name:iphone",
                "apple-mobile-web-app-title",
                "source",
                "citation_journal_title",
            )
            for value in page.metas.get(name, [])
        ),
        *_microdata(page),
    ]
    names = [name for claim in claims if (name := _outlet(claim))]
    # "NDTV.com" is how "NDTV" calls its site.
    names.sort(key=lambda name: bool(re.search(r"\.[a-z]{2,4}$", name, re.IGNORECASE)) and len(names) > 1)
    return list(dict.fromkeys([*names, *_tails(page, names), *_handles(page)]))


def outlet_of(outlets: list[str]) -> str | None:
    """Give who publishes the page."""
    if outlets and outlets[0].islower() and " " not in outlets[0]:  # a handle, or a host
        return next((name for name in outlets[1:] if key(name) == key(outlets[0])), outlets[0])
    return outlets[0] if outlets else None


def host_names(page: Page) -> list[str]:
    """Give the names that are in the page's own addresses: "thehindu" of www.thehindu.com."""
    hosts = {urlsplit(address).hostname or "" for address in _addresses(page) if _is_address(address)}
    labels = [re.sub(r"^(?:www\d?|m|amp|mobile|edition|news)\.", "", host).split(".") for host in sorted(hosts)]
    return [label for parts in labels if len(parts) > 1 for label in (parts[0], ".".join(parts)) if len(label) > 2]


def _publisher(node: dict[str, Any]) -> list[str]:
    kinds = types_of(node)
    if any(kind in {"WebSite", "NewsMediaOrganization"} for kind in kinds):
        return strings(node.get("name"))
    return strings(node.get("publisher"))


def _microdata(page: Page) -> list[str]:
    found = page.tree.xpath("//*[@itemprop='publisher'][@itemscope]")
    return [
        value
        for publisher in found[:3]
        for name in publisher.xpath(".//*[@itemprop='name']")[:1]
        if (value := line(name.get("content") or "".join(name.itertext())))
    ]


def _outlet(claim: str) -> str | None:
    claim = claim.strip(" @|-–—·")
    if claim.startswith(("http:", "https:", "www.")) or len(claim) > 80 or key(claim) in _NO_OUTLETS or not key(claim):
        return None
    claim = re.sub(r"^(?:©|\(c\)|copyright)\s*(?:\d{4}\s*)?", "", claim, flags=re.IGNORECASE)
    pieces = [piece for _, piece in _pieces(claim)]  # "The Herald | News, sport and more"
    return pieces[0] if pieces and pieces[0] else None


def _tails(page: Page, names: list[str]) -> list[str]:
    """Give the last piece of the title, when the page's address has the same name, or nothing else has one."""
    tails = [
        pieces[-1][1] for title in page.titles if len(pieces := _pieces(title)) > 1 and len(pieces[-1][1].split()) <= 5
    ]
    hosts = [key(name) for name in host_names(page)]
    known = [
        tail
        for tail in tails
        if any(key(tail) in host or host in key(tail) or _initials(tail) == host for host in hosts)
    ]
    heads = {key("".join(element.itertext())) for element in islice(page.tree.iter("h1"), 20)}
    rest = [
        piece
        for title in page.titles
        for _, piece in _pieces(title.replace(": ", " : "))[:1]
        if not hosts and len(piece.split()) <= 5
    ]
    tails = tails or [piece for piece in rest if len(key(piece)) < len(key(page.titles[0]))]
    said = [*page.metas.get("og:title", []), *strings(page.article.get("headline"))]
    return [
        tail
        for tail in (known or ([] if names else tails))
        if _outlet(tail) and not any(key(tail) in key(one) for one in said) and (said or key(tail) not in heads)
    ]


def _initials(name: str) -> str:
    return "".join(word[0] for word in name.lower().split())


def _handles(page: Page) -> list[str]:
    handles = [value.removeprefix("@").strip() for value in page.metas.get("twitter:site", [])]
    return [
        handle
        for handle in handles
        if handle and " " not in handle and "/" not in handle and key(handle) not in _NO_OUTLETS
    ]


# THE ADDRESS


def url_of(page: Page) -> str | None:
    """Give the address of the article: what the page says, but no page may take another site's place."""
    came_from = next((one for one in (page.fetched_from, page.saved_from) if one and _is_address(one)), None)
    for claim in _claimed(page):
        address = _joined(came_from, claim)
        if address is None:
            continue
        if came_from is None:
            return address
        # A home page's address in the head of every page is a mistake that sites make.
        if _host(address) == _host(came_from) and (
            urlsplit(address).path.strip("/") or not urlsplit(came_from).path.strip("/")
        ):
            return address
    return page.fetched_from or (_address(came_from) if came_from else None)


def _joined(base: str | None, claim: str) -> str | None:
    try:
        return _address(urljoin(base or "", claim))
    except ValueError:
        return None  # "http://[": no address


def _claimed(page: Page) -> list[str]:
    nested = page.article.get("mainEntityOfPage")
    entity = nested.get("@id") or nested.get("url") if isinstance(nested, dict) else nested
    claims = [
        *page.canonicals,
        *page.metas.get("og:url", []),
        page.article.get("url"),
        entity,
        *page.metas.get("twitter:url", []),
    ]
    return [claim.strip() for claim in claims if isinstance(claim, str) and claim.strip()]


def _addresses(page: Page) -> list[str]:
    return [one for one in (page.fetched_from, page.saved_from, *_claimed(page)) if one]


def _address(url: str) -> str | None:
    if not _is_address(url):
        return None
    parts = urlsplit(url)
    return urlunsplit((parts.scheme.lower(), parts.netloc, parts.path, parts.query, ""))


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        named = parts.scheme.lower() in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    plain = "@" not in parts.netloc and not re.search(r"[\s\\<>\"]", url) and "." in (parts.hostname or "")
    return named and plain and is_address(url)


def _host(url: str) -> str:
    parts = urlsplit(url)
    return re.sub(r"^(?:(?:www|m|amp|mobile)\.)+", "", (parts.hostname or "").lower()) + f":{parts.port or ''}"
