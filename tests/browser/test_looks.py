"""How it looks: on a phone, a desk and paper, with pictures in build/screenshots; nothing is wider than the screen."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.chat import (
    ABOUT_COMET,
    ABOUT_JOBS,
    ABOUT_LIBRARY,
    ABOUT_LIGHTHOUSE,
    ABOUT_PASSENGERS,
    UNANSWERED,
    Chat,
)
from tests.browser.newsroom import BREAKS_OFF, HALF_PROVED, LONG_WORD, SLOW, Modelled
from tests.browser.reader import DESKTOP, PHONE, Reader
from tests.processes import ROOT

PICTURES = ROOT / "build" / "screenshots"
NARROW = {"width": 320, "height": 640}


async def pictures(page: Page, name: str) -> None:
    """Take it in light and, on the desk, in dark; either fits."""
    await _fits(page)
    await _picture(page, name)
    if name.startswith("desktop"):
        await page.emulate_media(color_scheme="dark")
        await _picture(page, f"{name}-dark")
        await page.emulate_media(color_scheme="light")


async def _picture(page: Page, name: str, **options: bool) -> None:
    path = PICTURES / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    await page.mouse.move(0, 0)
    await page.screenshot(path=path, animations="disabled", **options)  # type: ignore[arg-type]
    assert path.stat().st_size > 5_000, "an empty picture"


async def _fits(page: Page) -> None:
    """Nothing reaches over the screen's edge, so that nobody has to scroll sideways."""
    wide = await page.evaluate(
        """() => {
          const all = (root) => [...root.querySelectorAll("*")].flatMap(
            (one) => [one, ...(one.shadowRoot ? all(one.shadowRoot) : [])]);
          const over = all(document).filter((one) => {
            const box = one.getBoundingClientRect();
            const hidden = getComputedStyle(one).clipPath !== "none";
            return box.width && !hidden && (box.right > innerWidth + 1 || box.left < -1);
          });
          return [document.documentElement.scrollWidth > innerWidth, over.map((one) => one.outerHTML.slice(0, 80))];
        }"""
    )
    assert wide == [False, []]


@pytest.mark.parametrize(
    ("name", "options"),
    [("phone", {"viewport": PHONE, "device_scale_factor": 2}), ("desktop", {"viewport": DESKTOP})],
)
async def test_the_chat_in_pictures(
    reader: Reader, desk: str, modelled: Modelled, name: str, options: dict[str, Any]
) -> None:
    page = await reader.opens(desk, **options)
    chat = Chat(page)
    await pictures(page, f"{name}-empty")
    for state, question in {
        "disagreement": ABOUT_JOBS,
        "abstention": UNANSWERED,
        "old": ABOUT_LIBRARY,
        "arabic": "كم يبلغ طول جسر النورس؟",
        "attacked": ABOUT_COMET,
        "answered": ABOUT_PASSENGERS,
    }.items():
        await chat.asks(question)
        await pictures(page, f"{name}-{state}")
        if state != "answered":
            await chat.new.click()
    await chat.chips.first.focus()
    await expect(chat.quote).to_be_visible()
    await pictures(page, f"{name}-quote")
    for question in (ABOUT_JOBS, UNANSWERED, ABOUT_LIGHTHOUSE):
        await chat.asks(question)
    await pictures(page, f"{name}-conversation")

    page = await reader.opens(modelled.address, **options)
    chat = Chat(page)
    for state, question in {"marked": HALF_PROVED, "broken-off": BREAKS_OFF}.items():
        await chat.asks(question)
        await pictures(page, f"{name}-{state}")
        await chat.new.click()
    async with modelled.left():
        await chat.begins(SLOW)
        await expect(chat.sentences).to_have_count(1)
        await pictures(page, f"{name}-arriving")
        await page.close()


@pytest.mark.parametrize(
    ("name", "options"),
    [("phone", {"viewport": PHONE, "device_scale_factor": 2}), ("desktop", {"viewport": DESKTOP})],
)
async def test_the_articles_in_pictures(reader: Reader, desk: str, name: str, options: dict[str, Any]) -> None:
    page = await reader.opens(f"{desk}/articles", **options)
    await pictures(page, f"{name}-articles")
    for state, path in {
        "article": "ferry-times?start=4&end=60#quote",
        "article-long": "reports/harbour%20board%2C%20minutes%3F?start=4150&end=4240#quote",
        "article-arabic": "arabic",
        "article-attacked": "hostile",
    }.items():
        await page.goto(f"{desk}/articles/{path}")
        await pictures(page, f"{name}-{state}")


async def test_nothing_is_wider_than_a_very_narrow_screen(reader: Reader, desk: str) -> None:
    page = await reader.opens(desk, viewport=NARROW)
    await _fits(page)
    for path in ("articles", "articles/hostile", "articles/long-word", "articles/arabic"):
        await page.goto(f"{desk}/{path}")
        await _fits(page)


async def test_a_chip_stands_on_the_line_of_the_word_before_it(reader: Reader, desk: str) -> None:
    page = await reader.opens(desk)
    chat = Chat(page)
    await chat.asks(ABOUT_JOBS)
    for width in range(320, 480, 8):
        await page.set_viewport_size({"width": width, "height": 800})
        alone = await chat.sentences.evaluate_all(
            """(sentences) => sentences.map((one) => {
              const chip = one.querySelector("[part~=chip]");
              const words = document.createTreeWalker(one, NodeFilter.SHOW_TEXT).nextNode();
              const last = document.createRange();
              const end = words.data.trimEnd().length;
              last.setStart(words, end - 1);
              last.setEnd(words, end);
              return chip.getBoundingClientRect().top > last.getBoundingClientRect().bottom;
            })"""
        )
        assert not any(alone), f"{width} pixels"


async def test_a_word_without_end_is_broken(reader: Reader, desk: str) -> None:
    page = await reader.opens(desk, viewport=NARROW)
    chat = Chat(page)
    await chat.asks(f"How many cabins has the {LONG_WORD}?")
    await chat.asks(ABOUT_COMET)
    await chat.chips.first.focus()
    await expect(chat.quote).to_be_visible()
    await _fits(page)


async def test_a_print_holds_the_conversation_and_no_controls(reader: Reader, desk: str) -> None:
    page = await reader.opens(desk, color_scheme="dark")
    chat = Chat(page)
    for question in (ABOUT_PASSENGERS, ABOUT_JOBS, ABOUT_LIGHTHOUSE, ABOUT_LIBRARY):
        await chat.asks(question)
    await page.emulate_media(media="print", color_scheme="light")
    await expect(chat.question).to_be_hidden()
    await expect(chat.ask_button).to_be_hidden()
    await expect(chat.copy.first).to_be_hidden()
    await expect(chat.sentences.first).to_be_visible()
    await expect(chat.part("sources").first).to_be_visible()
    # Nothing is cut off by a box that scrolls: all of it is on paper.
    hidden = await chat.element.evaluate(
        """(one) => [...one.shadowRoot.querySelectorAll("*"), one]
          .filter((each) => each.scrollHeight > each.clientHeight + 1 && each.clientHeight > 1)
          .filter((each) => /auto|scroll|hidden/.test(getComputedStyle(each).overflowY))
          .map((each) => each.outerHTML.slice(0, 80))"""
    )
    assert hidden == []
    await _picture(page, "print", full_page=True)


async def test_the_picture_of_the_readme(reader: Reader, desk: str) -> None:
    """It is docs/page.png once `make screenshots` has taken it; the question is of the sample articles."""
    page = await reader.opens(desk, viewport={"width": 1200, "height": 860})
    chat = Chat(page)
    await chat.asks("Is there already a deal between GE and HAL to make the engine?")
    await chat.chips.nth(1).focus()
    await expect(chat.quote).to_be_visible()
    await _picture(page, "readme")
    assert (PICTURES / "readme.png").stat().st_size < 300_000
