"""Who wrote an article: people, and the agencies whose words it has."""

import re
from collections.abc import Iterable, Iterator

from retrieval.readers.agencies import AGENCIES, agency_of
from retrieval.readers.html_blocks import Block, is_amid_prose
from retrieval.readers.html_page import Element, Page, key, line, strings, words_of

_ONE = "|".join(sorted((re.escape(name) for name in AGENCIES), key=len, reverse=True))
_LIST = rf"(?:{_ONE})(?:\s*(?:,|/|&|\+|and|und|et|y|with)\s*(?:{_ONE}))*"
_AT_FRONT = re.compile(
    rf"^.{{0,90}}?[(\[]\s*({_LIST})(?:\s*,[^)\]]{{0,30}})?\s*[)\]]|^({_LIST})(?:\s*[-–—:]\s|电|讯|電)|^[^.]{{0,60}}?\s[-–—]\s?({_LIST})\s?[-–—]\s",
    re.DOTALL,
)
_AT_END = re.compile(rf"(?:[(\[]\s*|[-–—]\s*|^)({_LIST})\s*[)\]]?\.?\s*$")
_INPUTS = re.compile(
    rf"(?:with|inputs?|additional|contribut\w+|source|agency|reporting|mit|material|quelle|avec|con|fuente)\b[^.]{{0,60}}?\b({_LIST})\b",
    re.IGNORECASE,
)
_NAME_IN_LIST = re.compile(rf"(?<!\w)(?:{_ONE})(?!\w)")

_BY = re.compile(
    r"^\W*(?:(?:written|reported|story|words|posted|published|report|article|text|par|von|por|di|da|door|av|af|автор|by)\b[\s:]*)+(?:by\b[\s:]*)?|^\W*(?:author|autor|autore|auteur|автор|作者|記者|记者|文|بقلم)\s*[:：/]?\s*",
    re.IGNORECASE,
)
_EDITED = re.compile(
    r"\b(?:edited|curated|compiled|reviewed|photograph\w*|photos?|translated|fact.checked|produced)\s+by\b",
    re.IGNORECASE,
)
_ROLES = re.compile(
    r"\b(?:correspondents?|reporters?|bureau|desk|web ?desk|staff|team|editors?|editorial|newsroom|news ?service|agenc(?:y|ies)|agencias?|agenturen|"
    r"administrator|admin|president|minister|secretary|governor|spokesperson|the|writers?|columnist|journalists?|contributors?|guest|producer|analyst|redaktion|rédaction|redacción|redazione|redação|редакция|redactie|"
    r"news|media|press|network|online|digital|times|daily|tribune|herald|post|express|today|network|com|www|inc|ltd|pvt|llc|corp|office|"
    r"ministry|department|government|wire|service|services|bureaus|photographer|webteam|anonymous|unknown|author|byline|read more|subscribe|follow|updated|published|min read|"
    r"編集部|記者|通讯员|本报|本社|取材班)\b",
    re.IGNORECASE,
)
_PART = re.compile(r"\s*(?:[,;|/·•\n、，；]|\s(?:and|und|et|y|e|и|&|with|en|og|och|ve|ja)\s|&)\s*")
_AUTHOR_NAMES = (
    *("author", "article:author", "parsely-author", "sailthru.author", "byl", "dc.creator", "dcterms.creator"),
    *("dc:creator", "citation_author", "authors", "article:author_name", "cxenseparse:author"),
)
_LONGEST_NAME = 50  # characters; chosen
_MOST_WORDS = 5  # of a person's name; chosen
_BYLINE = re.compile(
    r"\b(?:by ?lines?|author(?:s|name)?|author name|writers?|contributors?|journalist(?: name)?|reporter|posted by|article author|story author|autor)\b"
)


def bylines_of(page: Page, blocks: list[Block]) -> list[str]:
    """Give the lines that a page shows as those of its authors, the likeliest first."""
    # Microdata and microformats are marked by hand, beside what readers see.
    marked = [
        *_texts(
            page, "//*[@itemprop='author']//*[@itemprop='name'] | //*[@itemprop='author'][not(.//*[@itemprop='name'])]"
        ),
        *_texts(
            page, "//a[@rel='author'] | //*[contains(concat(' ', @class, ' '), ' vcard ')]//*[contains(@class, 'fn')]"
        ),
    ]
    if marked:
        return marked
    named = [text for element in _bylines(page) if len(text := line(" | ".join(element.itertext()))) < 150][:2]
    lines = [
        block.text
        for block in blocks[:60]
        if re.match(r"(?:by|von|par|por)\s+\w", block.text, re.IGNORECASE) and len(block.text) < 80
    ]
    return [*named, *lines[:1]]


def authors_of(page: Page, bylines: list[str], outlets: list[str]) -> tuple[list[str], list[str]]:
    """Give the people who wrote it, and the agencies that stand where people do."""
    agencies: list[str] = []
    for claims in _claims(page, bylines):
        people: list[str] = []
        for claim in claims:
            for name in names_in(claim):
                if short := agency_of(name):
                    agencies.append(short)
                elif _is_person(name, outlets):
                    people.append(name)
        if people:
            return list({key(name): name for name in reversed(people)}.values())[::-1], list(dict.fromkeys(agencies))
    return [], list(dict.fromkeys(agencies))


def credits_of(page: Page, paragraphs: list[str]) -> list[str]:
    """Give the agencies that an article credits: in its dateline, at its end, or in its data."""
    found: list[str] = []
    for name in ("sourceOrganization", "creditText", "isBasedOn", "provider"):
        found += [short for text in strings(page.article.get(name)) if (short := agency_of(text))]
    for paragraph in paragraphs[:2]:
        if match := _AT_FRONT.search(paragraph[:140]):
            found += _agencies(next(group for group in match.groups() if group))
    for paragraph in paragraphs[-3:]:
        if match := _AT_END.search(paragraph[-120:]) if len(paragraph) > 120 else _AT_END.search(paragraph):
            found += _agencies(match.group(1))
        if len(paragraph) < 160 and (match := _INPUTS.search(paragraph)):
            found += _agencies(match.group(1))
    return list(dict.fromkeys(found))


def names_in(claim: str) -> list[str]:
    """Give the names that a byline holds, without what stands around them."""
    claim = line(claim)
    if len(claim) > 200 or claim.startswith(("http:", "https:", "@")):
        return []
    claim = _EDITED.split(claim)[0]
    claim = re.sub(r"\([^)]*\)|\S+@\S+", " ", claim)
    claim = _BY.sub("", claim)
    names: list[str] = []
    for part in _PART.split(claim):
        name = re.sub(
            r"\s*(?:\bin\s+[A-Z]\w+.*|\s[-–—]\s.*|@.*|\bfor\s+(?:the\s)?[A-Z].*)$", "", _BY.sub("", part.strip())
        )
        name = re.sub(r"\s+(?:\d{1,2}\s|\d{1,2}:|updated|published|last\s).*$", "", name, flags=re.IGNORECASE)
        name = name.strip(" .,:;|-–—\"'")
        if len(part) <= 3 and part.isupper() and names and part not in AGENCIES:
            continue
        if name:
            names.append(name)
    return names


def _agencies(text: str) -> list[str]:
    return [AGENCIES[found.group()] for found in _NAME_IN_LIST.finditer(text)]


def _is_person(name: str, outlets: Iterable[str]) -> bool:
    words = name.split()
    if (
        len(name) > _LONGEST_NAME
        or len(words) > _MOST_WORDS
        or re.search(r"\d|https?:|[<>{}\[\]@#!?]", name)
        or _ROLES.search(name)
    ):
        return False
    if any(key(name) == key(outlet) for outlet in outlets):
        return False
    letters = [word for word in words if word[:1].isalpha()]
    cased = [word for word in letters if word[:1].lower() != word[:1].upper()]
    # A name in a script with capitals has them; one word alone is a login or a place.
    if cased:
        return len(words) > 1 and cased[0][:1].isupper() and cased[-1][:1].isupper()
    return bool(letters)


def _claims(page: Page, bylines: list[str]) -> Iterator[list[str]]:
    """Give what may be authors, the surest first."""
    # JSON-LD has people apart from each other, without their roles.
    yield [text for name in ("author", "creator") for text in strings(page.article.get(name))]
    for name in _AUTHOR_NAMES:
        yield page.metas.get(name, [])
    if page.meta("twitter:label1") in {"Written by", "Author", "By"}:
        yield page.metas.get("twitter:data1", [])
    for one in bylines:
        yield [one]


def _texts(page: Page, path: str) -> list[str]:
    return [line(element.get("content") or " ".join(element.itertext())) for element in page.tree.xpath(path)[:10]]


def _bylines(page: Page) -> Iterator[Element]:
    for element in page.tree.iter("p", "div", "span", "a", "address", "li", "h3", "h4", "strong", "td", "section"):
        if _BYLINE.search(words_of(element)) and line("".join(element.itertext())) and not is_amid_prose(element):
            yield element
