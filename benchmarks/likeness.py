"""How well cosines of single words tell synonyms, at which threshold.

    python benchmarks/likeness.py

The pairs are those of the lexicon's groups of synonyms, and as many as chance draws from its words that are none.
"""

import asyncio
import random
import sys
from itertools import combinations
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from retrieval.embedding import Vectors
from retrieval.minilm import MiniLM
from service.extractive.comparing import ANOTHER_WORD, NEAR_WORD
from service.language import lexicon

OTHERS = 10_000


def main() -> None:
    """Print the table."""
    groups = [line.replace("co-", "co").split() for line in lexicon.SYNONYMS.strip().splitlines()]
    synonyms = sorted({tuple(sorted(pair)) for group in groups for pair in combinations(group, 2)})
    words = sorted({word for group in groups for word in group})
    chance = random.Random(1)  # noqa: S311 - the same pairs every time
    others = [pair for pair in (tuple(sorted(chance.sample(words, 2))) for _ in range(OTHERS)) if pair not in synonyms]
    row = {word: number for number, word in enumerate(words)}
    model = MiniLM()

    def cosines(vectors: Vectors, pairs: list[tuple[str, ...]]) -> Vectors:
        return np.array([vectors[row[one]] @ vectors[row[other]] for one, other in pairs], np.float32)

    print(f"{len(synonyms)} pairs of synonyms, {len(others)} others")
    print(f"{'vectors':24}{'least':>7}{'synonyms':>10}{'others':>8}{'AUC':>7}")
    for name, vectors, leasts in [
        ("MiniLM.words", model.words(words), sorted({0.2, 0.25, 0.3, NEAR_WORD, ANOTHER_WORD, 0.4})),
        ("MiniLM.embed", asyncio.run(model.embed(words)), [0.5, 0.55, 0.6, 0.65]),
    ]:
        alike, unlike = cosines(vectors, synonyms), cosines(vectors, others)
        ranks = np.argsort(np.argsort(np.concatenate([alike, unlike])))[: len(alike)]
        auc = (ranks.sum() - len(alike) * (len(alike) - 1) / 2) / (len(alike) * len(unlike))
        for least in leasts:
            print(f"{name:24}{least:7.2f}{(alike >= least).mean():10.3f}{(unlike >= least).mean():8.4f}{auc:7.3f}")


if __name__ == "__main__":
    main()
