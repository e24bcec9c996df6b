"""The public sets as cases of `groundwire eval`: written as files, ingested, asked, with the figures and the seconds.

    python benchmarks/evaluation.py --data FOLDER [--set squad2] [--questions 300] [-o FOLDER]

FOLDER has squad2/ and clapnq/, each with corpus.jsonl and queries.jsonl. The same questions are drawn each time, in the
order of a hash of their ids, so that more of them are those and others. All articles of the set are ingested. What is
written, questions.yaml, articles/ and store/, can be asked again by hand: `groundwire eval OUT/squad2/questions.yaml`.

A case has one fact: on SQuAD 2.0 any of the gold answers, words that people marked in the paragraph. On CLAPnq it is
any of the gold sentences, those of the passage that people wrote the long answer from, whole and to the letter. So an
answer is right there that repeats such a sentence, though the long answer may need several; and one in words of its own
is never right, so that the correctness of a language model is not measured by it, while its citations are.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from evals.gate import read_report  # noqa: E402 - the repository is on the path from here on
from evals.printing import report_text  # noqa: E402

SETS = ("squad2", "clapnq")
GROUNDWIRE = Path(sys.executable).with_name("groundwire")


def write(data: Path, name: str, questions: int, out: Path) -> None:
    """Write a set as articles and cases.

    Args:
        data: the folder that has the set's folder.
        name: of the set.
        questions: how many of its questions; all, where it has fewer.
        out: the folder to write to.

    Raises:
        FileNotFoundError: the set is not there.

    """
    missing = [data / name / file for file in ("corpus.jsonl", "queries.jsonl") if not (data / name / file).exists()]
    if missing:
        raise FileNotFoundError(f"there is no {missing[0]}: --data names the folder that has {name}/ in it")
    articles = out / "articles"
    shutil.rmtree(articles, ignore_errors=True)  # of another time, and perhaps of other data
    articles.mkdir(parents=True)
    for row in _rows(data / name / "corpus.jsonl"):
        head = yaml.safe_dump({"id": row["id"], "title": row["title"].replace("_", " ")}, allow_unicode=True)
        file = articles / f"{row['id'].replace('/', '-')}.md"
        file.write_text(f"---\n{head}---\n{row['text']}\n", encoding="utf-8")
    cases = [_case(row, name) for row in drawn(_rows(data / name / "queries.jsonl"), questions)]
    text = yaml.safe_dump({"cases": cases}, allow_unicode=True, sort_keys=False, width=120)
    (out / "questions.yaml").write_text(text, encoding="utf-8")


def drawn(rows: Sequence[dict[str, Any]], questions: int) -> list[dict[str, Any]]:
    """Draw questions, the same each time."""
    return sorted(rows, key=lambda row: hashlib.sha256(row["id"].encode()).digest())[:questions]


def _rows(file: Path) -> list[dict[str, Any]]:
    # JSON's lines end in "\n" alone: other ends of lines may stand in its strings.
    return [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n") if line]


def _case(row: dict[str, Any], name: str) -> dict[str, Any]:
    case: dict[str, Any] = {"id": row["id"], "question": row["question"], "answered": row["answerable"]}
    if row["answerable"]:
        spellings = row.get("gold_sentences") or row["answers"]
        case["facts"] = [list(dict.fromkeys(spellings))]
        case["articles"] = row["gold_ids"]
    return {**case, "tags": [name, "answerable" if row["answerable"] else "unanswerable"]}


def evaluate(folder: Path, workers: int) -> tuple[float, float]:
    """Ingest the articles of a folder and ask its questions, in processes of their own; give the seconds of both.

    Raises:
        subprocess.CalledProcessError: one of them failed; it has said why on stderr.

    """
    store = folder / "store"
    shutil.rmtree(store, ignore_errors=True)
    ours = {name: value for name, value in os.environ.items() if not name.startswith("GROUNDWIRE_")}
    env = {**ours, "GROUNDWIRE_DATA_DIR": str(store)}
    ask = ("eval", folder / "questions.yaml", "--json", folder / "run.json", "--workers", str(workers))
    return _seconds(["ingest", folder / "articles"], env), _seconds(ask, env)


def _seconds(arguments: Sequence[str | Path], env: dict[str, str]) -> float:
    began = time.perf_counter()
    subprocess.run([GROUNDWIRE, *arguments], env=env, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own
    return time.perf_counter() - began


@contextmanager
def _folder(given: Path | None) -> Iterator[Path]:
    if given:
        yield given
    else:
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder)


def main() -> None:
    """Print each set's figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="a folder with squad2/ and clapnq/")
    parser.add_argument("--set", choices=SETS, action="append", dest="sets", help="one of them; both by default")
    parser.add_argument("--questions", type=int, default=300, help="of each set (%(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="questions at once (%(default)s)")
    parser.add_argument("-o", "--out", type=Path, help="keep what is written in this folder")
    arguments = parser.parse_args()
    if arguments.questions < 1:
        parser.error("--questions is at least 1")
    with _folder(arguments.out) as out:
        for name in arguments.sets or SETS:
            try:
                write(arguments.data, name, arguments.questions, out / name)
                ingested, asked = evaluate(out / name, arguments.workers)
            except FileNotFoundError as error:
                parser.error(str(error))
            except subprocess.CalledProcessError as error:
                parser.exit(1, f"groundwire {error.cmd[1]} ended with status {error.returncode}\n")
            report = read_report(out / name / "run.json")
            articles = len(list((out / name / "articles").iterdir()))
            print(f"{name}: {articles} articles ingested in {ingested:.1f} s, ", end="")
            print(f"{len(report.cases)} questions asked and judged in {asked:.1f} s\n")
            print(report_text(report, None), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
