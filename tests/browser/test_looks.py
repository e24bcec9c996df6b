"""How it looks: on a phone, a desk and paper, with pictures in build/screenshots; nothing is wider than the screen."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.chat import ABOUT_JOBS, ABOUT_LIBRARY, ABOUT_LIGHTHOUSE, ABOUT_PASSENGERS, UNANSWERED, Chat
from tests.browser.conftest import DESKTOP, PHONE, Modelled, Reader
from tests.browser.newsroom import BREAKS_OFF, HALF_PROVED, LONG_WORD, SLOW
from tests.processes import ROOT

PICTURES = ROOT / "build" / "screenshots"
NARROW = {"width": 320, "height": 640}


async def _picture(page: Page, name: str, **options: bool) -> None:
    path = PICTURES / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    await page.mouse.move(0, 0)
    await page.screenshot(path=path, animations="disabled", caret="initial", **options)  # type: ignore[arg-type]
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
    [
        ("phone", {"viewport": PHONE, "device_scale_factor": 2}),
        ("desktop", {"viewport": DESKTOP}),
        ("phone-dark", {"viewport": PHONE, "device_scale_factor": 2, "color_scheme": "dark"}),
        ("desktop-dark", {"viewport": DESKTOP, "color_scheme": "dark"}),
    ],
)
async def test_pictures(reader: Reader, desk: str, modelled: Modelled, name: str, options: dict[str, Any]) -> None:
    async def shown(state: str, address: str, *questions: str) -> Chat:
        page = await reader.opens(address, **options)
        chat = Chat(page)
        for question in questions:
            await chat.asks(question)
        await _fits(page)
        await _picture(page, f"{name}-{state}")
        return chat

    await shown("empty", desk)
    chat = await shown("answered", desk, ABOUT_PASSENGERS)
    await chat.chips.first.focus()
    await expect(chat.quote).to_be_visible()
    await _fits(chat.page)
    await _picture(chat.page, f"{name}-quote")
    await shown("disagreement", desk, ABOUT_JOBS)
    await shown("abstention", desk, UNANSWERED)
    await shown("old", desk, ABOUT_LIBRARY)
    await shown("arabic", desk, "كم يبلغ طول جسر النورس؟")
    await shown("conversation", desk, ABOUT_PASSENGERS, ABOUT_JOBS, UNANSWERED, ABOUT_LIGHTHOUSE)
    await shown("attacked", desk, "Which comet passes Earth on 9 April?")
    await shown("marked", modelled.address, HALF_PROVED)
    await shown("broken-off", modelled.address, BREAKS_OFF)
    async with modelled.left():
        chat = Chat(await reader.opens(modelled.address, **options))
        await chat.begins(SLOW)
        await expect(chat.sentences).to_have_count(1)
        await _picture(chat.page, f"{name}-arriving")
        await chat.page.close()
    for state, path in {
        "articles": "articles",
        "article": "articles/ferry-times?start=4&end=60#quote",
        "article-long": "articles/reports/harbour%20board%2C%20minutes%3F?start=4150&end=4240#quote",
        "article-arabic": "articles/arabic",
        "article-hostile": "articles/hostile",
    }.items():
        page = await reader.opens(f"{desk}/{path}", **options)
        await _fits(page)
        await _picture(page, f"{name}-{state}")


@pytest.mark.parametrize("path", ["", "articles", "articles/hostile", "articles/long-word", "articles/arabic"])
async def test_nothing_is_wider_than_a_very_narrow_screen(reader: Reader, desk: str, path: str) -> None:
    page = await reader.opens(f"{desk}/{path}", viewport=NARROW)
    await _fits(page)


async def test_a_word_without_end_is_broken(reader: Reader, desk: str) -> None:
    page = await reader.opens(desk, viewport=NARROW)
    chat = Chat(page)
    await chat.asks(f"How many cabins has the {LONG_WORD}?")
    await chat.asks("Which comet passes Earth on 9 April?")
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
          .filter((each) => each.scrollHeight > each.clientHeight + 1)
          .filter((each) => /auto|scroll|hidden/.test(getComputedStyle(each).overflowY))
          .map((each) => each.outerHTML.slice(0, 80))"""
    )
    assert hidden == []
    await _picture(page, "print", full_page=True)


async def test_the_picture_of_the_readme(reader: Reader, desk: str) -> None:
    """It is docs/page.png once `make screenshots` has taken it; the question is of the sample articles."""
    page = await reader.opens(desk, viewport={"width": 1200, "height": 860})
    chat = Chat(page)
    await chat.asks("What did India and the US agree to produce?")
    await chat.chips.first.focus()
    await expect(chat.quote).to_be_visible()
    await _picture(page, "readme")
    assert (PICTURES / "readme.png").stat().st_size < 300_000
