"""The README's commands are run: those of groundwire for real, those of make as far as `make -n`."""

import asyncio
import json
import re
import shlex
import shutil
import subprocess
import urllib.request
from pathlib import Path

import httpx
import pytest

from tests.processes import ROOT, environment, groundwire, serving, until
from tests.site_server import Site, page

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
LINES = [line for kind, block in BLOCKS if kind == "sh" for line in block.replace("\\\n", " ").splitlines()]


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    made = environment(tmp_path_factory.mktemp("readme"))
    assert groundwire("ingest", str(ROOT / "seeds" / "articles"), env=made).returncode == 0
    return made


def test_every_file_that_the_readme_names_is_there() -> None:
    named = re.findall(r"`((?:benchmarks|seeds|tests)/[\w./-]+|[A-Z]+|[\w.]+\.(?:md|yaml|toml))`", README)

    assert named
    for name in named:
        assert name in {"POST", "DELETE"} or (ROOT / name).exists(), name


def test_the_readme_holds_no_placeholder() -> None:
    assert not re.findall(r"^[A-Z_]{4,}$", README, re.MULTILINE)


def test_the_printed_answers_are_those_that_the_command_prints(env: dict[str, str]) -> None:
    [console] = [block for kind, block in BLOCKS if kind == "console"]
    shown = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", console, re.MULTILINE)

    assert len(shown) == 2
    for command, printed in shown:
        done = groundwire(*shlex.split(command)[1:], env=env)

        assert done.stdout.strip() == printed.strip()


@pytest.mark.parametrize("line", [line for line in LINES if re.search(r"\bmake \w", line)])
def test_make_knows_each_target_of_the_readme(line: str) -> None:
    command = line.partition("#")[0].split()
    done = subprocess.run(
        [*command[command.index("make") :], "-n"], cwd=ROOT, check=False, capture_output=True, encoding="utf-8"
    )

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("line", [line for line in LINES if re.match(r"groundwire (?!serve|ingest http)", line)])
def test_each_command_of_the_readme_works_on_a_folder_of_ones_own(
    line: str, tmp_path: Path, env: dict[str, str]
) -> None:
    shutil.copytree(ROOT / "seeds" / "articles", tmp_path / "my-folder")
    if line.startswith("groundwire keys"):
        env = environment(tmp_path / "data")  # where there is a key, the others' requests would need it
    done = groundwire(*shlex.split(line, comments=True)[1:], env=env, cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert done.stdout


async def test_a_newcomers_two_commands_lead_from_a_feed_and_a_folder_to_a_cited_answer(tmp_path: Path) -> None:
    [ingest] = [line for line in LINES if line.startswith("groundwire ingest http")]
    ask = LINES[LINES.index(ingest) + 1]
    [address] = re.findall(r"https://\S+", ingest)
    shutil.copytree(ROOT / "seeds" / "articles", tmp_path / "my-folder")
    env = environment(tmp_path / "data", GROUNDWIRE_FETCH_ALLOWED="127.0.0.1")
    entry = "<item><title>Ferry</title><link>/ferry.html</link><description>The ferry sails again.</description></item>"
    feed = f"<rss version='2.0'><channel><title>The Tidings</title>{entry}</channel></rss>".encode()
    said = "The ferry to Elmsworth sails again from Monday, the harbour master said, after repairs of three weeks. "
    html = f"<html><head><title>Ferry sails</title></head><body><h1>Ferry sails</h1><p>{said * 3}</p></body></html>"
    pages = {
        "/feed.xml": page(feed, content_type="text/xml"),
        "/ferry.html": page(html.encode(), content_type="text/html"),
    }
    async with Site(pages).serving() as site:
        line = ingest.replace(address, site.url("/feed.xml"))
        taken_in = await asyncio.to_thread(groundwire, *shlex.split(line)[1:], env=env, cwd=tmp_path)
    answer = await asyncio.to_thread(groundwire, *shlex.split(ask)[1:], env=env, cwd=tmp_path)

    assert taken_in.returncode == 0, taken_in.stderr
    assert taken_in.stdout.startswith("6 created")
    assert "[1]" in answer.stdout


def test_the_readmes_request_gets_a_cited_answer_from_the_service(env: dict[str, str], tmp_path: Path) -> None:
    [line] = [line for line in LINES if line.startswith("curl") and "/v1/answers" in line]
    body = shlex.split(line)[-1].encode()
    with serving("serve", "--port", "0", env=env, out=tmp_path / "out") as (_, address):
        request = urllib.request.Request(f"{address}/v1/answers", body, {"Content-Type": "application/json"})  # noqa: S310
        with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310 - our own service
            answer = json.load(response)

    assert answer["answered"]
    assert "2018" in answer["text"]


def test_the_readmes_posts_become_jobs_that_store_their_articles(env: dict[str, str], tmp_path: Path) -> None:
    files = {"moon.md": b"# Moon\n\nIt is made of cheese.", "archive.jsonl": b'{"id": "old", "text": "It was."}'}
    forms, body = [shlex.split(line) for line in LINES if line.startswith("curl") and "/v1/articles" in line]
    named = [word.removeprefix("files=@") for word in forms if word.startswith("files=@")]
    with (
        serving("serve", "--port", "0", env=env, out=tmp_path / "out") as (_, address),
        httpx.Client(base_url=address, trust_env=False, timeout=60) as client,
    ):

        def created(response: httpx.Response) -> int:
            where = response.headers["location"]
            until(lambda: client.get(where).json()["finished"], "the job is done")
            number: int = client.get(where).json()["counts"]["created"]
            return number

        assert created(client.post("/v1/articles", files=[("files", (name, files[name])) for name in named])) == 2
        headers = {"Content-Type": "application/json"}
        assert created(client.post("/v1/articles", content=body[-1], headers=headers)) == 1
