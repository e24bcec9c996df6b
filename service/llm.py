"""Language models by `provider/model`; the only importer of llama-index."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Sequence
from functools import partial
from typing import Any, Protocol

import httpx

from prompts.message import Message
from service.errors import SettingsError, WriterUnavailable
from service.settings import Settings


class LanguageModel(Protocol):
    """What a writer needs of a model."""

    @property
    def name(self) -> str:
        """`provider/model`."""

    def stream(self, messages: Sequence[Message]) -> AsyncGenerator[str]:
        """Give the reply, piece by piece as it is written; closing it stops the model.

        Raises:
            WriterUnavailable: the model did not answer, or its reply is not whole.

        """


def open_llm(name: str, settings: Settings) -> LanguageModel:
    """Open a model by its `provider/model`, at the address and with the key of the settings.

    Raises:
        SettingsError: a variable that it needs is missing.

    """
    if not settings.llm_base_url:
        raise SettingsError(
            f"GROUNDWIRE_LLM={name} needs the address of its server: set GROUNDWIRE_LLM_BASE_URL, "
            "for instance to http://127.0.0.1:8080/v1"
        )
    key = settings.llm_api_key.get_secret_value() if settings.llm_api_key else "none"
    return OpenAILikeModel(name, settings.llm_base_url, key)


class OpenAILikeModel:
    """A model behind any server that speaks OpenAI's chat completions: vLLM, llama.cpp, LM Studio and others."""

    def __init__(self, name: str, base_url: str, api_key: str, *, timeout: float = 60.0) -> None:
        """Connect to nothing yet.

        Args:
            name: `openai-like/<model>`.
            base_url: of the server's API, `/v1` included.
            api_key: what the server asks for; anything where it asks for none.
            timeout: seconds for a whole reply.

        """
        # Here, because it takes seconds and nobody without a model should wait for it.
        from llama_index.llms.openai_like import OpenAILike  # noqa: PLC0415

        self.name = name
        self._timeout = timeout
        self._open = partial(
            OpenAILike,
            model=name.partition("/")[2],
            api_base=base_url,
            api_key=api_key,
            is_chat_model=True,
            max_retries=0,  # llama-index's retries multiply the client's own: 3 means 12 calls
            temperature=0.0,
            timeout=timeout,
        )
        self._tls = ssl.create_default_context()  # 30 ms, once

    async def stream(self, messages: Sequence[Message]) -> AsyncGenerator[str]:
        """Stream the reply."""
        # The client's own timeout is for each read: a server that sends a byte a minute would never meet it.
        deadline = asyncio.get_running_loop().time() + self._timeout
        written = ended = ""
        # A client for each reply: llama-index's stream holds its connection until the garbage is collected, and a model
        # whose reply nobody reads should stop.
        async with httpx.AsyncClient(verify=self._tls, timeout=self._timeout, follow_redirects=True) as http:
            try:
                async with asyncio.timeout_at(deadline):
                    chunks = await self._open(async_http_client=http).astream_chat(_chat(messages))
                while True:
                    async with asyncio.timeout_at(deadline):
                        chunk = await anext(chunks, None)
                    if chunk is None:
                        break
                    ended = next((one.finish_reason for one in chunk.raw.choices if one.finish_reason), ended)
                    if chunk.delta:
                        written = written or chunk.delta.strip()
                        yield chunk.delta
            except Exception as error:  # noqa: BLE001 - what a server may send has no bounds, nor what its parsers raise
                # Without its cause: servers quote the key that they refuse.
                raise WriterUnavailable(f"The language model {self.name} {_fault(error)}.") from None
        if not written:
            raise WriterUnavailable(f"The language model {self.name} sent an empty reply.")
        if ended in _CUT_OFF:
            raise WriterUnavailable(f"The language model {self.name} {_CUT_OFF[ended]}.")


def _chat(messages: Sequence[Message]) -> list[Any]:
    from llama_index.core.llms import ChatMessage  # noqa: PLC0415

    return [ChatMessage(role=message.role, content=message.content) for message in messages]


_CUT_OFF = {
    "": "broke off in the middle of its reply",
    "length": "was cut off by its server's limit",
    "content_filter": "was cut off by its server's filter",
}


def _fault(error: Exception) -> str:
    import openai  # noqa: PLC0415

    if isinstance(error, openai.APIStatusError):
        return f"answered HTTP {error.status_code}"
    if isinstance(error, TimeoutError | openai.APITimeoutError):
        return "did not finish in time"
    if isinstance(error, openai.APIConnectionError):
        return "cannot be reached"
    return f"broke off in the middle of its reply ({type(error).__name__})"
