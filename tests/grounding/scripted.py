"""A language model that replies to the fixed questions what replies.yaml has for it, from the prompt alone."""

import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml

from prompts.message import Message
from service.types import Usage
from tests.grounding.test_questions import CASES

_PASSAGE = re.compile(r'<passage number="(\d+)">\n(.*?)\n</passage>', re.DOTALL)
_QUESTION = re.compile(r"^Question: (.*)\Z", re.MULTILINE)
PIECE = 2  # characters: no marker arrives whole


@dataclass(frozen=True)
class Line:
    """A sentence of a reply."""

    says: str
    words: tuple[str, ...] = ()
    """Of the articles; the passages that have any of them are cited."""
    wrong: str = ""

    def numbers(self, passages: Mapping[int, str]) -> list[int]:
        return [n for n, text in passages.items() if any(words.lower() in text.lower() for words in self.words)]


def replies(kind: Literal["good", "bad"]) -> dict[str, list[Line]]:
    """Read the replies of one kind, by the id of the case."""
    written = yaml.safe_load(Path(__file__).with_name("replies.yaml").read_text(encoding="utf-8"))
    return {
        case: [Line(one["says"], tuple(one.get("from", ())), one.get("wrong", "")) for one in kinds[kind]]
        for case, kinds in written.items()
    }


def passages_of(prompt: str) -> dict[int, str]:
    """Give the passages of a prompt by their numbers, each on one line."""
    return {int(number): " ".join(text.split()) for number, text in _PASSAGE.findall(prompt)}


def question_of(prompt: str) -> str:
    found = _QUESTION.search(prompt)
    assert found, prompt
    return found[1]


class ScriptedModel:
    """Finds its reply by the question in the prompt, and its markers by the passages there.

    Without a passage that has a sentence's words it writes no marker, as models do with what they know from elsewhere.
    """

    name = "openai-like/scripted"
    context_window = 8192

    def __init__(self, replies: Mapping[str, Sequence[Line]]) -> None:
        """Take the replies by the id of the case."""
        self._replies = {case["question"]: replies[case["id"]] for case in CASES}
        self.without_passage: list[str] = []
        """The sentences that had words to cite, of which the prompt had none."""

    async def stream(self, messages: Sequence[Message]) -> AsyncGenerator[str | Usage]:
        """Reply in small pieces."""
        prompt = messages[-1].content
        passages = passages_of(prompt)
        reply = ""
        for line in self._replies[question_of(prompt)]:
            numbers = line.numbers(passages)
            if line.words and not numbers:
                self.without_passage.append(line.says)
            reply += " ".join([line.says, "".join(f"[{number}]" for number in numbers)]).strip() + " "
        for at in range(0, len(reply), PIECE):
            yield reply[at : at + PIECE]
