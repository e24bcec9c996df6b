"""GET /v1/export and POST /v1/import, with articles behind them."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from litestar.testing import AsyncTestClient

from retrieval.errors import ModelUnavailable
from retrieval.store import Store
from service.http.app import make_app
from tests.conftest import DRONES, STUDENTS
from tests.fakes import FirstSentence, WordEmbedder
from tests.service.http.conftest import Client

LINES = {"Content-Type": "application/x-ndjson"}


@pytest.fixture
async def empty(tmp_path: Path) -> AsyncIterator[Client]:
    with Store.open_embedded(tmp_path / "empty", WordEmbedder()) as store:
        async with AsyncTestClient(
            make_app(FirstSentence(store, WordEmbedder())), base_url="http://127.0.0.1"
        ) as client:
            yield client


async def test_what_one_service_exports_another_imports_and_twice_is_once(client: Client, empty: Client) -> None:
    await client.put("/v1/articles/drones", json={"title": "Drones", "text": "A correction 🎓.\r"})
    await client.request("DELETE", "/v1/articles/desk%2Fstudents%202%2B2%3F", json={"reason": "It was wrong."})
    exported = await client.get("/v1/export")
    assert exported.status_code == 200
    assert exported.headers["content-type"].startswith("application/x-ndjson")
    assert 'filename="groundwire-export.jsonl"' in exported.headers["content-disposition"]
    lines = exported.text.split("\n")
    assert len(lines) - 1 == 6, "a head, two versions, a withdrawn one and its mark, an end"

    first = await empty.post("/v1/import", content=exported.content, headers=LINES)
    again = await empty.post("/v1/import", content=exported.content, headers=LINES)

    assert first.status_code == again.status_code == 200
    assert {name: count for name, count in first.json().items() if count} == {
        "created": 1,
        "withdrawn": 1,
        "versions": 2,
    }
    assert {name: count for name, count in again.json().items() if count} == {"unchanged": 2}
    page = (await empty.get("/v1/articles")).json()
    assert page["fingerprint"] == json.loads(lines[0])["fingerprint"]
    old = await empty.get(f"/v1/articles/drones?version={DRONES.source.version}")
    assert old.json()["text"] == DRONES.text
    gone = await empty.get("/v1/articles/desk%2Fstudents%202%2B2%3F")
    assert gone.status_code == 410
    assert "It was wrong" in gone.json()["detail"]
    still = await empty.get(f"/v1/articles/desk%2Fstudents%202%2B2%3F?version={STUDENTS.source.version}")
    assert still.json()["text"] == STUDENTS.text


async def test_a_body_that_is_cut_is_told_and_what_came_is_stored(client: Client, empty: Client) -> None:
    whole = (await client.get("/v1/export")).content
    cut = whole[: whole.rindex(b"\n", 0, -1) - 5]

    done = (await empty.post("/v1/import", content=cut, headers=LINES)).json()

    assert done["created"] == 1
    assert [one["line"] for one in done["refused"]] == [3, 3]
    assert "cut off" in done["refused"][-1]["reason"]
    assert (await empty.get("/v1/articles")).json()["total"] == 1


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "text/plain"}, 415),
        ({}, 415),
        ({"Content-Type": "application/json"}, 415),
        ({**LINES, "Origin": "https://other.example"}, 403),
        ({**LINES, "Origin": "http://127.0.0.1"}, 200),
        ({"Content-Type": "application/jsonl"}, 200),
    ],
)
async def test_a_page_of_another_site_imports_nothing(empty: Client, headers: dict[str, str], status: int) -> None:
    response = await empty.post("/v1/import", content=b"{}", headers=headers)
    assert response.status_code == status, response.text


async def test_a_model_that_is_away_is_503_and_the_same_again_completes_it(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = (await client.get("/v1/export")).content
    embedder = WordEmbedder()

    async def away(*_: object) -> None:
        raise ModelUnavailable("The model is away.")

    with Store.open_embedded(tmp_path / "empty", embedder) as store:
        async with AsyncTestClient(make_app(FirstSentence(store, embedder)), base_url="http://127.0.0.1") as empty:
            with monkeypatch.context() as patched:
                patched.setattr(embedder, "embed_parts", away)
                refused = await empty.post("/v1/import", content=whole, headers=LINES)
            assert refused.status_code == 503
            assert "The model is away" in refused.json()["detail"]
            done = await empty.post("/v1/import", content=whole, headers=LINES)
    assert done.json()["created"] == 2
