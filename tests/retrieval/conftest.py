"""Both kinds of store, for the tests that each must pass."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from retrieval import connection
from retrieval.store import Store
from tests.fakes import WordEmbedder
from tests.processes import chroma_server

Open = Callable[[], Store]


@pytest.fixture(params=["embedded", "server"])
def kind(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


@pytest.fixture(scope="session")
def shared_chroma(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Chroma server for one test after another: its address."""
    with chroma_server(tmp_path_factory.mktemp("chroma")) as (_, address):
        yield address


@pytest.fixture
def open_store(kind: str, request: pytest.FixtureRequest, tmp_path: Path, embedder: WordEmbedder) -> Iterator[Open]:
    """Open the test's own store, as often as one likes: what is open at the end is closed."""
    address: str = request.getfixturevalue("shared_chroma") if kind == "server" else ""
    with ExitStack() as stack:

        def opened() -> Store:
            if address:
                return stack.enter_context(Store.open_server(address, embedder))
            return stack.enter_context(Store.open_embedded(tmp_path / "store", embedder))

        yield opened
    if address:
        client = connection.open_server(address)
        for collection in client.list_collections():
            client.delete_collection(collection.name)
        connection.close(client)
