"""Balanced accuracy of the verification on SummEdits, and the fit of the support that it gives.

    python benchmarks/verification.py --data FOLDER         # a table by domain, and how well the support is calibrated
    python benchmarks/verification.py --data FOLDER --fit   # prints CALIBRATION anew

FOLDER/summedits/claims.jsonl has source_text, claim, label (1 supported, 0 not) and set. A claim is as well supported
as the weakest of its sentences, a sentence as by the best of the quotes that have most of its words. The support is
fitted on the news part, on other source texts than it is measured on, both labels counting the same. Published on the
news part: people .90, GPT-4 .83, ChatGPT .74, SummaC-Conv .62.
"""

import argparse
import json
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.fitting import Numbers, logistic  # noqa: E402 - the repository is on the path from here on
from retrieval.furniture import quotable_spans  # noqa: E402
from retrieval.sentences import sentence_spans  # noqa: E402
from retrieval.types import make_article  # noqa: E402
from service.language.words import words  # noqa: E402
from service.verification.checking import CALIBRATION, Check, Context, check, weighed  # noqa: E402
from service.verification.meaning import likest  # noqa: E402

SOURCE = make_article(article_id="source", title="", text="source").source
NEWS = "news"
FOLDS = 5
PENALTY = 0.003
NEAREST = 4  # quotes of one sentence, and as many of two, that a sentence is checked against
HALF = 0.5
BINS = (0.0, 0.2, 0.4, 0.5, 0.6, 0.8, 1.01)


def weakest(row: dict[str, Any]) -> Check:
    """Check each sentence of a claim against the nearest quotes; give the best check of the weakest."""
    text = row["source_text"]
    spans = quotable_spans(text)
    singles = [text[start:end] for start, end in spans]
    pairs = [text[start:end] for (start, _), (_, end) in pairwise(spans)]
    checks = []
    for start, end in sentence_spans(row["claim"]):
        sentence = row["claim"][start:end]
        quotes = [*_nearest(sentence, singles), *_nearest(sentence, pairs)]
        found = [check(sentence, quote, SOURCE, Context(whole=text)) for quote in quotes]
        checks.append(max(found, key=_rank, default=Check(0.0)))
    return min(checks, key=_rank, default=Check(0.0))


def _rank(one: Check) -> tuple[bool, float]:
    return one.passed, one.covered - 0.1 * len(one.reasons)


def _nearest(sentence: str, quotes: list[str]) -> list[str]:
    asked = weighed(sentence)
    shares = [sum(weight for word, weight in asked.items() if likest(word, words(quote))) for quote in quotes]
    return [quotes[place] for place in sorted(range(len(quotes)), key=lambda place: -shares[place])[:NEAREST]]


def fitted(measures: Numbers, labels: Numbers) -> Numbers:
    """Fit the support, both labels counting the same."""
    share = labels.mean()
    return logistic(measures, labels, PENALTY, np.where(labels == 1, 0.5 / share, 0.5 / (1 - share)))


def balanced(chosen: Numbers, labels: Numbers) -> tuple[float, float, float]:
    """Give the balanced accuracy, and the shares of the supported and of the false that are taken for supported."""
    kept, through = chosen[labels == 1].mean(), chosen[labels == 0].mean()
    return (kept + 1 - through) / 2, kept, through


def main() -> None:
    """Print the tables, or the constants."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="a folder with summedits/claims.jsonl")
    parser.add_argument("--fit", action="store_true", help="print the constants, fitted on the news")
    arguments = parser.parse_args()
    file = arguments.data / "summedits" / "claims.jsonl"
    if not file.exists():
        parser.error(f"there is no {file}")
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    checks = [weakest(row) for row in rows]
    exact = (*(0.0,) * (len(CALIBRATION) - 1), 1.0)
    measures = np.array([one.measures or exact for one in checks])
    labels = np.array([row["label"] for row in rows], np.float64)
    sets = np.array([row["set"] for row in rows])
    if arguments.fit:
        news = sets == NEWS
        print("CALIBRATION =", tuple(fitted(measures[news], labels[news]).round(2).tolist()))
        return
    texts = sorted({row["source_text"] for row in rows})
    order = np.random.default_rng(1).permutation(len(texts))
    fold_of = {text: int(order[place]) % FOLDS for place, text in enumerate(texts)}
    folds = np.array([fold_of[row["source_text"]] for row in rows])
    support = np.zeros(len(rows))
    for fold in range(FOLDS):
        others = (folds != fold) & (sets == NEWS)
        weights = fitted(measures[others], labels[others])
        support[folds == fold] = 1 / (1 + np.exp(-measures[folds == fold] @ weights))
    passed = np.array([one.passed for one in checks], np.float64)
    print(
        f"{'set':12}{'claims':>7}{'by reasons':>12}{'kept':>7}{'through':>9}{'by support':>12}{'kept':>7}{'through':>9}"
    )
    for name in sorted(set(sets), key=lambda one: (one != NEWS, one)):
        here = sets == name
        by_reasons = balanced(passed[here], labels[here])
        by_support = balanced((support[here] >= HALF).astype(np.float64), labels[here])
        print(
            f"{name:12}{here.sum():7}{by_reasons[0]:12.3f}{by_reasons[1]:7.2f}{by_reasons[2]:9.2f}"
            f"{by_support[0]:12.3f}{by_support[1]:7.2f}{by_support[2]:9.2f}"
        )
    print("\nsupport, and how many claims with it are supported (news; both labels counting the same):")
    counts = np.where(labels == 1, 0.5 / labels.mean(), 0.5 / (1 - labels.mean()))
    for low, high in pairwise(BINS):
        here = (support >= low) & (support < high) & (sets == NEWS)
        if here.any():
            share = (counts * labels)[here].sum() / counts[here].sum()
            mean = support[here].mean()
            print(f"{low:.1f} to {min(high, 1.0):.1f}: {here.sum():5} claims, mean {mean:.2f}, supported {share:.2f}")


if __name__ == "__main__":
    main()
