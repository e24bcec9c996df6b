"""What answering costs beside a language model's own time: all of it, and from a sentence's last token to its sending.

    python benchmarks/streaming.py [--articles FOLDER]

The model replies at once with five sentences, those of tests/grounding/replies.yaml over the sample articles: three
that are true and cited rightly, one that is true and cites the wrong passage, so that all are searched for it, and one
that is false. Each sentence comes once; what is remembered between answers is the articles' words. Milliseconds.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from prompts.message import Message  # noqa: E402 - the repository is on the path from here on
from retrieval.ingest import ingest, ingest_files  # noqa: E402
from retrieval.minilm import MiniLM  # noqa: E402
from retrieval.readers import document_files  # noqa: E402
from retrieval.store import Store  # noqa: E402
from service.answering import Answerer  # noqa: E402
from service.types import Answered, Question, SentenceReady  # noqa: E402
from service.writers import LanguageModelWriter  # noqa: E402

WARM_UP = 3  # answers


@dataclass
class Instant:
    """A model that takes no time; it remembers when each sentence's last token was out."""

    lines: Sequence[Mapping[str, Any]]
    name: str = "scripted/instant"
    context_window: int = 8192
    out: list[float] = field(default_factory=list)

    async def stream(self, messages: Sequence[Message]) -> AsyncGenerator[str]:
        """Reply token by token; the last but one cites another passage than it should."""
        passages = [" ".join(one.split()).lower() for one in messages[-1].content.split("<passage ")[1:]]
        for place, line in enumerate(self.lines):
            words = [one.lower() for one in line["from"]]
            rightly = [number for number, text in enumerate(passages, 1) if any(one in text for one in words)]
            others = [number for number in range(1, len(passages) + 1) if number not in rightly]
            cited = others[:1] if place == len(self.lines) - 2 else rightly
            for token in f"{line['says']} {''.join(f'[{number}]' for number in cited)}".split():
                yield f"{token} "
            # The next sentence's first word ends this one: until then its markers may go on.
            self.out.append(time.perf_counter())


def replies() -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """Give questions, and for each four true sentences and a false one."""
    cases = yaml.safe_load((ROOT / "seeds" / "questions.yaml").read_text(encoding="utf-8"))["cases"]
    written = yaml.safe_load((ROOT / "tests" / "grounding" / "replies.yaml").read_text(encoding="utf-8"))
    answered = [case for case in cases if case["answered"]]
    true = [line for case in answered for line in written[case["id"]]["good"]]
    false = [line for case in answered for line in written[case["id"]]["bad"]]
    for number, place in enumerate(range(0, len(true) - 3, 4)):
        yield answered[number]["question"], [*true[place : place + 4], false[number]]


async def measure(answerer: Answerer, model: Instant, question: str) -> tuple[dict[str, float], list[float]]:
    """Ask once: the time of each stage and the whole, and the delay of each sentence that was sent."""
    sent: list[float] = []
    async for event in answerer.events(Question(question=question)):
        if isinstance(event, SentenceReady) and model.out:
            sent.append(1000 * (time.perf_counter() - model.out[-1]))
        if isinstance(event, Answered):
            return event.answer.timings_ms, sent
    raise AssertionError("a stream of events ends with the answer")


def figure(name: str, milliseconds: Sequence[float], most: float | None = None) -> str:
    """Lay out a line."""
    ordered = sorted(milliseconds)
    p50, p90 = statistics.median(ordered), ordered[int(0.9 * len(ordered))]
    return f"{name:<44}{p50:8.1f}{p90:8.1f}{ordered[-1]:8.1f}{f'   at most {most:.0f}' if most else ''}"


async def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=Path, help="a folder with more, beside the sample articles")
    arguments = parser.parse_args()
    embedder = MiniLM()
    with tempfile.TemporaryDirectory() as folder, Store.open_embedded(Path(folder), embedder) as store:
        files = document_files([ROOT / "seeds" / "articles", *filter(None, [arguments.articles])])
        async for _ in ingest_files(files, lambda article: ingest(article, store, embedder)):
            pass
        stages: dict[str, list[float]] = {}
        delays: list[float] = []
        for number, (question, lines) in enumerate(replies()):
            model = Instant(lines)
            took, waited = await measure(Answerer(store, embedder, LanguageModelWriter(model)), model, question)
            if number >= WARM_UP:
                for stage, milliseconds in took.items():
                    stages.setdefault(stage, []).append(milliseconds)
                delays += waited
        articles = (await store.corpus()).articles
        whole = stages.pop("total")
        print(f"{articles} articles, {len(whole)} answers, {len(delays)} of {5 * len(whole)} sentences sent")
        print(f"{'milliseconds':<44}{'p50':>8}{'p90':>8}{'most':>8}")
        print(figure("an answer of five sentences, search included", whole, 80))
        for stage, some in stages.items():
            print(figure(f"  {stage}", some))
        print(figure("a sentence, from its last token", delays, 40))


if __name__ == "__main__":
    asyncio.run(main())
