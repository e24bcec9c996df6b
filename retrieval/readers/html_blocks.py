"""A tree of HTML as its reader sees it: lines and paragraphs, and what of it is no part of the article."""

import re
from dataclasses import dataclass
from itertools import accumulate, islice

from lxml import etree

from retrieval.readers.html_page import Element, words_of

_BLOCKS = frozenset(
    "address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption figure footer form "
    "h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol option p pre section summary table tbody td "
    "tfoot th thead tr ul amp-body".split()
)
_NEVER = frozenset(
    "script style noscript template svg math iframe frame object embed applet button input select textarea canvas map "
    "audio video source track head dialog datalist meter progress amp-ad amp-analytics amp-iframe amp-social-share "
    "amp-sidebar amp-consent amp-sticky-ad amp-video amp-youtube amp-carousel noframes ins-ad gpt-ad".split()
)
_KINDS = {
    "li": "item",
    "dt": "item",
    "dd": "item",
    "blockquote": "quote",
    "tr": "row",
    **{f"h{n}": "heading" for n in range(1, 7)},
}
_BREAK, _LINK, _UNLINK, _NEWLINE = "\ue000", "\ue001", "\ue002", "\ue003"
_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff]")
_TITLES = 120  # characters of a cell of a table of data; one of a layout holds more


@dataclass(frozen=True)
class Block:
    """A paragraph, a heading, an item of a list, or a row of a table."""

    text: str
    kind: str
    element: Element
    """The lxml element that it stands in."""
    linked: float
    """The share of its characters that are links."""


# WHAT IS TAKEN OUT

# Words of classes and ids, one after another as `-`, `_` and capitals part them.
_OTHERS = re.compile(
    r"\b(?:related|recommend(?:ed|ations?|ation)?|recirc(?:ulation)?|most (?:read|popular|viewed|shared|commented)|mostread|mostpopular|"
    r"trending|popular posts?|top stories|latest (?:news|stories|posts?|articles)|more (?:stories|news|from|on|in|articles|top|like)|morefrom|"
    r"also (?:read|see|like|on|watch)|alsoread|read (?:more|next|also|too|it)|readmore|readnext|up ?next|next (?:article|story|post|up)|prev(?:ious)? (?:article|story|post)|"
    r"post nav(?:igation)?|nav(?:igation|bar)?|menu|sub ?nav|breadcrumbs?|bread crumbs?|side ?bar|right rail|rail|rhs|"
    r"comments?|comment list|disqus\w*|respond|forum|print only|livefyre|discussion|(?<!post )(?<!entry )(?<!article )(?<!story )footer|masthead|site header|page header|global header|top ?bar|"
    r"taboola|outbrain|revcontent|mgid|dianomi|zergnet|cookies?|cookie \w+|consent|gdpr|ccpa|cmp|onetrust|privacy|skip(?: link| to \w+)?|"
    r"newsletters?|news letter|sign ?up|subscri(?:be|ption|ptions|bers?)(?: \w+)?|regwall|donat(?:e|ion|ions)|appeal|contribut(?:e|ions?) \w+|"
    r"promo(?:tion|s|ted|tional)?|advert(?:s|isement|isements|ising|isment)?|ads?\d*|adsbygoogle|ad (?:slot|unit|container|wrapper|block|box|label|placeholder)|adslot|advt|dfp|gpt|sponsor(?:ed|s)?|partner content|"
    r"teasers|teaser (?:list|item|card|box|grid|wrapper)|linklist|link list|story list|headlines list|carousel|pagination|pager|search(?: form| box| bar| results)?|popup|pop up|modal|overlay|toast|"
    r"widget (?:area|title)|see also|suggested|onward|read on|you may|you might|sie auch|mehr zum thema|lesen sie|a lire|lire aussi|te puede interesar|leia mais|"
    r"semi nav|login|log in|account|user menu|toc|language switch\w*|weather|ticker|stock ticker|print(?:er)? only|no print|noprint|poll|quiz|survey|encart|infobox|info box|fact ?box|factfile|fact file|infokasten|faktaruta|recuadro|despiece|summary box|article summary|story summary|key points|key takeaways|highlights box|tldr|tips?box|support(?: us| box| banner| message| cta)?)\b"
)
_FURNITURE = re.compile(
    r"\b(?:shar(?:e|es|ing|edaddy|e ?bar|e ?this)|social(?: \w+)?|sociable|addthis\w*|addtoany\w*|a2a \w+|follow(?: us)?|whatsapp|telegram|"
    r"by ?lines?|author(?:s|ship)?(?: \w+)?|author ?bio|contrib(?:utors?)?|writers?|journalist|reporter|correspondent|bio(?:graphy)?|about (?:the )?author|"
    r"captions?|(?:photo|image|picture|img|media|figure) (?:credits?|captions?|caption \w+|source|info|by|desc\w*)|credits?|copyright|cutline|wp caption(?: text)?|"
    r"tags?|tag ?list|tags? (?:links|list|cloud)|keywords|topics?|topic ?list|categories|cat links|filed under|"
    r"date ?lines? (?:time|bar)|time ?stamps?|published|publish(?:ed)? (?:date|on|time)|pub ?date|post(?:ed)? (?:date|on|meta|info|views|by)|entry (?:meta|date|utility|footer)|article (?:meta|date|info|tools|actions?|dateline|footer)|story (?:meta|date|tools)|"
    r"meta ?data|(?:last )?updated|updated (?:date|on|time)|date|read(?:ing)? time|min read|tool ?bar|tools|action bar|actions|"
    r"video(?: player| container| embed| wrapper)?|player|audio(?: player)?|listen|gallery|slide ?show|slider|photo ?gallery|lightbox|"
    r"pull ?quotes?|(?<![\w ])summary(?![\w ])|kicker|eyebrow|overline|sr only|screen ?reader(?: text)?|visually ?hidden|assistive|"
    r"disclaimer|feedback|rating|ratings|likes?|reactions?|emoji|bookmark|save ?article|print|printer|font ?size|text ?size|zoom|"
    r"app (?:download|promo|banner)|download app|banner|callout ad|cta|call to action|paywall (?:message|prompt|banner|overlay|cta)|gift|"
    r"read more|jp relatedposts|yarpp\w*|instagram media|fb post|tiktok embed|syndication|reprints?|permissions|trust (?:project|badge)|standards)\b"
)
# What such words stand in the name of, and which is the article itself all the same.
_ARTICLE = re.compile(
    r"\b(?:article ?body|story ?body|post ?body|entry content|post content|article ?content|articlebody|storybody|main content|content body|body content|article ?text|article main|wysiwyg)\b"
)
# A box that is told by its looks: filled, with round corners, and away from its edges.
_BOX = re.compile(r"^(?=.*\bbg-(?!white|transparent|none))(?=.*\brounded)(?=.*\bp[xy]?-\d)", re.DOTALL)
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_HIDDEN_NAMES = {
    "hidden",
    "is-hidden",
    "visually-hidden",
    "sr-only",
    "screen-reader-text",
    "u-visually-hidden",
    "hide",
    "offscreen",
}
_NEAR = 5  # elements around one; chosen
_CARD = 500  # characters of a teaser; chosen
_PROSE = 60  # characters of a paragraph that is one
_INLINE = frozenset("a abbr b cite em font i q s small span strong sub sup time u".split())
_SURELY = re.compile(
    r"^(?:print only|comments?|comment list|comments area|disqus thread|related|related \w+|recommended|footer|site footer|next article|respond)\b"
)
_HEADINGS = frozenset("h2 h3 h4 h5 h6".split())
_NEARLY_ALL = 0.9  # of the prose of a page: comments may be ten times the article; chosen
_MOST = 0.4  # of the prose of a page: what holds more of it is not taken out for its name; chosen


def without_others(tree: Element) -> None:
    """Take out of the tree what belongs to the site or to other articles: navigation, related articles, comments."""
    for element in [one for one in tree.iter() if isinstance(one.tag, str) and one.tag in _NEVER]:
        _drop(element)
    for footer in tree.xpath("//footer[not(ancestor::article) and not(.//h1)]"):
        _drop(footer)
    _take_out(tree, frozenset({"nav", "menu"}), _OTHERS)
    _drop_cards(tree)


def without_furniture(tree: Element) -> None:
    """Take out of the tree what stands in the article and is none of its words: shares, captions, bylines, dates."""
    _take_out(tree, frozenset({"aside", "footer", "figcaption", "figure", "time"}), _FURNITURE)
    _drop_pictures(tree)


def _take_out(tree: Element, tags: frozenset[str], names: re.Pattern[str]) -> None:
    prose = max(1, _prose(tree))
    headline = next((head for head in tree.iter("h1") if not _is_for_print(head)), None)
    around_headline = set() if headline is None else {headline, *headline.iterancestors()}
    for element in list(tree.iter()):
        if not isinstance(element.tag, str) or element.tag in {"html", "body", "main"} or element in around_headline:
            continue
        if _is_out(element, tree) or (element.tag in _INLINE and is_amid_prose(element)):
            continue
        if element.tag in _HEADINGS and names is _FURNITURE:
            continue
        is_hidden = _is_hidden(element)
        if not (is_hidden or element.tag in tags or _named(element, names)):
            continue
        # A page's text may all be in what is named so, or hidden until a script shows it.
        is_sure = is_hidden or element.tag == "nav" or _SURELY.search(words_of(element)) is not None
        if _prose(element) > (_NEARLY_ALL if is_sure else _MOST) * prose:
            continue
        if (
            element.tag == "figure"
            and element.find(".//figcaption") is None
            and element.xpath(".//blockquote|.//table")
        ):
            continue  # a quote or a table that is set as a figure
        _drop(element)


def _drop_pictures(tree: Element) -> None:
    """Take out the tables that hold a picture and what is said of it, as pages had them before there were figures."""
    for table in list(tree.iter("table")):
        if table.find(".//img") is None or table.find(".//table") is not None:
            continue
        cells = [text for cell in table.iter("td") if (text := " ".join("".join(cell.itertext()).split()))]
        if len(cells) == 1 and len(cells[0]) < _CARD / 2:
            _drop(table)


def _drop_cards(tree: Element) -> None:
    """Take out the teasers of other articles: short elements side by side, each with a headline that is a link."""
    for parent in list(tree.iter("div", "section", "ul", "ol", "aside", "main", "article", "body", "td")):
        cards = [child for child in parent if _is_card(child)]
        for card in cards if len(cards) > 1 else []:
            _drop(card)


def _is_card(element: Element) -> bool:
    if element.tag not in {"div", "section", "li", "article", "a"} or element.find(".//h1") is not None:
        return False
    length = len(" ".join("".join(element.itertext()).split()))
    if not 0 < length < _CARD:
        return False
    for link in [element] if element.tag == "a" else element.iter("a"):
        words = len(" ".join("".join(link.itertext()).split()))
        if words >= 15 and words >= length / 8 and (link is element or _is_alone(link)):
            return element.find(".//p") is not None or element.xpath(".//img|.//time|.//h2|.//h3|.//h4|.//h5") != []
    return False


def _is_alone(link: Element) -> bool:
    """Tell whether no word stands right before or behind a link."""
    before = link.getprevious()
    said = (link.getparent().text if before is None else before.tail) or ""
    return not said.strip() and not (link.tail or "").strip()


def is_amid_prose(element: Element) -> bool:
    """Tell whether it is a few words in a paragraph: a date, a linked name, a place."""
    parent = element.getparent()
    while parent is not None and parent.tag in _INLINE:
        parent = parent.getparent()
    if parent is None:
        return False
    if parent.tag not in {"p", "li", "td", "blockquote"}:
        return False
    needed = max(_PROSE, 2 * len("".join(element.itertext())) + 1)
    return any(length >= needed for length in accumulate(len(text) for text in parent.itertext()))


def _is_out(element: Element, tree: Element) -> bool:
    while (parent := element.getparent()) is not None:
        element = parent
    return element is not tree


def _is_for_print(element: Element) -> bool:
    return any("print only" in words_of(above) for above in islice(element.iterancestors(), _NEAR))


def _named(element: Element, names: re.Pattern[str]) -> bool:
    role = (element.get("role") or "").lower()
    if names is _OTHERS and role in {
        "navigation",
        "search",
        "banner",
        "contentinfo",
        "complementary",
        "dialog",
        "alertdialog",
    }:
        return True
    words = words_of(element)
    if not words:
        return False
    if names is _OTHERS and element.tag == "p" and len("".join(element.itertext())) > 2 * _PROSE:
        return False
    found = names.search(words)
    if names is _FURNITURE and element.tag == "div" and _BOX.search(element.get("class") or ""):
        return True
    # A long list of classes is a page builder's, and names what it may hold as well.
    return bool(found) and not _ARTICLE.search(words)


def _is_hidden(element: Element) -> bool:
    return bool(
        element.get("hidden") is not None
        or element.get("aria-hidden") == "true"
        or _HIDDEN.search(element.get("style") or "")
    )


def _prose(element: Element) -> int:
    """Give how many characters of prose an element holds: in paragraphs, or straight in itself."""
    total = 0
    for one in element.iter("p", "div", "td", "span", "section", "article", "li", "font", "center", "blockquote"):
        if one.tag == "p":
            length = len("".join(one.itertext()).strip())
        else:
            own = [one.text or "", *(child.tail or "" for child in one)]
            length = sum(len(piece.strip()) for piece in own)
        total += length if length >= _PROSE else 0
    return total


def _drop(element: Element) -> None:
    parent = element.getparent()
    if parent is None:
        return
    if element.tail and element.tag in _BLOCKS and element.tail.strip():
        element.tail = _BREAK + _BREAK + element.tail  # what it parted stays so
    if element.tail:
        before = element.getprevious()
        if before is not None:
            before.tail = (before.tail or "") + element.tail
        else:
            parent.text = (parent.text or "") + element.tail
    parent.remove(element)


# WHAT IS READ


def blocks_of(tree: Element) -> list[Block]:
    """Give the lines and paragraphs of a tree in their order."""
    tables = {table for table in tree.iter("table") if _holds_data(table)}
    blocks: list[Block] = []
    pieces: list[str] = []
    holders = [tree]
    rows, preformatted, link = 0, 0, 0

    def flush() -> None:
        blocks.extend(_blocks("".join(pieces), holders[-1]))
        pieces[:] = [_LINK] if link else []

    for event, element in etree.iterwalk(tree, events=("start", "end")):
        tag = element.tag
        if not isinstance(tag, str) or tag in _NEVER:
            continue
        is_row = (
            tag == "tr" and element.getparent() is not None and next(element.iterancestors("table"), None) in tables
        )
        is_block = tag in _BLOCKS and (not rows or (is_row and event == "end"))
        if event == "start":
            if is_block:
                flush()
                holders.append(element)
            rows += is_row
            preformatted += tag == "pre"
            link += tag == "a"
            pieces.append({"br": _BREAK, "a": _LINK, "q": "“"}.get(tag, ""))
            if rows and tag in {"td", "th"} and any(piece.strip(_LINK + _UNLINK + " \n\t\r") for piece in pieces):
                pieces.append(" | ")
            elif rows and tag in _BLOCKS:
                pieces.append(" ")
            pieces.append(_read(element.text, preformatted))
        else:
            rows -= is_row
            if is_block:
                flush()
                holders.pop()
            preformatted -= tag == "pre"
            link -= tag == "a"
            pieces.append({"a": _UNLINK, "q": "”"}.get(tag, ""))
            pieces.append(_read(element.tail, preformatted))
    flush()
    return blocks


def _read(text: str | None, preformatted: int) -> str:
    if not text:
        return ""
    return text.replace("\n", _BREAK) if preformatted else text


def _blocks(text: str, element: Element) -> list[Block]:
    text = " ".join(_INVISIBLE.sub("", text).split())
    if not text.strip(_BREAK + _LINK + _UNLINK + " "):
        return []
    kind = next(
        (_KINDS[one.tag] for one in (element, *element.iterancestors()) if one.tag in _KINDS and one.tag != "tr"),
        "paragraph",
    )
    if element.tag == "tr":
        kind = "row"
    blocks, linked = [], False
    for part in re.split(rf"{_BREAK}(?:[\s{_LINK}{_UNLINK}]*{_BREAK})+", text):
        inside, words = 0, ""
        for piece in re.split(rf"([{_LINK}{_UNLINK}])", part):
            if piece in {_LINK, _UNLINK}:
                linked = piece == _LINK
                continue
            inside += len(piece) if linked else 0
            words += piece
        length = max(1, len(words))
        words = re.sub(r"  +", " ", re.sub(rf" *{_BREAK} *", "\n", words).strip())
        if words:
            blocks.append(Block(words, kind, element, inside / length))
    return blocks


def _holds_data(table: Element) -> bool:
    """Tell a table of data from one that lays a page out."""
    if table.find(".//table") is not None or table.get("role") == "presentation":
        return False
    rows = [
        [len("".join(cell.itertext()).strip()) for cell in row if cell.tag in {"td", "th"}] for row in table.iter("tr")
    ]
    cells = [length for row in rows for length in row]
    if len(rows) < 2 or max((len(row) for row in rows), default=0) < 2:
        return False
    return max(cells) <= 4 * _TITLES and sum(cells) / len(cells) <= _TITLES and not table.xpath(".//h1|.//ul|.//form")
