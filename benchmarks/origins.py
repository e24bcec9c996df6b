"""Which copies and rewrites of a report are found, and which articles of their own are taken for such.

    python benchmarks/origins.py [--json]

origins/reports.yaml says which articles tell one report and how each came about. Every article of a set is compared
with every other; a pair has the name of the one that is not the agency's. *siblings* are two made from a third, *far
siblings* if one of them is a brief, a list or told in other words; *apart* are two that both have nothing to do with
the agency's. The seeds are the sample articles, the news those of news/.
"""

import argparse
import asyncio
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import yaml

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from retrieval import origins, readers  # noqa: E402 - the repository is on the path from here on
from retrieval.furniture import quotable_spans  # noqa: E402
from retrieval.minilm import MiniLM  # noqa: E402
from retrieval.origins import fingerprint, likeness  # noqa: E402
from retrieval.passages import split, text_to_embed  # noqa: E402
from retrieval.readers import Document  # noqa: E402
from retrieval.types import Article  # noqa: E402

DATA = ROOT / "benchmarks" / "origins"
FAR = frozenset({"brief", "takeaways", "heavy"})
REPORTERS = frozenset({"agency", "rival", "independent", "template"})
# Words alone are not expected to find these: recall is given with and without them.
REWORDED = frozenset({"heavy", "far siblings"})
TRIED: dict[str, tuple[float, ...]] = {
    "LEAST_CONTAINED": (0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6),
    "LEAST_COVERED": (0.2, 0.3, 0.4, 0.5, 0.6),
    "DOUBT": (1, 10, 20, 30, 40),
}
SETS = ("fitted", "held out", "fitted beginnings", "held out beginnings")
COSINES = (0.3, 0.4, 0.5, 0.6, 0.65, 0.7, 0.8)


Place = tuple[str, int, int, int, str]
"""An article's id, the numbers of its story, of its report there and of itself in that, and its file's name."""


@dataclass(frozen=True)
class Pair:
    """Two articles, by name, and whether they tell one report."""

    one: str
    other: str
    same: bool
    kind: str


@dataclass(frozen=True)
class Labelled:
    """Articles by name, and all pairs of them."""

    articles: Mapping[str, Article]
    pairs: tuple[Pair, ...]


def read_sets() -> dict[str, Labelled]:
    """Read what is fitted, what is held out, the seeds and the news; and cut the beginnings of the first two."""
    labels = yaml.safe_load((DATA / "reports.yaml").read_text(encoding="utf-8"))
    fitted, held_out = (
        _labelled([(DATA / name / story, reports) for story, reports in labels[name].items()])
        for name in ("fitted", "held-out")
    )
    news = sorted((ROOT / "benchmarks" / "news").glob("*/articles/*.md"))
    return {
        "fitted": fitted,
        "held out": held_out,
        "fitted beginnings": _beginnings(fitted),
        "held out beginnings": _beginnings(held_out),
        "seeds": _labelled([(ROOT / "seeds" / "articles", labels["seeds"])]),
        "news": _labelled([(file.parent, [[file.stem]]) for file in news]),
    }


def _labelled(stories: Iterable[tuple[Path, list[list[str]]]]) -> Labelled:
    articles: dict[str, Article] = {}
    places: list[Place] = []
    for story, (folder, reports) in enumerate(stories):
        for report, names in enumerate(reports):
            for rank, name in enumerate(names):
                file = folder / f"{name}.md"
                article_id = file.relative_to(ROOT).with_suffix("").as_posix()
                articles[article_id] = readers.read(Document(file, article_id))
                places.append((article_id, story, report, rank, name))
    return Labelled(articles, tuple(_pair(*two) for two in combinations(places, 2)))


def _beginnings(data: Labelled) -> Labelled:
    """Cut the first sentences of each reporter's own report: its beginning, and no other's at the same event."""
    articles = {name: one for name, one in data.articles.items() if Path(name).name in REPORTERS}
    cut: dict[str, Article] = {}
    pairs: list[Pair] = []
    for sentences in (1, 2, 3, 4):
        for name, article in articles.items():
            ends = [end for _, end in quotable_spans(article.text)[:sentences]]
            cut[f"{name}:{sentences}"] = article.model_copy(update={"text": article.text[: ends[-1]]})
            kind = f"{sentences} of its sentences"
            pairs += [
                Pair(f"{name}:{sentences}", other, name == other, kind)
                for other in articles
                if Path(name).parent == Path(other).parent
            ]
        pairs += [
            Pair(f"{one}:{sentences}", f"{other}:{sentences}", same=False, kind=f"{sentences} of each one's sentences")
            for one, other in combinations(articles, 2)
            if Path(one).parent == Path(other).parent
        ]
    return Labelled({**articles, **cut}, tuple(pairs))


def _pair(one: Place, other: Place) -> Pair:
    """Name a pair; what comes first in the file stands before what was made from it, and the agency's before all."""
    (one_id, story, report, rank, name), (other_id, other_story, other_report, _, other_name) = one, other
    same = (story, report) == (other_story, other_report)
    if story != other_story:
        kind = "roundup" if "roundup" in (name, other_name) else "another story"
    elif same and rank:
        kind = "far siblings" if FAR & {name, other_name} else "siblings"
    else:
        kind = other_name if same or not report else "apart"
    return Pair(one_id, other_id, same, kind)


def likenesses(data: Labelled) -> list[float]:
    """Compare each pair."""
    fingerprints = {name: fingerprint(article) for name, article in data.articles.items()}
    return [likeness(fingerprints[pair.one], fingerprints[pair.other]) for pair in data.pairs]


def by_kind(data: Labelled) -> dict[str, dict[str, float]]:
    """Give for each kind of pair how many there are, how many are held to be one report, and how alike they are."""
    kinds: dict[str, list[float]] = defaultdict(list)
    for pair, value in sorted(zip(data.pairs, likenesses(data), strict=True), key=lambda both: not both[0].same):
        kinds[f"{'one' if pair.same else 'two'}: {pair.kind}"].append(value)
    return {
        kind: {
            "pairs": len(values),
            "merged": sum(value >= origins.LEAST_CONTAINED for value in values),
            "least": min(values),
            "most": max(values),
        }
        for kind, values in kinds.items()
    }


def outcome(data: Labelled) -> dict[str, float]:
    """Give precision, and recall of all rewrites and of those that words can find, at the constants as they are."""
    merged = [
        (pair, value >= origins.LEAST_CONTAINED) for pair, value in zip(data.pairs, likenesses(data), strict=True)
    ]
    right = sum(pair.same and found for pair, found in merged)
    wrong = sum(not pair.same and found for pair, found in merged)
    near = [found for pair, found in merged if pair.same and pair.kind not in REWORDED]
    return {
        "wrong": wrong,
        "precision": right / max(right + wrong, 1),
        "recall": sum(near) / max(len(near), 1),
        "recall of all": right / max(sum(pair.same for pair in data.pairs), 1),
    }


def by_constant(data: Mapping[str, Labelled]) -> Iterator[tuple[str, float, dict[str, dict[str, float]]]]:
    """Try the neighbours of each constant, the others being as they are."""
    for constant, values in TRIED.items():
        kept = getattr(origins, constant)
        for value in values:
            setattr(origins, constant, value)
            yield constant, value, {name: outcome(data[name]) for name in SETS}
        setattr(origins, constant, kept)


async def by_cosine(data: Mapping[str, Labelled]) -> list[dict[str, float]]:
    """Give for each least cosine of mean vectors the share of the pairs compared: of those to be found, of others."""
    model = MiniLM()
    cosines: dict[bool, list[float]] = {True: [], False: []}
    for one in (data[name] for name in ("fitted", "held out", "seeds", "news")):
        means = {}
        for name, article in one.articles.items():
            mean = (await model.embed([text_to_embed(passage) for passage in split(article)])).mean(axis=0)
            means[name] = mean / np.linalg.norm(mean)
        for pair in one.pairs:
            cosines[pair.same and pair.kind not in REWORDED].append(float(means[pair.one] @ means[pair.other]))
    return [
        {
            "least cosine": least,
            "to be found": sum(cosine >= least for cosine in cosines[True]) / len(cosines[True]),
            "others": sum(cosine >= least for cosine in cosines[False]) / len(cosines[False]),
        }
        for least in sorted({*COSINES, min(cosines[True])})
    ]


def speed(data: Labelled) -> dict[str, float]:
    """Time what is done with articles as long as four of the data: milliseconds of processor time."""
    four = list(zip(*[iter(data.articles.values())] * 4, strict=False))
    long = [one[0].model_copy(update={"text": "\n\n".join(article.text for article in one)}) for one in four]
    began = time.process_time()
    fingerprints = [fingerprint(article) for article in long]
    taken = time.process_time()
    pairs = [likeness(*two) for two in combinations(fingerprints, 2)]
    compared = time.process_time()
    return {
        "characters": sum(len(article.text) for article in long) / len(long),
        "fingerprint": (taken - began) / len(long) * 1000,
        "pair": (compared - taken) / len(pairs) * 1000,
    }


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print the tables as JSON")
    as_json = parser.parse_args().json
    data = read_sets()
    kinds = {name: by_kind(one) for name, one in data.items()}
    constants = list(by_constant(data))
    cosines = asyncio.run(by_cosine(data))
    milliseconds = speed(data["fitted"])
    if as_json:
        print(json.dumps({"kinds": kinds, "constants": constants, "cosines": cosines, "speed": milliseconds}, indent=1))
        return
    for name, rows in kinds.items():
        print(f"\n{name:40}{'pairs':>8}{'merged':>8}   likeness")
        for kind, row in rows.items():
            print(f"  {kind:38}{row['pairs']:8}{row['merged']:8}   {row['least']:.2f} to {row['most']:.2f}")
    print(f"\n{'':24}{'fitted':>14}{'held out':>14}{'beginnings of':>14}{'beginnings of':>14}")
    print(f"{'':24}" + f"{'wrong':>7}{'recall':>7}" * 4)
    for constant, value, row in constants:
        kept = "*" if value == getattr(origins, constant) else " "
        print(
            f"{constant:18}{value:5}{kept}" + "".join(f"{one['wrong']:7}{one['recall']:7.2f}" for one in row.values())
        )
    print(f"\n{'least cosine':22}{'to be found':>14}{'others':>10}   compared")
    for line in cosines:
        print(f"{line['least cosine']:<22.3f}{line['to be found']:14.3f}{line['others']:10.3f}")
    print(
        f"\n{milliseconds['characters']:,.0f} characters: {milliseconds['fingerprint']:.1f} ms a fingerprint, "
        f"{milliseconds['pair']:.1f} ms a pair"
    )


if __name__ == "__main__":
    main()
