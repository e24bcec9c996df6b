"""How well passages are ranked, how far their relevance can be believed, and the fit of the ranking's constants.

    python benchmarks/quality.py [rankings] [relevance] [answers]  # the sets of questions in this repository
    python benchmarks/quality.py --data FOLDER               # and FOLDER/squad2, FOLDER/clapnq
    python benchmarks/quality.py --data FOLDER --fit         # prints MEANING, WORDS and OFFSET anew
    python benchmarks/quality.py --data FOLDER --constants   # the other constants, at other values

Found is, in the public sets, a gold paragraph among the distinct paragraphs of the passages listed; in the sets of this
repository, whose articles are few and of many passages, a passage that holds the answer. "unseen" is our ranking with
weights that were fitted without the questions of the same Wikipedia article, or of the same corpus of news.
"""

import argparse
import contextlib
import io
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import tantivy

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import extractive, sets  # noqa: E402 - the repository is on the path from here on
from benchmarks.fitting import Group, Numbers, listwise, logistic  # noqa: E402
from benchmarks.sets import HELD_OUT, PASSAGES, PUBLIC, Case, Corpus, read_sets  # noqa: E402
from retrieval import ranking  # noqa: E402
from retrieval.minilm import MiniLM  # noqa: E402
from retrieval.ranking import diverse, measures  # noqa: E402
from retrieval.types import Passage  # noqa: E402
from service.answering import LEAST_RELEVANCE  # noqa: E402
from service.writers import ExtractiveWriter  # noqa: E402

Sets = dict[str, tuple[Corpus, list[Case]]]
TOP = 10
DAMPED = 60  # the constant of reciprocal rank fusion (Cormack et al., 2009)
# The first hits of a question that relevance is fitted to. The best alone makes the others too sure of themselves, more
# make the best too unsure: expected calibration error of the best hits .133, and of the first ten .058, with one hit;
# .149 and .042 with two; .168 and .036 with three (taken once, 2026-11, by no option of this script).
CALIBRATED = 2
UNRELATED = 60  # questions of each set that are asked of the corpora of others
THRESHOLDS = (0.01, 0.02, 0.03, 0.04, 0.05, 0.1)
OTHER_VALUES: dict[str, tuple[float, ...]] = {
    "NAME": (1.0, 1.25, 1.5, 2.0),
    "NUMBER": (1.0, 1.5, 2.0, 3.0),
    "QUOTED": (0.0, 1.25, 2.5),
    "PAIR": (0.0, 0.2, 0.35, 0.5, 0.7),
    "NEAR": (0, 1, 2, 4),
    "AGAIN": (1.0, 0.9, 0.8, 0.7, 0.65, 0.5, 0.3),
    "CANDIDATES": (10, 20, 30, 50, 100),
}


@dataclass(frozen=True)
class Asked:
    """A question that was asked of a corpus: its candidates, their measures, and which of them hold the answer."""

    case: Case
    fold: str
    """Weights that are tested on this question are fitted on those of other folds."""
    passages: list[Passage]
    measures: Numbers
    held: Numbers
    nearest: float
    """The cosine of the nearest passage."""

    def relevances(self, weights: Numbers) -> Numbers:
        """Weigh the measures as `ranking.rank` does."""
        return np.asarray(1 / (1 + np.exp(-(self.measures @ weights[:2] + weights[2]))))

    def order(self, weights: Numbers) -> list[Passage]:
        """Rank the candidates as `ranking.rank` does."""
        places = diverse(self.relevances(weights).tolist(), [one.source.origin for one in self.passages])
        return [self.passages[place] for place in islice(places, PASSAGES)]


def ask(corpus: Corpus, case: Case, fold: str) -> Asked:
    """Search for the passages of a question."""
    candidates = corpus.candidates(case.question)
    passages = [one.passage for one in candidates]
    held = case.held_by(passages).astype(np.float64)
    nearest = max(one.similarity for one in candidates)
    return Asked(case, fold, passages, measures(corpus.questions[case.question], candidates), held, nearest)


def ask_all(known: Sets) -> dict[str, list[Asked]]:
    """Ask each set its questions."""
    asked: dict[str, list[Asked]] = {}
    for name, (corpus, cases) in known.items():
        titles = {one: article.source.title for one, article in corpus.articles.items()}
        asked[name] = [
            ask(corpus, case, titles[min(case.gold)] if name == "squad2" else _family(name)) for case in cases
        ]
    return asked


def unrelated(known: Sets) -> dict[str, list[Asked]]:
    """Ask each corpus some questions of the others."""
    asked: dict[str, list[Asked]] = {}
    for name, (corpus, _) in known.items():
        if _family(name) not in asked:
            asked[_family(name)] = [
                ask(corpus, replace(case, answered=False), "")
                for other, (_, cases) in known.items()
                if _family(other) != _family(name)
                for case in cases[:: len(cases) // UNRELATED + 1]
            ]
    return asked


def _family(name: str) -> str:
    return "seeds" if name.startswith("seeds") else name


def running() -> Numbers:
    """Give the weights that the service runs with."""
    return np.array([ranking.MEANING, ranking.WORDS, ranking.OFFSET])


# The ranking


class Bm25:
    """The BM25 of a question's words, as tantivy has it: English stems, of titles and texts."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        """Index the passages."""
        builder = tantivy.SchemaBuilder().add_integer_field("row", fast=True)
        self._schema = builder.add_text_field("title").add_text_field("text").build()
        stems = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple()).filter(tantivy.Filter.lowercase())
        self._analyzer = stems.filter(tantivy.Filter.stemmer("english")).build()
        index = tantivy.Index(self._schema)
        index.register_tokenizer("default", self._analyzer)
        writer = index.writer(num_threads=1)
        for row, passage in enumerate(passages):
            writer.add_document(tantivy.Document(row=row, title=passage.source.title, text=passage.text))
        writer.commit()
        index.reload()
        self._searcher = index.searcher()
        self._passages = len(passages)

    def scores(self, question: str) -> Numbers:
        """Score every passage."""
        stems = dict.fromkeys(self._analyzer.analyze(question))
        words = [
            (tantivy.Occur.Should, tantivy.Query.term_query(self._schema, field, stem))
            for stem in stems
            for field in ("title", "text")
        ]
        hits = self._searcher.search(tantivy.Query.boolean_query(words), self._passages, count=False).hits
        scores = np.zeros(self._passages)
        rows = self._searcher.fast_field_values("row", [address for _, address in hits]) if hits else []
        scores[np.array(rows, int)] = [score for score, _ in hits]
        return scores


def baselines(corpus: Corpus, bm25: Bm25, question: str) -> dict[str, list[Passage]]:
    """Rank all passages by what is usual."""
    dense = corpus.similarities(question)
    words = bm25.scores(question)
    scores = {
        "dense": dense,
        "words (BM25)": words,
        "reciprocal rank": 1 / (DAMPED + _places(dense)) + 1 / (DAMPED + _places(words)),
        "min-max": _scaled(dense) + _scaled(words),
    }
    return {
        name: [corpus.passages[row] for row in np.argsort(-some, kind="stable")[:PASSAGES]]
        for name, some in scores.items()
    }


def _places(scores: Numbers) -> Numbers:
    return np.asarray(np.argsort(np.argsort(-scores, kind="stable")) + 1, np.float64)


def _scaled(scores: Numbers) -> Numbers:
    return np.asarray((scores - scores.min()) / ((scores.max() - scores.min()) or 1.0))


def listed(order: Sequence[Passage], case: Case, holding: set[str], *, public: bool) -> tuple[list[bool], int]:
    """Mark the first ten paragraphs or passages of a ranking, right or not, and tell how many right ones there are."""
    if public:
        paragraphs = dict.fromkeys(one.source.article_id for one in order)
        return [one in case.gold for one in paragraphs][:TOP], len(case.gold)
    return [one.passage_id in holding for one in order[:TOP]], len(holding)


def figures(marks: Sequence[bool], right: int) -> dict[str, float]:
    """Give a ranking's figures for one question."""
    first = marks.index(True) + 1 if any(marks) else 0
    gain = sum(1 / np.log2(place + 1) for place, mark in enumerate(marks, start=1) if mark)
    most = sum(1 / np.log2(place + 1) for place in range(1, min(right, TOP) + 1))
    return {
        **{f"hit@{limit}": float(0 < first <= limit) for limit in (1, 5, TOP)},
        f"MRR@{TOP}": 1 / first if first else 0.0,
        f"nDCG@{TOP}": float(gain / most),
    }


def mean(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    """Average figures."""
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def compare(known: Sets, asked: dict[str, list[Asked]], strange: dict[str, list[Asked]]) -> Iterator[dict[str, Any]]:
    """Measure each ranking on each set."""
    folds = sorted({one.fold for name in asked for one in asked[name]})
    unseen = {fold: fit(asked, strange, without=fold) for fold in folds}
    for name, (corpus, _) in known.items():
        rows: dict[str, list[dict[str, float]]] = {}
        bm25 = Bm25(corpus.passages)
        for one in asked[name]:
            if not one.case.answered:
                continue
            holds = one.case.held_by(corpus.passages)
            holding = {corpus.passages[row].passage_id for row in np.flatnonzero(holds)}
            orders = baselines(corpus, bm25, one.case.question)
            orders["ours"] = one.order(running())
            orders["ours, unseen"] = one.order(unseen[one.fold])
            for method, order in orders.items():
                marks, right = listed(order, one.case, holding, public=name in PUBLIC)
                rows.setdefault(method, []).append(figures(marks, right))
        for method, some in rows.items():
            yield {"set": name, "ranking": method, **mean(some)}


# The relevance


def best(asked: Sequence[Asked]) -> Numbers:
    """Give the relevance of each question's best hit."""
    return np.array([one.relevances(running()).max() for one in asked])


def auc(higher: Numbers, lower: Numbers) -> float:
    """Give the probability that one of the first is above one of the second."""
    return float((higher[:, None] > lower).mean() + (higher[:, None] == lower).mean() / 2)


def calibration_error(asked: Sequence[Asked]) -> float:
    """Give the expected calibration error of the best hits, in ten bins of relevance (Naeini et al., 2015)."""
    relevances = best(asked)
    right = np.array([one.held[one.relevances(running()).argmax()] for one in asked])
    bins = np.minimum((relevances * 10).astype(int), 9)
    return float(
        sum(abs((relevances - right)[bins == one].mean()) * (bins == one).mean() for one in set(bins.tolist()))
    )


def believe(asked: dict[str, list[Asked]], strange: dict[str, list[Asked]]) -> Iterator[dict[str, Any]]:
    """Measure how well relevance, and the cosine alone, tell answerable questions from others; and its calibration."""
    for name, some in asked.items():
        due = [one for one in some if one.case.answered]
        not_due = [one for one in some if not one.case.answered]
        others = strange[_family(name)]
        nearest, near, far = (np.array([one.nearest for one in group]) for group in (due, not_due, others))
        yield {
            "set": name,
            "auc": auc(best(due), best(not_due)),
            "auc_cosine": auc(nearest, near),
            "auc_unrelated": auc(best(due), best(others)),
            "auc_unrelated_cosine": auc(nearest, far),
            "calibration_error": calibration_error(some),
        }


def answers(known: Sets, model: MiniLM) -> Iterator[dict[str, Any]]:
    """Measure the answers without a language model."""
    writer = ExtractiveWriter(model, model.words)
    for name, (corpus, cases) in known.items():
        written = extractive.measure(name, corpus, cases, writer)
        wrongly = written["answerable"] * (1 - written["answered"])
        rightly = written["unanswerable"] * written["abstained"]
        yield {
            "set": name,
            "first_sentence": written["first_sentence"],
            "abstention_precision": rightly / ((rightly + wrongly) or 1),
            "abstention_recall": written["abstained"],
        }


def refuse(asked: dict[str, list[Asked]], strange: dict[str, list[Asked]]) -> Iterator[dict[str, Any]]:
    """Measure what a least relevance refuses, each set counting the same."""
    for least in sorted({*THRESHOLDS, LEAST_RELEVANCE}):
        yield {
            "least_relevance": least,
            **{
                f"{what} refused": float(np.mean([(best(some) < least).mean() for some in groups if some]))
                for what, groups in {
                    "answerable": [[one for one in some if one.case.answered] for some in asked.values()],
                    "unanswerable": [[one for one in some if not one.case.answered] for some in asked.values()],
                    "unrelated": list(strange.values()),
                }.items()
            },
        }


# The fit


def fit(asked: dict[str, list[Asked]], strange: dict[str, list[Asked]], *, without: str | None = None) -> Numbers:
    """Fit MEANING, WORDS and OFFSET: the proportion first, so that what holds the answer comes first; then the size.

    The proportion is of a softmax over the candidates of each answerable question. The size is of a logistic regression
    over the first hits of every question, those without an answer and those of other corpora among them, so that
    relevance is the probability that the passage holds the answer. Each set counts the same.
    """
    fitted = {
        name: [one for one in some if one.fold != without]
        for name, some in asked.items()
        if name not in {HELD_OUT, "clapnq"}
    }
    fitted = {name: some for name, some in fitted.items() if some}
    deviation = np.concatenate([one.measures for some in fitted.values() for one in some]).std(axis=0)
    groups: list[Group] = [
        (one.measures / deviation, one.held, 1 / len(some))
        for some in fitted.values()
        for one in some
        if one.held.any()
    ]
    proportion = listwise(groups, 0.002) / deviation
    scores, right, counts = [], [], []
    for some in [*fitted.values(), *strange.values()]:
        for one in some:
            score = one.measures @ proportion
            first = np.argsort(-score)[:CALIBRATED]
            scores.append(score[first])
            right.append(one.held[first])
            counts.append(np.full(len(first), 1 / len(some)))
    score, count = np.concatenate(scores), np.concatenate(counts)
    features = np.column_stack([score, np.ones_like(score)])
    size, offset = logistic(features, np.concatenate(right), 1e-6, count / count.mean())
    return np.array([*(size * proportion), offset])


# The other constants


def vary(known: Sets) -> Iterator[dict[str, Any]]:
    """Measure the ranking at other values of each constant, the weights staying what they are; CLAPnq is too easy."""
    telling = {name: one for name, one in known.items() if name != "clapnq"}
    for constant, values in OTHER_VALUES.items():
        module = sets if constant == "CANDIDATES" else ranking
        kept = getattr(module, constant)
        for value in values:
            setattr(module, constant, value)
            yield {"constant": constant, "value": value, "kept": value == kept, **_summary(ask_all(telling))}
        setattr(module, constant, kept)


def _summary(asked: dict[str, list[Asked]]) -> dict[str, float]:
    """Sum up a ranking in a line: paragraphs of SQuAD, passages of news, and how many articles are among the first."""
    paragraphs: list[dict[str, float]] = []
    passages: list[dict[str, float]] = []
    articles: list[int] = []
    for name, some in asked.items():
        for one in some:
            if not one.case.answered:
                continue
            order = one.order(running())
            holding = {passage.passage_id for passage, held in zip(one.passages, one.held, strict=True) if held}
            marks, right = listed(order, one.case, holding, public=name in PUBLIC)
            (paragraphs if name in PUBLIC else passages).append(figures(marks, max(right, 1)))
            if name not in PUBLIC:
                articles.append(len({passage.source.article_id for passage in order[:TOP]}))
    summary = {f"squad2 {figure}": value for figure, value in (mean(paragraphs) if paragraphs else {}).items()}
    summary |= {f"news {figure}": value for figure, value in mean(passages).items()}
    return summary | {"news articles in 10": float(np.mean(articles))}


# What is printed


def table(rows: Iterable[dict[str, Any]], columns: dict[str, str]) -> list[dict[str, Any]]:
    """Print rows as they come, under short names of their columns; give them all."""
    print("".join(f"{short:{_width(short)}}" for short in columns.values()))
    kept = []
    for row in rows:
        kept.append(row)
        cells = ((row[name], short) for name, short in columns.items())
        print("".join(f"{_cell(value):{_width(short)}}" for value, short in cells), flush=True)
    print()
    return kept


def _width(short: str) -> str:
    return {"set": "<22", "ranking": "<17", "constant": "<12"}.get(short, f">{max(len(short) + 2, 8)}")


def _cell(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)


TABLES = ("rankings", "relevance", "answers")
RANKINGS = {one: one for one in ("set", "ranking", "hit@1", "hit@5", "hit@10", "MRR@10", "nDCG@10")}
RELEVANCE = {
    "set": "set",
    "auc": "AUC",
    "auc_cosine": "cosine",
    "auc_unrelated": "others",
    "auc_unrelated_cosine": "cosine",
    "calibration_error": "error",
}
ANSWERS = {
    "set": "set",
    "first_sentence": "first sentence",
    "abstention_precision": "abstention precision",
    "abstention_recall": "recall",
}
REFUSED = {
    "least_relevance": "least relevance",
    "answerable refused": "answerable",
    "unanswerable refused": "unanswerable",
    "unrelated refused": "unrelated refused",
}
VARIED = {
    "constant": "constant",
    "value": "value",
    "kept": "kept",
    "squad2 hit@1": "squad@1",
    "squad2 hit@10": "@10",
    "news hit@1": "news@1",
    "news hit@10": "@10",
    "news articles in 10": "articles",
}


def main() -> None:
    """Print the tables, or constants."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="*", help=f"of {', '.join(TABLES)}; all by default")
    parser.add_argument("--data", type=Path, help="a folder with squad2/ and clapnq/")
    parser.add_argument("--fit", action="store_true", help="print MEANING, WORDS and OFFSET, fitted anew")
    parser.add_argument("--constants", action="store_true", help="measure other values of the other constants")
    parser.add_argument("--json", action="store_true", help="print the tables as JSON")
    arguments = parser.parse_args()
    if unknown := set(arguments.tables) - set(TABLES):
        parser.error(f"there is no table {', '.join(sorted(unknown))}: choose from {', '.join(TABLES)}")
    model = MiniLM()
    try:
        known = read_sets(arguments.data, model)
    except FileNotFoundError as error:
        parser.error(str(error))
    quiet = io.StringIO() if arguments.json else sys.stdout
    with contextlib.redirect_stdout(quiet):
        tables = _tables(known, model, arguments)
    if arguments.json:
        print(json.dumps(tables, indent=2))


def _tables(known: Sets, model: MiniLM, arguments: argparse.Namespace) -> dict[str, list[dict[str, Any]]]:
    wanted = arguments.tables or TABLES
    if arguments.constants:
        return {"constants": table(vary(known), VARIED)}
    if arguments.fit:
        fitted = dict(zip(("MEANING", "WORDS", "OFFSET"), fit(ask_all(known), unrelated(known)).tolist(), strict=True))
        return {"fitted": table([fitted], {name: name for name in fitted})}
    tables: dict[str, list[dict[str, Any]]] = {}
    if {"rankings", "relevance"} & set(wanted):
        asked, strange = ask_all(known), unrelated(known)
        if "rankings" in wanted:
            tables["rankings"] = table(compare(known, asked, strange), RANKINGS)
        if "relevance" in wanted:
            tables["relevance"] = table(believe(asked, strange), RELEVANCE)
            tables["refused"] = table(refuse(asked, strange), REFUSED)
    if "answers" in wanted:
        tables["answers"] = table(answers(known, model), ANSWERS)
    return tables


if __name__ == "__main__":
    main()
