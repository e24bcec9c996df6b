"""Language models by `provider/model`; the only importer of llama-index."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from prompts.answer import Message
from service.errors import SettingsError, WriterUnavailable
from service.settings import Settings


class LanguageModel(Protocol):
    """What a writer needs of a model."""

    @property
    def name(self) -> str:
        """`provider/model`."""

    def stream(self, messages: Sequence[Message]) -> AsyncIterator[str]:
        """Give the reply, piece by piece as it is written.

        Raises:
            WriterUnavailable: the model did not answer, or broke off.

        """


def open_llm(settings: Settings) -> LanguageModel:
    """Open the model that the settings name.

    Raises:
        SettingsError: a variable that it needs is missing.

    """
    if not settings.llm_base_url:
        raise SettingsError(
            f"GROUNDWIRE_LLM={settings.llm} needs the address of its server: set GROUNDWIRE_LLM_BASE_URL, "
            "for instance to http://127.0.0.1:8080/v1"
        )
    key = settings.llm_api_key.get_secret_value() if settings.llm_api_key else "none"
    return OpenAILikeModel(settings.llm, settings.llm_base_url, key)


class OpenAILikeModel:
    """A model behind any server that speaks OpenAI's chat completions: vLLM, llama.cpp, LM Studio and others."""

    def __init__(self, name: str, base_url: str, api_key: str) -> None:
        """Connect to nothing yet; `name` is `openai-like/<model>`."""
        # Here, because it takes seconds and nobody without a model should wait for it.
        from llama_index.llms.openai_like import OpenAILike  # noqa: PLC0415

        self.name = name
        self._llm = OpenAILike(
            model=name.partition("/")[2],
            api_base=base_url,
            api_key=api_key,
            is_chat_model=True,
            max_retries=0,  # llama-index's retries multiply the client's own: 3 means 12 calls
            temperature=0.0,
            timeout=60.0,
        )

    async def stream(self, messages: Sequence[Message]) -> AsyncIterator[str]:
        """Stream the reply."""
        import openai  # noqa: PLC0415
        from llama_index.core.llms import ChatMessage  # noqa: PLC0415

        chat = [ChatMessage(role=message.role, content=message.content) for message in messages]
        try:
            async for chunk in await self._llm.astream_chat(chat):
                if chunk.delta:
                    yield chunk.delta
        except openai.APIStatusError as error:
            raise WriterUnavailable(f"The language model {self.name} answered HTTP {error.status_code}.") from error
        except openai.OpenAIError as error:
            raise WriterUnavailable(f"The language model {self.name} cannot be reached: {type(error).__name__}.") from error
