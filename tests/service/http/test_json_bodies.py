"""Bodies of JSON: many values are refused before they are made, and few large bodies are in memory at once."""

import asyncio
from collections.abc import AsyncGenerator
from time import process_time

import pytest

from service.http.json_bodies import MOST_VALUES, BodyTooSlow, LargeBodies, TooManyBodies, received
from tests.service.http.conftest import Client

JSON = {"Content-Type": "application/json"}
ARTICLE = "/v1/articles/moon"


def article(rest: bytes) -> bytes:
    return b'{"title": "Moon", "text": "It is made of cheese.", ' + rest + b"}"


@pytest.mark.parametrize(
    "values",
    [
        b"[" + b"[]," * MOST_VALUES + b"0]",
        b"[" + b'{"a":"b"},' * MOST_VALUES + b"0]",
        b"[" + b'"a,",' * MOST_VALUES + b"0]",
        b"[" * MOST_VALUES,
        b'["\\"",' + b"0," * MOST_VALUES + b"0]",
    ],
    ids=["lists", "objects", "strings", "nested", "numbers"],
)
async def test_a_body_of_many_small_values_is_refused(gate: Client, values: bytes) -> None:
    response = await gate.put(ARTICLE, content=article(b'"x": ' + values), headers=JSON)

    assert response.status_code == 413
    assert response.json()["errors"] == [{"field": "body", "message": f"holds more than {MOST_VALUES:,} values"}]


async def test_in_openais_words_too(gate: Client) -> None:
    many = b'{"model": "groundwire", "messages": [], "x": [' + b"[]," * MOST_VALUES + b"0]}"
    response = await gate.post("/v1/chat/completions", content=many, headers=JSON)

    assert (response.status_code, response.json()["error"]["param"]) == (413, "body")


@pytest.mark.parametrize(("where", "field"), [("%s", "body"), ('"options": {%s}', "options")])
async def test_an_object_of_very_many_fields_is_refused_at_once(gate: Client, where: str, field: str) -> None:
    many = ", ".join(f'"x{number}": 1' for number in range(45_000))
    begun = process_time()
    response = await gate.post("/v1/answers", content="{" + where % many + "}", headers=JSON)

    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, field)
    assert process_time() - begun < 0.2


async def test_what_a_text_holds_is_not_counted(client: Client) -> None:
    text = 'It says "[{, \\" and so on. ' * MOST_VALUES
    response = await client.put(ARTICLE, json={"title": "Moon", "text": text[:3_000_000]})

    assert response.status_code == 201


@pytest.mark.parametrize("body", [b'"' * 3_000_001, b'{"a' + b"," * 3_000_000, b"\\" * 3_000_000 + b"," * 200_000])
async def test_a_large_body_that_is_no_json_is_refused(gate: Client, body: bytes) -> None:
    assert (await gate.put(ARTICLE, content=body, headers=JSON)).status_code in {400, 413}


async def test_a_string_that_never_ends_keeps_nobody_waiting(gate: Client) -> None:
    begun = process_time()
    response = await gate.put(
        ARTICLE, content=article(b'"x": [' + b"," * MOST_VALUES + b'"' + b'\\"' * 60_000), headers=JSON
    )

    assert response.status_code == 413
    assert process_time() - begun < 5  # 0.1; where each quotation mark took what is behind it, 15


async def test_a_large_body_waits_for_the_others_and_is_sent_away_after_a_while(client: Client) -> None:
    client.app.state.large_bodies = large = LargeBodies(at_once=1, longest_wait=0.05)
    body = article(b'"url": null, "authors": ["' + b" " * 1_100_000 + b'"]')
    async with large.turn():
        sent_away = await client.put(ARTICLE, content=body, headers=JSON)
        small = await client.put(ARTICLE, content=article(b'"outlet": "The Desk"'), headers=JSON)
    later = await client.put(ARTICLE, content=body, headers=JSON)

    assert (sent_away.status_code, sent_away.headers["retry-after"]) == (503, "2")
    assert small.status_code == 201
    assert later.status_code == 422


async def test_a_client_that_leaves_in_the_middle_gives_its_turn_back() -> None:
    large = LargeBodies(at_once=1, longest_wait=0.05)

    async def chunks(*, broken: bool) -> AsyncGenerator[bytes]:
        yield b"a" * 1_000_001
        if broken:
            raise ConnectionError

    for _ in range(2):
        with pytest.raises(ConnectionError):
            async with received(large, chunks(broken=True)):
                pass
    async with received(large, chunks(broken=False)) as body:
        with pytest.raises(TooManyBodies):
            async with large.turn():
                pass

    assert len(body) == 1_000_001


async def test_a_large_body_that_drips_gives_its_turn_to_others() -> None:
    large = LargeBodies(at_once=1, longest_wait=10, slowest=0.05)

    async def dripping() -> AsyncGenerator[bytes]:
        yield b"a" * 1_000_001
        while True:
            yield b"a"
            await asyncio.sleep(0)

    with pytest.raises(BodyTooSlow, match=r"within 0\.05 s"):
        async with received(large, dripping()):
            pass
    async with large.turn():
        pass


async def test_a_large_body_has_the_time_for_each_of_its_megabytes() -> None:
    large = LargeBodies(slowest=0.2)

    async def steady() -> AsyncGenerator[bytes]:
        for _ in range(6):
            yield b"a" * 1_100_000
            await asyncio.sleep(0.05)

    async with received(large, steady()) as body:
        assert len(body) == 6_600_000
