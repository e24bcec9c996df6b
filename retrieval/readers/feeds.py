"""A FEED: its bytes -> XML without declarations of its own -> entries -> the fields of each; top to bottom."""

import calendar
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from html import escape, unescape
from io import BytesIO
from typing import Any
from urllib.parse import urldefrag, urljoin

import feedparser

from retrieval.addresses import is_address
from retrieval.readers.bylines import people_and_agencies
from retrieval.readers.encodings import text_of
from retrieval.readers.fields import Address, Fields, Hints, NoArticle, id_among_many
from retrieval.readers.moments import moment_in
from retrieval.readers.paragraphs import is_markup, line_of_markup, paragraphs_of
from retrieval.readers.teasers import is_cut, without_teasers

Finding = Fields | Address | NoArticle
Entry = dict[str, Any]  # feedparser's, which looks up old names of keys, and warns of them: `dict.get` does not

MOST_TAGS = 500_000  # of a feed: feedparser takes about 20 µs for one
_LONGER = 1.2  # times its summary is a content that is more than that; chosen
_EARLIEST = 1990  # years; before it lie dates that mean none, such as Unix time 0

_ENCODING = re.compile(rb"\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_PROLOG = re.compile(r"(?:\s+|<\?.*?\?>|<!--.*?-->)*+", re.DOTALL)
_QUOTED = r"\"[^\"]*+\"|'[^']*+'"
_DOCTYPE = re.compile(
    rf"<!DOCTYPE(?:[^\[\]<>\"']++|{_QUOTED})*+(?:\[(?:[^\]\"'<]++|<!--.*?-->|<(?!!--)|{_QUOTED})*+\]\s*)?>",
    re.DOTALL | re.IGNORECASE,
)
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
# A section is let be, in which nothing is a reference, and so are those that XML has.
_REFERENCE = re.compile(
    r"<!\[CDATA\[.*?(?:\]\]>|\Z)"
    r"|&(?!(?:amp|lt|gt|quot|apos);)(?:(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});)?",
    re.DOTALL,
)
_PLACE = re.compile(r"</?gml:[^<>]*>")  # feedparser fails where one is in no georss:where, as in some feeds
_ENTRY = re.compile(r"<(?:\w+:)?(?:item|entry)[\s>]", re.IGNORECASE)
_ENTRY_END = re.compile(r"</(?:\w+:)?(?:item|entry)\s*>", re.IGNORECASE)
_END = re.compile(r"</(?:\w+:)?(?:rss|feed|rdf|channel)\s*>", re.IGNORECASE)
_ROOT = re.compile(r"<([A-Za-z_][\w:.-]{0,50})")
_ALTERNATE = re.compile(r"<link\b[^<>]*\btype\s*=\s*[\"']?application/(?:rss|atom)\+xml[^<>]*>", re.IGNORECASE)
_HREF = re.compile(r"\bhref\s*=\s*[\"']?([^\"'\s<>]+)", re.IGNORECASE)
_NO_OUTLET = re.compile(
    r"(?:\s*[-–—|:»«·,]+\s*|^)"
    r"(?:(?:latest|all|top|breaking|recent)[ -](?:news|stories|articles|posts|headlines)|news ?feed|feeds?"
    r"|home ?page|home)\s*\Z"
    r"|(?:\s*[-–—|:»«·,]+\s*|\s+|^)(?:rss(?: ?[012]\.\d+)?|atom|(?:rss|atom|xml)[ -]feeds?)\s*\Z",
    re.IGNORECASE,
)


def feed(data: bytes, hints: Hints) -> list[Finding]:
    """Read RSS 0.9x, 1.0 and 2.0, and Atom.

    Returns:
        Of each entry its fields; or its address, where a feed that was fetched says nothing more; or the reason why it
        is neither. A feed that is cut off ends with a reason.

    Raises:
        NoArticle: it is no feed, or has no entries.

    """
    said = _ENCODING.match(data)
    text = text_of(data, hints.charset or (said[1].decode() if said else None))
    if text.count("<") > MOST_TAGS:
        raise NoArticle(f"more than {MOST_TAGS:,} tags in one feed")
    text = _plain_xml(text)
    if not text.strip():
        raise NoArticle("empty")
    text, is_whole = _whole_entries(text)
    try:
        parsed = feedparser.parse(
            BytesIO(text.encode(errors="replace")),
            response_headers={"content-type": "application/xml; charset=utf-8", "content-location": hints.url or ""},
            resolve_relative_uris=False,
            sanitize_html=False,  # paragraphs_of takes nothing but words
        )
    except Exception as error:  # its handlers of extensions raise anything
        raise NoArticle(f"no feed that can be read: {type(error).__name__} in feedparser") from error
    entries: list[Entry] = parsed["entries"]
    if not entries:
        raise NoArticle(_why_empty(text, parsed["version"], hints) if is_whole else "cut off in its first entry")
    channel = _Channel(parsed["feed"], entries, hints)
    found = [channel.finding(entry) for entry in entries]
    return found if is_whole else [*found, NoArticle("the feed is cut off here")]


def _plain_xml(text: str) -> str:
    """Leave out what XML declares of its own, entities above all, and characters that it does not know.

    Without them nothing is expanded, and nothing asked for elsewhere, by whichever parser.

    Raises:
        NoArticle: its declarations have no end.

    """
    text = _behind_prolog(_NO_XML.sub("", text.removeprefix("\ufeff")))
    if text[:9].upper() == "<!DOCTYPE":
        doctype = _DOCTYPE.match(text)
        if not doctype:
            raise NoArticle("no feed: its DOCTYPE has no end")
        text = _behind_prolog(text[doctype.end() :])
    if text[:2] == "<!":
        raise NoArticle("no feed: it declares what no feed does")
    return _REFERENCE.sub(_resolved, _PLACE.sub("", text))


def _behind_prolog(text: str) -> str:
    prolog = _PROLOG.match(text)
    return text[prolog.end() :] if prolog else text


def _resolved(found: re.Match[str]) -> str:
    """Resolve a reference by HTML's names, which XML does not have and feeds use, and an ampersand that begins none."""
    if found[0].startswith("<"):
        return found[0]
    return escape(_NO_XML.sub("", unescape(found[0])))


def _whole_entries(text: str) -> tuple[str, bool]:
    """Leave out the entry that has no end, because the feed has none; tell whether it has."""
    end = 0
    for entry in _ENTRY_END.finditer(text):
        end = entry.end()
    if _END.search(text, end) or not _ENTRY.search(text):
        return text, True
    return text[:end], False


def _why_empty(text: str, version: str, hints: Hints) -> str:
    root = _ROOT.search(text)
    if version or (root and root[1].lower() in {"rss", "feed", "rdf:rdf"}):
        return "a feed without entries"
    if (link := _ALTERNATE.search(text)) and (href := _HREF.search(link[0])):
        return f"a page, not a feed; it names its feed: {_joined(hints.url or '', href[1])}"
    return f"no feed: its first tag is <{root[1]}>" if root else "no feed: it has no tags"


class _Channel:
    """What a feed says of all its entries, and each of them by it."""

    def __init__(self, channel: Entry, entries: Sequence[Entry], hints: Hints) -> None:
        self._hints = hints
        self._home = dict.get(channel, "link") or ""
        self._base = hints.url or self._home
        self._outlet = outlet_of(line_of_markup(dict.get(channel, "title") or ""))
        self._authors = _authors(channel)
        titles = defaultdict(set)
        for entry in entries:
            titles[urldefrag(self._link(entry) or "")[0]].add(dict.get(entry, "title"))
        self._shared = {link for link, several in titles.items() if len(several) > 1}

    def finding(self, entry: Entry) -> Finding:
        """Read one entry."""
        source = line_of_markup(dict.get(dict.get(entry, "source") or {}, "title") or "")
        title = line_of_markup(dict.get(entry, "title") or "")
        link = self._link(entry)
        is_page = link is not None and not self._is_of_many(link)
        text, is_summary = _text(entry)
        if _words(text) in {_words(title), _words(f"{title} {source}")}:
            text = ""  # as in feeds of search engines
        if not text and link and is_page and self._hints.url:
            return Address(link)
        if not text:
            return NoArticle(f"no text of it in the feed, and its page is not fetched: {link}" if link else _SILENT)
        authors, agencies = people_and_agencies(_authors(entry) or self._authors)
        fields = Fields(
            text,
            title=title.removesuffix(f" - {source}") if source else title or None,
            published=_published(entry),
            outlet=source or self._outlet,
            url=link,
            authors=authors,
            credits=agencies,
            is_summary=is_summary and is_page,
        )
        return fields if is_page else replace(fields, article_id=id_among_many(replace(fields, url=None)))

    def _link(self, entry: Entry) -> str | None:
        """Give the address of its page."""
        links = [dict.get(one, "href") for one in dict.get(entry, "links") or () if dict.get(one, "rel") == "alternate"]
        for link in (dict.get(entry, "feedburner_origlink"), dict.get(entry, "link"), *links):
            if link and is_address(whole := _joined(self._base, link)):
                return whole
        return None

    def _is_of_many(self, link: str) -> bool:
        """Tell whether other entries have the same page: places on it, or the home page where an article has none."""
        page, fragment = urldefrag(link)
        return page.rstrip("/") == self._home.rstrip("/") or (page in self._shared and bool(fragment))


_SILENT = "it has neither a text nor an address"


def outlet_of(title: str) -> str | None:
    """Give the name of who publishes a feed, without what makes it a feed's title: "- Latest news", "RSS"."""
    while (shorter := _NO_OUTLET.sub("", title)) != title:
        title = shorter
    return title.strip(" -–—|:»«·,") or None


def _joined(base: str, link: str) -> str:
    try:
        return urljoin(base, link.strip())
    except ValueError:
        return ""


def _text(entry: Entry) -> tuple[str, bool]:
    """Give its words, and whether they are a summary: there are no others, or they are no more, or they are cut."""
    contents: Sequence[Entry] = dict.get(entry, "content") or ()
    content = max(map(_paragraphs, contents), key=len, default="")
    given = dict.get(entry, "summary_detail") or {"value": dict.get(entry, "summary")}
    # Where there is none, feedparser gives the content for it.
    summary = "" if any(dict.get(one, "value") == given["value"] for one in contents) else _paragraphs(given)
    whole = without_teasers(content)
    if len(content) > _LONGER * len(summary):
        return whole, is_cut(content)
    return without_teasers(max(summary, content, key=len)), True


def _paragraphs(detail: Entry) -> str:
    value, kind = dict.get(detail, "value") or "", (dict.get(detail, "type") or "").lower()
    if kind and not kind.startswith("text/") and "xml" not in kind:
        return ""  # a picture, in letters
    text = value.strip() if kind == "text/plain" and not is_markup(value) else paragraphs_of(value)
    return paragraphs_of(text) if is_markup(text) else text  # escaped twice


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text)).casefold()


def _authors(entry: Entry) -> list[str]:
    names = [dict.get(one, "name") or "" for one in dict.get(entry, "authors") or ()]
    written = dict.get(entry, "author") or ""
    if not names or "@" in written:
        names[-1:] = [written]  # feedparser cuts addresses such as ann@desk.media where the name would begin
    return [line_of_markup(one) for one in names if one]


def _published(entry: Entry) -> datetime | None:
    """Give the moment of publication, else of its last change; None: it has none that is one."""
    for key in ("published", "updated", "created"):
        moment = moment_in(dict.get(entry, key))
        if moment is not None and moment.year >= _EARLIEST:
            return moment
        parsed = dict.get(entry, f"{key}_parsed")  # for the dates of Korea, Greece and Hungary
        if moment is None and parsed and parsed.tm_year >= _EARLIEST:
            return datetime.fromtimestamp(calendar.timegm(parsed), UTC)
    return None
