"""Questions whose answers are known, and their articles, searched as the service searches them."""

import asyncio
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from retrieval import readers
from retrieval.catalogue import Record
from retrieval.embedding import Embedder, Vectors
from retrieval.lexical import WordIndex
from retrieval.passages import embeddable, split
from retrieval.ranking import Candidate, rank, terms
from retrieval.search import CANDIDATES
from retrieval.types import Article, Hit, Passage, make_article
from service.evidence import Evidence, gather

ROOT = Path(__file__).parents[1]
SEEDS = ROOT / "seeds" / "articles"
SETS = {
    "seeds/questions.yaml": (SEEDS, ROOT / "seeds" / "questions.yaml"),
    "seeds, fitted": (SEEDS, ROOT / "benchmarks" / "questions" / "seeds-fitted.yaml"),
    "seeds, held out": (SEEDS, ROOT / "benchmarks" / "questions" / "seeds-held-out.yaml"),
    **{
        f"invented news {name}": (
            ROOT / "benchmarks" / "news" / name / "articles",
            ROOT / "benchmarks" / "news" / name / "questions.yaml",
        )
        for name in "abc"
    },
}
PUBLIC = ("squad2", "clapnq")
HELD_OUT = "seeds, held out"
PASSAGES = 40


@dataclass(frozen=True)
class Case:
    """A question, whether an answer is due, how to tell a right one by its text and articles, and who holds it."""

    question: str
    answered: bool
    right: Callable[[str, set[str]], bool]
    gold: frozenset[str]

    def held_by(self, passages: Sequence[Passage]) -> NDArray[np.bool_]:
        """Tell which passages hold the answer; where none holds all of it, which are of an article that does."""
        gold = np.array([self.answered and one.source.article_id in self.gold for one in passages], bool)
        held = [
            mark and self.right(one.text, {one.source.article_id}) for mark, one in zip(gold, passages, strict=True)
        ]
        return np.array(held) if any(held) else gold


class Corpus:
    """Articles searched by exact cosine, as the store does up to the recall of its index, and by the word index."""

    def __init__(self, articles: Sequence[Article], model: Embedder, questions: Mapping[str, Vectors]) -> None:
        """Embed the passages and their sentences, and index their words; `questions` holds a vector for each."""
        self.questions = questions
        self.articles = {article.source.article_id: article for article in articles}
        self.passages: list[Passage] = []
        self.words = WordIndex(None, "benchmark")
        texts, parts = [], []
        for article in articles:
            passages = split(article)
            article_texts, article_parts = embeddable(article, passages)
            self.passages += passages
            texts += article_texts
            parts += article_parts
            rows = [(one.passage_id, one.text) for one in passages]
            self.words.replace(_record(article, len(passages)), article.source.title, rows)
        self.words.commit(1)
        self.vectors, self.sentences = asyncio.run(model.embed_parts(texts, parts))
        self._row = {passage.passage_id: row for row, passage in enumerate(self.passages)}

    def similarities(self, question: str) -> NDArray[np.float64]:
        """Give the cosine of the question and each passage."""
        return np.asarray(self.vectors @ self.questions[question], np.float64)

    def candidates(self, question: str) -> list[Candidate]:
        """Give what a search ranks: the passages nearest in meaning, and those nearest in words."""
        asked = terms(question)
        near = self.similarities(question)
        found = self.words.search(asked, CANDIDATES)
        rows = dict.fromkeys([*np.argsort(-near)[:CANDIDATES].tolist(), *(self._row[name] for name, _ in found)])
        shares = self.words.shares(asked, [self.passages[row].passage_id for row in rows])
        return [
            Candidate(
                passage=self.passages[row],
                similarity=float(near[row]),
                words=shares.get(self.passages[row].passage_id, 0.0),
                sentences=self.sentences[row],
            )
            for row in rows
        ]

    def hits(self, question: str, limit: int = PASSAGES) -> list[Hit]:
        """Search as the service does."""
        return rank(self.questions[question], self.candidates(question), limit=limit)

    def evidence(self, question: str) -> Evidence:
        """Give the evidence that the service would gather."""
        hits = self.hits(question)
        rows = {hit.passage.passage_id: self.sentences[self._row[hit.passage.passage_id]] for hit in hits}
        return gather(hits, self.articles, sentences=rows, vector=self.questions[question])


def read_sets(data: Path | None, model: Embedder) -> dict[str, tuple[Corpus, list[Case]]]:
    """Read the sets of this repository, and those of the folder.

    Raises:
        FileNotFoundError: A public set is not in the folder.

    """
    for name in PUBLIC if data else ():
        if data and not (data / name / "queries.jsonl").exists():
            raise FileNotFoundError(f"there is no {name}/queries.jsonl in {data}")
    cases = {name: _repository_cases(questions) for name, (_, questions) in SETS.items()}
    cases |= {name: _public_cases(data / name) for name in PUBLIC if data}
    texts = list(dict.fromkeys(case.question for some in cases.values() for case in some))
    questions = dict(zip(texts, asyncio.run(model.embed(texts, "question")), strict=True))
    corpora: dict[Path, Corpus] = {}
    sets: dict[str, tuple[Corpus, list[Case]]] = {}
    for name, some in cases.items():
        folder = SETS[name][0] if name in SETS else data / name if data else ROOT
        if folder not in corpora:
            corpora[folder] = Corpus(_articles(folder), model, questions)
        sets[name] = (corpora[folder], some)
    return sets


def _articles(folder: Path) -> list[Article]:
    if not (folder / "corpus.jsonl").exists():
        return [readers.read(file) for file in readers.document_files([folder])]
    rows = [json.loads(line) for line in (folder / "corpus.jsonl").read_text(encoding="utf-8").splitlines()]
    return [make_article(article_id=row["id"], title=row["title"].replace("_", " "), text=row["text"]) for row in rows]


def _record(article: Article, passages: int) -> Record:
    source = article.source
    return Record(source.article_id, source.version, None, None, "", 1, 1, passages, (), withdrawn=False)


def _repository_cases(questions: Path) -> list[Case]:
    cases: list[dict[str, Any]] = yaml.safe_load(questions.read_text(encoding="utf-8"))["cases"]
    return [
        Case(case["question"], case["answered"], _has_facts(case), frozenset(case.get("articles", ())))
        for case in cases
    ]


def _public_cases(folder: Path) -> list[Case]:
    """Read the questions of SQuAD 2.0 or CLAPnq."""
    rows = [json.loads(line) for line in (folder / "queries.jsonl").read_text(encoding="utf-8").splitlines()]
    return [Case(row["question"], row["answerable"], _has_answer(row), frozenset(row["gold_ids"])) for row in rows]


def _has_facts(case: dict[str, Any]) -> Callable[[str, set[str]], bool]:
    def right(text: str, cited: set[str]) -> bool:
        facts = all(any(spelling.lower() in text.lower() for spelling in line) for line in case.get("facts", ()))
        return facts and bool(cited & set(case.get("articles", ())))

    return right


def _has_answer(query: dict[str, Any]) -> Callable[[str, set[str]], bool]:
    answers = [_plain(one) for one in query.get("gold_sentences") or query["answers"]]

    def right(text: str, cited: set[str]) -> bool:
        words = _plain(text)
        found = any(
            answer and (answer in words or (query.get("gold_sentences") and words in answer)) for answer in answers
        )
        return bool(found) and bool(cited & set(query["gold_ids"]))

    return right


def _plain(text: str) -> str:
    return " ".join(re.sub(r"\W+", " ", text.lower()).split())
