"""The target that a command names, opened: a corpus of the run's own, the configured store, a service, or any other."""

import hashlib
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from evals.errors import EvalError
from evals.targets import GroundwireTarget, Target
from service.desk import OwnDesk
from service.ingestion import ingest_paths
from service.remote import RemoteDesk
from service.settings import Settings
from service.wiring import open_answerer, open_desk

# What changes answers; addresses and keys do not.
_SETTINGS = ("llm", "embedding", "on_unsupported", "fallback", "llm_context_window")


@asynccontextmanager
async def open_target(named: str | None, corpus: Path | None, settings: Settings) -> AsyncIterator[Target]:
    """Open what is asked.

    Args:
        named: `http://host` of a running groundwire; None: this one.
        corpus: a folder of articles, ingested for the run into a store of its own, which is forgotten; None: the
            store that the settings name, or the service that holds it.
        settings: of this groundwire.

    Raises:
        EvalError: the name is none, or an article of the corpus cannot be read.
        RetrievalError, ServiceError: as the store and the models do.

    """
    if named and named.startswith(("http://", "https://")):
        async with RemoteDesk(named.rstrip("/")) as remote:
            yield GroundwireTarget(named, remote, {})
    elif named:
        raise EvalError(f"{named} is no target: http://host of a groundwire")
    elif corpus:
        with tempfile.TemporaryDirectory(prefix="groundwire-eval-") as folder:
            own = settings.model_copy(update={"data_dir": Path(folder), "chroma": None})
            with open_answerer(own) as answerer:
                own_desk = OwnDesk(answerer)
                ingestion = await ingest_paths([corpus], own_desk)
                if ingestion.skipped:
                    raise EvalError(f"{ingestion.skipped[0].name} of the corpus: {ingestion.skipped[0].reason}")
                yield GroundwireTarget(f"groundwire, {settings.llm}", own_desk, _known(settings))
    else:
        async with open_desk(settings) as desk:
            yield GroundwireTarget(f"groundwire, {settings.llm}", desk, _known(settings))


def _known(settings: Settings) -> dict[str, str]:
    return {
        "settings": " ".join(f"{name}={getattr(settings, name)}" for name in _SETTINGS),
        "prompts": _prompts(),
        "groundwire": version("groundwire"),
    }


def _prompts() -> str:
    """Hash all that is said to a language model, and the functions that put it together."""
    hashed = hashlib.sha256()
    for file in sorted(files("prompts").iterdir(), key=lambda one: one.name):
        if file.name.endswith((".md", ".py")):
            hashed.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return hashed.hexdigest()[:16]
