"""Balanced accuracy of the verification on SummEdits, by the least share of words that a quote must meet.

    python benchmarks/verification.py --data FOLDER [--set news] [--most 300]

FOLDER/summedits/claims.jsonl has source_text, claim, label (1 supported, 0 not) and set. A claim is supported when
each of its sentences is, by one or two sentences of the source. Published on the news part: people .90, GPT-4 .83,
ChatGPT .74, SummaC-Conv .62.
"""

import argparse
import json
import random
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from retrieval.furniture import quotable_spans  # noqa: E402 - the repository is on the path from here on
from retrieval.sentences import sentence_spans  # noqa: E402
from retrieval.types import make_article  # noqa: E402
from service.verification.checking import UNCOVERED, check  # noqa: E402

SOURCE = make_article(article_id="source", title="", text="source").source
THRESHOLDS = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def support(row: dict[str, Any]) -> float:
    """Give the support of the claim's weakest sentence by its best quote; 0 where a number, name or denial is wrong."""
    text = row["source_text"]
    spans = quotable_spans(text)
    quotes = [text[start:end] for start, end in spans] + [text[a:d] for (a, _), (_, d) in pairwise(spans)]
    weakest = 1.0
    for start, end in sentence_spans(row["claim"]):
        checks = [check(row["claim"][start:end], quote, SOURCE) for quote in quotes]
        proved = [one.support for one in checks if set(one.reasons) <= {UNCOVERED}]
        weakest = min(weakest, max(proved, default=0.0))
    return weakest


def main() -> None:
    """Print a line for each threshold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="a folder with summedits/claims.jsonl")
    parser.add_argument("--set", default="news")
    parser.add_argument("--most", type=int, default=300, help="pairs, drawn with a fixed seed")
    arguments = parser.parse_args()
    file = arguments.data / "summedits" / "claims.jsonl"
    if not file.exists():
        parser.error(f"there is no {file}")
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if row["set"] == arguments.set]
    random.Random(1).shuffle(rows)  # noqa: S311 - a sample, not a secret
    rows = rows[: arguments.most]
    supports = [(support(row), row["label"]) for row in rows]
    true = [value for value, label in supports if label]
    false = [value for value, label in supports if not label]
    print(f"{arguments.set}: {len(true)} supported, {len(false)} not")
    print(f"{'least coverage':>15}{'balanced accuracy':>19}{'supported kept':>16}{'false let through':>19}")
    for least in THRESHOLDS:
        kept = sum(value >= least for value in true) / len(true)
        through = sum(value >= least for value in false) / len(false)
        print(f"{least:15.1f}{(kept + 1 - through) / 2:19.3f}{kept:16.2f}{through:19.2f}", flush=True)


if __name__ == "__main__":
    main()
