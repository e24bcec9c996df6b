"""What all tests share. The network is closed but for this machine: see `addopts` in pyproject.toml."""

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from retrieval.ingest import ingest
from retrieval.store import Store
from retrieval.types import make_article
from tests.fakes import FirstSentence, WordEmbedder
from tests.processes import chroma_server

# A shell makes what it starts in the background deaf to Ctrl-C, and children inherit that: ours must hear it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A deadline for each example is of no use where others run beside.
settings.register_profile("beside others", deadline=None)
settings.load_profile("beside others")

DRONES = make_article(article_id="drones", title="Drones", text="India plans to buy 31 drones.\nThe price is open.\n")
STUDENTS = make_article(
    article_id="desk/students 2+2?",
    title="Students",
    text="Über 300,000 Indian students are in the US 🎓.\n",
    outlet="The Desk",
)


@pytest.fixture(autouse=True)
def _settings_are_the_tests_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test may write to the developer's own store, nor depend on their settings."""
    for name in [name for name in os.environ if name.startswith("GROUNDWIRE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GROUNDWIRE_DATA_DIR", str(tmp_path / "data"))


@pytest.fixture
def embedder() -> WordEmbedder:
    return WordEmbedder()


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """An empty store, and one of two articles: to copy one takes half as long as to make it, or a fifth."""
    folders = {name: tmp_path_factory.mktemp(name) / "store" for name in ("empty", "articles")}
    for name, folder in folders.items():
        with Store.open_embedded(folder, WordEmbedder()) as store:
            if name == "articles":
                asyncio.run(_ingest(store))
    return folders


async def _ingest(store: Store) -> None:
    for article in (DRONES, STUDENTS):
        await ingest(article, store, WordEmbedder())


@pytest.fixture
def store(
    tmp_path: Path, embedder: WordEmbedder, templates: dict[str, Path], request: pytest.FixtureRequest
) -> Iterator[Store]:
    template = templates["articles" if "answering" in request.fixturenames else "empty"]
    shutil.copytree(template, tmp_path / "store")
    with Store.open_embedded(tmp_path / "store", embedder) as store:
        yield store


@pytest.fixture
def answering(store: Store, embedder: WordEmbedder) -> FirstSentence:
    """Two articles, and an answerer of first sentences."""
    return FirstSentence(store, embedder)


@pytest.fixture
def chroma(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A Chroma server of the test's own: its process and its address."""
    with chroma_server(tmp_path / "chroma") as server:
        yield server
