"""A passage as a language model sees it: numbered, dated, fenced so that its words stay data."""

import re
from dataclasses import dataclass
from datetime import datetime

_FENCE = re.compile(r"</?\s*passage\b", re.IGNORECASE)


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
    text = _FENCE.sub("(passage", passage.text.strip())
    return f'<passage number="{number}">\n{" · ".join(_FENCE.sub("(passage", one) for one in about if one)}\n{text}\n</passage>'
