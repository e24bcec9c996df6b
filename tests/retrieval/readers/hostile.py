"""Readers that fail in every way, for the process that they are confined to."""

import os
import signal
import sys
import time
from pathlib import Path

from retrieval.readers.fields import Address, Fields, Hints, NoArticle, moment_of


def echo(data: bytes, hints: Hints) -> list[Fields | Address | NoArticle]:
    """Find an article, an address and none."""
    article = Fields(
        data.decode("utf-8", "surrogatepass"),
        title=hints.charset,
        published=moment_of("2023-11-10T12:13:00.5+05:30"),
        url=hints.url,
        authors=("A", "B"),
        is_summary=True,
    )
    return [article, Address("https://desk.example/1"), NoArticle("no text")]


def process_id(_: bytes, __: Hints) -> list[Fields]:
    return [Fields(str(os.getpid()))]


def variables(_: bytes, __: Hints) -> list[Fields]:
    return [Fields(" ".join(os.environ))]


def hang(_: bytes, __: Hints) -> list[Fields]:
    while True:
        pass


def sleep(data: bytes, _: Hints) -> list[Fields]:
    """Say who sleeps, in the file that the document names, and sleep."""
    Path(data.decode()).write_text(str(os.getpid()))
    time.sleep(600)
    return []


def eat(_: bytes, __: Hints) -> list[Fields]:
    return [Fields("x" * 10**9 + "y" * 10**9)]


def crash(_: bytes, __: Hints) -> list[Fields]:
    os.kill(os.getpid(), signal.SIGSEGV)
    return []


def crash_when_used(_: bytes, __: Hints) -> list[Fields]:
    """Crash where something was read before, as if that had broken the process."""
    if "_been_here" in globals():
        os.kill(os.getpid(), signal.SIGSEGV)
    globals()["_been_here"] = True
    return [Fields("whole")]


def leave(_: bytes, __: Hints) -> list[Fields]:
    sys.exit(3)


def refuse(_: bytes, __: Hints) -> list[Fields]:
    raise NoArticle("not a page")


def fail(_: bytes, __: Hints) -> list[Fields]:
    raise KeyError("/Kids")


def recurse(data: bytes, hints: Hints) -> list[Fields]:
    return [*recurse(data, hints)]


def flood(_: bytes, __: Hints) -> list[Fields]:
    return [Fields("x" * 20_000_001)]


def chatter(data: bytes, _: Hints) -> list[Fields]:
    """Print, and write where replies are written."""
    sys.stdout.write("Warning: broken xref\n")
    sys.stdout.flush()
    os.write(1, b'{"found": []}\n')
    return [Fields(data.decode())]


def fill_the_disk(data: bytes, _: Hints) -> list[Fields]:
    Path(data.decode()).write_bytes(b"x" * 10_000_000)
    return []
