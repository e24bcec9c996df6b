"""What service/disagreement finds of labelled differences, and what it takes for one.

    python benchmarks/disagreement.py                # precision and recall by kind, on the pairs and the rival articles
    python benchmarks/disagreement.py --show         # and what is missed, and what is none
    python benchmarks/disagreement.py --corpora      # and all that it finds in the articles of this repository
    python benchmarks/disagreement.py --series       # and how often the latest comes first, by service.recency.AS_GOOD
    python benchmarks/disagreement.py --data FOLDER  # and in FOLDER/summedits/claims.jsonl, FOLDER/squad2/corpus.jsonl

A difference is found where its kind is right and each side holds the differing words. SummEdits' supported claims
differ from their source in nothing, SQuAD's paragraphs about one subject hardly ever: what is found there is printed.
"""

import argparse
import asyncio
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from retrieval import readers  # noqa: E402 - the repository is on the path from here on
from retrieval.ingest import ingest  # noqa: E402
from retrieval.minilm import MiniLM  # noqa: E402
from retrieval.passages import split  # noqa: E402
from retrieval.store import Store  # noqa: E402
from retrieval.types import Article, Hit, make_article  # noqa: E402
from service import recency  # noqa: E402
from service.answering import Answerer  # noqa: E402
from service.disagreement.finding import Difference, difference  # noqa: E402
from service.evidence import Statement, gather  # noqa: E402
from service.types import Answer, Question  # noqa: E402
from service.writers import ExtractiveWriter  # noqa: E402

HERE = ROOT / "benchmarks" / "disagreement"
NEWS = ROOT / "benchmarks" / "news"
TRIED = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0)
KINDS = ("number", "date", "speaker", "status")


@dataclass(frozen=True)
class Found:
    """Two statements, and what they differ in."""

    one: Statement
    other: Statement
    different: Difference

    def __str__(self) -> str:
        """Give three lines to read."""
        sides = f"“{self.different.mine}” / “{self.different.theirs}”"
        return f"{self.different.kind} {sides}\n      {self.one.text}\n      {self.other.text}"


@dataclass(frozen=True)
class Labelled:
    """Two articles, and what they differ in: kinds with the differing words of either."""

    name: str
    articles: tuple[Article, Article]
    differences: tuple[tuple[str, str, str], ...]


def statements(articles: Iterable[Article]) -> tuple[Statement, ...]:
    """Give all sentences of some articles."""
    known = {article.source.article_id: article for article in articles}
    hits = [Hit(passage=passage, relevance=1.0) for article in known.values() for passage in split(article)]
    return gather(hits, known).statements


def found_in(articles: Sequence[Article]) -> Iterator[Found]:
    """Compare every sentence of some articles with every other."""
    known = {article.source.article_id: article for article in articles}
    for one, other in combinations(statements(articles), 2):
        different = difference(one, other, known)
        if different:
            yield Found(one, other, different)


def pairs(name: str) -> list[Labelled]:
    """Read a file of pairs."""
    cases = yaml.safe_load((HERE / f"{name}.yaml").read_text(encoding="utf-8"))["pairs"]
    return [
        Labelled(
            case["id"],
            (_article("one", case["one"]), _article("other", case["other"])),
            () if case["differ"] == "no" else ((case["differ"], *case["says"]),),
        )
        for case in cases
    ]


def rivals(name: str) -> list[Labelled]:
    """Read the articles that tell of the same as others of this repository."""
    cases = yaml.safe_load((HERE / f"{name}.yaml").read_text(encoding="utf-8"))["rivals"]
    return [
        Labelled(
            case["article"],
            (_renamed(NEWS / f"{case['against']}.md", "one"), _renamed(HERE / name / f"{case['article']}.md", "other")),
            tuple((one["kind"], *one["says"]) for one in case["differences"]),
        )
        for case in cases
    ]


def _article(article_id: str, fields: dict[str, Any]) -> Article:
    day: date = fields["published"]
    published = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return make_article(**{**fields, "article_id": article_id, "published": published})


def _renamed(file: Path, article_id: str) -> Article:
    [path] = readers.document_files([file])
    article = readers.read(path)
    return article.model_copy(
        update={"source": article.source.model_copy(update={"article_id": article_id, "origin": article_id})}
    )


def measure(name: str, cases: Sequence[Labelled], *, show: bool) -> None:
    """Print what is found of each kind, what is missed and what is none."""
    due, right, wrong = Counter[str](), Counter[str](), Counter[str]()
    for case in cases:
        found = [one for one in found_in(case.articles) if one.one.source != one.other.source]
        due.update(kind for kind, *_ in case.differences)
        for label in case.differences:
            met = any(_is(one, label) for one in found)
            right[label[0]] += met
            if show and not met:
                print(f"  missed in {case.name}: {' / '.join(label)}")
        for one in found:
            if not any(_is(one, label) for label in case.differences):
                wrong[one.different.kind] += 1
                if show:
                    print(f"  none in {case.name}: {one}")
    print(f"{name}: {len(cases)} pairs of articles")
    print(f"  {'kind':10}{'differences':>12}{'found':>7}{'recall':>8}{'false':>7}{'precision':>11}")
    for kind in (*KINDS, "all"):
        total = [sum(count.values()) if kind == "all" else count[kind] for count in (due, right, wrong)]
        recall = f"{total[1] / total[0]:.2f}" if total[0] else "-"
        precision = f"{total[1] / (total[1] + total[2]):.2f}" if total[1] + total[2] else "-"
        print(f"  {kind:10}{total[0]:12}{total[1]:7}{recall:>8}{total[2]:7}{precision:>11}")


def _is(found: Found, label: tuple[str, ...]) -> bool:
    kind, mine, theirs = label
    different = found.different
    return (
        different.kind == kind and mine.lower() in different.mine.lower() and theirs.lower() in different.theirs.lower()
    )


def read_corpora() -> None:
    """Print all that is found in the sample articles and in each set of invented news."""
    for folder in (ROOT / "seeds" / "articles", *(NEWS / name / "articles" for name in "abc")):
        articles = [readers.read(file) for file in readers.document_files([folder])]
        count = len(statements(articles))
        print(f"{folder.relative_to(ROOT)}: {count} sentences, {count * (count - 1) // 2} pairs")
        for one in found_in(articles):
            print(f"  [{one.one.source.article_id} | {one.other.source.article_id}] {one}")


async def series() -> None:
    """Print for how many questions for the latest the first sentence is of the article that it should be."""
    stories = yaml.safe_load((HERE / "series.yaml").read_text(encoding="utf-8"))["stories"]
    questions = [
        (one["question"], f"{n}-{one['first']}") for n, story in enumerate(stories) for one in story["questions"]
    ]
    model = MiniLM()
    with TemporaryDirectory() as folder, Store.open_embedded(Path(folder), model) as store:
        for n, story in enumerate(stories):
            for m, fields in enumerate(story["articles"]):
                await ingest(_article(f"{n}-{m}", fields), store, model)
        answerer = Answerer(store, model, ExtractiveWriter(model, model.words))
        for tried in TRIED:
            recency.AS_GOOD = tried
            answers = [(await answerer.answer(Question(question=question)), due) for question, due in questions]
            first = sum(_cited(answer)[:1] == [due] for answer, due in answers)
            among = sum(due in _cited(answer) for answer, due in answers)
            print(f"series, AS_GOOD {tried}: {first} of {len(questions)} first, {among} among the sentences")


def _cited(answer: Answer) -> list[str]:
    """Give the article that each sentence cites first."""
    citations = [answer.citations[sentence.citations[0]] for sentence in answer.sentences]
    return [answer.sources[citation.source - 1].article_id for citation in citations]


def summedits(file: Path) -> None:
    """Print how many claims of SummEdits' news differ from their source, by label, and those that must not."""
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    counts: Counter[tuple[int, bool]] = Counter()
    for row in (row for row in rows if row["set"] == "news"):
        articles = [make_article(article_id=name, title="", text=row[name]) for name in ("claim", "source_text")]
        found = [one for one in found_in(articles) if one.one.source != one.other.source]
        counts[row["label"], bool(found)] += 1
        if row["label"]:
            print("".join(f"  supported, yet {one}\n" for one in found), end="")
    print(f"SummEdits, news: {counts[1, True]} of {counts[1, True] + counts[1, False]} supported claims differ,")
    print(f"  {counts[0, True]} of {counts[0, True] + counts[0, False]} others (few in one of the four kinds)")


def squad(file: Path) -> None:
    """Print all that is found between SQuAD's paragraphs of one article."""
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    by_title: dict[str, list[Article]] = defaultdict(list)
    for row in rows:
        title = row["title"].replace("_", " ")
        by_title[title].append(make_article(article_id=row["id"], title=title, text=row["text"]))
    pairs_ = 0
    for articles in by_title.values():
        count = len(statements(articles))
        pairs_ += count * (count - 1) // 2
        for one in found_in(articles):
            print(f"  {one}")
    print(f"SQuAD: {pairs_} pairs of sentences")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--show", action="store_true", help="print what is missed and what is none")
    parser.add_argument("--corpora", action="store_true", help="print all that is found in the repository's articles")
    parser.add_argument("--series", action="store_true", help="print how often the latest comes first")
    parser.add_argument("--data", type=Path, help="a folder with summedits/ and squad2/")
    arguments = parser.parse_args()
    for name in ("fitted", "held-out"):
        measure(name, pairs(name), show=arguments.show)
    for name in ("rivals", "rivals-unseen"):
        measure(name, rivals(name), show=arguments.show)
    if arguments.corpora:
        read_corpora()
    if arguments.series:
        asyncio.run(series())
    if arguments.data:
        summedits(arguments.data / "summedits" / "claims.jsonl")
        squad(arguments.data / "squad2" / "corpus.jsonl")


if __name__ == "__main__":
    main()
