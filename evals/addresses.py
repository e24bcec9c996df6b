"""Which article a cited source is, by its address or its title, and which of its words it quotes; pure."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from evals.errors import EvalError
from evals.replies import Cited
from retrieval.errors import UnreadableArticle
from retrieval.readers import document_files, read
from retrieval.types import Article, Span

_WEB = re.compile(r"https?://\S+", re.IGNORECASE)
_OWN_PATH = re.compile(r"/articles/(?P<id>.+)$")


@dataclass(frozen=True)
class Named:
    """A source as a service names it."""

    url: str | None
    title: str = ""
    quote: str | None = None


class Articles:
    """The articles that a service is said to answer from; without any, only our own pages tell which they are of."""

    def __init__(self, articles: Sequence[Article] = ()) -> None:
        """Take them with their texts."""
        self._articles = {one.source.article_id: one for one in articles}
        named: defaultdict[str, set[str]] = defaultdict(set)
        for one in articles:
            for name in _names(one):
                named[name].add(one.source.article_id)
        # A title that two articles have is the name of neither.
        self._by_name = {name: next(iter(ids)) for name, ids in named.items() if len(ids) == 1}

    @property
    def fingerprint(self) -> str:
        """Name them by a hash of their versions."""
        if not self._articles:
            return "not known"
        versions = "\n".join(sorted(f"{one.source.article_id} {one.source.version}" for one in self._articles.values()))
        return f"{sha256(versions.encode()).hexdigest()[:16]} ({len(self._articles)} articles, as --corpus has them)"

    def text(self, article_id: str) -> str | None:
        """Give the text of one; None: it is not known."""
        found = self._articles.get(article_id)
        return found.text if found else None

    def cited(self, source: Named, addresses: Iterable[str] = ()) -> Cited:
        """Tell which article a source is, and which of its words it quotes.

        Args:
            source: as the service names it.
            addresses: what else articles may be called, as far as these are addresses of the web: a case's own names.

        Returns:
            `article_id` is the article's, or one of the addresses; the source's own address or title where it is none
            of these, and None where that cannot be told. The quote is the service's, or what its address marks.

        """
        page = _own_page(source.url)
        known = {_address(one): one for one in addresses if _WEB.fullmatch(one)}
        article_id = self._find(source, page) or known.get(_address(source.url))
        if article_id is None and (self._articles or known):
            article_id = source.url or source.title or None
        article = self._articles.get(article_id or "")
        quote, span = _quoted(source, page, article)
        return Cited(
            article_id=article_id,
            url=source.url,
            title=source.title,
            quote=quote,
            article=article.text if article else None,
            start=span[0] if span else None,
            end=span[1] if span else None,
        )

    def _find(self, source: Named, page: "_Page | None") -> str | None:
        if page and (page.article_id in self._articles or not self._articles):
            return page.article_id
        names = (_address(source.url), _folded(source.title), _file(source.url), _file(source.title))
        return next((found for name in names if name and (found := self._by_name.get(name))), None)


def read_articles(corpus: Path) -> Articles:
    """Read the articles of a folder, or one file.

    Raises:
        EvalError: there are none, or one cannot be read.

    """
    try:
        articles = [read(file) for file in document_files([corpus])]
    except UnreadableArticle as error:
        raise EvalError(f"the corpus cannot be read: {error}") from error
    if not articles:
        raise EvalError(f"{corpus} has no articles")
    return Articles(articles)


@dataclass(frozen=True)
class _Page:
    """What an address of our own page of an article says."""

    article_id: str
    version: str
    start: int
    end: int


def _own_page(url: str | None) -> _Page | None:
    try:
        parts = urlsplit(url or "")
        found = _OWN_PATH.search(parts.path)
        query = dict(parse_qsl(parts.query))
        return _Page(unquote(found["id"]), query["version"], int(query["start"]), int(query["end"])) if found else None
    except (KeyError, ValueError):
        return None  # another's page


def _quoted(source: Named, page: _Page | None, article: Article | None) -> tuple[str | None, Span | None]:
    """Give the words that a source quotes, and where they are, if its article is known and has them."""
    if page and article and article.source.version == page.version:
        return article.text[page.start : page.end], (page.start, page.end)
    first, last = (source.quote, "") if source.quote else _marked(source.url)
    if first is None or (last and article is None):
        return None, None  # what stands between the first words and the last cannot be told
    if article is None:
        return first, None
    if span := located(article.text, first, last):
        return article.text[slice(*span)], span
    return " … ".join(filter(None, (first, last))), None


def _marked(url: str | None) -> tuple[str | None, str]:
    """Read a text fragment, `#:~:text=[before-,]first[,last][,-behind]`, https://wicg.github.io/scroll-to-text-fragment/.

    Returns:
        The first words and the last, or all of them and "". Of several fragments the first.

    """
    directives = (url or "").partition(":~:")[2].split("&")
    marked = next((one.removeprefix("text=") for one in directives if one.startswith("text=")), "")
    words = [unquote(one) for one in marked.split(",") if not one.endswith("-") and not one.startswith("-")]
    return (words[0] or None, words[1] if words[1:] else "") if words else (None, "")


def located(text: str, first: str, last: str = "") -> Span | None:
    """Find words in a text, or what begins with words and ends with others, whatever spaces are between them."""
    begin, end = (r"\s+".join(re.escape(word) for word in words.split()) for words in (first, last))
    found = re.search(begin + (f".*?{end}" if end else ""), text, re.DOTALL) if begin else None
    return found.span() if found else None


def _names(article: Article) -> Iterator[str]:
    source = article.source
    names = (_address(source.url), _folded(source.title), _folded(source.article_id), _file(source.article_id))
    yield from {name for name in names if name}


def _address(url: str | None) -> str:
    """Reduce an address to what two forms of it have in common; what services and newsletters add to it is left out."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return ""
    query = urlencode([(name, value) for name, value in parse_qsl(parts.query) if not name.startswith("utm_")])
    host = (parts.netloc or "").casefold().removeprefix("www.")
    return f"{host}{parts.path.rstrip('/')}?{query}" if host else ""


def _folded(title: str) -> str:
    return " ".join(title.casefold().split())


def _file(name: str | None) -> str:
    """Give the name of a file without its folders and its ending: services call what they were given as a file so."""
    try:
        return _folded(PurePosixPath(unquote(urlsplit(name or "").path)).stem)
    except ValueError:
        return ""
