"""Clients of the application, without a socket: one with articles behind it, one that no request may pass."""

from collections.abc import AsyncIterator, Sequence

import pytest
from litestar.testing import AsyncTestClient

from service.http.app import Service, make_app
from service.keys import Key, Keys
from tests.fakes import FirstSentence, Unasked

Client = AsyncTestClient[Service]
REFUSALS = {"401", "403", "421", "429"}
"""What the OpenAPI document says of every request that needs a key, beside what its route says."""


@pytest.fixture
async def client(answering: FirstSentence) -> AsyncIterator[Client]:
    async with AsyncTestClient(make_app(answering), base_url="http://127.0.0.1") as client:
        yield client


@pytest.fixture
async def gate() -> AsyncIterator[Client]:
    async with AsyncTestClient(make_app(Unasked()), base_url="http://127.0.0.1") as client:
        yield client


class FreshKeys(Keys):
    """Looks at its file whenever it is asked, and not each second."""

    @property
    def none_yet(self) -> bool:
        self.refresh()
        return super().none_yet

    @property
    def live(self) -> Sequence[Key]:
        self.refresh()
        return super().live

    def find(self, token: str) -> Key | None:
        self.refresh()
        return super().find(token)
