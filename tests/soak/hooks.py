"""What schemathesis must know of this service: how an export is sent, what a conversation asks, what is not fetched."""

import re
from typing import Any

import schemathesis

_HOST = re.compile(r"https?://", re.IGNORECASE)


@schemathesis.serializer("application/x-ndjson")
def an_export(_context: schemathesis.SerializationContext, value: object) -> bytes:
    """Send it as it is."""
    return str(value).encode(errors="replace")


@schemathesis.hook
def filter_body(_context: schemathesis.HookContext, body: Any) -> bool:  # noqa: ANN401 - what JSON holds
    """Leave out addresses: their hosts would be looked up in the network."""
    several = body if isinstance(body, list) else [body]
    return not any(_HOST.match(str(one.get("url"))) for one in several if isinstance(one, dict))


@schemathesis.hook
def map_body(_context: schemathesis.HookContext, body: Any) -> Any:  # noqa: ANN401 - what JSON holds
    """Let a conversation end with a question that a model may be asked: few random ones do."""
    messages = body.get("messages", body.get("input")) if isinstance(body, dict) else None
    if isinstance(messages, list) and len(messages) % 2:
        messages.append({"role": "user", "content": "When did the annual 2+2 dialogues start?"})
        body["model"] = "groundwire"
    return body
