"""Debian's Chromium before real services: one that quotes, one whose model a test scripts, and another site beside."""

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Page,
    Request,
    async_playwright,
    expect,
)

from tests.browser.newsroom import reply_to, write_articles
from tests.browser.site import Site
from tests.model_server import ModelServer
from tests.processes import ROOT, environment, groundwire, serving

# Read as the tests are collected: none of them has the developer's settings.
REQUIRED = os.environ.get("GROUNDWIRE_BROWSER_REQUIRED") == "1"
CHROMIUM = shutil.which("chromium")
PATIENCE = 20_000  # milliseconds for what a page is waited for; generous, for a machine that runs other suites beside
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
_FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
)
_OURS = re.compile(r"http://(127\.0\.0\.1|localhost):\d+/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let one event loop serve all: the browser lives in it, and the model, and the other site."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
            if not CHROMIUM and not REQUIRED:
                item.add_marker(pytest.mark.skip(reason="no Chromium on this machine: apt-get install chromium"))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    assert CHROMIUM, "no Chromium, and GROUNDWIRE_BROWSER_REQUIRED=1"
    expect.set_options(timeout=PATIENCE)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS.split())
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the articles of newsroom.py and the sample articles."""
    folder = tmp_path_factory.mktemp("browser")
    (folder / "articles").mkdir()
    write_articles(folder / "articles")
    env = environment(folder / "data")
    ingested = groundwire("ingest", str(folder / "articles"), str(ROOT / "seeds" / "articles"), env=env)
    assert ingested.returncode == 0, ingested.stderr
    return folder / "data"


@pytest_asyncio.fixture(scope="session", loop_scope="session", name="_site")
async def one_site() -> AsyncIterator[Site]:
    async with Site().serving() as site:
        yield site


@pytest.fixture
def site(_site: Site) -> Site:
    _site.forget()
    return _site


@pytest.fixture(scope="session")
def desk(corpus: Path, _site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a service without a model, which the other site's pages may ask."""
    folder = tmp_path_factory.mktemp("desk")
    shutil.copytree(corpus, folder / "data")
    env = environment(folder / "data", GROUNDWIRE_CORS_ORIGINS=_site.url)
    with serving("serve", "--port", "0", env=env, out=folder / "out", log=folder / "log") as (_, address):
        yield address


@dataclass
class Modelled:
    """A service whose model is scripted (newsroom.REPLIES); it marks what nothing proves, and no other site may ask."""

    address: str
    model: ModelServer

    @asynccontextmanager
    async def left(self) -> AsyncIterator[None]:
        """Wait at the block's end until the model has been left in the middle of its reply."""
        self.model.left.clear()
        yield
        async with asyncio.timeout(PATIENCE / 1000):
            await self.model.left.wait()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def modelled(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Modelled]:
    folder = tmp_path_factory.mktemp("modelled")
    shutil.copytree(corpus, folder / "data")
    async with ModelServer(reply_to).serving() as model:
        env = environment(
            folder / "data",
            GROUNDWIRE_LLM="openai-like/scripted",
            GROUNDWIRE_LLM_BASE_URL=model.url,
            GROUNDWIRE_FALLBACK="none",
            GROUNDWIRE_ON_UNSUPPORTED="mark",
        )
        with serving("serve", "--port", "0", env=env, out=folder / "out", log=folder / "log") as (_, address):
            yield Modelled(address, model)


@dataclass
class Reader:
    """Somebody with a browser, who keeps an eye on it: what it asks for, and what goes wrong in it."""

    browser: Browser
    requests: list[Request] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
    """Words of troubles that a test brings about."""
    _contexts: list[BrowserContext] = field(default_factory=list)

    async def opens(self, url: str, *, viewport: dict[str, int] = DESKTOP, **options: Any) -> Page:  # noqa: ANN401 - Playwright's own
        """Open a page in a browser profile of its own."""
        context = await self.browser.new_context(viewport=viewport, **options)  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE)
        context.on("request", lambda request: self.requests.append(request))  # noqa: PLW0108 - it wants a function
        context.on("console", self._heard)
        context.on("weberror", lambda error: self.troubles.append(f"error: {error.error}"))
        context.on("dialog", self._dismiss)
        await context.add_init_script(_WATCH)
        self._contexts.append(context)
        page = await context.new_page()
        await page.goto(url)
        return page

    @property
    def posted(self) -> list[dict[str, Any]]:
        """What was asked, in order."""
        return [one.post_data_json for one in self.requests if one.method == "POST" and one.post_data_json]

    async def leaves(self) -> None:
        """Close all that is open, and fail where anything went wrong."""
        for context in self._contexts:
            for page in context.pages:
                for frame in page.frames:
                    if await frame.evaluate("document.documentElement.dataset.pwned"):
                        self.troubles.append(f"a script of somebody else ran in {frame.url}")
            await context.close()
        self.troubles += [f"request: {one.url}" for one in self.requests if not _OURS.match(one.url)]
        assert [one for one in self.troubles if not any(words in one for words in self.expected)] == []

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.troubles.append(f"{message.type}: {message.text} ({message.page and message.page.url})")

    async def _dismiss(self, dialog: Dialog) -> None:
        self.troubles.append(f"dialog: {dialog.message}")
        await dialog.dismiss()


_WATCH = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
window.heard = [];
for (const name of ["groundwire-answer", "groundwire-error"])
  document.addEventListener(name, (event) =>
    window.heard.push({ name, id: event.target.id, detail: structuredClone(event.detail) }));
"""


@pytest_asyncio.fixture(loop_scope="session")
async def reader(browser: Browser) -> AsyncIterator[Reader]:
    reader = Reader(browser)
    yield reader
    await reader.leaves()
