"""GET /v1/articles; GET, PUT and DELETE /v1/articles/{id}."""

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest

from retrieval.readers import LONGEST_FILE
from service.http.limits import Storing
from tests.conftest import DRONES, STUDENTS
from tests.service.http.conftest import Client


async def test_the_articles_come_in_pages(client: Client) -> None:
    first = (await client.get("/v1/articles", params={"limit": 1})).json()
    assert first.pop("fingerprint")
    assert first == {
        "articles": [DRONES.source.model_dump(mode="json")],
        "total": 2,
        "offset": 0,
        "limit": 1,
    }
    second = (await client.get("/v1/articles", params={"offset": 1})).json()
    assert [one["article_id"] for one in second["articles"]] == [STUDENTS.source.article_id]
    assert second["limit"] == 50
    assert (await client.get("/v1/articles", params={"offset": 2})).json()["articles"] == []


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 1001}, "limit"),
        ({"limit": "x"}, "limit"),
        ({"offset": -1}, "offset"),
        ({"offset": 2**63 - 1}, "offset"),
    ],
)
async def test_a_page_that_cannot_be_is_named(gate: Client, params: dict[str, Any], field: str) -> None:
    response = await gate.get("/v1/articles", params=params)
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [field]


async def test_the_last_page_of_all_is_empty(client: Client) -> None:
    response = await client.get("/v1/articles", params={"offset": 1_000_000_000, "limit": 1000})
    assert response.json()["articles"] == []


async def test_an_article_comes_with_its_text(client: Client) -> None:
    response = await client.get(f"/v1/articles/{quote(STUDENTS.source.article_id)}")
    read = response.json()
    [version] = read.pop("versions")
    assert version["version"] == STUDENTS.source.version
    assert datetime.fromisoformat(version["stored"]) <= datetime.now(UTC)
    assert (read.pop("current"), read.pop("withdrawn")) == (True, None)
    assert read == STUDENTS.source.model_dump(mode="json") | {"text": STUDENTS.text}


async def test_an_article_that_is_not_there_is_a_404_problem(client: Client) -> None:
    response = await client.get("/v1/articles/nothing")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert "'nothing'" in response.json()["detail"]


@pytest.mark.parametrize(
    "article_id",
    ["plain", "a/b/c", "https://news.example/2023//x?y=1#z", "日本/ニュース 🎌", "trailing/", "../up", "50%25", "a+b"],
)
async def test_an_id_may_hold_slashes_and_any_letters(client: Client, article_id: str) -> None:
    path = f"/v1/articles/{quote(article_id, safe='')}"
    stored = await client.put(path, json={"title": "T", "text": "Some words."})
    assert stored.status_code == 201
    assert stored.json()["article_id"] == article_id
    assert (await client.get(path)).json()["article_id"] == article_id


async def test_an_article_is_created_then_unchanged_then_replaced(client: Client) -> None:
    article = {"title": "T", "text": "One.", "published": "2023-11-10T00:00:00Z", "outlet": "O", "credits": ["PTI"]}
    created = await client.put("/v1/articles/new", json=article)
    again = await client.put("/v1/articles/new", json=article)
    replaced = await client.put("/v1/articles/new", json=article | {"text": "Two."})
    assert [one.status_code for one in (created, again, replaced)] == [201, 200, 200]
    assert [one.json()["outcome"] for one in (created, again, replaced)] == ["created", "unchanged", "replaced"]
    assert (await client.get("/v1/articles/new")).json()["text"] == "Two."
    old = await client.get("/v1/articles/new", params={"version": created.json()["version"]})
    assert old.status_code == 200, old.text
    assert old.json()["text"] == "One."
    assert (await client.get("/v1/articles/new", params={"version": "none"})).status_code == 404


async def test_a_stored_article_is_found_at_once(client: Client) -> None:
    await client.put("/v1/articles/moon", json={"title": "Moon", "text": "The moon is made of cheese."})
    hits = (await client.post("/v1/search", json={"question": "moon cheese", "limit": 1})).json()["hits"]
    assert hits[0]["passage"]["source"]["article_id"] == "moon"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": "a"}, "title"),
        ({"title": "a"}, "text"),
        ({"title": "a", "text": " \n "}, "text"),
        ({"title": "", "text": "a"}, "title"),
        ({"title": "a", "text": "a\0"}, "text"),
        ({"title": "a", "text": "b", "published": "2023-11-10T00:00"}, "published"),
        ({"title": "a", "text": "b", "published": "0001-01-01T00:00:00+23:00"}, "published"),
        ({"title": "a", "text": "b", "credits": "PTI"}, "credits"),
        ({"title": "a", "text": "b", "credits": ["PTI", 1, 2]}, "credits.1"),
        ({"title": "a", "text": "b", "id": "c"}, "id"),
        ({"title": "a", "text": "b", "url": "javascript:alert(1)"}, "url"),
        ({"title": "a", "text": "b", "url": "not a url"}, "url"),
        ({"title": "a", "text": "b", "url": "www.example.org/a"}, "url"),
        ({"title": "a", "text": "b", "url": "https://"}, "url"),
    ],
)
async def test_a_wrong_field_of_an_article_is_named(gate: Client, body: dict[str, Any], field: str) -> None:
    response = await gate.put("/v1/articles/new", json=body)
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [field]


async def test_what_is_wrong_is_said_in_our_words_alone(gate: Client) -> None:
    response = await gate.put("/v1/articles/new", json={"title": " ", "text": "b", "url": "ftp://a.example/"})
    assert response.json()["detail"] == "title: holds no words; url: begins with neither http:// nor https://"


@pytest.mark.parametrize(
    ("method", "path", "field"),
    [
        ("PUT", "/v1/articles/drones?restoer=1", "restoer"),
        ("DELETE", "/v1/articles/drones?purge=true&why=x", "why"),
    ],
)
async def test_a_parameter_that_there_is_not_is_named(client: Client, method: str, path: str, field: str) -> None:
    response = await client.request(method, path, json={"title": "a", "text": "b"} if method == "PUT" else None)
    assert (response.status_code, [one["field"] for one in response.json()["errors"]]) == (422, [field])
    assert (await client.get("/v1/articles/drones")).json()["text"] == DRONES.text


@pytest.mark.parametrize("path", ["%ff", "a%00", "a%0Ab", "a%7F", "%20", "x" * 1001])
async def test_an_id_that_no_article_can_have_is_named(gate: Client, path: str) -> None:
    response = await gate.put(f"/v1/articles/{path}", json={"title": "a", "text": "b"})
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == ["article_id"]


async def test_a_file_of_quotation_marks_is_within_the_limit(gate: Client) -> None:
    # All but the title is as long as it may be: that this alone is named says that the body was read.
    body = {"title": "", "text": '"' * LONGEST_FILE}
    response = await gate.put("/v1/articles/quotes", json=body)
    assert [error["field"] for error in response.json()["errors"]] == ["title"]


async def test_an_article_may_be_longer_than_a_question_but_not_than_a_file(client: Client) -> None:
    two = await client.put("/v1/articles/long", json={"title": "a", "text": "word " * 250_000})
    assert two.status_code == 201
    file = await client.put("/v1/articles/longer", json={"title": "a", "text": "x" * (LONGEST_FILE + 1)})
    assert file.status_code == 422
    assert [error["field"] for error in file.json()["errors"]] == ["text"]
    body = await client.put(
        "/v1/articles/longer", content=b" " * 41_000_001, headers={"Content-Type": "application/json"}
    )
    assert body.status_code == 413
    assert body.json()["errors"] == [{"field": "body", "message": "is over the limit of 41,000,000 bytes"}]


WITHDRAWN = "urn:groundwire:problem:withdrawn"


async def test_every_version_resolves_and_says_how_it_stands(client: Client) -> None:
    for text in ("One text.", "Another text.", "One text."):
        await client.put("/v1/articles/a", json={"title": "A", "text": text})
    now = (await client.get("/v1/articles/a")).json()
    one, another, again = now["versions"]
    assert one["version"] == again["version"] == now["version"]
    assert one["stored"] < another["stored"] < again["stored"]
    assert now["current"]

    before = (await client.get("/v1/articles/a", params={"version": another["version"]})).json()

    assert (before["text"], before["current"], before["withdrawn"]) == ("Another text.", False, None)
    assert before["versions"] == now["versions"]


async def test_a_withdrawn_article_is_gone_says_why_and_stays_readable_by_version(client: Client) -> None:
    path = f"/v1/articles/{quote(STUDENTS.source.article_id)}"
    reason = {"reason": "The students were never counted."}

    response = await client.request("DELETE", path, json=reason)

    assert (response.status_code, response.content) == (204, b"")
    kept = (await client.get(path, params={"version": STUDENTS.source.version})).json()
    assert (kept["text"], kept["current"]) == (STUDENTS.text, False)
    assert kept["withdrawn"] | {"at": ""} == reason | {"at": ""}
    assert datetime.fromisoformat(kept["withdrawn"]["at"]) <= datetime.now(UTC)
    for gone in (await client.get(path), await client.delete(path), await client.get(path, params={"version": ""})):
        assert gone.status_code == 410
        problem = gone.json()
        assert problem["type"] == WITHDRAWN
        assert "withdrawn on" in problem["detail"]
        assert "The students were never counted" in problem["detail"]
        assert "is kept" in problem["detail"]
    assert (await client.get(path, params={"version": "none"})).status_code == 404
    listed = (await client.get("/v1/articles")).json()
    assert ([one["article_id"] for one in listed["articles"]], listed["total"]) == (["drones"], 1)
    found = (await client.post("/v1/search", json={"question": "Indian students"})).json()["hits"]
    assert {hit["passage"]["source"]["article_id"] for hit in found} == {"drones"}


@pytest.mark.parametrize("body", [None, {}, {"reason": None}, {"purge": False}])
async def test_a_reason_need_not_be_given(client: Client, body: dict[str, Any] | None) -> None:
    response = await client.request("DELETE", "/v1/articles/drones", json=body)
    assert response.status_code == 204
    gone = await client.get("/v1/articles/drones")
    assert re.search(r"withdrawn on \d+ \w+ \d{4}; its text is kept", gone.json()["detail"])


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"reason": "x" * 1001}, 422, "reason"),
        ({"reason": " "}, 422, "reason"),
        ({"reason": 7}, 422, "reason"),
        ({"purge": "perhaps"}, 422, "purge"),
        ({"why": "x"}, 422, "why"),
        ([], 422, "body"),
    ],
)
async def test_a_withdrawal_that_cannot_be_read_withdraws_nothing(
    client: Client, body: object, status: int, field: str
) -> None:
    response = await client.request("DELETE", "/v1/articles/drones", json=body)
    assert (response.status_code, [one["field"] for one in response.json()["errors"]]) == (status, [field])
    assert (await client.get("/v1/articles/drones")).status_code == 200
    text = await client.request("DELETE", "/v1/articles/drones", content=b"{}", headers={"content-type": "text/plain"})
    assert text.status_code == 415


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("?purge=true&reason=It+was+wrong.", None),
        ("?purge=true", {"reason": "It was wrong."}),
        ("?reason=It+was+wrong.", {"purge": True}),
        ("?purge=true&reason=It+was+wrong.", {"reason": "It was wrong.", "purge": True}),
    ],
)
async def test_a_purge_may_be_asked_for_in_the_query(client: Client, query: str, body: dict[str, Any] | None) -> None:
    response = await client.request("DELETE", f"/v1/articles/drones{query}", json=body)
    assert response.status_code == 204
    gone = await client.get("/v1/articles/drones", params={"version": DRONES.source.version})
    assert gone.status_code == 410
    assert "It was wrong; its text was removed" in gone.json()["detail"]


@pytest.mark.parametrize(
    ("query", "body", "field"),
    [
        ("?purge=perhaps", {}, "purge"),
        ("?reason=+", None, "reason"),
        (f"?reason={'x' * 1001}", None, "reason"),
        ("?purge=true", {"purge": False}, "purge"),
        ("?reason=a", {"reason": "b"}, "reason"),
        ("?reason=a", {"reason": None}, "reason"),
    ],
)
async def test_a_query_that_cannot_be_or_that_the_body_denies_withdraws_nothing(
    client: Client, query: str, body: dict[str, Any] | None, field: str
) -> None:
    response = await client.request("DELETE", f"/v1/articles/drones{query}", json=body)
    assert (response.status_code, [one["field"] for one in response.json()["errors"]]) == (422, [field])
    assert (await client.get("/v1/articles/drones")).status_code == 200


async def test_the_openapi_document_says_what_is_created_and_that_a_withdrawal_needs_no_body(gate: Client) -> None:
    paths = (await gate.get("/schema")).json()["paths"]["/v1/articles/{article_id}"]
    for status in ("200", "201"):
        schema = paths["put"]["responses"][status]["content"]["application/json"]["schema"]
        assert schema["$ref"].endswith("/Stored")
    assert paths["put"]["requestBody"]["required"]
    assert not paths["delete"]["requestBody"].get("required", False)
    assert {one["name"] for one in paths["delete"]["parameters"]} == {"article_id", "reason", "purge"}


async def test_a_reason_may_have_a_thousand_characters(client: Client) -> None:
    assert (await client.request("DELETE", "/v1/articles/drones", json={"reason": "é" * 1000})).status_code == 204


async def test_an_article_that_never_was_cannot_be_withdrawn(client: Client) -> None:
    for body in ({}, {"purge": True}):
        response = await client.request("DELETE", "/v1/articles/never", json=body)
        assert (response.status_code, response.json()["type"]) == (404, "about:blank")


async def test_a_withdrawn_article_comes_back_on_purpose_alone(client: Client) -> None:
    await client.request("DELETE", "/v1/articles/drones", json={"reason": "It was wrong."})
    body = {"title": DRONES.source.title, "text": DRONES.text}

    refused = await client.put("/v1/articles/drones", json=body)

    assert (refused.status_code, refused.json()["type"]) == (409, WITHDRAWN)
    assert "It was wrong" in refused.json()["detail"]
    assert "?restore=true" in refused.json()["detail"]
    assert (await client.put("/v1/articles/drones?restore=perhaps", json=body)).status_code == 422
    response = await client.put("/v1/articles/drones?restore=true", json=body)
    assert (response.status_code, response.json()["outcome"]) == (201, "created")
    assert (await client.get("/v1/articles")).json()["total"] == 2
    again = await client.put("/v1/articles/drones?restore=true", json=body)
    assert (again.status_code, again.json()["outcome"]) == (200, "unchanged")


@pytest.mark.parametrize("first", [None, {"reason": "It was wrong."}], ids=["current", "withdrawn"])
async def test_a_purged_article_is_gone_in_all_versions_and_says_why(
    client: Client, first: dict[str, str] | None
) -> None:
    await client.put("/v1/articles/drones", json={"title": "Drones", "text": "India buys no drones."})
    changed = (await client.get("/v1/articles/drones")).json()["version"]
    if first:
        await client.request("DELETE", "/v1/articles/drones", json=first)

    body = {"purge": True} if first else {"purge": True, "reason": "It was wrong."}
    assert (await client.request("DELETE", "/v1/articles/drones", json=body)).status_code == 204

    for version in (None, "", DRONES.source.version, changed, "never"):
        gone = await client.get("/v1/articles/drones", params={} if version is None else {"version": version})
        assert (gone.status_code, gone.json()["type"]) == (410, WITHDRAWN)
        assert "It was wrong; its text was removed" in gone.json()["detail"]
    assert (await client.delete("/v1/articles/drones")).status_code == 410
    assert (await client.request("DELETE", "/v1/articles/drones", json={"purge": True})).status_code == 204


async def test_articles_that_are_long_together_are_not_stored_at_once(client: Client) -> None:
    client.app.state.storing = storing = Storing(1000)
    with storing.room(900):
        busy = await client.put("/v1/articles/moon", json={"title": "Moon", "text": "It is made of cheese. " * 5})
        short = await client.put("/v1/articles/sun", json={"title": "Sun", "text": "It shines."})
    alone = await client.put("/v1/articles/moon", json={"title": "Moon", "text": "It is made of cheese. " * 500})

    assert (busy.status_code, busy.headers["retry-after"]) == (503, "2")
    assert busy.json()["detail"] == "The service is busy with other articles: send this again in 2 seconds."
    assert (short.status_code, alone.status_code) == (201, 201)


async def test_a_book_that_is_being_stored_leaves_room_for_a_short_article(client: Client) -> None:
    with client.app.state.storing.room(LONGEST_FILE):
        response = await client.put("/v1/articles/moon", json={"title": "Moon", "text": "It is made of cheese."})

    assert response.status_code == 201
