"""POST /v1/answers and POST /v1/search."""

import json
import logging
from typing import Any

import httpx
import pytest

from service.errors import WriterUnavailable
from tests.fakes import FirstSentence
from tests.service.http.conftest import Client

ROUTES = ["/v1/answers", "/v1/search"]


def events(response: httpx.Response) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for block in response.text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        if fields:
            found.append((fields["event"], json.loads(fields["data"])))
    return found


async def test_an_answer_cites_words_that_stand_in_the_article(client: Client) -> None:
    answer = (await client.post("/v1/answers", json={"question": "How many drones?"})).json()
    assert answer["answered"]
    [citation] = answer["citations"]
    article = (await client.get(f"/v1/articles/{answer['sources'][0]['article_id']}")).json()
    assert article["text"][citation["start"] : citation["end"]] == citation["quote"]


@pytest.mark.parametrize(
    ("headers", "body"),
    [({"Accept": "text/event-stream"}, {}), ({}, {"stream": True})],
    ids=["by the Accept header", "by the body"],
)
async def test_a_stream_moves_by_sentences_and_ends_with_the_whole_answer(
    client: Client, headers: dict[str, str], body: dict[str, Any]
) -> None:
    question = {"question": "How many drones?"}
    response = await client.post("/v1/answers", json=question | body, headers=headers)
    assert response.headers["content-type"].startswith("text/event-stream")
    names, data = zip(*events(response), strict=True)
    assert names == ("searched", "sentence", "answered")
    whole = (await client.post("/v1/answers", json=question)).json()
    assert data[2]["answer"] == whole
    assert data[1]["text"] == whole["text"]
    assert data[0]["hits"]


async def test_the_answerer_is_asked_exactly_what_the_client_asked(client: Client, answering: FirstSentence) -> None:
    body = {
        "question": " Who? ",
        "history": [{"role": "user", "text": "India?"}],
        "scope": {"outlets": ["The Desk"]},
        "as_of": "2023-11-10T12:13:00+05:30",
    }
    await client.post("/v1/answers", json=body)
    [asked] = answering.asked
    assert asked.question == "Who?"
    assert asked.history[0].text == "India?"
    assert asked.scope.outlets == ("The Desk",)
    assert asked.as_of
    assert asked.as_of.isoformat() == body["as_of"]


async def test_abstaining_is_a_result_and_no_error(client: Client) -> None:
    response = await client.post("/v1/answers", json={"question": "Drones?", "scope": {"outlets": ["None"]}})
    assert response.status_code == 200
    answer = response.json()
    assert not answer["answered"]
    assert answer["abstained"]["reason"] == "nothing_relevant"


async def test_an_error_in_the_middle_of_a_stream_is_its_last_event(client: Client, answering: FirstSentence) -> None:
    answering.error = WriterUnavailable("the model is away")
    response = await client.post("/v1/answers", json={"question": "Drones?", "stream": True})
    [_, (name, data)] = events(response)
    assert name == "failed"
    assert data["error"]["status"] == 503
    assert data["error"]["detail"] == "the model is away"
    assert data["error"]["request_id"] == response.headers["x-request-id"]


async def test_a_writer_that_is_away_is_a_503_problem(client: Client, answering: FirstSentence) -> None:
    answering.error = WriterUnavailable("the model is away")
    response = await client.post("/v1/answers", json={"question": "Drones?"})
    assert response.status_code == 503
    assert response.json()["detail"] == "the model is away"


async def test_a_bug_is_told_to_the_log_and_not_to_the_client(
    client: Client, answering: FirstSentence, caplog: pytest.LogCaptureFixture
) -> None:
    answering.error = ZeroDivisionError("a secret of the code")
    with caplog.at_level(logging.ERROR):
        response = await client.post("/v1/answers", json={"question": "Drones?"}, headers={"x-request-id": "r-1"})
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["request_id"] == "r-1"
    assert "secret" not in response.text
    assert "Traceback" not in response.text
    assert "ZeroDivisionError" in caplog.text


async def test_a_search_gives_ten_hits_at_most_unless_told_otherwise(client: Client, answering: FirstSentence) -> None:
    assert (await client.post("/v1/search", json={"question": "drones"})).json()["hits"]
    assert answering.asked[0].limit == 10  # type: ignore[attr-defined]  # a SearchRequest
    hits = (await client.post("/v1/search", json={"question": "drones", "limit": 1})).json()["hits"]
    assert [hit["passage"]["source"]["article_id"] for hit in hits] == ["drones"]


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "question"),
        ({"question": ""}, "question"),
        ({"question": " \n"}, "question"),
        ({"question": "x" * 3000}, "question"),
        ({"question": 5}, "question"),
        ({"question": None}, "question"),
        ({"question": ["a"]}, "question"),
        ({"question": "a\0b"}, "question"),
        ({"question": "a", "what": 1}, "what"),
        ({"question": "a", "history": "b"}, "history"),
        ({"question": "a", "history": [{"role": "system", "text": "b"}]}, "history.0.role"),
        ({"question": "a", "history": [{"role": "user", "text": "b\0"}]}, "history.0.text"),
        ({"question": "a", "history": [{"role": "user", "text": "b"}] * 41}, "history"),
        ({"question": "a", "scope": 5}, "scope"),
        ({"question": "a", "scope": {"after": "yesterday"}}, "scope.after"),
        ({"question": "a", "scope": {"after": "2023-11-10T00:00:00"}}, "scope.after"),
        ({"question": "a", "as_of": "soon"}, "as_of"),
        ({"question": "a", "options": {"hits": True}}, "options.hits"),
        ({"question": "a", "options": {"include_hits": "yes"}}, "options.include_hits"),
        ([], "body"),
        ("question", "body"),
        (None, "body"),
        (5, "body"),
    ],
)
async def test_a_wrong_field_is_named(gate: Client, route: str, body: object, field: str) -> None:
    response = await gate.post(route, content=json.dumps(body), headers={"Content-Type": "application/json"})
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert field in [error["field"] for error in response.json()["errors"]]
    assert "Request" not in response.json()["detail"], "the name of a Python class is nothing to a client"


async def test_a_stream_is_true_or_false(gate: Client) -> None:
    for stream in ("yes", 1):
        response = await gate.post("/v1/answers", json={"question": "a", "stream": stream})
        assert [error["field"] for error in response.json()["errors"]] == ["stream"]


async def test_a_limit_beyond_its_bounds_is_named(gate: Client) -> None:
    for limit in (0, 101, 1.5, "many", True, "5"):
        response = await gate.post("/v1/search", json={"question": "a", "limit": limit})
        assert [error["field"] for error in response.json()["errors"]] == ["limit"]


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"question=a",
        b'{"question": "\xff"}',
        b'{"question": "\\ud800"}',
        b'{"question": "a\0"}',
        b'{"question": NaN}',
        b'{"question": "a"}{',
        b"[" * 100_000,
        b'{"scope":' * 100_000,
        '{"question": "a"}'.encode("utf-16"),
    ],
    ids=lambda body: repr(body[:24]),
)
async def test_a_body_that_is_no_json_is_a_400(gate: Client, route: str, body: bytes) -> None:
    response = await gate.post(route, content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"
    [error] = response.json()["errors"]
    assert error["field"] == "body"
    assert "is not JSON in UTF-8" in response.json()["detail"]


@pytest.mark.parametrize("route", ROUTES)
async def test_of_very_many_wrong_fields_the_first_are_told(gate: Client, route: str) -> None:
    unknown = await gate.post(route, json={"question": "Who?", **{f"x{number}": 1 for number in range(900)}})
    assert [error["field"] for error in unknown.json()["errors"]] == [f"x{number}" for number in range(20)]
    listed = await gate.post(route, json={"question": "Who?", "scope": {"outlets": [1] * 1000}})
    assert [error["field"] for error in listed.json()["errors"]] == ["scope.outlets.0"]


@pytest.mark.parametrize("route", ROUTES)
async def test_an_empty_body_is_no_question(gate: Client, route: str) -> None:
    response = await gate.post(route, headers={"Content-Type": "application/json"})
    assert response.status_code == 422
    assert response.json()["errors"] == [{"field": "body", "message": "must be a JSON object"}]


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonp"])
async def test_a_body_that_is_not_sent_as_json_is_refused(gate: Client, route: str, kind: str) -> None:
    response = await gate.post(route, content=b'{"question": "a"}', headers={"Content-Type": kind})
    assert response.status_code == 415
    assert response.json()["status"] == 415


@pytest.mark.parametrize("route", ROUTES)
async def test_a_body_of_ten_megabytes_is_refused(gate: Client, route: str) -> None:
    response = await gate.post(route, json={"question": "x" * 10_000_000})
    assert response.status_code == 413
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["errors"] == [{"field": "body", "message": "is over the limit of 1,000,000 bytes"}]
    assert "1,000,000 bytes" in response.json()["detail"]
