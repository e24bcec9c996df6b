"""A client of Chroma: of the folder that this process owns, or of a server; and what Chroma may raise."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import chromadb
import httpx
from chromadb.api import ClientAPI
from chromadb.config import Settings as ChromaSettings
from chromadb.errors import ChromaError

from retrieval.errors import StoreError, StoreUnavailable
from retrieval.line import Access, Line
from retrieval.mending import is_readable, remove_indexes, remove_orphans

Client = ClientAPI


def open_folder(folder: Path) -> ClientAPI:
    """Open the Chroma in a folder that this process owns, without the vectors that a kill has spoilt: see mending.py.

    Raises:
        StoreUnavailable: Chroma cannot open it.

    """
    client = None
    try:
        remove_orphans(folder)
        client = _embedded(folder)
        if not is_readable(client):
            close(client)
            remove_indexes(folder)
            client = _embedded(folder)
    except (ChromaError, ValueError, RuntimeError) as error:
        if client:
            close(client)
        raise unopened(folder, error) from error
    return client


def unopened(folder: Path, error: BaseException) -> StoreUnavailable:
    """Say that Chroma cannot open a folder."""
    return StoreUnavailable(
        f"Chroma cannot open {folder / 'chroma'}: {error}. Is the folder writable, and not from a newer Chroma?"
    )


def open_server(url: str, access: Access = Access()) -> ClientAPI:  # noqa: B008 - frozen
    """Open a Chroma server, and talk to it over a line.

    Raises:
        StoreUnavailable: none answers there, or it does not let us in.

    """
    line = None
    try:
        parts = urlsplit(_plain(url))
        host, secure = parts.hostname or "localhost", parts.scheme == "https"
        host = f"[{host}]" if ":" in host else host
        port = parts.port or (443 if secure else 8000)
        line = Line(f"{parts.scheme}://{host}:{port}", access)
        line.greet()  # Chroma's client would wait for an answer for ever
        client = chromadb.HttpClient(
            host=host,
            port=port,
            ssl=secure,
            headers=access.headers,
            tenant=access.tenant,
            database=access.database,
            settings=_settings(),
        )
    except Exception as error:
        if line:
            line.close()
        if not is_of_chroma(error) and not isinstance(error, ValueError | httpx.HTTPError | httpx.InvalidURL):
            raise
        raise silent(url, error) from error
    server: Any = client._server  # noqa: SLF001 - what it sends by is not in Chroma's interface
    replaced, server._session = server._session, line  # noqa: SLF001 - as above
    line.headers.update(replaced.headers)
    replaced.close()
    return client


def line_of(client: ClientAPI) -> Line | None:
    """Give the line that a client of a server talks over."""
    return next((session for session in _sessions(client) if isinstance(session, Line)), None)


def close(client: ClientAPI) -> None:
    """Close a client, and its connections."""
    sessions = _sessions(client)
    client.close()
    for session in sessions:
        session.close()


def silent(url: str, error: BaseException) -> StoreUnavailable:
    """Say that no Chroma answers at an address."""
    where = _plain(url)
    return StoreUnavailable(f"No Chroma answers at {where} (GROUNDWIRE_CHROMA): {error}. Start it with: chroma run")


def _plain(url: str) -> str:
    """Give an address without a user and a password, which Chroma's client would not send."""
    return re.sub(r"(?<=//).*@", "", url)


def failed(error: BaseException) -> StoreUnavailable:
    """Say that Chroma failed at what it was asked."""
    what = str(error) or type(error).__name__
    return StoreUnavailable(
        f"Chroma failed: {what}. Is it running, and its disk not full? A server whose disk was full must be restarted."
    )


def is_silence(error: BaseException) -> bool:
    """Tell that Chroma did not answer from that it answered with an error."""
    return isinstance(error, httpx.TransportError)


def is_of_chroma(error: BaseException) -> bool:
    """Tell what Chroma raises from a mistake of ours: its client raises bare `Exception`s, too."""
    known = (ChromaError, OSError, httpx.TransportError, json.JSONDecodeError)
    return isinstance(error, known) or type(error) is Exception


def is_ours(error: BaseException) -> bool:
    """Tell a mistake of ours from what goes wrong around us."""
    return not is_of_chroma(error) and not isinstance(error, StoreError)


def _settings() -> ChromaSettings:
    """Give settings by which Chroma tells nobody anything, whatever the environment says."""
    return ChromaSettings(
        anonymized_telemetry=False, chroma_otel_collection_endpoint=None, chroma_otel_granularity="none"
    )


def _embedded(folder: Path) -> ClientAPI:
    settings = _settings()
    return chromadb.PersistentClient(path=str(folder / "chroma"), settings=settings)


def _sessions(client: ClientAPI) -> list[httpx.Client]:
    """Give a client's HTTP sessions, of which it has two: their end is not in Chroma's interface."""
    servers = [client._server, client._admin_client._server]  # noqa: SLF001 - as above
    sessions = [getattr(server, "_session", None) for server in servers]
    return [session for session in sessions if isinstance(session, httpx.Client)]
