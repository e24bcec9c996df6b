"""The Embedder seam: texts in, unit vectors out."""

from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

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
