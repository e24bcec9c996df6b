"""A running service's desk, against a service that is not what it should be; the good way is in test_cli.py."""

import httpx
import pytest
import respx

from retrieval.errors import UnreadableArticle
from retrieval.types import make_article
from service.errors import RemoteError
from service.remote import RemoteDesk
from service.types import Question

ADDRESS = "http://127.0.0.1:8000"
NO_ARTICLES = {"articles": [], "total": 0, "fingerprint": "none"}


@respx.mock(base_url=ADDRESS)
async def test_a_refusal_is_told_in_the_services_own_words(respx_mock: respx.MockRouter) -> None:
    respx_mock.post("/v1/answers").respond(422, json={"detail": "too long"})
    async with RemoteDesk(ADDRESS) as desk:
        with pytest.raises(RemoteError, match="refused: too long"):
            await desk.answer(Question(question="who?"))


@respx.mock(base_url=ADDRESS)
async def test_an_article_that_is_refused_is_its_authors_to_mend(respx_mock: respx.MockRouter) -> None:
    article = make_article(article_id="a", title="t", text="x")
    route = respx_mock.put("/v1/articles/a")
    async with RemoteDesk(ADDRESS) as desk:
        route.respond(413, json={"detail": "too large"})
        with pytest.raises(UnreadableArticle, match="a: too large"):
            await desk.put(article)
        route.respond(503, json={"detail": "no store"})
        with pytest.raises(RemoteError, match="refused: no store"):
            await desk.put(article)


@respx.mock(base_url=ADDRESS)
async def test_an_error_without_words_is_told_by_its_name(respx_mock: respx.MockRouter) -> None:
    respx_mock.get("/v1/articles").side_effect = httpx.ReadTimeout("")
    async with RemoteDesk(ADDRESS) as desk:
        with pytest.raises(RemoteError, match="does not answer: ReadTimeout"):
            await desk.sources(0, 10)


@pytest.mark.parametrize(
    "reply", [httpx.Response(200, text="<html>"), httpx.ConnectError("refused"), httpx.ReadTimeout("")]
)
async def test_what_is_no_answer_is_told_with_the_address(reply: httpx.Response | Exception) -> None:
    with respx.mock(base_url=ADDRESS) as router:
        router.get("/v1/articles").side_effect = [reply]
        async with RemoteDesk(ADDRESS) as desk:
            with pytest.raises(RemoteError, match=f"{ADDRESS} does not answer"):
                await desk.sources(0, 10)


@respx.mock(base_url=ADDRESS)
async def test_a_service_of_another_version_is_told_apart(respx_mock: respx.MockRouter) -> None:
    respx_mock.post("/v1/answers").respond(200, json={"reply": "what?"})
    async with RemoteDesk(ADDRESS) as desk:
        with pytest.raises(RemoteError, match="of another version"):
            await desk.answer(Question(question="who?"))


@respx.mock(base_url=ADDRESS)
async def test_a_key_is_sent_with_every_request(respx_mock: respx.MockRouter) -> None:
    asked = respx_mock.get("/v1/articles").respond(200, json=NO_ARTICLES)
    exported = respx_mock.get("/v1/export").respond(200, content=b"{}\n")
    async with RemoteDesk(ADDRESS, "gw_a_b") as desk:
        await desk.sources(0, 10)
        assert [line async for line in desk.exported()] == [b"{}\n"]
    sent = [route.calls.last.request.headers["authorization"] for route in (asked, exported)]
    assert sent == ["Bearer gw_a_b"] * 2


@respx.mock(base_url=ADDRESS)
async def test_who_has_no_key_is_told_where_to_get_one(respx_mock: respx.MockRouter) -> None:
    respx_mock.route().respond(401, json={"detail": "a key is needed"})
    async with RemoteDesk(ADDRESS) as desk:
        for work in (desk.sources(0, 10), desk.put(make_article(article_id="a", title="t", text="x")), _lines(desk)):
            with pytest.raises(RemoteError) as raised:
                await work
            assert str(raised.value) == (
                f"The service at {ADDRESS} wants a key: set GROUNDWIRE_API_KEY; `groundwire keys create NAME` makes one"
            )
    async with RemoteDesk(ADDRESS, "gw_wrong") as desk:
        with pytest.raises(RemoteError, match=r"does not take the key .*: a key is needed") as raised:
            await desk.sources(0, 10)
        assert "gw_wrong" not in str(raised.value)


@respx.mock(base_url=ADDRESS)
async def test_what_a_key_may_not_do_is_told_of_the_key_and_not_of_the_article(respx_mock: respx.MockRouter) -> None:
    respx_mock.put("/v1/articles/a").respond(403, json={"detail": "the key has no scope write"})
    async with RemoteDesk(ADDRESS, "gw_a_b") as desk:
        with pytest.raises(RemoteError, match="refused: the key has no scope write") as raised:
            await desk.put(make_article(article_id="a", title="t", text="x"))
        assert not isinstance(raised.value, UnreadableArticle)


@respx.mock(base_url=ADDRESS)
async def test_what_a_key_may_do_later_is_done_later(respx_mock: respx.MockRouter) -> None:
    busy = httpx.Response(429, headers={"retry-after": "0"}, json={"detail": "too many"})
    route = respx_mock.get("/v1/articles")
    route.side_effect = [busy, busy, httpx.Response(200, json=NO_ARTICLES)]
    async with RemoteDesk(ADDRESS, "gw_a_b") as desk:
        assert await desk.sources(0, 10) == []
        assert route.call_count == 3
        route.side_effect = None
        route.return_value = busy
        with pytest.raises(RemoteError, match="refused: too many"):
            await desk.sources(0, 10)
        route.return_value = httpx.Response(429, headers={"retry-after": "3600"}, json={"detail": "in an hour"})
        with pytest.raises(RemoteError, match="refused: in an hour"):
            await desk.sources(0, 10)


async def _lines(desk: RemoteDesk) -> list[bytes]:
    return [line async for line in desk.exported()]
