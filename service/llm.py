"""Language models by `provider/model`, through LlamaIndex's integrations; the only importer of those."""

from base64 import b64encode
from collections.abc import AsyncGenerator, Sequence
from typing import Any, Protocol

import httpx

from prompts.message import Message
from service.errors import SettingsError
from service.served import Provider, Said, ServedModel
from service.settings import Settings
from service.types import Usage
from service.wire import Wire

# Claude's API wants a bound. Three sentences take 150 tokens; this is the most that the oldest models on offer accept.
LONGEST_CLAUDE_REPLY = 4096
# The providers' clients want a key; they get this one, and service/wire.py puts the real one on the request.
_NO_KEY = "none"


class LanguageModel(Protocol):
    """What a writer needs of a model."""

    @property
    def name(self) -> str:
        """`provider/model`."""

    @property
    def context_window(self) -> int:
        """Tokens, of the prompt and the reply together."""

    def stream(self, messages: Sequence[Message]) -> AsyncGenerator[str | Usage]:
        """Give the reply, piece by piece as it is written, and last what it used, if the server says it.

        Closing it stops the model.

        Raises:
            WriterUnavailable: the model did not answer, or its reply is not whole.

        """


def open_llm(name: str, settings: Settings) -> LanguageModel:
    """Open a model by its `provider/model`, at the address and with the key of the settings.

    Raises:
        SettingsError: a variable or an extra that it needs is missing.

    """
    kind, _, model = name.partition("/")
    if kind not in _PROVIDERS or not model:
        raise SettingsError(f"{name}: no such model; GROUNDWIRE_LLM is one of {'/…, '.join(_PROVIDERS)}/…")
    provider, address, needs_key = _PROVIDERS[kind]
    key = (settings.llm_api_key.get_secret_value() if settings.llm_api_key else "").strip()
    if not key and needs_key:
        raise SettingsError(f"{name} needs a key: set GROUNDWIRE_LLM_API_KEY")
    if not (key.isascii() and key.isprintable()):
        raise SettingsError("GROUNDWIRE_LLM_API_KEY has characters that no key has")
    url, user = _address(name, settings.llm_base_url or address)
    try:
        opened = provider(model, url, key, settings.llm_context_window)
    except ImportError as error:
        needs = f'it needs what comes with pip install "groundwire[{kind}]"'
        raise SettingsError(f"{name} cannot be opened ({error}): {needs}") from error
    except ValueError as error:  # LlamaIndex knows a few models that OpenAI does not serve by chat completions
        raise SettingsError(f"{name} cannot be opened: {error}") from error
    return ServedModel(name, opened, user | opened.headers, settings)


def _address(name: str, address: str | None) -> tuple[str, dict[str, str]]:
    if not address:
        raise SettingsError(
            f"{name} needs the address of its server: set GROUNDWIRE_LLM_BASE_URL, "
            "for instance to http://127.0.0.1:8080/v1"
        )
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL:
        url = httpx.URL()
    if not url.host or url.query or url.fragment:
        raise SettingsError("GROUNDWIRE_LLM_BASE_URL is no address of a server: it should read like https://host/v1")
    # The user and password of an address go out as a header, so that no log line with the address shows them.
    user = b64encode(f"{url.username}:{url.password}".encode()).decode()
    return str(url.copy_with(userinfo=b"")), {"authorization": f"Basic {user}"} if url.userinfo else {}


class OpenAILike:
    """OpenAI's chat completions, of itself and of any server that speaks them: vLLM, llama.cpp, LM Studio."""

    def __init__(self, model: str, address: str, key: str, context_window: int) -> None:
        """Import the integration here, because that takes seconds and nobody else should wait for it."""
        # With what the client would import at the first question, for a second in which the whole service stands still.
        import openai.resources.chat  # noqa: PLC0415

        # Also for OpenAI itself: LlamaIndex's own class for it raises on the names of models that are newer than it.
        from llama_index.llms.openai_like import OpenAILike as Integration  # noqa: PLC0415

        self.events = True
        self.headers = {"authorization": f"Bearer {key}"} if key else {}
        self.error: type[Exception] = openai.APIError
        self._address = address
        self._client = openai.AsyncOpenAI
        self._plain = {"temperature": openai.omit}
        self._integration = Integration(
            model=model,
            api_key=_NO_KEY,
            api_base=address,
            context_window=context_window,
            is_chat_model=True,
            max_retries=0,  # LlamaIndex's multiply the client's own, and neither knows the deadline
            temperature=0.0,  # to the reasoning models that it knows LlamaIndex sends 1: they accept nothing else
            additional_kwargs={"stream_options": {"include_usage": True}},
        )

    async def stream(self, messages: Sequence[Message], wire: Wire, *, plain: bool) -> AsyncGenerator[Said]:
        """Ask once; a refusal is beside the content, and the usage in a chunk without choices."""
        async with httpx.AsyncClient(transport=wire) as http:
            llm = self._integration.model_copy(update={"additional_kwargs": self._plain} if plain else {})
            # What the argument `async_openai_client` sets.
            llm._aclient = self._client(api_key=_NO_KEY, base_url=self._address, http_client=http, max_retries=0)  # noqa: SLF001
            async for chunk in await llm.astream_chat(_chat(messages)):
                choice = chunk.raw.choices[0] if chunk.raw.choices else None
                ended = choice.finish_reason if choice else None
                if choice and getattr(choice.delta, "refusal", None):
                    ended = "refusal"
                counted = chunk.raw.usage
                usage = _usage(counted.prompt_tokens, counted.completion_tokens) if counted else None
                yield Said(chunk.delta or "", ended, usage)


class Ollama:
    """Ollama's own protocol, which unlike its imitation of OpenAI's can ask for a context window."""

    def __init__(self, model: str, address: str, key: str, context_window: int) -> None:
        """Import the integration."""
        import ollama  # noqa: PLC0415
        from llama_index.llms.ollama import Ollama as Integration  # noqa: PLC0415

        self.events = False  # but lines of JSON
        self.headers = {"authorization": f"Bearer {key}"} if key else {}
        self.error: type[Exception] = ollama.ResponseError
        self._address = address
        self._client = ollama.AsyncClient
        # Without a context window it asks the server for one, and blocks.
        self._integration = Integration(model=model, context_window=context_window, temperature=0.0)

    async def stream(
        self,
        messages: Sequence[Message],
        wire: Wire,
        *,
        plain: bool,  # noqa: ARG002 - Ollama passes over options that a model does not have
    ) -> AsyncGenerator[Said]:
        """Ask once; the last chunk says why it ends, and counts."""
        async with self._client(self._address, transport=wire) as client:
            llm = self._integration.model_copy()
            llm._async_client = client  # noqa: SLF001 - what its argument `async_client` sets
            async for chunk in await llm.astream_chat(_chat(messages)):
                end = chunk.raw
                ended = (end.get("done_reason") or "stop") if end.get("done") else None
                yield Said(chunk.delta or "", ended, _usage(end.get("prompt_eval_count"), end.get("eval_count")))


class Anthropic:
    """Anthropic's messages."""

    def __init__(self, model: str, address: str, key: str, context_window: int) -> None:
        """Import the integration."""
        import anthropic  # noqa: PLC0415
        from llama_index.core.llms import LLMMetadata  # noqa: PLC0415
        from llama_index.llms.anthropic import Anthropic as Integration  # noqa: PLC0415

        class AnyClaude(Integration):  # type: ignore[misc] # LlamaIndex is not typed
            """Knows no names of models: LlamaIndex raises on those that are newer than it."""

            @property
            def metadata(self) -> LLMMetadata:
                return LLMMetadata(context_window=context_window, is_chat_model=True, model_name=model)

        self.events = True
        self.headers = {"anthropic-version": "2023-06-01", "x-api-key": key}
        self.error: type[Exception] = anthropic.APIError
        self._address = address
        self._client = anthropic.AsyncAnthropic
        self._plain = {"temperature": anthropic.omit}
        # Without its __init__, which opens two clients that no reply uses, with the proxies of the environment. It
        # leaves the temperature out for the models of which it knows that they refuse it.
        self._integration = AnyClaude.model_construct(model=model, max_tokens=LONGEST_CLAUDE_REPLY, temperature=0.0)

    async def stream(self, messages: Sequence[Message], wire: Wire, *, plain: bool) -> AsyncGenerator[Said]:
        """Ask once; LlamaIndex puts what ends a reply, and what it used, beside the message."""
        async with httpx.AsyncClient(transport=wire) as http:
            llm = self._integration.model_copy(update={"additional_kwargs": self._plain} if plain else {})
            # It has no argument for a client.
            llm._aclient = self._client(api_key=_NO_KEY, base_url=self._address, http_client=http, max_retries=0)  # noqa: SLF001
            async for chunk in await llm.astream_chat(_chat(messages)):
                beside = chunk.message.additional_kwargs
                ended, counted = beside.get("stop_reason"), beside.get("usage") or {}
                usage = _usage(counted.get("input_tokens"), counted.get("output_tokens")) if ended else None
                yield Said(chunk.delta or "", ended, usage)


class _Opens(Protocol):
    def __call__(self, model: str, address: str, key: str, context_window: int) -> Provider:
        """Raise ImportError where its packages are missing."""


# With its own address, and whether it wants a key.
_PROVIDERS: dict[str, tuple[_Opens, str | None, bool]] = {
    "openai": (OpenAILike, "https://api.openai.com/v1", True),
    "openai-like": (OpenAILike, None, False),
    "ollama": (Ollama, "http://127.0.0.1:11434", False),
    "anthropic": (Anthropic, "https://api.anthropic.com", True),
}


def _chat(messages: Sequence[Message]) -> list[Any]:
    from llama_index.core.llms import ChatMessage  # noqa: PLC0415

    return [ChatMessage(role=message.role, content=message.content) for message in messages]


def _usage(read: object, written: object) -> Usage | None:
    if isinstance(read, int) and isinstance(written, int):
        return Usage(input_tokens=read, output_tokens=written)
    return None
