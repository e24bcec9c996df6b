"""The target that a command names, opened: a corpus of the run's own, the configured store, a service, or any other."""

import hashlib
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from evals.cases import CaseFile
from evals.errors import EvalError
from evals.openai_target import PREFIX, open_openai
from evals.targets import GroundwireTarget, Target
from service.desk import Desk, OwnDesk
from service.ingestion import ingest_given
from service.remote import RemoteDesk
from service.settings import Settings
from service.wiring import key_of, open_answerer, open_desk

KEY = "GROUNDWIRE_EVAL_KEY"
"""The variable of the environment that holds the key of an endpoint that is asked."""

# What changes answers; addresses and keys do not.
_SETTINGS = ("llm", "embedding", "on_unsupported", "fallback", "llm_context_window")


@asynccontextmanager
async def open_target(named: str | None, corpus: Path | None, settings: Settings) -> AsyncIterator[Target]:
    """Open what is asked.

    Args:
        named: `http://host` of a running groundwire, or `openai:http://host/v1#model`; None: this groundwire.
        corpus: a folder of articles, ingested for the run into a store of its own, which is forgotten; None: the
            store that the settings name, or the service that holds it. A running groundwire has its own; an endpoint
            is not given them: there they tell which article a cited address or title is.
        settings: of this groundwire.

    Raises:
        EvalError: the name is none, an article of the corpus cannot be read, there are no articles, or a running
            groundwire is to have others.
        RetrievalError, ServiceError: as the store and the models do.

    """
    if named and named.startswith(("http://", "https://")):
        if corpus:
            raise EvalError(f"{named} has its own articles: leave --corpus out")
        async with RemoteDesk(named.rstrip("/"), key_of(settings)) as remote:
            yield await _filled(GroundwireTarget(named, remote, {}), remote, f"{named} has no articles")
    elif named and named.startswith(PREFIX):
        async with open_openai(named, corpus, os.environ.get(KEY, "")) as endpoint:
            yield endpoint
    elif named:
        raise EvalError(f"{named} is no target: http://host of a groundwire, or {PREFIX}http://host/v1#model")
    elif corpus:
        with tempfile.TemporaryDirectory(prefix="groundwire-eval-") as folder:
            own = settings.model_copy(update={"data_dir": Path(folder), "chroma": None})
            with open_answerer(own) as answerer:
                own_desk = OwnDesk(answerer)
                ingestion = await ingest_given([corpus], own_desk)
                if ingestion.skipped:
                    raise EvalError(f"{ingestion.skipped[0].name} of the corpus: {ingestion.skipped[0].reason}")
                target = GroundwireTarget(f"groundwire, {settings.llm}", own_desk, _known(settings))
                yield await _filled(target, own_desk, f"{corpus} has no articles")
    else:
        async with open_desk(settings) as desk:
            target = GroundwireTarget(f"groundwire, {settings.llm}", desk, _known(settings))
            nothing = f"{settings.chroma or settings.data_dir} has no articles: ingest some, or name them with --corpus"
            yield await _filled(target, desk, nothing)


def corpus_of(file: CaseFile, named: str | None, corpus: Path | None) -> Path | None:
    """Give the corpus for a run over a file: what is asked for, else the file's; a running groundwire has its own."""
    own = named is not None and not named.startswith(PREFIX)
    return corpus or (Path(file.corpus) if file.corpus and not own else None)


async def _filled(target: Target, desk: Desk, otherwise: str) -> Target:
    """Refuse to ask a corpus of nothing: it would abstain from everything, rightly."""
    if not (await desk.corpus()).articles:
        raise EvalError(otherwise)
    return target


def _known(settings: Settings) -> dict[str, str]:
    return {
        "settings": " ".join(f"{name}={getattr(settings, name)}" for name in _SETTINGS),
        "prompts": _hash("prompts"),
        "groundwire": f"{version('groundwire')} ({_hash('retrieval', 'service')})",
    }


def _hash(*packages: str) -> str:
    """Hash the files of packages that answers come from: code, and what is said to a language model; not the pages."""
    hashed = hashlib.sha256()
    for package in packages:
        root = Path(str(files(package)))
        for file in sorted(root.rglob("*")):
            name = file.relative_to(root).as_posix()
            if file.suffix in {".md", ".py"} and not name.startswith(("http/", "web/")):
                hashed.update(f"{package}/{name}\0".encode() + file.read_bytes() + b"\0")
    return hashed.hexdigest()[:16]
