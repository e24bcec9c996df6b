"""Articles and questions to time things with: real text, and as much of it as is asked for."""

import json
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import yaml

from retrieval import readers
from retrieval.types import Article, make_article

ROOT = Path(__file__).parents[1]
OUTLETS = 40
NEWEST = datetime(2026, 11, 1, tzinfo=UTC)
_LEAST_WORDS = 400  # of an article made of paragraphs; with the last one it is 400 to 700, as news are
_GRAMMAR = 200  # the commonest words, which no variation exchanges
_NEIGHBOURS = 50  # words that are about as common, and stand for one another in a variation
_KEPT = 0.7  # of the common nouns, verbs and adjectives in a variation; names and numbers all change
_WORD = re.compile(r"[^\W\d_]+|\d+")


@dataclass(frozen=True)
class Text:
    """An article before it is one."""

    title: str
    text: str


@dataclass(frozen=True)
class Material:
    """Texts, distinct questions about them in a fixed order, and where both are from."""

    origin: str
    texts: tuple[Text, ...]
    questions: tuple[str, ...]

    def articles(self) -> Iterator[Article]:
        """Give articles without end: the texts as they are, then variation after variation of all of them.

        A variation exchanges all names, all numbers and three other words in ten for such as are about as common in
        these texts, so that no two passages are alike and the lengths and frequencies of words stay what they are.
        The outlet changes from one article to the next, and each was published an hour before the one before it.
        """
        words = Counter(word for one in self.texts for word in _WORD.findall(f"{one.title}\n{one.text}"))
        number = 0
        for variation in count():
            exchange = _exchange(words, variation)
            for one in self.texts:
                yield make_article(
                    article_id=f"{number:06}",
                    title=_varied(one.title, exchange),
                    text=_varied(one.text, exchange),
                    outlet=f"Outlet {number % OUTLETS}",
                    published=NEWEST - timedelta(hours=number),
                )
                number += 1


def read(data: Path | None) -> Material:
    """Read SQuAD 2.0 and CLAPnq from a folder, or, without one, the news and questions of this repository.

    Raises:
        FileNotFoundError: the folder holds neither.

    """
    texts: list[Text] = []
    questions: list[str] = []
    if data is None:
        folders = [ROOT / "seeds", *(ROOT / "benchmarks" / "news" / name for name in "abc")]
        for folder in folders:
            articles = [readers.read(file) for file in readers.document_files([folder / "articles"])]
            texts += [Text(one.source.title, one.text) for one in articles]
            cases = yaml.safe_load((folder / "questions.yaml").read_text(encoding="utf-8"))["cases"]
            questions += [case["question"] for case in cases]
        origin = f"the {len(texts)} articles of this repository"
    else:
        sets = [name for name in ("squad2", "clapnq") if (data / name / "corpus.jsonl").exists()]
        if not sets:
            raise FileNotFoundError(f"{data} has neither squad2/corpus.jsonl nor clapnq/corpus.jsonl")
        for name in sets:
            texts += _grouped(_rows(data / name / "corpus.jsonl"))
            questions += [row["question"] for row in _rows(data / name / "queries.jsonl")]
        origin = f"{len(texts)} articles from the paragraphs of {' and '.join(sets)}"
    questions = list(dict.fromkeys(questions))
    random.Random(1).shuffle(questions)  # noqa: S311 - an order, not a secret
    return Material(origin, tuple(texts), tuple(questions))


def write(articles: Iterable[Article], folder: Path) -> None:
    """Write articles as the Markdown files that `readers.read` reads back as they are."""
    folder.mkdir(parents=True)
    for article in articles:
        source = article.source
        assert source.published  # noqa: S101 - each of a corpus has its hour
        # A line of JSON is a line of YAML.
        fields = {"title": source.title, "outlet": source.outlet, "published": source.published.isoformat()}
        lines = [f"{name}: {json.dumps(value)}\n" for name, value in fields.items()]
        matter = "".join(["---\n", *lines, "---\n"])
        (folder / f"{source.article_id}.md").write_text(matter + article.text, encoding="utf-8", newline="")


def _rows(file: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def _grouped(rows: list[dict[str, str]]) -> Iterator[Text]:
    """Join neighbouring paragraphs into articles of the length of news, under the title of the first.

    Those of one title stand together; a short rest shares an article with the next title.
    """
    title, paragraphs = "", list[str]()
    for row in rows:
        title = title or row["title"].replace("_", " ")
        paragraphs.append(_untokenised(row["text"]))
        if sum(len(one.split()) for one in paragraphs) >= _LEAST_WORDS:
            yield Text(title, "\n\n".join(paragraphs))
            title, paragraphs = "", []
    if paragraphs:
        yield Text(title, "\n\n".join(paragraphs))


def _untokenised(text: str) -> str:
    """Set the spaces and quotes of CLAPnq as people do."""
    text = re.sub(r" (?=[,.;:!?)%]|'s\b|n't\b|'')|(?<=[(`$]) ", "", text)
    return text.replace("``", '"').replace("''", '"')


def _exchange(words: Counter[str], variation: int) -> dict[str, str]:
    """Say which word stands for which; the zeroth variation is none."""
    if variation == 0:
        return {}
    draw = random.Random(variation)  # noqa: S311 - a variation, not a secret
    common, names, numbers = list[str](), list[str](), list[str]()
    for word, times in words.most_common():
        if word.isdigit():
            numbers.append(word)
        elif word.islower():
            common.append(word)
        elif times > words[word.lower()]:
            names.append(word)
    numbers.sort(key=len)
    common = [word for word in common[_GRAMMAR:] if draw.random() > _KEPT]
    exchange: dict[str, str] = {}
    for kind in (common, names, numbers):
        for start in range(0, len(kind), _NEIGHBOURS):
            block = kind[start : start + _NEIGHBOURS]
            exchange |= zip(block, draw.sample(block, len(block)), strict=True)
    return exchange


def _varied(text: str, exchange: dict[str, str]) -> str:
    return _WORD.sub(lambda word: exchange.get(word[0], word[0]), text) if exchange else text
