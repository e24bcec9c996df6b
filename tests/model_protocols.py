"""What the servers of language models say on the wire, by the protocol of each: replies, thoughts, ends and errors."""

import json
from typing import Any, Protocol

from tests.model_server import event


class WireFormat(Protocol):
    """One provider: a model of it, where its requests go, and how its server speaks."""

    model: str
    address: str
    path: str
    content_type: str

    def request(self, name: str) -> dict[str, Any]:
        """Give the body that asks the model of this name."""

    def piece(self, text: str) -> bytes:
        """Give a piece of the reply."""

    def thought(self, text: str) -> bytes:
        """Give a piece of what the server knows to be no part of the reply."""

    def end(self, reason: str = "stop", usage: tuple[int, int] | None = (100, 10)) -> bytes:
        """End the reply: `stop`, `length` or `refusal`."""

    def error(self, message: str) -> bytes:
        """Report an error in the middle of a reply."""


MESSAGES = [{"role": "system", "content": "Rules."}, {"role": "user", "content": "Question: How many {drones}?"}]


class OpenAIFormat:
    content_type = "text/event-stream"
    path = "/chat/completions"

    def __init__(self, model: str, address: str) -> None:
        self.model, self.address = model, address

    def request(self, name: str) -> dict[str, Any]:
        asked = {"messages": MESSAGES, "stream": True, "stream_options": {"include_usage": True}}
        return asked | {"model": name, "temperature": 0.0}

    def piece(self, text: str) -> bytes:
        return event(text)

    def thought(self, text: str) -> bytes:
        delta = {"role": "assistant", "content": None, "reasoning_content": text}
        return _sse({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})

    def end(self, reason: str = "stop", usage: tuple[int, int] | None = (100, 10)) -> bytes:
        if reason == "refusal":
            said = _sse({"choices": [{"index": 0, "delta": {"refusal": "I'm sorry."}, "finish_reason": None}]})
            return event("") + said + event(None, "stop")
        return event(None, reason) + (event(None, usage=usage) if usage else b"") + b"data: [DONE]\n\n"

    def error(self, message: str) -> bytes:
        return _sse({"error": {"message": message, "type": "server_error", "code": None}})


class OllamaFormat:
    model = "ollama/llama3.1:8b"
    address = "http://127.0.0.1:11434"
    path = "/api/chat"
    content_type = "application/x-ndjson"

    def request(self, name: str) -> dict[str, Any]:
        options = {"num_ctx": 8192, "temperature": 0.0}
        return {"model": name, "messages": MESSAGES, "stream": True, "options": options, "tools": []}

    def piece(self, text: str) -> bytes:
        return _line({"message": {"role": "assistant", "content": text}, "done": False})

    def thought(self, text: str) -> bytes:
        return _line({"message": {"role": "assistant", "content": "", "thinking": text}, "done": False})

    def end(self, reason: str = "stop", usage: tuple[int, int] | None = (100, 10)) -> bytes:
        counted = {"prompt_eval_count": usage[0], "eval_count": usage[1]} if usage else {}
        return _line({"message": {"role": "assistant", "content": ""}, "done": True, "done_reason": reason} | counted)

    def error(self, message: str) -> bytes:
        return _line({"error": message})


class AnthropicFormat:
    model = "anthropic/claude-sonnet-4-5"
    address = "https://api.anthropic.com"
    path = "/v1/messages"
    content_type = "text/event-stream"

    def request(self, name: str) -> dict[str, Any]:
        asked = {"system": "Rules.", "max_tokens": 4096, "temperature": 0.0, "stream": True}
        content = [{"type": "text", "text": MESSAGES[1]["content"]}]
        return asked | {"model": name, "messages": [{"role": "user", "content": content}]}

    def piece(self, text: str) -> bytes:
        delta = {"type": "text_delta", "text": text}
        return _sse({"type": "content_block_delta", "index": 0, "delta": delta}, "content_block_delta")

    def thought(self, text: str) -> bytes:
        delta = {"type": "thinking_delta", "thinking": text}
        return _sse({"type": "content_block_delta", "index": 0, "delta": delta}, "content_block_delta")

    def end(self, reason: str = "stop", usage: tuple[int, int] | None = (100, 10)) -> bytes:
        stopped = {"stop": "end_turn", "length": "max_tokens", "refusal": "refusal"}[reason]
        counted = {"input_tokens": usage[0], "output_tokens": usage[1]} if usage else None
        said = {"type": "message_delta", "delta": {"stop_reason": stopped, "stop_sequence": None}, "usage": counted}
        block = _sse({"type": "content_block_stop", "index": 0}, "content_block_stop")
        return block + _sse(said, "message_delta") + _sse({"type": "message_stop"}, "message_stop")

    def error(self, message: str) -> bytes:
        return _sse({"type": "error", "error": {"type": "overloaded_error", "message": message}}, "error")


def _sse(body: dict[str, Any], name: str = "") -> bytes:
    return f"{f'event: {name}' + chr(10) if name else ''}data: {json.dumps(body)}\n\n".encode()


def _line(body: dict[str, Any]) -> bytes:
    return json.dumps(body).encode() + b"\n"


OPENAI = OpenAIFormat("openai/gpt-4o", "https://api.openai.com/v1")
OPENAI_LIKE = OpenAIFormat("openai-like/news-7b", "http://127.0.0.1:9/v1")
OLLAMA = OllamaFormat()
ANTHROPIC = AnthropicFormat()
ALL: list[WireFormat] = [OPENAI, OPENAI_LIKE, OLLAMA, ANTHROPIC]
