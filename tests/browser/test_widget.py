"""The widget on somebody else's page: another origin, a strict policy, a hostile stylesheet, two of them, none left."""

import re

from playwright.async_api import Page, expect

from tests.browser.chat import ABOUT_JOBS, ABOUT_PASSENGERS, Chat
from tests.browser.newsroom import SLOW, Modelled
from tests.browser.reader import Reader
from tests.browser.site import Events, File, Site

# What no page should do, and pages do.
HOSTILE_STYLE = """
* { all: unset; display: block !important; color: red !important; font: 40px serif !important; opacity: .1 }
a, button, textarea, article, p, li { display: none !important; visibility: hidden !important }
groundwire-chat { all: initial; opacity: 1 !important; visibility: visible !important; display: block !important }
"""


def _page(service: str, body: str, *, head: str = "") -> File:
    """Give a page whose policy allows the service's scripts and answers, and not one style or script more."""
    policy = (
        f"default-src 'none'; script-src {service}/widget.js {service}/web/; connect-src {service}; "
        "style-src 'self'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
    return File(
        f'<!doctype html><html lang="en"><title>Another site</title>{head}'
        f'<script type="module" src="{service}/widget.js"></script><h1>Another site</h1>{body}',
        headers={"content-security-policy": policy},
    )


async def test_the_widget_answers_on_a_page_of_another_origin(reader: Reader, desk: str, site: Site) -> None:
    site.files["/"] = _page(desk, "<groundwire-chat></groundwire-chat>")
    page = await reader.opens(site.url)
    chat = Chat(page)
    await chat.asks(ABOUT_PASSENGERS)

    await expect(chat.sentences).to_have_count(2)
    await chat.chips.first.hover()
    await expect(chat.quote).to_contain_text("320 passengers")
    # What the page hears of it.
    [heard] = await page.evaluate("heard")
    assert heard["name"] == "groundwire-answer"
    assert heard["detail"]["question"] == ABOUT_PASSENGERS
    assert len(heard["detail"]["sources"]) == 3
    async with page.context.expect_page() as opening:
        await chat.chips.first.click()
    article = await opening.value
    assert article.url.startswith(f"{desk}/articles/")
    await expect(article.locator("mark#quote")).to_be_in_viewport()


async def test_attributes_say_who_is_asked_and_how_it_looks(reader: Reader, desk: str, site: Site) -> None:
    attributes = (
        f'address="{desk}/" api-key="public-ask-key" title="Ask the Harbour Times" theme="dark" '
        f'placeholder="What would you like to know?" questions="{ABOUT_JOBS}|{ABOUT_PASSENGERS}"'
    )
    site.files["/"] = _page(desk, f"<groundwire-chat {attributes}></groundwire-chat>")
    page = await reader.opens(site.url)
    chat = Chat(page)
    await expect(chat.element.get_by_text("Ask the Harbour Times")).to_be_visible()
    await expect(chat.question).to_have_attribute("placeholder", "What would you like to know?")
    await expect(chat.part("starter")).to_have_text([ABOUT_JOBS, ABOUT_PASSENGERS])
    dark = await chat.question.evaluate("(one) => getComputedStyle(one).color")

    await chat.part("starter").last.click()
    await expect(chat.sentences).to_have_count(2)
    [asked] = [one for one in reader.requests if one.method == "POST"]
    assert asked.url == f"{desk}/v1/answers"
    assert (await asked.all_headers())["authorization"] == "Bearer public-ask-key"

    await chat.element.evaluate("(one) => one.setAttribute('theme', 'light')")
    await expect(chat.question).not_to_have_css("color", dark)
    await chat.element.evaluate("(one) => one.setAttribute('placeholder', 'Go on')")
    await expect(chat.question).to_have_attribute("placeholder", "Go on")


async def test_opening_questions_may_stand_on_lines(reader: Reader, desk: str, site: Site) -> None:
    site.files["/"] = _page(
        desk, f'<groundwire-chat questions="\n {ABOUT_JOBS}\n\n {ABOUT_PASSENGERS} |"></groundwire-chat>'
    )
    chat = Chat(await reader.opens(site.url))
    await expect(chat.part("starter")).to_have_text([ABOUT_JOBS, ABOUT_PASSENGERS])


async def test_a_page_s_style_does_not_reach_in_and_the_widget_s_does_not_reach_out(
    reader: Reader, desk: str, site: Site
) -> None:
    site.files["/host.css"] = File(HOSTILE_STYLE, "text/css")
    link = '<link rel="stylesheet" href="host.css">'
    site.files["/"] = _page(desk, "<groundwire-chat theme='light'></groundwire-chat>", head=link)
    page = await reader.opens(site.url)
    chat = Chat(page)
    await chat.asks(ABOUT_PASSENGERS)
    await expect(chat.sentences.first).to_be_visible()
    await expect(chat.chips.first).to_be_visible()
    await expect(chat.copy).to_be_visible()
    await expect(chat.sentences.first).not_to_have_css("color", "rgb(255, 0, 0)")
    await expect(chat.sentences.first).not_to_have_css("font-size", "40px")
    # The page's own heading has the page's style alone.
    await expect(page.locator("h1")).to_have_css("color", "rgb(255, 0, 0)")
    assert await page.evaluate("document.adoptedStyleSheets.length + document.querySelectorAll('style').length") == 0


async def test_a_page_may_style_the_widget_s_parts(reader: Reader, desk: str, site: Site) -> None:
    site.files["/host.css"] = File("groundwire-chat::part(sentence) { color: rgb(0, 0, 200) }", "text/css")
    link = '<link rel="stylesheet" href="host.css">'
    site.files["/"] = _page(desk, "<groundwire-chat></groundwire-chat>", head=link)
    chat = Chat(await reader.opens(site.url))
    await chat.asks(ABOUT_PASSENGERS)
    await expect(chat.sentences.first).to_have_css("color", "rgb(0, 0, 200)")


async def test_two_widgets_on_one_page_are_two_conversations(reader: Reader, desk: str, site: Site) -> None:
    site.files["/"] = _page(
        desk, '<groundwire-chat id="a"></groundwire-chat><groundwire-chat id="b"></groundwire-chat>'
    )
    page = await reader.opens(site.url)
    one, other = Chat(page, within="#a"), Chat(page, within="#b")
    await one.asks(ABOUT_PASSENGERS)
    await other.asks(ABOUT_JOBS)

    await expect(one.exchanges).to_have_count(1)
    await expect(other.exchanges).to_have_count(1)
    await expect(other.part("disagreement")).to_have_count(1)
    await expect(one.part("disagreement")).to_have_count(0)
    assert [(heard["id"], heard["detail"]["question"]) for heard in await page.evaluate("heard")] == [
        ("a", ABOUT_PASSENGERS),
        ("b", ABOUT_JOBS),
    ]
    assert [asked["history"] for asked in reader.posted] == [[], []]


async def test_a_widget_that_is_taken_away_stops_asking(reader: Reader, desk: str, site: Site) -> None:
    site.files["/"] = File(_page(desk, f"<groundwire-chat address='{site.url}'></groundwire-chat>").body)
    site.answer = Events([("searched", {"hits": []})], hang=True)
    page = await reader.opens(site.url)
    chat = Chat(page)
    await chat.begins("Is anybody there?")
    await expect(chat.stop).to_be_visible()
    await chat.element.evaluate("(one) => one.remove()")
    await site.is_left()
    assert await page.evaluate("heard") == []


async def test_the_service_sees_a_widget_go(reader: Reader, modelled: Modelled) -> None:
    page = await reader.opens(modelled.address)
    chat = Chat(page)
    async with modelled.left():
        await chat.begins(SLOW)
        await expect(chat.sentences).to_have_count(1)
        await chat.element.evaluate("(one) => one.remove()")


async def test_a_widget_is_made_moved_and_changed_by_scripts(reader: Reader, desk: str, site: Site) -> None:
    site.files["/"] = _page(desk, "<main></main><aside></aside>")
    page = await reader.opens(site.url)
    await page.evaluate(
        "() => document.querySelector('main').append("
        "Object.assign(document.createElement('groundwire-chat'), { id: 'made' }))"
    )
    chat = Chat(page, within="#made")
    await chat.asks(ABOUT_PASSENGERS)
    await expect(chat.sentences).to_have_count(2)
    await page.evaluate("() => document.querySelector('aside').append(document.querySelector('#made'))")
    await expect(chat.sentences).to_have_count(2)
    await chat.asks(ABOUT_JOBS)
    await expect(chat.exchanges).to_have_count(2)


async def test_a_widget_inside_another_element_is_heard_outside_of_it(reader: Reader, desk: str, site: Site) -> None:
    site.files["/"] = _page(desk, "<main id='outer'></main>")
    page = await reader.opens(site.url)
    await page.evaluate(
        "() => document.querySelector('main').attachShadow({ mode: 'open' })"
        ".append(document.createElement('groundwire-chat'))"
    )
    chat = Chat(page)
    await chat.asks(ABOUT_PASSENGERS)
    await chat.chips.first.focus()
    await expect(chat.quote).to_be_visible()
    assert [heard["id"] for heard in await page.evaluate("heard")] == ["outer"]


async def test_where_the_service_does_not_allow_the_page_the_widget_says_so(
    reader: Reader, modelled: Modelled, site: Site
) -> None:
    site.files["/"] = _page(modelled.address, "<groundwire-chat></groundwire-chat>")
    reader.expected = ["CORS policy", "ERR_FAILED", "Failed to load resource"]
    chat = Chat(await reader.opens(site.url))
    await chat.asks(ABOUT_PASSENGERS)
    await expect(chat.error).to_contain_text(re.compile("reach|allow|connect", re.IGNORECASE))
    await expect(chat.error).not_to_contain_text("TypeError")
    await _console_is_calm(chat.page)


async def _console_is_calm(page: Page) -> None:
    [heard] = await page.evaluate("heard")
    assert heard["name"] == "groundwire-error"
