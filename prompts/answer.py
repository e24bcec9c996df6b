"""The prompt that asks a language model for an answer from numbered passages, and its phrase for "no answer"."""

import re
from collections.abc import Sequence
from importlib.resources import files

from prompts.message import Message
from prompts.passage import PromptPassage, fenced, without_tags

NOT_SAID = "The articles do not say."
"""What a model is told to write when the passages do not answer; `says_not` knows it again."""


def answer_prompt(question: str, passages: Sequence[PromptPassage]) -> list[Message]:
    """Give the messages that ask for an answer; passages are numbered from 1 in their order."""
    rules = files("prompts").joinpath("answer.md").read_text(encoding="utf-8").format(not_said=NOT_SAID)
    numbered = "\n\n".join(fenced(number, passage) for number, passage in enumerate(passages, start=1))
    return [Message("system", rules), Message("user", f"{numbered}\n\nQuestion: {without_tags(question)}")]


def says_not(sentence: str) -> bool:
    """Tell whether a sentence is the phrase for "no answer", whatever stands around its words."""
    return _letters(sentence) == _letters(NOT_SAID)


def _letters(text: str) -> str:
    return re.sub(r"\W+", " ", text.replace("don't", "do not").replace("don’t", "do not")).strip().lower()
