"""The Embedder seam: texts in, unit vectors out."""

from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.types import Span

Vectors = NDArray[np.float32]
"""Shape (number of texts, dimensions); each row has length 1."""

Role = Literal["question", "passage"]


class Embedder(Protocol):
    """Anything that turns texts into vectors; `name` tells one model's vectors from another's."""

    @property
    def name(self) -> str:
        """Identify the model: a store holds vectors of one name only."""

    @property
    def dimensions(self) -> int:
        """Tell how many numbers a vector has."""

    async def embed(self, texts: Sequence[str], role: Role = "passage") -> Vectors:
        """Embed the texts, in order. Some models want questions and passages told apart."""

    async def embed_parts(self, texts: Sequence[str], parts: Sequence[Sequence[Span]]) -> tuple[Vectors, list[Vectors]]:
        """Embed passages, and parts of each, such as its sentences, in its context.

        Args:
            texts: The passages.
            parts: For each text, any number of spans in it; they may overlap.

        Returns:
            The passages' vectors, the same as `embed` gives; and for each text the vectors of its parts, in order. A
            part that has nothing the model reads gets the passage's own.
        """
