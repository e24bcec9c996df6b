"""A running service's desk, and one that is not what it should be, or wants a key; the good way is in test_cli.py."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import respx

from retrieval.errors import UnreadableArticle
from retrieval.retriever import GroundwireRetriever
from retrieval.types import make_article
from service.errors import RemoteError
from service.remote import RemoteDesk
from service.types import Question
from tests.processes import ROOT, environment, groundwire, is_known, serving

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


@pytest.mark.parametrize("status", [429, 503], ids=["of a key", "of a service that is busy, or being stopped"])
@respx.mock(base_url=ADDRESS)
async def test_what_may_be_done_later_is_done_later(respx_mock: respx.MockRouter, status: int) -> None:
    busy = httpx.Response(status, headers={"retry-after": "0"}, json={"detail": "too many"})
    route = respx_mock.get("/v1/articles")
    route.side_effect = [busy, busy, httpx.Response(200, json=NO_ARTICLES)]
    async with RemoteDesk(ADDRESS, "gw_a_b") as desk:
        assert await desk.sources(0, 10) == []
        assert route.call_count == 3
        route.side_effect = None
        route.return_value = busy
        with pytest.raises(RemoteError, match="refused: too many"):
            await desk.sources(0, 10)
        route.return_value = httpx.Response(status, headers={"retry-after": "3600"}, json={"detail": "in an hour"})
        with pytest.raises(RemoteError, match="refused: in an hour"):
            await desk.sources(0, 10)


@respx.mock(base_url=ADDRESS)
async def test_a_service_that_is_started_again_is_asked_with_its_new_token(respx_mock: respx.MockRouter) -> None:
    current = "first"

    def answer(request: httpx.Request) -> httpx.Response:
        known = request.headers["authorization"] == f"Bearer {current}"
        return httpx.Response(200, json=NO_ARTICLES) if known else httpx.Response(401, json={"detail": "no such key"})

    route = respx_mock.get("/v1/articles").mock(side_effect=answer)
    async with RemoteDesk(ADDRESS, current, lambda: current) as desk:
        assert await desk.sources(0, 10) == []
        current = "second"
        assert await desk.sources(0, 10) == []
        assert await desk.sources(0, 10) == []
        assert route.call_count == 4
    async with RemoteDesk(ADDRESS, "first", lambda: None) as desk:
        with pytest.raises(RemoteError, match="no such key"):
            await desk.sources(0, 10)


async def _lines(desk: RemoteDesk) -> list[bytes]:
    return [line async for line in desk.exported()]


# A real service that wants a key

CASES = """\
cases:
- id: drones
  question: How many MQ-9B drones does India plan to acquire?
  answered: true
  facts: [["31"]]
  articles: [ramp-up-partnership]
"""


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, str], str]]:
    """A service with the sample articles and a key: the environment of its commands, and its address."""
    folder = tmp_path_factory.mktemp("keyed")
    env = environment(folder / "data")
    assert groundwire("ingest", str(ROOT / "seeds" / "articles"), env=env).returncode == 0
    _made("the first", env=env)
    with serving("serve", "--port", "0", env=env, out=folder / "out", log=folder / "log") as (_, address):
        yield env, address


def _key(name: str, *options: str, env: dict[str, str], address: str) -> str:
    """Make a key that the service at an address knows."""
    token = _made(name, *options, env=env)
    is_known(token, address)
    return token


def _made(name: str, *options: str, env: dict[str, str]) -> str:
    made = groundwire("keys", "create", name, *options, "--json", env=env)
    assert made.returncode == 0, made.stderr
    return str(json.loads(made.stdout)["key"])


def test_commands_of_who_owns_the_folder_need_no_key(keyed: tuple[dict[str, str], str], tmp_path: Path) -> None:
    env, _ = keyed
    article = tmp_path / "new.md"
    article.write_text("---\ntitle: New\n---\nThe harbour of Nyborg froze over on Tuesday.\n")
    for arguments in (
        ("ask", "How many MQ-9B drones does India plan to acquire?"),
        ("search", "drones"),
        ("articles",),
        ("ingest", str(article)),
        ("withdraw", "new", "--purge"),
        ("export", str(tmp_path / "corpus.jsonl")),
        ("import", str(tmp_path / "corpus.jsonl")),
    ):
        done = groundwire(*arguments, env=env)
        assert done.returncode == 0, (arguments, done.stderr)
    # Nor does a key that counts for nothing, which is another service's, get in their way.
    assert groundwire("articles", env=env | {"GROUNDWIRE_API_KEY": "gw_none"}).returncode == 0


def test_the_token_of_who_owns_the_folder_is_in_no_words_of_the_service(keyed: tuple[dict[str, str], str]) -> None:
    env, address = keyed
    note = Path(env["GROUNDWIRE_DATA_DIR"]) / "owner.json"
    assert stat.S_IMODE(note.stat().st_mode) == 0o600
    token = json.loads(note.read_text())["token"]
    headers = {"authorization": f"Bearer {token}"}
    with httpx.Client(base_url=address, trust_env=False) as client:
        assert client.get("/v1/articles", headers=headers).status_code == 200
        assert client.get("/v1/articles", headers={"authorization": f"Bearer {token[:-1]}"}).status_code == 401
        assert client.post("/sign-in", json={"key": token}).status_code == 401
        # Open the store beside it: what it prints, and what the service wrote.
        said = groundwire("reembed", env=env)
    assert said.returncode == 1
    assert address in said.stderr
    log = (Path(env["GROUNDWIRE_DATA_DIR"]).parent / "log").read_text()
    assert "/v1/articles 200" in log
    for text in (said.stderr, said.stdout, log):
        assert token not in text


def test_cases_are_asked_of_a_service_with_a_key(keyed: tuple[dict[str, str], str], tmp_path: Path) -> None:
    env, address = keyed
    cases = tmp_path / "cases.yaml"
    cases.write_text(CASES)
    elsewhere = environment(tmp_path / "elsewhere")

    def run(**settings: str) -> tuple[int, str]:
        done = groundwire("eval", str(cases), "--target", address, env=elsewhere | settings)
        return done.returncode, done.stderr.strip()

    status, said = run()
    assert status == 2
    assert said.endswith(
        f"The service at {address} wants a key: set GROUNDWIRE_API_KEY; `groundwire keys create NAME` makes one"
    )
    assert len(said.splitlines()) == 1
    status, said = run(GROUNDWIRE_API_KEY="gw_none")
    assert (status, "does not take the key" in said) == (2, True)
    status, said = run(GROUNDWIRE_API_KEY=_key("who asks", "--scope", "ask", env=env, address=address))
    assert (status, "needs the scope 'read'" in said) == (2, True)
    status, said = run(GROUNDWIRE_API_KEY=_key("who asks and reads", env=env, address=address))
    assert (status, said) == (0, "")


def test_the_retriever_asks_a_service_with_a_key(keyed: tuple[dict[str, str], str]) -> None:
    env, address = keyed
    key = _key("a pipeline", "--scope", "ask", env=env, address=address)
    with GroundwireRetriever.of_service(address, api_key=key) as retriever:
        assert "drones" in retriever.retrieve("How many MQ-9B drones does India plan to acquire?")[0].node.text
