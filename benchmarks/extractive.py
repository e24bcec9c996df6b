"""How well the extractive writer answers and abstains, and the fit of its constants.

    python benchmarks/extractive.py                     # the sets of questions in this repository
    python benchmarks/extractive.py --data FOLDER       # and FOLDER/squad2, FOLDER/clapnq
    python benchmarks/extractive.py --data FOLDER --fit # prints RANKING, RANKING_SCALED and PLAUSIBLE anew

A set is a folder of articles and a file of questions. An answer is right when it has every expected fact and cites
an article that holds them; abstention is right where none is due. On SQuAD and CLAPnq it must hold a gold answer.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.fitting import Group, listwise, logistic  # noqa: E402 - the repository is on the path from here on
from benchmarks.sets import HELD_OUT, PASSAGES, Case, Corpus, read_sets  # noqa: E402
from retrieval.minilm import MiniLM  # noqa: E402
from service.evidence import Evidence, Statement  # noqa: E402
from service.extractive import choosing  # noqa: E402
from service.extractive.matching import Fit, leans  # noqa: E402
from service.extractive.objecting import objection  # noqa: E402
from service.types import Question  # noqa: E402
from service.verification.proving import prove  # noqa: E402
from service.writers import ExtractiveWriter, Read  # noqa: E402


async def answered(writer: ExtractiveWriter, case: Case, evidence: Evidence) -> tuple[list[str], set[str], set[str]]:
    """Give the sentences of an answer, the articles that it cites, and those that its first sentence cites."""
    drafts = [draft async for draft in writer.write(Question(question=case.question), evidence)]
    proofs = [prove(draft.text, draft.cited, evidence).proofs for draft in drafts]
    cited = [{proof.statement.source.article_id for proof in one} for one in proofs]
    return [draft.text for draft in drafts], set().union(*cited), cited[0] if cited else set()


def measure(name: str, corpus: Corpus, cases: Sequence[Case], writer: ExtractiveWriter) -> dict[str, Any]:
    """Ask every question of a set and count."""
    right = first = kept = due = refused = 0
    found = dict.fromkeys((1, 10, PASSAGES), 0)
    least = 1.0
    began = time.perf_counter()
    for case in cases:
        evidence = corpus.evidence(case.question)
        sentences, cited, cited_first = asyncio.run(answered(writer, case, evidence))
        if case.answered:
            least = min(least, evidence.hits[0].relevance)
            for limit in found:
                found[limit] += any(hit.passage.source.article_id in case.gold for hit in evidence.hits[:limit])
            due += 1
            kept += bool(sentences)
            right += case.right(" ".join(sentences), cited)
            first += bool(sentences) and case.right(sentences[0], cited_first)
        else:
            refused += not sentences
    return {
        "set": name,
        "answerable": due,
        "right": right / due,
        "first_sentence": first / due,
        "answered": kept / due,
        "unanswerable": len(cases) - due,
        "abstained": refused / (len(cases) - due),
        **{f"hit@{limit}": count / due for limit, count in found.items()},
        "least_relevance": least,
        "ms": 1000 * (time.perf_counter() - began) / len(cases),
    }


# The fit


def statement_right(case: Case, statement: Statement) -> float:
    """Tell whether a statement holds the answer: 1, or .5 with the one before it that it leans on."""
    cited = {statement.source.article_id}
    if case.right(statement.text, cited):
        return 1.0
    back = statement.before[-1] if statement.before and leans(statement.text) else ""
    return 0.5 * case.right(f"{back} {statement.text}", cited)


def fit(sets: dict[str, tuple[Corpus, list[Case]]], writer: ExtractiveWriter) -> None:
    """Fit the constants on every set but the held-out one, and print them."""
    names = [field.name for field in fields(Fit)]
    reads: list[tuple[str, Case, Read]] = []
    for name, (corpus, cases) in sets.items():
        if name in {HELD_OUT, "clapnq"}:
            continue
        asked = [case for case in cases if case.answered or name != "squad2"][:700]
        reads += [(name, one, asyncio.run(writer.read(one.question, corpus.evidence(one.question)))) for one in asked]
    groups: list[Group] = []
    for name, case, read in reads:
        right = (
            np.array([statement_right(case, one.statement) for one in read.ranked]) if case.answered else np.zeros(1)
        )
        if right.sum():
            features = np.array([one.fit.vector() for one in read.ranked])
            scaled = [_scaled(features[:, names.index(one)]) for one in choosing.RANKING_SCALED]
            groups.append((np.column_stack([features, *scaled]), right, 0.3 if name == "squad2" else 1.0))
    weights = listwise(groups, 0.02)
    print("RANKING =", {name: round(float(w), 2) for name, w in zip(names, weights, strict=False)})
    print("RANKING_SCALED =", dict(zip(choosing.RANKING_SCALED, weights[len(names) :].round(2).tolist(), strict=True)))

    rows, rights = [], []
    for name, case, read in reads:
        best = next((one for one in read.ranked if not objection(read.compared, one.statement, one.fit)), None)
        if name != "squad2" and best:
            top = read.ranked[0].score
            rows.append(list(choosing.plausible_features(read.compared, best, top).values()))
            rights.append(float(case.answered and statement_right(case, best.statement) > 0))
    plausible = logistic(np.array(rows), np.array(rights), 0.003)
    print("PLAUSIBLE =", dict(zip(choosing.PLAUSIBLE, plausible.round(2).tolist(), strict=True)))


def _scaled(values: NDArray[Any]) -> NDArray[Any]:
    return np.asarray((values - values.min()) / ((values.max() - values.min()) or 1.0))


def main() -> None:
    """Print the table, or the constants."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a folder with squad2/ and clapnq/")
    parser.add_argument("--fit", action="store_true", help="print the constants, fitted anew")
    parser.add_argument("--json", action="store_true", help="print the table as JSON")
    arguments = parser.parse_args()
    model = MiniLM()
    try:
        sets = read_sets(arguments.data, model)
    except FileNotFoundError as error:
        parser.error(str(error))
    writer = ExtractiveWriter(model, model.words)
    if arguments.fit:
        fit(sets, writer)
        return
    rows = []
    if not arguments.json:
        print(
            f"{'set':22}{'answerable':>11}{'right':>7}{'first':>7}{'unanswerable':>14}{'abstained':>11}{'hit@10':>8}{'ms':>5}"
        )
    for name, (corpus, cases) in sets.items():
        row = measure(name, corpus, cases, writer)
        rows.append(row)
        if not arguments.json:
            print(
                f"{name:22}{row['answerable']:11}{row['right']:7.3f}{row['first_sentence']:7.3f}"
                f"{row['unanswerable']:14}{row['abstained']:11.3f}{row['hit@10']:8.3f}{row['ms']:5.0f}",
                flush=True,
            )
    if arguments.json:
        print(json.dumps(rows, indent=2))


if __name__ == "__main__":
    main()
