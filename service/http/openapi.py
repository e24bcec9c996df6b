"""The OpenAPI document: Litestar's, and what each request may be refused for before its route sees it."""

from collections.abc import Collection
from dataclasses import dataclass, fields
from typing import Any

from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, OpenAPI, SecurityScheme

from service.http.problems import AI_SDK_ROUTE, MEDIA_TYPE, OPENAI_ROUTES

_EVERYWHERE = {
    400: "The request cannot be read.",
    421: "The service has another name than the `Host` header says.",
}
_WITH_A_KEY = {
    401: "There is no key, or one that counts no more.",
    403: "The key has not the scope for this, or is for pages of other origins.",
    429: "The key has no more requests, or answers at once, for now.",
    503: "The service is busy, being stopped, or cannot do it in time.",
}
_SECONDS = {"Retry-After": {"description": "Seconds after which to ask again.", "schema": {"type": "integer"}}}
_CHALLENGE = {"WWW-Authenticate": {"description": "`Bearer`, and what is wrong.", "schema": {"type": "string"}}}
_HEADERS: dict[int, dict[str, Any]] = {401: _CHALLENGE, 429: _SECONDS, 503: _SECONDS}

KEY = Components(
    security_schemes={
        "key": SecurityScheme(
            type="http",
            scheme="bearer",
            description="What `groundwire keys create` made; as long as there has never been a key, none is needed.",
        )
    }
)


@dataclass
class Described(OpenAPIConfig):
    """Litestar's settings of the document."""

    public: Collection[str] = ()
    """The paths that need no key."""

    def to_openapi_schema(self) -> OpenAPI:
        """Begin the document."""
        begun = super().to_openapi_schema()
        return _Document(**{one.name: getattr(begun, one.name) for one in fields(begun)}, public=self.public)


@dataclass
class _Document(OpenAPI):
    public: Collection[str] = ()

    @property
    def _exclude_fields(self) -> set[str]:
        return super()._exclude_fields | {"public"}

    def to_schema(self) -> dict[str, Any]:
        """Write it."""
        document = super().to_schema()
        for path, item in document["paths"].items():
            needs_key = path not in self.public
            for operation in item.values():
                if needs_key:
                    operation["security"] = [{"key": []}]
                for status, words in (_EVERYWHERE | (_WITH_A_KEY if needs_key else {})).items():
                    refusal = operation["responses"].setdefault(str(status), _refusal(path, words))
                    if needs_key and status in _HEADERS:
                        refusal["headers"] = _HEADERS[status]
        return document


def _refusal(path: str, words: str) -> dict[str, Any]:
    """Describe a refusal in the terms of the protocol that a path speaks."""
    if path.startswith(AI_SDK_ROUTE):
        return {"description": words, "content": {"text/plain": {"schema": {"type": "string"}}}}
    media_type, name = (
        ("application/json", "OpenAIProblem") if path.startswith(OPENAI_ROUTES) else (MEDIA_TYPE, "Problem")
    )
    return {"description": words, "content": {media_type: {"schema": {"$ref": f"#/components/schemas/{name}"}}}}
