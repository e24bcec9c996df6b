"""A language model that obeys every order it finds in the passages, and reads what people do not see."""

import re
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

from prompts.answer import NOT_SAID
from prompts.message import Message
from prompts.passage import data
from service.types import Usage

_PASSAGE = re.compile(r'<passage number="(\d+)">\n(.*?)\n</passage>', re.DOTALL)
_PIECE = 11  # characters: shorter than a sentence, longer than a marker, and it cuts both

_LEAKED = 300  # characters of the rules: some sentences are as bad as all


@dataclass
class ObedientModel:
    """Replies as the order wants when it finds it; otherwise it says that the articles do not say.

    Where it `knows` the order, it obeys though the prompt does not hold it, as if hygiene had failed, and cites the
    passages of the article with that title.
    """

    order: str
    reply: str
    title: str = ""
    knows: bool = False
    obeyed: bool = False
    name: str = "openai-like/obedient"
    context_window: int = 16_384
    asked: list[Sequence[Message]] = field(default_factory=list)

    async def stream(self, messages: Sequence[Message]) -> AsyncGenerator[str | Usage]:
        self.asked.append(messages)
        rules, user = (message.content for message in messages)
        shown = dict(_PASSAGE.findall(user))
        holding = [number for number, text in shown.items() if holds(text, self.order)]
        reply = NOT_SAID
        self.obeyed = bool(holding) or self.knows
        if self.obeyed:
            question = user.rpartition("Question: ")[2]
            own = [number for number, text in shown.items() if self.title and text.startswith(data(self.title)[:20])]
            reply = self.reply.replace("{n}", (*holding, *own, "1")[0])
            reply = reply.replace("{question}", question).replace("{rules}", rules[:_LEAKED])
        for start in range(0, len(reply), _PIECE):
            yield reply[start : start + _PIECE]


@dataclass
class ObedientRewriter:
    """Rewrites every follow-up into what the conversation orders."""

    rewritten: str
    name: str = "openai-like/obedient"
    context_window: int = 16_384
    asked: list[Sequence[Message]] = field(default_factory=list)

    async def stream(self, messages: Sequence[Message]) -> AsyncGenerator[str | Usage]:
        self.asked.append(messages)
        yield self.rewritten if "<question>" in messages[1].content else NOT_SAID


def holds(text: str, order: str) -> bool:
    """Tell whether a model finds an order in a text, in whichever code it is hidden."""
    order = _plain(order)
    return any(order in _plain(reading) for reading in (text, _tags(text), _bits(text), _nibbles(text)))


def _plain(text: str) -> str:
    words = re.sub("[\u200b\u202a-\u202e\u2066-\u2069]", "", text).replace("‹", "<").replace("›", ">")
    return " ".join(words.split())


def _tags(text: str) -> str:
    return "".join(chr(ord(char) - 0xE0000) for char in text if 0xE0020 <= ord(char) < 0xE007F)


def _bits(text: str) -> str:
    bits = "".join(str(ord(char) - 0x200C) for char in text if char in "\u200c\u200d")
    return "".join(chr(int(bits[at : at + 8], 2)) for at in range(0, len(bits) - 7, 8))


def _nibbles(text: str) -> str:
    halves = [ord(char) - 0xFE00 for char in text if 0xFE00 <= ord(char) <= 0xFE0F]
    return "".join(chr(16 * high + low) for high, low in zip(halves[::2], halves[1::2], strict=False))
