"""Pages of other origins: which may read and ask, what their browser is told, and that none may store nor delete."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from litestar.testing import AsyncTestClient

from service.http.app import make_app
from tests.fakes import FirstSentence, Unasked
from tests.service.http.conftest import Client

NEWS = "https://news.example"
OTHER = "https://evil.example"


@asynccontextmanager
async def allowing(*origins: str) -> AsyncIterator[Client]:
    """Serve, with nothing behind, pages of these origins."""
    async with AsyncTestClient(make_app(Unasked(), cors_origins=origins), base_url="http://127.0.0.1") as client:
        yield client


async def preflight(client: Client, origin: str, method: str, path: str = "/v1/answers") -> dict[str, str]:
    """Ask as a browser does before it sends what a form could not; give what it is told about other origins."""
    headers = {
        "origin": origin,
        "access-control-request-method": method,
        "access-control-request-headers": "authorization,content-type,x-groundwire-extras",
    }
    response = await client.options(path, headers=headers)
    told = {name: value for name, value in response.headers.items() if name.startswith("access-control-allow")}
    assert not told or response.status_code == 204
    return told


async def test_by_default_no_page_of_another_origin_reads_anything(gate: Client) -> None:
    assert await preflight(gate, NEWS, "POST") == {}
    response = await gate.get("/health/live", headers={"origin": NEWS})
    assert not [name for name in response.headers if name.startswith("access-control")]
    assert "vary" not in response.headers


async def test_a_page_of_an_allowed_origin_asks_and_reads(answering: FirstSentence) -> None:
    app = make_app(answering, cors_origins=[NEWS])
    async with AsyncTestClient(app, base_url="http://127.0.0.1") as client:
        assert await preflight(client, NEWS, "POST") == {
            "access-control-allow-origin": NEWS,
            "access-control-allow-methods": "GET, HEAD, POST",
            "access-control-allow-headers": "authorization,content-type,x-groundwire-extras",
        }
        asked = await client.post("/v1/answers", json={"question": "drones"}, headers={"origin": NEWS})
        streamed = await client.post(
            "/v1/answers", json={"question": "drones", "stream": True}, headers={"origin": NEWS}
        )
        read = await client.get("/v1/articles/drones", headers={"origin": NEWS})
        for response in (asked, streamed, read):
            assert response.status_code in {200, 201}
            assert response.headers["access-control-allow-origin"] == NEWS
            assert response.headers["vary"] == "Origin"
            shown = response.headers["access-control-expose-headers"]
            assert shown == "retry-after, x-request-id, x-vercel-ai-ui-message-stream"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
async def test_no_page_may_store_or_delete(method: str) -> None:
    for origins in ([NEWS], ["*"]):
        async with allowing(*origins) as client:
            told = await preflight(client, NEWS, method, "/v1/articles/drones")
            assert method not in told["access-control-allow-methods"]


async def test_an_origin_that_is_not_named_is_told_nothing() -> None:
    async with allowing(NEWS) as client:
        for origin in (OTHER, "null", "http://news.example", f"{NEWS}:8443", f"{NEWS}.evil.example"):
            assert await preflight(client, origin, "POST") == {}
            response = await client.get("/health/live", headers={"origin": origin})
            assert "access-control-allow-origin" not in response.headers


async def test_what_a_cache_keeps_for_one_origin_it_does_not_give_to_another() -> None:
    async with allowing(NEWS) as client:
        for headers in ({}, {"origin": NEWS}, {"origin": OTHER}):
            assert (await client.get("/health/live", headers=headers)).headers["vary"] == "Origin"
        page = await client.get("/nothing", headers={"accept": "text/html"})
        assert {one.strip() for one in page.headers["vary"].split(",")} >= {"Accept", "Origin"}, (
            "what else it varies by stays"
        )


async def test_a_star_allows_every_origin_and_part_of_a_name_those_that_match() -> None:
    async with allowing("*") as client:
        response = await client.get("/health/live", headers={"origin": OTHER})
        assert response.headers["access-control-allow-origin"] == "*"
        assert "vary" not in response.headers
    async with allowing("https://*.news.example", "http://localhost:*") as client:
        for origin, allowed in [
            ("https://evil.example/.news.example", False),
            ("https://www.news.example", True),
            ("http://localhost:5173", True),
            ("https://wwwXnewsXexample", False),
            (NEWS, False),
        ]:
            assert bool(await preflight(client, origin, "POST")) == allowed, origin


@pytest.mark.parametrize("path", ["/nothing", "/v1/articles?limit=0", "/v1/answers"])
async def test_a_page_reads_what_went_wrong_with_its_request(path: str) -> None:
    async with allowing(NEWS) as client:
        response = await client.get(path, headers={"origin": NEWS})
        assert response.status_code >= 400
        assert response.json()["status"] == response.status_code
        assert response.headers["access-control-allow-origin"] == NEWS


async def test_a_page_reads_that_the_service_is_not_called_so_and_that_it_failed(answering: FirstSentence) -> None:
    async with allowing(NEWS) as client:
        response = await client.get("/health/live", headers={"origin": NEWS, "host": "other.example"})
        assert (response.status_code, response.headers["access-control-allow-origin"]) == (421, NEWS)
    answering.error = RuntimeError("a bug")
    app = make_app(answering, cors_origins=[NEWS])
    async with AsyncTestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        response = await client.post("/v1/answers", json={"question": "drones"}, headers={"origin": NEWS})
        assert (response.status_code, response.headers["access-control-allow-origin"]) == (500, NEWS)


@pytest.mark.parametrize("origins", [[], [NEWS], ["*"]], ids=["none", "one", "all"])
@pytest.mark.parametrize("path", ["/widget.js", "/web/chat.js"])
async def test_the_widget_loads_on_any_page(origins: list[str], path: str) -> None:
    async with allowing(*origins) as client:
        for origin in (NEWS, OTHER):
            response = await client.get(path, headers={"origin": origin})
            assert response.status_code == 200
            assert response.headers["access-control-allow-origin"] == "*"
            assert response.headers["cross-origin-resource-policy"] == "cross-origin"


async def test_an_options_request_that_is_no_preflight_is_told_the_methods() -> None:
    async with allowing(NEWS) as client:
        response = await client.options("/v1/answers", headers={"origin": NEWS})
        assert response.status_code == 204
        assert set(response.headers["allow"].split(", ")) == {"OPTIONS", "POST"}
