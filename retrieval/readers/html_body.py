"""The words of an article, without what stands around and between them."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from retrieval.readers.html_blocks import Block, blocks_of
from retrieval.readers.html_lines import (
    ALL_LINKED,
    PROSE,
    SENTENCE_END,
    SLOGAN,
    is_furniture,
    is_set_apart,
    without_lines,
)
from retrieval.readers.html_page import Element, Page, alike, key, types_of

_HELD = 0.85  # the share of the article's characters that its container holds; chosen
_MOST = 0.6  # of what was taken, near the headline; chosen
_ENOUGH_DATA = 200  # characters of JSON-LD's articleBody that are more than a teaser; chosen
_MANY = 5_000  # elements of a page; its second opinion compares each with each, which took 305 s of 100,000
_TOO_MANY = 25_000  # elements of a page that it takes too long for: 38 s of 50,000 line breaks
_LAYOUT = {"table", "tbody", "tr"}  # whose other cells are the site's

_CLOCK = re.compile(r"(?:\d{1,2}[:.]\d\d(?:\s?[ap]\.?m\.?)?(?:\s?[A-Z]{3,4}\b)?\s*[-–—|:]?\s+)(?=\S)")


@dataclass(frozen=True)
class Body:
    """The words of an article."""

    paragraphs: list[Block]
    starts: Any = None
    """The lxml element of the first paragraph; None: it is not on the page as such."""

    @property
    def text(self) -> str:
        """Give the paragraphs with a blank line between them; the items of a list and the rows of a table have none."""
        parts: list[str] = []
        for number, block in enumerate(self.paragraphs):
            if number:
                together = block.kind == self.paragraphs[number - 1].kind and block.kind in {"item", "row"}
                parts.append("\n" if together else "\n\n")
            parts.append(block.text)
        return "".join(parts)


def body_of(page: Page, title: str | None, authors: list[str]) -> Body:
    """Give the article's words; its tree is without furniture by now."""
    blocks = blocks_of(page.tree)
    data = _data(page)
    found = _selected(blocks, _seeds(blocks, page, data), _headline(page, title))
    if "LiveBlogPosting" in types_of(page.article):
        found = _live(blocks, found)
    kept = without_lines(found, title, authors)
    if data and _is_cut(kept, data):
        # The page shows the beginning to those who have not paid, and search engines the whole.
        return Body(without_lines([Block(part, "paragraph", page.tree, 0) for part in data], title, authors))
    return Body(kept, kept[0].element if kept else None)


def _live(blocks: list[Block], found: list[Block]) -> list[Block]:
    """Give a live blog its summary, which stands above its entries alone, and its headings without the minute."""
    first = next((number for number, block in enumerate(blocks) if found and block is found[0]), 0)
    head = next((number for number, block in enumerate(blocks[:first]) if block.element.tag == "h1"), first)
    above = [
        block for block in blocks[head:first] if block.kind == "item" and len(block.text) > SLOGAN and not block.linked
    ]
    return above + [
        replace(block, text=_CLOCK.sub("", block.text, count=1)) if block.kind == "heading" else block
        for block in found
    ]


def _data(page: Page) -> list[str]:
    """Give the paragraphs of JSON-LD's articleBody."""
    texts = [text for text in [page.article.get("articleBody")] if isinstance(text, str)]
    if not texts:
        return []
    text = texts[0]
    if re.search(r"</?(?:p|br|div)\b|&lt;/?p|&(?:nbsp|quot|amp|#\d+);", text):
        from lxml import html  # noqa: PLC0415 - only for the few that have it

        inner = text.replace("&lt;", "<").replace("&gt;", ">") if "&lt;p" in text else text
        return [block.text for block in blocks_of(html.fragment_fromstring(inner[:2_000_000], create_parent="div"))]
    parts = (
        re.split(r"\s*\n\s*", text) if text.count("\n") < 2 or "\n\n" not in text else re.split(r"\s*\n\s*\n\s*", text)
    )
    return [" ".join(re.sub("[\u00ad\u200b\u2060\ufeff]", "", part).split()) for part in parts if part.strip()]


def _seeds(blocks: list[Block], page: Page, data: list[str]) -> set[int]:
    """Give the numbers of the blocks that are surely the article's: those in its data, else what trafilatura takes."""
    whole = key(" ".join(data))
    if len(whole) >= _ENOUGH_DATA:
        inside = {number for number, block in enumerate(blocks) if _within(block, whole)}
        if sum(len(key(blocks[number].text)) for number in inside) >= ALL_LINKED * len(whole):
            return inside
    elements = sum(1 for _ in page.tree.iter())
    dense = _densest(blocks)
    if elements > _TOO_MANY:
        return dense
    taken = _taken(page, is_long=elements > _MANY)
    whole, lines = key(taken), {key(one) for one in taken.split("\n")}
    seeds = {
        number
        for number, block in enumerate(blocks)
        if ((len(block.text) > 40 and key(block.text) in lines) or _within(block, whole)) and not is_furniture(block)
    }
    # An extractor that knows paragraphs by <p> passes over an article whose lines are parted by breaks.
    if not dense & seeds and _length(blocks, dense) > _length(blocks, seeds):
        return dense
    return seeds


def _densest(blocks: list[Block]) -> set[int]:
    """Give the prose that stands side by side, where there is most of it."""
    alone = Counter(block.element for block in blocks)
    together: dict[Element, set[int]] = {}
    for number, block in enumerate(blocks):
        if block.linked < 0.3 and len(block.text) >= PROSE / 2 and not is_furniture(block):
            together.setdefault(_parent(block, alone), set()).add(number)
    return max(together.values(), key=lambda numbers: _length(blocks, numbers), default=set())


def _length(blocks: list[Block], numbers: set[int]) -> int:
    return sum(len(blocks[number].text) for number in numbers)


def _within(block: Block, whole: str) -> bool:
    words = key(block.text)
    return (
        bool(words)
        and words in whole
        and (len(words) > 20 or block.kind != "paragraph" or SENTENCE_END.search(block.text) is not None)
    )


def _taken(page: Page, *, is_long: bool) -> str:
    from trafilatura import bare_extraction  # noqa: PLC0415 - it takes half a second, and only pages need it

    found: Any = bare_extraction(page.tree, include_comments=False, with_metadata=False, fast=is_long)
    return "\n".join(found.body.itertext()) if found is not None and found.body is not None else ""


def _selected(blocks: list[Block], seeds: set[int], headline: Element | None) -> list[Block]:
    """Give the blocks of the article: of the least element that holds nearly all that was taken, what stands between.

    An extractor leaves out a paragraph here and there, for its class or its shortness; what has the same parent as the
    paragraphs around it is as they are.
    """
    seeds = _around(headline, blocks, seeds)
    total = sum(len(blocks[number].text) for number in seeds)
    if not total:
        return []
    held: dict[Element, int] = {}
    for number in sorted(seeds):
        element = blocks[number].element
        for above in (element, *element.iterancestors()):
            held[above] = held.get(above, 0) + len(blocks[number].text)
    container = min(
        (one for one in held if held[one] >= _HELD * total), key=lambda one: -sum(1 for _ in one.iterancestors())
    )
    while container.tag in _LAYOUT and (cells := [cell for cell in container if held.get(cell, 0) > _MOST * total]):
        container = cells[0]
    inside = [
        number
        for number, block in enumerate(blocks)
        if block.element is container or any(above is container for above in block.element.iterancestors())
    ]
    own = [number for number in inside if number in seeds]
    alone = Counter(block.element for block in blocks)
    parents = {_parent(blocks[number], alone) for number in own if len(blocks[number].text) >= PROSE / 2}
    first, last = min(own), max(own)
    leads = _leads_before(blocks, headline, first)
    chosen = []
    for number in inside:
        block = blocks[number]
        beside = _parent(block, alone) in parents and block.linked < ALL_LINKED
        if number in seeds or (
            beside
            and (
                first <= number <= last
                or len(block.text) >= PROSE / 2
                or SENTENCE_END.search(block.text)
                or block.kind in {"item", "row"}
                or is_set_apart(block)
            )
        ):
            chosen.append(block)
            continue
        if first <= number <= last and block.kind == "heading" and _heads(block, blocks[number + 1 : number + 3]):
            chosen.append(block)
    return [*(lead for lead in leads if not any(lead is one for one in chosen[:12])), *chosen]


def _heads(heading: Block, following: list[Block]) -> bool:
    """Tell whether prose follows a heading in what it heads, as in the entries of a live blog."""
    parent = heading.element.getparent()
    around = [parent, parent.getparent()] if parent.tag == "header" else [parent]
    return heading.linked < ALL_LINKED and any(
        len(one.text) >= PROSE / 2
        and any(above is holder for holder in around for above in one.element.iterancestors())
        for one in following
    )


def _leads_before(blocks: list[Block], headline: Element | None, first: int) -> list[Block]:
    """Give the paragraphs between the headline and the body: a lead that is set apart."""
    head = next((number for number, block in enumerate(blocks[:first]) if block.element is headline), None)
    between = blocks[head + 1 : first] if head is not None and first - head < 12 else []
    return [
        one
        for one in between
        if len(one.text) >= PROSE and one.linked < 0.3 and SENTENCE_END.search(one.text) and one.element.tag != "li"
    ]


def _headline(page: Page, title: str | None) -> Element | None:
    heads = [head for head in page.tree.iter("h1", "h2") if title and alike(" ".join(head.itertext()), title) > 0.8]
    return heads[0] if heads else None


def _around(headline: Element | None, blocks: list[Block], seeds: set[int]) -> set[int]:
    """Give what is in the least element that holds the headline and most of what was taken."""
    if headline is None:
        return seeds
    total = sum(len(blocks[number].text) for number in seeds)
    for above in headline.iterancestors():
        inside = {
            n for n in seeds if any(one is above for one in (blocks[n].element, *blocks[n].element.iterancestors()))
        }
        if sum(len(blocks[number].text) for number in inside) > _MOST * total:
            return inside
    return seeds


def _parent(block: Block, held: Mapping[Element, int]) -> Element:
    """Give what holds a block and those beside it."""
    element = block.element
    if element.tag in {"li", "dt", "dd", "tr"}:
        return next(element.iterancestors("ul", "ol", "dl", "table"), element).getparent()
    if block.kind == "quote" and element.tag != "blockquote":
        element = next(element.iterancestors("blockquote"), element)
    holds_more = (
        element.tag in {"div", "section", "article", "main", "td", "body", "font", "center"} and held[element] > 1
    )
    return element if holds_more else element.getparent()


def _is_cut(kept: list[Block], data: list[str]) -> bool:
    whole, shown = key(" ".join(data)), [key(block.text) for block in kept]
    length = sum(len(words) for words in shown)
    if len(whole) < _ENOUGH_DATA or len(whole) < 1.3 * length:
        return False
    common = sum(len(words) for words in shown if words in whole or words[:60] in whole)
    return length == 0 or common >= 0.6 * length
