"""Debian's Chromium before real services: one that quotes, one whose model a test scripts, and another site beside."""

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from tests.browser.newsroom import Keyed, Modelled, reply_to, write_articles
from tests.browser.reader import PATIENCE, Reader
from tests.browser.site import Site
from tests.model_server import ModelServer
from tests.processes import ROOT, environment, groundwire, serving

# Read as the tests are collected: none of them has the developer's settings.
REQUIRED = os.environ.get("GROUNDWIRE_BROWSER_REQUIRED") == "1"
CHROMIUM = shutil.which("chromium")
_FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
)


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


@pytest.fixture(scope="session")
def keyed(corpus: Path, _site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    """A service that wants a key."""
    folder = tmp_path_factory.mktemp("keyed")
    shutil.copytree(corpus, folder / "data")
    keyed = Keyed(environment(folder / "data"), folder / "log")
    keyed.key("the first")
    with serving("serve", "--port", "0", env=keyed.env, out=folder / "out", log=keyed.log) as (_, address):
        keyed.address = address
        yield keyed


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


@pytest_asyncio.fixture(loop_scope="session")
async def reader(browser: Browser) -> AsyncIterator[Reader]:
    reader = Reader(browser)
    yield reader
    await reader.leaves()
