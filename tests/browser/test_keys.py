"""A service that wants a key: who opens its page signs in, pages of others have a key of their own, and no more."""

import asyncio
import re
from urllib.parse import unquote

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.chat import ABOUT_JOBS, ABOUT_PASSENGERS, QUOTE, UNANSWERED, Chat
from tests.browser.newsroom import Keyed
from tests.browser.reader import DESKTOP, PHONE, Reader
from tests.browser.site import File, Site
from tests.browser.test_access import is_accessible
from tests.browser.test_looks import pictures
from tests.processes import until

REFUSED = "Failed to load resource: the server responded with a status of 4"


def _field(within: Page | Locator) -> Locator:
    return within.get_by_label("Key", exact=True)


def _sign_in(within: Page | Locator) -> Locator:
    return within.get_by_role("button", name="Sign in")


def _sign_out(page: Page) -> Locator:
    return page.get_by_role("button", name="Sign out")


async def _asked(reader: Reader, keyed: Keyed, **options: object) -> Chat:
    """Ask on the page of the service, and be asked for a key."""
    reader.expected = [REFUSED]
    chat = Chat(await reader.opens(keyed.address, **options))  # type: ignore[arg-type]  # of a browser's context
    await chat.asks(ABOUT_PASSENGERS)
    await expect(_field(chat.element)).to_be_visible()
    return chat


async def _signed_in(reader: Reader, keyed: Keyed, token: str) -> Chat:
    chat = await _asked(reader, keyed)
    await _field(chat.element).fill(token)
    await _field(chat.element).press("Enter")
    await expect(chat.sentences).to_have_count(2)
    return chat


@pytest.fixture(scope="module")
def token(keyed: Keyed) -> str:
    return keyed.key("a reader", "--requests", "100000")


async def test_a_reader_is_asked_for_a_key_and_then_answered(reader: Reader, keyed: Keyed, token: str) -> None:
    chat = await _asked(reader, keyed)
    field = _field(chat.element)
    await expect(chat.element.get_by_text("This service wants a key")).to_be_visible()
    await expect(chat.error).to_have_count(0)
    await expect(field).to_be_focused()
    await expect(_sign_out(chat.page)).to_have_count(0)

    await chat.page.keyboard.type("gw_wrong")
    await chat.page.keyboard.press("Enter")
    said = chat.element.get_by_role("alert")
    await expect(said).to_have_text("The key is none of this service's.")
    await expect(field).to_be_focused()
    await expect(field).to_have_attribute("aria-invalid", "true")
    await expect(field).to_have_accessible_description("The key is none of this service's.")

    await chat.page.keyboard.type(token)  # over the wrong one, which is selected
    await chat.page.keyboard.press("Enter")
    await expect(chat.sentences).to_have_count(2)
    await expect(chat.exchanges).to_have_count(1)
    await expect(chat.question).to_be_focused()
    await expect(field).to_have_count(0)
    assert [one["question"] for one in reader.posted if "question" in one] == [ABOUT_PASSENGERS] * 2

    await chat.asks(ABOUT_JOBS)
    await expect(chat.exchanges).to_have_count(2)
    await expect(chat.part("disagreement")).to_have_count(1)
    async with chat.page.context.expect_page() as opening:
        await chat.chips.first.click()
    await expect((await opening.value).locator("mark#quote")).to_be_in_viewport()


async def test_the_key_is_kept_where_no_script_and_nobody_beside_finds_it(
    reader: Reader, keyed: Keyed, token: str
) -> None:
    chat = await _signed_in(reader, keyed, token)
    page = chat.page
    found = await page.evaluate(
        "async () => JSON.stringify([document.cookie, location.href, {...localStorage}, {...sessionStorage},"
        " history.state, history.length, await indexedDB.databases(), await caches.keys(),"
        " document.documentElement.outerHTML, document.querySelector('groundwire-chat').shadowRoot.innerHTML,"
        " [...document.querySelector('groundwire-chat').shadowRoot.querySelectorAll('input')].map((one) => one.value),"
        " heard])"
    )
    assert token not in found
    assert '["","http' in found, "there is no cookie for scripts"
    [cookie] = await page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"], cookie["value"]) == (True, "Lax", "/", token)
    assert not [one.url for one in reader.requests if token in unquote(one.url)]
    assert not [one.url for one in reader.requests if "authorization" in await one.all_headers()]


async def test_who_is_signed_in_stays_so_until_signing_out(reader: Reader, keyed: Keyed, token: str) -> None:
    chat = await _signed_in(reader, keyed, token)
    page = chat.page
    await expect(_sign_out(page)).to_be_visible()
    await page.reload()
    await expect(_sign_out(page)).to_be_visible()
    await chat.asks(ABOUT_JOBS)
    await expect(chat.part("disagreement")).to_have_count(1)

    await page.get_by_role("link", name="Articles").click()
    await page.get_by_role("link", name="Oster's library reopens").click()
    await expect(page.get_by_role("article")).to_contain_text("after a renovation")
    await _sign_out(page).click()
    await expect(page).to_have_url(f"{keyed.address}/")
    await expect(_sign_out(page)).to_have_count(0)
    assert await page.context.cookies() == []
    await chat.asks(ABOUT_JOBS)
    await expect(_field(chat.element)).to_be_visible()
    await page.go_back()
    await expect(page.get_by_role("heading", name="This service wants a key")).to_be_visible()
    await expect(page.get_by_text("after a renovation")).to_have_count(0)


async def test_a_question_that_waits_for_a_key_makes_room_for_another(reader: Reader, keyed: Keyed, token: str) -> None:
    chat = await _asked(reader, keyed)
    await chat.question.fill(ABOUT_JOBS)
    await chat.question.press("Enter")
    await expect(chat.part("question")).to_have_text([ABOUT_JOBS])
    await _field(chat.element).fill(token)
    await _sign_in(chat.element).click()
    await expect(chat.part("disagreement")).to_have_count(1)
    assert [one["history"] for one in reader.posted if "history" in one] == [[], [], []]


async def test_a_key_that_is_revoked_meanwhile_is_asked_for_again(reader: Reader, keyed: Keyed) -> None:
    token = keyed.key("a passing reader")
    chat = await _signed_in(reader, keyed, token)
    keyed.revoke("a passing reader", token)
    await chat.asks(ABOUT_JOBS)
    await expect(_field(chat.element)).to_be_focused()
    await _field(chat.element).fill(token)
    await _field(chat.element).press("Enter")
    await expect(chat.element.get_by_role("alert")).to_contain_text("was revoked on")


async def test_an_article_asks_for_the_key_and_is_then_shown_without_javascript(
    reader: Reader, keyed: Keyed, token: str
) -> None:
    reader.expected = [REFUSED]
    path = "/articles/library?start=4&end=18"
    page = await reader.opens(keyed.address + path, java_script_enabled=False)
    await expect(page.get_by_role("heading", name="This service wants a key")).to_be_visible()
    await expect(page.get_by_text("library")).to_have_count(0)
    await _field(page).fill("gw_wrong")
    await _sign_in(page).click()
    await expect(_field(page)).to_have_accessible_description("The key is none of this service's.")
    await _field(page).fill(token)
    await _sign_in(page).click()
    await expect(page).to_have_url(keyed.address + path)
    await expect(page.locator("mark#quote")).to_have_text("public library")
    await _sign_out(page).click()
    await expect(page).to_have_url(f"{keyed.address}/")
    assert await page.context.cookies() == []


async def test_what_a_key_may_not_do_is_said_in_words(reader: Reader, keyed: Keyed) -> None:
    reader.expected = [REFUSED]
    page = await reader.opens(f"{keyed.address}/sign-in")
    await _field(page).fill(keyed.key("who only reads", "--scope", "read"))
    await _sign_in(page).click()
    chat = Chat(page)
    await chat.asks(ABOUT_PASSENGERS)
    await expect(chat.error).to_contain_text("does not allow this")
    await expect(chat.error).to_contain_text("needs the scope 'ask'")
    await _sign_out(page).click()

    await page.goto(f"{keyed.address}/sign-in")
    await _field(page).fill(keyed.key("who only asks", "--scope", "ask"))
    await _sign_in(page).click()
    await page.goto(f"{keyed.address}/articles")
    await expect(page.get_by_role("heading", name="This key does not allow that")).to_be_visible()
    await expect(page.get_by_text("needs the scope 'read'")).to_be_visible()
    await expect(_sign_out(page)).to_be_visible()


async def test_too_many_questions_are_told_when_to_ask_again(reader: Reader, keyed: Keyed) -> None:
    chat = await _signed_in(reader, keyed, keyed.key("who may ask once", "--requests", "1"))
    await chat.asks(ABOUT_JOBS)
    await expect(chat.error).to_have_text(
        re.compile(r"^Too much is asked with this key just now\. Try again in (\d\d|\d) seconds?\.")
    )
    await expect(chat.again).to_be_visible()


@pytest.mark.parametrize(
    ("status", "after", "words"),
    [
        (503, "1", "The service refused the question: 503 Scripted. Try again in 1 second."),
        (503, "90", "The service refused the question: 503 Scripted. Try again in 90 seconds."),
        (503, "1800", "The service refused the question: 503 Scripted. Try again in 30 minutes."),
        (503, "Wed, 21 Oct 2026 07:28:00 GMT", "The service refused the question: 503 Scripted."),
        (503, "-1", "The service refused the question: 503 Scripted."),
        (429, "", "Too much is asked with this key just now. Try again later."),
    ],
)
async def test_how_long_to_wait_is_told_in_words(  # noqa: PLR0913, PLR0917 - what is said, and what is read
    reader: Reader, desk: str, site: Site, status: int, after: str, words: str
) -> None:
    """As of a proxy; of ours the detail says so itself."""
    reader.expected = ["Failed to load resource"]
    headers = {"retry-after": after, "access-control-expose-headers": "retry-after"} if after else {}
    site.answer = File("<p>Busy", "text/html", headers, status)
    site.files["/"] = _page(desk, f'address="{site.url}"')
    chat = Chat(await reader.opens(site.url))
    await chat.asks(ABOUT_PASSENGERS)
    await expect(chat.error.locator("p")).to_have_text(words)


# Pages of others


def _page(service: str, attributes: str = "") -> File:
    return File(
        f'<!doctype html><html lang="en"><title>Another site</title>'
        f'<script type="module" src="{service}/widget.js"></script><h1>Another site</h1>'
        f"<groundwire-chat {attributes}></groundwire-chat>"
    )


async def test_a_page_has_a_key_of_its_own_and_links_that_need_none(reader: Reader, keyed: Keyed, site: Site) -> None:
    token = keyed.key("the page", "--scope", "ask", "--origin", site.url)
    site.files["/"] = _page(keyed.address, f'api-key="{token}"')
    chat = Chat(await reader.opens(site.url))
    await chat.asks(ABOUT_PASSENGERS)
    await expect(chat.sentences).to_have_count(2)
    [asked] = [one for one in reader.requests if one.method == "POST"]
    assert (await asked.all_headers())["authorization"] == f"Bearer {token}"
    own = await chat.element.get_by_role("link", name="Source 2").get_attribute("href") or ""
    assert own == f"https://harbour-times.example/ferry#:~:text={_encoded(QUOTE)}"
    assert token not in await chat.element.evaluate("(one) => one.shadowRoot.innerHTML")

    # An article that is nowhere else is read with a key of the reader's.
    reader.expected = [REFUSED]
    async with chat.page.context.expect_page() as opening:
        await chat.element.get_by_role("link", name="Source 3").first.click()
    article = await opening.value
    await expect(article.get_by_role("heading", name="This service wants a key")).to_be_visible()

    await chat.asks(UNANSWERED)
    await expect(chat.part("passage")).not_to_have_count(0)
    for link in await chat.part("passage").all():
        where = await link.get_attribute("href") or ""
        assert where == "https://harbour-times.example/ferry" or where.startswith(f"{keyed.address}/articles/")


def _encoded(words: str) -> str:
    return words.replace(" ", "%20").replace(",", "%2C")


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ("", "The service wants a key, and this page has none."),
        ('api-key="gw_wrong"', "The service wants a key, and does not take the one that this page has."),
    ],
)
async def test_a_page_without_a_key_that_counts_asks_its_readers_for_none(
    reader: Reader, keyed: Keyed, site: Site, attributes: str, words: str
) -> None:
    keyed.key(f"another page, {len(attributes)}", "--scope", "ask", "--origin", site.url)
    reader.expected = [REFUSED]
    site.files["/"] = _page(keyed.address, attributes)
    chat = Chat(await reader.opens(site.url))
    await chat.asks(ABOUT_PASSENGERS)
    await expect(chat.error).to_contain_text(f"{words} Who runs the page can give it another.")
    await expect(_field(chat.element)).to_have_count(0)


async def test_a_key_of_one_page_is_none_of_another(reader: Reader, keyed: Keyed, site: Site) -> None:
    keyed.key("for preflights", "--scope", "ask", "--origin", site.url)
    token = keyed.key("of elsewhere", "--scope", "ask", "--origin", "https://elsewhere.example")
    reader.expected = [REFUSED, "CORS policy", "ERR_FAILED"]
    site.files["/"] = _page(keyed.address, f'api-key="{token}"')
    chat = Chat(await reader.opens(site.url))
    await chat.asks(ABOUT_PASSENGERS)
    await expect(chat.error).to_be_visible()
    await expect(chat.sentences).to_have_count(0)


async def test_a_page_of_another_port_can_do_nothing_with_who_is_signed_in(
    reader: Reader, keyed: Keyed, site: Site, token: str
) -> None:
    """To a browser it is of the same site, so that the cookie goes with what it sends; CORS lets it read nothing."""
    chat = await _signed_in(reader, keyed, token)
    reader.expected = [REFUSED, "CORS policy", "ERR_FAILED", "ERR_BLOCKED_BY_RESPONSE"]
    other = site.url.replace("localhost", "127.0.0.1")
    site.files["/"] = File("<!doctype html><title>Evil</title><form method=post><button>Go</button></form>")
    page = await chat.page.context.new_page()
    await page.goto(other)
    sent = [
        ("POST", "/v1/answers", "cors", "application/json"),
        ("POST", "/v1/answers", "no-cors", "text/plain"),
        ("GET", "/v1/articles", "cors", ""),
        ("POST", "/sign-out", "no-cors", "text/plain"),
        ("POST", "/sign-in", "no-cors", "application/x-www-form-urlencoded"),
    ]
    before = len(keyed.served)
    for method, path, mode, kind in sent:
        read = await page.evaluate(
            "([url, method, mode, type, body]) => fetch(url, {method, mode, credentials: 'include',"
            " ...(type && {headers: {'content-type': type}, body})}).then((one) => one.text(), () => '')",
            [keyed.address + path, method, mode, kind, f"key={token}&question=who"],
        )
        assert read == ""
    for action in ("/sign-out", "/sign-in", "/v1/answers"):
        await page.goto(other)
        await page.evaluate("(url) => { document.forms[0].action = url }", keyed.address + action)
        async with page.expect_navigation():
            await page.get_by_role("button").click()
    await asyncio.to_thread(until, lambda: len(keyed.served) >= before + 7, "all are in the log")
    assert sorted(keyed.served[before:]) == [
        "GET /v1/articles 403",
        *["POST /sign-in 403"] * 2,
        *["POST /sign-out 403"] * 2,
        *["POST /v1/answers 403"] * 2,
    ], "the preflight of the first is refused by itself"

    await chat.asks(ABOUT_JOBS)
    await expect(chat.part("disagreement")).to_have_count(1)


# For everybody


@pytest.mark.parametrize(
    ("name", "options"),
    [("phone", {"viewport": PHONE, "device_scale_factor": 2}), ("desktop", {"viewport": DESKTOP})],
)
async def test_being_asked_for_a_key_in_pictures(
    reader: Reader, keyed: Keyed, token: str, name: str, options: dict[str, object]
) -> None:
    chat = await _asked(reader, keyed, **options)
    page = chat.page
    await is_accessible(page)
    await pictures(page, f"{name}-key")
    await _field(chat.element).fill("gw_wrong")
    await _field(chat.element).press("Enter")
    await expect(chat.element.get_by_role("alert")).not_to_be_empty()
    await is_accessible(page)
    await pictures(page, f"{name}-key-wrong")
    await page.goto(f"{keyed.address}/articles/library")
    await is_accessible(page)
    await pictures(page, f"{name}-key-article")
    await _field(page).fill("gw_wrong")
    await _sign_in(page).click()
    await expect(page.get_by_text("none of this service")).to_be_visible()
    await is_accessible(page)
    await pictures(page, f"{name}-key-article-wrong")
    await _field(page).fill(token)
    await _sign_in(page).click()
    await expect(_sign_out(page)).to_be_visible()
    await is_accessible(page)
    await pictures(page, f"{name}-signed-in-article")
    await page.goto(keyed.address)
    await is_accessible(page)
    await pictures(page, f"{name}-signed-in")
