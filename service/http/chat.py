"""What the chat protocols share: messages become a Question, and a request says which extras it wants."""

import re
from collections.abc import Collection, Sequence
from http import HTTPStatus
from typing import Annotated, Literal, get_args

from litestar.exceptions import ClientException
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from retrieval.types import Text
from service.composing import UNSUPPORTED
from service.http.problems import field_error
from service.types import MOST_HISTORY, MOST_QUESTION, MOST_TURNS, ChatExtra, Options, Question, Turn

EXTRAS_HEADER = "x-groundwire-extras"
BODY_LIMIT = 10_000_000  # bytes; chosen: clients send pictures of the turns before along, which are megabytes

SOURCES_HEADING = "**Sources**"
"""What the list of sources behind a text begins with, where a client asks for one."""

_TEXT_PARTS = ("text", "input_text", "output_text")
_SOURCES = re.compile(rf"\n+{re.escape(SOURCES_HEADING)}\n.*\Z", re.DOTALL)
_MARKERS = re.compile(rf"[ ]*(?<!\\)(?:(?:\[\d+\])+|{re.escape(UNSUPPORTED)})")
_ESCAPED = re.compile(r"\\(?=[\[<])")


class Incoming(BaseModel):
    """A part of a request in a protocol that is not ours: what it has beyond what we read is ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Part(Incoming):
    """A part of a message, of which only text is read: `text`, `input_text`, `output_text`."""

    type: str
    text: Text | None = None


def _as_parts(value: object) -> object:
    if value is None:
        return ()
    if isinstance(value, str):
        return ({"type": "text", "text": value},)
    if not isinstance(value, list | tuple):
        message = "must be a string or a list of parts"
        raise ValueError(message)  # noqa: TRY004 - of a validator, pydantic takes this one for the client's error
    return value


Parts = Annotated[tuple[Part, ...], BeforeValidator(_as_parts)]


class Message(Incoming):
    """One message of a conversation, as OpenAI's clients (`content`) and the AI SDK's (`parts`) send it."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Parts = Field(default=(), description="A string, or a list of parts.")
    parts: Parts = Field(default=(), description="What the AI SDK sends in the place of `content`.")

    @property
    def text(self) -> str:
        """Give the texts of its parts, one a line."""
        parts = self.parts or self.content
        return "\n".join(part.text for part in parts if part.type in _TEXT_PARTS and part.text).strip()

    @property
    def others(self) -> tuple[str, ...]:
        """Name the types of its parts that are no text."""
        return tuple(dict.fromkeys(part.type for part in self.parts or self.content if part.type not in _TEXT_PARTS))


def question_of(messages: Sequence[Message], *, model: str | None = None, field: str = "messages") -> Question:
    """Make a question of the last message of the user, and its history of the turns before.

    What a system, developer or tool message says is no part of either: an answer says what the articles do, in the
    same way for everyone. Of a long history the newest turns stay.

    Args:
        messages: the conversation, the oldest first.
        model: who writes; None: who does so unasked.
        field: what the protocol calls the messages, for errors.

    Raises:
        ClientException: 400, which says what is wrong: no message of the user, none with a text, or too long a text.

    """
    asked = next((index for index in reversed(range(len(messages))) if messages[index].role == "user"), None)
    if asked is None:
        raise _wrong(field, "holds no message of the user, so there is nothing to answer")
    text, others = messages[asked].text, messages[asked].others
    where = f"{field}.{asked}.content"
    if not text:
        but = f" but {', '.join(others)}, which is not read here" if others else ""
        raise _wrong(where, f"the user's last message holds no text{but}")
    if len(text) > MOST_QUESTION:
        long = (
            f"the question has {len(text):,} characters, and no more than {MOST_QUESTION:,} are read: ask it in fewer"
        )
        raise _wrong(where, long, "context_length_exceeded")
    return Question(question=text, history=_history(messages[:asked]), options=Options(model=model))


def _history(messages: Sequence[Message]) -> tuple[Turn, ...]:
    """Give the newest turns; of the one that does not fit its beginning, where people say what they mean."""
    turns: list[Turn] = []
    room = MOST_HISTORY
    for message in reversed(messages):
        if message.role not in {"user", "assistant"} or len(turns) == MOST_TURNS or not room:
            continue
        said = message.text if message.role == "user" else as_said(message.text)
        if text := said[:room]:
            turns.append(Turn(role="user" if message.role == "user" else "assistant", text=text))
            room -= len(text)
    return tuple(reversed(turns))


def as_said(answer: str) -> str:
    """Take off an answer that comes back what we had put around its words: the list of sources, markers, escapes."""
    return _ESCAPED.sub("", _MARKERS.sub("", _SOURCES.sub("", answer))).strip()


def extras_of(header: str | None, unasked: Collection[ChatExtra]) -> frozenset[ChatExtra]:
    """Give the extras that a request wants: those of its header, `none` for no extra, else those of the setting.

    Raises:
        ClientException: the header names something else.

    """
    if header is None:
        return frozenset(unasked)
    names = {name.strip() for name in header.split(",")} - {"", "none"}
    known: tuple[ChatExtra, ...] = get_args(ChatExtra)
    if unknown := names - set(known):
        message = f"{', '.join(sorted(unknown))} is none of {', '.join(known)}, none"
        raise field_error(EXTRAS_HEADER, message, HTTPStatus.BAD_REQUEST)
    return frozenset(one for one in known if one in names)


def _wrong(field: str, message: str, code: str | None = None) -> ClientException:
    return field_error(field, message, HTTPStatus.BAD_REQUEST, code=code)
