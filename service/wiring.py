"""Settings to the things that they name: the only place that names concrete ones."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

from retrieval.errors import StoreLocked
from retrieval.minilm import MiniLM
from retrieval.store import Store
from service.answering import Answerer
from service.desk import Desk, OwnDesk
from service.remote import RemoteDesk
from service.settings import Settings
from service.writers import ExtractiveWriter, LanguageModelWriter


@contextmanager
def open_answerer(settings: Settings) -> Iterator[Answerer]:
    """Open the store with the model that the settings name, and close it at the end.

    Raises:
        ModelError, StoreError: as the model and the store do.

    """
    embedder = MiniLM(settings.model_dir)
    if settings.chroma:
        store = Store.open_server(settings.chroma, embedder, settings.data_dir)
    else:
        store = Store.open_embedded(settings.data_dir, embedder)
    with store:
        if settings.llm == "extractive":
            yield Answerer(store, embedder, ExtractiveWriter(embedder, embedder.words))
        else:
            from service.llm import open_llm  # noqa: PLC0415 - LlamaIndex takes 2 to 4 s: only when a model is named

            yield Answerer(store, embedder, LanguageModelWriter(open_llm(settings.llm, settings)))


@asynccontextmanager
async def open_desk(settings: Settings) -> AsyncIterator[Desk]:
    """Open the store, or a way to it through the service that holds it.

    Raises:
        StoreLocked: another process holds it and serves no HTTP.

    """
    async with AsyncExitStack() as stack:
        try:
            desk: Desk = OwnDesk(stack.enter_context(open_answerer(settings)))
        except StoreLocked as error:
            if not error.address:
                raise
            desk = await stack.enter_async_context(RemoteDesk(error.address))
        yield desk
