"""One message of a chat with a language model."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Message:
    """Who says it, and what."""

    role: Literal["system", "user"]
    content: str
