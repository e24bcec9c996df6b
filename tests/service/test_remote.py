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
