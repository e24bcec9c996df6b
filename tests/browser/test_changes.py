"""An article that changed, and one that is gone, as readers see and hear them; pictures are in build/screenshots."""

from collections.abc import Iterator

import httpx
import pytest
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Page, expect

from tests.browser.reader import DESKTOP, PHONE, Reader
from tests.browser.test_looks import pictures
from tests.processes import environment, serving

FIRST = """India plans to buy 31 MQ-9B drones from the United States, the defence ministry said on Friday.

The price of about 3.07 billion dollars is not settled. Talks between the two governments go on, and a contract is
expected by March.

The drones are made by General Aeronautics of San Diego, and have been flown by the navy on lease since 2020.

Half of them are for the navy; the army and the air force get eight each."""
SECOND = FIRST.replace("by March", "by the end of the year").replace("3.07 billion", "3.5 billion")
THIRD = SECOND.replace("the army and the air force get eight each", "the army and the air force share the rest") + (
    "\n\nA spokesman for the ministry, S. Rao, declined to name the bases from which they will fly."
)
ARABIC = "تخطط الهند لشراء 31 طائرة مسيرة من الولايات المتحدة.\n\nولم يتحدد السعر بعد."


@pytest.fixture(scope="module")
def corrected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a service whose articles were changed and withdrawn."""
    folder = tmp_path_factory.mktemp("corrected")
    env = environment(folder / "data")
    with serving("serve", "--port", "0", env=env, out=folder / "out", log=folder / "log") as (_, address):
        _correct(address)
        yield address


def _correct(address: str) -> None:
    with httpx.Client(base_url=f"{address}/v1/articles/", timeout=60, trust_env=False) as client:
        outlet = {"outlet": "The Desk", "published": "2026-03-02T09:30:00Z"}
        for body in (
            {"title": "India to buy drones", "text": FIRST, **outlet},
            {"title": "India to buy drones", "text": SECOND, **outlet},
            {"title": "India to buy 31 drones from the US", "text": THIRD, **outlet, "credits": ["PTI"]},
            {
                "title": "India to buy 31 drones from the US",
                "text": THIRD.replace("\n\n", "\n\n\n"),
                **outlet,
                "credits": ["PTI"],
            },
        ):
            assert client.put("drones", json=body).is_success
        for text in (ARABIC, ARABIC.replace("31", "33")):
            assert client.put("arabic", json={"title": "الهند تشتري طائرات", "text": text}).is_success
        for name in ("gone", "purged"):
            assert client.put(name, json={"title": "A claim", "text": "The minister resigned on Friday."}).is_success
        reason = {"reason": "The minister never resigned. We regret the error."}
        assert client.request("DELETE", "gone", json=reason).is_success
        assert client.request("DELETE", "purged", json=reason | {"purge": True}).is_success


def _version(address: str, name: str, number: int) -> str:
    version = httpx.get(f"{address}/v1/articles/{name}", trust_env=False).json()["versions"][number]["version"]
    return f"{name}?version={version}"


async def _has_no_finding(page: Page) -> None:
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)
        found = (await Axe().run(page)).response["violations"]
        assert [(scheme, one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
    await page.emulate_media(color_scheme="light")


@pytest.mark.parametrize(
    ("name", "viewport"), [("phone", PHONE), ("desktop", DESKTOP | {"height": 2100})], ids=["phone", "desktop"]
)
async def test_changes_are_read_by_all_on_every_screen(
    reader: Reader, corrected: str, name: str, viewport: dict[str, int]
) -> None:
    reader.expected.append("410 (Gone)")
    page = await reader.opens(f"{corrected}/articles/drones", viewport=viewport)
    for picture, path in {
        "changes": "drones",
        "changes-since": _version(corrected, "drones", 0),
        "changes-arabic": "arabic",
        "gone": "gone",
        "purged": "purged",
    }.items():
        await page.goto(f"{corrected}/articles/{path}")
        await expect(page.get_by_role("main")).to_be_visible()
        await _has_no_finding(page)
        await pictures(page, f"{name}-{picture}")


async def test_what_changed_is_heard(reader: Reader, corrected: str) -> None:
    page = await reader.opens(f"{corrected}/articles/drones")
    await page.get_by_role("link", name="What changed").click()
    changes = page.get_by_role("region", name="Changes")
    await expect(changes).to_be_in_viewport()
    await expect(changes.get_by_role("heading", level=3)).to_have_count(3)
    await expect(changes.get_by_role("deletion").filter(has_text="3.07")).to_have_count(1)
    await expect(changes.get_by_role("insertion").filter(has_text="3.5")).to_have_count(1)
    said = await changes.locator("ins").last.evaluate("one => getComputedStyle(one, '::before').content")
    assert "new:" in said
    await expect(changes).to_contain_text("nothing changed but spaces")

    await changes.get_by_role("link", name="The version before").last.click()
    await expect(page.get_by_role("note")).to_contain_text("This is an earlier version")
    await expect(page.get_by_role("region", name="What has changed since")).to_be_visible()
    await page.get_by_role("note").get_by_role("link", name="read the current one").click()
    await expect(page.get_by_role("note")).to_have_count(0)


async def test_who_follows_a_citation_to_what_is_gone_is_told_why(reader: Reader, corrected: str) -> None:
    reader.expected.append("410 (Gone)")
    page = await reader.opens(f"{corrected}/articles/purged?version=0123456789abcdef&start=0&end=12#quote")
    await expect(page.get_by_role("heading", level=1)).to_have_text("This article was withdrawn")
    await expect(page.get_by_role("main")).to_contain_text("The minister never resigned. We regret the error")
    await expect(page.get_by_role("main")).not_to_contain_text("on Friday")
