"""A newcomer's path: a feed's address, then a question; what a site forbids, lacks or moves is told."""

import asyncio
import json
from pathlib import Path

from tests.processes import environment, groundwire
from tests.site_server import Site, page, redirect

BRIDGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<title>Harbour bridge to close for repairs | The Tidings</title>
<meta property="og:site_name" content="The Tidings">
<meta property="article:published_time" content="2026-11-20T08:00:00+00:00">
</head><body>
<nav><a href="/">Home</a> <a href="/sport">Sport</a></nav>
<article><h1>Harbour bridge to close for repairs</h1>
<p>The harbour bridge in Marlow will close for {weeks} weeks from 1 February, the city council said on Friday.</p>
<p>Mayor Ines Calder said that the repairs would cost 14 million dollars. “We cannot wait another winter,” she said.</p>
<p>Ferries will run every twenty minutes while the bridge is closed, and bus line 7 will end at the old market.</p>
</article>
<aside><h2>Most read</h2><ul><li><a href="/cats">Ten cats of the week</a></li></ul></aside>
<footer>© 2026 The Tidings. All rights reserved.</footer>
</body></html>
"""
SCHOOL = """<!doctype html><html><head><title>School to open in Elmsworth | The Tidings</title>
<meta property="og:site_name" content="The Tidings">
<script type="application/ld+json">{"@type": "NewsArticle", "headline": "School to open in Elmsworth",
"datePublished": "2026-11-19T10:00:00Z", "author": {"@type": "Person", "name": "Tom Reed"}}</script></head>
<body><main><h1>School to open in Elmsworth</h1>
<p>A school for 400 children will open in Elmsworth next autumn, the county said in a statement on Thursday.</p>
<p>It is the first school that the county has built since 1998, and it will have a library and a swimming pool.</p>
<p>Parents had asked for it for years, as their children travel to Marlow by bus every morning.</p>
</main></body></html>
"""
ENTRIES = [
    ("Harbour bridge to close", "/bridge.html", "The bridge closes in February."),
    ("School to open", "/moved.html", "A school opens in autumn."),
    ("Private", "/private/list.html", "Who lives where."),
    ("Gone", "/gone.html", "The regatta was won by the crew of the Petrel on Sunday."),
]


def feed(origin: str) -> bytes:
    items = "".join(
        f"<item><title>{title}</title><link>{origin}{path}</link><description>{words}</description>"
        "<pubDate>Fri, 20 Nov 2026 08:00:00 GMT</pubDate></item>"
        for title, path, words in ENTRIES
    )
    whole = f'<?xml version="1.0"?><rss version="2.0"><channel><title>The Tidings</title>{items}</channel></rss>'
    return page(whole.encode(), content_type="application/rss+xml")


def html(text: str) -> bytes:
    return page(text.encode(), content_type="text/html; charset=utf-8")


async def test_a_feed_s_address_leads_to_a_cited_answer(tmp_path: Path) -> None:
    env = environment(tmp_path / "data", GROUNDWIRE_FETCH_ALLOWED="127.0.0.1")
    site = Site({"/robots.txt": page(b"User-agent: *\nDisallow: /private/\n")})

    async def run(*arguments: str) -> tuple[int, str, str]:
        done = await asyncio.to_thread(groundwire, *arguments, env=env)
        return done.returncode, done.stdout, done.stderr

    async with site.serving():
        origin = site.url("")
        site.pages |= {
            "/feed.xml": feed(origin),
            "/bridge.html": html(BRIDGE.format(weeks="eleven")),
            "/moved.html": redirect("/school.html", 301),
            "/school.html": html(SCHOOL),
        }

        status, out, err = await run("ingest", f"{origin}/feed.xml", "--json")
        told = json.loads(out)
        _, answer, _ = await run("ask", "For how many weeks will the harbour bridge close?")
        _, articles, _ = await run("articles", "--json")
        asked = site.paths.copy()
        again = json.loads((await run("ingest", f"{origin}/feed.xml", "--json"))[1])
        site.pages["/bridge.html"] = html(BRIDGE.format(weeks="nine"))
        corrected = json.loads((await run("ingest", f"{origin}/feed.xml", "--json"))[1])
        _, later, _ = await run("ask", "For how many weeks will the harbour bridge close?")

    assert (status, told["created"]) == (0, 4), err
    # What may not be fetched, or is not there, is known by its summary, and that is said.
    assert {one["name"].removeprefix(origin): one["reason"] for one in told["noted"]} == {
        "/private/list.html": "its summary alone: its site's robots.txt does not allow it to groundwire",
        "/gone.html": "its summary alone: its server answers 404 (Not Found)",
    }
    assert "will close for eleven weeks from 1 February" in answer
    assert "The Tidings" in answer
    assert "/private/list.html" not in asked
    sources = {one["title"]: one for one in json.loads(articles)["articles"]}
    school = sources["School to open in Elmsworth"]
    assert school["url"] == f"{origin}/school.html"
    assert school["authors"] == ["Tom Reed"]
    assert sources["Harbour bridge to close for repairs"]["published"] == "2026-11-20T08:00:00Z"
    assert (again["created"], again["replaced"], again["unchanged"]) == (0, 0, 4)
    assert (corrected["replaced"], corrected["unchanged"]) == (1, 3)
    assert "will close for nine weeks" in later


async def test_an_address_that_may_not_be_asked_is_refused_and_the_setting_is_named(tmp_path: Path) -> None:
    async with Site({"/a.html": html(SCHOOL)}).serving() as site:
        done = await asyncio.to_thread(groundwire, "ingest", site.url("/a.html"), env=environment(tmp_path / "data"))

    assert done.returncode == 1
    assert "GROUNDWIRE_FETCH_ALLOWED" in done.stderr
    assert site.connections == 0


def test_an_address_of_another_kind_is_a_usage_error(tmp_path: Path) -> None:
    done = groundwire("ingest", "ftp://example.org/news.md", env=environment(tmp_path / "data"))

    assert done.returncode == 2
    assert "only http and https are fetched" in done.stderr
