"""A kill while Chroma writes its index leaves that cut short: the texts are whole, and the vectors come back."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from retrieval.embedding import Vectors
from retrieval.errors import ModelUnavailable, StoreUnavailable
from retrieval.ingest import ingest
from retrieval.store import Store
from retrieval.types import Article, Span, make_article
from tests.fakes import WordEmbedder

ARTICLES = 20
PASSAGES = 60  # of each; Chroma writes its index each 1,000 passages


class Failing(WordEmbedder):
    """Fails after some articles."""

    async def embed_parts(self, texts: Sequence[str], parts: Sequence[Sequence[Span]]) -> tuple[Vectors, list[Vectors]]:
        if len(self.asked) == ARTICLES // 2:
            raise ModelUnavailable("the model is away")
        return await super().embed_parts(texts, parts)


def vectors(store: Store) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for collection in (store._archive.passages, store._archive.articles):
        rows = collection.get(include=["embeddings"])
        found |= {
            name: np.round(vector, 5).tolist() for name, vector in zip(rows["ids"], rows["embeddings"], strict=True)
        }
    return found


def article(number: int) -> Article:
    """Make one; that after the last is as long as all of them."""
    parts = PASSAGES * (ARTICLES if number == ARTICLES else 1)
    text = "".join(f"{'Words ' * 110}of article {number}, {part}.\n\n" for part in range(parts))
    return make_article(article_id=f"a{number}", title=f"Title {number}", text=text)


def indexes(folder: Path) -> list[Path]:
    return [one for one in folder.glob("chroma/*/index_metadata.pickle") if one.stat().st_size > 1000]


@pytest.fixture
async def whole(tmp_path: Path) -> dict[str, list[float]]:
    """What a store holds that will be spoilt: articles, one replaced and one withdrawn."""
    with Store.open_embedded(tmp_path, WordEmbedder()) as store:
        for number in range(ARTICLES):
            await ingest(article(number), store, WordEmbedder())
        await ingest(make_article(article_id="a1", title="Replaced", text="It is short."), store, WordEmbedder())
        await store.withdraw("a2")
        before = vectors(store)
    assert indexes(tmp_path), "Chroma has written an index"
    return before


@pytest.mark.parametrize("left", [0, 1, 5_000, -1])
async def test_an_index_cut_short_costs_its_vectors_which_are_computed_anew(
    tmp_path: Path, whole: dict[str, list[float]], left: int
) -> None:
    for index in indexes(tmp_path):
        index.write_bytes(index.read_bytes()[:left])
    with Store.open_embedded(tmp_path, WordEmbedder()) as store:
        assert vectors(store) == whole
        assert (await store.corpus()).articles == ARTICLES - 1
        [vector] = await WordEmbedder().embed(["article 7"], "question")
        assert await store.candidates(vector, [], 10)
    embedder = WordEmbedder()
    with Store.open_embedded(tmp_path, embedder) as store:
        assert vectors(store) == whole
    assert not embedder.asked, "once is enough"


async def test_an_index_newer_than_what_it_says_of_itself_is_made_anew_too(
    tmp_path: Path, whole: dict[str, list[float]], caplog: pytest.LogCaptureFixture
) -> None:
    before = {path: path.read_bytes() for path in (tmp_path / "chroma" / "chroma.sqlite3", *indexes(tmp_path))}
    with Store.open_embedded(tmp_path, WordEmbedder()) as store:
        await ingest(article(ARTICLES), store, WordEmbedder())  # and Chroma writes its index again
    assert any(path.read_bytes() != content for path, content in before.items() if path.suffix == ".pickle")
    for path, content in before.items():
        path.write_bytes(content)
    with Store.open_embedded(tmp_path, WordEmbedder()) as store:
        assert vectors(store) == whole
    assert "groundwire_passages was left half written" in caplog.text


async def test_a_model_that_fails_meanwhile_leaves_it_to_the_next_start(
    tmp_path: Path, whole: dict[str, list[float]]
) -> None:
    for index in indexes(tmp_path):
        index.write_bytes(index.read_bytes()[:5_000])
    with pytest.raises(ModelUnavailable):
        Store.open_embedded(tmp_path, Failing())
    with Store.open_embedded(tmp_path, WordEmbedder()) as store:
        assert vectors(store) == whole


def test_a_folder_that_is_no_store_is_none_after_it(tmp_path: Path) -> None:
    (tmp_path / "chroma").write_text("a file")
    with pytest.raises(StoreUnavailable):
        Store.open_embedded(tmp_path, WordEmbedder())
