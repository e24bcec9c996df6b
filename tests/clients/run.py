"""The chat protocols with the clients that people use: each against a real service beside a scripted model.

`make check-clients` installs the clients, each in a folder beside this file, and runs this for all of them; arguments
name some. What their checks need to know of the service is in the environment variable NEWSROOM, as JSON: see told().
One of the checks of each leaves in the middle of an answer, and here it is seen that the model was left too.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from tests.model_server import Asked, ModelServer, Reply
from tests.processes import environment, groundwire, serving

CLIENTS = Path(__file__).parent
# The Node that the newest of them needs comes with it, as a package for Linux.
NODE = next(CLIENTS.glob("ai7/node_modules/node-linux-*/bin/node"), Path("node"))
# The checks print what they find; what a frontend leaves running behind them is not waited for.
NODE_OPTIONS = ("--test-reporter=spec", "--test-force-exit")
COMMANDS: Mapping[str, Sequence[str | Path]] = {
    **dict.fromkeys(("ai5", "ai6", "ai7", "assistant-ui"), (NODE, *NODE_OPTIONS, "clients.test.mjs")),
    "openai3": (CLIENTS / "openai3/.venv/bin/python", CLIENTS / "openai_sdk.py"),
}
DEADLINE = 120  # seconds, for the checks of one project; they take 5
PATIENCE = 5  # seconds, for the model to notice that nobody reads any more

QUOTES = (
    "🛩 India plans to buy 31 drones from General Atomics.",
    "The deal for the drones is worth 4 billion dollars, officials said on Friday.",
)
ARTICLES = {
    "drones": (
        "title: India to buy drones 🛩\noutlet: The Desk\nurl: https://news.example/drones\npublished: 2026-03-02",
        f"{QUOTES[0]}\n\nThey will watch the sea.\n",
    ),
    "deal": ("title: What the drones cost\noutlet: The Post", f"{QUOTES[1]}\n"),
}
BUY, WORTH = "🛩 India plans to buy 31 drones.", "The deal for the drones is worth 4 billion dollars."
FOLLOW_UP, STANDS_ALONE = "And how much is it worth?", "How much is the deal for the drones worth?"

QUESTIONS = {
    "TWO_SOURCES": "How many drones does India plan to buy, and what is the deal worth?",
    "FOLLOW_UP": FOLLOW_UP,
    "SLOW": "How many drones will India buy?",
    "CUT": "How many drones is India going to buy?",
    "NOTHING": "Who won the chess match in Oslo?",
}
REPLIES = {
    "TWO_SOURCES": Reply([f"{BUY[:20]}", 0.05, f"{BUY[20:]} [1", f"] {WORTH} [2]"]),
    "FOLLOW_UP": Reply([STANDS_ALONE]),
    "SLOW": Reply([f"{BUY} [1] The deal "], end="hang"),
    "CUT": Reply([f"{BUY} [1] The deal "], end="cut"),
}


def reply_to(asked: Asked) -> Reply:
    """Say what the model says to the question in a request, which comes last."""
    said = str(asked.body["messages"][-1]["content"])
    known = [key for key in REPLIES if QUESTIONS[key] in said]
    return REPLIES[max(known, key=lambda key: said.rindex(QUESTIONS[key]))] if known else Reply([f"{WORTH} [1][2]"])


@asynccontextmanager
async def newsroom(folder: Path) -> AsyncIterator[tuple[dict[str, Any], ModelServer]]:
    """Serve the articles beside the model, to who has a key: what the checks are told, and the model."""
    (folder / "articles").mkdir()
    for name, (fields, text) in ARTICLES.items():
        (folder / "articles" / f"{name}.md").write_text(f"---\n{fields}\n---\n{text}", encoding="utf-8")
    env = environment(folder / "data")
    ingested = groundwire("ingest", str(folder / "articles"), env=env)
    assert ingested.returncode == 0, ingested.stderr
    keys = {
        "key": _key("a client", "--requests", "100000", "--answers", "100", env=env),
        "poorKey": _key("who may ask once a minute", "--requests", "1", env=env),
        "readingKey": _key("who may not ask", "--scope", "read", env=env),
    }
    async with ModelServer(reply_to).serving() as model:
        env |= {
            "GROUNDWIRE_LLM": "openai-like/scripted",
            "GROUNDWIRE_LLM_ALLOWED": "extractive",
            "GROUNDWIRE_LLM_BASE_URL": model.url,
            "GROUNDWIRE_LLM_API_KEY": "none",
            "GROUNDWIRE_FALLBACK": "none",  # a client is to see the model's failures
        }
        with serving("serve", "--port", "0", env=env, out=folder / "out", log=folder / "log") as (_, address):
            yield await asyncio.to_thread(told, address, keys), model


def _key(name: str, *options: str, env: Mapping[str, str]) -> str:
    made = groundwire("keys", "create", name, *options, "--json", env=env)
    assert made.returncode == 0, made.stderr
    return str(json.loads(made.stdout)["key"])


def told(address: str, keys: Mapping[str, str]) -> dict[str, Any]:
    """Give what the checks need to know of the service: its keys, the questions, and what their answers must hold."""
    headers = {"authorization": f"Bearer {keys['key']}"}
    deal = httpx.get(f"{address}/v1/articles/deal", headers=headers, trust_env=False).json()
    fragment = quote(QUOTES[0], safe="")
    page = f"{address}/articles/deal?version={deal['version']}&start=0&end={len(QUOTES[1])}#quote"
    return {
        "url": address,
        **keys,
        "questions": QUESTIONS,
        "standsAlone": STANDS_ALONE,
        "sentences": [f"{BUY} [1]", f"{WORTH} [2]"],
        "quotes": QUOTES,
        "sources": [
            {
                "sourceId": "1",
                "url": f"https://news.example/drones#:~:text={fragment}",
                "title": "India to buy drones 🛩",
            },
            {"sourceId": "2", "url": page, "title": "What the drones cost"},
        ],
    }


async def passes(project: str, env: Mapping[str, str], model: ModelServer) -> bool:
    """Run a project's checks: whether they pass, and the model is left when its reader leaves."""
    model.left.clear()
    say(f"\n== {project}")
    process = await asyncio.create_subprocess_exec(
        *COMMANDS[project], cwd=CLIENTS / project, env=env, stdin=subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(DEADLINE):
            passed = await process.wait() == 0
    except TimeoutError:
        process.kill()
        await process.wait()
        say(f"{project} took more than {DEADLINE} s")
        return False
    try:
        async with asyncio.timeout(PATIENCE):
            await model.left.wait()
    except TimeoutError:
        say(f"{project}: a client left, and the model still writes")
        return False
    return passed


async def main(projects: Sequence[str]) -> int:
    """Run the checks of each project; give how many failed."""
    began = time.monotonic()
    results: dict[str, bool] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            async with newsroom(folder) as (newsroom_told, model):
                env = os.environ | {"NEWSROOM": json.dumps(newsroom_told)}
                for project in projects:
                    results[project] = await passes(project, env, model)
        finally:
            if not all(results.get(project) for project in projects):
                say((folder / "log").read_text(encoding="utf-8"))
    for project, passed in results.items():
        say(f"{'passed' if passed else 'FAILED'}  {project}")
    failed = list(results.values()).count(False)
    say(f"{len(results) - failed} passed, {failed} failed, in {time.monotonic() - began:.0f} s")
    return failed


def say(line: str) -> None:
    """Print for whoever watches, in the order of what the checks print themselves."""
    print(line, flush=True)  # noqa: T201 - what else is a command's output


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:] or list(COMMANDS))))
