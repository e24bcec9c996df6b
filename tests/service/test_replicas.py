"""Replicas over one Chroma server, in real processes: their answers are the same, a rolling restart loses nothing."""

import asyncio
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import yaml

from benchmarks.fleet import Fleet, Process, Reply, chroma, free_port, replica
from benchmarks.newswire import Newsroom, Story
from retrieval.readers import Document, read
from tests.processes import ROOT, started

Ask = Callable[[str, str, object], Awaitable[Reply]]
CASES = yaml.safe_load((ROOT / "seeds" / "questions.yaml").read_text(encoding="utf-8"))["cases"]
QUESTIONS = [case["question"] for case in CASES][::3]
_CLIENTS = 5

pytestmark = pytest.mark.asyncio(loop_scope="module")


def body(story: Story) -> dict[str, str]:
    article = story.changes[-1].article
    assert article
    return {"title": article.source.title, "text": article.text}


async def put(room: Newsroom, story: Story, ask: Ask) -> Reply:
    room.version(story, 0)
    reply = await ask("PUT", f"/v1/articles/{story.article_id}?restore=true", body(story))
    if reply.ok:
        story.changes[-1].acknowledged = 0
    return reply


@pytest.fixture(scope="module")
def room() -> Newsroom:
    return Newsroom(7)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fleet(tmp_path_factory: pytest.TempPathFactory, room: Newsroom) -> AsyncIterator[Fleet]:
    folder = tmp_path_factory.mktemp("replicas")
    store = chroma(folder)
    async with Fleet(store, [replica(folder, number, store, shared=True) for number in range(2)]) as fleet:
        for file in sorted((ROOT / "seeds" / "articles").glob("*.md")):
            article = read(Document(file, file.stem))
            sent = {"title": article.source.title, "text": article.text, "outlet": article.source.outlet}
            assert (await fleet.ask("PUT", f"/v1/articles/{file.stem}", sent)).ok
        for story in [room.new() for _ in range(9)]:
            assert (await put(room, story, fleet.ask)).ok
        yield fleet


@asynccontextmanager
async def proxied(fleet: Fleet, folder: Path) -> AsyncIterator[Ask]:
    """Run HAProxy in front of the replicas, by the file that compose runs it by, at other addresses."""
    port = free_port()
    config = (ROOT / "haproxy.cfg").read_text(encoding="utf-8")
    [template] = [line for line in config.splitlines() if line.strip().startswith("server-template")]
    assert " groundwire:8000 " in template
    servers = [
        f"    server r{number} {one.address.removeprefix('http://')}" for number, one in enumerate(fleet.replicas)
    ]
    config = config.replace(template, "\n".join(servers)).replace("bind :8000", f"bind 127.0.0.1:{port}")
    # These replicas have no key, and without one refuse what a proxy says that it brings.
    config = config.replace("option forwardfor", "")
    (folder / "haproxy.cfg").write_text(config, encoding="utf-8")
    command = [str(shutil.which("haproxy")), "-db", "-f", str(folder / "haproxy.cfg")]
    with (folder / "log").open("wb") as log, started(command, stdout=log, stderr=log):
        limits = httpx.Limits(max_keepalive_connections=_CLIENTS)
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60, limits=limits
        ) as client:

            async def ask(method: str, path: str, sent: object) -> Reply:
                response = await client.request(method, path, json=sent)
                return Reply(response.status_code, response.text, "proxy")

            while not await _serves(client):
                pass
            yield ask


async def _serves(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/health/ready")).status_code == 200
    except httpx.TransportError:
        return False


async def restarted_one_by_one(fleet: Fleet) -> None:
    for process in fleet.replicas:
        assert await process.end() == 0
        await process.start()
        while process.name not in fleet.ready:  # noqa: ASYNC110 - a look at it, now and then
            await asyncio.sleep(0.1)


async def busy(room: Newsroom, story: Story, ask: Ask, over: asyncio.Event) -> list[Reply]:
    """Ask and write by turns until it is over, and give all that came."""
    replies: list[Reply] = []
    while not over.is_set():
        replies.append(await ask("POST", "/v1/answers", {"question": story.question}))
        replies.append(await put(room, story, ask))
    return replies


async def test_a_rolling_restart_loses_no_request(fleet: Fleet, room: Newsroom) -> None:
    await _a_rolling_restart_loses_no_request(fleet, room, fleet.ask)


@pytest.mark.skipif(not shutil.which("haproxy"), reason="HAProxy is not installed")
async def test_a_rolling_restart_behind_the_proxy_loses_no_request(
    fleet: Fleet, room: Newsroom, tmp_path: Path
) -> None:
    async with proxied(fleet, tmp_path) as ask:
        await _a_rolling_restart_loses_no_request(fleet, room, ask)


async def _a_rolling_restart_loses_no_request(fleet: Fleet, room: Newsroom, ask: Ask) -> None:
    over = asyncio.Event()
    stories = list(room.stories.values())[:_CLIENTS]
    clients = [asyncio.create_task(busy(room, story, ask, over)) for story in stories]
    await restarted_one_by_one(fleet)
    over.set()
    replies = [one for replies in await asyncio.gather(*clients) for one in replies]

    assert len(replies) > 4 * _CLIENTS
    assert not [one for one in replies if not one.ok]
    for story in stories:
        for process in fleet.replicas:
            kept = await fleet.ask("GET", f"/v1/articles/{story.article_id}", at=process.name)
            assert kept.body["text"] == body(story)["text"]


@pytest.mark.skipif(not shutil.which("haproxy"), reason="HAProxy is not installed")
@pytest.mark.parametrize("several_machines", [False, True])
async def test_the_proxy_takes_its_file_and_what_the_operations_add(tmp_path: Path, *, several_machines: bool) -> None:
    config = (ROOT / "haproxy.cfg").read_text(encoding="utf-8")
    if several_machines:
        operations = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
        lines = "\n".join(re.findall(r"^ {6}((?:acl|use_backend) .*)$", operations, re.MULTILINE))
        assert lines.count("\n") == 2
        default = "    default_backend replicas\n"
        config = config.replace(default, f"{lines}\n{default}") + "\nbackend ingest\n    server one 127.0.0.1:8001\n"
    (tmp_path / "haproxy.cfg").write_text(config, encoding="utf-8")
    command = [str(shutil.which("haproxy")), "-c", "-f", str(tmp_path / "haproxy.cfg")]
    done = await asyncio.to_thread(subprocess.run, command, check=False, capture_output=True, encoding="utf-8")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr


async def test_replicas_give_the_same_answers_whenever_they_were_started(
    fleet: Fleet, room: Newsroom, tmp_path: Path
) -> None:
    """One saw all changes, one was killed among them, and one comes last, with nothing of its own."""
    first, second = fleet.replicas
    stories = list(room.stories.values())
    for story in stories[::2]:
        assert (await put(room, story, fleet.ask)).ok
    await second.kill()
    for story in stories[1::3]:
        assert (await fleet.ask("DELETE", f"/v1/articles/{story.article_id}")).ok
        room.withdrawal(story, 0).acknowledged = 0
    for story in stories[::3]:
        assert (await put(room, story, fleet.ask)).ok
    await second.start()
    third = replica(tmp_path, 3, fleet.store)
    try:
        await third.start()
        asked = [*QUESTIONS, *(one.question for one in stories[:12])]
        for question in asked:
            answers = await asyncio.gather(*(_answer(one, question) for one in (first, second, third)))
            assert answers[0] == answers[1] == answers[2], question
    finally:
        third.close()


async def test_a_job_of_a_replica_that_is_killed_is_known_to_the_other_and_done_by_it(
    fleet: Fleet, room: Newsroom
) -> None:
    """They share a folder, as on one machine."""
    first, second = fleet.replicas
    stories = [room.new() for _ in range(40)]
    for story in stories:
        room.version(story, 0)
    sent = [{"id": story.article_id, **body(story)} for story in stories]
    posted = await fleet.ask("POST", "/v1/articles", sent, at=first.name)
    assert posted.status == 202, posted.body
    path = f"/v1/jobs/{posted.body['id']}"
    while (await fleet.ask("GET", path, at=second.name)).body["done"] < 3:
        pass
    await first.kill()
    job = (await fleet.ask("GET", path, at=second.name)).body
    assert job["done"] < len(stories)
    try:
        while job["status"] not in {"done", "failed"}:
            await asyncio.sleep(0.1)
            job = (await fleet.ask("GET", path, at=second.name)).body
    finally:
        await first.start()
    assert (job["status"], job["counts"]["created"] + job["counts"]["unchanged"]) == ("done", len(stories))
    for story in stories:
        assert (await fleet.ask("GET", f"/v1/articles/{story.article_id}")).body["text"] == body(story)["text"]


async def test_an_answer_of_a_replica_that_is_killed_fails_clearly_and_the_other_gives_it(
    fleet: Fleet, room: Newsroom
) -> None:
    story = room.stories["story-0"]
    first, second = fleet.replicas
    asked = {"question": story.question}
    asking = [asyncio.create_task(fleet.ask("POST", "/v1/answers", asked, at=first.name)) for _ in range(8)]
    await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
    await first.kill()
    try:
        replies = await asyncio.gather(*asking)
        assert any(one.ok for one in replies)
        cut = [one for one in replies if not one.ok]
        assert cut
        assert all(one.status == 0 and one.failure for one in cut)  # the connection is closed: nobody waits
        assert (await fleet.ask("POST", "/v1/answers", asked, at=second.name)).body["answered"]
    finally:
        await first.start()


async def test_of_two_hundred_clients_at_once_each_is_answered_right_or_told_when_to_come_again(
    fleet: Fleet, room: Newsroom
) -> None:
    process = fleet.replicas[1]
    stories = [one for one in room.stories.values() if one.changes[-1].acknowledged is not None and not one.withdrawn]
    async with httpx.AsyncClient(
        base_url=process.address, trust_env=False, timeout=120, limits=httpx.Limits(max_connections=200)
    ) as client:

        async def ask(story: Story) -> httpx.Response:
            response = await client.post("/v1/answers", json={"question": story.question})
            if response.status_code == 200:
                assert room.wrong(story, response.json(), 100, 100) is None
            else:
                assert response.status_code in {429, 503}, response.text
                assert int(response.headers["retry-after"]) > 0
            return response

        before = process.resident_mb
        answers = await asyncio.gather(*(ask(stories[number % len(stories)]) for number in range(200)))
        assert sum(one.status_code == 200 for one in answers) >= 20
        assert (await ask(stories[0])).status_code == 200  # the next one is served at once
        assert process.resident_mb < before + 300


async def _answer(process: Process, question: str) -> dict[str, Any]:
    """Give a whole answer, with what it found, but for what is each answer's own."""
    async with httpx.AsyncClient(base_url=process.address, trust_env=False, timeout=60) as client:
        asked = {"question": question, "options": {"include_hits": True}}
        response = await client.post("/v1/answers", json=asked)
        while response.status_code in {429, 503}:
            await asyncio.sleep(float(response.headers["retry-after"]))
            response = await client.post("/v1/answers", json=asked)
    answer: dict[str, Any] = response.json()
    assert response.status_code == 200, answer
    return {name: value for name, value in answer.items() if name not in {"id", "timings_ms"}}
