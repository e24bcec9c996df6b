"""The prompt that asks a language model for an answer from numbered passages, and what its reply may say instead."""

import re
from collections.abc import Sequence
from importlib.resources import files

from prompts.message import Message
from prompts.passage import PromptPassage, data, fenced, tokens

NOT_SAID = "The articles do not say."
"""What a model is told to write when the passages do not answer; `says_not` knows it again."""

# Models dress the phrase and go on behind it, "The articles provided do not say how many.", which says nothing of the
# world. The articles' own words for others ("the documents do not show") are no such phrase.
_NOT_SAID = re.compile(
    r"""\W*(?:(?:however|unfortunately|but)\W+)?
    (?:none\ of\ the\ (?:\w+\ )?(?:articles|passages)\b
      |(?:the\ |these\ )?
       (?:(?:(?:provided|given|available|numbered)\ )?(?:articles?|passages?)
         |(?:provided|given|available)\ (?:texts?|contexts?|sources?|documents?|information|excerpts?))
       (?:\ (?:provided|given|above|below|available))?
       \s(?:(?:do|does|did)\ ?n(?:o|['’])t\b|can(?:no|['’])t\b|(?:says?|contains?|gives?)\ no(?:thing)?\b))""",
    re.IGNORECASE | re.VERBOSE,
)
_NOT_FOUND = re.compile(
    r"""\s*(?:find|answer|determine|tell|say|see|locate)\b.*
    \b(?:the|these|provided|given)\ (?:\w+\ )?(?:articles|passages|sources|context)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_NOT_THERE = re.compile(
    r"""\b(?:there\ is\ no\ (?:information|mention|answer|indication|data)\b.*
      |(?:is|are|was)\ not\ (?:mentioned|stated|specified|given|provided|found|covered|answered|addressed)\ )
    \b(?:in|by|from)\ (?:the|these|any\ of\ the)\ (?:(?:provided|given|available)\ )?
    (?:articles|passages|sources|context)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_MORE = re.compile(r"\b(?:but|except|however|although|though|probably|likely)\b", re.IGNORECASE)
_REFUSAL = re.compile(
    r"""\W*(?:
    (?:i['’]?m|i\ am|we\ are|we['’]re)\ (?:very\ |so\ )?(?:sorry|afraid|unable|not\ able|not\ allowed)\b
    |(?:my\ )?apologies\b|sorry[,.]|sorry\ (?:but|i)\b|i\ apologi[sz]e\b|as\ an?\ (?:ai|artificial|large|language)\b
    |i\ (?:can(?:no|['’])?t|could\ ?n(?:o|['’])t|won['’]?t|will\ not|must\ decline|decline)\b)""",
    re.IGNORECASE | re.VERBOSE,
)


def answer_prompt(question: str, passages: Sequence[PromptPassage], most_tokens: int) -> tuple[list[Message], int]:
    """Give the messages that ask for an answer, and how many passages they hold, numbered from 1 in their order.

    Args:
        question: One that stands alone.
        passages: The most relevant first. The last are left out where all together would not fit.
        most_tokens: What the messages may take.

    """
    rules = files("prompts").joinpath("answer.md").read_text(encoding="utf-8").format(not_said=NOT_SAID)
    asked = f"Question: {data(question)}"
    left = most_tokens - tokens(rules) - tokens(asked)
    shown: list[str] = []
    for number, passage in enumerate(passages, start=1):
        text = fenced(number, passage)
        left -= tokens(text)
        if left < 0 and shown:
            break
        shown.append(text)
    return [Message("system", rules), Message("user", "\n\n".join([*shown, asked]))], len(shown)


def says_not(sentence: str) -> bool:
    """Tell whether a sentence says that the articles do not answer: the phrase that was asked for, or one like it."""
    if refused := _REFUSAL.match(sentence):
        rest = re.sub(r"^\W*but\s+", "", sentence[refused.end() :])
        return bool(rest) and (says_not(rest) or bool(_NOT_FOUND.match(rest)))
    if _MORE.search(sentence[4:]):
        return False
    return bool(_NOT_SAID.match(sentence) or _NOT_THERE.search(sentence))


def refuses(sentence: str) -> bool:
    """Tell whether a sentence refuses to answer, for reasons of the model's own."""
    return bool(_REFUSAL.match(sentence))
