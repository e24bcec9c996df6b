"""OpenAI's own Python SDK against the service as a process, with a scripted model behind it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio

from tests.clients.openai_sdk import CHECKS, a_client_that_leaves_stops_the_work
from tests.clients.run import newsroom
from tests.model_server import ModelServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

Newsroom = tuple[dict[str, Any], ModelServer]


@pytest_asyncio.fixture(scope="module", loop_scope="module", name="newsroom")
async def _newsroom(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Newsroom]:
    async with newsroom(tmp_path_factory.mktemp("newsroom")) as told_and_model:
        yield told_and_model


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_the_sdk(newsroom: Newsroom, check: Callable[[dict[str, Any]], None]) -> None:
    await asyncio.to_thread(check, newsroom[0])


async def test_the_model_is_left_when_its_reader_leaves(newsroom: Newsroom) -> None:
    newsroom[1].left.clear()
    await asyncio.to_thread(a_client_that_leaves_stops_the_work, newsroom[0])
    async with asyncio.timeout(5):
        await newsroom[1].left.wait()
