"""The bytes of a page become its tree, what its head says of it, and the JSON-LD of its article."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from html import unescape
from itertools import islice
from typing import Any

from lxml import etree, html

from retrieval.readers.encodings import text_of
from retrieval.readers.fields import Hints, NoArticle

_NAMING = ("class", "id", "data-testid", "data-component", "data-area", "data-gu-name", "data-qa")
MOST_ELEMENTS = 150_000  # of a page: the longest live blogs have a fifth of it; chosen
MOST_ATTRIBUTES = 1_000  # of a tag: libxml2 compares each with each, 100,000 of them take 14 s
MOST_LINKED_DATA = 2_000_000  # characters of JSON-LD; chosen
_LONGEST_CLAIM = 2_000  # characters of what a head says under one name; chosen
_MOST_CLAIMS = 20  # of one name; chosen
_LONG_TAG = 4_000  # characters of a tag whose attributes are counted

_HEAD = frozenset("title meta link script style base noscript template object isindex".split())
_CHARSET = re.compile(rb"<meta\b[^>]{0,300}?\bcharset\s*=\s*[\"']?\s*([\w:.-]{2,40})", re.IGNORECASE)
_CHARSET_WITHIN = 8_192  # bytes; browsers look at 1,024, and saved pages have comments in front

_TAG = re.compile(r"""<[a-zA-Z](?>"[^"]*+"|'[^']*+'|[^>"'])*+""")
_ATTRIBUTE = re.compile(r"""[\s/]+[^\s/=>"']+""")
_SAVED_FROM = re.compile(r"<!--\s*saved from url=\(\d+\)\s*(\S{1,2000}?)\s*-->")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ue000-\ue00f]")  # and the marks of html_body.py

Json = dict[str, Any]
Element = Any  # lxml's, which has no types


@dataclass(frozen=True)
class Page:
    """A page that was read; the functions that take it only look at it."""

    tree: Element
    """An lxml element; what is no part of its article is taken out on the way."""
    metas: Mapping[str, list[str]]
    """What its head says, by name in lower case: `og:title`, `article:published_time`, `dc.date`."""
    nodes: list[Json]
    """All of its JSON-LD."""
    article: Json = field(default_factory=dict)
    """The JSON-LD of the article that the page is for; empty: there is none."""
    titles: list[str] = field(default_factory=list)
    """What is in <title>."""
    canonicals: list[str] = field(default_factory=list)
    """What it links as its own address."""
    saved_from: str | None = None
    fetched_from: str | None = None

    def meta(self, *names: str) -> str | None:
        """Give the first thing that its head says under the first of the names that it has."""
        return next((value for name in names for value in self.metas.get(name, [])), None)

    @property
    def language(self) -> str:
        """Give the tag of its language in lower case, en-in; empty: it does not say."""
        said = self.tree.get("lang") or self.tree.get("xml:lang") or self.meta("og:locale", "content-language") or ""
        locale = self.meta("og:locale") or ""
        if locale.lower().startswith(said.lower()[:2]) and len(said) == len("en"):
            said = locale  # it says the country, too
        return said.strip().lower().replace("_", "-")


def page_of(data: bytes, hints: Hints) -> Page:
    """Read the page.

    Raises:
        NoArticle: it is no text, too large, or built to harm.

    """
    if data.count(b"\0") * 100 < len(data):
        data = data.replace(b"\0", b"")  # as browsers do; more of them are UTF-16, or no text
    text = _CONTROL.sub("", text_of(data, _charset(data, hints)))
    if not text.strip():
        raise NoArticle("empty")
    for found in _TAG.finditer(text):
        if found.end() - found.start() > _LONG_TAG and len(_ATTRIBUTE.findall(found.group())) > MOST_ATTRIBUTES:
            raise NoArticle(f"a tag of it has more than {MOST_ATTRIBUTES:,} attributes")
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True)
    try:
        tree = html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise NoArticle("no page: there is nothing between its tags") from error
    _out_of_head(tree)
    if sum(1 for _ in zip(tree.iter(), range(MOST_ELEMENTS + 1), strict=False)) > MOST_ELEMENTS:
        raise NoArticle(f"it has more than {MOST_ELEMENTS:,} elements")
    saved = _SAVED_FROM.search(text[:5000])
    metas = _metas(tree)
    nodes = list(_nodes(tree))
    links = [link.get("href") for link in tree.iter("link") if (link.get("rel") or "").lower() == "canonical"]
    canonicals = [link.strip() for link in links if link and link.strip()]
    return Page(
        tree,
        metas,
        nodes,
        article=_main(nodes, _titles(tree, metas), next(iter(canonicals), None)),
        titles=[
            title
            for one in tree.xpath("//title[not(ancestor::svg)]")[:1]
            if (title := line((one.text or "")[:_LONGEST_CLAIM]))
        ],
        canonicals=canonicals,
        saved_from=saved.group(1) if saved else None,
        fetched_from=hints.url,
    )


def line(text: str) -> str:
    """Give a line of text as it is read: entities (also those that were escaped twice), spaces, no invisible marks."""
    if "&" in text:
        text = unescape(text)
    return " ".join(re.sub("[\u00ad\u200b\u2060\ufeff\ue000-\ue00f]", "", text).split())


def key(text: str) -> str:
    """Give what two ways of writing a text have in common: its letters and digits."""
    return re.sub(r"[\W_]+", "", text).casefold()


def alike(one: str, other: str) -> float:
    """Tell how much two titles share, 0 to 1: the threes of letters of the shorter that are in the longer."""
    grams = [{k[i : i + 3] for i in range(max(1, len(k) - 2))} for k in (key(one), key(other)) if k]
    if len(grams) < 2:
        return 0.0
    return len(grams[0] & grams[1]) / min(len(gram) for gram in grams)


def words_of(element: Element) -> str:
    """Give the class and the id of an element as words in lower case: "article body is main"."""
    named = " ".join(element.get(name) or "" for name in _NAMING)[:500]
    return " ".join(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", named).replace("_", " ").replace("-", " ").lower().split())


def strings(value: object) -> list[str]:
    """Give the texts of a JSON value: itself, the names of objects, or those of a list."""
    if isinstance(value, str):
        return [text] if (text := line(value)) else []
    if isinstance(value, Mapping):
        return strings(value.get("name") or value.get("@value"))
    if isinstance(value, list):
        return [text for one in value for text in strings(one)]
    return []


def types_of(node: Mapping[str, object]) -> list[str]:
    """Give the types of a node of JSON-LD, without their vocabulary."""
    return [re.split(r"[/#:]", name)[-1] for name in strings(node.get("@type"))]


def is_article(node: Mapping[str, object]) -> bool:
    """Tell whether a node of JSON-LD is one of an article."""
    return any(
        name.endswith(("Article", "BlogPosting")) or name in {"Report", "Reportage", "SpeakableArticle"}
        for name in types_of(node)
    )


def _out_of_head(tree: Element) -> None:
    """Put into the body what libxml2 leaves in the head of a page without <body>: <main> and its like, new to it."""
    head = tree.find("head")
    lost = [] if head is None else [one for one in head if isinstance(one.tag, str) and one.tag not in _HEAD]
    if not lost:
        return
    body = tree.find("body")
    if body is None:
        body = etree.SubElement(tree, "body")
    for place, element in enumerate(lost):
        body.insert(place, element)


def _charset(data: bytes, hints: Hints) -> str | None:
    # What the server says comes first for browsers; a byte order mark before all (text_of).
    found = _CHARSET.search(data[:_CHARSET_WITHIN])
    return hints.charset or (found.group(1).decode("ascii", "replace") if found else None)


def _metas(tree: Element) -> dict[str, list[str]]:
    metas: dict[str, list[str]] = {}
    for meta in tree.iter("meta"):
        name = meta.get("property") or meta.get("name") or meta.get("itemprop") or meta.get("http-equiv")
        value = line((meta.get("content") or meta.get("value") or "")[:_LONGEST_CLAIM])
        if name and value and len(said := metas.setdefault(name.strip().lower()[:100], [])) < _MOST_CLAIMS:
            said.append(value)
    return metas


# JSON-LD


def _nodes(tree: Element) -> Iterator[Json]:
    left = MOST_LINKED_DATA
    for script in tree.iter("script"):
        if "ld+json" not in (script.get("type") or "").lower() or not script.text:
            continue
        left -= len(script.text)
        if left < 0:
            return
        yield from _flat(_decoded(script.text))


def _decoded(text: str) -> object:
    """Decode JSON as pages write it: with line breaks in strings, commas at ends, comments around it, or escaped."""
    text = re.sub(r"^\s*(?:<!--|//\s*<!\[CDATA\[|/\*\s*<!\[CDATA\[\s*\*/|<!\[CDATA\[)", "", text)
    text = re.sub(r"(?:-->|//\s*\]\]>|/\*\s*\]\]>\s*\*/|\]\]>)\s*$", "", text).strip().rstrip(";")
    for attempt in (str, _without_commas, unescape):
        try:
            return json.JSONDecoder(strict=False).raw_decode(attempt(text))[0]
        except (ValueError, RecursionError):
            continue
    return _picked(text)


def _without_commas(text: str) -> str:
    return re.sub(r",\s*+(?=[}\]])", "", text)


def _picked(text: str) -> Json:
    """Pick single values out of JSON that is beyond repair, which is mostly so for one unescaped quote in another."""
    found = {
        name: match.group(1)
        for name in ("@type", "headline", "datePublished", "dateModified")
        if (match := re.search(rf'"{name}"\s*:\s*"([^"\n]{{1,500}})"', text))
    }
    return found if "@type" in found else {}


def _flat(value: object, depth: int = 0) -> Iterator[Json]:
    if depth > 5:
        return
    if isinstance(value, list):
        for one in value:
            yield from _flat(one, depth + 1)
    elif isinstance(value, dict):
        yield value
        # What it is about, never what it has parts, items or links of: those are other articles.
        for name in ("@graph", "mainEntity", "mainEntityOfPage"):
            yield from _flat(value.get(name), depth + 1)


def _main(nodes: Iterable[Json], titles: list[str], canonical: str | None) -> Json:
    """Give the node of the article that the page is for, not of one that it links to."""
    nodes = list(nodes)
    named = {
        identity: node for node in nodes if (identity := node.get("@id")) and len(node) > 1 and _hashable(identity)
    }
    articles = [node for node in nodes if is_article(node)]

    def likeness(node: Json) -> float:
        says = [*strings(node.get("headline")), *strings(node.get("name")), *strings(node.get("alternativeHeadline"))]
        return max((alike(one, title) for one in says for title in titles), default=0.0)

    def is_here(node: Json) -> bool:
        said = node.get("url") or node.get("mainEntityOfPage")
        address = said.get("@id") if isinstance(said, dict) else said
        return bool(canonical) and isinstance(address, str) and address.rstrip("/") == str(canonical).rstrip("/")

    ranked = sorted(articles, key=lambda node: (-is_here(node), -round(likeness(node), 1), -len(node)))
    if not ranked:
        return {}
    best = ranked[0]
    alone = len(articles) == 1 and (not titles or not canonical or not best.get("url"))
    if not (is_here(best) or likeness(best) >= 0.5 or alone):
        return {}
    return {name: _resolved(value, named) for name, value in best.items()}


def _resolved(value: object, named: Mapping[str, Json]) -> object:
    """Put a node in the place of the reference to it."""
    if isinstance(value, list):
        return [_resolved(one, named) for one in value]
    if isinstance(value, dict) and "name" not in value and _hashable(identity := value.get("@id")):
        return named.get(str(identity), value)
    return value


def _hashable(value: object) -> bool:
    return isinstance(value, str)


def _titles(tree: Element, metas: Mapping[str, list[str]]) -> list[str]:
    heads = [line(" ".join(head.itertext())) for head in islice(tree.iter("h1", "title"), _MOST_CLAIMS)]
    return [title for title in [*metas.get("og:title", []), *heads] if title]
