"""A passage as a language model sees it: numbered, dated, fenced so that its words stay data."""

from dataclasses import dataclass
from datetime import datetime

# Without angle brackets no text can close its fence or open another, whatever it writes between them.
_HARMLESS = str.maketrans("<>", "‹›")


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
    return f'<passage number="{number}">\n{without_tags(words)}\n</passage>'


def without_tags(text: str) -> str:
    """Write the angle brackets of a text as others, so that it holds no tag."""
    return text.translate(_HARMLESS)
