"""For everybody: axe-core's rules, the keyboard alone, less motion, forced colours, the other direction."""

import pytest
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Page, expect

from tests.browser.chat import ABOUT_JOBS, ABOUT_LIBRARY, ABOUT_LIGHTHOUSE, ABOUT_PASSENGERS, UNANSWERED, Chat
from tests.browser.newsroom import BREAKS_OFF, HALF_PROVED, SLOW, Modelled
from tests.browser.reader import DESKTOP, PHONE, Reader


async def is_accessible(page: Page) -> None:
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)
        found = (await Axe().run(page)).response["violations"]
        grave = [
            (scheme, one["id"], one["help"], [(node["target"], node["failureSummary"]) for node in one["nodes"]])
            for one in found
            if one["impact"] in {"serious", "critical"}
        ]
        assert grave == []
    await page.emulate_media(color_scheme="light")


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
async def test_axe_has_no_serious_finding_on_the_chat(
    reader: Reader, desk: str, modelled: Modelled, viewport: dict[str, int]
) -> None:
    page = await reader.opens(desk, viewport=viewport)
    chat = Chat(page)
    await is_accessible(page)
    for question in (ABOUT_PASSENGERS, ABOUT_JOBS, ABOUT_LIBRARY, UNANSWERED):
        await chat.asks(question)
    await chat.chips.first.focus()
    await expect(chat.quote).to_have_count(1)
    await is_accessible(page)

    page = await reader.opens(modelled.address, viewport=viewport)
    chat = Chat(page)
    for question in (HALF_PROVED, BREAKS_OFF):
        await chat.asks(question)
    await is_accessible(page)


async def test_axe_has_no_serious_finding_while_an_answer_arrives(reader: Reader, modelled: Modelled) -> None:
    page = await reader.opens(modelled.address)
    chat = Chat(page)
    async with modelled.left():
        await chat.begins(SLOW)
        await expect(chat.sentences).to_have_count(1)
        await is_accessible(page)
        await page.close()


async def test_axe_has_no_serious_finding_on_the_articles(reader: Reader, desk: str) -> None:
    page = await reader.opens(f"{desk}/articles")
    await is_accessible(page)
    for article in ("ferry-times?start=4&end=60#quote", "arabic"):
        await page.goto(f"{desk}/articles/{article}")
        await expect(page.get_by_role("main")).to_be_visible()
        await is_accessible(page)


async def test_the_keyboard_alone_is_enough_and_goes_in_the_order_of_reading(reader: Reader, desk: str) -> None:
    page = await reader.opens(desk)
    chat = Chat(page)
    assert await _tabbed(page, 4) == ["Articles", "Conversation", "Question", "Ask"]
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.type(ABOUT_PASSENGERS)
    await page.keyboard.press("Enter")
    await expect(chat.sentences).to_have_count(2)
    await expect(chat.ask_button).to_be_visible()
    await expect(chat.question).to_be_focused()
    await expect(chat.question).to_have_value("")

    await chat.part("log").focus()
    assert await _tabbed(page, 11) == [
        "Source 1: New ferry enters service in Port Lamar, Islands Daily",
        "Source 2: Port Lamar's new ferry enters service, Harbour Times",
        "Source 3: Islanders cheer as Aurora docks, The Coast Post",
        "New ferry enters service in Port Lamar",
        "Port Lamar's new ferry enters service",
        "Original at harbour-times.example",
        "Islanders cheer as Aurora docks",
        "Copy with sources",
        "Question",
        "Ask",
        "New conversation",
    ]

    await chat.chips.first.focus()
    async with page.context.expect_page() as opening:
        await page.keyboard.press("Enter")
    await expect((await opening.value).locator("mark#quote")).to_be_in_viewport()


async def test_shift_and_enter_begin_a_line_and_enter_asks(reader: Reader, desk: str) -> None:
    page = await reader.opens(desk)
    chat = Chat(page)
    await chat.question.focus()
    await page.keyboard.type("How many passengers does")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("the ferry Aurora carry?")
    await expect(chat.question).to_have_value("How many passengers does\nthe ferry Aurora carry?")
    await expect(chat.exchanges).to_have_count(0)
    await page.keyboard.press("Enter")
    await expect(chat.sentences).to_have_count(2)


async def test_an_empty_question_is_not_asked(reader: Reader, desk: str) -> None:
    page = await reader.opens(desk)
    chat = Chat(page)
    await chat.question.focus()
    await page.keyboard.type("   ")
    await page.keyboard.press("Enter")
    await expect(chat.exchanges).to_have_count(0)
    assert [one for one in reader.requests if one.method == "POST"] == []


async def test_a_word_that_is_still_composed_is_not_asked(reader: Reader, desk: str) -> None:
    page = await reader.opens(desk)
    chat = Chat(page)
    await chat.question.fill("新图书馆")
    await chat.question.evaluate(
        "(one) => one.dispatchEvent(new KeyboardEvent('keydown',"
        " { key: 'Enter', keyCode: 229, isComposing: true, bubbles: true, composed: true, cancelable: true }))"
    )
    await expect(chat.question).to_have_value("新图书馆")
    await expect(chat.exchanges).to_have_count(0)


async def test_the_end_of_the_room_for_a_question_is_told_before_it_is_reached(reader: Reader, desk: str) -> None:
    page = await reader.opens(desk)
    chat = Chat(page)
    await chat.question.fill("x" * 1700)
    await expect(chat.element.get_by_text("characters left")).to_have_count(0)
    await chat.question.fill("x" * 1990)
    await expect(chat.part("limit")).to_have_text("10 characters left")
    await chat.question.fill("😀" * 2001)  # people count one, a browser two
    await expect(chat.part("limit")).to_have_text("1 characters too many")
    await chat.question.press("Enter")
    await expect(chat.exchanges).to_have_count(0)
    await expect(chat.question).to_have_value("😀" * 2001)


async def test_a_tap_shows_the_quote_and_a_tap_in_it_opens_the_article(reader: Reader, desk: str) -> None:
    page = await reader.opens(desk, viewport=PHONE, has_touch=True)
    chat = Chat(page)
    await chat.asks(ABOUT_PASSENGERS)
    await chat.chips.last.tap()
    await expect(chat.quote).to_contain_text("the largest that the bay has seen")
    assert len(page.context.pages) == 1
    async with page.context.expect_page() as opening:
        await chat.quote.get_by_role("link").tap()
    await expect((await opening.value).locator("mark#quote")).to_be_in_viewport()
    await chat.part("question").tap()
    await expect(chat.quote).to_have_count(0)


async def test_what_a_finger_hits_is_large_enough(reader: Reader, desk: str) -> None:
    page = await reader.opens(desk, viewport=PHONE, has_touch=True, is_mobile=True)
    chat = Chat(page)
    await chat.asks(ABOUT_PASSENGERS)
    for control in (chat.question, chat.ask_button, chat.new, chat.copy):
        box = await control.bounding_box()
        assert box
        assert box["height"] >= 44, await control.text_content()


async def test_a_screen_reader_is_told_the_conversation(reader: Reader, desk: str) -> None:
    chat = Chat(await reader.opens(desk))
    await chat.asks(ABOUT_LIGHTHOUSE)
    log = chat.element.get_by_role("log", name="Conversation")
    await expect(log).to_contain_text("retired cellist")
    await expect(log.get_by_role("article")).to_have_count(1)
    await expect(log.get_by_role("heading", name=ABOUT_LIGHTHOUSE)).to_be_visible()


async def test_who_wants_less_motion_gets_none(reader: Reader, modelled: Modelled) -> None:
    page = await reader.opens(modelled.address, reduced_motion="reduce")
    chat = Chat(page)
    async with modelled.left():
        await chat.begins(SLOW)
        await expect(chat.sentences).to_have_count(1)
        moving = await page.evaluate(
            "document.getAnimations().filter((one) => one.effect.getComputedTiming().activeDuration > 10).length"
        )
        assert moving == 0
        await page.close()


async def test_forced_colours_leave_nothing_invisible(reader: Reader, desk: str) -> None:
    page = await reader.opens(desk, forced_colors="active")
    chat = Chat(page)
    await chat.asks(ABOUT_JOBS)
    await expect(chat.chips.first).to_be_visible()
    await is_accessible(page)


@pytest.mark.parametrize(
    ("question", "direction"),
    [("كم يبلغ طول جسر النورس؟", "rtl"), ("מה אורכו של גשר השחף?", "rtl"), ("新图书馆有多少册图书？", "ltr")],
    ids=["arabic", "hebrew", "chinese"],
)
async def test_each_text_runs_in_its_own_direction(reader: Reader, desk: str, question: str, direction: str) -> None:
    chat = Chat(await reader.opens(desk))
    await chat.asks(question)
    await expect(chat.part("question")).to_have_css("direction", direction)
    await expect(chat.sentences.first).to_have_css("direction", direction)
    await chat.chips.first.hover()
    await expect(chat.quote).to_be_visible()


async def test_a_page_of_the_other_direction_mirrors_the_chat(reader: Reader, desk: str) -> None:
    page = await reader.opens(desk, viewport=PHONE)
    await page.evaluate("() => { document.documentElement.dir = 'rtl' }")
    chat = Chat(page)
    await chat.asks("كم يبلغ طول جسر النورس؟")
    field, button = await chat.question.bounding_box(), await chat.ask_button.bounding_box()
    assert field
    assert button
    assert button["x"] < field["x"] + field["width"] / 2
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


async def _tabbed(page: Page, times: int) -> list[str]:
    """Press Tab, and give the name of what it reaches each time."""
    reached = []
    for _ in range(times):
        await page.keyboard.press("Tab")
        reached.append(
            await page.evaluate(
                """() => {
                  let one = document.activeElement;
                  while (one.shadowRoot?.activeElement) one = one.shadowRoot.activeElement;
                  return one.getAttribute("aria-label") ?? one.textContent;
                }"""
            )
        )
    return reached
