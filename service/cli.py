"""groundwire demo | serve | ask | search | ingest | articles | withdraw | vacuum | export | import | reembed | keys.

What a command needs is imported inside it: `--help` must not wait for Chroma, onnxruntime or Litestar.
"""

import asyncio
import json
import re
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import closing
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from retrieval.errors import RetrievalError, StoreLocked
from service.errors import ServiceError
from service.key_commands import keys

if TYPE_CHECKING:
    from pydantic import BaseModel

    from retrieval.types import Source
    from service.desk import Answering, Desk
    from service.settings import Settings
    from service.types import OnUnsupported

T = TypeVar("T")

_FURTHER = "groundwire.commands"  # entry points
_PAGE = 1000  # articles in one request
_INTERRUPTED = 130  # the shell's status for Ctrl-C


def _utf8(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    try:
        (value or "").encode()
    except UnicodeEncodeError as error:  # Python keeps the bytes that it cannot read as lone surrogates
        message = "it is not UTF-8"
        raise click.BadParameter(message) from error
    return value


def _seconds(_context: click.Context, _parameter: click.Parameter, value: str) -> float:
    found = re.fullmatch(r"(\d{1,6})([smhd]?)", value)
    if not found or not int(found[1]):
        message = "it is no time such as 30s, 15m, 2h or 1d"
        raise click.BadParameter(message)
    return int(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}[found[2]]


_question = click.argument("question", callback=_utf8)
_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def main() -> None:
    """Run a command; an error that we raise on purpose is one line on stderr, and Ctrl-C ends quietly."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # a terminal that knows no curly quotes
    try:
        status = commands(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except (RetrievalError, ServiceError) as error:
        click.echo(f"groundwire: {' '.join(str(error).split())}", err=True)
        status = 1
    except (click.Abort, KeyboardInterrupt):
        status = _INTERRUPTED
    except BrokenPipeError:  # `groundwire articles | head`
        sys.stderr.close()
        status = 1
    sys.exit(status)


class _Commands(click.Group):
    """Our commands, and those of packages that know us, which we do not know: `eval`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *entry_points(group=_FURTHER).names})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        for further in entry_points(group=_FURTHER, name=cmd_name):
            loaded: click.Command = further.load()
            return loaded
        return super().get_command(ctx, cmd_name)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="groundwire")
def commands() -> None:
    """Ask a body of articles; every sentence of the answer is proved by their words."""


commands.add_command(keys)


@commands.command()
def demo() -> int:
    """Ingest the sample articles, answer a question, then serve."""
    settings = _settings()

    async def show(answering: "Answering") -> None:
        from service.demo import show

        await show(answering)

    try:
        return _serve(settings, show)
    except StoreLocked as error:
        if not error.address:
            raise
        click.echo(f"groundwire already serves {error.address} from {settings.data_dir}.")
        return 0


@commands.command()
@click.option("--host", help="The address to listen at [GROUNDWIRE_HOST, 127.0.0.1].")
@click.option("--port", type=click.IntRange(0, 65535), help="The port, 0 for any that is free [GROUNDWIRE_PORT, 8000].")
def serve(host: str | None, port: int | None) -> int:
    """Serve over HTTP until Ctrl-C."""
    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    return _serve(_settings().model_copy(update=given))


@commands.command()
@_question
@click.option("--model", help="Who writes: one of those that the service allows [GROUNDWIRE_LLM, extractive].")
@click.option(
    "--on-unsupported",
    type=click.Choice(["drop", "mark", "keep", "abstain"]),
    help="What becomes of a sentence that the articles do not support [GROUNDWIRE_ON_UNSUPPORTED, drop].",
)
@_as_json
def ask(question: str, model: str | None, on_unsupported: "OnUnsupported | None", *, as_json: bool) -> int:
    """Answer QUESTION, with its sources and their words."""
    from service.printing import answer_text, width
    from service.types import Options, Question

    asked = _valid(lambda: Question(question=question, options=Options(model=model, on_unsupported=on_unsupported)))
    answer = _at_desk(lambda desk: desk.answer(asked))
    click.echo(answer.model_dump_json(indent=2) if as_json else answer_text(answer, width()))
    return 0


@commands.command()
@_question
@click.option("--limit", type=click.IntRange(1, 100), default=10, show_default=True, help="How many passages.")
@_as_json
def search(question: str, limit: int, *, as_json: bool) -> int:
    """Print the passages that QUESTION finds."""
    from service.printing import hits_text, width
    from service.types import SearchRequest

    asked = _valid(lambda: SearchRequest(question=question, limit=limit))
    hits = _at_desk(lambda desk: desk.search(asked))
    click.echo(_json({"hits": [_data(hit) for hit in hits]}) if as_json else hits_text(hits, width()))
    return 0


@commands.command()
@click.argument("given", nargs=-1, required=True, metavar="PATH|URL...")
@click.option("--restore", is_flag=True, help="Bring back what was withdrawn.")
@click.option("--watch", is_flag=True, help="Go on: take in each change until Ctrl-C.")
@click.option(
    "--every", default="15m", show_default=True, callback=_seconds, help="With --watch: how often addresses are asked."
)
@_as_json
def ingest(given: tuple[str, ...], *, restore: bool, watch: bool, every: float, as_json: bool) -> int:
    """Take in the articles of files, folders, pages and feeds; status 1 when any was skipped."""
    from retrieval.gathering import Memory
    from service.desk import OwnDesk
    from service.ingestion import ingest_given, path_or_address
    from service.watching import Watch
    from service.wiring import open_fetcher

    asked = [path_or_address(one) for one in given]

    async def take_in(desk: "Desk") -> int:
        memory, settings = Memory(), _settings()
        if watch and isinstance(desk, OwnDesk) and not settings.chroma:
            click.echo(
                "Nothing else can use the store until Ctrl-C; start `groundwire serve` before this to ask meanwhile.",
                err=True,
            )
        async with open_fetcher(settings) as fetcher:
            watching = Watch(desk, fetcher, memory, as_json=as_json)
            ingestion = await ingest_given(asked, desk, fetcher, memory, restore=restore)
            click.echo(_json(ingestion.data(), lines=watch) if as_json else str(ingestion))
            if watch:
                await watching.go_on(asked, every)
            return 1 if ingestion.skipped else 0

    try:
        return _at_desk(take_in)
    except KeyboardInterrupt:
        if not watch:
            raise
        return 0


@commands.command()
@click.argument("article_id", callback=_utf8)
@click.option("--reason", callback=_utf8, help="Why, for the readers of what cited it.")
@click.option("--purge", is_flag=True, help="Remove its texts and metadata, too, of all versions; also later.")
@_as_json
def withdraw(article_id: str, reason: str | None, *, purge: bool, as_json: bool) -> int:
    """Let the article ARTICLE_ID be cited no more; status 1 when there is nothing to withdraw."""
    problem = _at_desk(lambda desk: desk.withdraw(article_id, reason, purge=purge))
    if as_json:
        click.echo(_json({"article_id": article_id, "withdrawn": problem is None, "problem": problem}))
    elif problem:
        click.echo(f"groundwire: {problem}", err=True)
    else:
        click.echo(f"{article_id} is withdrawn" + (", and its text removed." if purge else "."))
    if purge and not problem and _settings().chroma:
        click.echo(
            "Its text leaves the files of the Chroma server when you stop that and run: groundwire vacuum FOLDER",
            err=True,
        )
    return 1 if problem else 0


@commands.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
def vacuum(folder: Path) -> int:
    """Write the files of a stopped Chroma server, in FOLDER, anew, without what was purged.

    Stop the server first: one that runs loses what it stores from then on.
    Not the folder of groundwire itself: a purge does that at once.
    """
    from retrieval.purging import vacuum

    vacuum(folder)
    click.echo(f"{folder} holds nothing any more that was deleted.")
    return 0


@commands.command()
@_as_json
def articles(*, as_json: bool) -> int:
    """List the articles."""
    from service.printing import sources_text, width

    async def every(desk: "Desk") -> "list[Source]":
        found: list[Source] = []
        while page := await desk.sources(len(found), _PAGE):
            found += page
        return found

    sources = _at_desk(every)
    click.echo(
        _json({"articles": [_data(source) for source in sources]}) if as_json else sources_text(sources, width())
    )
    return 0


@commands.command("export")
@click.argument("file", default="-", type=click.Path(path_type=Path))
@_as_json
def export_corpus(file: Path, *, as_json: bool) -> int:
    """Write every version of every article into FILE, or to stdout: what `groundwire import` reads."""
    from service.corpus_files import export_to

    to_stdout = str(file) == "-"
    export = _at_desk(lambda desk: export_to(None if to_stdout else file, desk))
    click.echo(_json(export.data()) if as_json else str(export), err=to_stdout)
    return 0


@commands.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@_as_json
def import_corpus(file: Path, *, as_json: bool) -> int:
    """Take in what `groundwire export` wrote into FILE, or - for stdin; status 1 when a line was refused."""
    from service.corpus_files import import_from, import_text

    done = _at_desk(lambda desk: import_from(None if str(file) == "-" else file, desk))
    click.echo(_json(_data(done)) if as_json else import_text(done))
    return 1 if done.refused else 0


@commands.command()
@click.option("--force", is_flag=True, help="Also where the store has the vectors of this model.")
@_as_json
def reembed(*, force: bool, as_json: bool) -> int:
    """Embed the whole store anew, with the model that GROUNDWIRE_EMBEDDING names."""
    from service.reembedding import reembed

    report = asyncio.run(reembed(_settings(), force=force))
    click.echo(_json(report.data()) if as_json else str(report))
    return 0


def _serve(settings: "Settings", first: "Callable[[Answering], Awaitable[None]] | None" = None) -> int:
    """Serve until Ctrl-C or SIGTERM; `first` is done before, in the same event loop."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # while it starts: so that the store is closed
    from service.logs import configure_logs
    from service.observing import Observer
    from service.serving import listen, refuse_without_key
    from service.serving import serve as serve_http
    from service.wiring import open_answerer

    configure_logs(settings.log_format, settings.secrets, messages=settings.log_questions)
    refuse_without_key(settings)
    # The store before the port: when both are taken, it is by a service of ours, and its lock says where that serves.
    with (
        closing(Observer.of(settings)) as observer,
        open_answerer(settings, observer) as answerer,
        listen(settings.host, settings.port) as listener,
    ):

        def started(address: str) -> None:
            answerer.store.announce(address)
            click.echo(f"groundwire serves {address} (Ctrl-C stops it)")

        async def run() -> None:
            if first:
                await first(answerer)
            await serve_http(answerer, settings, listener, started, observer)

        try:
            asyncio.run(run())
        except KeyboardInterrupt:
            click.echo(err=True)  # below the terminal's ^C
    return 0


def _at_desk(work: "Callable[[Desk], Awaitable[T]]") -> T:
    """Do a command's work with the store, or through the service that holds it."""
    from service.wiring import open_desk

    async def run() -> T:
        async with open_desk(_settings()) as desk:
            return await work(desk)

    return asyncio.run(run())


def _settings() -> "Settings":
    from service.settings import from_environment

    return from_environment()


def _valid(make: Callable[[], T]) -> T:
    """Make a request of the command's arguments; what is wrong with them is a usage error."""
    from pydantic import ValidationError

    try:
        return make()
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise click.UsageError(problems) from error


def _data(model: "BaseModel") -> dict[str, Any]:
    return model.model_dump(mode="json")


def _json(data: object, *, lines: bool = False) -> str:
    return json.dumps(data, ensure_ascii=False, indent=None if lines else 2)
