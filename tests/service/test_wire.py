"""The wire under a provider's client: how much of a reply it reads, and how long a server asks to wait."""

import ssl
from collections.abc import AsyncIterator, Sequence

import httpx
import pytest
import respx

from service import wire
from service.wire import Wire, asked_to_wait

TLS = ssl.create_default_context()


class Parts(httpx.AsyncByteStream):
    def __init__(self, parts: Sequence[bytes]) -> None:
        self._parts = parts

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            yield part


async def read(parts: Sequence[bytes], *, events: bool) -> bool:
    watched = Wire(TLS, {}, events=events)
    with respx.mock:
        respx.get("http://models.example/").mock(return_value=httpx.Response(200, stream=Parts(parts)))
        async with httpx.AsyncClient(transport=watched) as client:
            try:
                return (await client.get("http://models.example/")).content == b"".join(parts)
            except httpx.ReadError:
                assert watched.endless
                return False


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 64])
@pytest.mark.parametrize("line", [b"\n", b"\r\n", b"\r"])
async def test_any_number_of_events_is_read_but_none_without_an_end(
    size: int, line: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "LONGEST_EVENT", 70)
    event = b"event: x" + line + b"data: y" + line + line
    assert await read(cut(event * 50, size), events=True)
    assert not await read(cut(event + (b"data: y" + line) * 50, size), events=True)
    assert await read(cut(event + (b"data: y" + line) * 50, size), events=False)


async def test_no_more_is_read_than_the_longest_reply(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "LONGEST_REPLY", 100)
    for events in (True, False):
        assert await read([b"\n\n" * 10] * 5, events=events)
        assert not await read([*[b"\n\n" * 10] * 5, b"\n"], events=events)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "3"}, 3.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "-1"}, 0.0),
        ({"retry-after-ms": "250", "retry-after": "900"}, 0.25),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 -0000"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "Wed, 99 Oct 99999999999 07:28:00 GMT"}, None),
    ],
)
def test_how_long_a_server_asks_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert asked_to_wait(httpx.Headers(headers)) == seconds
