"""Where a reader finds what is cited: addresses that a browser can follow, and no two alike."""

from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.http.links import Links, Reference, References, is_web_address, sealed, with_text_fragment
from service.types import Citation, CitedSource, Sentence, SentenceReady

ORIGIN = "https://desk.example/news"


def source(number: int, title: str = "A title", url: str | None = None, outlet: str | None = None) -> CitedSource:
    return CitedSource(
        number=number, article_id=f"desk/{number}", version="v1", title=title, url=url, outlet=outlet, origin="o"
    )


def cited(number: int, quote: str = "Some words.") -> Citation:
    return Citation(
        source=number, passage_id="p", quote=quote, start=3, end=14, answer_start=0, answer_end=1, support=1
    )


def ready(text: str, start: int, *new: CitedSource, quotes: tuple[str, ...] = ()) -> SentenceReady:
    sentence = Sentence(
        text=text, start=start, end=start + len(text), verdict="supported", citations=(), independent_sources=1
    )
    citations = tuple(cited(one.number, quote) for one in new for quote in quotes or ("Some words.",))
    return SentenceReady(text=text, sentence=sentence, citations=citations, new_sources=new)


def referred(*sources: CitedSource) -> list[Reference]:
    references = References(Links(ORIGIN))
    return [one for source in sources for one in references.add(ready(f"Words. [{source.number}]", 0, source))]


def test_an_article_with_an_address_is_found_there_with_its_words_marked() -> None:
    [found] = referred(source(1, url="https://news.example/a?b=c"))
    assert found.url == "https://news.example/a?b=c#:~:text=Some%20words."


@pytest.mark.parametrize("url", [None, "", "javascript:alert(1)", "/a", "https://", "ftp://news.example/a"])
def test_an_article_without_an_address_for_the_web_is_found_at_our_page(url: str | None) -> None:
    [found] = referred(source(1, url=url))
    assert found.url == f"{ORIGIN}/articles/desk/1?version=v1&start=3&end=14#quote"


def test_two_articles_of_one_address_and_title_are_told_apart() -> None:
    url = "https://news.example/a"
    found = referred(
        source(1, url=url),
        source(2, url=url, outlet="The Desk"),
        source(3, outlet="The Desk"),
        source(4, "A title (4)"),
    )
    assert len({one.url for one in found}) == 4
    assert found[1].url.startswith(f"{ORIGIN}/articles/desk/2?")
    titles = ["A title", "A title (The Desk)", "A title (The Desk) (3)", "A title (4)"]
    assert [one.title for one in found] == titles


def test_no_title_is_given_twice_whatever_the_articles_call_themselves() -> None:
    titles = ["T (3)", "T", "T", "T (4)", "T", "T\n(3)", " T\u200b"]
    found = referred(*(source(number, title) for number, title in enumerate(titles, 1)))
    assert len({one.title for one in found}) == len(titles)
    assert [one.title for one in found][:4] == ["T (3)", "T", "T (3) (3)", "T (4)"]


def test_a_reference_stands_for_the_marker_and_not_for_the_words_before_it() -> None:
    references = References(Links(ORIGIN))
    text = "🎓 He said \\[1] of [1]. [1][2]"
    first, second = references.add(ready(text, 10, source(1), source(2)))
    assert (first.start - 10, first.end - 10) == (text.rindex("[1]"), text.rindex("[1]") + 3)
    assert text[second.start - 10 : second.end - 10] == "[2]"


def test_the_first_words_that_are_cited_are_those_of_the_link() -> None:
    references = References(Links(ORIGIN))
    [found] = references.add(ready("Words. [1]", 0, source(1, url="https://a.example"), quotes=("First.", "Second.")))
    assert found.url == "https://a.example#:~:text=First."
    assert found.citation.quote == "First."
    assert references.add(ready("More. [1]", 11)) == []


@given(st.text(min_size=1), st.integers(0, 9**9))
def test_our_page_is_asked_for_the_very_article(article_id: str, start: int) -> None:
    article = source(1).model_copy(update={"article_id": article_id})
    parts = urlsplit(Links(ORIGIN).article(article, start, start + 1))
    assert unquote(parts.path.removeprefix("/news/articles/")) == article_id
    assert parse_qs(parts.query) == {"version": ["v1"], "start": [str(start)], "end": [str(start + 1)]}
    assert parts.fragment == "quote"


@pytest.mark.parametrize(
    ("url", "is_one"),
    [
        ("https://news.example", True),
        ("HTTP://news.example:8080/a?b#c", True),
        ("https://[::1]/a", True),
        ("https://ünïcode.example/ä", True),
        ("https://news.example/a(b)", True),
        ("https://", False),
        ("https:///a", False),
        ("https://?a", False),
        ("https://[::1", False),
        ("javascript:alert(1)//https://news.example", False),
        ("data:text/html,a", False),
        ("//news.example/a", False),
        ("https://news.example/a b", False),
        ('https://news.example/"onclick="', False),
        ("https://news.example/<b>", False),
        ("https://news.example\\@evil.example", False),
        ("https://news.example/\n", False),
        (" https://news.example", False),
    ],
)
def test_an_address_for_the_web_has_a_host_and_nothing_that_ends_a_link(url: str, *, is_one: bool) -> None:
    assert is_web_address(url) is is_one


@pytest.mark.parametrize(
    ("words", "fragment"),
    [
        ("Some words.", "Some%20words."),
        ("a-b, c & d #e", "a%2Db%2C%20c%20%26%20d%20%23e"),
        ("Über\n300,000  🎓", "%C3%9Cber%20300%2C000%20%F0%9F%8E%93"),
        (
            " ".join(f"word{number}" for number in range(100)),
            "word0%20word1%20word2%20word3%20word4,word95%20word96%20word97%20word98%20word99",
        ),
        ("x" * 500, "x" * 500),
        ("a b c d e f\n\ng h i j k l", "a%20b%20c%20d%20e,h%20i%20j%20k%20l"),
    ],
)
def test_words_are_marked_in_the_syntax_of_text_fragments(words: str, fragment: str) -> None:
    assert with_text_fragment("https://a.example/", words) == f"https://a.example/#:~:text={fragment}"
    assert with_text_fragment("https://a.example/#b", words) == f"https://a.example/#b:~:text={fragment}"
    for copied in ("https://a.example/#:~:text=Other", "https://a.example/#:~:text=Other&text=words"):
        assert with_text_fragment(copied, words) == f"https://a.example/#:~:text={fragment}"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example/#:~:text=words", "https://a.example/#:~:text=words&"),
        ("https://a.example/#quote", "https://a.example/#quote:~:"),
        ("https://a.example/", "https://a.example/#:~:"),
    ],
)
def test_a_fragment_put_behind_a_sealed_address_is_a_directive_of_no_meaning(url: str, expected: str) -> None:
    assert sealed(url) == expected
    page, _, directives = f"{sealed(url)}#:~:text=The,end".partition(":~:")
    assert page.rstrip("#") == url.partition(":~:")[0].rstrip("#")
    known = [one for one in directives.split("&") if one.startswith("text=")]
    assert known == (["text=words"] if "words" in url else [])
