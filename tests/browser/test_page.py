"""The page: a question becomes sentences, chips, quotes and articles; what is unsure or missing is said."""

import re

import pytest
from playwright.async_api import Route, expect

from tests.browser.chat import (
    ABOUT_JOBS,
    ABOUT_LIBRARY,
    ABOUT_LIGHTHOUSE,
    ABOUT_PASSENGERS,
    QUOTE,
    UNANSWERED,
    Chat,
)
from tests.browser.newsroom import FOLLOWS, HALF_PROVED, TWO_SAY, Modelled
from tests.browser.reader import Reader
from tests.browser.site import Site


async def test_a_question_gets_sentences_each_with_its_sources(reader: Reader, desk: str) -> None:
    chat = Chat(await reader.opens(desk))
    await chat.asks(ABOUT_PASSENGERS)

    await expect(chat.part("question")).to_contain_text(ABOUT_PASSENGERS)
    await expect(chat.sentences).to_have_count(2)
    await expect(chat.sentences.first).to_contain_text(QUOTE)
    await expect(chat.chips).to_have_text(["[1]", "[2]", "[3]"])
    await expect(chat.sentences.first.locator("[part~=chip]")).to_have_count(2)
    await expect(chat.part("sources").get_by_role("listitem")).to_have_count(3)
    sources = chat.part("sources")
    await expect(sources).to_contain_text("Islanders cheer as Aurora docks")
    await expect(sources).to_contain_text("The Coast Post")
    await expect(sources).to_contain_text("2026")
    assert [one["name"] for one in await chat.page.evaluate("heard")] == ["groundwire-answer"]


async def test_a_line_under_each_sentence_counts_independent_sources(
    reader: Reader, desk: str, modelled: Modelled
) -> None:
    chat = Chat(await reader.opens(desk))
    await chat.asks(ABOUT_PASSENGERS)  # a report, its copy, and then another's words
    await expect(chat.part("support")).to_have_text(["2 articles, 1 independent source", "1 source"])

    chat = Chat(await reader.opens(modelled.address))
    await chat.asks(TWO_SAY)
    await expect(chat.part("support")).to_have_text(["3 articles, 2 independent sources"])


@pytest.mark.parametrize("by", ["hover", "focus"])
async def test_a_chip_shows_the_quote_with_its_title_outlet_and_date(reader: Reader, desk: str, by: str) -> None:
    chat = Chat(await reader.opens(desk))
    await chat.asks(ABOUT_PASSENGERS)
    await expect(chat.quote).to_have_count(0)

    chip = chat.element.get_by_role("link", name="Source 3: Islanders cheer as Aurora docks, The Coast Post")
    await (chip.hover() if by == "hover" else chip.focus())
    await expect(chat.quote).to_have_count(1)
    await expect(chat.quote).to_contain_text("The ferry Aurora carries 320 passengers and is the largest")
    await expect(chat.quote).to_contain_text("Islanders cheer as Aurora docks")
    await expect(chat.quote).to_contain_text("The Coast Post")
    await expect(chat.quote).to_contain_text("2026")
    await expect(chat.quote).to_have_role("tooltip")
    await expect(chip).to_have_accessible_description(re.compile("320 passengers.*The Coast Post.*2026"))

    await chat.page.keyboard.press("Escape")
    await expect(chat.quote).to_have_count(0)


async def test_a_click_on_a_chip_opens_the_article_with_the_quote_marked_and_in_view(reader: Reader, desk: str) -> None:
    chat = Chat(await reader.opens(desk))
    await chat.asks(ABOUT_LIGHTHOUSE)
    async with chat.page.context.expect_page() as opening:
        await chat.chips.first.click()
    article = await opening.value

    await expect(article.get_by_role("heading", name="A year of the harbour board")).to_be_visible()
    mark = article.locator("mark#quote")
    await expect(mark).to_have_text("The harbour board sold the old lighthouse of Skerry to a retired cellist.")
    await expect(mark).to_be_in_viewport()
    assert await article.evaluate("scrollY") > 0
    assert await article.evaluate("opener") is None


async def test_where_the_articles_do_not_answer_the_nearest_passages_are_offered(reader: Reader, desk: str) -> None:
    chat = Chat(await reader.opens(desk))
    await chat.asks(UNANSWERED)

    await expect(chat.part("abstention")).to_contain_text("The articles do not answer this question.")
    await expect(chat.sentences).to_have_count(0)
    await expect(chat.element).to_contain_text("Nearest passages")
    # Each is of another report: the copy of one that is there adds nothing.
    titles = await chat.part("passage").all_text_contents()
    assert len(titles) == 3
    assert len({"Port Lamar's new ferry enters service", "New ferry enters service in Port Lamar"} & set(titles)) == 1
    async with chat.page.context.expect_page() as opening:
        await chat.part("passage").first.click()
    article = await opening.value
    await expect(article.locator("mark#quote").first).to_be_in_viewport()
    assert (await chat.page.evaluate("heard"))[0]["detail"]["answered"] is False


async def test_a_follow_up_is_asked_with_what_was_said_before(reader: Reader, modelled: Modelled) -> None:
    chat = Chat(await reader.opens(modelled.address))
    await chat.asks(TWO_SAY)
    await chat.asks(FOLLOWS)

    first, second = reader.posted
    assert first["history"] == []
    assert [turn["role"] for turn in second["history"]] == ["user", "assistant"]
    assert second["history"][0]["text"] == TWO_SAY
    assert "The Aurora carries 320 passengers." in second["history"][1]["text"]
    rewriting = modelled.model.asked[-2].body["messages"][-1]["content"]
    assert TWO_SAY in rewriting
    assert "The Aurora carries 320 passengers." in rewriting
    await expect(chat.notice("read_as")).to_contain_text("Who is the captain of the Aurora?")
    await expect(chat.exchanges.last).to_contain_text("Her captain is Ines Holm.")
    await expect(chat.exchanges).to_have_count(2)


async def test_a_new_conversation_forgets_the_one_before(reader: Reader, desk: str) -> None:
    chat = Chat(await reader.opens(desk))
    await expect(chat.new).to_be_hidden()
    await chat.asks(ABOUT_PASSENGERS)
    await chat.new.click()
    await expect(chat.exchanges).to_have_count(0)
    await expect(chat.question).to_be_focused()
    await chat.asks(ABOUT_JOBS)

    assert [one["history"] for one in reader.posted] == [[], []]


async def test_articles_that_differ_are_set_side_by_side(reader: Reader, desk: str) -> None:
    chat = Chat(await reader.opens(desk))
    await chat.asks(ABOUT_JOBS)

    await expect(chat.part("disagreement")).to_have_count(1)
    await expect(chat.part("disagreement")).to_contain_text("2,400")
    await expect(chat.part("disagreement")).to_contain_text("1,800")


async def test_an_answer_from_old_articles_says_so(reader: Reader, desk: str) -> None:
    chat = Chat(await reader.opens(desk))
    await chat.asks(ABOUT_LIBRARY)

    await expect(chat.sentences.first).to_contain_text("reopened")
    await expect(chat.notice("older_than_asked")).to_contain_text("6 May 2019")


async def test_what_nothing_proves_is_marked_as_such(reader: Reader, modelled: Modelled) -> None:
    chat = Chat(await reader.opens(modelled.address))
    await chat.asks(HALF_PROVED)

    proved, unproved = await chat.sentences.all()
    await expect(proved).to_have_attribute("data-verdict", "supported")
    await expect(unproved).to_have_attribute("data-verdict", "unsupported")
    await expect(unproved).to_contain_text("The king of Norway danced on the quay.")
    await expect(unproved).not_to_contain_text("[unsupported]")
    await expect(unproved.locator("[part~=chip]")).to_have_count(0)
    await expect(chat.part("support")).to_have_text(["1 source", "Not supported by the articles"])
    await expect(chat.notice("unsupported")).to_contain_text("1 sentence")


async def test_an_answer_is_copied_with_its_sources(reader: Reader, desk: str) -> None:
    page = await reader.opens(desk, permissions=["clipboard-read", "clipboard-write"])
    chat = Chat(page)
    await chat.asks(ABOUT_PASSENGERS)
    await chat.copy.click()
    await page.wait_for_function("navigator.clipboard.readText().then((text) => text.includes('Aurora'))")

    copied = await page.evaluate("navigator.clipboard.readText()")
    lines = copied.splitlines()
    assert lines[0] == ABOUT_PASSENGERS
    assert f"{QUOTE} [1][2]" in copied
    for number in (1, 2, 3):
        [source] = [line for line in lines if line.startswith(f"[{number}] ")]
        assert "Aurora" in source or "ferry" in source
    assert f"{desk}/articles/ferry-post?version=" in copied or "https://harbour-times.example/ferry" in copied


async def test_where_there_is_no_clipboard_the_old_way_copies(reader: Reader, desk: str) -> None:
    page = await reader.opens(desk)
    await page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    chat = Chat(page)
    await chat.asks(ABOUT_LIGHTHOUSE)
    await chat.copy.click()
    await expect(chat.element.get_by_role("button", name="Copied")).to_be_visible()
    await chat.question.press("Control+v")
    await expect(chat.question).to_have_value(re.compile(r"retired cellist\. \[1\]"))


async def test_the_page_works_below_a_path(reader: Reader, desk: str, site: Site) -> None:
    """A proxy may give the service a folder of another site."""
    page = await reader.opens(f"{desk}/articles")

    async def proxied(route: Route) -> None:
        await route.fulfill(response=await route.fetch(url=route.request.url.replace(f"{site.url}/news", desk)))

    await page.route(f"{site.url}/news/**", proxied)
    await page.goto(f"{site.url}/news/")
    chat = Chat(page)
    await chat.asks(ABOUT_LIGHTHOUSE)
    href = await chat.chips.first.get_attribute("href")
    assert href
    assert href.startswith(f"{site.url}/news/articles/reports/harbour%20board")
    await page.goto(href)
    await expect(page.locator("mark#quote")).to_be_in_viewport()
    await page.get_by_role("link", name="Articles").click()
    await page.get_by_role("link", name="Valmont to shed jobs").click()
    await expect(page.get_by_role("article")).to_contain_text("1,800 jobs")
    await page.get_by_role("link", name="Ask").click()
    await expect(chat.question).to_be_visible()
    assert [one.url for one in reader.requests if one.url.startswith(desk)] == [f"{desk}/articles"] + [
        one.url for one in reader.requests if one.url.startswith(f"{desk}/web/")
    ]


async def test_articles_are_read_without_javascript(reader: Reader, desk: str) -> None:
    page = await reader.opens(f"{desk}/articles", java_script_enabled=False)
    await page.get_by_role("link", name="Oster's library reopens").click()
    await expect(page.get_by_role("article")).to_contain_text("after a renovation that took three years")
    await page.goto(f"{desk}/articles/library?start=4&end=18#quote")
    await expect(page.locator("mark#quote")).to_have_text("public library")


async def test_the_page_leads_to_the_articles_and_back(reader: Reader, desk: str) -> None:
    page = await reader.opens(desk)
    await page.get_by_role("link", name="Articles").click()
    await page.get_by_role("link", name="Oster's library reopens").click()
    await expect(page.get_by_role("article")).to_contain_text("after a renovation that took three years")
    await expect(page.locator("mark")).to_have_count(0)
    await page.locator(f'a[href="../"], a[href="/"], a[href="{desk}/"]').first.click()
    await expect(Chat(page).question).to_be_visible()


async def test_an_article_names_the_others_of_its_origin(reader: Reader, desk: str) -> None:
    page = await reader.opens(f"{desk}/articles/ferry-times")
    await expect(page.get_by_role("heading", name="Port Lamar's new ferry enters service")).to_be_visible()
    await expect(page.get_by_text("PTI")).to_be_visible()
    await page.get_by_role("link", name="New ferry enters service in Port Lamar").click()
    await expect(page.get_by_text("Islands Daily").first).to_be_visible()


async def test_the_page_asks_nobody_but_its_own_service(reader: Reader, desk: str) -> None:
    chat = Chat(await reader.opens(desk))
    await chat.asks(ABOUT_PASSENGERS)
    await chat.chips.first.hover()
    await expect(chat.quote).to_have_count(1)

    assert {one.url.split("/")[2] for one in reader.requests} == {desk.removeprefix("http://")}


async def test_the_page_weighs_under_60_kB_and_loads_modules_alone(reader: Reader, desk: str) -> None:  # noqa: N802 - the unit
    page = await reader.opens(desk)
    chat = Chat(page)
    await chat.asks(ABOUT_PASSENGERS)

    loaded = {one.url: one for one in reader.requests if one.method == "GET"}
    weights = {url: len(await (await one.response()).body()) for url, one in loaded.items()}  # type: ignore[union-attr]
    assert f"{desk}/widget.js" in weights
    assert sum(weights.values()) < 60_000, weights
    assert await page.evaluate("[...document.scripts].every((one) => one.type === 'module' && one.src)")
