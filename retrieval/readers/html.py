"""ONE PAGE -> its article: what the page says of itself, what its readers see; top to bottom."""

import re
from itertools import islice
from urllib.parse import urlsplit

from retrieval.readers.fields import Fields, Hints, NoArticle
from retrieval.readers.html_blocks import blocks_of, without_furniture, without_others
from retrieval.readers.html_body import Body, body_of
from retrieval.readers.html_claims import host_names, outlet_of, outlets_of, title_of, url_of
from retrieval.readers.html_dates import Shown, country_of, is_dated, is_indian, published_of, times_of, written_in
from retrieval.readers.html_names import authors_of, bylines_of, credits_of
from retrieval.readers.html_page import Element, Page, key, line, page_of, types_of

_FEWEST_CHARACTERS = 140  # of an article without a date: three short sentences; chosen
_MOST_TEXTS = 5_000  # pieces of text that tell where a page is from; chosen
_WALL = 900  # characters: what is longer is an article, whatever its title is; chosen
_NO_PAGE = re.compile(
    r"\W*(?:(?:error\W*)?(?:404|403|410|500|502|503|504)\b.{0,60}|.{0,40}\b(?:page|article|story|content|file) (?:not|(?:can|could)(?:not| not| ?n['’]t) be|was not|isn['’]t|is not|is no longer|no longer|has been (?:re)?moved)\b.{0,60}|not found|"
    r"page introuvable|seite nicht gefunden|página no encontrada|página não encontrada|pagina non trovata|страница не найдена|.{0,20}ページが見つかりません.{0,20}|"
    r"access (?:denied|to this page).{0,60}|forbidden|attention required.{0,40}|just a moment\W*|are you (?:a )?(?:human|robot).{0,40}|(?:please )?verify (?:you|that you) are (?:a )?human.{0,40}|security check.{0,40}|"
    r"checking your browser.{0,40}|one more step|pardon our interruption.{0,20}|service (?:temporarily )?unavailable.{0,40}|bad gateway|internal server error|too many requests|captcha.{0,40}|"
    r"robot (?:check|or human).{0,40}|oops\b.{0,60}|we(?:'|’)?re sorry.{0,60}|something went wrong.{0,40}|unavailable (?:for legal reasons|in your (?:country|region)).{0,60})\W*",
    re.IGNORECASE,
)
_LOGIN = re.compile(
    r"\W*(?:sign ?[- ]?in|log ?[- ]?in|login|register|subscribe|create (?:an |your )?account|members? only|subscription required|subscribers? only|anmelden|einloggen|connexion|iniciar sesión|entrar|авторизация|вход)\b.{0,60}",
    re.IGNORECASE,
)
_SCRIPT = re.compile(
    r"(?:please )?(?:enable|turn on|activate|requires?|you need to enable) (?:java ?script|cookies)|java ?script (?:is |seems to be )?(?:disabled|required|not enabled)|without java ?script",
    re.IGNORECASE,
)
_COOKIES = re.compile(r"\bcookies?\b|\bour partners\b|we value your privacy|consent|datenschutz", re.IGNORECASE)
_SEARCH = re.compile(
    r"\W*(?:search results?\b.*|results for\b.*|(?:you searched for|suchergebnisse?|résultats de recherche|resultados de (?:la )?búsqueda)\b.*|.{0,40}\bsearch results\b.*)",
    re.IGNORECASE,
)
_LISTS = {"CollectionPage", "SearchResultsPage", "ItemList", "ProfilePage", "ContactPage", "AboutPage", "FAQPage"}
_SENTENCES = re.compile(r"[.!?。！？।؟۔][\"”’»)]*(?:\s|$|(?<=[。！？]))")


def html(data: bytes, hints: Hints) -> list[Fields]:
    """Read the article of a page.

    Raises:
        NoArticle: it has none: a home page, a list, an error, a wall; or it is no page.

    """
    page = page_of(data, hints)
    without_script = " ".join(line("".join(element.itertext())) for element in page.tree.iter("noscript"))
    whole = " ".join(islice(page.tree.itertext("p", "div", "span", "a", "td", "li", "footer"), _MOST_TEXTS))
    without_others(page.tree)
    outlets = outlets_of(page)
    names = [*outlets, *host_names(page)]
    blocks = blocks_of(page.tree)
    title = title_of(page, names, blocks)

    # Dates and names are read where readers see them, and taken out with the rest of the furniture before the body is.
    shown = Shown(title, blocks, times_of(page))
    authors, agencies = authors_of(page, bylines_of(page, blocks), outlets)
    without_furniture(page.tree)
    body = body_of(page, title, authors)
    _refuse(page, title, body, without_script)

    starts = next((number for number, block in enumerate(blocks) if block.element is body.starts), None)
    agencies = list(dict.fromkeys([*agencies, *credits_of(page, [block.text for block in body.paragraphs])]))
    country = "" if country_of(page) else written_in(body.text)
    if country_of(page) in {"", "US", "GB"} and is_indian([*names, body.text, *agencies, whole]):
        country = "IN"
    return [
        Fields(
            body.text,
            title=title,
            published=published_of(page, shown, starts, country),
            outlet=outlet_of(outlets),
            url=url_of(page),
            authors=tuple(authors),
            credits=tuple(agencies),
        )
    ]


def _refuse(page: Page, title: str | None, body: Body, without_script: str) -> None:
    """Say why a page has no article.

    Raises:
        NoArticle: it has none.

    """
    text, named = body.text, title or ""
    heads = [
        named,
        *page.titles,
        *(line("".join(element.itertext()))[:300] for element in islice(page.tree.iter("h1"), 5)),
    ]
    is_short = len(text) < _WALL
    if is_short and any(_NO_PAGE.fullmatch(head) for head in heads):
        raise NoArticle(f"no article: the page says {named!r}")
    if is_short and not page.article and any(_LOGIN.fullmatch(head) for head in heads):
        raise NoArticle("no article: a page to log in or to subscribe")
    if is_short and (_SCRIPT.search(text) or (len(text) < _FEWEST_CHARACTERS and _SCRIPT.search(without_script))):
        raise NoArticle("no article: the page shows its text by JavaScript alone; save it from a browser")
    if is_short and len(_COOKIES.findall(text)) > 2:
        raise NoArticle("no article: a page that asks for consent to cookies")
    if any(_SEARCH.fullmatch(head) for head in heads) and not page.article:
        raise NoArticle("no article: results of a search")
    if not text.strip():
        raise NoArticle("no article: there is no text in it but a site's own")
    if _is_list(page, body):
        raise NoArticle("no article: a list of articles")
    sentences = len(_SENTENCES.findall(text))
    if len(key(text)) < _FEWEST_CHARACTERS // (2 if page.article or is_dated(page) else 1) and not (
        sentences >= 3 and named
    ):
        raise NoArticle("no article: there is hardly any text in it")
    if sentences == 0:
        raise NoArticle("no article: there is no sentence in it")


def _is_list(page: Page, body: Body) -> bool:
    """Tell a home page, a section or a list of results: many links, and nothing that is told to the end."""
    if page.article or page.meta("article:published_time"):
        return False
    prose = [
        block for block in body.paragraphs if len(block.text) > 120 and block.linked < 0.5 and block.kind != "heading"
    ]
    kinds = {kind for node in page.nodes for kind in types_of(node)}
    teasers = sum(
        1 for head in page.tree.iter("h2", "h3", "h4") if head.find(".//a") is not None or _is_link(head.getparent())
    )
    paths = [urlsplit(url).path for url in (url_of(page),) if url]
    is_home = any(path.strip("/") in {"", "home", "index.html", "index.php", "news"} for path in paths)
    if kinds & _LISTS or is_home:
        return len(prose) < 4 or teasers > len(prose)
    return teasers >= 4 and teasers >= len(prose)


def _is_link(element: Element) -> bool:
    return element is not None and element.tag == "a"
