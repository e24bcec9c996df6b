"""Signing in: which key becomes a cookie, what that cookie is good for, who may send it, and where the form leads."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from litestar.testing import AsyncTestClient

from service.http.app import make_app
from service.keys import KeyFile, KeyScope
from tests.fakes import FirstSentence
from tests.service.http.conftest import Client, FreshKeys
from tests.service.http.test_pages import BROWSER, Read

OWN = "http://127.0.0.1"
QUESTION = {"question": "How many drones?"}


@pytest.fixture
def file(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "keys.json")


@pytest.fixture
def token(file: KeyFile) -> str:
    return made(file, "ask", "read")


@pytest.fixture
async def keyed(answering: FirstSentence, file: KeyFile, token: str) -> AsyncIterator[Client]:  # noqa: ARG001 - it is made
    async with serving(answering, file) as client:
        yield client


def made(file: KeyFile, *scopes: KeyScope, origins: tuple[str, ...] = ()) -> str:
    return file.create("a reader", scopes, origins=origins, requests=1000, answers=9, expires=None)[1]


@asynccontextmanager
async def serving(answering: FirstSentence, file: KeyFile, public_url: str | None = None) -> AsyncIterator[Client]:
    app = make_app(answering, keys=FreshKeys(file._file), public_url=public_url)
    async with AsyncTestClient(app, base_url=OWN) as client:
        yield client


async def posted(client: Client, key: str, then: str = "", **headers: str) -> httpx.Response:
    """Sign in by the form."""
    sent = BROWSER | {"origin": OWN} | headers
    return await client.post("/sign-in", data={"key": key, "next": then}, headers=sent, follow_redirects=False)


async def test_a_key_becomes_a_cookie_that_no_script_reads(keyed: Client, token: str) -> None:
    response = await keyed.post("/sign-in", json={"key": f" {token}\n"}, headers={"origin": OWN})
    assert (response.status_code, response.content) == (204, b"")
    name, *rules = response.headers["set-cookie"].split("; ")
    assert name == f"groundwire_key={token}"
    assert {rule.lower() for rule in rules} == {"httponly", "samesite=lax", "path=/", "max-age=604800"}

    assert (await keyed.post("/v1/answers", json=QUESTION)).status_code == 200
    assert (await keyed.get("/articles/drones", headers=BROWSER)).status_code == 200


async def test_behind_https_the_cookie_is_for_https_alone(answering: FirstSentence, file: KeyFile, token: str) -> None:
    async with serving(answering, file, "https://ask.example") as client:
        response = await client.post("/sign-in", json={"key": token}, headers={"origin": "https://ask.example"})
        assert response.status_code == 204
        assert "; secure" in response.headers["set-cookie"].lower()


async def test_what_is_no_key_leaves_no_cookie(keyed: Client, file: KeyFile, token: str) -> None:
    revoked = made(file, "read")
    file.revoke(file.keys()[-1].id)
    for wrong in ("", "gw_", token[:-1], token + "0", "x" * 3000, "schlüssel", revoked):
        for response in (
            await keyed.post("/sign-in", json={"key": wrong}, headers={"origin": OWN}),
            await posted(keyed, wrong),
        ):
            assert response.status_code == 401
            assert response.headers["www-authenticate"].startswith("Bearer")
            assert "set-cookie" not in response.headers
            assert not wrong or wrong not in response.text
    assert "was revoked" in (await posted(keyed, revoked)).text


async def test_the_key_of_a_page_of_others_is_none_to_sign_in_with(keyed: Client, file: KeyFile) -> None:
    response = await posted(keyed, made(file, "ask", origins=("https://news.example",)))
    assert (response.status_code, "set-cookie" in response.headers) == (403, False)
    assert "is for pages of https://news.example" in response.text


@pytest.mark.parametrize(
    "body", [b"{}", b"[]", b'{"key": 1}', b'{"key": null}', b"{", b"x" * 5000, b"\xff", b'{"key": {"a": "b"}}']
)
@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded", "text/plain"])
async def test_what_is_no_request_to_sign_in_is_a_clients_error(keyed: Client, body: bytes, kind: str) -> None:
    response = await keyed.post("/sign-in", content=body, headers={"content-type": kind, "origin": OWN})
    assert 400 <= response.status_code < 500
    assert "set-cookie" not in response.headers


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://127.0.0.1:81", "http://localhost", "null", "http://["]
)
async def test_pages_of_others_neither_sign_in_nor_out_nor_use_who_is(keyed: Client, token: str, origin: str) -> None:
    assert (await posted(keyed, token, origin=origin)).status_code == 403
    assert keyed.cookies.get("groundwire_key") is None

    assert (await posted(keyed, token)).status_code == 303
    sent = {"origin": origin}
    assert (await keyed.post("/v1/answers", json=QUESTION, headers=sent)).status_code == 403
    assert (await keyed.get("/v1/articles", headers=sent)).status_code == 403
    assert (await keyed.post("/sign-out", headers=sent, follow_redirects=False)).status_code == 403
    assert keyed.cookies.get("groundwire_key") == token


async def test_what_another_page_shows_of_ours_is_asked_without_the_key(keyed: Client, token: str) -> None:
    """An image or a script of a page on another port has the cookie and no Origin; a link has it, and may."""
    await posted(keyed, token)
    for site, mode, status in [
        ("same-site", "no-cors", 403),
        ("cross-site", "no-cors", 403),
        ("cross-site", "cors", 403),
        ("same-site", "navigate", 200),
        ("cross-site", "navigate", 200),
        ("same-origin", "no-cors", 200),
        ("none", "navigate", 200),
    ]:
        response = await keyed.get("/articles", headers={"sec-fetch-site": site, "sec-fetch-mode": mode})
        assert response.status_code == status, (site, mode)


async def test_who_signs_in_with_the_key_of_an_operator_asks_and_reads_all_the_same(
    keyed: Client, file: KeyFile
) -> None:
    operator = made(file, "admin")
    await posted(keyed, operator)
    assert (await keyed.post("/v1/answers", json=QUESTION)).status_code == 200
    assert (await keyed.get("/v1/articles")).status_code == 200
    for method, path in [("DELETE", "/v1/articles/drones"), ("PUT", "/v1/articles/drones"), ("GET", "/v1/export")]:
        response = await keyed.request(method, path, headers={"origin": OWN})
        assert response.status_code == 403
        assert "send the key itself" in response.json()["detail"]
    sent = {"authorization": f"Bearer {operator}"}
    assert (await keyed.delete("/v1/articles/drones", headers=sent)).status_code == 204


async def test_an_article_asks_for_a_key_and_comes_back(keyed: Client, token: str) -> None:
    response = await keyed.get("/articles/drones?start=0&end=5", headers=BROWSER)
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer")
    page = Read(response.text)
    assert page.said("h1") == "This service wants a key"
    assert "drones" not in page.said().lower(), "nothing of the article"
    [form] = page.all("form")
    assert (form["method"], form["action"]) == ("post", "../sign-in")
    fields = {one["name"]: one for one in page.all("input")}
    assert (fields["key"]["type"], fields["key"]["autocomplete"]) == ("password", "current-password")
    then = fields["next"]["value"] or ""

    wrong = await posted(keyed, "gw_wrong", then)
    assert Read(wrong.text).all("input")[0]["value"] == then, "the way on is not lost"
    assert "none of this service" in Read(wrong.text).said()

    response = await posted(keyed, token, then)
    assert response.status_code == 303
    assert str(response.url.join(response.headers["location"])) == f"{OWN}/articles/drones?start=0&end=5"
    shown = await keyed.get("/articles/drones?start=0&end=5", headers=BROWSER)
    assert shown.headers["cache-control"] == "no-store"
    page = Read(shown.text)
    assert page.said("mark")
    assert [one["action"] for one in page.all("form")] == ["../sign-out"]


async def test_programs_get_a_problem_where_people_get_a_form(keyed: Client) -> None:
    for path in ("/articles/drones", "/articles", "/v1/articles", "/v1/articles/drones", "/metrics"):
        response = await keyed.get(path)
        assert (response.status_code, response.headers["content-type"]) == (401, "application/problem+json")
    assert (await keyed.get("/v1/articles", headers=BROWSER)).headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "then",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "articles:evil",
        "articles.evil.example",
        "articles@evil.example",
        " https://evil.example",
        "articles/\r\nset-cookie: a=b",
        "articles/\tx",
        "articles/ä",
        "articles/../../x",
        "articles/..",
        "articles/./x",
        "articles/..//evil.example",
        "articles/a/%2e%2E/../x",
        "articles/.%2e?page=2",
        "articles/..#x",
        "articles/a\\..\\..\\x",
        "sign-out",
        "/articles",
        "",
    ],
)
async def test_the_form_leads_nowhere_but_to_our_articles(keyed: Client, token: str, then: str) -> None:
    response = await posted(keyed, token, then)
    assert (response.status_code, response.headers["location"]) == (303, "./")
    assert len(response.headers.get_list("set-cookie")) == 1


@pytest.mark.parametrize(
    "then",
    [
        "articles",
        "articles?page=2",
        "articles?page=/../x",
        "articles/a%2F..%2Fb",
        "articles//evil.example",
        "articles/..a",
        "articles/...",
        "articles/a.",
    ],
)
async def test_a_way_to_our_articles_stays_here(keyed: Client, token: str, then: str) -> None:
    response = await posted(keyed, token, then)
    assert response.headers["location"] == then
    assert response.url.join(then).host == "127.0.0.1"


async def test_who_signs_out_is_asked_again(keyed: Client, token: str) -> None:
    await posted(keyed, token)
    assert [one["action"] for one in Read((await keyed.get("/articles", headers=BROWSER)).text).all("form")] == [
        "./sign-out"
    ]
    response = await keyed.post("/sign-out", headers={"origin": OWN}, follow_redirects=False)
    assert (response.status_code, response.headers["location"]) == (303, "./")
    assert 'groundwire_key=""' in response.headers["set-cookie"]
    assert "max-age=0" in response.headers["set-cookie"].lower()
    assert (await keyed.get("/articles", headers=BROWSER)).status_code == 401


async def test_a_cookie_that_counts_no_more_says_why(keyed: Client, file: KeyFile, token: str) -> None:
    await posted(keyed, token)
    file.revoke(file.keys()[0].id)
    response = await keyed.get("/articles", headers=BROWSER)
    assert response.status_code == 401
    assert "was revoked" in Read(response.text).said()


async def test_the_page_to_sign_in_is_there_for_who_looks_for_it(keyed: Client, token: str) -> None:
    page = Read((await keyed.get("/sign-in", headers=BROWSER)).text)
    assert [one["action"] for one in page.all("form")] == ["./sign-in"]
    assert (await posted(keyed, token)).headers["location"] == "./"


async def test_what_the_way_on_says_is_text(keyed: Client) -> None:
    response = await keyed.get(
        '/articles/a"><script>alert(1)</script>?x="><img src=x onerror=alert(1)>', headers=BROWSER
    )
    page = Read(response.text)
    assert response.status_code == 401
    assert page.all("script") == page.all("img") == []
    assert "<script>" not in response.text
    page = Read((await posted(keyed, "gw_wrong", '"><script>alert(1)</script>')).text)
    assert page.all("script") == []
    assert page.all("input")[0]["value"] == '"><script>alert(1)</script>'
