"""POST /v1/articles, and GET and DELETE of jobs; services that are killed in the middle of one."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar.testing import AsyncTestClient

from retrieval.fetching import Fetcher
from retrieval.ingest import UNDER_WAY
from retrieval.readers import LONGEST_FILE
from service.http.app import make_app
from service.http.posting import MOST_ADDRESSES, MOST_FILES
from service.jobs import Jobs
from tests.conftest import DRONES
from tests.fakes import FirstSentence
from tests.processes import chroma_server, environment, free_port, serving, until
from tests.service.http.conftest import REFUSALS, Client

JSON = {"Content-Type": "application/json"}
ENDED = 60.0  # seconds; generous


@pytest.fixture
async def desk(answering: FirstSentence, tmp_path: Path) -> AsyncIterator[Client]:
    """A client of an application that takes articles, with two behind it."""
    async with (
        Fetcher() as fetcher,
        Jobs(tmp_path / "jobs", answering.store, answering.embedder, fetcher) as jobs,
        AsyncTestClient(make_app(answering, jobs=jobs), base_url="http://127.0.0.1") as client,
    ):
        yield client


async def ended(client: Client, response: httpx.Response) -> dict[str, Any]:
    """Wait for the end of the job that a response names."""
    assert response.status_code == 202, response.text
    async with asyncio.timeout(ENDED):
        while True:
            job: dict[str, Any] = (await client.get(response.headers["location"])).json()
            if job["finished"]:
                return job
            await asyncio.sleep(0.01)


def told(job: dict[str, Any]) -> list[tuple[str, str | None, str]]:
    return [(one["name"], one["article_id"], one["outcome"]) for one in job["items"]]


async def test_an_article_becomes_a_job_at_once_and_is_stored(desk: Client) -> None:
    response = await desk.post("/v1/articles", json={"id": "moon", "title": "Moon", "text": "It is made of cheese."})
    job = response.json()
    assert response.headers["location"] == f"/v1/jobs/{job['id']}"
    assert (job["status"], job["total"], job["done"], job["finished"], job["error"]) == ("queued", 1, 0, None, None)
    done = await ended(desk, response)
    assert (done["status"], done["total"], done["done"]) == ("done", 1, 1)
    assert done["counts"] == {"created": 1, "replaced": 0, "unchanged": 0, "skipped": 0}
    assert done["items"] == [{"name": "#1", "article_id": "moon", "outcome": "created", "reason": None}]
    assert (await desk.get("/v1/articles/moon")).json()["text"] == "It is made of cheese."


async def test_an_article_without_an_id_has_that_of_its_address_or_of_its_words(desk: Client) -> None:
    there = {"title": "Moon", "text": "It is made of cheese.", "url": "https://www.news.example/moon/?utm_source=x"}
    [at_address] = (await ended(desk, await desk.post("/v1/articles", json=there)))["items"]
    assert at_address["article_id"] == "www.news.example/moon"
    del there["url"]
    [by_words] = (await ended(desk, await desk.post("/v1/articles", json=there)))["items"]
    [again] = (await ended(desk, await desk.post("/v1/articles", json=there)))["items"]
    assert by_words["article_id"].startswith("moon-")
    assert again == by_words | {"outcome": "unchanged"}


async def test_an_article_of_schema_org_is_one(desk: Client) -> None:
    article = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": "Moon",
        "articleBody": "It is made of cheese.",
        "datePublished": "2023-11-10T12:13:00+05:30",
        "publisher": {"@type": "Organization", "name": "The Desk"},
        "author": [{"@type": "Person", "name": "Ada"}],
    }
    [one] = (await ended(desk, await desk.post("/v1/articles", json=article)))["items"]
    stored = (await desk.get(f"/v1/articles/{one['article_id']}")).json()
    assert (stored["title"], stored["outlet"], stored["authors"]) == ("Moon", "The Desk", ["Ada"])
    assert stored["published"] == "2023-11-10T12:13:00+05:30"


async def test_each_article_of_a_list_has_its_own_outcome(desk: Client) -> None:
    drones = {"id": "drones", "title": DRONES.source.title}
    body = [drones | {"text": DRONES.text}, 5, {"title": "No text"}, drones | {"text": "x"}, {"id": "b", "text": "B."}]
    job = await ended(desk, await desk.post("/v1/articles", json=body))
    assert told(job) == [
        ("#1", "drones", "unchanged"),
        ("#2", None, "skipped"),
        ("#3", None, "skipped"),
        ("#4", None, "skipped"),
        ("#5", "b", "created"),
    ]
    assert (job["total"], job["counts"]["skipped"]) == (5, 3)
    only = (await desk.get(f"/v1/jobs/{job['id']}", params={"outcome": "skipped", "offset": 1, "limit": 1})).json()
    assert [one["name"] for one in only["items"]] == ["#3"]
    page = (await desk.get(f"/v1/jobs/{job['id']}", params={"offset": 3, "limit": 1})).json()
    assert [one["name"] for one in page["items"]] == ["#4"]


async def test_a_list_may_be_in_an_object(desk: Client) -> None:
    job = await ended(desk, await desk.post("/v1/articles", json={"articles": [{"id": "a", "text": "A."}]}))
    assert told(job) == [("#1", "a", "created")]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": "T"}, "text"),
        ({"title": "T", "text": " \n"}, "text"),
        ({"title": ["T"], "text": "a"}, "title"),
        ({"title": "T" * 1001, "text": "a"}, "title"),
        ({"title": "T", "text": "a", "published": "tomorrow"}, "published"),
        ({"title": "T", "text": "a", "outlet": "o" * 1001}, "outlet"),
        ({"title": "T", "text": "a", "id": "a\nb"}, "id"),
        ("text", "body"),
        (7, "body"),
        (None, "body"),
        ([], "body"),
        ({"articles": []}, "body"),
        ({"@type": "Recipe", "name": "Cake", "text": "Eggs."}, "body"),
    ],
)
async def test_what_is_wrong_with_one_article_is_told_at_once(desk: Client, body: object, field: str) -> None:
    response = await desk.post("/v1/articles", content=json.dumps(body), headers=JSON)
    assert response.status_code == 422, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert [one["field"] for one in response.json()["errors"]] == [field]
    assert (await desk.get("/v1/jobs")).json()["jobs"] == []


@pytest.mark.parametrize("body", [b"", b"{", b"[1,]", b"\xff", b"NaN", b"[" * 1000])
async def test_what_is_no_json_is_a_400(desk: Client, body: bytes) -> None:
    response = await desk.post("/v1/articles", content=body, headers=JSON)
    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "body"


@pytest.mark.parametrize(
    "content_type", [None, "text/plain", "text/html", "application/x-www-form-urlencoded", "application/octet-stream"]
)
async def test_other_kinds_of_bodies_are_refused(desk: Client, content_type: str | None) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    response = await desk.post("/v1/articles", content=b'{"title": "T", "text": "a"}', headers=headers)
    assert response.status_code == 415


@pytest.mark.parametrize(
    ("query", "body", "field"),
    [
        ("?restore=true", {"text": "It is made of cheese."}, "restore"),
        ("", {"text": "It is made of cheese.", "url": "javascript:alert(1)"}, "url"),
    ],
)
async def test_a_parameter_that_there_is_not_and_an_address_that_is_none_are_refused(
    desk: Client, query: str, body: dict[str, str], field: str
) -> None:
    response = await desk.post(f"/v1/articles{query}", json=body)
    assert (response.status_code, [one["field"] for one in response.json()["errors"]]) == (422, [field])
    assert (await desk.get("/v1/jobs")).json()["total"] == 0


# Addresses


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"url": "http://127.0.0.1/x"}, ["url"]),
        ({"url": "http://2130706433/"}, ["url"]),
        ({"url": "http://[::ffff:169.254.169.254]/latest"}, ["url"]),
        ({"url": "file:///etc/passwd"}, ["url"]),
        ({"url": "http://user@10.0.0.1/"}, ["url"]),
        ([{"id": "a", "text": "A."}, {"url": "http://127.0.0.1/"}, {"url": "gopher://a/"}], ["1.url", "2.url"]),
        ({"articles": [{"url": "http://10.0.0.1/"}]}, ["articles.0.url"]),
    ],
)
async def test_an_address_that_may_not_be_fetched_is_refused_before_there_is_a_job(
    desk: Client, body: object, fields: list[str]
) -> None:
    response = await desk.post("/v1/articles", json=body)
    problem = response.json()
    assert (response.status_code, problem["type"]) == (422, "urn:groundwire:problem:url-refused")
    assert [one["field"] for one in problem["errors"]] == fields
    assert (await desk.get("/v1/jobs")).json()["total"] == 0


async def test_more_addresses_than_can_be_checked_are_refused(desk: Client) -> None:
    response = await desk.post("/v1/articles", json=[{"url": "http://127.0.0.1/"}] * (MOST_ADDRESSES + 1))
    assert (response.status_code, response.json()["type"]) == (422, "about:blank")


async def test_what_is_at_an_address_is_taken_in(answering: FirstSentence, tmp_path: Path) -> None:
    async def page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1]
        found = {b"/moon.md": b"# Moon\n\nIt is made of cheese, says the page at this address."}.get(asked)
        status, body = ("200 OK", found) if found else ("404 Not Found", b"")
        head = f"HTTP/1.1 {status}\r\nContent-Type: text/markdown\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()

    async with (
        await asyncio.start_server(page, "127.0.0.1", 0) as server,
        Fetcher(allowed=["127.0.0.1"]) as fetcher,
        Jobs(tmp_path / "jobs", answering.store, answering.embedder, fetcher) as jobs,
        AsyncTestClient(make_app(answering, jobs=jobs), base_url="http://127.0.0.1") as client,
    ):
        at = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        response = await client.post("/v1/articles", json=[{"url": f"{at}/moon.md"}, {"url": f"{at}/gone.md"}])
        assert response.json()["total"] is None
        job = await ended(client, response)
    assert told(job) == [
        (f"{at}/moon.md", f"{at}/moon.md".removeprefix("http://"), "created"),
        (f"{at}/gone.md", None, "skipped"),
    ]
    assert "404" in job["items"][1]["reason"]
    assert job["total"] == 2


# Files


async def test_two_hundred_files_of_several_kinds_are_one_job(desk: Client) -> None:
    def file(number: int) -> tuple[str, bytes, str]:
        match number % 5:
            case 0:
                return f"{number}.md", f"# Title {number}\n\nMarkdown {number}.".encode(), "application/octet-stream"
            case 1:
                return f"{number}.txt", f"Title {number}\n\nText {number}.".encode(), "text/plain"
            case 2:
                return f"{number}.json", json.dumps({"title": str(number), "text": f"JSON {number}."}).encode(), ""
            case 3:
                lines = [json.dumps({"id": f"{number}/{line}", "text": f"Line {line}."}) for line in range(2)]
                return f"{number}.jsonl", "\n\n".join(lines).encode(), "application/octet-stream"
        return f"{number}.bin", bytes([number]), "image/png"

    files = [("files", file(number)) for number in range(200)]
    response = await desk.post("/v1/articles", files=files)
    assert response.json()["total"] is None, "a file of JSON lines holds as many as it holds"
    job = await ended(desk, response)
    assert job["counts"] == {"created": 200, "replaced": 0, "unchanged": 0, "skipped": 40}
    assert (job["total"], job["done"], job["status"]) == (240, 240, "done")
    page = (await desk.get(f"/v1/jobs/{job['id']}", params={"limit": 8})).json()
    assert told(page)[:2] == [("0.md", "0", "created"), ("1.txt", "1", "created")]
    assert told(page)[3:] == [
        ("3.jsonl#1", "3/0", "created"),
        ("3.jsonl#3", "3/1", "created"),
        ("4.bin", None, "skipped"),
        ("5.md", "5", "created"),
        ("6.txt", "6", "created"),
    ]
    assert (await desk.get("/v1/articles/10")).json()["title"] == "Title 10"


async def test_a_file_is_told_by_its_name_and_known_by_its_suffix_or_else_its_media_type(desk: Client) -> None:
    files = [
        ("f", ("desk/../a.md", b"# A\n\nA.", "application/pdf")),
        ("f", ("a.md", b"# B\n\nB.", "text/markdown")),
        ("g", ("/etc/notes", "# Caf\xe9\n\nC.".encode("latin-1"), "text/markdown; charset=iso-8859-1")),
    ]
    response = await desk.post("/v1/articles", files=files)
    assert response.json()["total"] == 3
    job = await ended(desk, response)
    assert told(job) == [
        ("desk/a.md", "desk/a", "created"),
        ("a.md", "a", "created"),
        ("etc/notes", "etc/notes", "created"),
    ]
    assert (await desk.get("/v1/articles/etc/notes")).json()["title"] == "Café"


async def test_of_files_with_one_name_the_second_is_told_apart_and_left_out(desk: Client) -> None:
    job = await ended(desk, await desk.post("/v1/articles", files=[("f", ("a.md", b"A.")), ("f", ("a.md", b"B."))]))
    assert told(job) == [("a.md", "a", "created"), ("a (2).md", None, "skipped")]


async def test_a_file_of_one_article_that_is_too_large_loses_nothing_else(desk: Client) -> None:
    files = [("f", ("large.md", b"a " * (LONGEST_FILE // 2 + 1))), ("f", ("b.md", b"B."))]
    job = await ended(desk, await desk.post("/v1/articles", files=files))
    assert told(job) == [("large.md", None, "skipped"), ("b.md", "b", "created")]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (422, b"--b--\r\n"),
        (422, b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nwords\r\n--b--\r\n'),
        (422, b'--b\r\nContent-Disposition: form-data; name="a"; filename=""\r\n\r\n\r\n--b--\r\n'),
        (422, b'--b\r\nContent-Disposition: form-data; name="a"; filename="."\r\n\r\n\r\n--b--\r\n'),
        (422, b'--b\r\nContent-Disposition: form-data; name="a"; filename="a/.."\r\n\r\n\r\n--b--\r\n'),
        (422, b'--b\r\nContent-Disposition: form-data; name="a"; filename="/"\r\n\r\n\r\n--b--\r\n'),
        (400, b""),
        (400, b"nothing"),
        (400, b"--b\r\n\r\n\r\n--b--\r\n"),
        (400, b'--b\r\nContent-Disposition: form-data; name="a"; filename="a.md"\r\n\r\nhalf of a fi'),
        (413, b"--b\r\nX: " + b"x" * 10_000 + b"\r\n\r\n--b--\r\n"),
        (413, b'--b\r\nContent-Disposition: form-data; name="a"; filename="a.md"\r\n\r\n\r\n' * (MOST_FILES + 1)),
    ],
)
async def test_a_form_that_is_none_is_refused_and_leaves_nothing(
    desk: Client, tmp_path: Path, status: int, body: bytes
) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    response = await desk.post("/v1/articles", content=body, headers=headers)
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert list((tmp_path / "jobs/spool").iterdir()) == []
    assert (await desk.get("/v1/jobs")).json()["jobs"] == []


async def test_a_form_needs_its_boundary(desk: Client) -> None:
    response = await desk.post("/v1/articles", content=b"x", headers={"Content-Type": "multipart/form-data"})
    assert response.status_code == 400
    assert "boundary" in response.json()["detail"]


# Limits


async def test_a_body_of_json_has_the_limit_of_put(desk: Client) -> None:
    response = await desk.post("/v1/articles", content=b" " * 41_000_001, headers=JSON)
    assert response.status_code == 413
    assert response.json()["errors"] == [{"field": "body", "message": "is over the limit of 41,000,000 bytes"}]
    assert response.headers["connection"] == "close"


async def test_uploads_have_a_limit_too(desk: Client) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=b", "Content-Length": "1000000001"}
    response = await desk.post("/v1/articles", content=b"--b", headers=headers)
    assert response.status_code == 413
    assert response.json()["errors"] == [{"field": "body", "message": "is over the limit of 1,000,000,000 bytes"}]


async def test_an_article_has_the_limit_of_a_file(desk: Client) -> None:
    response = await desk.post("/v1/articles", json={"title": "T", "text": "x" * LONGEST_FILE})
    assert response.status_code == 422
    assert "over the limit of 20,000,000" in response.json()["detail"]


@pytest.mark.parametrize(
    ("body", "too_many"),
    [
        (b"[" + b"{}," * 1_000_001 + b"{}]", "1,000,000 values"),
        (b"[" + b"1," * 1_000_001 + b"1]", "1,000,000 values"),
        (b"[" + b"1," * 100_000 + b"1]", "100,000 items"),
        (b'{"articles": [' + b"1," * 100_000 + b"1]}", "100,000 items"),
    ],
)
async def test_a_body_of_many_small_things_fills_neither_the_memory_nor_the_queue(
    desk: Client, body: bytes, too_many: str
) -> None:
    response = await desk.post("/v1/articles", content=body, headers=JSON)
    assert response.status_code == 413
    message = f"holds more than {too_many}: send a file of JSON lines"
    assert response.json()["errors"] == [{"field": "body", "message": message}]


async def test_commas_in_an_article_are_not_counted(desk: Client) -> None:
    response = await desk.post("/v1/articles", json={"title": "T", "text": '"a", \\' * 1_000_001})
    assert response.status_code == 202, response.text
    await desk.delete(response.headers["location"])


# Who may


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1.evil.example", "http://127.0.0.1:1", "http://["]
)
async def test_a_page_of_another_origin_stores_nothing(desk: Client, origin: str) -> None:
    files = {"f": ("a.md", b"A.")}
    response = await desk.post("/v1/articles", files=files, headers={"Origin": origin})
    assert response.status_code == 403
    own = await desk.post("/v1/articles", files=files, headers={"Origin": "http://127.0.0.1"})
    assert own.status_code == 202


async def test_pages_that_may_ask_may_not_store(answering: FirstSentence, tmp_path: Path) -> None:
    async with (
        Fetcher() as fetcher,
        Jobs(tmp_path / "jobs", answering.store, answering.embedder, fetcher) as jobs,
        AsyncTestClient(make_app(answering, jobs=jobs, cors_origins=["*"]), base_url="http://127.0.0.1") as client,
    ):
        body = {"title": "T", "text": "a"}
        page = {"Origin": "https://news.example"}
        assert (await client.post("/v1/articles", json=body, headers=page)).status_code == 403
        assert (await client.get("/v1/jobs", headers=page)).headers["access-control-allow-origin"] == "*"


async def test_a_public_name_is_our_own_origin(answering: FirstSentence, tmp_path: Path) -> None:
    async with (
        Fetcher() as fetcher,
        Jobs(tmp_path / "jobs", answering.store, answering.embedder, fetcher) as jobs,
        AsyncTestClient(
            make_app(answering, jobs=jobs, public_url="https://news.example/ask"), base_url="http://127.0.0.1"
        ) as client,
    ):
        headers = {"Origin": "https://news.example"}
        assert (await client.post("/v1/articles", json={"text": "a"}, headers=headers)).status_code == 202


# Jobs


async def test_a_job_that_is_not_there_is_a_404(desk: Client) -> None:
    for response in (await desk.get("/v1/jobs/nothing"), await desk.delete("/v1/jobs/nothing")):
        assert response.status_code == 404
        assert "'nothing'" in response.json()["detail"]


async def test_the_jobs_come_in_pages_the_last_one_first(desk: Client) -> None:
    made = [await desk.post("/v1/articles", json={"text": f"Number {number}."}) for number in range(3)]
    page = (await desk.get("/v1/jobs", params={"limit": 2})).json()
    assert [one["id"] for one in page["jobs"]] == [made[2].json()["id"], made[1].json()["id"]]
    assert (page["total"], page["offset"], page["limit"]) == (3, 0, 2)
    assert (await desk.get("/v1/jobs", params={"limit": 0})).status_code == 422
    response = await desk.get(made[0].headers["location"], params={"outcome": "lost"})
    assert [one["field"] for one in response.json()["errors"]] == ["outcome"]


async def test_a_job_can_be_cancelled_until_it_has_ended(desk: Client) -> None:
    body = [{"id": str(number), "text": f"Number {number}. " * 50} for number in range(500)]
    response = await desk.post("/v1/articles", json=body)
    where = response.headers["location"]
    assert (await desk.delete(where)).status_code == 204
    job = await ended(desk, response)
    assert (job["status"], job["total"]) == ("cancelled", 500)
    assert job["done"] < 500
    again = await desk.delete(where)
    assert (again.status_code, again.json()["detail"]) == (409, f"the job {job['id']} is cancelled already")


async def test_without_jobs_there_are_no_routes_of_them(gate: Client) -> None:
    assert (await gate.post("/v1/articles", json={})).status_code == 405
    assert (await gate.get("/v1/jobs")).status_code == 404


async def test_the_schema_describes_what_may_be_posted(desk: Client) -> None:
    paths = (await desk.get("/schema/openapi.json")).json()["paths"]
    posted = paths["/v1/articles"]["post"]
    assert set(posted["requestBody"]["content"]) == {"application/json", "multipart/form-data"}
    assert set(posted["responses"]) == {"202", "400", "413", "415", "422", "503"} | REFUSALS
    assert set(posted["responses"]["202"]["headers"]) == {"Location"}
    assert set(paths["/v1/jobs/{job_id}"]) == {"get", "delete"}
    assert "example" in json.dumps(paths["/v1/jobs/{job_id}"]["get"]["responses"]["200"])


# Processes that are killed


def articles(count: int) -> list[dict[str, str]]:
    return [
        {"id": f"a/{number}", "title": f"Article {number}", "text": f"Words of {number}."} for number in range(count)
    ]


def upload(count: int) -> dict[str, tuple[str, bytes]]:
    return {"f": ("all.jsonl", "\n".join(json.dumps(one) for one in articles(count)).encode())}


def items(client: httpx.Client, where: str) -> dict[str, str]:
    found = client.get(where, params={"limit": 1000}).json()["items"]
    return {one["name"]: one["outcome"] for one in found}


def finished(client: httpx.Client, where: str, count: int) -> dict[str, Any]:
    """Wait for the end of a job of so many items, as long as it goes on."""
    for number in range(50, count, 50):
        until(lambda number=number: client.get(where).json()["done"] >= number, f"{number} are done")  # type: ignore[misc]
    until(lambda: client.get(where).json()["finished"], "the job has ended")
    job: dict[str, Any] = client.get(where).json()
    return job


def test_a_service_that_is_killed_in_a_job_goes_on_with_it(tmp_path: Path) -> None:
    env = environment(tmp_path / "data", GROUNDWIRE_PORT="0")
    with (
        serving("serve", env=env, out=tmp_path / "out") as (process, address),
        httpx.Client(base_url=address, trust_env=False, timeout=10) as client,
    ):
        where = client.post("/v1/articles", files=upload(300)).headers["location"]
        until(lambda: client.get(where).json()["done"] >= 20, "some are done")
        kept = items(client, where)
        process.kill()
        process.wait()
    assert len(kept) < 300, "it was killed in the middle"
    with (
        serving("serve", env=env, out=tmp_path / "out") as (_, address),
        httpx.Client(base_url=address, trust_env=False, timeout=10) as client,
    ):
        job = finished(client, where, 300)
        assert (job["status"], job["total"], job["done"]) == ("done", 300, 300)
        after = items(client, where)
        assert {name: after[name] for name in kept} == kept
        assert job["counts"]["created"] + job["counts"]["unchanged"] == 300
        assert job["counts"]["unchanged"] <= 2 * UNDER_WAY, "only what was under way is found stored already"
        assert client.get("/v1/articles").json()["total"] == 300
    assert list((tmp_path / "data/jobs/spool").iterdir()) == []


def test_ctrl_c_in_a_job_ends_the_service_within_seconds(tmp_path: Path) -> None:
    env = environment(tmp_path / "data", GROUNDWIRE_PORT="0")
    with (
        serving("serve", env=env, out=tmp_path / "out", log=tmp_path / "log") as (process, address),
        httpx.Client(base_url=address, trust_env=False, timeout=10) as client,
    ):
        where = client.post("/v1/articles", files=upload(300)).headers["location"]
        until(lambda: client.get(where).json()["done"] >= 5, "some are done")
        began = time.monotonic()
        process.terminate()
        process.wait(20)
        assert time.monotonic() - began < 15
        assert "Traceback" not in (tmp_path / "log").read_text(encoding="utf-8")
    with (
        serving("serve", env=env, out=tmp_path / "out") as (_, address),
        httpx.Client(base_url=address, trust_env=False, timeout=10) as client,
    ):
        counts = finished(client, where, 300)["counts"]
        assert counts == {"created": 300, "replaced": 0, "unchanged": 0, "skipped": 0}


def test_of_two_services_on_one_chroma_server_one_takes_over_the_job_of_the_other(
    tmp_path: Path, chroma: tuple[Any, str]
) -> None:
    env = environment(tmp_path / "data", GROUNDWIRE_PORT="0", GROUNDWIRE_CHROMA=chroma[1])
    with (
        serving("serve", env=env, out=tmp_path / "out1") as (first, address1),
        httpx.Client(base_url=address1, trust_env=False, timeout=10) as client1,
        serving("serve", env=env, out=tmp_path / "out2") as (_, address2),
        httpx.Client(base_url=address2, trust_env=False, timeout=10) as client2,
    ):
        where = client2.post("/v1/articles", files=upload(150)).headers["location"]
        until(lambda: client1.get(where).json()["done"] >= 10, "some are done")
        kept = items(client1, where)
        first.kill()  # who was there first works
        first.wait()
        job = finished(client2, where, 150)
        after = items(client2, where)
        assert (job["status"], job["done"]) == ("done", 150)
        assert {name: after[name] for name in kept} == kept
        assert job["counts"]["created"] + job["counts"]["unchanged"] == 150
        assert client2.get("/v1/articles").json()["total"] == 150


def test_a_job_waits_for_a_chroma_server_that_is_gone(tmp_path: Path) -> None:
    port = free_port()
    env = environment(tmp_path / "data", GROUNDWIRE_PORT="0", GROUNDWIRE_CHROMA=f"http://127.0.0.1:{port}")
    with ExitStack() as stack:
        chroma, _ = stack.enter_context(chroma_server(tmp_path / "chroma", port=port))
        _, address = stack.enter_context(serving("serve", env=env, out=tmp_path / "out", log=tmp_path / "log"))
        client = stack.enter_context(httpx.Client(base_url=address, trust_env=False, timeout=10))
        where = client.post("/v1/articles", files=upload(150)).headers["location"]
        until(lambda: client.get(where).json()["done"] >= 10, "some are done")
        chroma.kill()
        chroma.wait()
        why = until(lambda: client.get(where).json()["error"], "it says what it waits for")
        assert why.startswith("waits, to be tried again: Chroma ")
        assert client.get(where).json()["status"] == "running"
        stack.enter_context(chroma_server(tmp_path / "chroma", port=port))
        job = finished(client, where, 150)
        assert (job["status"], job["error"]) == ("done", None)
        assert job["counts"]["created"] + job["counts"]["unchanged"] == 150
        assert client.get("/v1/articles").json()["total"] == 150
