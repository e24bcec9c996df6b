"""The pipeline that speed.py is compared with: LlamaIndex's SentenceSplitter, HuggingFaceEmbedding, ChromaVectorStore.

It runs in an environment of its own, made here and kept, for torch has no place in ours. Both sides of the pipe are in
this file: `LlamaIndex` asks, `serve` answers, one JSON object a line. On Linux, PyPI has torch for CUDA alone: it runs
on the processor all the same, but is 2.7 GB to download and 6.2 GB on disk (seen with the versions below; torch
imports none of its parts without CUDA's libraries, so none can be left out).
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

# The newest of 2026-11; the Chroma is ours.
PACKAGES = (
    "chromadb==1.5.9",
    "llama-index-core==0.14.25",
    "llama-index-embeddings-huggingface==0.8.0",
    "llama-index-vector-stores-chroma==0.6.0",
    "sentence-transformers==6.2.0",
    "torch==2.15.0",
    "transformers==5.23.0",
)


def installed(folder: Path) -> bool:
    """Tell whether the folder holds the environment."""
    packages = folder / "installed.txt"
    return packages.exists() and packages.read_text(encoding="utf-8").split() == list(PACKAGES)


def environment(folder: Path) -> Path:
    """Make the environment, unless the folder holds it already, and give its Python.

    Raises:
        subprocess.CalledProcessError: a package could not be installed; pip has said why on stderr.

    """
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not installed(folder):
        print(f"Installing LlamaIndex and torch in {folder} (gigabytes, once)", file=sys.stderr)
        install = ["-m", "pip", "--disable-pip-version-check", "install", "--quiet", *PACKAGES]
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)  # noqa: S603 - all ours
        subprocess.run([python, *install], check=True, stdout=sys.stderr)  # noqa: S603 - the same
        (folder / "installed.txt").write_text("\n".join(PACKAGES), encoding="utf-8")
    return python


class LlamaIndex:
    """The pipeline in a process of its own; use it in a `with` statement."""

    def __init__(self, python: Path, model: Path) -> None:
        """Start it on the weights in a folder that sentence-transformers can read."""
        offline = os.environ | {"HF_HUB_OFFLINE": "1", "TQDM_DISABLE": "1"}
        # Its warnings are no figures: they are shown when it fails.
        self._complaints = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - closed in __exit__
        self._process = subprocess.Popen(  # noqa: S603 - this file
            [python, __file__, model],
            env=offline,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            encoding="utf-8",
        )

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Give the vectors of the texts."""
        vectors: list[list[float]] = self._ask({"embed": texts})["vectors"]
        return vectors

    def ingest(self, articles: Sequence[tuple[str, str]], **splitter: int) -> dict[str, float]:
        """Ingest articles (title, text) into a new store; `splitter` is what SentenceSplitter is given.

        Returns:
            `seconds`; `chunks`, how many were stored; `read`, the share of their word pieces that the model read, the
            rest being cut off; `peak_mb`, the most memory that the process has had.

        """
        return self._ask({"ingest": articles, "splitter": splitter})

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin  # noqa: S101 - it was asked for
        assert self._process.stdout  # noqa: S101 - the same
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended, and so has what it writes
        if line := self._process.stdout.readline():
            answer: dict[str, Any] = json.loads(line)
            return answer
        self._process.wait()
        self._complaints.seek(0)
        raise RuntimeError(f"LlamaIndex ended:\n{self._complaints.read()[-4000:]}")

    def __enter__(self) -> Self:
        """Use the pipeline."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End its process."""
        self._process.communicate()  # which closes its stdin, and so ends it
        self._complaints.close()


def peak_mb() -> float:
    """Give the most memory that this process has had, in MB; `ru_maxrss` would count its parent's as well."""
    status = Path("/proc/self/status")
    if status.exists():
        [line] = [line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM")]
        return int(line.split()[1]) * 1024 / 1e6
    import resource  # noqa: PLC0415 - there is none on Windows

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # bytes, on macOS


def serve(model: str) -> None:
    """Answer the requests on stdin, as the quickstarts of the three packages would have one write it."""
    import chromadb  # noqa: PLC0415, TID251 - in the other environment only
    from llama_index.core import Document, StorageContext, VectorStoreIndex  # noqa: PLC0415, TID251 - the same
    from llama_index.core.node_parser import SentenceSplitter  # noqa: PLC0415, TID251 - the same
    from llama_index.core.schema import MetadataMode  # noqa: PLC0415, TID251 - the same
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding  # noqa: PLC0415, TID251 - the same
    from llama_index.vector_stores.chroma import ChromaVectorStore  # noqa: PLC0415, TID251 - the same
    from tokenizers import Tokenizer  # noqa: PLC0415 - with the others

    answers, sys.stdout = sys.stdout, sys.stderr  # whatever the packages print
    embedding = HuggingFaceEmbedding(model_name=model, device="cpu")
    pieces = Tokenizer.from_file(str(Path(model) / "tokenizer.json"))
    pieces.no_truncation()
    pieces.no_padding()
    for line in sys.stdin:
        request = json.loads(line)
        answer: dict[str, object] = {}
        if "embed" in request:
            answer = {"vectors": embedding.get_text_embedding_batch(request["embed"])}
        else:
            splitter = SentenceSplitter(**request["splitter"])
            documents = [Document(text=text, metadata={"title": title}) for title, text in request["ingest"]]
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
                collection = chromadb.PersistentClient(folder).get_or_create_collection("articles")
                store = StorageContext.from_defaults(vector_store=ChromaVectorStore(chroma_collection=collection))
                began = time.perf_counter()
                VectorStoreIndex.from_documents(
                    documents,
                    storage_context=store,
                    transformations=[splitter],
                    embed_model=embedding,
                )
                seconds = time.perf_counter() - began
            chunks = [chunk.get_content(MetadataMode.EMBED) for chunk in splitter(documents)]
            lengths = [len(encoding) for encoding in pieces.encode_batch(chunks)]
            read = sum(min(length, embedding.max_length) for length in lengths) / sum(lengths)
            answer = {"seconds": seconds, "chunks": len(chunks), "read": read, "peak_mb": peak_mb()}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    serve(sys.argv[1])
