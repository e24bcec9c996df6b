"""Text of articles and of models is text: nothing of it runs, loads, links or becomes markup (see Reader.leaves)."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.chat import ABOUT_COMET, Chat
from tests.browser.newsroom import ARTICLES, ATTACKS, PWNED, Modelled
from tests.browser.reader import Reader
from tests.browser.site import Events, File, Site

TITLE = ARTICLES["hostile"][0]["title"]


async def _links(page: Page) -> list[str]:
    """Give where every link, frame, image and form of a page leads, those in shadow roots too."""
    addresses: list[str] = await page.evaluate(
        """() => {
          const all = (root) => [...root.querySelectorAll("*")].flatMap(
            (one) => [one, ...(one.shadowRoot ? all(one.shadowRoot) : [])]);
          return all(document).flatMap((one) => [one.href?.baseVal ?? one.href, one.src, one.action, one.data]
            .filter((address) => typeof address === "string" && address));
        }"""
    )
    return addresses


async def _only_safe_elements(page: Page) -> None:
    names = await page.evaluate(
        """() => {
          const all = (root) => [...root.querySelectorAll("*")].flatMap(
            (one) => [one, ...(one.shadowRoot ? all(one.shadowRoot) : [])]);
          return all(document).flatMap((one) => [
            one.localName, ...one.getAttributeNames().filter((name) => name.startsWith("on") || name === "srcdoc")]);
        }"""
    )
    assert not {"img", "iframe", "object", "embed", "onerror", "onload", "onfocus", "srcdoc", "b"} & set(names)
    # An article's own address is an address of the web, or it is none.
    known = ("http://127.0.0.1:", "http://localhost:", "https://comet.example/", "https://data.example/")
    assert [one for one in await _links(page) if not one.startswith(known)] == []


async def test_attacks_in_articles_are_shown_as_they_stand(reader: Reader, desk: str) -> None:
    chat = Chat(await reader.opens(desk))
    await chat.asks(ABOUT_COMET)
    await expect(chat.sentences.first).to_contain_text("12 astronomers")
    await expect(chat.part("sources")).to_contain_text('<img src="x" onerror=')
    await chat.chips.first.hover()
    await expect(chat.quote).to_contain_text('<img src="x" onerror=')
    await _only_safe_elements(chat.page)


@pytest.mark.parametrize("question", ["Which comet passes Earth on 9 April?", "How wide is the Zorblatt comet?"])
async def test_attacks_in_passages_are_shown_as_they_stand(reader: Reader, desk: str, question: str) -> None:
    """Whether they are cited or offered as the nearest is the service's choice."""
    chat = Chat(await reader.opens(desk))
    await chat.asks(question)
    await expect(chat.element).to_contain_text('<img src="x" onerror=')
    await _only_safe_elements(chat.page)


async def test_attacks_of_a_model_are_shown_as_words_or_not_at_all(reader: Reader, modelled: Modelled) -> None:
    chat = Chat(await reader.opens(modelled.address))
    await chat.asks(ATTACKS)
    await expect(chat.sentences.first).to_contain_text("In Cape Tern 46 pupils saw the Zorblatt comet.")
    await chat.chips.first.hover()
    await expect(chat.quote).to_contain_text("<iframe srcdoc=")
    await _only_safe_elements(chat.page)


async def test_a_question_is_words_too(reader: Reader, desk: str) -> None:
    chat = Chat(await reader.opens(desk))
    question = f'<img src=x onerror="{PWNED}"> </script><script>{PWNED}</script> [a](javascript:{PWNED})'
    await chat.asks(question)
    await expect(chat.part("question")).to_contain_text(question)
    await _only_safe_elements(chat.page)


@pytest.mark.parametrize("article", ["hostile", "hostile-data"])
async def test_an_article_page_shows_attacks_as_words(reader: Reader, desk: str, article: str) -> None:
    fields, text = ARTICLES[article]
    page = await reader.opens(f"{desk}/articles/{article}?start=4&end=20#quote")
    await expect(page.get_by_role("heading", level=1)).to_have_text(" ".join(str(fields["title"]).split()))
    await expect(page.get_by_role("article")).to_contain_text(text.strip().splitlines()[-1][:60])
    await expect(page.locator("mark#quote").first).to_be_visible()
    await _only_safe_elements(page)


async def test_the_list_of_articles_shows_attacks_as_words(reader: Reader, desk: str) -> None:
    page = await reader.opens(f"{desk}/articles")
    await expect(page.get_by_role("link", name=str(TITLE))).to_be_visible()
    await _only_safe_elements(page)


@pytest.mark.parametrize(
    "path",
    [
        f'articles/"><script>{PWNED}</script>',
        f"articles/ferry-times?version=%22%3E%3Cscript%3E{PWNED}%3C/script%3E",
        f"articles/ferry-times?start=%3Csvg/onload={PWNED}%3E&end=1",
        f"%3Cscript%3E{PWNED}%3C/script%3E",
    ],
)
async def test_what_an_address_says_is_not_taken_for_a_page(reader: Reader, desk: str, path: str) -> None:
    reader.expected = ["Failed to load resource"]
    page = await reader.opens(f"{desk}/{path}")
    await expect(page.locator("script:not([src])")).to_have_count(0)


@pytest.mark.parametrize("attributes", ["", 'api-key="gw_public"'])
async def test_a_service_that_was_taken_over_cannot_reach_into_the_page(
    reader: Reader, desk: str, site: Site, attributes: str
) -> None:
    """Whatever a service answers, the host page must be safe from it: it may be asked at another's address."""
    attack = f'"><img src=x onerror="{PWNED}">'
    source = {"number": 1, "article_id": f"../..//evil.example/{attack}", "version": attack, "title": attack}
    source |= {"outlet": attack, "url": f"JaVaScRiPt:{PWNED}", "published": attack, "credits": [attack], "origin": ""}
    other = {**source, "number": 2, "article_id": "two", "url": f"\tjava\nscript:{PWNED}"}
    third = {**source, "number": 3, "article_id": "three", "url": f"vbscript:{PWNED}", "published": "2026-13-45T99"}
    text = f"{attack} [x](javascript:1) <b>bold</b> [1][2][3]"
    sentence = {"text": text, "start": 0, "end": len(text), "verdict": attack, "citations": [0, 1, 2], "reasons": []}
    sentence |= {"independent_sources": attack}
    citations = [
        {"source": number, "passage_id": attack, "quote": attack, "start": attack, "end": -1}
        | {"answer_start": 0, "answer_end": len(text), "support": 1.0}
        for number in (1, 2, 3)
    ]
    passage = {"source": source, "ordinal": 0, "text": attack, "start": attack, "end": attack, "passage_id": attack}
    answer = {
        "id": attack, "question": attack, "answered": True, "text": text, "abstained": None, "sentences": [sentence],
        "citations": citations, "sources": [source, other, third], "hits": None, "writer": attack, "usage": None,
        "disagreements": [
            {"kind": attack, "about": attack, "sentences": [0, 0], "says": [attack, attack], "over_time": True}
        ],
        "notices": [{"kind": attack, "message": attack}, {"kind": "fallback", "message": attack}],
        "corpus": {"articles": 1, "fingerprint": attack}, "timings_ms": {},
    }  # fmt: skip
    site.answer = Events(
        [
            ("searched", {"hits": [{"passage": passage, "relevance": 1.0}]}),
            (
                "sentence",
                {"text": text, "sentence": sentence, "citations": citations, "new_sources": answer["sources"]},
            ),
            ("answered", {"answer": answer}),
        ]
    )
    site.files["/"] = File(
        f'<!doctype html><html lang="en"><title>Site</title><script type="module" src="{desk}/widget.js"></script>'
        f'<groundwire-chat address="{site.url}" {attributes}></groundwire-chat>'
    )
    chat = Chat(await reader.opens(site.url))
    await chat.asks("Anything?")
    await expect(chat.sentences).to_have_count(1)
    for chip in await chat.chips.all():
        await chip.focus()
        await expect(chat.quote).to_have_count(1)
        await _only_safe_elements(chat.page)
    await _only_safe_elements(chat.page)


@pytest.mark.parametrize(
    "address",
    [f"javascript:{PWNED}", f"data:text/html,<script>{PWNED}</script>", "//[", "blob:x", "file:///etc/passwd"],
)
async def test_what_attributes_of_the_widget_say_is_words(reader: Reader, desk: str, site: Site, address: str) -> None:
    """A page may fill them from what its readers send."""
    attack = f'"><img src=x onerror="{PWNED}"></textarea><script>{PWNED}</script>'
    site.files["/"] = File(
        f'<!doctype html><html lang="en"><title>Site</title><script type="module" src="{desk}/widget.js"></script>'
        "<groundwire-chat></groundwire-chat>"
    )
    page = await reader.opens(site.url)
    await page.evaluate(
        "([address, attack]) => { const chat = document.querySelector('groundwire-chat');"
        " for (const name of ['title', 'placeholder', 'questions', 'theme', 'api-key', 'lang', 'id'])"
        " chat.setAttribute(name, attack);"
        " chat.setAttribute('address', address); }",
        [address, attack],
    )
    chat = Chat(page)
    await expect(chat.part("title")).to_have_text(attack)
    await expect(chat.part("starter")).to_have_text(attack)
    await expect(chat.question).to_have_attribute("placeholder", attack)
    await chat.asks("Who?")
    await expect(chat.error).to_contain_text("is none of the web")
    await _only_safe_elements(page)
    assert [one for one in reader.requests if one.method == "POST"] == []
