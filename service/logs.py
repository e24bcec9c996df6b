"""Log lines on stderr: text for people, or one JSON object a line for programs; each with its request's id.

A line's fields are the mapping that its message is formatted with: `_log.info("%(method)s %(status)d", fields)`. What
somebody wrote, a question or an article, is in no line, and so the message of an exception is in none either, unless
it is one of our own or the operator asks for questions. Nor can what a client sent forge a line or a field.
"""

import json
import logging
import logging.config
import re
import sys
import threading
import traceback
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Literal

LogFormat = Literal["text", "json"]

request_id: ContextVar[str] = ContextVar("request_id", default="-")
"""The id of the request that is being served; `-` outside of any."""
trace_id: ContextVar[str | None] = ContextVar("trace_id", default=None)
"""The id of the trace that the request is a part of, where traces are kept."""

_FRAMES = 20  # of one exception, the last ones; chosen: a recursion without end has 1,000
_PLAIN = re.compile(r"[\w./:@%+,~#-]+", re.ASCII)  # a value that needs no quotes beside others
# Ours, whose messages say what happened and what to do, by this rule: nothing of a text, nothing of a key.
_OURS = ("retrieval.errors", "service.errors")
# Keys of this service, also in a word or cut short, what follows "Bearer", and the user and password of an address.
_GIVEN_AWAY = r"gw_[0-9a-f]{8}_[0-9a-f]+|(?:(?<=[Bb]earer )|(?<=[Bb]earer%20))[^\s'\",]+|(?<=://)[^/\s@'\"]+(?=@)"
_SIGNS = ("gw_", "earer", "://")  # without one of which there is none of these
_written = json.JSONEncoder(default=str).encode
_LEAST_SECRET = 4  # characters; chosen: the lines would be full of holes


class RequestIdFilter(logging.Filter):
    """Give every record the id of the request that it belongs to, and drop what libraries say below a warning.

    An environment variable such as OPENAI_LOG=debug would make their clients log what they send.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the ids."""
        record.request_id = request_id.get()
        record.trace_id = trace_id.get()
        return record.levelno >= logging.WARNING or record.name.split(".")[0] == "groundwire"


class Lines(logging.Formatter):
    """A record as a line of text, or of JSON; without what is secret."""

    def __init__(self, log_format: LogFormat, secrets: Iterable[str] = (), *, messages: bool = False) -> None:
        """Take what must be in no line; `messages`: those of exceptions may be."""
        super().__init__()
        self._line = self._json if log_format == "json" else self._text
        self._messages = messages
        known = {form for one in secrets if len(one) >= _LEAST_SECRET for form in (one, json.dumps(one)[1:-1])}
        self._secret = re.compile("|".join([*map(re.escape, sorted(known, key=len, reverse=True)), _GIVEN_AWAY]))
        self._signs = (*known, *_SIGNS)

    def format(self, record: logging.LogRecord) -> str:
        """Give the line; one of text is indented where it goes on, so that it forges no other."""
        line = self._line(record)
        if any(sign in line for sign in self._signs):
            line = self._secret.sub("[secret]", line)
        return line

    def _text(self, record: logging.LogRecord) -> str:
        fields = {name: value for name, value in fields_of(record).items() if f"%({name})" not in str(record.msg)}
        if record.__dict__.get("trace_id"):
            fields["trace_id"] = record.__dict__["trace_id"]
        said = "".join(f" {name}={_value(value)}" for name, value in fields.items() if value is not None)
        head = f"{_moment(record)} {record.levelname} {record.__dict__.get('request_id', '-')} {record.name}:"
        lines = [*f"{head} {_message(record)}{said}".split("\n")]
        if record.exc_info and record.exc_info[1]:
            lines += _lines(_described(record.exc_info[1], messages=self._messages))
        return "\n    ".join(map(_shown, lines))

    def _json(self, record: logging.LogRecord) -> str:
        line = fields_of(record) | {
            "time": _moment(record),
            "level": record.levelname,
            "logger": record.name,
            "request_id": record.__dict__.get("request_id", "-"),
            "message": _message(record),
        }
        if record.__dict__.get("trace_id"):
            line["trace_id"] = record.__dict__["trace_id"]
        if record.exc_info and record.exc_info[1]:
            line["exception"] = _described(record.exc_info[1], messages=self._messages)
        first = ("time", "level", "logger", "request_id", "message")
        # In ASCII: no character of a client's can end a line, or move a terminal's cursor.
        return _written({name: line.pop(name) for name in first} | line).replace("\x7f", "\\u007f")


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """Give the fields of a record: what its message is formatted with, by name."""
    return dict(record.args) if isinstance(record.args, Mapping) else {}


def configure_logs(log_format: LogFormat = "text", secrets: Iterable[str] = (), *, messages: bool = False) -> None:
    """Send warnings, and what the service itself says, to stderr.

    Args:
        log_format: `text`, or `json`.
        secrets: what must be in no line, such as the keys of the settings.
        messages: the messages of exceptions may be in them, although these may quote a question or an article.

    """
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "filters": {"request_id": {"()": RequestIdFilter}},
            "formatters": {
                "line": {"()": Lines, "log_format": log_format, "secrets": [*secrets], "messages": messages}
            },
            "handlers": {
                "stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["request_id"]},
            },
            "root": {"level": "WARNING", "handlers": ["stderr"]},
            "loggers": {"groundwire": {"level": "INFO"}},
        }
    )
    logging.captureWarnings(capture=True)
    # What ends a thread, and what no one can catch, would be printed with its message.
    threading.excepthook = lambda failed: _uncaught("a thread", failed.exc_value)
    sys.unraisablehook = lambda failed: _uncaught("what nobody waits for", failed.exc_value)


def _uncaught(where: str, error: BaseException | None) -> None:
    logging.getLogger("groundwire").error("A bug: %s failed", where, exc_info=error)


def _moment(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _message(record: logging.LogRecord) -> str:
    said = record.getMessage()
    # asyncio puts what failed behind its first line, with the exception's message; the exception itself comes, too.
    return said.partition("\n")[0] if record.name == "asyncio" else said


def _value(value: object) -> str:
    said = value if isinstance(value, str) else _written(value)
    return said if _PLAIN.fullmatch(said) else json.dumps(said, ensure_ascii=False)


def _shown(line: str) -> str:
    """Give a line without what a terminal, or a reader of lines, would take for more than a character."""
    return line if line.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)


def _described(error: BaseException, *, messages: bool, known: frozenset[int] = frozenset()) -> dict[str, Any]:
    """Describe an exception, and what it came of: where it was raised, and its message only if that may be said."""
    described: dict[str, Any] = {"type": type(error).__qualname__}
    if messages or type(error).__module__ in _OURS:
        described["message"] = str(error)
    elif isinstance(error, OSError) and error.strerror:
        described["message"] = error.strerror
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    described["at"] = [f"{one.filename}:{one.lineno} in {one.name}" for one in frames]
    known |= {id(error)}
    came_of = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if came_of and id(came_of) not in known:
        described["came_of"] = _described(came_of, messages=messages, known=known)
    if isinstance(error, BaseExceptionGroup):
        described["group"] = [_described(one, messages=messages, known=known) for one in error.exceptions]
    return described


def _lines(described: Mapping[str, Any]) -> list[str]:
    first = f"{described['type']}: {described['message']}" if "message" in described else described["type"]
    lines = [*first.split("\n"), *(f"  {one}" for one in described["at"])]
    if "came_of" in described:
        lines += ["it came of", *_lines(described["came_of"])]
    for one in described.get("group", ()):
        lines += ["with", *_lines(one)]
    return lines
