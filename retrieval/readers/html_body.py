"""The words of an article, without what stands around and between them."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from retrieval.readers.html_blocks import Block, blocks_of
from retrieval.readers.html_moments import moments_in
from retrieval.readers.html_page import Element, Page, alike, key

_PROSE = 80  # characters of a paragraph that is one
_SLOGAN = 40  # characters of a line without a sentence that may stand above an article; chosen
_HELD = 0.85  # the share of the article's characters that its container holds; chosen
_MOST = 0.6  # of what was taken, near the headline; chosen
_ENOUGH_DATA = 200  # characters of JSON-LD's articleBody that are more than a teaser; chosen
_MANY = 5_000  # elements of a page; its second opinion compares each with each, which took 305 s of 100,000
_TOO_MANY = 25_000  # elements of a page that it takes too long for: 38 s of 50,000 line breaks
_ALL_LINKED = 0.8  # of a line's characters: it leads to another article

# A line that leads elsewhere or asks for something, whatever it goes on with.
_LEADS = re.compile(
    r"(?:\W*(?:"
    r"(?:also|must|don['’]t miss|read) ?(?:read|also|watch|see|more|next|this|on)?|read (?:more|also|next|full story|the full)|see also|watch(?: (?:here|now|video|live))?|listen(?: (?:here|now|to this article))?|"
    r"related(?: (?:news|stor(?:y|ies)|articles?|coverage|topics?|links?|content))?|more (?:on this(?: story)?|from .{1,40}|stories|news|like this)|recommended(?: (?:for you|stories|reading))?|"
    r"(?:you (?:may|might) also like|editor['’]?s['’]? picks?|trending(?: now)?|top stories|most (?:read|popular)|up next|next story|in case you missed it|explore more)|"
    r"lesen sie (?:auch|hier|mehr)|mehr zum thema|auch interessant|lire aussi|à lire(?: aussi)?|lisez aussi|voir aussi|lee también|le(?:e|er) más|te puede interesar|leia (?:também|mais)|veja também|"
    r"leggi anche|lees ook|läs (?:också|mer)|les også|læs også|lue myös|czytaj (?:też|także|również|więcej)|zobacz też|читайте также|читать также|смотрите также|по теме|читайте|ayrıca okuyun|baca juga|đọc thêm|اقرأ أيضا|إقرأ أيضا|"
    r"यह भी पढ़ें|ये भी पढ़ें|関連記事|関連|あわせて読みたい|相关阅读|相关新闻|延伸阅读|관련기사"
    r")\s*(?:[:：|»>►▶→]|[-–—]\s|$).*)",
    re.IGNORECASE | re.DOTALL,
)
_ASKS = re.compile(
    r"\W*(?:ads?|advert[ei]se?ments?|anzeige|werbung|publicité|publicidad|pubblicità|publicidade|реклама|reklam|reklama|advertentie|annons|広告|广告|광고|إعلان|विज्ञापन|sponsored(?: content)?|promoted|"
    r"(?:story|article|content|report) continues? (?:below|after)[^.]{0,60}|continue reading(?: below)?[^.]{0,40}|scroll (?:down )?(?:to|for) [^.]{0,40}|skip (?:ad(?:vertisement)?|past)[^.]{0,60}|loading\W*|"
    r"\d+ ?(?:min(?:ute)?s?)[ -](?:read|listen)|reading time.{0,20}|\d+ (?:comments?|shares?|views?|likes?|kommentare)|(?:add|post|leave) a (?:comment|reply)|comments?|be the first to comment|"
    r"share(?: (?:this|on|via|article|full article|story|the story)[^.]{0,60})?|copy (?:the )?(?:link|url)|link copied.{0,20}|print(?: this)?(?: article| page)?|e-?mail(?: this)?|save(?: article| story)?|bookmark|tweet|facebook|twitter|whatsapp|telegram|linkedin|reddit|x|pinterest|"
    r"follow (?:us|our|me|[A-Z@][\w ]{1,30} on)\b.{0,200}|published|updated|posted|by|author|written by|date|source|join (?:us|our|the (?:conversation|discussion))\b[^.]{0,150}\.?|like us on [^.]{0,80}\.?|"
    r"(?:please )?(?:subscribe|sign ?up|register|log ?in|sign ?in|become a (?:member|subscriber))\b.{0,220}|already (?:a subscriber|have an account|subscribed).{0,80}|"
    r"download (?:the|our) [^.]{0,80}\bapp\b.{0,80}|get (?:the|our|more|all the) (?:latest|best|top|breaking|daily|morning|news)\b.{0,200}|stay (?:tuned|updated|informed|up to date|connected|ahead)\b.{0,160}|"
    r"(?:click|tap) (?:here|on|the)\b.{0,120}|enter your e-?mail.{0,80}|your (?:e-?mail|support|subscription)\b.{0,160}|thank you for (?:reading|subscribing|signing up|your).{0,100}|support (?:our|independent|quality) journalism.{0,200}|"
    r"(?:this )?(?:video|audio|image|content|photo|media)(?: (?:is )?(?:not |un)available.{0,80}| caption.{0,200}| credit.{0,100}|\s*:\s.{1,160}| by\s.{1,80}| courtesy.{0,80}| source.{0,80}| via .{0,60})?|"
    r"(?:file )?(?:photo|image|picture|pic|foto|bild|photograph|illustration|graphic|video)s?\s*(?:credits?|courtesy|source)?\s*[:©/|].{1,160}|(?:representational|representative|representation|file|illustrative) (?:image|photo|picture|pic).{0,80}|"
    r"[(\[](?:photo|image|file|picture|source|credit|representational|foto|bild)\b[^)\]]{0,120}[)\]]|"
    r"(?:tags?|topics?|keywords|filed under|categories|schlagworte|themen|tópicos|etiquetas|теги|mots-clés|タグ|标签)\s*[:：].{0,300}|(?:tags?|topics|related topics|explore(?: more)?)|"
    r"(?:©|\(c\) |copyright\b).{0,200}|all rights reserved.{0,120}|.{0,120}\ball rights reserved\W*(?:.{0,120}\bredistribut\w+\W*)?|this material may not be published.{0,200}|"
    r"(?:our standards:|the thomson reuters trust principles).{0,80}|opens (?:in )?(?:a )?new (?:tab|window)|"
    r"we use cookies.{0,400}|(?:we|this (?:site|website)) (?:and our partners )?(?:uses?|stores?) .{0,40}cookies.{0,400}|accept (?:all )?cookies|cookie (?:settings|policy|preferences)|privacy policy|terms (?:of (?:use|service)|and conditions)|"
    r"(?:about|more about) the (?:author|writer).{0,40}|(?:home|news|menu|search|close|back to top|top|next|previous|prev|more|view all|see all|show more|load more|see more|play|pause|mute|expand|toggle.{0,30}|yes|no|ok|cancel|listen|gift (?:this )?article|advertise with us|newsletter|newsletters)|"
    r"(?:\(?except for the headline, )?this (?:story|article|report) (?:has not been|was not) edited .{0,200}|\(?this (?:story|report) (?:is|was|has been) (?:published from|auto-?generated|sourced from|taken from) .{0,250}|\(?only the headline .{0,250}|published by:? .{0,60}|edited by:? .{0,60}|"
    r"reporting by .{0,200}|\(?(?:additional )?reporting by .{0,120}\)?|(?-i:[A-Z]{2,5}(?:[/-][A-Z]{2,5}){1,5}|[a-z]{2,4}(?:/[a-z]{2,4}){1,4})|il vous reste .{0,120}|(?:puedes seguir|síg(?:ue|a)nos|suivez[- ]nous|folgen sie) .{0,160}|(?:reach|contact|e-?mail) (?:the|our|us|him|her|them)\b.{0,80}@.{0,60}|unlock (?:more|this|the) .{0,120}|a ?d ?v ?e ?r ?t ?i ?s ?e ?m ?e ?n ?t|(?:first )?(?:published|updated|posted)(?: on)?\s*:.{0,60}|\(?release id ?:? ?\d+\)?.{0,60}|visitor counter.{0,20}|view (?:this post|more) on .{0,40}|a post shared by .{0,120}|recaptcha.{0,80}|this site is protected by.{0,120}|http\S+|[\W\d_]*"
    r")\W*",
    re.IGNORECASE | re.DOTALL,
)
# Behind these comes nothing of the article.
_LAST = re.compile(
    r"\W*(?:comments?(?: \(\d+\))?|\d+ comments?|leave a (?:reply|comment)|join the conversation|about the author|more from (?!the).{1,40}|related (?:posts?|articles?|stories|news|coverage)|"
    r"you (?:may|might) also like|recommended(?: for you| stories)?|latest (?:news|stories)|top stories|trending(?: now)?|most (?:read|popular|viewed)|read next|up next|around the web|from the web|"
    r"more stories|more top stories|mehr zum thema|das könnte sie auch interessieren|sur le même sujet|noticias relacionadas|notícias relacionadas|материалы по теме|похожие новости|相关新闻|関連記事|관련기사|post navigation|share this:?|contact us)\W*",
    re.IGNORECASE,
)
# What a publisher says of itself below each of its pages.
_LEGAL = re.compile(
    r"\bby using this (?:site|website)|\bregistered (?:office|in the commercial register|in england)\b|\bvat (?:number|no|reg)|without the (?:express|prior)[^.]{0,40}permission|"
    r"may not be (?:published, broadcast|reproduced|copied)|\bcomplaints about our content\b|\bterms of (?:service|use)\b.{0,60}\bprivacy (?:policy|statement|notice)\b|not intended for trading purposes",
    re.IGNORECASE,
)
_BYLINE = re.compile(
    r"(?:by(?! the\b)|von|par|por|di|texte?|автор|reported by|written by|story by|posted by|published by|updated by)\s*:?\s+\S.{0,80}",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[)\]]$|[.!?…:;。！？؟।۔]['\"”’»)\]]*$|[.!?][\"”’]?\s*\(.{1,40}\)$")


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
    kept = _without_lines(found, title, authors)
    if data and _is_cut(kept, data):
        # The page shows the beginning to those who have not paid, and search engines the whole.
        return Body(_without_lines([Block(part, "paragraph", page.tree, 0) for part in data], title, authors))
    return Body(kept, kept[0].element if kept else None)


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
        if sum(len(key(blocks[number].text)) for number in inside) >= _ALL_LINKED * len(whole):
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
        if ((len(block.text) > 40 and key(block.text) in lines) or _within(block, whole)) and not _asks(block)
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
        if block.linked < 0.3 and len(block.text) >= _PROSE / 2 and not _asks(block):
            together.setdefault(_parent(block, alone), set()).add(number)
    return max(together.values(), key=lambda numbers: _length(blocks, numbers), default=set())


def _length(blocks: list[Block], numbers: set[int]) -> int:
    return sum(len(blocks[number].text) for number in numbers)


def _within(block: Block, whole: str) -> bool:
    words = key(block.text)
    return (
        bool(words)
        and words in whole
        and (len(words) > 20 or block.kind != "paragraph" or _SENTENCE_END.search(block.text) is not None)
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
    inside = [
        number
        for number, block in enumerate(blocks)
        if block.element is container or any(above is container for above in block.element.iterancestors())
    ]
    own = [number for number in inside if number in seeds]
    alone = Counter(block.element for block in blocks)
    parents = {_parent(blocks[number], alone) for number in own if len(blocks[number].text) >= _PROSE / 2}
    first, last = min(own), max(own)
    leads = _leads_before(blocks, headline, first)
    chosen = []
    for number in inside:
        block = blocks[number]
        beside = _parent(block, alone) in parents and block.linked < _ALL_LINKED
        if number in seeds or (
            beside
            and (
                first <= number <= last
                or len(block.text) >= _PROSE / 2
                or _SENTENCE_END.search(block.text)
                or block.kind in {"item", "row"}
            )
        ):
            chosen.append(block)
    return [*(lead for lead in leads if not any(lead is one for one in chosen[:12])), *chosen]


def _leads_before(blocks: list[Block], headline: Element | None, first: int) -> list[Block]:
    """Give the paragraphs between the headline and the body: a lead that is set apart."""
    head = next((number for number, block in enumerate(blocks[:first]) if block.element is headline), None)
    between = blocks[head + 1 : first] if head is not None and first - head < 12 else []
    return [
        one
        for one in between
        if len(one.text) >= _PROSE and one.linked < 0.3 and _SENTENCE_END.search(one.text) and one.element.tag != "li"
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


def _without_lines(blocks: list[Block], title: str | None, authors: list[str]) -> list[Block]:
    """Leave out the lines that lead elsewhere, ask for something, or say again what the fields say."""
    names, heading = {key(name) for name in authors}, key(title or "")
    blocks = _by_line(blocks, heading, names)
    total, read = sum(len(block.text) for block in blocks), 0
    kept: list[Block] = []
    said: set[str] = set()  # pages hold their text again, for print
    is_leading = False
    for number, block in enumerate(blocks):
        read += len(block.text)
        if _LAST.fullmatch(block.text) and read > total / 2 and not _has_prose(blocks[number + 1 :]):
            break
        if (is_leading and block.linked > 0.5) or (len(block.text) >= _PROSE and block.text in said):
            continue
        said.add(block.text)
        is_leading = bool(_LAST.fullmatch(block.text) or (_LEADS.fullmatch(block.text) and len(block.text) < 250))
        if is_leading:
            # What it leads to follows, unless it is in the line.
            is_leading = block.kind == "heading" or re.search(r"[:：|»>-]\s*\S", block.text) is None
            continue
        is_edge = len(kept) < 2 or number >= len(blocks) - 3
        if is_edge and (key(block.text) in names or _is_stamp(block.text)):
            continue
        if not (_asks(block) or _leads(block) or _is_title(block, title or "", number)):
            kept.append(block)
    while kept and kept[-1].kind == "heading":
        kept.pop()
    # What stands above the first sentence is the page's: its slogan, a place, a section.
    start = next(
        (
            n
            for n, block in enumerate(kept)
            if block.kind in {"heading", "row"} or len(block.text) >= _SLOGAN or _SENTENCE_END.search(block.text)
        ),
        0,
    )
    return kept[start:]


def _asks(block: Block) -> bool:
    if block.kind == "paragraph" and _LEGAL.search(block.text):
        return True
    return block.kind != "row" and len(block.text) < 450 and _ASKS.fullmatch(block.text) is not None


def _leads(block: Block) -> bool:
    """Tell whether a paragraph is a link to another article, or a list of such."""
    if block.kind == "row" or _is_sentence(block):
        return False
    return (block.linked > 0.5 and "\n" in block.text) or (block.linked >= _ALL_LINKED and len(block.text) > 25)


def _is_title(block: Block, title: str, number: int) -> bool:
    if key(block.text) == key(title):
        return True
    return number < 3 and block.kind == "heading" and len(key(block.text)) > 15 and alike(block.text, title) > 0.9


def _by_line(blocks: list[Block], heading: str, names: set[str]) -> list[Block]:
    """Leave out the lines within a paragraph that are the headline, a byline or a date, as where breaks part all."""
    whole = []
    for block in blocks:
        lines = block.text.split("\n")
        kept = [
            one for one in lines if len(lines) == 1 or not (key(one) == heading or key(one) in names or _is_stamp(one))
        ]
        if kept:
            whole.append(block if len(kept) == len(lines) else replace(block, text="\n".join(kept)))
    return whole


def _is_stamp(text: str) -> bool:
    return bool(len(text) < 90 and _BYLINE.fullmatch(text) and not text.endswith(".")) or _is_date(text)


def _has_prose(blocks: list[Block]) -> bool:
    """Tell whether there are as many paragraphs behind a heading as an article goes on with."""
    return sum(len(block.text) >= 2 * _PROSE and block.linked < 0.3 for block in blocks) >= 3


def _is_sentence(block: Block) -> bool:
    return block.linked < 1 and _SENTENCE_END.search(block.text) is not None and len(block.text) > _PROSE


def _is_date(text: str) -> bool:
    if len(text) > 160:
        return False
    spans = sum(moment.end - moment.start for moment in moments_in(text, "US"))
    return spans > 0 and spans + 45 >= len(text) and not (_SENTENCE_END.search(text) and len(text) > spans + 25)


def _is_cut(kept: list[Block], data: list[str]) -> bool:
    whole, shown = key(" ".join(data)), [key(block.text) for block in kept]
    length = sum(len(words) for words in shown)
    if len(whole) < _ENOUGH_DATA or len(whole) < 1.3 * length:
        return False
    common = sum(len(words) for words in shown if words in whole or words[:60] in whole)
    return length == 0 or common >= 0.6 * length
