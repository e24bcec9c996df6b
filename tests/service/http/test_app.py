"""What holds for every request: its id, its host, and that errors are problems."""

import logging

import pytest
from litestar.testing import AsyncTestClient

from service.http.app import make_app
from service.logs import RequestIdFilter
from tests.fakes import Unasked
from tests.service.http.conftest import REFUSALS, Client


@pytest.mark.parametrize("path", ["/health/live", "/nothing"])
async def test_a_response_carries_the_requests_id_or_a_new_one(gate: Client, path: str) -> None:
    sent = await gate.get(path, headers={"x-request-id": "abc-1.2_3"})
    assert sent.headers["x-request-id"] == "abc-1.2_3"
    for bad in ("", "a b", "x" * 129, "<script>"):
        made = await gate.get(path, headers={"x-request-id": bad})
        assert len(made.headers["x-request-id"]) == 32


async def test_a_log_line_carries_the_requests_id(gate: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.handler.addFilter(RequestIdFilter())
    with caplog.at_level(logging.INFO, logger="groundwire"):
        await gate.get("/nothing", headers={"x-request-id": "abc"})
    [record] = caplog.records
    assert record.request_id == "abc"  # type: ignore[attr-defined]  # the filter's
    assert record.getMessage().startswith("GET /nothing 404 ")


async def test_a_path_cannot_forge_a_log_line(gate: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="groundwire"):
        await gate.get("/a%0A2026-01-01%20INFO%20b")
    assert "\n" not in caplog.records[-1].getMessage()


async def test_an_unknown_route_and_a_wrong_method_are_problems(gate: Client) -> None:
    for response, status in [(await gate.get("/nothing"), 404), (await gate.get("/v1/answers"), 405)]:
        assert response.status_code == status
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["status"] == status
    allowed = (await gate.get("/v1/answers")).headers["allow"]
    assert set(allowed.split(", ")) == {"OPTIONS", "POST"}


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:1", "[::1]:8000", "LOCALHOST"])
async def test_a_request_to_this_machine_is_served(gate: Client, host: str) -> None:
    assert (await gate.get("/health/live", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:8000", "localhost@evil.example", "[::1", ""])
@pytest.mark.parametrize("path", ["/health/live", "/nothing"])
async def test_a_request_by_another_name_is_refused(gate: Client, host: str, path: str) -> None:
    response = await gate.get(path, headers={"Host": host})
    assert response.status_code == 421
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-request-id"]


async def test_a_service_on_other_hosts_is_served_by_any_name() -> None:
    async with AsyncTestClient(make_app(Unasked(), hosts=None), base_url="http://127.0.0.1") as client:
        assert (await client.get("/health/live", headers={"Host": "news.example"})).status_code == 200


@pytest.mark.parametrize("path", ["/schema", "/schema/openapi.json"])
async def test_the_openapi_document_says_what_may_go_wrong(gate: Client, path: str) -> None:
    document = (await gate.get(path)).json()
    responses = document["paths"]["/v1/answers"]["post"]["responses"]
    assert set(responses) == {"200", "400", "413", "415", "422", "503"} | REFUSALS
    assert responses["200"]["content"]["application/json"]["schema"]["$ref"].endswith("/Answer")
    for status, response in responses.items():
        if status != "200":
            assert response["content"]["application/problem+json"]["schema"]["$ref"].endswith("/Problem")
    asked = document["components"]["schemas"]["AnswerRequest"]["properties"]
    assert {"question", "history", "scope", "as_of", "options", "stream"} == set(asked)


async def test_the_schema_calls_no_other_host(gate: Client) -> None:
    for path in ("/schema", "/schema/swagger", "/schema/redoc"):
        assert "://" not in (await gate.get(path)).text
