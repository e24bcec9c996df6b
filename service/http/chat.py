"""What the chat protocols share: messages become a Question, and a request says which extras it wants."""

import re
from collections.abc import Collection, Sequence
from http import HTTPStatus
from typing import Annotated, Literal, get_args

from litestar.exceptions import ClientException
from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag
from pydantic_core import PydanticCustomError

from retrieval.types import Text
from service.composing import UNSUPPORTED
from service.http.problems import field_error
from service.types import MOST_HISTORY, MOST_QUESTION, MOST_TURNS, ChatExtra, Options, Question, Turn

EXTRAS_HEADER = "x-groundwire-extras"
BODY_LIMIT = 10_000_000  # bytes; chosen: clients send pictures of the turns before along, which are megabytes
# Messages and parts together; of more, a body of the limit would be read for minutes, in which nobody else is answered.
_MOST_ITEMS = 10_000  # chosen; so many are found wrong in 60 ms

SOURCES_HEADING = "**Sources**"
"""What the list of sources behind a text begins with, where a client asks for one."""

_TEXT_PARTS = ("text", "input_text", "output_text")
_MARKERS = re.compile(rf"(?<! ) *(?<!\\)(?:(?:\[\d+\])+|{re.escape(UNSUPPORTED)})")
_INSTRUCTING = ("system", "developer")
# What Open WebUI puts its own documents and web pages in, before the question or into the system's message.
_CLIENTS_SOURCE = re.compile(r'<source id="\d+"')
_NO_SOURCES_BUT_OURS = (
    "The message brings documents of the chat program's own, from its knowledge or its web search. They are not read "
    "here, where answers are proved from this service's articles, and their numbers would be taken for the answer's. "
    "Switch them off for this model."
)
_ESCAPED = re.compile(r"\\(?=[\[<])")


class Incoming(BaseModel):
    """A part of a request in a protocol that is not ours: what it has beyond what we read is ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Part(Incoming):
    """A part of a message, of which only text is read: `text`, `input_text`, `output_text`."""

    type: str
    text: Text | None = None


def form_of(value: object) -> str | None:
    """Tell by which name of the alternatives below a value is read; `[]` is left out of the paths of errors."""
    return "text" if isinstance(value, str) else "[]" if isinstance(value, list) else "none" if value is None else None


Content = Annotated[
    Annotated[str, Tag("text")] | Annotated[list[Part], Tag("[]")] | Annotated[None, Tag("none")],
    Discriminator(form_of, custom_error_type="content", custom_error_message="must be a string or a list of parts"),
]


class Message(Incoming):
    """One message of a conversation, as OpenAI's clients (`content`) and the AI SDK's (`parts`) send it."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Content = None
    parts: list[Part] | None = Field(default=None, description="What the AI SDK sends in the place of `content`.")

    @property
    def text(self) -> str:
        """Give its text, that of each part on a line of its own."""
        said = self.parts or self.content or ()
        texts = [said] if isinstance(said, str) else [part.text for part in said if part.type in _TEXT_PARTS]
        return "\n".join(filter(None, texts)).strip()

    @property
    def others(self) -> tuple[str, ...]:
        """Name the types of its parts that are no text."""
        said = self.parts or self.content or ()
        parts = () if isinstance(said, str) else said
        return tuple(dict.fromkeys(part.type for part in parts if part.type not in _TEXT_PARTS))


def _bounded(items: object) -> object:
    if isinstance(items, list):
        several = (one.get(key) for one in items[:_MOST_ITEMS] if isinstance(one, dict) for key in ("content", "parts"))
        if len(items) + sum(len(one) for one in several if isinstance(one, list)) > _MOST_ITEMS:
            message = "holds more than {most} messages and parts"
            raise PydanticCustomError("too_many", message, {"most": f"{_MOST_ITEMS:,}"})
    return items


Bounded = BeforeValidator(_bounded)
"""What refuses a list of messages or parts that is too long before any of them is read."""

Messages = Annotated[list[Message], Bounded]


def question_of(messages: Sequence[Message], *, model: str | None = None, field: str = "messages") -> Question:
    """Make a question of the last message of the user, and its history of the turns before.

    What a system, developer or tool message says is no part of either: an answer says what the articles do, in the
    same way for everyone. Of a long history the newest turns stay.

    Args:
        messages: the conversation, the oldest first.
        model: who writes; None: who does so unasked.
        field: what the protocol calls the messages, for errors.

    Raises:
        ClientException: 400, which says what is wrong: no message of the user, none with a text, one too long, or
            sources of the client's own, which would share their numbers with ours.

    """
    asked = next((index for index in reversed(range(len(messages))) if messages[index].role == "user"), None)
    if asked is None:
        raise _wrong(field, "There is no message of the user, so there is nothing to answer.", "no_question")
    text, others, where = messages[asked].text, messages[asked].others, f"{field}.{asked}.content"
    if not text:
        but = f" but {', '.join(others)}, which is not read here" if others else ""
        raise _wrong(where, f"The user's last message has no text{but}.", "no_text")
    if any(_CLIENTS_SOURCE.search(one.text) for one in messages if one.role in _INSTRUCTING) or (
        _CLIENTS_SOURCE.search(text)
    ):
        raise _wrong(where, _NO_SOURCES_BUT_OURS, "sources_not_supported")
    if len(text) > MOST_QUESTION:
        long = f"The question has {len(text):,} characters, and no more than {MOST_QUESTION:,} are read."
        raise _wrong(where, f"{long} Ask it in fewer.", "context_length_exceeded")
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
    before, found, _ = answer.rpartition(f"\n{SOURCES_HEADING}\n")
    return _ESCAPED.sub("", _MARKERS.sub("", before if found else answer)).strip()


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


def _wrong(field: str, message: str, code: str) -> ClientException:
    return field_error(field, message, HTTPStatus.BAD_REQUEST, code=code)
