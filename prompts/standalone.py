"""The prompt that asks a language model to rewrite a follow-up so that it stands alone, and the parser of its reply."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

from prompts.message import Message
from prompts.passage import data, tokens, visible

_LONGEST = 500  # characters; a question in one line
_LABEL = re.compile(
    r"^\W*(?:the )?(?:(?:standalone|rewritten|rephrased|last|final) )?(?:question|query)(?: is)?\s*:\s*", re.IGNORECASE
)


@dataclass(frozen=True)
class PromptTurn:
    """What a model is shown of a turn before."""

    role: Literal["user", "assistant"]
    text: str


def standalone_prompt(question: str, turns: Sequence[PromptTurn], most_tokens: int) -> list[Message]:
    """Give the messages that ask for the rewriting.

    Args:
        question: The one to rewrite.
        turns: Those before it, oldest first. The oldest are left out where all together would not fit.
        most_tokens: What the messages may take.

    """
    rules = files("prompts").joinpath("standalone.md").read_text(encoding="utf-8")
    asked = f"<question>\n{data(question)}\n</question>"
    left = most_tokens - tokens(rules) - tokens(asked)
    shown: list[str] = []
    for turn in reversed(turns):
        text = f'<turn role="{turn.role}">\n{data(turn.text)}\n</turn>'
        left -= tokens(text)
        if left < 0:
            break
        shown.insert(0, text)
    return [Message("system", rules), Message("user", "\n\n".join([*shown, asked]))]


def standalone_question(reply: str) -> str | None:
    """Read the question out of a reply; None where it holds none, or more than one line of text."""
    lines = [line.strip() for line in visible(reply).splitlines() if line.strip()]
    if len(lines) != 1 or len(lines[0]) > _LONGEST:
        return None
    question = re.sub(r"^</?\w+>|</?\w+>$", "", lines[0]).strip()
    question = _LABEL.sub("", question).strip().strip('"“”*`').strip()
    return question or None
