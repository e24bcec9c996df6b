"""What the bytes of retrieval/minilm.py gain in speed and cost in search, against the same model in float32.

    python benchmarks/embedding.py                  # the questions in this repository
    python benchmarks/embedding.py --data FOLDER    # and FOLDER/squad2, FOLDER/clapnq

Speed is of this repository's passages, turn by turn; the best round, as other work on the machine can only slow it, and
the processor's own time. Quality is of search by meaning alone: a passage that holds the answer is first, or among ten.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Coroutine, Iterable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.sets import SETS, Case, Corpus, read_sets  # noqa: E402 - the repository is on the path from here on
from retrieval import minilm, readers  # noqa: E402
from retrieval.minilm import WEIGHTS, MiniLM  # noqa: E402
from retrieval.passages import embeddable, split  # noqa: E402
from retrieval.types import Span  # noqa: E402

ROUNDS = 7
QUESTION = "How many people were killed in the earthquake in Turkey last month?"
ASKED = 50  # times in a round
TOP = 10


def variant(*, in_bytes: bool, cores: int) -> MiniLM:
    """Make a model that computes in bytes or in float32, with so many cores to a text."""
    model = MiniLM()
    weights = (minilm._installed() / WEIGHTS).resolve()  # noqa: SLF001 - what MiniLM does itself
    graph = onnx.load_from_string(minilm._graph(weights))  # noqa: SLF001 - the same
    if not in_bytes:
        _to_float32(graph.graph, weights)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = cores
    options.log_severity_level = 3  # it would warn of every constant that float32 does not need
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(weights.parent))
    model._session = onnxruntime.InferenceSession(graph.SerializeToString(), options)  # noqa: SLF001 - it has no other
    return model


def _to_float32(graph: onnx.GraphProto, weights: Path) -> None:
    """Put the published matrices in the place of their bytes, and leave out the scaling around each product."""
    nodes = list(graph.node)
    del graph.node[:]
    for before, node, after in zip([None, *nodes], nodes, [*nodes[1:], None], strict=False):
        if before and after and node.op_type == "DynamicQuantizeMatMul":
            name = node.input[1].removesuffix(".bytes") + ".weight"
            matrix = np.ascontiguousarray(minilm._table(weights, name).T)  # noqa: SLF001 - it knows the file's format
            graph.initializer.append(numpy_helper.from_array(matrix, name))
            graph.node.append(onnx.helper.make_node("MatMul", [before.input[0], name], after.output))
        elif "DynamicQuantizeMatMul" not in {one.op_type for one in (before, after) if one}:
            graph.node.append(node)


def speed(models: dict[str, MiniLM], one_by_one: dict[str, MiniLM]) -> None:
    """Print passages a second with their sentences, the processor's milliseconds for each, and those of a question."""
    models = models | one_by_one
    folders = dict.fromkeys(folder for folder, _ in SETS.values())
    articles = [readers.read(file) for file in readers.document_files(list(folders))]
    embedded = [embeddable(article, split(article)) for article in articles]
    passages = sum(len(texts) for texts, _ in embedded)
    best = {name: [np.inf] * 3 for name in models}
    for _ in range(ROUNDS):
        for name, model in models.items():
            wall, cpu = _timed(_embed(model, embedded, size=1 if name in one_by_one else None))
            asked, _ = _timed(_ask(model))
            best[name] = [min(pair) for pair in zip(best[name], (wall, cpu, asked), strict=True)]
    print(f"{'':30}{'passages/s':>12}{'CPU ms':>9}{'question ms':>13}      {passages} passages")
    for name, (wall, cpu, asked) in best.items():
        print(f"{name:30}{passages / wall:12.1f}{1000 * cpu / passages:9.2f}{1000 * asked / ASKED:13.2f}")
    print()


async def _embed(model: MiniLM, embedded: Iterable[tuple[list[str], list[list[Span]]]], *, size: int | None) -> None:
    for texts, parts in embedded:
        step = size or len(texts)
        for start in range(0, len(texts), step):
            await model.embed_parts(texts[start : start + step], parts[start : start + step])


async def _ask(model: MiniLM) -> None:
    for _ in range(ASKED):
        await model.embed([QUESTION], "question")


def _timed(work: Coroutine[None, None, None]) -> tuple[float, float]:
    """Give the seconds that passed, and those that the processor worked."""
    wall, cpu = time.perf_counter(), time.process_time()
    asyncio.run(work)
    return time.perf_counter() - wall, time.process_time() - cpu


def quality(models: dict[str, MiniLM], data: Path | None) -> None:
    """Print, for each set, how often each model finds a passage that holds the answer, and how near the vectors are."""
    sets = {name: read_sets(data, model) for name, model in models.items()}
    first, second = sets.values()
    print(f"{'':30}" + "".join(f"{name:>22}" for name in models) + f"{'cosine':>16}")
    for name, (corpus, cases) in first.items():
        due = [case for case in cases if case.answered]
        cells = []
        for known in (first, second):
            places = np.array([_place(known[name][0], case) for case in due])
            cells.append(f"{(places < 1).mean():12.3f} {(places < TOP).mean():6.3f}")
        cosines = (corpus.vectors * second[name][0].vectors).sum(axis=1)
        print(f"{name:30}" + "".join(f"{cell:>22}" for cell in cells) + f"{cosines.mean():10.4f} {cosines.min():.4f}")


def _place(corpus: Corpus, case: Case) -> int:
    """Count the passages that are nearer to the question than the nearest that holds its answer."""
    near = corpus.similarities(case.question)
    return int((near > near[case.held_by(corpus.passages)].max()).sum())


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a folder with squad2/ and clapnq/")
    arguments = parser.parse_args()
    models = {"float32": variant(in_bytes=False, cores=1), "bytes": variant(in_bytes=True, cores=1)}
    one_by_one = {f"{name}, one by one": variant(in_bytes=name == "bytes", cores=minilm.CORES) for name in models}
    speed(models, one_by_one)
    quality(models, arguments.data)


if __name__ == "__main__":
    main()
