"""A client of Chroma: of the folder that this process owns, or of a server; and what Chroma may raise."""

import json
from pathlib import Path
from urllib.parse import urlsplit

import chromadb
import httpx
from chromadb.api import ClientAPI
from chromadb.config import Settings as ChromaSettings
from chromadb.errors import ChromaError

from retrieval.errors import StoreError, StoreUnavailable
from retrieval.mending import is_readable, remove_indexes, remove_orphans

Client = ClientAPI
_TIMEOUT = httpx.Timeout(60.0, connect=5.0)  # seconds; of a Chroma server, whose client waits for ever by default


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


def open_server(url: str) -> ClientAPI:
    """Open a Chroma server.

    Raises:
        StoreUnavailable: none answers there.

    """
    try:
        parts = urlsplit(url)
        client = chromadb.HttpClient(
            host=parts.hostname or "localhost",
            port=parts.port or (443 if parts.scheme == "https" else 8000),
            ssl=parts.scheme == "https",
            settings=ChromaSettings(anonymized_telemetry=False),
        )
    except Exception as error:
        if not is_of_chroma(error) and not isinstance(error, ValueError):
            raise
        raise silent(url, error) from error
    for session in _sessions(client):
        session.timeout = _TIMEOUT
    return client


def close(client: ClientAPI) -> None:
    """Close a client, and its connections."""
    sessions = _sessions(client)
    client.close()
    for session in sessions:
        session.close()


def silent(url: str, error: BaseException) -> StoreUnavailable:
    """Say that no Chroma answers at an address."""
    return StoreUnavailable(f"No Chroma answers at {url} (GROUNDWIRE_CHROMA): {error}. Start it with: chroma run")


def failed(error: Exception) -> StoreUnavailable:
    """Say that Chroma failed at what it was asked."""
    what = str(error) or type(error).__name__
    return StoreUnavailable(f"Chroma failed: {what}. Is it running, and its disk not full?")


def is_of_chroma(error: BaseException) -> bool:
    """Tell what Chroma raises from a mistake of ours: its client raises bare `Exception`s, too."""
    known = (ChromaError, OSError, httpx.TransportError, json.JSONDecodeError)
    return isinstance(error, known) or type(error) is Exception


def is_ours(error: BaseException) -> bool:
    """Tell a mistake of ours from what goes wrong around us."""
    return not is_of_chroma(error) and not isinstance(error, StoreError)


def _embedded(folder: Path) -> ClientAPI:
    settings = ChromaSettings(anonymized_telemetry=False)
    return chromadb.PersistentClient(path=str(folder / "chroma"), settings=settings)


def _sessions(client: ClientAPI) -> list[httpx.Client]:
    """Give a client's HTTP sessions, of which it has two: their timeout and their end are not in Chroma's interface."""
    servers = [client._server, client._admin_client._server]  # noqa: SLF001 - as above
    sessions = [getattr(server, "_session", None) for server in servers]
    return [session for session in sessions if isinstance(session, httpx.Client)]
