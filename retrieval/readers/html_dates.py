"""When an article was published: the first of a page's claims that is one, never when it or another was changed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from retrieval.readers.html_blocks import Block
from retrieval.readers.html_moments import Moment, machine_moment, moments_in
from retrieval.readers.html_page import Element, Page, key, line, strings, types_of, words_of

_PUBLISHED_NAMES = (
    *("article:published_time", "og:article:published_time", "article:published", "og:published_time"),
    *("datepublished", "date_published", "published_time", "publishdate", "publish-date", "publish_date", "pubdate"),
    *("pub_date", "publication_date", "publication-date", "date-published", "parsely-pub-date", "sailthru.date"),
    *("rnews:datepublished", "bt:pubdate", "ptime", "iso-8601-publish-date", "originalpublicationdate", "displaydate"),
    *("cxenseparse:recs:publishtime", "citation_publication_date", "citation_date", "article.published", "published"),
    *("article_date_original", "article:published_date", "article:post_date", "dc.date.issued", "dcterms.issued"),
    *("dc.issued", "dcterms.available", "vr:published_time", "shareaholic:article_published_time", "release_date"),
)
# Less is known of what these mean: some sites change them with each edit.
_DATE_NAMES = (
    *("dc.date.created", "dcterms.created", "datecreated", "date.created", "date.available", "dc.date", "dcterms.date"),
    *("dc:date", "date", "sort_date", "doc_date", "created", "og:pubdate", "content_create_date", "firstcreatedtime"),
)
_PUBLISHED = re.compile(
    r"publi|posted|first |issued|released?\b|created|date of|release date|datepub|veröffentlicht|erschienen|erstellt|"
    r"mis en ligne|parution|pubblicat|publicad|creado|опубликован|дата публикации|размещен|opublikowan|geplaatst|"
    r"gepubliceerd|yayın|giriş|julkaistu|publicerad|julkaist|udgivet|publisert|zveřejněn|nشر|نشر|نُشر|تاريخ النشر|"
    r"प्रकाशित|公開|掲載|配信|发布|發布|发表|時間|时间|입력|등록|승인|đăng|diterbitkan|δημοσι",
    re.IGNORECASE,
)
_UPDATED = re.compile(
    r"updat|modif|\bedit(?:ed)?\b|revis|corrected|changed|reviewed|as of|aktualisier|stand\b|geändert|mis(?:e)? à jour|màj|"
    r"actualiz|atualiz|aggiorna|обновлен|изменен|aktualiz|bijgewerkt|gewijzigd|güncel|päivitet|uppdater|opdater|oppdater|"
    r"تحديث|حُدّث|अपडेट|अद्यतन|更新|수정|cập nhật|diperbarui|dernière mod|last mod|ενημ|expire|archiv|retrieved|accessed|printed",
    re.IGNORECASE,
)
_DATE_WORDS = re.compile(
    r"\b(?:date|dates|time|timestamp|publish|published|posted|pubdate|dateline|byline|meta|info|datetime|story date|entry date|"
    r"datum|fecha|data|created|released?|issued|stamp|submitted)\b|(?:date|time)$"
)
_DATED_PATH = re.compile(
    r"/((?:19|20)\d\d)[/_-]?(0[1-9]|1[0-2]|[1-9])(?:[/_-]?(0[1-9]|[12]\d|3[01]|[1-9])(?=\D|$))?(?=[/_.-]|\D)"
)
_PATH_MONTH = re.compile(r"/((?:19|20)\d\d)/([a-z]{3,9})/(\d{1,2})/", re.IGNORECASE)
_INDIAN = re.compile(
    r"\b(?:(?i:india|indian|delhi|mumbai|bengaluru|chennai|kolkata|hyderabad|lucknow|thiruvananthapuram|crore|lakh)|PTI|ANI|IANS)\b|₹|\bRs\b"
)
_OTHER_IST = re.compile(r"\b(?:(?i:israeli?s?|ireland|irish|dublin|jerusalem|tel aviv))\b")
_SCRIPTS = {
    "JP": re.compile("[\u3041-\u30fa]"),
    "KR": re.compile("[\uac00-\ud7a3]"),
    "CN": re.compile("[\u4e00-\u9fff]"),
    "IN": re.compile("[\u0900-\u0d7f]"),
}
_SAMPLE = 2_000  # characters whose script is looked at; chosen
_ENOUGH = 3  # points of a visible date: two kinds of evidence; chosen


@dataclass(frozen=True)
class Time:
    """A date that is marked as one."""

    moment: Moment
    elements: frozenset[Element]
    """What it stands in."""
    is_sure: bool
    """It is marked as the publication's."""


@dataclass(frozen=True)
class Shown:
    """What readers see, without what belongs to other articles."""

    title: str | None
    blocks: list[Block]
    times: list[Time]


def times_of(page: Page) -> list[Time]:
    """Give what <time> says and microdata, as long as they are in the tree."""
    country = country_of(page)
    times = []
    for element in page.tree.xpath(
        "//time | //*[contains(@itemprop, 'datePublished')] | //abbr[contains(@class, 'published')]"
    ):
        is_sure = (
            element.tag != "time"
            or element.get("pubdate") is not None
            or "publi" in f"{words_of(element)} {element.get('itemprop')}"
        )
        if moment := _timed(element, country):
            times.append(Time(moment, frozenset([element, *element.iterancestors()]), is_sure))
    return times


def is_dated(page: Page) -> bool:
    """Tell whether its head says when it was published."""
    return any(name in page.metas for name in _PUBLISHED_NAMES)


def published_of(page: Page, shown: Shown, body_starts: int | None, outlet_country: str = "") -> datetime | None:
    """Give the publication of the article, with its time where the page gives it with its zone.

    Args:
        page: what its head and its JSON-LD say.
        shown: what its readers see.
        body_starts: the number of the block with which the body begins; None: there is none.
        outlet_country: the country of its outlet (ISO 3166), where the name of a time zone means several.

    """
    country = outlet_country or country_of(page)
    moments = [moment for moment in _said(page, country) if moment]
    # A page that gives one moment for both may have lost the first: what readers are told beside it decides.
    changed = [machine_moment(text, country) for text in strings(page.article.get("dateModified"))]
    told = list(_told(shown, body_starts, country))
    path = _in_path(page)
    if moments and any(m and m.published == moments[0].published for m in changed):
        moments = [m for m in moments[1:] if m.day < moments[0].day][:1] + moments
    if path and not moments:
        told = [m for m in told if abs((m.day - path.day).days) <= 2]  # zones, and a day at the desk
    moments += [
        *told,
        *([path] if path else []),
        *(m for m in _vague(page, country) if m),
        *_datelines(shown.blocks, body_starts, country),
    ]
    # A desk that stamps its page with the minute of its last change alone, as agencies do: better than no date.
    moments = moments or [moment for moment in _told(shown, body_starts, country, is_changed=True) if moment.when]
    if not moments:
        return None
    # What has the time of the same day says more than the day.
    best = moments[0]
    return next((m for m in moments if m.when and abs((m.day - best.day).days) <= 0), best).published


def country_of(page: Page) -> str:
    """Give the country of a page, as far as its host, its language or its JSON-LD say; else an empty text."""
    addresses = [*(one for one in (page.fetched_from, page.saved_from, page.meta("og:url")) if one), *page.canonicals]
    hosts = [found.group(1) for url in addresses if (found := re.match(r"https?://([\w.-]+)", url))]
    suffix = next((host.rsplit(".", 1)[-1] for host in hosts), "")
    language = page.language
    by_suffix = {
        "in": "IN",
        "uk": "GB",
        "ie": "IE",
        "il": "IL",
        "us": "US",
        "gov": "US",
        "mil": "US",
        "bd": "BD",
        "cn": "CN",
        "tw": "TW",
        "ae": "AE",
        "sa": "SA",
    }
    if suffix in by_suffix:
        return by_suffix[suffix]
    region = language.split("-")[-1].upper() if "-" in language else ""
    if len(region) == len("IN") and region.isalpha():
        return region
    if len(suffix) == len("de"):
        return suffix.upper()  # every country but one writes the day first
    spoken = {
        "hi": "IN",
        "ta": "IN",
        "te": "IN",
        "mr": "IN",
        "ml": "IN",
        "kn": "IN",
        "gu": "IN",
        "pa": "IN",
        "or": "IN",
    }
    if language[:2] in spoken:
        return spoken[language[:2]]
    offsets = {
        value[-6:] for values in page.metas.values() for value in values if re.search(r"T\d\d:.*\+05:?30$", value)
    }
    offsets |= {
        text
        for name in ("datePublished", "dateModified")
        for text in strings(page.article.get(name))
        if re.search(r"\+05:?30$", text)
    }
    if offsets:
        return "IN"
    return language[:2].upper() if language[:2] not in {"", "en"} else ""


def written_in(text: str) -> str:
    """Give the country that nearly all that is written in a script comes from; an empty text: it is not one of those."""
    for country, script in _SCRIPTS.items():
        if len(script.findall(text[:_SAMPLE])) > _SAMPLE // 100:
            return country
    return ""


def is_indian(texts: list[str]) -> bool:
    """Tell whether the words of a page are India's, whose time zone has the same short name as Israel's and Ireland's."""
    whole = " ".join(texts)
    return len(_INDIAN.findall(whole)) > len(_OTHER_IST.findall(whole))


def _said(page: Page, country: str) -> Iterator[Moment | None]:
    """Give what the page says for machines."""
    # JSON-LD of the article itself is what search engines check sites for.
    for text in strings(page.article.get("datePublished")):
        yield machine_moment(text, country)
    # Open Graph's and its like are made for one article by the same system, without the other's nesting.
    for name in _PUBLISHED_NAMES:
        for text in page.metas.get(name, []):
            yield machine_moment(text, country)
    # A page that is no article to its system (WebPage) has the date of the page, mostly the article's.
    for node in page.nodes:
        if {"WebPage", "VideoObject", "ItemPage"} & set(types_of(node)) and not page.article:
            for text in [*strings(node.get("datePublished")), *strings(node.get("uploadDate"))]:
                yield machine_moment(text, country)


def _vague(page: Page, country: str) -> Iterator[Moment | None]:
    for text in strings(page.article.get("dateCreated")):
        yield machine_moment(text, country)
    for name in _DATE_NAMES:
        for text in page.metas.get(name, []):
            yield machine_moment(text, country)


def _told(shown: Shown, body_starts: int | None, country: str, *, is_changed: bool = False) -> Iterator[Moment]:
    """Give what readers are told, the likeliest first: labelled, marked as a date, near the headline."""
    title, blocks, times = shown.title, shown.blocks, shown.times
    heads = [number for number, block in enumerate(blocks) if _in(block.element, "h1")]
    heads += [number for number, block in enumerate(blocks[:60]) if title and key(block.text).startswith(key(title))]
    head = next(iter(heads), None)
    end = body_starts if body_starts is not None else (head + 12 if head is not None else 20)
    found: list[tuple[int, int, Moment]] = []
    before = ""
    for number, block in enumerate(blocks):
        text, label = block.text, before
        before = text if len(text) <= 40 and not re.search(r"\d", text) else ""
        if len(text) > 400 or block.kind == "quote":  # which has the date of a message that it shows
            continue
        near = (head if head is not None else 0) - 8 <= number <= end + 2
        moments = list(_labelled(block, label, country))
        marked = bool(moments) and _marked(block.element)
        for moment, said in moments:
            is_update = bool(_UPDATED.search(said)) and not _PUBLISHED.search(said.split()[-1] if said.split() else "")
            if is_update != is_changed or (is_changed and not near):
                continue
            points = 3 if _PUBLISHED.search(said) and len(said) < 60 else 0
            points += 2 if marked else 0
            points += 2 if near else 0
            piece = _piece(text, moment)
            points += 1 if (moment.end - moment.start) * 2 >= piece or (near and piece < 60) else 0
            if not is_changed and re.search(r"updat|modif", _classes(block.element)):
                continue
            if points >= _ENOUGH:
                found.append((-points, abs(number - (head or 0)) if near else number + 1000, moment))
    around = {block.element for block in blocks[max(0, (head or 0) - 8) : end + 3]}
    for time in [] if is_changed else times:
        is_near = not around.isdisjoint(time.elements - {blocks[0].element.getroottree().getroot()})
        found.append((-3 - 2 * is_near - time.is_sure, 0 if is_near else 1000, time.moment))
    found.sort(key=lambda one: one[:2])
    return (moment for _, _, moment in found)


def _piece(text: str, moment: Moment) -> int:
    """Give the length of what stands around a date between the bars of a line: "Author: … | 17-09-2009, 11:05 | …"."""
    bars = [-1, *(found.start() for found in re.finditer(r"[|•·\n]", text)), len(text)]
    return min(bar for bar in bars if bar >= moment.end) - max(bar for bar in bars if bar < moment.start) - 1


def _labelled(block: Block, label: str, country: str) -> Iterator[tuple[Moment, str]]:
    """Give the dates of a line, each with the words before it that may say what it is."""
    behind = 0
    for moment in moments_in(block.text, country):
        said = block.text[behind : moment.start].rsplit("\n", 1)[-1][-60:]
        if behind == 0 and not re.search(r"\w", said):
            said = label
        rest = block.text[moment.end : moment.end + 25]
        if re.match(r"\s*[(,|]?\s*\(?updated\)?\s*(?:\)|$)", rest, re.IGNORECASE):
            said += " updated"
        yield moment, said
        behind = moment.end


def _timed(time: Element, country: str) -> Moment | None:
    parent = time.getparent()
    words = f"{words_of(time)} {time.get('itemprop') or ''} {words_of(parent) if parent is not None else ''}"
    beside = time.getprevious()
    before = (parent.text if parent is not None else "") or ""
    if beside is not None:
        before = beside.tail if (beside.tail or "").strip() else " ".join(beside.itertext())
    said = f"{words} {before[-40:]} {''.join(time.itertext())[:40]}"
    if _UPDATED.search(said) and not re.search(r"publi|posted", before[-40:], re.IGNORECASE):
        return None
    text = line("".join(time.itertext()))
    moments = [
        m
        for m in (
            machine_moment(time.get("datetime") or time.get("content") or time.get("title") or "", country),
            next(moments_in(text, country), None),
        )
        if m
    ]
    return next((m for m in moments if m.when), moments[0] if moments else None)


def _marked(element: Element) -> bool:
    return bool(_DATE_WORDS.search(_classes(element))) or element.find(".//time") is not None


def _classes(element: Element) -> str:
    parent = element.getparent()
    children = " ".join(words_of(child) for child in list(element)[:6] if isinstance(child.tag, str))
    return f"{words_of(element)} {children} {words_of(parent) if parent is not None and next(islice(parent, 12, None), None) is None else ''}"


def _in(element: Element, tag: str) -> bool:
    return bool(element.tag == tag) or any(parent.tag == tag for parent in element.iterancestors(tag))


def _in_path(page: Page) -> Moment | None:
    """Give the day that is in the address."""
    for url in [one for one in (page.fetched_from, page.saved_from, *page.canonicals, page.meta("og:url")) if one]:
        path = re.sub(r"^\w+://[^/]*", "", url)[:500]
        if found := _PATH_MONTH.search(path):
            moment = next(moments_in(f"{found.group(3)} {found.group(2)} {found.group(1)}"), None)
            if moment:
                return moment
        if (found := _DATED_PATH.search(path)) and found.group(3):
            return machine_moment(f"{found.group(1)}-{int(found.group(2)):02}-{int(found.group(3)):02}")
    return None


def _datelines(blocks: list[Block], body_starts: int | None, country: str) -> Iterator[Moment]:
    """Give the date before the first sentence: "LONDON, Nov 10, 2023 (Reuters) - "."""
    if body_starts is None:
        return
    for block in blocks[body_starts : body_starts + 2]:
        front = re.split(r"\s[-–—:]\s|\.\s(?=[A-Z])|[-–—:]{1,2}(?=[A-Z])", block.text[:120])[0]
        if len(front) < 80 and front[:1].isupper():
            yield from moments_in(front, country)
