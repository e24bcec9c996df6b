"""A passage as a language model sees it: numbered, dated, fenced so that its words stay data."""

import re
from dataclasses import dataclass
from datetime import datetime

# Without angle brackets no text can close its fence or open another, whatever it writes between them.
_HARMLESS = str.maketrans("<>", "‹›")
# What a reader does not see and a model reads all the same: control characters, zero-width ones, those that turn the
# direction, tags (U+E0000 on), by which orders are hidden, and the variation selectors beyond the first sixteen. The
# joiners (U+200C, U+200D) stay: Persian, Hindi and emoji are written with them.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
    "|(?<=[\x00-\x7f])[\u200c\u200d]+|[\u200c\u200d]{2,}|[\ufe00-\ufe0f]{2,}"
)


@dataclass(frozen=True)
class PromptPassage:
    """What a model is shown of a passage."""

    title: str
    outlet: str | None
    published: datetime | None
    text: str


def fenced(number: int, passage: PromptPassage) -> str:
    """Put a passage between tags that its own text cannot close."""
    about = [passage.title, passage.outlet or "", f"{passage.published:%d %B %Y}" if passage.published else ""]
    words = f"{' · '.join(filter(None, about))}\n{passage.text.strip()}"
    return f'<passage number="{number}">\n{data(words)}\n</passage>'


def data(text: str) -> str:
    """Write a text of others so that it holds no tag and nothing hidden."""
    return visible(text).translate(_HARMLESS)


def visible(text: str) -> str:
    """Leave out the characters that nobody sees."""
    return _HIDDEN.sub("", text)


def tokens(text: str) -> int:
    """Estimate how many tokens a text takes, rather too many, whichever model counts.

    Of the sample articles a token of MiniLM's has 5.1 bytes (benchmarks/prompts.py), so that the estimate is 1.7 times
    what is counted: the rest is for tokenizers with smaller words and for other scripts.
    """
    return len(text.encode()) // 3 + 1
