"""Whether the service lives, and whether it can answer."""

import subprocess

from litestar.testing import AsyncTestClient

from retrieval.store import Store
from service.http.app import make_app
from tests.fakes import FirstSentence, WordEmbedder
from tests.service.http.conftest import Client


async def test_a_service_whose_store_answers_is_ready(client: Client) -> None:
    for path in ("/health/live", "/health/ready"):
        response = await client.get(path)
        assert response.status_code == 200
        assert response.json() == {"status": "ok"}


async def test_a_service_whose_chroma_is_gone_lives_and_is_not_ready(
    chroma: tuple[subprocess.Popen[bytes], str], embedder: WordEmbedder
) -> None:
    process, url = chroma
    with Store.open_server(url, embedder) as store:
        answering = FirstSentence(store, embedder)
        async with AsyncTestClient(make_app(answering), base_url="http://127.0.0.1") as client:
            assert (await client.get("/health/ready")).status_code == 200
            process.kill()
            process.wait()
            gone = await client.get("/health/ready")
            assert gone.status_code == 503
            assert gone.headers["content-type"] == "application/problem+json"
            assert "Chroma" in gone.json()["detail"]
            assert (await client.get("/health/live")).status_code == 200
            assert (await client.post("/v1/search", json={"question": "a"})).status_code == 503
