"""What several processes compute is what one would; whatever becomes of them, every question is answered."""

import asyncio
import os
import pickle
import signal
from collections.abc import AsyncIterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import yaml

from retrieval.ingest import ingest
from retrieval.minilm import MiniLM
from retrieval.ranking import Candidate
from retrieval.readers import Document, read
from retrieval.recent import Recent
from retrieval.store import Store
from retrieval.types import make_article
from service.answering import Answerer
from service.errors import WriterUnavailable
from service.processes import Processes, with_known_texts
from service.types import Answer, Options, Question, SentenceReady
from service.writers import ExtractiveWriter
from tests.processes import ROOT, environment, serving, until

CASES = yaml.safe_load((ROOT / "seeds" / "questions.yaml").read_text(encoding="utf-8"))["cases"]
QUESTIONS = [case["question"] for case in CASES]

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Answerer]:
    """The sample articles, and who answers from them in this process."""
    model = MiniLM()
    with Store.open_embedded(tmp_path_factory.mktemp("processes"), model) as store:
        for file in sorted((ROOT / "seeds" / "articles").glob("*.md")):
            await ingest(read(Document(file, file.stem)), store, model)
        yield Answerer(store, model, ExtractiveWriter(model, model.words))


@pytest_asyncio.fixture(loop_scope="module")
async def apart(here: Answerer) -> AsyncIterator[Answerer]:
    """The same, with a process to compute in, which is ready."""
    with closing(Processes(1)) as processes:
        with processes.at_work(), processes.at_work():
            await asyncio.to_thread(until, lambda: processes.idle, "a process is ready")
        yield Answerer(here.store, here.embedder, *here.writers.values(), processes=processes)


def told(answer: Answer) -> dict[str, Any]:
    """Give all of an answer but what no two have alike."""
    return answer.model_dump(exclude={"id", "timings_ms"})


async def test_answers_are_the_same(here: Answerer, apart: Answerer) -> None:
    questions = [
        Question(question=one, options=Options(include_hits=True, on_unsupported=policy))
        for number, one in enumerate(QUESTIONS)
        for policy in [("drop", "mark", "abstain", None)[number % 4]]
    ]
    at_once = await asyncio.gather(*(apart.answer(one) for one in questions))
    for question, answer in zip(questions, at_once, strict=True):
        assert told(answer) == told(await here.answer(question)), question.question
    assert sum(one.answered for one in at_once) > len(QUESTIONS) / 3
    assert apart.processes.computed > len(QUESTIONS) / 2  # where relevant passages are found


async def test_the_stages_of_an_answer_and_its_sentences_are_told_all_the_same(apart: Answerer) -> None:
    events = [event async for event in apart.events(Question(question=QUESTIONS[0]))]
    answer = events[-1].answer  # type: ignore[union-attr]  # the last is Answered
    assert [one.sentence for one in events if isinstance(one, SentenceReady)] == list(answer.sentences)
    assert set(answer.timings_ms) == {"rewrite", "search", "write", "verify", "compare", "total"}
    assert sum(answer.timings_ms.values()) < 2.1 * answer.timings_ms["total"]
    assert apart.processes.computed == 1


async def test_processes_are_started_when_two_questions_are_at_work_at_once(here: Answerer) -> None:
    with closing(Processes(2)) as processes:
        answerer = Answerer(here.store, here.embedder, *here.writers.values(), processes=processes)
        for question in QUESTIONS[:3]:
            await answerer.answer(Question(question=question))
        with processes.at_work():
            pass
        before = processes.started
        answers = await asyncio.gather(*(answerer.answer(Question(question=one)) for one in QUESTIONS[:4]))
        assert not before
        await asyncio.to_thread(until, lambda: len(processes.started) == 2, "both are started")
        assert [told(one) for one in answers] == [
            told(await here.answer(Question(question=one))) for one in QUESTIONS[:4]
        ]


async def test_what_a_process_died_over_is_done_here_and_another_is_started(here: Answerer, apart: Answerer) -> None:
    [first] = apart.processes.started
    question = Question(question=QUESTIONS[0])
    await apart.answer(question)
    os.kill(first, signal.SIGSTOP)  # it has the question, and does nothing
    asked = asyncio.create_task(apart.answer(question))
    await asyncio.to_thread(until, lambda: apart.processes.idle == 0, "the process is asked")
    os.kill(first, signal.SIGKILL)

    assert told(await asked) == told(await here.answer(question))
    assert apart.processes.computed == 1
    with apart.processes.at_work():  # the next question
        await asyncio.to_thread(until, lambda: apart.processes.idle, "another is ready")
    assert first not in apart.processes.started
    assert told(await apart.answer(question)) == told(await here.answer(question))
    assert apart.processes.computed == 2


async def test_an_article_that_takes_too_long_ends_its_process_and_is_not_tried_again(
    here: Answerer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(Processes(1, seconds=5)) as processes:
        with processes.at_work(), processes.at_work():
            await asyncio.to_thread(until, lambda: processes.idle, "a process is ready")
        answerer = Answerer(here.store, here.embedder, *here.writers.values(), processes=processes)
        os.kill(processes.started[0], signal.SIGSTOP)
        monkeypatch.setattr(processes, "_seconds", 0.2)
        with pytest.raises(WriterUnavailable, match="took more than"):
            await answerer.answer(Question(question=QUESTIONS[0]))
        assert not processes.started
        assert "took more than 0.2 s" in caplog.text


async def test_one_that_dies_over_its_first_answer_is_not_replaced_at_once(here: Answerer, apart: Answerer) -> None:
    os.kill(apart.processes.started[0], signal.SIGKILL)
    for question in QUESTIONS[:3]:
        assert told(await apart.answer(Question(question=question))) == told(
            await here.answer(Question(question=question))
        )
    assert not apart.processes.started


async def test_what_is_read_of_an_article_for_one_question_is_there_for_the_next() -> None:
    articles = [make_article(article_id="drones", title="Drones", text="India plans to buy 31 drones.\n")]
    read = [pickle.loads(pickle.dumps(articles)) for _ in range(2)]  # noqa: S301 - our own
    texts: Recent[tuple[str, str], str] = Recent(1_000, lambda _, text: len(text))
    first, second = (with_known_texts(one, texts)["drones"] for one in read)
    assert first == second == articles[0]
    assert first.text is second.text


async def test_where_the_store_holds_no_vectors_of_sentences_it_is_done_here(
    here: Answerer, apart: Answerer, monkeypatch: pytest.MonkeyPatch
) -> None:
    candidates = here.store.candidates

    async def bare(*asked: object) -> list[Candidate]:
        return [replace(one, sentences=one.sentences[:0]) for one in await candidates(*asked)]  # type: ignore[arg-type]

    monkeypatch.setattr(here.store, "candidates", bare)
    question = Question(question=QUESTIONS[0])
    answer = await apart.answer(question)
    assert answer.answered
    assert told(answer) == told(await here.answer(question))
    assert apart.processes.computed == 0


async def test_without_files_of_the_model_all_is_done_here(
    here: Answerer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(Processes(1, tmp_path / "nothing")) as processes:
        with processes.at_work(), processes.at_work():
            await asyncio.to_thread(until, lambda: "was lost while it started" in caplog.text, "it is told")
        answerer = Answerer(here.store, here.embedder, *here.writers.values(), processes=processes)
        question = Question(question=QUESTIONS[0])
        assert told(await answerer.answer(question)) == told(await here.answer(question))


async def test_who_leaves_waits_for_nothing_and_closing_leaves_no_process(apart: Answerer) -> None:
    [process] = apart.processes.started
    os.kill(process, signal.SIGSTOP)
    asked = asyncio.create_task(apart.answer(Question(question=QUESTIONS[0])))
    await asyncio.to_thread(until, lambda: apart.processes.idle == 0, "the process is asked")
    asked.cancel()
    with suppress(asyncio.CancelledError):
        await asyncio.wait_for(asked, 10)
    assert asked.cancelled()
    apart.processes.close()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
async def test_a_service_leaves_no_process_however_it_ends(tmp_path: Path, kind: signal.Signals) -> None:
    env = environment(tmp_path / "data", GROUNDWIRE_PROCESSES="1", GROUNDWIRE_PORT="0")
    with serving("demo", env=env, out=tmp_path / "out") as (service, address):
        async with httpx.AsyncClient(base_url=address, timeout=60, trust_env=False) as client:
            asked = [client.post("/v1/answers", json={"question": one}) for one in QUESTIONS[:8]]
            assert {one.status_code for one in await asyncio.gather(*asked)} == {httpx.codes.OK}
        [process] = await asyncio.to_thread(until, lambda: _computing(service.pid), "a process computes")
        service.send_signal(kind)
        await asyncio.to_thread(service.wait, 30)
        await asyncio.to_thread(until, lambda: _has_ended(process), "it is gone")


def _has_ended(process: int) -> bool:
    try:
        return "Z" in Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[:1]
    except OSError:
        return True


def _computing(service: int) -> list[int]:
    found = []
    for children in Path(f"/proc/{service}/task").glob("*/children"):
        with suppress(OSError):
            found += [
                int(one)
                for one in children.read_text(encoding="ascii").split()
                if b"service.processes" in Path(f"/proc/{one}/cmdline").read_bytes()
            ]
    return found
