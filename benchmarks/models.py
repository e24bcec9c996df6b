"""How the ranking, whose constants are fitted to MiniLM, does with the vectors of other models.

    python benchmarks/models.py --data FOLDER    # with FOLDER/squad2 and FOLDER/clapnq

The other models are made of MiniLM's published weights: what its first layers give, the mean of its word vectors, and
its own vectors pressed into a narrow cone, as those of e5 or ada-002 are. Each runs behind the adapter for LlamaIndex's
embeddings, as it is and centred.
"""

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import quality, sets  # noqa: E402 - the repository is on the path from here on
from retrieval import minilm  # noqa: E402
from retrieval.embedding import Embedder, Vectors  # noqa: E402
from retrieval.llamaindex import LlamaIndexEmbedder  # noqa: E402
from retrieval.minilm import MiniLM  # noqa: E402
from retrieval.types import Span  # noqa: E402
from service.answering import LEAST_RELEVANCE  # noqa: E402

CONE = 2.0  # times its length is added to each vector, the same for all: any two have a cosine of .8 or so


class Remembered:
    """A LlamaIndex embedding, as far as the adapter asks; it computes no text twice."""

    embed_batch_size = 256

    def __init__(self, embed: Callable[[list[str]], Vectors]) -> None:
        """Take what computes the vectors of texts."""
        self._embed = embed
        self._known: dict[str, list[float]] = {}

    def get_query_embedding(self, query: str) -> list[float]:
        """Embed a question."""
        return self.get_text_embedding_batch([query])[0]

    def get_text_embedding_batch(self, texts: list[str]) -> list[list[float]]:
        """Embed passages."""
        fresh = [text for text in texts if text not in self._known]
        if fresh:
            self._known |= zip(fresh, self._embed(fresh).tolist(), strict=True)
        return [self._known[text] for text in texts]


class Titled(LlamaIndexEmbedder):
    """Embeds the sentences of a passage with the title before each."""

    async def embed_parts(self, texts: Sequence[str], parts: Sequence[Sequence[Span]]) -> tuple[Vectors, list[Vectors]]:
        """Embed passages and parts."""
        titles = [text.partition("\n")[0] + "\n" for text in texts]
        titled = [
            (title + text[start:end], (0, len(title) + end - start))
            for title, text, spans in zip(titles, texts, parts, strict=True)
            for start, end in spans
        ]
        vectors = await self.embed([*texts, *(text for text, _ in titled)])
        return vectors[: len(texts)], np.split(vectors[len(texts) :], np.cumsum([len(spans) for spans in parts])[:-1])


def layers(count: int) -> Remembered:
    """Give the mean over the word pieces behind a number of MiniLM's layers."""
    whole = minilm.LAYERS
    minilm.LAYERS = count
    model = MiniLM()
    minilm.LAYERS = whole
    return Remembered(lambda texts: asyncio.run(model.embed(texts)))


def words() -> Remembered:
    """Give the mean of the word vectors."""
    model = MiniLM()
    return Remembered(lambda texts: model.words(texts) + np.float32(1e-6))


def cone() -> Remembered:
    """Give MiniLM's vectors, all moved the same way."""
    model = MiniLM()
    way = np.random.default_rng(1).normal(size=model.dimensions)
    way *= CONE / np.linalg.norm(way)
    return Remembered(lambda texts: (asyncio.run(model.embed(texts)) + way).astype(np.float32))


def measure(name: str, embedder: Embedder, data: Path | None) -> None:
    """Print a row."""
    known = sets.read_sets(data, embedder)
    asked, strange = quality.ask_all(known), quality.unrelated(known)
    summary = quality._summary(asked)  # noqa: SLF001 - of the same folder
    due = {family: [one for one in some if one.case.answered] for family, some in asked.items()}
    telling = [
        quality.auc(quality.best(some), quality.best(strange[quality._family(family)]))  # noqa: SLF001 - as above
        for family, some in due.items()
    ]
    held, far = (
        np.concatenate([row for some in groups for one in some for row in one.measures[one.held == mark, 0][:, None]])
        for groups, mark in ((due.values(), 1), (strange.values(), 0))
    )
    figures = {
        "public": summary.get("squad2 hit@1", 0.0),
        "news": summary["news hit@1"],
        "auc": float(np.mean(telling)),
        "refused": float(np.mean([(quality.best(some) < LEAST_RELEVANCE).mean() for some in due.values()])),
        "strange": float(np.mean([(quality.best(some) < LEAST_RELEVANCE).mean() for some in strange.values()])),
        "error": float(np.mean([quality.calibration_error(some) for some in asked.values()])),
        "held": float(held.mean()),
        "far": float(far.mean()),
    }
    print(f"{name:32}" + "".join(f"{value:9.3f}" for value in figures.values()), flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a folder with squad2/ and clapnq/")
    data = parser.parse_args().data
    columns = ("public", "news", "AUC", "refused", "strange", "calibr.", "cosine", "far")
    print(f"{'hit@1; AUC; refused; cosines':32}" + "".join(f"{name:>9}" for name in columns))
    measure("MiniLM, sentences in context", MiniLM(), data)
    made = {"MiniLM": layers(6), "in a cone": cone(), "5 layers": layers(5), "3 layers": layers(3), "words": words()}
    for name, model in made.items():
        with LlamaIndexEmbedder(model, name) as embedder:
            centres = embedder._centres  # noqa: SLF001 - to see what they do
            embedder._centres = {role: np.zeros_like(centre) for role, centre in centres.items()}  # noqa: SLF001 - as above
            measure(f"{name}, as it is", embedder, data)
            embedder._centres = centres  # noqa: SLF001 - as above
            measure(f"{name}, centred", embedder, data)
            embedder._centres = dict.fromkeys(centres, centres["passage"])  # noqa: SLF001 - as above
            measure(f"{name}, by statements alone", embedder, data)
    with Titled(made["MiniLM"], "titled") as embedder:
        measure("MiniLM, centred, with titles", embedder, data)


if __name__ == "__main__":
    main()
