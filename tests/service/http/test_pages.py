"""What a browser gets: articles as pages, the list of them, the files of the chat page, and what all are sent with."""

import asyncio
import random
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import NoReturn
from urllib.parse import quote, unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from litestar.types import Message

from retrieval.ingest import ingest
from retrieval.rows import article_row
from retrieval.types import Article, make_article
from service.http.app import make_app
from service.http.html import WEB
from service.http.links import article_path
from service.http.pages import _paragraphs
from tests.conftest import DRONES, STUDENTS
from tests.fakes import FirstSentence, Unasked
from tests.service.http.conftest import Client

BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
PATHS = ["/", "/widget.js", "/web/article.css", "/articles", "/articles/drones"]
SECOND = timedelta(seconds=1)
REPORT = "The council of Brenn voted on Monday to rebuild the market hall, which burned down in March. " * 12


class Read(HTMLParser):
    """A page as a browser reads it: its elements, and the text of those that hold some."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == [], "each element is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in {"meta", "link", "input", "img"}:
            self._open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        for tag in set(self._open):
            self.texts[tag][-1] += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def links(self) -> list[str]:
        return [one["href"] or "" for one in self.all("a")]

    def said(self, tag: str = "body") -> str:
        return " ".join(" ".join(self.texts.get(tag, [])).split())


async def page(client: Client, path: str, params: Mapping[str, str | int] | None = None, status: int = 200) -> Read:
    """Open a page as a browser does."""
    response = await client.get(path, params=params, headers=BROWSER)
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "script-src 'self'" in response.headers["content-security-policy"]
    return Read(response.text)


async def shown(client: Client, article: Article, params: Mapping[str, str | int] | None = None) -> Read:
    return await page(client, f"/{article_path(article.source.article_id)}", params)


async def added(answering: FirstSentence, **fields: object) -> Article:
    article = make_article(**({"article_id": "new", "title": "New", "text": "Some words."} | fields))  # type: ignore[arg-type]
    await ingest(article, answering.store, answering.embedder)
    return article


# An article


async def test_an_article_is_shown_with_all_that_is_known_of_it(client: Client, answering: FirstSentence) -> None:
    article = await added(
        answering,
        title="Bridge opens",
        text="One.\n\nTwo.",
        outlet="The Desk",
        url="https://desk.example/bridge?a=1&b=2",
        published=datetime(2024, 3, 2, 9, 30, tzinfo=UTC),
        credits=["PTI", "AFP"],
    )
    read = await shown(client, article)
    assert read.texts["title"] == ["Bridge opens · groundwire"]
    assert read.texts["h1"] == ["Bridge opens"]
    assert read.texts["bdi"][0] == "The Desk"
    assert read.all("time") == [{"datetime": "2024-03-02T09:30:00+00:00"}]
    assert read.texts["time"] == ["2 March 2024, 09:30 UTC"]
    assert "Credits: PTI, AFP" in read.said()
    assert "https://desk.example/bridge?a=1&b=2" in read.links()
    assert "The original at desk.example" in read.texts["a"]
    assert read.texts["p"][-2:] == ["One.", "Two."]


async def test_an_article_of_which_little_is_known_is_shown(client: Client) -> None:
    read = await shown(client, DRONES)
    assert read.texts["h1"] == ["Drones"]
    assert "time" not in read.texts
    assert "Credits" not in read.said()
    assert "original" not in read.said()
    assert read.texts["p"][-2:] == ["India plans to buy 31 drones.", "The price is open."]


async def test_a_date_without_a_time_is_a_day(client: Client, answering: FirstSentence) -> None:
    article = await added(answering, published=datetime(2023, 11, 1, tzinfo=UTC))
    assert (await shown(client, article)).texts["time"] == ["1 November 2023"]


async def test_what_articles_say_is_text_wherever_it_stands(client: Client, answering: FirstSentence) -> None:
    hostile = "</title></p><script>alert(1)</script><img src=x onerror=alert(1)>\"'{{ 7 * 7 }}**bold**[x](javascript:y)"
    article = await added(
        answering,
        article_id=hostile,
        title=hostile,
        text=hostile,
        outlet=hostile,
        authors=[hostile],
        credits=[hostile],
        url=hostile,
    )
    for read in (await shown(client, article, {"start": 3, "end": 30}), await page(client, "/articles")):
        assert not [one for one in read.all("script") if not (one["src"] or "").endswith("../web/article.js")]
        assert read.all("img") == []
        assert {name for _, attributes in read.elements for name in attributes if name.startswith("on")} == set()
        assert not [link for link in read.links() if "javascript:" in link.lower() and not link.startswith(".")]
        assert hostile in read.texts["bdi"]
    assert (await shown(client, article)).texts["p"][-1] == hostile


async def test_an_address_that_is_none_of_the_web_is_no_link(client: Client, answering: FirstSentence) -> None:
    for url in ("javascript:alert(1)", "data:text/html,x", "//evil.example", "ftp://a.example/x", "https://", "x"):
        read = await shown(client, await added(answering, url=url))
        ours = {"../", "../articles", "#content", "#changes"}
        assert {link for link in read.links() if not link.startswith("../articles/new?version=")} - ours == set()


@pytest.mark.parametrize(
    "article_id",
    [
        "plain",
        "a/b/c",
        "https://news.example/2023//x?y=1#z",
        "日本/ニュース 🎌",
        "trailing/",
        "../up",
        "a/./b",
        "50%25",
    ],
)
async def test_links_are_relative_to_the_page_whatever_the_articles_id(
    client: Client, answering: FirstSentence, article_id: str
) -> None:
    article = await added(answering, article_id=article_id, title="Odd")
    path = article_path(article_id)
    # A browser must find no step in it.
    assert not {".", ".."}.intersection(path.split("/"))
    read = await shown(client, article)
    assert read.texts["h1"] == ["Odd"]
    assert read.links()[1] == "../" * path.count("/")
    listed = await page(client, "/articles")
    assert f"./{path}" in listed.links()


async def test_a_page_has_landmarks_a_heading_and_a_way_past_the_masthead(client: Client) -> None:
    for path in ("/articles", "/articles/drones"):
        read = await page(client, path)
        assert [len(read.all(tag)) for tag in ("main", "header", "nav", "h1")] == [1, 1, 1, 1]
        assert read.links()[0] == "#content"
        assert read.all("main")[0]["id"] == "content"
        assert read.all("html") == [{"lang": "en"}]


async def test_nothing_on_a_page_is_inline_or_of_another_host(client: Client) -> None:
    for path in ("/", "/articles", "/articles/drones", "/nothing"):
        read = Read((await client.get(path, headers=BROWSER)).text)
        assert not [1 for _, attributes in read.elements if "style" in attributes]
        assert "style" not in read.texts
        assert not "".join(read.texts.get("script", [])).strip()
        loaded = [one["href"] for one in read.all("link")] + [one["src"] for one in read.all("script")]
        assert loaded
        assert not [one for one in loaded if not one or ":" in one or one.startswith("/")]


# The highlight


def marked(read: Read) -> str:
    return "".join(read.texts.get("mark", []))


async def test_the_cited_words_are_highlighted_and_named(client: Client) -> None:
    quoted = "Über 300,000 Indian students are in the US 🎓."
    start = STUDENTS.text.index("300,000")
    read = await shown(client, STUDENTS, {"start": start, "end": len(quoted)})
    assert read.all("mark") == [{"id": "quote"}]
    assert marked(read) == "300,000 Indian students are in the US 🎓."
    assert read.texts["p"][-1] == quoted


async def test_offsets_are_code_points_and_a_highlight_may_cross_paragraphs(
    client: Client, answering: FirstSentence
) -> None:
    text = "🎓🎓 First.\r\n\r\n  \r\nSecond 👩‍👧 one,\r\nwith a line break.\r\n\r\nThird.\r\n"
    article = await added(answering, text=text)
    start, end = text.index("First"), text.index("Third") + 2
    read = await shown(client, article, {"start": start, "end": end})
    assert read.all("mark") == [{"id": "quote"}, {}, {}]
    assert read.texts["mark"] == ["First.", "Second 👩‍👧 one,\r\nwith a line break.", "Th"]
    assert read.texts["p"][-3:] == ["🎓🎓 First.", "Second 👩‍👧 one,\r\nwith a line break.", "Third."]


async def test_without_a_highlight_nothing_is_marked(client: Client) -> None:
    assert (await shown(client, DRONES)).all("mark") == []


async def test_the_original_opens_at_the_same_words(client: Client, answering: FirstSentence) -> None:
    article = await added(answering, text="Ships came in. Two left.", url="https://desk.example/a")
    read = await shown(client, article, {"start": 0, "end": 14})
    assert "https://desk.example/a#:~:text=Ships%20came%20in." in read.links()


LINES = st.text(st.sampled_from("ab \t\r\n\n\u2028🎓"), max_size=40)


@given(LINES, st.integers(0, 40), st.integers(0, 40))
@example("\r\n", 0, 2)
@example("a\r\nb", 0, 4)
@example("a\r\n\r\nb", 1, 5)
@example("a\n \nb\nc", 2, 6)
@example("\r\n \na\n\nb\n", 0, 9)
def test_nothing_but_the_breaks_between_paragraphs_is_lost_and_what_is_marked_is_the_span(
    text: str, one: int, other: int
) -> None:
    start, end = sorted((min(one, len(text)), min(other, len(text))))
    paragraphs = list(_paragraphs(text, (start, end)))
    whole = ["".join(piece for piece, _ in pieces) for pieces in paragraphs]
    assert all(paragraph.strip() for paragraph in whole)
    assert "".join("".join(whole).split()) == "".join(text.split())
    assert "".join("".join(piece for pieces in paragraphs for piece, on in pieces if on).split()) == "".join(
        text[start:end].split()
    )
    place = 0
    for paragraph in whole:  # in order, each as it is
        place = text.index(paragraph, place) + len(paragraph)
        assert not re.search(r"\n[^\S\r\n]*\r?\n", paragraph.strip())


async def test_a_line_is_a_paragraph_only_where_no_blank_line_parts_them() -> None:
    def lines(text: str) -> list[str]:
        return ["".join(piece for piece, _ in pieces) for pieces in _paragraphs(text, (0, 0))]

    assert lines("a\nb\r\nc\n\n") == ["a", "b", "c"]
    assert lines("a\nb\n\nc") == ["a\nb", "c"]


WRONG: list[tuple[dict[str, str | int], str]] = [
    ({"start": 3}, "end"),
    ({"end": 3}, "start"),
    ({"start": 3, "end": 3}, "start"),
    ({"start": 4, "end": 3}, "start"),
    ({"start": 0, "end": 0}, "end"),
    ({"start": -1, "end": 3}, "start"),
    ({"start": 0, "end": len(DRONES.text) + 1}, "end"),
    ({"start": 0, "end": 10**30}, "end"),
    ({"start": "9" * 6000, "end": 3}, "start"),
    ({"start": "1.5", "end": 3}, "start"),
    ({"start": "٣", "end": 5}, "start"),
    ({"start": "", "end": ""}, "start"),
    ({"start": " 1", "end": 3}, "start"),
    ({"start": "<script>", "end": 3}, "start"),
]


async def test_a_highlight_that_cannot_be_is_a_page_that_says_why(client: Client) -> None:
    for params, field in WRONG:
        read = await page(client, "/articles/drones", params, 422)
        assert field in read.texts["p"][0].lower()
        assert "?" in read.links()
        problem = await client.get("/articles/drones", params=params)
        assert (problem.status_code, [one["field"] for one in problem.json()["errors"]]) == (422, [field])


async def test_the_whole_text_may_be_highlighted(client: Client) -> None:
    read = await shown(client, DRONES, {"start": 0, "end": len(DRONES.text)})
    assert read.texts["mark"] == ["India plans to buy 31 drones.", "The price is open."]


# Versions


async def test_a_version_that_was_replaced_is_shown_as_such_and_leads_to_the_current_one(
    client: Client, answering: FirstSentence
) -> None:
    old = await added(answering, article_id="a/b", text="Old words.")
    new = await added(answering, article_id="a/b", text="New words.")

    for params in ({}, {"version": new.source.version}, {"version": ""}):
        read = await page(client, "/articles/a/b", params)
        assert "New words." in read.texts["p"]
        assert "earlier version" not in read.said()

    read = await page(client, "/articles/a/b", {"version": old.source.version, "start": 0, "end": 3})
    assert "Old words." in read.texts["p"]
    assert marked(read) == "Old"
    assert "This is an earlier version of the article" in read.said()
    assert "../../articles/a/b" in read.links()


async def test_an_article_that_changed_says_when_and_shows_what_the_newest_change_first(
    client: Client, answering: FirstSentence
) -> None:
    first = await added(answering, article_id="a/b", title="Drones", text="India buys 31 drones.\n\nThe price is open.")
    await added(answering, article_id="a/b", title="Drones", text="India buys 33 drones.\n\nThe price is open.")
    await added(answering, article_id="a/b", title="Drone deal", text="India buys 33 drones.\n\nThe price is open.")
    one, two, three = await answering.store.versions("a/b")

    read = await page(client, "/articles/a/b")

    assert "Changed" in read.said()
    assert "#changes" in read.links()
    assert read.texts["h2"] == ["Changes"]
    assert len(read.texts["h3"]) == 2
    times = [attributes["datetime"] for attributes in read.all("time")]
    assert times == [one.stored.isoformat() for one in (three, three, two, two, one) if one.stored]
    assert (read.texts["del"], read.texts["ins"]) == (
        ["struck out", "Drones", "31"],
        ["underlined", "Drone deal", "33"],
    )
    assert read.said().index("Drone deal", 100) < read.said().index("India buys 3133 drones")
    assert "1 paragraph unchanged" in read.texts["p"]
    versions = [f"../../articles/a/b?version={one.source.version}" for one in (two, three, one, two)]
    assert [link for link in read.links() if "?version=" in link] == versions

    read = await shown(client, first, {"version": first.source.version})
    assert read.texts["h2"] == ["What has changed since"]
    assert read.texts["del"][1:] == ["Drones", "31"]
    assert read.texts["ins"][1:] == ["Drone deal", "33"]
    assert "See what has changed since" in read.texts["a"]


async def test_an_article_that_never_changed_shows_no_changes(client: Client) -> None:
    read = await shown(client, DRONES)
    assert "h2" not in read.texts
    assert "Changed" not in read.said()


async def test_of_many_changes_the_last_are_shown_and_the_way_to_the_others(
    client: Client, answering: FirstSentence
) -> None:
    for number in range(13):
        await added(answering, text=f"Version {number % 12} of it.")
    read = await page(client, "/articles/new")
    assert len(read.texts["h3"]) == 10
    assert read.texts["ins"][1] == "0"
    assert "Earlier changes are not shown here" in read.said()


async def test_versions_that_are_very_long_are_compared_in_bounded_time(
    client: Client, answering: FirstSentence
) -> None:
    words = random.Random(7)  # noqa: S311 - the same words every time
    texts = [" ".join(str(words.randrange(99_999)) for _ in range(170_000)) for _ in range(2)]
    for number, text in enumerate((*texts, texts[0].replace(" 77", "\n\n77"))):
        source = make_article(article_id="book", title="Book", text=text).source
        rows = article_row(source, write=f"w{number}", change=answering.store._feed.number(), added=1, passages=0)
        record = {"ids": ["book"], "embeddings": [[1.0] * 64], "documents": [text], "metadatas": [rows]}
        old = answering.store._archive.articles.get(ids=["book"], include=["documents", "metadatas"])
        if old["ids"]:
            answering.store._writes._keep([(old["metadatas"][0], old["documents"][0])])
        answering.store._archive.articles.upsert(**record)
    began = time.process_time()
    read, beside = await asyncio.gather(page(client, "/articles/book"), client.get("/health/live"))
    assert time.process_time() - began < 15, "2 s on a quiet machine, most of them for the text itself"
    assert beside.status_code == 200
    assert "So much changed that it is not shown word by word" in read.said()


async def test_what_a_change_says_is_text(client: Client, answering: FirstSentence) -> None:
    for text in ("A <b>bold</b> claim.", "A <script>alert(1)</script> claim."):
        await added(answering, title=text, text=text, outlet=text)
    read = await page(client, "/articles/new")
    assert "<b>bold</b>" in "".join(read.texts["del"])
    assert "<script>alert(1)</script>" in "".join(read.texts["ins"])
    assert "b" not in read.texts


async def test_a_withdrawn_article_is_shown_by_its_version_alone_and_says_that_it_was(client: Client) -> None:
    reason = "The drones <b>never</b> flew."
    await client.request("DELETE", "/v1/articles/drones", json={"reason": reason})

    gone = await page(client, "/articles/drones", status=410)
    assert gone.texts["h1"] == ["This article was withdrawn"]
    assert re.search(r"was withdrawn on \d+ \w+ \d{4}: The drones <b>never</b> flew; its text is kept", gone.said())
    read = await shown(client, DRONES, {"version": DRONES.source.version})
    assert "This article was withdrawn on" in read.said()
    assert f"The reason given: {reason} Its text is kept" in read.said()
    assert "./articles/drones" not in (await page(client, "/articles")).links()

    await client.request("DELETE", "/v1/articles/drones", json={"purge": True})
    version = {"version": DRONES.source.version}
    for params in ({}, version, version | {"start": "0", "end": "5"}):
        gone = await page(client, "/articles/drones", params, 410)
        assert gone.texts["h1"] == ["This article was withdrawn"]
        assert "The drones <b>never</b> flew; its text was removed." in gone.said()


@pytest.mark.parametrize("version", ["none", "\0", "x" * 5000, "é%"])
async def test_a_version_that_is_not_there_is_a_page_that_says_so(client: Client, version: str) -> None:
    read = await page(client, "/articles/drones", {"version": version}, 404)
    assert "No article has the id 'drones' and version" in read.said()


# Copies


async def test_copies_of_an_article_are_named_with_what_that_means(client: Client, answering: FirstSentence) -> None:
    day = datetime(2024, 3, 2, tzinfo=UTC)
    for number, name in enumerate(("agency", "copy", "late/copy")):
        await added(answering, article_id=name, title=name.title(), text=REPORT, published=day + number * SECOND)
    await added(answering, article_id="copy", title="Copy", text="Something else altogether.", published=day)
    old = await answering.store.article("copy")
    assert old
    await added(answering, article_id="copy", title="Copy", text=REPORT, published=day + SECOND)

    read = await page(client, "/articles/copy")
    assert read.texts["h2"] == ["Changes", "Other articles of the same origin"]
    assert "they count as one independent source" in read.said("aside")
    assert [link for link in read.links() if re.match(r"\.\./articles/[^?]+$", link)] == [
        "../articles/agency",
        "../articles/late/copy",
    ]
    assert "aside" not in (await page(client, "/articles/drones")).texts
    # What an earlier version had in common with others is no longer known.
    assert "aside" not in (await page(client, "/articles/copy", {"version": old.source.version})).texts


# The list


async def test_articles_are_listed_newest_first_fifty_a_page(client: Client, answering: FirstSentence) -> None:
    day = datetime(2024, 3, 2, tzinfo=UTC)
    dated = [
        added(answering, article_id=f"n{at}", title=f"Number {at}", published=day + timedelta(days=at), outlet="O")
        for at in range(51)
    ]
    await asyncio.gather(*dated)

    first = await page(client, "/articles")
    assert "1 to 50 of 53" in first.said()
    assert first.texts["li"][0].split() == ["Number", "50", "O", "·", "21", "April", "2024"]
    assert first.links()[4] == "./articles/n50"
    assert len(first.texts["li"]) == 50
    assert [link for link in first.links() if "page=" in link] == ["?page=2"]

    last = await page(client, "/articles", {"page": 2})
    assert "51 to 53 of 53" in last.said()
    assert last.all("ol")[0]["start"] == "51"
    assert [text.split()[0] for text in last.texts["li"]] == ["Number", "Students", "Drones"]
    assert [link for link in last.links() if "page=" in link] == ["?page=1"]
    assert "no more than 2 pages" in (await page(client, "/articles", {"page": 3}, 404)).said()


async def test_an_empty_corpus_says_how_to_bring_articles_in(client: Client) -> None:
    for article in (DRONES, STUDENTS):
        await client.delete(f"/v1/articles/{quote(article.source.article_id)}")
    read = await page(client, "/articles")
    assert "groundwire ingest https://www.example.org/feed.xml FOLDER" in read.said()
    assert "POST /v1/articles" in read.said()
    assert "ol" not in read.texts


@pytest.mark.parametrize("number", ["0", "-1", "x", "", "1.5", "9" * 10, "9" * 6000])
async def test_a_page_of_the_list_that_cannot_be_is_a_page_that_says_why(gate: Client, number: str) -> None:
    assert "Page: must be a number from 1 on" in (await page(gate, "/articles", {"page": number}, 422)).said()


# Problems


@pytest.mark.parametrize("path", ["/nothing", "/nothing/at/all", "/web/nothing.js", "/web", "/web/", "/articles/a%00"])
async def test_a_person_who_opens_a_wrong_address_gets_a_page_with_ways_out(gate: Client, path: str) -> None:
    response = await gate.get(path, headers=BROWSER)
    read = Read(response.text)
    assert response.status_code == (422 if "%00" in path else 404)
    root = "../" * (path.count("/") - 1) or "./"
    assert {root, f"{root}articles"} <= set(read.links())
    assert response.headers["x-request-id"] in read.said()
    assert response.headers["vary"] == "Accept, Cookie"


@pytest.mark.parametrize("accept", ["*/*", "application/json", "", "text/html;q=x", "text/htm", ";;,"])
async def test_a_program_gets_a_problem_document(gate: Client, accept: str) -> None:
    response = await gate.get("/nothing", headers={"accept": accept})
    assert response.status_code == 404
    if "text/html" not in accept:
        assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1/articles?limit=0", "/api/chat", "/health/x"])
async def test_what_programs_ask_is_answered_as_to_programs_whoever_asks(gate: Client, path: str) -> None:
    response = await gate.get(path, headers=BROWSER)
    assert response.status_code >= 400
    assert "text/html" not in response.headers["content-type"]


async def test_what_a_problem_quotes_is_text(gate: Client) -> None:
    response = await gate.get("/articles?page=<script>alert(1)</script>", headers=BROWSER)
    assert Read(response.text).all("script") == []


# Files


async def bare(path: str, method: str = "GET") -> tuple[int, bytes]:
    """Ask the application itself: a client walks the steps of a path before it sends it, and drops what HEAD brings."""
    scope = {
        "type": "http",
        "method": method,
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
    }
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> NoReturn:
        raise AssertionError

    await make_app(Unasked())(scope, receive, send)
    start, body = sent
    assert start["type"] == "http.response.start"
    assert body["type"] == "http.response.body"
    return start["status"], body["body"]


async def test_a_file_is_served_as_what_it_is(gate: Client) -> None:
    kinds = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
    for file in (WEB / "modules").iterdir():
        response = await gate.get(f"/web/{file.name}")
        assert response.status_code == 200
        assert response.headers["content-type"] == kinds[file.suffix]
        assert response.content == file.read_bytes()


async def test_the_page_and_the_widget_are_served(gate: Client) -> None:
    chat, widget = await gate.get("/"), await gate.get("/widget.js")
    assert chat.headers["content-type"] == "text/html; charset=utf-8"
    assert "<groundwire-chat>" in chat.text
    assert widget.headers["content-type"] == "text/javascript; charset=utf-8"
    assert widget.content == (WEB / "widget.js").read_bytes()


async def test_what_a_browser_has_is_not_sent_again(client: Client) -> None:
    for path in PATHS:
        first = await client.get(path)
        tag = first.headers["etag"]
        assert first.headers["cache-control"] == "no-cache"
        for known in (tag, f'W/{tag}, "other"', "*"):
            again = await client.get(path, headers={"if-none-match": known})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == tag
            assert again.headers["cache-control"] == "no-cache"
        assert (await client.get(path, headers={"if-none-match": '"other"'})).status_code == 200


async def test_the_list_has_another_tag_when_an_article_comes(client: Client, answering: FirstSentence) -> None:
    tag = (await client.get("/articles")).headers["etag"]
    await added(answering)
    assert (await client.get("/articles", headers={"if-none-match": tag})).status_code == 200


async def test_head_is_get_without_the_body(client: Client) -> None:
    for path in (*PATHS, "/health/live", "/v1/articles"):
        head, whole = await client.head(path), await client.get(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(len(whole.content))
        assert head.headers["content-type"] == whole.headers["content-type"]
    for path, status in [("/", 200), ("/web/article.css", 200), ("/health/live", 200), ("/nothing", 404)]:
        assert await bare(path, "HEAD") == (status, b"")
        assert (await bare(path))[1] != b""


@pytest.mark.parametrize(
    "path",
    [
        "/web/../widget.js",
        "/web/..%2fwidget.js",
        "/web/%2e%2e/templates/chat.html",
        "/web/%2e%2e%2fpages.py",
        "/web/..%5cwidget.js",
        "/web/....//widget.js",
        "/web/%2fetc%2fpasswd",
        "/web//etc/passwd",
        "/web/templates/page.html",
        "/web/..%2ftemplates%2fpage.html",
        "/web/%00",
        "/web/article.css%00",
        "/web/.",
        "/web/..",
        "/web/",
        "/web",
        "/web/ARTICLE.CSS",
        "/templates/page.html",
        "/chat.html/",
        "/pages.py",
    ],
)
async def test_no_path_leads_out_of_the_files_that_are_served_nor_lists_them(path: str) -> None:
    status, body = await bare(path)
    assert status == 404
    assert str(WEB.parent).encode() not in body
    assert b"article.css" not in body


# What everything is sent with


REQUESTS = [
    *(("GET", path) for path in PATHS),
    ("GET", "/articles/none"),
    ("GET", "/articles/drones?start=x"),
    ("GET", "/nothing"),
    ("GET", "/web/nothing"),
    ("GET", "/v1/articles"),
    ("GET", "/v1/articles/none"),
    ("POST", "/v1/answers"),
    ("PATCH", "/v1/answers"),
    ("OPTIONS", "/v1/answers"),
    ("GET", "/schema/openapi.json"),
    ("HEAD", "/health/live"),
]


@pytest.mark.parametrize("accept", ["*/*", BROWSER["accept"]], ids=["program", "browser"])
async def test_every_response_tells_a_browser_to_trust_nothing(client: Client, accept: str) -> None:
    for method, path in REQUESTS:
        response = await client.request(method, path, headers={"accept": accept})
        assert response.headers["x-content-type-options"] == "nosniff"
        # A page says to itself where a form comes from, and to others nothing.
        is_page = "text/html" in response.headers.get("content-type", "")
        assert response.headers["referrer-policy"] == ("same-origin" if is_page else "no-referrer")
        policy = response.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        if "text/html" in response.headers.get("content-type", ""):
            assert "require-trusted-types-for 'script'; trusted-types 'none'" in policy


async def test_the_articles_pages_weigh_little() -> None:
    assert sum((WEB / "modules" / name).stat().st_size for name in ("article.css", "article.js")) < 8_000
