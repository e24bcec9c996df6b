"""Language models of every provider: what goes out, what comes back, and every way to fail."""

import itertools
import json
import logging
import os
import subprocess
import sys
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
import respx

from prompts.message import Message
from service import served, wire
from service.errors import SettingsError, WriterUnavailable
from service.llm import LanguageModel, open_llm
from service.settings import Settings
from service.types import Usage
from tests.model_protocols import ALL, ANTHROPIC, MESSAGES, OLLAMA, OPENAI, OPENAI_LIKE, WireFormat

KEY = "sk-secret-0123456789"
CHAT = [Message("system", "Rules."), Message("user", "Question: How many {drones}?")]
STREAMED = pytest.mark.parametrize("spoken", ALL, ids=lambda spoken: spoken.model)


@pytest.fixture(autouse=True)
def _nothing_of_the_developer(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = ("OPENAI_", "ANTHROPIC_", "OLLAMA_", "GROUNDWIRE_")
    for name in [name for name in os.environ if name.startswith(ours) or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _nothing_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served, "BACK_OFF", 0.0)
    monkeypatch.setattr(wire, "LONGEST_REPLY", 2**18)


@pytest.fixture(autouse=True)
def _no_network() -> Iterator[None]:
    with respx.mock:
        yield


def opened(spoken: WireFormat, name: str = "", **settings: Any) -> LanguageModel:  # noqa: ANN401 - as Settings takes them
    given = {"llm_api_key": KEY, "llm_base_url": None if spoken is not OPENAI_LIKE else spoken.address} | settings
    return open_llm(name or spoken.model, Settings(**given))


def route(spoken: WireFormat) -> respx.Route:
    return respx.post(f"{spoken.address}{spoken.path}")


def said(spoken: WireFormat, *parts: bytes) -> httpx.Response:
    return httpx.Response(200, content=b"".join(parts), headers={"content-type": spoken.content_type})


async def heard(model: LanguageModel) -> list[str | Usage]:
    return [piece async for piece in model.stream(CHAT)]


async def failing(model: LanguageModel) -> WriterUnavailable:
    with pytest.raises(WriterUnavailable) as caught:
        await heard(model)
    assert str(caught.value).startswith(f"The language model {model.name} ")
    assert str(caught.value).endswith(".")
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert KEY not in "".join(traceback.format_exception(caught.value))
    return caught.value


# What goes out


@STREAMED
async def test_exactly_this_request_goes_out_and_the_key_only_in_its_header(spoken: WireFormat) -> None:
    asked = route(spoken).mock(return_value=said(spoken, spoken.piece("India"), spoken.end()))
    await heard(opened(spoken))
    [call] = asked.calls
    assert json.loads(call.request.content) == spoken.request(spoken.model.partition("/")[2])
    headers = dict(call.request.headers)
    keyed = {"x-api-key": KEY, "anthropic-version": "2023-06-01"} if spoken is ANTHROPIC else {}
    assert headers == {
        "host": httpx.URL(spoken.address).netloc.decode(),
        "connection": "keep-alive",
        "content-length": str(len(call.request.content)),
        "content-type": "application/json",
        "accept": "*/*",
        "accept-encoding": "identity",
        "user-agent": "groundwire",
        **(keyed or {"authorization": f"Bearer {KEY}"}),
    }
    assert KEY not in str(call.request.url)


@STREAMED
async def test_nothing_of_another_service_is_taken_from_the_environment(
    spoken: WireFormat, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (
        *("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ORGANIZATION"),
        *("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_PROFILE", "OLLAMA_API_KEY"),
    ):
        monkeypatch.setenv(name, "theirs")
    for name in ("OPENAI_BASE_URL", "OPENAI_API_BASE", "ANTHROPIC_BASE_URL", "OLLAMA_HOST"):
        monkeypatch.setenv(name, "http://theirs.example/v9")
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "socks5://theirs.example:1080")
    for name in ("OPENAI_CUSTOM_HEADERS", "ANTHROPIC_CUSTOM_HEADERS"):
        monkeypatch.setenv(name, "Authorization: Bearer theirs\nX-Theirs: theirs\nUser-Agent: theirs")
    asked = route(spoken).mock(return_value=said(spoken, spoken.piece("India."), spoken.end()))
    keyless = spoken in (OPENAI_LIKE, OLLAMA)
    await heard(opened(spoken, llm_api_key=None if keyless else KEY))
    [call] = asked.calls
    assert "theirs" not in str(call.request.headers.raw)
    assert ("authorization" in call.request.headers) == (spoken is OPENAI)


@STREAMED
async def test_the_address_is_that_of_the_settings_and_its_password_is_only_a_header(spoken: WireFormat) -> None:
    asked = respx.post(f"https://models.example:8443/v1{spoken.path}")
    asked.mock(return_value=said(spoken, spoken.piece("India."), spoken.end()))
    keyless = spoken in (OPENAI_LIKE, OLLAMA)
    model = opened(
        spoken, llm_base_url="https://me:p%40ss@models.example:8443/v1", llm_api_key=None if keyless else KEY
    )
    await heard(model)
    [call] = asked.calls
    assert str(call.request.url) == f"https://models.example:8443/v1{spoken.path}"
    basic = "Basic bWU6cEBzcw=="
    assert call.request.headers["authorization"] == (f"Bearer {KEY}" if spoken is OPENAI else basic)


@pytest.mark.parametrize("name", ["gpt-5", "gpt-5-mini", "o3", "o4-mini"])
async def test_the_reasoning_models_of_openai_are_asked_for_no_other_temperature_than_theirs(name: str) -> None:
    asked = route(OPENAI).mock(return_value=said(OPENAI, OPENAI.piece("India."), OPENAI.end()))
    await heard(opened(OPENAI, f"openai/{name}"))
    body = json.loads(asked.calls[0].request.content)
    assert body["temperature"] == 1.0
    assert not {"max_tokens", "max_completion_tokens"} & body.keys()


async def test_claude_models_that_take_no_temperature_get_none() -> None:
    asked = route(ANTHROPIC).mock(return_value=said(ANTHROPIC, ANTHROPIC.piece("India."), ANTHROPIC.end()))
    await heard(opened(ANTHROPIC, "anthropic/claude-opus-4-7"))
    assert "temperature" not in json.loads(asked.calls[0].request.content)


@pytest.mark.parametrize(
    ("spoken", "name"),
    [(OPENAI, "openai/gpt-9-nova"), (ANTHROPIC, "anthropic/claude-verse-9"), (OLLAMA, "ollama/new:1b")],
)
async def test_a_model_that_is_newer_than_its_integration_works(spoken: WireFormat, name: str) -> None:
    asked = route(spoken).mock(return_value=said(spoken, spoken.piece("India."), spoken.end()))
    assert await heard(opened(spoken, name)) == ["India.", Usage(input_tokens=100, output_tokens=10)]
    assert json.loads(asked.calls[0].request.content)["model"] == name.partition("/")[2]


@pytest.mark.parametrize("spoken", [OPENAI, OPENAI_LIKE, ANTHROPIC], ids=lambda spoken: spoken.model)
@pytest.mark.parametrize("status", [400, 422])
async def test_what_not_every_model_accepts_is_left_out_once_it_was_refused_and_from_then_on(
    spoken: WireFormat, status: int
) -> None:
    whole = said(spoken, spoken.piece("India."), spoken.end())
    asked = route(spoken).mock(side_effect=[httpx.Response(status), whole, whole])
    model = opened(spoken)
    assert "India." in await heard(model)
    assert "India." in await heard(model)
    first, *plain = [json.loads(call.request.content) for call in asked.calls]
    left_out = {"temperature"} if spoken is ANTHROPIC else {"temperature", "stream_options"}
    assert plain == [{name: value for name, value in first.items() if name not in left_out}] * 2


@STREAMED
async def test_a_request_that_is_refused_without_all_that_is_refused(spoken: WireFormat) -> None:
    whole = said(spoken, spoken.piece("India."), spoken.end())
    asked = route(spoken).mock(side_effect=[quoting(400), quoting(400), quoting(400), whole, quoting(400)])
    model = opened(spoken)
    assert "HTTP 400, refusing the request" in str(await failing(model))
    assert asked.call_count == 2
    await heard(model)
    assert "HTTP 400" in str(await failing(model))
    assert asked.call_count == 5


# What comes back


@STREAMED
async def test_the_reply_comes_piece_by_piece_and_what_it_used_last(spoken: WireFormat) -> None:
    pieces = ["India ", "buys ", "31 drones 🎓. [", "1]"]
    route(spoken).mock(return_value=said(spoken, *map(spoken.piece, pieces), spoken.end(usage=(812, 31))))
    assert await heard(opened(spoken)) == [*pieces, Usage(input_tokens=812, output_tokens=31)]


@STREAMED
async def test_a_server_that_counts_nothing_gives_no_usage(spoken: WireFormat) -> None:
    route(spoken).mock(return_value=said(spoken, spoken.piece("India."), spoken.end(usage=None)))
    assert await heard(opened(spoken)) == ["India."]


@STREAMED
async def test_what_the_server_knows_to_be_thoughts_is_not_of_the_reply(spoken: WireFormat) -> None:
    thoughts = [spoken.thought("The user asks "), spoken.thought("about drones.")]
    route(spoken).mock(return_value=said(spoken, *thoughts, spoken.piece("India."), spoken.end()))
    assert (await heard(opened(spoken)))[0] == "India."


@STREAMED
async def test_thoughts_between_tags_are_not_of_the_reply(spoken: WireFormat) -> None:
    pieces = map(spoken.piece, ["<th", "ink>The user", " asks [1].</", "think>", "India", " buys."])
    route(spoken).mock(return_value=said(spoken, *pieces, spoken.end()))
    assert "".join(map(str, (await heard(opened(spoken)))[:-1])) == "India buys."


async def test_a_model_that_only_ends_its_thoughts_fails_once_and_is_understood_from_then_on() -> None:
    pieces = ["The user asks. ", "I see.</think>", "India ", "buys."]
    whole = said(OPENAI_LIKE, *map(OPENAI_LIKE.piece, pieces), OPENAI_LIKE.end(usage=None))
    route(OPENAI_LIKE).mock(return_value=whole)
    model = opened(OPENAI_LIKE)
    assert "mixes its thoughts into its reply" in str(await failing(model))
    assert await heard(model) == ["India ", "buys."]


async def test_half_a_character_of_json_becomes_a_question_mark() -> None:
    body = OPENAI_LIKE.piece("India \ud83c!")
    route(OPENAI_LIKE).mock(return_value=said(OPENAI_LIKE, body, OPENAI_LIKE.end(usage=None)))
    assert await heard(opened(OPENAI_LIKE)) == ["India ?!"]


# What fails


class Broken(httpx.AsyncByteStream):
    """A connection that is lost after the parts."""

    def __init__(self, *parts: bytes) -> None:
        self._parts = parts

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            yield part
        raise httpx.ReadError("reset")


class Endless(httpx.AsyncByteStream):
    """The same again and again."""

    def __init__(self, part: bytes) -> None:
        self._part = part

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in itertools.repeat(self._part * (2**16 // len(self._part) + 1)):
            yield part


def lost(spoken: WireFormat, *parts: bytes) -> httpx.Response:
    return httpx.Response(200, stream=Broken(*parts), headers={"content-type": spoken.content_type})


def quoting(status: int) -> httpx.Response:
    return httpx.Response(status, json={"error": {"message": f"Incorrect API key provided: {KEY}"}})


def unreachable(_: WireFormat) -> httpx.Response:
    raise httpx.ConnectError(f"refused {KEY}")


FINAL: list[tuple[Callable[[WireFormat], httpx.Response], str]] = [
    (lambda _: quoting(401), "HTTP 401.*GROUNDWIRE_LLM_API_KEY"),
    (lambda _: quoting(403), "HTTP 403.*GROUNDWIRE_LLM_API_KEY"),
    (lambda _: quoting(404), "HTTP 404.*GROUNDWIRE_LLM and GROUNDWIRE_LLM_BASE_URL"),
    (lambda _: httpx.Response(308, headers={"location": "http://elsewhere.example"}), "HTTP 308.*redirection"),
    (lambda _: quoting(418), "HTTP 418"),
    (said, "empty reply"),
    (lambda spoken: said(spoken, spoken.end()), "empty reply"),
    (lambda spoken: said(spoken, spoken.piece(" "), spoken.piece("\n"), spoken.end()), "empty reply"),
    (lambda spoken: said(spoken, spoken.thought("Hm."), spoken.end()), "empty reply"),
    (lambda spoken: said(spoken, spoken.piece("<think>Hm."), spoken.end()), "empty reply"),
    (lambda spoken: said(spoken, spoken.piece("India will not buy")), "broke off"),
    (lambda spoken: lost(spoken, spoken.piece("India will not buy")), "broke off"),
    (lambda spoken: said(spoken, spoken.piece("India will not"), spoken.end("length")), "cut off by a limit"),
    (lambda spoken: said(spoken, spoken.piece("I"), spoken.end("refusal")), "refused to answer"),
    (lambda spoken: said(spoken, spoken.piece("India "), spoken.error(KEY)), "reported an error"),
    (lambda spoken: said(spoken, spoken.piece("India "), b"data: {not json\n\n"), "no reply|broke off"),
    (lambda spoken: said(spoken, spoken.piece("India "), b'data: [1, 2]\n\ndata: "x"\n\n'), "no reply|broke off"),
    (lambda spoken: said(spoken, spoken.piece("India "), b"\xff\xfe\x00data: \xff\n\n"), "no reply|broke off"),
    (lambda _: httpx.Response(200, text="<html>A router's welcome page</html>"), "empty reply|no reply"),
    (lambda _: httpx.Response(200, json={"choices": [{"message": {"content": "India."}}]}), "empty reply|no reply"),
    (lambda _: httpx.Response(204), "empty reply"),
    (lambda _: httpx.Response(200, stream=Endless(b"x")), "does not come to an end"),
    (lambda spoken: httpx.Response(200, stream=Endless(spoken.thought("Hm. " * 20))), "does not come to an end"),
    (lambda spoken: httpx.Response(200, stream=Endless(spoken.piece(""))), "does not come to an end"),
]


@STREAMED
@pytest.mark.parametrize(("failure", "words"), FINAL)
async def test_what_another_request_would_not_change_is_one_request_and_one_clear_error(
    spoken: WireFormat, failure: Callable[[WireFormat], httpx.Response], words: str
) -> None:
    asked = route(spoken).mock(side_effect=lambda _: failure(spoken))
    error = await failing(opened(spoken))
    assert asked.call_count == 1
    with pytest.raises(WriterUnavailable, match=words):
        raise error


PASSING: list[tuple[Callable[[WireFormat], httpx.Response], str]] = [
    (unreachable, "cannot be reached.*GROUNDWIRE_LLM_BASE_URL"),
    *(
        (lambda _, status=status: quoting(status), f"HTTP {status}")
        for status in (408, 409, 429, 500, 502, 503, 504, 529)
    ),
    (lambda _: httpx.Response(429, headers={"retry-after": "0"}), "HTTP 429.*too often"),
    (lambda _: httpx.Response(429, headers={"retry-after": "soon"}), "HTTP 429"),
    (lambda _: httpx.Response(429, headers={"retry-after": "nan"}), "HTTP 429"),
    (lambda _: httpx.Response(503, headers={"retry-after-ms": "1", "retry-after": "900"}), "HTTP 503"),
    (lambda _: httpx.Response(503, headers={"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}), "HTTP 503"),
    (lost, "broke off"),
    (lambda spoken: lost(spoken, spoken.thought("Hm.")), "broke off"),
    (lambda spoken: said(spoken, spoken.error(f"Overloaded; your key is {KEY}")), "reported an error"),
]


@STREAMED
@pytest.mark.parametrize(("failure", "words"), PASSING)
async def test_what_may_pass_is_asked_once_more(
    spoken: WireFormat, failure: Callable[[WireFormat], httpx.Response], words: str
) -> None:
    whole = said(spoken, spoken.piece("India."), spoken.end(usage=None))
    answers = itertools.chain([failure, lambda _: whole], itertools.repeat(failure))
    asked = route(spoken).mock(side_effect=lambda _: next(answers)(spoken))
    assert await heard(opened(spoken)) == ["India."]
    assert asked.call_count == 2
    with pytest.raises(WriterUnavailable, match=words):
        raise await failing(opened(spoken))
    assert asked.call_count == 4


@STREAMED
@pytest.mark.parametrize(
    "headers",
    [
        {"retry-after": "61"},
        {"retry-after-ms": "61000"},
        {"retry-after": format_datetime(datetime.now(UTC) + timedelta(days=1), usegmt=True)},
    ],
)
async def test_a_server_that_asks_for_more_time_than_there_is_fails_at_once(
    spoken: WireFormat, headers: dict[str, str]
) -> None:
    asked = route(spoken).mock(return_value=httpx.Response(429, headers=headers))
    assert "later than GROUNDWIRE_LLM_TIMEOUT" in str(await failing(opened(spoken)))
    assert asked.call_count == 1


@STREAMED
async def test_a_second_request_is_never_made_once_something_was_given(spoken: WireFormat) -> None:
    asked = route(spoken).mock(side_effect=lambda _: lost(spoken, spoken.piece("India ")))
    await failing(opened(spoken))
    assert asked.call_count == 1


@STREAMED
@pytest.mark.parametrize("failure", [quoting(401), quoting(500), None])
async def test_no_log_line_has_the_key_however_much_is_logged(
    spoken: WireFormat, failure: httpx.Response | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answer = failure or said(spoken, spoken.piece("India "), spoken.error(f"Your key is {KEY}"))
    respx.post(f"https://models.example/v1{spoken.path}").mock(return_value=answer)
    await failing(opened(spoken, llm_base_url=f"https://me:{KEY}@models.example/v1"))
    assert any(record.name == "httpx" for record in caplog.records) or failure
    assert KEY not in caplog.text
    assert not [record for record in caplog.records if KEY in repr(record.__dict__)]


async def test_more_bytes_than_any_reply_has_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    body = said(OPENAI_LIKE, OPENAI_LIKE.piece("India."), OPENAI_LIKE.end(usage=None))
    route(OPENAI_LIKE).mock(return_value=body)
    monkeypatch.setattr(wire, "LONGEST_REPLY", len(body.content))
    assert await heard(opened(OPENAI_LIKE)) == ["India."]
    monkeypatch.setattr(wire, "LONGEST_REPLY", len(body.content) - 1)
    assert "does not come to an end" in str(await failing(opened(OPENAI_LIKE)))


def test_llamaindex_is_imported_when_a_model_is_opened_and_nothing_of_it_at_the_first_question() -> None:
    script = """
import sys
from service.llm import open_llm
from service.settings import Settings
assert not {"llama_index", "openai", "anthropic", "ollama"} & sys.modules.keys()
open_llm("openai-like/news-7b", Settings(llm_base_url="http://127.0.0.1:9/v1"))
assert {"llama_index.llms.openai_like", "openai.resources.chat.completions.completions"} <= sys.modules.keys()
assert not {"anthropic", "ollama"} & sys.modules.keys()
"""
    subprocess.run([sys.executable, "-c", script], check=True)


# What cannot be opened


def test_a_missing_address_names_its_variable() -> None:
    with pytest.raises(SettingsError, match="GROUNDWIRE_LLM_BASE_URL"):
        open_llm("openai-like/news-7b", Settings())


@pytest.mark.parametrize("name", ["openai/gpt-4o", "anthropic/claude-sonnet-4-5"])
@pytest.mark.parametrize("key", [None, " "])
def test_a_missing_key_names_its_variable(name: str, key: str | None) -> None:
    with pytest.raises(SettingsError, match=f"{name}.*GROUNDWIRE_LLM_API_KEY"):
        open_llm(name, Settings(llm_api_key=key))


@pytest.mark.parametrize("key", [f"{KEY}\u2028x", f"{KEY}\nX-Evil: 1", f"{KEY}€"])
def test_a_key_that_no_header_can_carry_is_refused_without_being_told(key: str) -> None:
    with pytest.raises(SettingsError, match="GROUNDWIRE_LLM_API_KEY") as caught:
        open_llm("openai/gpt-4o", Settings(llm_api_key=key))
    assert KEY not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("address", ["http://", f"http://host/v1?key={KEY}", "http://host:port/v1"])
def test_an_address_that_cannot_be_one_names_its_variable(address: str) -> None:
    with pytest.raises(SettingsError, match="GROUNDWIRE_LLM_BASE_URL") as caught:
        open_llm("openai-like/news-7b", Settings(llm_base_url=address))
    assert KEY not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("openai/gpt-4o", "llama_index.llms.openai_like"),
        ("ollama/llama3.1", "llama_index.llms.ollama"),
        ("ollama/llama3.1", "ollama"),
        ("anthropic/claude-sonnet-4-5", "llama_index.llms.anthropic"),
        ("anthropic/claude-sonnet-4-5", "anthropic"),
    ],
)
def test_a_missing_extra_names_the_command(name: str, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(SettingsError) as caught:
        open_llm(name, Settings(llm_api_key=KEY))
    assert f'pip install "groundwire[{name.partition("/")[0]}]"' in str(caught.value)


@pytest.mark.parametrize("name", ["extractive", "openai/", "cohere/command"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="no such model"):
        open_llm(name, Settings(llm_api_key=KEY))


def test_a_model_that_chat_completions_do_not_serve_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"cannot be opened: .*gpt-5"):
        open_llm("openai/gpt-5.2-pro", Settings(llm_api_key=KEY))


def test_a_model_has_its_name_and_the_context_window_of_the_settings() -> None:
    model = opened(OPENAI_LIKE, "openai-like/org/news-7b", llm_context_window=4096)
    assert (model.name, model.context_window) == ("openai-like/org/news-7b", 4096)


def test_the_messages_of_these_tests_are_those_of_the_wire() -> None:
    assert [{"role": one.role, "content": one.content} for one in CHAT] == MESSAGES
