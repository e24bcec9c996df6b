"""Who is admitted: by which key, to what, from where; and that nothing is open by an oversight."""

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from litestar import get
from litestar.routes import HTTPRoute
from litestar.testing import AsyncTestClient

from service.http.admission import COOKIE
from service.http.app import Service, make_app
from service.jobs import Jobs
from service.keys import SCOPES, KeyFile, KeyScope
from tests.fakes import FirstSentence, Unasked
from tests.service.http.conftest import Client, FreshKeys

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
    app = make_app(answering, keys=FreshKeys(file._file), **options)  # type: ignore[arg-type]  # the options of make_app
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


async def test_what_a_proxy_brings_from_elsewhere_needs_a_key(answering: FirstSentence) -> None:
    hosts = {"localhost", "127.0.0.1", "127.0.0.2", "::1", "ask.example"}
    app = make_app(answering, hosts=hosts, public_url="https://ask.example")
    async with AsyncTestClient(app, base_url="http://127.0.0.1") as client:
        for host, status in [
            ("localhost:8000", 200),
            ("127.0.0.2", 200),
            ("[::1]:8000", 200),
            ("ask.example", 401),
            ("evil.example", 421),
        ]:
            assert (await client.get("/v1/articles", headers={"host": host})).status_code == status, host
        assert (await client.get("/", headers={"host": "ask.example"})).status_code == 200


@pytest.mark.parametrize(
    "header", ["Forwarded", "Via", "X-Real-IP", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"]
)
async def test_what_a_proxy_brings_by_our_own_name_needs_a_key(
    answering: FirstSentence, file: KeyFile, header: str
) -> None:
    """Such as nginx: by default it sends the name at which it reaches us."""
    async with keyed(answering, file, local_token="ab" * 32) as client:
        brought = {"host": "127.0.0.1:8000", header: "203.0.113.9"}
        refused = await client.get("/v1/articles", headers=brought)
        assert refused.status_code == 401
        assert f"A key is needed, as a proxy brought this (its header {header.lower()}): " in refused.json()["detail"]
        assert "groundwire keys create NAME" in refused.json()["detail"]
        assert (await client.post("/v1/answers", json={"question": "drones"}, headers=brought)).status_code == 401
        assert (await client.get("/health/live", headers=brought)).status_code == 200
        assert (await client.get("/", headers=brought)).status_code == 200
        page = await client.get("/articles/drones", headers=brought | {"accept": "text/html"})
        assert (page.status_code, "This service wants a key" in page.text) == (401, True)
        signed = await client.post("/sign-in", json={"key": "any"}, headers=brought)
        assert (signed.status_code, "This service has no key yet." in signed.json()["detail"]) == (401, True)
        assert (await client.get("/v1/articles")).status_code == 200, "nothing changes for this machine"
        assert (await client.get("/v1/articles", headers=brought | bearer("ab" * 32))).status_code == 200
        by_key = await client.get("/v1/articles", headers=brought | bearer(made(file)))
        assert by_key.status_code == 200


async def test_where_any_name_will_do_nothing_is_open_without_a_key(answering: FirstSentence, file: KeyFile) -> None:
    async with keyed(answering, file, hosts=None) as client:
        assert (await client.get("/v1/articles")).status_code == 401
        assert (await client.get("/health/live")).status_code == 200


async def test_without_a_key_pages_of_others_may_ask_and_read_and_no_more(
    answering: FirstSentence, file: KeyFile
) -> None:
    page = {"origin": "https://news.example"}
    async with keyed(answering, file, cors_origins=["*"]) as client:
        assert (await client.get("/v1/articles", headers=page)).status_code == 200
        assert (await client.get("/v1/export", headers=page)).status_code == 403
        assert (await client.get("/v1/export", headers={"origin": "http://127.0.0.1"})).status_code == 200


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


async def test_a_key_is_read_from_one_authorization_header_of_its_form(answering: FirstSentence, file: KeyFile) -> None:
    token = made(file)
    wrong = token[:-1] + ("0" if token[-1] != "0" else "1")
    async with keyed(answering, file) as client:
        for sent, status in [
            ([f"Bearer {token}"], 200),
            ([f"bearer {token}"], 200),
            ([f"BEARER   {token}  "], 200),
            ([f"Bearer {wrong}"], 401),
            ([f"Bearer {token}, Bearer {token}"], 401),
            ([f"Bearer {token} x"], 401),
            ([f"Bearer {token.upper()}"], 401),
            ([f"Basic {token}"], 401),
            ([token], 401),
            (["Bearer"], 401),
            (["Bearer "], 401),
            ([""], 401),
            (["Bearer gw_\xe4\xf6\xfc"], 401),
            ([f"Bearer gw_{'0' * 8}_{'0' * 64}"], 401),
            (["Bearer " + "x" * 100_000], 401),
            ([f"Bearer {token}", f"Bearer {token}"], 401),
            ([f"Bearer {token}", "Basic eA=="], 401),
            ([], 401),
        ]:
            headers = [("authorization", one.encode("latin-1")) for one in sent]
            response = await client.get("/v1/articles", headers=headers)  # type: ignore[arg-type]  # bytes are what is sent
            assert response.status_code == status, sent
            if status == 401:
                assert response.headers["www-authenticate"].startswith('Bearer realm="groundwire"')
                assert response.json()["status"] == 401


async def test_a_key_in_an_address_is_not_read(answering: FirstSentence, file: KeyFile) -> None:
    token = made(file)
    async with keyed(answering, file) as client:
        for name in ("key", "token", "api_key", "access_token", "authorization", "groundwire_key"):
            assert (await client.get(f"/v1/articles?{name}={token}")).status_code == 401


async def test_no_refusal_and_no_line_of_the_log_shows_a_key(
    answering: FirstSentence, file: KeyFile, caplog: pytest.LogCaptureFixture
) -> None:
    token, other = made(file, "ask"), f"gw_{'0' * 8}_{'f' * 64}"
    secrets = [one.rpartition("_")[2] for one in (token, other)]
    with caplog.at_level(logging.DEBUG):
        async with keyed(answering, file) as client:
            for sent in (bearer(token), bearer(other), bearer(token + "x"), {"cookie": f"{COOKIE}={other}"}):
                for path in ("/v1/articles", "/v1/models", "/articles/drones", "/v1/chat/completions", "/nothing"):
                    response = await client.get(path, headers={**sent, "accept": "text/html"})
                    assert not [one for one in secrets if one in response.text or one in str(response.headers)]
            answering.error = RuntimeError("a bug")
            json = {"question": "drones"}
            assert (await client.post("/v1/answers", json=json, headers=bearer(token))).status_code == 500
    assert not [one for one in secrets if one in caplog.text]
    assert not [one for one in secrets if one in file._file.read_text()]


async def test_what_becomes_of_a_key_counts(answering: FirstSentence, file: KeyFile) -> None:
    async with keyed(answering, file) as client:
        assert (await client.get("/v1/articles")).status_code == 200  # there has never been one
        key, token = file.create("one", ["read"], origins=(), requests=1000, answers=1, expires=None)
        assert (await client.get("/v1/articles")).status_code == 401
        assert (await client.get("/v1/articles", headers=bearer(token))).status_code == 200
        file.revoke(key.id)
        revoked = await client.get("/v1/articles", headers=bearer(token))
        assert revoked.status_code == 401
        assert f"The key 'one' was revoked on {datetime.now(UTC):%Y-%m-%d}" in revoked.json()["detail"]
        _, ended = file.create(
            "two", ["read"], origins=(), requests=1000, answers=1, expires=datetime.now(UTC) - timedelta(seconds=1)
        )
        expired = await client.get("/v1/articles", headers=bearer(ended))
        assert (expired.status_code, "The key 'two' has expired on" in expired.json()["detail"]) == (401, True)
        assert (await client.get("/v1/articles")).status_code == 401, "a file without a live key is not open"


async def test_a_file_that_cannot_be_read_changes_nothing_and_is_told_once(
    answering: FirstSentence, file: KeyFile, caplog: pytest.LogCaptureFixture
) -> None:
    token = made(file)
    good = file._file.read_bytes()
    async with keyed(answering, file) as client:
        for bad in (b"{", b"", b"[]", b'{"keys": [{"id": "x"}]}', good.replace(b'"read"', b'"root"'), None):
            caplog.clear()
            if bad is None:
                file._file.unlink()
            else:
                file._file.write_bytes(bad)
            for _ in range(3):
                assert (await client.get("/v1/articles", headers=bearer(token))).status_code == 200
                assert (await client.get("/v1/articles")).status_code == 401
            said = [one for one in caplog.records if one.name == "groundwire.keys"]
            assert len(said) == 1
            assert said[0].getMessage().startswith(f"The keys stay as they were: {file._file}")
        other = made(file)
        assert (await client.get("/v1/articles", headers=bearer(other))).status_code == 200
        assert (await client.get("/v1/articles", headers=bearer(token))).status_code == 401


async def test_a_key_for_pages_is_used_by_its_pages_alone(answering: FirstSentence, file: KeyFile) -> None:
    token = made(file, origins=[NEWS, "https://*.paper.example"])
    async with keyed(answering, file) as client:
        for origin, status in [
            (NEWS, 200),
            ("HTTPS://NEWS.EXAMPLE", 200),
            ("https://www.paper.example", 200),
            ("https://evil.example", 403),
            (f"{NEWS}.evil.example", 403),
            (f"{NEWS}:8443", 403),
            ("http://news.example", 403),
            ("null", 403),
            ("", 403),
            (None, 403),
        ]:
            headers = bearer(token) | ({} if origin is None else {"origin": origin})
            response = await client.get("/v1/articles", headers=headers)
            assert response.status_code == status, origin
            assert (response.headers.get("access-control-allow-origin") == origin) == (status == 200 or origin is None)


async def test_a_page_reads_what_its_own_key_may_and_not_what_another_does(
    answering: FirstSentence, file: KeyFile
) -> None:
    publishable, plain = made(file, origins=[NEWS]), made(file)
    async with keyed(answering, file) as client:
        asked = {"origin": NEWS, "access-control-request-method": "POST"}
        assert (await client.options("/v1/answers", headers=asked)).headers["access-control-allow-origin"] == NEWS
        asked["origin"] = "https://evil.example"
        assert "access-control-allow-origin" not in (await client.options("/v1/answers", headers=asked)).headers

        async def allowed(headers: dict[str, str]) -> tuple[int, bool]:
            response = await client.get("/v1/articles", headers={"origin": NEWS, **headers})
            assert response.headers["cache-control"] == "no-store"
            return response.status_code, "access-control-allow-origin" in response.headers

        assert await allowed(bearer(publishable)) == (200, True)
        assert await allowed(bearer(plain)) == (200, False)
        assert await allowed({}) == (401, True)  # so that the page can say that a key is needed
        file.revoke(file.keys()[0].id)
        assert await allowed(bearer(publishable)) == (401, False)
    async with keyed(answering, file, cors_origins=[NEWS]) as client:
        headers = {"origin": NEWS} | bearer(plain)
        assert (await client.get("/v1/articles", headers=headers)).headers["access-control-allow-origin"] == NEWS


async def test_a_cookie_counts_for_our_own_pages_alone(answering: FirstSentence, file: KeyFile) -> None:
    cookie = {"cookie": f"other=1; {COOKIE}={made(file, 'ask', 'read', 'write')}"}
    async with keyed(answering, file, public_url="https://ask.example/news", cors_origins=["*"]) as client:
        for origin, status in [
            (None, 200),
            ("http://127.0.0.1", 200),
            ("https://ask.example", 200),
            ("http://127.0.0.1:3000", 403),
            ("https://evil.example", 403),
            ("null", 403),
            ("", 403),
            ("http://[", 403),
        ]:
            headers = cookie | ({} if origin is None else {"origin": origin})
            for response in (
                await client.post("/v1/answers", json={"question": "drones"}, headers=headers),
                await client.get("/articles/drones", headers=headers),
            ):
                assert response.status_code == status, origin
        mixed = cookie | bearer(f"gw_{'0' * 8}_{'0' * 64}")
        assert (await client.get("/v1/articles", headers=mixed)).status_code == 401, "a header comes before a cookie"


async def test_openais_clients_and_the_ai_sdk_are_told_in_their_words(answering: FirstSentence, file: KeyFile) -> None:
    once, reads = made(file, "ask", requests=1), made(file, "read")
    body = {"model": "groundwire", "messages": [{"role": "user", "content": "drones"}]}
    parts = {"messages": [{"role": "user", "parts": [{"type": "text", "text": "drones"}]}]}
    async with keyed(answering, file) as client:
        assert (await client.post("/v1/chat/completions", json=body, headers=bearer(once))).status_code == 200
        for headers, status, kind, code in [
            ({}, 401, "invalid_request_error", "invalid_api_key"),
            (bearer("sk-none"), 401, "invalid_request_error", "invalid_api_key"),
            (bearer(reads), 403, "invalid_request_error", "insufficient_permissions"),
            (bearer(once), 429, "rate_limit_error", "rate_limit_exceeded"),
        ]:
            for path in ("/v1/chat/completions", "/v1/responses"):
                response = await client.post(path, json=body, headers=headers)
                error = response.json()["error"]
                assert (response.status_code, error["type"], error["code"]) == (status, kind, code)
            if status == 429:
                assert response.headers["retry-after"] == "60"
            said = await client.post("/api/chat", json=parts, headers=headers)
            assert (said.status_code, said.headers["content-type"].split(";")[0]) == (status, "text/plain")


async def test_a_key_that_has_asked_enough_is_told_how_long_to_wait(answering: FirstSentence, file: KeyFile) -> None:
    first, second = made(file, requests=2), made(file)
    async with keyed(answering, file) as client:
        statuses = [(await client.get("/v1/articles", headers=bearer(first))).status_code for _ in range(3)]
        assert statuses == [200, 200, 429]
        refused = await client.post("/v1/answers", content=b"{", headers=bearer(first))
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "30")
        assert (await client.get("/v1/articles", headers=bearer(second))).status_code == 200
        assert (await client.get("/health/live", headers=bearer(first))).status_code == 200


async def test_what_a_key_may_not_do_is_among_what_it_has_asked(answering: FirstSentence, file: KeyFile) -> None:
    reader = made(file, "read", requests=2)
    async with keyed(answering, file) as client:
        asked = [await client.post("/v1/answers", json={"question": "a"}, headers=bearer(reader)) for _ in range(3)]
        assert [one.status_code for one in asked] == [403, 403, 429]


async def test_what_is_not_there_needs_no_key_and_what_is_there_tells_its_methods(
    answering: FirstSentence, file: KeyFile
) -> None:
    made(file)
    async with keyed(answering, file) as client:
        assert (await client.get("/nothing")).status_code == 404
        assert (await client.patch("/v1/articles")).status_code == 405
        assert (await client.options("/v1/articles/drones")).status_code == 204
        assert (await client.head("/v1/articles")).status_code == 401
        assert (await client.get("/v1/articles/no-such")).status_code == 401, "who has no key learns of no article"


async def test_every_response_has_the_headers_that_browsers_are_held_by(
    answering: FirstSentence, file: KeyFile
) -> None:
    token = made(file)
    async with keyed(answering, file) as client:
        cookie = {"cookie": f"{COOKIE}={token}"}
        for response in [
            await client.get("/nothing"),
            await client.get("/v1/articles"),
            await client.get("/v1/articles", headers=bearer(token)),
            await client.get("/articles/drones", headers=cookie),
            await client.get("/articles/drones", headers={"accept": "text/html"}),
            await client.post("/v1/answers", json={"question": "drones", "stream": True}, headers=bearer(token)),
            await client.get("/health/live", headers={"host": "evil.example"}),
            await client.get("/"),
        ]:
            assert response.headers["x-content-type-options"] == "nosniff"
            assert response.headers["referrer-policy"] in {"no-referrer", "same-origin"}
            assert "default-src 'none'" in response.headers["content-security-policy"]
            assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
            assert response.headers["cross-origin-resource-policy"] == "same-origin"
            assert "camera=()" in response.headers["permissions-policy"]
            kept = response.headers["cache-control"]
            assert kept == "no-store" or (response.status_code in {200, 401} and kept == "no-cache"), response.url
        for path, headers in [("/v1/articles/drones", bearer(token)), ("/articles/drones", cookie)]:
            assert (await client.get(path, headers=headers)).headers["cache-control"] == "no-store"


async def test_the_openapi_document_says_what_may_be_refused(answering: FirstSentence, file: KeyFile) -> None:
    async with keyed(answering, file, jobs=object.__new__(Jobs)) as client:
        document = (await client.get("/schema", headers=bearer(made(file)))).json()
    scheme = document["components"]["securitySchemes"]["key"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    for path, item in document["paths"].items():
        for method, operation in item.items():
            said = operation["responses"]
            assert "421" in said, (path, method)
            assert "400" in said, (path, method)
            public = path.startswith("/health/")
            assert operation.get("security") == (None if public else [{"key": []}]), (path, method)
            assert {"401", "403", "429", "503"} <= set(said) or public, (path, method)
            assert public or "Retry-After" in said["429"]["headers"]
            if path.startswith(("/v1/models", "/v1/chat/", "/v1/responses")):
                assert said["401"]["content"]["application/json"]["schema"]["$ref"].endswith("/OpenAIProblem")
            elif path.startswith("/api/chat"):
                assert "text/plain" in said["401"]["content"]
            elif not public:
                assert said["401"]["content"]["application/problem+json"]["schema"]["$ref"].endswith("/Problem")
