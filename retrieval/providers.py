"""`provider/model` to an Embedder: OpenAI, servers that speak its API, Ollama, Hugging Face; through LlamaIndex.

Nothing but what is given here goes to a server: the clients would take keys, addresses and headers from variables such
as OPENAI_API_KEY, OPENAI_ORG_ID, OPENAI_CUSTOM_HEADERS, OLLAMA_HOST and OLLAMA_API_KEY.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from retrieval.errors import ModelMissing
from retrieval.llamaindex import LlamaIndexEmbedder, Prefixes

# Texts in a call: as many as Hugging Face's server takes by default.
BATCH = 32
# Seconds. Ollama may first load the model; a batch of passages may take a slow processor half a minute.
TIMEOUT = 60.0
OPENAI = "https://api.openai.com/v1"
OLLAMA = "http://127.0.0.1:11434"

_RETRIEVE = "Represent this sentence for searching relevant passages: "
_TASK = "Instruct: Given a web search query, retrieve relevant passages that answer the query\n"
# What a model was trained to read before a text, by its card on Hugging Face; the first pattern in its name counts.
_PREFIXES: tuple[tuple[str, Prefixes], ...] = (
    (r"\be5\b.*instruct|e5-mistral", Prefixes(f"{_TASK}Query: ")),
    (r"\be5\b", Prefixes("query: ", "passage: ")),
    (r"nomic-embed", Prefixes("search_query: ", "search_document: ")),
    (r"bge-(small|base|large)(-en|:|$)|mxbai-embed", Prefixes(_RETRIEVE)),
    (r"arctic-embed(2|-[a-z]+-v2)", Prefixes("query: ")),
    (r"arctic-embed", Prefixes(_RETRIEVE)),
    (r"qwen3-embedding", Prefixes(f"{_TASK}Query:")),
    (r"embeddinggemma", Prefixes("task: search result | query: ", "title: none | text: ")),
)
_PUBLISHED = "config_sentence_transformers.json"
# Headers that may go out; the key's is ours.
_HEADERS = {"accept", "accept-encoding", "connection", "content-length", "content-type", "host", "user-agent"}


def open_embedding(name: str, *, base_url: str | None = None, api_key: str | None = None) -> LlamaIndexEmbedder:
    """Open an embedding model; it is asked at once for some vectors, so that a mistake shows at start.

    Args:
        name: `openai/<model>`, `openai-like/<model>`, `ollama/<model>` or `huggingface/<model or folder>`.
        base_url: of the server's API; OpenAI's own, or Ollama on this machine, where none is given.
        api_key: what the server asks for, or Hugging Face for a model that is not public.

    Raises:
        ModelMissing: the integration is not installed, or the key or the address not given.
        ModelUnavailable: the model does not answer.

    """
    provider, _, model = name.partition("/")
    try:
        return _PROVIDERS[provider](name, model, base_url, api_key)
    except ImportError as error:
        raise ModelMissing(
            f"GROUNDWIRE_EMBEDDING={name} needs a package that is not installed ({error}). "
            f"Install it with: pip install 'groundwire[{provider}]'"
        ) from error


def prefixes_of(model: str) -> Prefixes:
    """Give what a model wants to read before a question and a passage, as far as its name tells."""
    return next((prefixes for pattern, prefixes in _PREFIXES if re.search(pattern, model.lower())), Prefixes())


def _openai(name: str, model: str, base_url: str | None, api_key: str | None) -> LlamaIndexEmbedder:
    if not api_key:
        raise ModelMissing(f"GROUNDWIRE_EMBEDDING={name} needs a key: set GROUNDWIRE_EMBEDDING_API_KEY.")
    return _openai_like(name, model, base_url or OPENAI, api_key)


def _openai_like(name: str, model: str, base_url: str | None, api_key: str | None) -> LlamaIndexEmbedder:
    if not base_url:
        raise ModelMissing(
            f"GROUNDWIRE_EMBEDDING={name} needs the address of its server: set GROUNDWIRE_EMBEDDING_BASE_URL, "
            "for instance to http://127.0.0.1:8080/v1"
        )
    # Here, because LlamaIndex takes seconds, and nobody without such a model should wait for it.
    from llama_index.embeddings.openai_like import OpenAILikeEmbedding  # noqa: PLC0415

    client = httpx.Client(**_connection(api_key))
    embedding = OpenAILikeEmbedding(
        model_name=model,
        api_base=base_url,
        api_key="as in the header",  # empty, the client would look for another
        embed_batch_size=BATCH,
        max_retries=0,
        timeout=TIMEOUT,
        http_client=client,
        additional_kwargs={"encoding_format": "float"},  # the client asks for base64, which not every server has
    )
    return LlamaIndexEmbedder(embedding, name, prefixes_of(model), apart=False, close=client.close)


def _ollama(name: str, model: str, base_url: str | None, api_key: str | None) -> LlamaIndexEmbedder:
    from llama_index.embeddings.ollama import OllamaEmbedding  # noqa: PLC0415 - as above

    embedding = OllamaEmbedding(
        model_name=model,
        base_url=base_url or OLLAMA,
        embed_batch_size=BATCH,
        client_kwargs=_connection(api_key),
    )
    client = embedding._client  # noqa: SLF001 - its end is not in the integration's interface
    return LlamaIndexEmbedder(embedding, name, prefixes_of(model), apart=False, close=client.close)


def _huggingface(name: str, model: str, base_url: str | None, api_key: str | None) -> LlamaIndexEmbedder:
    if base_url:
        raise ModelMissing(
            f"GROUNDWIRE_EMBEDDING={name} runs in this process: for a server of Hugging Face's at "
            "GROUNDWIRE_EMBEDDING_BASE_URL, set GROUNDWIRE_EMBEDDING=openai-like/<model>."
        )
    from huggingface_hub import try_to_load_from_cache  # noqa: PLC0415 - as above
    from huggingface_hub.constants import HF_HUB_CACHE  # noqa: PLC0415 - as above
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding  # noqa: PLC0415 - as above

    try:
        embedding = HuggingFaceEmbedding(
            model_name=model,
            embed_batch_size=BATCH,
            cache_folder=HF_HUB_CACHE,  # where others leave their models, too, not LlamaIndex's own
            token=api_key or False,  # not that of whoever is logged in
        )
    except (OSError, ValueError) as error:
        raise ModelMissing(f"GROUNDWIRE_EMBEDDING={name} cannot be loaded: {error}") from error
    published = Path(model, _PUBLISHED) if Path(model).is_dir() else try_to_load_from_cache(model, _PUBLISHED)
    of_name = prefixes_of(model)
    prompts = embedding._model.prompts  # noqa: SLF001 - the integration hides those of the model by its own
    own = json.loads(Path(published).read_bytes()).get("prompts", {}) if isinstance(published, Path | str) else {}
    prefixes = Prefixes(
        own.get("query") or of_name.question or prompts["query"],
        own.get("document") or own.get("passage") or of_name.passage or prompts["text"],
    )
    prompts.update(query="", text="")  # they are put before the texts as with any other provider
    return LlamaIndexEmbedder(embedding, name, prefixes, apart=False, at_once=1)


def _connection(api_key: str | None) -> dict[str, Any]:
    """Give the arguments of an httpx client that sends our key, or none, and follows no server to another."""

    def ours(request: httpx.Request) -> None:
        for header in set(request.headers) - _HEADERS:
            del request.headers[header]
        if api_key:
            request.headers["authorization"] = f"Bearer {api_key}"

    return {"timeout": TIMEOUT, "follow_redirects": False, "event_hooks": {"request": [ours]}}


_PROVIDERS: dict[str, Callable[[str, str, str | None, str | None], LlamaIndexEmbedder]] = {
    "openai": _openai,
    "openai-like": _openai_like,
    "ollama": _ollama,
    "huggingface": _huggingface,
}
