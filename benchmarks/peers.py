"""Side by side on the fixed questions: groundwire, and LlamaIndex's CitationQueryEngine, with the same scripted model.

    python benchmarks/peers.py [--top 3] [--json FILE]

All are asked seeds/questions.yaml over the same five articles, and judged by the same rules of `groundwire eval`. The
model is a server that speaks OpenAI's chat completions (tests/model_server.py). It replies what
tests/grounding/replies.yaml has for a question: `good`, true sentences in its own words and, where the articles do not
answer, that they do not; or `bad`, plausible ones that no article states. Behind a sentence it puts the numbers of
those passages of the prompt that have the words which the file names. What it says does not depend on what it is
shown, only what it cites does.

CitationQueryEngine is as its documentation makes it: a VectorStoreIndex of our passages as nodes, with our MiniLM's
vectors, the `--top` nearest of them (3 there), citation_chunk_size 512. What `[n]` cites is the whole chunk that it
names "Source n". It gives no quotes: the chunk is taken for one, as ALCE takes passages, and is always the article's
own words, so that its quote_validity says nothing.
"""

import argparse
import asyncio
import json
import re
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from llama_index.core import VectorStoreIndex
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.query_engine import CitationQueryEngine
from llama_index.core.schema import TextNode
from llama_index.llms.openai_like import OpenAILike

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from evals.addresses import Articles, Named  # noqa: E402 - the repository is on the path from here on
from evals.case_files import read_cases  # noqa: E402
from evals.cases import Case, CaseFile, chosen  # noqa: E402
from evals.metrics import LOWER_IS_BETTER  # noqa: E402
from evals.opening import open_target  # noqa: E402
from evals.replies import Found, Reply  # noqa: E402
from evals.run import Report, ask_all, report  # noqa: E402
from evals.sourced import says_nothing, sourced  # noqa: E402
from evals.targets import Target  # noqa: E402
from retrieval.minilm import MiniLM  # noqa: E402
from retrieval.passages import split  # noqa: E402
from retrieval.readers import document_files, read  # noqa: E402
from retrieval.types import Article  # noqa: E402
from service.settings import Settings  # noqa: E402
from tests.grounding.scripted import Line, replies  # noqa: E402
from tests.model_server import Asked, ModelServer  # noqa: E402
from tests.model_server import Reply as Said  # noqa: E402

QUESTIONS = ROOT / "seeds" / "questions.yaml"
OURS = re.compile(r'<passage number="(\d+)">\n(.*?)\n</passage>', re.DOTALL)
THEIRS = re.compile(r"^Source (\d+):\n(.*?)(?=\n+Source \d+:\n|\n-{6}\n)", re.DOTALL | re.MULTILINE)
# Either side's prompt ends with the question.
QUESTION = re.compile(r"^(?:Question|Query): (.*?)\s*(?:\nAnswer:\s*)?\Z", re.MULTILINE)
CHUNK = 512  # tokens, as in CitationQueryEngine's documentation
WINDOW = 8192  # tokens


class Script:
    """A model that knows its replies by the question, and what to cite by the passages of the prompt."""

    def __init__(self, cases: Sequence[Case], lines: Mapping[str, Sequence[Line]]) -> None:
        """Take the replies by the id of the case."""
        self._lines = {case.question: lines[case.id] for case in cases}

    def __call__(self, asked: Asked) -> Said:
        """Reply to a request."""
        prompt = asked.body["messages"][-1]["content"]
        if isinstance(prompt, list):
            prompt = "".join(part["text"] for part in prompt)
        question = QUESTION.search(prompt)
        if not question:
            raise ValueError(f"no question is in the prompt: {prompt[-200:]}")
        # What comes before the last rule of the other side's prompt is an example of its own.
        found = OURS.findall(prompt) or THEIRS.findall(prompt.partition("\n------\n")[2] + "\n")
        passages = {int(number): " ".join(text.lower().split()) for number, text in found}
        said = [(line.says, line.numbers(passages)) for line in self._lines[question[1]]]
        return Said([" ".join(f"{text} {''.join(f'[{one}]' for one in numbers)}".strip() for text, numbers in said)])


class OurVectors(BaseEmbedding):  # type: ignore[misc]  # LlamaIndex is not looked into
    """MiniLM as LlamaIndex asks it for a question; the nodes come with their vectors."""

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return [float(one) for one in (await _MODEL.embed([query], "question"))[0]]

    def _get_query_embedding(self, query: str) -> list[float]:
        raise NotImplementedError(query)

    def _get_text_embedding(self, text: str) -> list[float]:
        raise NotImplementedError(text)


_MODEL = MiniLM()


class CitationEngine:
    """A CitationQueryEngine, as a target of the evaluation."""

    def __init__(self, name: str, engine: CitationQueryEngine, articles: Articles) -> None:
        """Ask an engine over articles."""
        self.name = name
        self._engine = engine
        self._articles = articles

    async def ask(self, case: Case) -> Reply:
        """Ask a case's question."""
        began = time.perf_counter()
        response = await self._engine.aquery(case.question)
        milliseconds = (time.perf_counter() - began) * 1000
        found = [
            Found(
                article_id=one.node.metadata["article_id"],
                text=one.node.get_content().partition(":\n")[2].strip(),
                relevance=one.score or 0.0,
            )
            for one in response.source_nodes
        ]
        said = str(response)
        named = [Named(None, one.article_id, one.text) for one in found]
        answer = sourced(said, (), named, self._articles.cited)
        answered = answer.cites or not says_nothing(said)
        return Reply(
            answered=answered,
            text=answer.text,
            sentences=answer.sentences if answered else (),
            citations=answer.citations if answered else (),
            found=tuple(found),
            writer="openai-like/scripted",
            milliseconds=milliseconds,
        )

    async def article(self, article_id: str) -> str | None:
        """Give the text of an article."""
        return self._articles.text(article_id)

    async def fingerprint(self) -> Mapping[str, str]:
        """Name the corpus."""
        return {"corpus": self._articles.fingerprint}


@asynccontextmanager
async def targets(file: CaseFile, cases: Sequence[Case], top: int) -> AsyncIterator[list[tuple[str, Target]]]:
    """Open what is compared, by short names."""
    corpus = Path(file.corpus or "")
    articles = [read(one) for one in document_files([corpus])]
    async with AsyncExitStack() as opened:

        async def ours(settings: Settings) -> Target:
            return await opened.enter_async_context(open_target(None, corpus, settings))

        columns: list[tuple[str, Target]] = [("extractive", await ours(Settings.model_construct()))]
        index = await _index(articles)
        for kind in ("good", "bad"):
            server = await opened.enter_async_context(ModelServer(Script(cases, replies(kind))).serving())
            model = await ours(Settings.model_construct(llm="openai-like/scripted", llm_base_url=server.url))
            engine = CitationQueryEngine.from_args(
                index, llm=_their_model(server.url), similarity_top_k=top, citation_chunk_size=CHUNK
            )
            columns.append((f"groundwire, {kind}", model))
            columns.append((f"engine, {kind}", CitationEngine(f"engine, {kind}", engine, Articles(articles))))
        yield columns


async def _index(articles: Sequence[Article]) -> VectorStoreIndex:
    """Index our passages as its nodes, with our vectors of what it would embed: the title, and the words."""
    nodes = [
        TextNode(
            id_=one.passage_id,
            text=one.text,
            metadata={"title": one.source.title, "article_id": one.source.article_id},
            excluded_embed_metadata_keys=["article_id"],
        )
        for article in articles
        for one in split(article)
    ]
    vectors = await _MODEL.embed([f"{node.metadata['title']}\n{node.text}" for node in nodes])
    for node, vector in zip(nodes, vectors, strict=True):
        node.embedding = [float(one) for one in vector]
    return VectorStoreIndex(nodes, embed_model=OurVectors(model_name="MiniLM"))


def _their_model(url: str) -> OpenAILike:
    return OpenAILike(
        model="scripted", api_base=url, api_key="none", is_chat_model=True, max_retries=0, context_window=WINDOW
    )


async def compare(file: CaseFile, cases: Sequence[Case], top: int) -> dict[str, Report]:
    """Ask every target every case, and give the reports by the targets' short names."""
    async with targets(file, cases, top) as columns:
        return {
            name: await report([one async for one in ask_all(cases, target)], target, file) for name, target in columns
        }


def table(reports: Mapping[str, Report]) -> str:
    """Lay out the figures side by side; of the times what they are to the first's."""
    lines = [f"{'':28}" + "".join(f"{name:>19}" for name in reports)]
    first = next(iter(reports.values()))
    for name in first.metrics:
        values = [one.metrics[name].value for one in reports.values()]
        if any(value is not None for value in values):
            mark = " (lower is better)" if name in LOWER_IS_BETTER else ""
            lines.append(f"{name:28}" + "".join(f"{_figure(value):>19}" for value in values) + mark)
    for name, metric in first.times.items():
        own = [one.times[name].value for one in reports.values()]
        ratios = [value / metric.value if value and metric.value else None for value in own]
        lines.append(f"{name.replace('_ms', ' ratio'):28}" + "".join(f"{_figure(one):>19}" for one in ratios))
    return "\n".join(lines)


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--top", type=int, default=3, help="nodes that CitationQueryEngine retrieves (%(default)s)")
    parser.add_argument("--json", type=Path, help="write all reports to this file")
    arguments = parser.parse_args()
    file = read_cases(QUESTIONS)
    reports = asyncio.run(compare(file, chosen(file), arguments.top))
    print(table(reports))
    if arguments.json:
        written: dict[str, Any] = {name: one.model_dump(mode="json") for name, one in reports.items()}
        arguments.json.write_text(json.dumps(written, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
