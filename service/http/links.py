"""Where a reader finds what is cited: the article's own address with the quote marked, else our page of the article."""

import re
from urllib.parse import quote, urlencode, urlsplit

from prompts.passage import visible
from retrieval.types import Frozen, Source
from service.types import Citation, CitedSource, SentenceReady

# Of a longer quote its first and last words are named: addresses stay short, and a browser finds it across paragraphs.
_LONGEST_WHOLE = 120  # characters; chosen
_ENDS = 5  # words; chosen
_ADDRESS = re.compile(r"https?://[^\s/?#<>\"'`\\{}|^]+[^\s<>\"'`\\{}|^]*", re.IGNORECASE)


class Reference(Frozen):
    """A cited source as chat clients get it: one for each number, with the first words that were cited from it."""

    source: CitedSource
    citation: Citation
    title: str
    """On one line; no two references have the same, as copies of one report often do."""
    url: str
    start: int
    end: int
    """Where its first marker is in the answer's text, in code points: `text[start:end] == "[1]"`."""


class Links:
    """The addresses of what is cited, as one client reaches them."""

    def __init__(self, origin: str) -> None:
        """Take what links to this service begin with, without a slash at its end."""
        self._origin = origin

    @property
    def host(self) -> str:
        """Give the name and the port by which this service is reached."""
        return urlsplit(self._origin).netloc

    @property
    def are_secure(self) -> bool:
        """Tell whether it is reached by https."""
        return self._origin.lower().startswith("https:")

    def article(self, source: Source, start: int, end: int) -> str:
        """Give our page of an article's version, with these characters of its text highlighted."""
        where = urlencode({"version": source.version, "start": start, "end": end})
        return f"{self._origin}/{article_path(source.article_id)}?{where}#quote"

    def source(self, source: Source, citation: Citation) -> str:
        """Give the article's own address with the quote marked, or our page of it where it has none for the web."""
        if source.url and is_web_address(source.url):
            return with_text_fragment(source.url, citation.quote)
        return self.article(source, citation.start, citation.end)


class References:
    """The cited sources of one answer, while its sentences arrive."""

    def __init__(self, links: Links) -> None:
        """Start without any."""
        self._links = links
        self._urls: set[str] = set()
        self._titles: set[str] = set()

    def add(self, event: SentenceReady) -> list[Reference]:
        """Give the references that a sentence is the first to cite, in the order of their numbers.

        No two have the same url or title: clients merge such, and then their numbers are no longer ours.
        """
        references: list[Reference] = []
        for source in event.new_sources:
            citation = next(one for one in event.citations if one.source == source.number)
            url = self._links.source(source, citation)
            if url in self._urls:
                url = self._links.article(source, citation.start, citation.end)
            self._urls.add(url)
            marker = f"[{source.number}]"
            # The markers are a sentence's end: what looks like one in its words comes before.
            start = event.sentence.start + event.sentence.text.rindex(marker)
            references.append(
                Reference(
                    source=source,
                    citation=citation,
                    title=self._titled(source),
                    url=url,
                    start=start,
                    end=start + len(marker),
                )
            )
        return references

    def _titled(self, source: CitedSource) -> str:
        title = " ".join(visible(source.title).split()) or source.article_id
        if title in self._titles and source.outlet:
            title = f"{title} ({source.outlet})"
        while title in self._titles:
            title = f"{title} ({source.number})"
        self._titles.add(title)
        return title


def article_path(article_id: str) -> str:
    """Give the path of our page of an article, without a slash at its beginning."""
    # Browsers walk the steps of a path, `..` and `.`, unless the slashes beside them are no slashes to them.
    steps = {".", ".."}.intersection(article_id.split("/"))
    return f"articles/{quote(article_id, safe='' if steps else '/')}"


def is_web_address(url: str) -> bool:
    """Tell whether an article's address is one that a reader may be sent to: http or https, of a host."""
    try:
        return bool(_ADDRESS.fullmatch(url) and urlsplit(url).hostname)
    except ValueError:
        return False


def with_text_fragment(url: str, words: str) -> str:
    """Let a browser scroll to words and mark them: https://wicg.github.io/scroll-to-text-fragment/."""
    url = url.partition(":~:")[0]  # an address that was copied may name other words
    several = "\n" in words.strip()  # a text that is named whole is looked for within one paragraph
    words = " ".join(words.split())
    ends = words.split(" ")
    if (several or len(words) > _LONGEST_WHOLE) and len(ends) > 2 * _ENDS:
        text = f"{_encoded(' '.join(ends[:_ENDS]))},{_encoded(' '.join(ends[-_ENDS:]))}"
    else:
        text = _encoded(words)
    return f"{url}{'' if '#' in url else '#'}:~:text={text}"


def sealed(url: str) -> str:
    """Let what is put behind an address change nothing: Open WebUI puts a text fragment of its own there, of two words.

    Behind `:~:`, which is no part of what the page is asked for, it is a directive that no browser knows.
    """
    return f"{url}&" if ":~:" in url else f"{url}:~:" if "#" in url else f"{url}#:~:"


def _encoded(words: str) -> str:
    return quote(words, safe="").replace("-", "%2D")  # a hyphen would be a part of the syntax
