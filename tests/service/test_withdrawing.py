"""`groundwire withdraw` and what follows from it, as real processes: alone, and beside a running service."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.processes import chroma_server, environment, groundwire, serving, until

TEXT = "India plans to buy 31 marmalade drones, the minister whispered.\n"
REASON = "The minister never said so."


@pytest.fixture(params=["alone", "beside a service"])
def env(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    env = environment(tmp_path / "data")
    with ExitStack() as stack:
        if request.param != "alone":
            stack.enter_context(serving("serve", "--port", "0", env=env, out=tmp_path / "out", log=tmp_path / "log"))
        yield env


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "desk"
    folder.mkdir()
    (folder / "drones.md").write_text(TEXT)
    (folder / "students.md").write_text("There are 300,000 students.\n")
    return folder


def test_what_is_withdrawn_stays_so_until_it_is_restored_on_purpose(env: dict[str, str], folder: Path) -> None:
    assert groundwire("ingest", str(folder), env=env).stdout == "2 created, 0 replaced, 0 unchanged, 0 skipped\n"

    done = groundwire("withdraw", "drones", "--reason", REASON, env=env)

    assert (done.returncode, done.stdout, done.stderr) == (0, "drones is withdrawn.\n", "")
    again = groundwire("withdraw", "drones", env=env)
    assert again.returncode == 1
    assert "the article 'drones' was withdrawn on" in again.stderr
    assert REASON.rstrip(".") in again.stderr
    never = groundwire("withdraw", "never", "--json", env=env)
    assert never.returncode == 1
    assert json.loads(never.stdout)["problem"] == "no article has the id 'never'"
    assert "drones" not in groundwire("articles", env=env).stdout

    ingested = groundwire("ingest", str(folder), env=env)
    assert ingested.returncode == 0
    assert ingested.stdout == "0 created, 0 replaced, 1 unchanged, 1 withdrawn, 0 skipped\n"
    assert "drones.md: withdrawn on" in ingested.stderr
    assert "`--restore`" in ingested.stderr
    restored = groundwire("ingest", "--restore", str(folder), env=env)
    assert (restored.returncode, restored.stdout) == (0, "1 created, 0 replaced, 1 unchanged, 0 skipped\n")


def test_beside_a_service_what_stays_withdrawn_is_no_failure_either(tmp_path: Path, folder: Path) -> None:
    env = environment(tmp_path / "data")
    with serving("serve", "--port", "0", env=env, out=tmp_path / "out", log=tmp_path / "log"):
        groundwire("ingest", str(folder), env=env)
        groundwire("withdraw", "drones", "--reason", "Wrong; wholly.", env=env)
        ingested = groundwire("ingest", str(folder), "--json", env=env)

    told = json.loads(ingested.stdout)
    assert (ingested.returncode, told["skipped"]) == (0, [])
    [drones] = told["withdrawn"]
    assert "Wrong; wholly; `--restore`" in drones["reason"]
    assert drones["reason"].count("brings it back") == 1


def test_what_is_purged_is_in_no_file(env: dict[str, str], folder: Path) -> None:
    groundwire("ingest", str(folder), env=env)
    data = Path(env["GROUNDWIRE_DATA_DIR"])
    assert holding(data)

    done = groundwire("withdraw", "drones", "--purge", "--json", env=env)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"article_id": "drones", "withdrawn": True, "problem": None}
    assert holding(data) == []
    assert "students" in groundwire("articles", env=env).stdout


def test_what_an_answer_cited_resolves_until_it_is_purged_and_then_says_why(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with (
        serving("serve", "--port", "0", env=environment(data), out=tmp_path / "out", log=tmp_path / "log") as (
            _,
            address,
        ),
        httpx.Client(base_url=address, timeout=60, trust_env=False) as client,
    ):
        posted = client.post("/v1/articles", json=[{"id": "drones", "title": "Drones", "text": TEXT}])
        job = f"/v1/jobs/{posted.json()['id']}"
        until(lambda: client.get(job).json()["status"] == "done", "the job is done")
        answer = client.post("/v1/answers", json={"question": "How many drones does India plan to buy?"}).json()
        [source] = answer["sources"]
        cited = {"version": source["version"]}
        [citation] = [one for one in answer["citations"] if one["source"] == source["number"]]

        assert client.put("/v1/articles/drones", json={"title": "Drones", "text": "No drones."}).is_success
        assert client.request("DELETE", "/v1/articles/drones", json={"reason": REASON}).status_code == 204
        kept = client.get("/v1/articles/drones", params=cited).json()
        assert kept["text"][citation["start"] : citation["end"]] == citation["quote"]
        assert kept["withdrawn"]["reason"] == REASON
        after = client.post("/v1/answers", json={"question": "How many drones does India plan to buy?"}).json()
        assert not after["answered"]

        assert holding(data)
        assert client.request("DELETE", "/v1/articles/drones", json={"purge": True}).status_code == 204
        assert holding(data) == []
        page = client.get("/articles/drones", params=cited, headers={"accept": "text/html"})
        assert page.status_code == 410
        assert "The minister never said so; its text was removed" in page.text
    assert holding(data) == []


def test_beside_a_chroma_server_its_operator_is_told_what_to_run(tmp_path: Path, folder: Path) -> None:
    chroma = tmp_path / "chroma"
    with chroma_server(chroma) as (_, address):
        env = environment(tmp_path / "data", GROUNDWIRE_CHROMA=address)
        groundwire("ingest", str(folder), env=env)
        done = groundwire("withdraw", "drones", "--purge", env=env)
        assert (done.returncode, done.stdout) == (0, "drones is withdrawn, and its text removed.\n")
        assert "groundwire vacuum FOLDER" in done.stderr
        assert holding(tmp_path / "data") == []
    assert holding(chroma)

    done = groundwire("vacuum", str(chroma), env=env)

    assert (done.returncode, done.stdout) == (0, f"{chroma} holds nothing any more that was deleted.\n")
    assert holding(chroma) == []


def holding(folder: Path) -> list[str]:
    """Name the files that hold some of the text."""
    pieces = [b"31 marmalade drones", b"minister whispered", b"marmalade"]
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in files if any(piece in path.read_bytes() for piece in pieces)]
