"""Settings to the things that they name: the only place that names concrete ones."""

import logging
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from retrieval.embedding import Embedder, Vectors
from retrieval.errors import ModelError, StoreLocked
from retrieval.line import Access
from retrieval.minilm import MiniLM
from retrieval.owner import Owner, token_of
from retrieval.store import Store
from service.answering import Answerer
from service.desk import Desk, OwnDesk
from service.errors import SettingsError
from service.observing import ObservedEmbedder, ObservedModel, Observer
from service.processes import Processes
from service.remote import RemoteDesk
from service.settings import Settings
from service.writers import ExtractiveWriter, LanguageModelWriter, Writer

if TYPE_CHECKING:
    from retrieval.fetching import Fetcher

_log = logging.getLogger("groundwire.wiring")


@contextmanager
def open_answerer(settings: Settings, observer: Observer | None = None) -> Iterator[Answerer]:
    """Open the store with the model that the settings name, and close it at the end.

    With an observer, for a service, the calls of both models are seen, and several processes may compute answers.

    Raises:
        ModelError, StoreError: as the model and the store do.

    """
    if settings.embedding != "minilm" and not settings.chroma:
        # A command beside the service that holds the store works through that: it needs no model, and no server of one.
        Owner.acquire(settings.data_dir).release()
    with ExitStack() as stack:
        embedder, words = stack.enter_context(open_embedder(settings))
        if observer:
            embedder = ObservedEmbedder(embedder, observer)
        if settings.chroma:
            store = Store.open_server(settings.chroma, embedder, settings.data_dir, access_of(settings))
        else:
            store = Store.open_embedded(settings.data_dir, embedder)
        stack.enter_context(store)
        extractive = ExtractiveWriter(embedder, words)
        writer, *others = _writers(settings, extractive, observer)
        yield Answerer(
            store,
            embedder,
            writer,
            others=others,
            fallback=extractive if settings.fallback == "extractive" else None,
            on_unsupported=settings.on_unsupported,
            processes=stack.enter_context(
                closing(Processes(settings.processes if observer else 0, settings.model_dir))
            ),
        )


def access_of(settings: Settings) -> Access:
    """Give by what a Chroma server lets us in."""
    return Access(settings.chroma_token, settings.chroma_tenant, settings.chroma_database)


def _writers(settings: Settings, extractive: ExtractiveWriter, observer: Observer | None) -> list[Writer]:
    """Open the writer that answers unasked, then those that a request may name.

    Raises:
        SettingsError: they are of several providers, or lack an address, a key or a package.

    """
    names = dict.fromkeys([settings.llm, *settings.llm_allowed])
    providers = {name.partition("/")[0] for name in names} - {"extractive"}
    if not providers:
        return [extractive]
    if len(providers) > 1:
        raise SettingsError(
            f"GROUNDWIRE_LLM and GROUNDWIRE_LLM_ALLOWED name models of {' and '.join(sorted(providers))}, "
            "but there is one address and one key: name models of one provider"
        )
    from service.llm import open_llm  # noqa: PLC0415 - LlamaIndex takes 2 to 4 s: only when a model is named

    def opened(name: str) -> Writer:
        if name == "extractive":
            return extractive
        model = open_llm(name, settings)
        return LanguageModelWriter(ObservedModel(model, observer) if observer else model)

    return [opened(name) for name in names]


@contextmanager
def open_embedder(settings: Settings) -> Iterator[tuple[Embedder, Callable[[Sequence[str]], Vectors]]]:
    """Open the embedding model, and what gives the vectors of single words: MiniLM's, whichever model embeds.

    Raises:
        ModelError: the model is not there, or cannot be reached.

    """
    with open_model(settings) as model:
        yield model, model.words if isinstance(model, MiniLM) else _words(settings)


@contextmanager
def open_model(settings: Settings) -> Iterator[Embedder]:
    """Open the embedding model.

    Raises:
        ModelError: it is not there, or cannot be reached.

    """
    if settings.embedding == "minilm":
        yield MiniLM(settings.model_dir)
        return
    from retrieval.providers import open_embedding  # noqa: PLC0415 - only when a model is named

    key = settings.embedding_api_key.get_secret_value() if settings.embedding_api_key else None
    with open_embedding(settings.embedding, base_url=settings.embedding_base_url, api_key=key) as embedder:
        yield embedder


def _words(settings: Settings) -> Callable[[Sequence[str]], Vectors]:
    try:
        return MiniLM(settings.model_dir).words
    except ModelError as error:
        _log.warning("Answers without a language model know no words of like meaning: %s", error)
        return lambda words: np.zeros((len(words), 1), np.float32)


def open_fetcher(settings: Settings) -> "Fetcher":
    """Make what fetches addresses; used in an `async with` statement, which closes its connections."""
    from retrieval.fetching import Fetcher  # noqa: PLC0415 - only where something is fetched

    return Fetcher(allowed=settings.fetch_allowed, about=settings.public_url)


def key_of(settings: Settings) -> str | None:
    """Give the key with which a running service is asked, if there is one."""
    return settings.api_key.get_secret_value() if settings.api_key else None


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
            key = error.token or key_of(settings)
            renewed = partial(token_of, settings.data_dir)  # `ingest --watch` outlives a service
            desk = await stack.enter_async_context(RemoteDesk(error.address, key, renewed))
        yield desk
