"""Articles to time things with are real, and as many as are asked for."""

from itertools import islice
from pathlib import Path

import pytest

from benchmarks import corpus
from benchmarks.corpus import Material, Text
from retrieval import readers

TEXTS = corpus.read(None)


def test_without_a_folder_the_articles_and_questions_are_those_of_this_repository() -> None:
    first = list(islice(TEXTS.articles(), len(TEXTS.texts)))

    assert "repository" in TEXTS.origin
    assert [(one.source.title, one.text) for one in first] == [(one.title, one.text) for one in TEXTS.texts]
    assert len(set(TEXTS.questions)) == len(TEXTS.questions) > 100


def test_a_folder_without_a_known_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="squad2"):
        corpus.read(tmp_path)


def test_neighbouring_paragraphs_become_articles_of_the_length_of_news(tmp_path: Path) -> None:
    folder = tmp_path / "squad2"
    folder.mkdir()
    paragraph = " ".join(["word"] * 150)
    rows = [f'{{"title": "Some_Title", "text": "{number} {paragraph}"}}' for number in range(7)]
    (folder / "corpus.jsonl").write_text("\n".join(rows), encoding="utf-8")
    (folder / "queries.jsonl").write_text('{"question": "Which word?"}', encoding="utf-8")

    texts = corpus.read(tmp_path).texts

    assert [one.title for one in texts] == ["Some Title"] * 3
    assert [len(one.text.split()) for one in texts] == [453, 453, 151]
    assert "\n\n".join(one.text for one in texts) == "\n\n".join(f"{number} {paragraph}" for number in range(7))


def test_a_variation_is_another_text_of_as_many_words() -> None:
    count = len(TEXTS.texts)
    articles = list(islice(TEXTS.articles(), 3 * count))

    for original, *varied in zip(articles[:count], articles[count : 2 * count], articles[2 * count :], strict=True):
        assert len({original.text, *(one.text for one in varied)}) == 3
        assert all(len(one.text.split()) == len(original.text.split()) for one in varied)
    assert len({one.source.article_id for one in articles}) == 3 * count


def test_a_variation_exchanges_the_same_name_for_the_same_name_and_leaves_the_grammar() -> None:
    common = " ".join(["the"] * 3 + [f"word{letter}" for letter in "abcdefghij"] * 2)
    texts = Material("", (Text("Delhi", f"Delhi met Paris in 2023, Delhi said. {common}"),), ())

    text = next(islice(texts.articles(), 2, None)).text

    met = text.split()
    assert met[0] == met[5]
    assert text.count("the") == 3


def test_articles_written_as_files_are_read_back_as_they_were(tmp_path: Path) -> None:
    articles = list(islice(TEXTS.articles(), 2 * len(TEXTS.texts)))

    corpus.write(articles, tmp_path / "articles")

    assert [readers.read(file) for file in readers.document_files([tmp_path / "articles"])] == articles
