"""The routes as one ASGI application, and what holds for every request: its id, its host, its line in the log."""

import re
from collections.abc import Collection, Sequence
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from litestar import Litestar, Request
from litestar.datastructures import Headers, MutableScopeHeaders, State
from litestar.di import Provide
from litestar.exceptions import ClientException, HTTPException
from litestar.openapi.plugins import JsonRenderPlugin, YamlRenderPlugin
from litestar.plugins.pydantic import PydanticPlugin
from litestar.response.base import ASGIResponse
from litestar.router import Router
from litestar.status_codes import HTTP_204_NO_CONTENT, HTTP_421_MISDIRECTED_REQUEST
from litestar.types import HTTPScope, Message, Receive, Send

from service.desk import Answering
from service.http.admission import DEADLINE, Admission, host_name
from service.http.answers import answer, search
from service.http.articles import article, articles, delete_article, put_article
from service.http.chat import EXTRAS_HEADER, extras_of
from service.http.cors import Origins
from service.http.ending import Stopping, ending
from service.http.export import export, import_corpus
from service.http.health import live, ready
from service.http.jobs import cancel_job, job, job_list
from service.http.json_bodies import LargeBodies
from service.http.limits import MOST_ANSWERS, Storing, Turns
from service.http.links import Links
from service.http.metrics import metrics
from service.http.openai import chat_completion, model, models
from service.http.openapi import KEY, Described
from service.http.pages import page_routes
from service.http.posting import post_articles
from service.http.problems import problem_response
from service.http.requests import JsonRequest
from service.http.responses import response
from service.http.sign_in import sign_in_routes
from service.http.ui_stream import ui_chat, ui_chat_stream
from service.http.unread import Body
from service.jobs import Jobs
from service.keys import Keys, visit
from service.logs import request_id
from service.observing import Observed, Observer, Seen
from service.readiness import Readiness
from service.types import ChatExtra

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

_SECURITY_HEADERS = {
    # For all that is no page of ours: should a browser show it after all, nothing in it runs or loads.
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",  # no page of another origin shows what it may not read
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
    # Not strict-transport-security: whether a host is to be asked by https alone, its proxy knows.
}
_SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")


def make_app(  # noqa: PLR0913 - one parameter for each thing that an operator can choose
    answering: Answering,
    *,
    hosts: Collection[str] | None = LOOPBACK,
    public_url: str | None = None,
    cors_origins: Sequence[str] = (),
    chat_extras: Collection[ChatExtra] = (),
    jobs: Jobs | None = None,
    observer: Observer | None = None,
    stopping: Stopping | None = None,
    keys: Keys | None = None,
    local_token: str | None = None,
    request_timeout: float = DEADLINE,
    most_answers: int = MOST_ANSWERS,
) -> "Service":
    """Make the application.

    Args:
        answering: what answers, searches and holds the store; its owner closes it.
        hosts: the names that a request may call the service by, None for any. As long as there is no key, a web page
            whose name is made to resolve to 127.0.0.1 (DNS rebinding) must not reach a service on this machine; where
            any name will do, nothing is open without a key.
        public_url: what links to this service begin with; the request's own origin if there is none.
        cors_origins: the origins whose pages may read and ask (not store nor delete), `*` for all.
        chat_extras: what the chat protocols carry unasked; a request's header has the last word.
        jobs: what works on articles that are posted, without which none can be; its owner closes it.
        observer: what the application is observed with; one of its own if there is none.
        stopping: what tells that the service is being stopped, and ends its requests.
        keys: who may do what; as long as there has never been a key, this machine may do all.
        local_token: what may do all, too: commands on this machine have it.
        request_timeout: seconds that a request has; the routes that take longer say so themselves.
        most_answers: how many questions are worked on at once; others wait their turn.

    """
    seen_by = observer or Observer()
    readiness = Readiness(answering, seen_by)
    in_turn = Turns(Observed(answering, seen_by, lambda: ending.get().error), most_answers)
    seen_by.metrics.waiting.set_function(lambda: in_turn.waiting)

    async def provide() -> Answering:
        return in_turn

    async def provide_observer() -> Observer:
        return seen_by

    async def provide_readiness() -> Readiness:
        return readiness

    async def provide_jobs() -> Jobs | None:
        return jobs

    async def provide_keys() -> Keys | None:
        return keys

    async def provide_links(request: Request[Any, Any, Any]) -> Links:
        try:
            return Links(public_url or str(request.base_url).rstrip("/"))
        except ValueError as error:  # of a port that is none
            raise ClientException("the Host header is no name and port") from error

    async def provide_extras(request: Request[Any, Any, Any]) -> frozenset[ChatExtra]:
        return extras_of(request.headers.get(EXTRAS_HEADER), chat_extras)

    stopped_by = stopping or Stopping()

    async def provide_stopping() -> Stopping:
        return stopped_by

    routes = [
        answer,
        search,
        articles,
        article,
        put_article,
        delete_article,
        export,
        import_corpus,
        live,
        ready,
        metrics,
        models,
        model,
        chat_completion,
        response,
        ui_chat,
        ui_chat_stream,
        *page_routes,
        *sign_in_routes,
        *([post_articles, job_list, job, cancel_job] if jobs else []),
    ]
    return Service(
        hosts=hosts,
        observer=seen_by,
        stopping=stopped_by,
        origins=Origins(cors_origins, keys),
        middleware=[
            Admission(
                keys,
                urlsplit(public_url or "").netloc,
                loopback=hosts is not None,
                local_token=local_token,
                deadline=request_timeout,
            )
        ],
        route_handlers=routes,
        dependencies={
            "answering": Provide(provide),
            "jobs": Provide(provide_jobs),
            "observer": Provide(provide_observer),
            "readiness": Provide(provide_readiness),
            "keys": Provide(provide_keys),
            "stopping": Provide(provide_stopping),
            "links": Provide(provide_links),
            "extras": Provide(provide_extras),
        },
        request_class=JsonRequest,
        state=State({"large_bodies": LargeBodies(), "storing": Storing()}),
        plugins=[PydanticPlugin(validate_strict=None)],  # type: ignore[arg-type]  # False would make strict fields lax
        exception_handlers={HTTPException: problem_response, Exception: problem_response},
        logging_config=None,  # the process configures its logs, a library does not
        openapi_config=Described(
            title="groundwire",
            version=version("groundwire"),
            description="Answers in which every sentence is proved against the exact words of its sources.",
            # No documentation page: all that Litestar has load their scripts from another host.
            render_plugins=[JsonRenderPlugin(path=["/", "/openapi.json"]), YamlRenderPlugin()],
            components=KEY,
            public=[path for route in routes for path in route.paths if route.opt["scope"] is None],
            openapi_router=Router("/schema", route_handlers=[], include_in_schema=False, opt={"scope": "read"}),
        ),
    )


class Service(Litestar):
    """Litestar, and what must hold for requests that no route matches too: its middleware never sees those."""

    __slots__ = ("_hosts", "_observer", "_origins", "_stopping")

    def __init__(
        self,
        *,
        hosts: Collection[str] | None,
        observer: Observer,
        stopping: Stopping,
        origins: Origins,
        **options: Any,  # noqa: ANN401 - Litestar's own
    ) -> None:
        """Take its names, what observes it, what ends it, its readers elsewhere, and Litestar's options."""
        self._hosts = hosts
        self._observer = observer
        self._stopping = stopping
        self._origins = origins
        super().__init__(**options)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - Litestar's unions of ASGI types
        """Serve a request under its id."""
        if scope["type"] == "http":
            await self._serve(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    async def _serve(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        headers = Headers.from_scope(scope)
        sent = headers.get("x-request-id", "")
        visit.set(None)
        with self._observer.request(scope, sent if _SANE_ID.fullmatch(sent) else uuid4().hex) as seen:
            await self._answer(scope, headers, seen, seen.receiving(receive), seen.sending(send))

    async def _answer(self, scope: HTTPScope, headers: Headers, seen: Seen, receive: Receive, send: Send) -> None:
        # What can be got can be asked about: HEAD is GET without the body.
        routed: HTTPScope = {**scope, "method": "GET" if scope["method"] == "HEAD" else scope["method"]}
        body = Body(headers, receive, send)

        async def identified(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._finish(MutableScopeHeaders.from_message(message), headers)
            elif message["type"] == "http.response.body" and scope["method"] == "HEAD":
                message = {**message, "body": b""}
            await body.send(message)

        try:
            with self._stopping.request() as one, one.within():
                if problem := self._misdirected(headers.getall("host", [])):
                    await self._refuse(scope, receive, identified, problem)
                elif (allowed := self._origins.preflight(scope["method"], headers)) is not None:
                    await ASGIResponse(status_code=HTTP_204_NO_CONTENT, headers=allowed)(scope, receive, identified)
                else:
                    await super().__call__(routed, body.receive, identified)
        except HTTPException as error:
            # What ended the request. A response in its middle stays without its end, and the server hangs up.
            if not seen.status:
                await self._refuse(scope, receive, identified, error)
        finally:
            seen.route = routed.get("path_template")

    def _finish(self, sent: MutableScopeHeaders, asked: Headers) -> None:
        """Give a response the headers that all have."""
        key = visit.get()
        sent["x-request-id"] = request_id.get()
        if self._stopping.begun:
            sent["connection"] = "close"  # nobody must send into what is closed soon
        if key:
            sent["cache-control"] = "no-store"  # also of a page that others may keep
        for name, value in _SECURITY_HEADERS.items():
            sent.setdefault(name, value)
        self._origins.mark(sent, asked, key)

    def _misdirected(self, called: Sequence[str]) -> ClientException | None:
        """Tell whether a request calls the service by a name that it has not: RFC 9110, 7.4, and RFC 9112, 3.2."""
        if len(called) > 1:
            return ClientException("there are several Host headers")
        if self._hosts is None or host_name("".join(called)) in self._hosts:
            return None
        names = ", ".join(sorted(self._hosts))
        return ClientException(f"the Host header is none of {names}", status_code=HTTP_421_MISDIRECTED_REQUEST)

    async def _refuse(self, scope: HTTPScope, receive: Receive, send: Send, error: HTTPException) -> None:
        scope["litestar_app"] = scope["app"] = self
        request: Request[Any, Any, Any] = Request(scope, receive, send)
        response = problem_response(request, error).to_asgi_response(app=None, request=request)
        await response(scope, receive, send)
