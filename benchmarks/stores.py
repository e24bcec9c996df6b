"""Stores of any size, made once and kept, and what they are made with."""

import asyncio
import functools
import hashlib
import multiprocessing
import shutil
import sys
import time
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import ParamSpec, Self, TypeVar

import numpy as np

from benchmarks import corpus
from benchmarks.corpus import Material
from retrieval import generations, lexical, minilm
from retrieval.embedding import Role, Vectors
from retrieval.ingest import ingest
from retrieval.minilm import MiniLM
from retrieval.passages import split
from retrieval.store import Store
from retrieval.types import Span

P = ParamSpec("P")
T = TypeVar("T")

ROOT = Path(__file__).parents[1]
AT_ONCE = 150  # articles of a kept store: some 800 passages, which the store writes together
TELL_EVERY = 15.0  # seconds


def kept(texts: Material, passages: int, cache: Path, *, drawn: bool) -> Path:
    """Give the folder of a store of so many passages, made now or by a run before."""
    kind = f"{'drawn' if drawn else 'minilm'}-{passages}"
    folder = cache / f"{kind}-{_fingerprint(texts, drawn=drawn)}"
    if not (folder / "made").exists():
        for old in cache.glob(f"{kind}-*"):
            shutil.rmtree(old)
        tell(f"Making a store of {passages:,} passages{' with drawn vectors' if drawn else ''} in {folder}")
        with OwnProcess() as groundwire:
            seconds = groundwire(make, texts, passages, folder, drawn=drawn)
        tell(f"  made in {seconds:.0f} s")
        (folder / "made").touch()
    return folder


def _fingerprint(texts: Material, *, drawn: bool) -> str:
    """Change with the articles, and with what decides what of them is stored."""
    formats = (generations._FORMAT, generations._HNSW, lexical._FORMAT)  # noqa: SLF001 - nobody else needs to know them
    content = hashlib.sha256(repr((formats, texts)).encode())
    stored = ["rows", "passages", "sentences", "furniture", *([] if drawn else ["minilm"])]
    for file in [Path(corpus.__file__), *(ROOT / "retrieval" / f"{name}.py" for name in stored)]:
        content.update(file.read_bytes())
    return content.hexdigest()[:8]


def make(texts: Material, passages: int, folder: Path, *, drawn: bool) -> float:
    """Ingest articles until there are so many passages, and give the seconds."""
    embedder = DrawnVectors() if drawn else model()

    async def run() -> float:
        with Store.open_embedded(folder, embedder) as store:
            began = told = time.perf_counter()
            articles, done = texts.articles(), 0
            while done < passages:
                # Side by side, so that the store writes many at once.
                some = list(islice(articles, min(AT_ONCE, (passages - done) // 6 + 1)))
                await asyncio.gather(*(ingest(one, store, embedder) for one in some))
                done += sum(len(split(one)) for one in some)
                if time.perf_counter() - told > TELL_EVERY:
                    told = time.perf_counter()
                    tell(f"  {done:,} after {told - began:.0f} s")
            return time.perf_counter() - began

    return asyncio.run(run())


class OwnProcess:
    """A new process to call functions in, whose memory is then theirs; use it in a `with` statement."""

    def __enter__(self) -> Self:
        """Start it with the first call."""
        self._pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        self._pool.shutdown()

    def __call__(self, function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Call a function of any module in it."""
        return self._pool.submit(function, *arguments, **named).result()


@functools.cache
def model() -> MiniLM:
    """Give the embedding model, loaded once in a process."""
    return MiniLM(model_folder())


def model_folder() -> Path:
    """Find the package's own files, which LlamaIndex reads as well."""
    spec = find_spec(minilm.PACKAGE)
    assert spec  # noqa: S101 - the model itself would have said so
    assert spec.origin  # noqa: S101 - the same
    return Path(spec.origin).parent / "model"


class DrawnVectors:
    """An `Embedder` that draws: near the vector drawn for a text's first line, its title, the text's own is drawn.

    Of two passages of one article the cosine is about .4, of others 0; chosen, so that they come in clusters as those
    of real texts do. A question takes as long as with MiniLM.
    """

    name = "drawn at random"
    dimensions = minilm.DIMENSIONS

    async def embed(self, texts: Sequence[str], role: Role = "passage") -> Vectors:
        """Draw vectors; the same text always gets the same."""
        if role == "question":
            await model().embed(texts, role)
        rows = [_near(_drawn(text.partition("\n")[0]), text) for text in texts]
        return np.array(rows, np.float32).reshape(-1, self.dimensions)

    async def embed_parts(self, texts: Sequence[str], parts: Sequence[Sequence[Span]]) -> tuple[Vectors, list[Vectors]]:
        """Draw vectors, and those of the parts near them."""
        vectors = await self.embed(texts)
        near = [
            [_near(vector, f"{part} {text}") for part in some]
            for text, vector, some in zip(texts, vectors, parts, strict=True)
        ]
        return vectors, [np.array(rows, np.float32).reshape(-1, self.dimensions) for rows in near]


def _drawn(text: str) -> Vectors:
    vector = np.random.default_rng(zlib.crc32(text.encode())).standard_normal(minilm.DIMENSIONS, np.float32)
    return np.asarray(vector / np.linalg.norm(vector))


def _near(centre: Vectors, text: str) -> Vectors:
    vector = 0.65 * centre + 0.76 * _drawn(text)
    return np.asarray(vector / np.linalg.norm(vector))


def tell(line: str) -> None:
    """Say on stderr what is going on."""
    print(line, file=sys.stderr, flush=True)
