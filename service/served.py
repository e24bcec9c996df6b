"""A model behind a server: one deadline, one retry, and one clear sentence for every way in which it can fail."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Awaitable, Mapping, Sequence
from contextlib import aclosing
from http import HTTPStatus
from typing import NamedTuple, Protocol, TypeVar

from prompts.message import Message
from service.errors import FailureKind, WriterUnavailable
from service.settings import Settings
from service.thinking import Reply
from service.types import Usage
from service.wire import Wire, asked_to_wait

# Seconds before the one retry, where the server names none: the first wait of OpenAI's and Anthropic's own clients.
BACK_OFF = 0.5
# Seconds for what a reply used, once it has ended: chosen, as everything that is read is there.
_AFTERWARDS = 1.0

T = TypeVar("T")


class Said(NamedTuple):
    """What one chunk of a reply says."""

    text: str
    ended: str | None  # why the reply ends here, in the server's word
    usage: Usage | None


class Provider(Protocol):
    """A protocol of servers of models, and a model that one of them has."""

    events: bool  # its servers stream server-sent events
    headers: dict[str, str]  # what goes out beside what HTTP needs; with the key
    error: type[Exception]  # what its client raises for an error that the server reports in the middle of a reply

    def stream(self, messages: Sequence[Message], wire: Wire, *, plain: bool) -> AsyncGenerator[Said]:
        """Ask once, through the wire; a plain request has nothing in it that not every model accepts."""


class ServedModel:
    """A language model of any provider."""

    def __init__(self, name: str, provider: Provider, headers: Mapping[str, str], settings: Settings) -> None:
        """Connect to nothing yet."""
        self.name = name
        self.context_window = settings.llm_context_window
        self._provider = provider
        self._headers = headers
        self._timeout = settings.llm_timeout
        self._tls = ssl.create_default_context()  # 30 ms, once
        # Learned from its replies: whether it accepts plain requests only, and begins with thoughts.
        self._plain = False
        self._thinks_first = False

    async def stream(self, messages: Sequence[Message]) -> AsyncGenerator[str | Usage]:
        """Stream the reply; ask a second time where nothing came of the first and it makes sense."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + self._timeout
        plain = self._plain
        for last in (False, True):
            given, failure = False, None
            try:
                async with aclosing(self._ask(messages, deadline, plain=plain)) as pieces:
                    async for piece in pieces:
                        given = True
                        yield piece
            except _Failure as error:
                failure = error
            if not failure:
                self._plain = plain
                return
            words, wait, kind = str(failure), failure.wait, failure.kind
            if last or given or wait is None or (plain and failure.plain):
                break
            if clock() + wait >= deadline:
                words += f"; asking again in {wait:.1f} s would be later than GROUNDWIRE_LLM_TIMEOUT"
                break
            plain |= failure.plain
            await asyncio.sleep(wait)
        # Outside of the handler, so that it carries no other error.
        raise WriterUnavailable(f"The language model {self.name} {words}.", kind)

    async def _ask(self, messages: Sequence[Message], deadline: float, *, plain: bool) -> AsyncGenerator[str | Usage]:
        # A connection for each reply: LlamaIndex's streams hold theirs until the garbage is collected, and a model
        # whose reply nobody reads should stop.
        wire = Wire(self._tls, self._headers, events=self._provider.events)
        reply = Reply(thinks_first=self._thinks_first)
        said, ended, usage, failure = None, None, None, None
        try:
            async with aclosing(self._provider.stream(messages, wire, plain=plain)) as stream:
                while ended not in _CUT_OFF and (said := await _by(deadline, anext(stream, None))):
                    if said.ended and not ended:  # what it used may come behind, and a server may stay on the line
                        deadline = min(deadline, asyncio.get_running_loop().time() + _AFTERWARDS)
                    ended, usage = said.ended or ended, said.usage or usage
                    given = reply.feed(said.text.encode(errors="replace").decode())  # JSON can hold half a character
                    self._thinks_first |= reply.ended_alone
                    if reply.mixed:
                        break
                    if given:
                        yield given
        except TimeoutError as error:
            failure = None if ended else self._failure(wire, error)
        except Exception as error:  # noqa: BLE001 - what a server may send has no bounds, nor what its parsers raise
            failure = self._failure(wire, error)
        rest = reply.end()
        self._thinks_first &= reply.closed  # one reply began with thoughts; where the next does not, others will not
        failure = failure or _unfinished(reply, ended)
        if failure:
            raise failure
        if rest:
            yield rest
        if usage:
            yield usage

    def _failure(self, wire: Wire, error: Exception) -> "_Failure":
        """Say what went wrong by what the wire saw: every client has its own errors for it, and quotes the server."""
        if isinstance(error, TimeoutError):
            return _Failure(f"did not finish within the {self._timeout:g} s of GROUNDWIRE_LLM_TIMEOUT", kind="timeout")
        if wire.endless:
            return _Failure("does not come to an end")
        if wire.status is None and wire.broken:
            words = "cannot be reached: look at GROUNDWIRE_LLM_BASE_URL, and whether its server runs"
            return _Failure(words, BACK_OFF, kind="unreachable")
        if wire.status is None:
            return _Failure(f"could not be asked ({type(error).__name__})")
        if wire.refused:
            return _refusal(wire.status, wire.headers)
        if wire.broken:
            return _Failure("broke off in the middle of its reply", BACK_OFF)
        if isinstance(error, self._provider.error):
            return _Failure("reported an error in the place of its reply", BACK_OFF, kind="server_error")
        return _Failure(f"sent what is no reply ({type(error).__name__})")


class _Failure(Exception):
    """Why one request came to nothing; `wait`: seconds after which another may succeed, None if none will."""

    def __init__(
        self, words: str, wait: float | None = None, *, kind: FailureKind = "broken", plain: bool = False
    ) -> None:
        super().__init__(words)
        self.wait = wait
        self.kind = kind
        self.plain = plain  # if it is a plain one


def _refusal(status: int, headers: Mapping[str, str]) -> _Failure:
    kind: FailureKind = "server_error" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "refused"
    match status:
        case 401 | 403:
            kind = "key"
            advice = ", refusing the key: look at GROUNDWIRE_LLM_API_KEY"
        case 404:
            kind = "not_found"
            advice = ": it is not at its address; look at GROUNDWIRE_LLM and GROUNDWIRE_LLM_BASE_URL"
        case 429:
            kind = "rate_limited"
            advice = ": it is asked too often, or its quota is used up"
        case 400 | 413 | 422:
            advice = ", refusing the request: GROUNDWIRE_LLM_CONTEXT_WINDOW may be larger than its own"
        case 301 | 302 | 303 | 307 | 308:
            advice = ", a redirection: set GROUNDWIRE_LLM_BASE_URL to where it leads"
        case _:
            advice = ""
    words = f"answered HTTP {status}{advice}"
    if status in {408, 409, 429} or status >= HTTPStatus.INTERNAL_SERVER_ERROR:  # what the providers' clients ask again
        asked = asked_to_wait(headers)
        return _Failure(words, BACK_OFF if asked is None else asked, kind=kind)
    # What a model says that takes no temperature, or Mistral's servers to `stream_options`.
    plain = status in {400, 422}
    return _Failure(words, 0.0 if plain else None, kind=kind, plain=plain)


_CUT_OFF: dict[str, tuple[str, FailureKind]] = {
    **dict.fromkeys(
        ["length", "max_tokens", "model_length", "model_context_window_exceeded"],
        ("was cut off by a limit of its server: GROUNDWIRE_LLM_CONTEXT_WINDOW may be larger than its own", "cut_off"),
    ),
    **dict.fromkeys(["content_filter", "refusal"], ("refused to answer", "declined")),
    **dict.fromkeys(["abort", "error"], ("broke off in the middle of its reply", "broken")),
}


def _unfinished(reply: Reply, ended: str | None) -> _Failure | None:
    if reply.mixed:
        return _Failure("mixes its thoughts into its reply: start its server with a parser for them")
    if ended in _CUT_OFF:
        words, kind = _CUT_OFF[ended]
        return _Failure(words, kind=kind)
    if not reply.begun:
        return _Failure("sent an empty reply; GROUNDWIRE_LLM_BASE_URL may not be the address of its API")
    return None if ended else _Failure("broke off in the middle of its reply")


async def _by(deadline: float, awaited: Awaitable[T]) -> T:
    async with asyncio.timeout_at(deadline):
        return await awaited
