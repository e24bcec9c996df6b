"""Who is admitted: by which key, to what, from where; and that nothing is open by an oversight."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from litestar import get
from litestar.routes import HTTPRoute
from litestar.testing import AsyncTestClient

from service.http.app import Service, make_app
from service.jobs import Jobs
from service.keys import SCOPES, KeyFile, Keys, KeyScope
from tests.fakes import FirstSentence, Unasked
from tests.service.http.conftest import Client

NEWS = "https://news.example"


@pytest.fixture
def file(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "keys.json")


def made(file: KeyFile, *scopes: KeyScope, origins: Sequence[str] = (), requests: int = 1000, answers: int = 9) -> str:
    """Make a key, and give what a client sends for it."""
    _, token = file.create(
        "a test", scopes or ("ask", "read"), origins=origins, requests=requests, answers=answers, expires=None
    )
    return token


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


@asynccontextmanager
async def keyed(answering: FirstSentence | Unasked, file: KeyFile, **options: object) -> AsyncIterator[Client]:
    """Serve by the keys of a file."""
    app = make_app(answering, keys=Keys(file._file), **options)  # type: ignore[arg-type]  # the options of make_app
    async with AsyncTestClient(app, base_url="http://127.0.0.1") as client:
        yield client


def routes_of(app: Service) -> list[tuple[str, str, object]]:
    """Give the path, the method and the scope of each route; `missing` where it does not say one."""
    return [
        (route.path, method, handler.opt.get("scope", "missing"))
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for method, (handler, _) in route.route_handler_map.items()
        if method != "OPTIONS"
    ]


def test_every_route_says_whom_it_is_for() -> None:
    app = make_app(Unasked(), jobs=object.__new__(Jobs))
    said = {(path, method): scope for path, method, scope in routes_of(app)}
    assert not [route for route, scope in said.items() if scope is not None and scope not in SCOPES]
    public = {path for (path, _), scope in said.items() if scope is None}
    assert public <= {"/", "/widget.js", "/web/{name:str}", "/health/live", "/health/ready", "/sign-in", "/sign-out"}


async def test_a_route_that_does_not_say_whom_it_is_for_is_refused() -> None:
    @get("/new")
    async def new() -> str:
        return "open by an oversight"

    app = make_app(Unasked())
    app.register(new)
    async with AsyncTestClient(app, base_url="http://127.0.0.1") as client:
        assert (await client.get("/new")).status_code == 403


async def test_without_any_key_this_machine_may_do_all(answering: FirstSentence, file: KeyFile) -> None:
    async with keyed(answering, file) as client:
        for headers in ({}, bearer("none")):
            assert (await client.post("/v1/answers", json={"question": "drones"}, headers=headers)).status_code == 200
        assert (await client.delete("/v1/articles/drones?purge=true")).status_code == 204


async def test_where_any_name_will_do_nothing_is_open_without_a_key(answering: FirstSentence, file: KeyFile) -> None:
    async with keyed(answering, file, hosts=None) as client:
        assert (await client.get("/v1/articles")).status_code == 401
        assert (await client.get("/health/live")).status_code == 200


async def test_a_key_does_what_it_has_a_scope_for_and_no_more(answering: FirstSentence, file: KeyFile) -> None:
    asks, reads, writes, admin = (made(file, scope) for scope in ("ask", "read", "write", "admin"))
    body = {"title": "New", "text": "New."}
    async with keyed(answering, file) as client:
        for path, method, json, allowed in [
            ("/v1/answers", "POST", {"question": "drones"}, {asks}),
            ("/v1/search", "POST", {"question": "drones"}, {asks}),
            ("/v1/models", "GET", None, {asks}),
            ("/v1/articles", "GET", None, {reads}),
            ("/articles/drones", "GET", None, {reads}),
            ("/schema", "GET", None, {reads}),
            ("/v1/articles/new", "PUT", body, {writes}),
            ("/v1/articles/new", "DELETE", None, {writes}),
            ("/v1/articles/drones", "DELETE", {"purge": True}, set()),
            ("/v1/articles/drones?purge=true", "DELETE", None, set()),
            ("/v1/export", "GET", None, set()),
        ]:
            for token in (asks, reads, writes):
                response = await client.request(method, path, json=json, headers=bearer(token))
                assert (response.status_code < 300) == (token in allowed), (path, method, response.text)
                assert response.status_code < 300 or (response.status_code, "scope" in response.text) == (403, True)
        for path, method, json in [
            ("/v1/answers", "POST", {"question": "drones"}),
            ("/v1/articles", "GET", None),
            ("/v1/articles/newer", "PUT", body),
            ("/v1/export", "GET", None),
            ("/v1/articles/drones", "DELETE", {"purge": True}),
        ]:
            response = await client.request(method, path, json=json, headers=bearer(admin))
            assert response.status_code < 300, (path, response.text)


async def test_a_local_command_does_all_by_the_owners_token(answering: FirstSentence, file: KeyFile) -> None:
    made(file)
    async with keyed(answering, file, local_token="ab" * 32) as client:
        assert (await client.get("/v1/export", headers=bearer("ab" * 32))).status_code == 200
        assert (await client.get("/v1/export", headers=bearer("ab" * 31))).status_code == 401
