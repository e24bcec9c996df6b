"""groundwire eval: cases asked, a table, what got better and worse; status 0, 1 (worse, too low), 2 (could not run).

What a command needs is imported inside it, as in service/cli.py: `--help` must not wait for it.
"""

import asyncio
import math
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evals.errors import EvalError
from retrieval.errors import RetrievalError
from service.errors import ServiceError

if TYPE_CHECKING:
    from evals.cases import Case, CaseFile
    from evals.gate import Comparison
    from evals.metrics import Price
    from evals.run import Report, Tried

WORSE, COULD_NOT_RUN = 1, 2
_File = click.Path(path_type=Path, dir_okay=False)


class _Default(click.Group):
    """A group whose first word may be a file of cases: then it runs them."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands:
            args = ["run", *args]
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.commands, "-h", "--help"}:
            args = ["run", *args]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; what keeps it from running is status 2, of which 1 is told apart."""
        try:
            return super().invoke(ctx)
        except (EvalError, RetrievalError, ServiceError) as error:
            click.echo(f"groundwire eval: {' '.join(str(error).split())}", err=True)
        except (click.ClickException, click.Abort, click.exceptions.Exit, BrokenPipeError):
            raise
        except Exception:  # noqa: BLE001 - Python's own status for a crash is 1
            traceback.print_exc()
        return COULD_NOT_RUN


@click.group(cls=_Default, context_settings={"help_option_names": ["-h", "--help"]})
def evaluate() -> None:
    """Ask fixed questions and hold the answers against what is known of them.

    `groundwire eval CASES` runs a file of cases: `groundwire eval run --help` lists its options.
    """


def _minimum(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, float]:
    return dict(_figure(value, "answer_correctness=0.85") for value in values)


def _price(_context: click.Context, _parameter: click.Parameter, value: str | None) -> "Price | None":
    if value is None:
        return None
    from evals.metrics import Price

    example = "input=0.15,output=0.6"
    prices = dict(_figure(one, example) for one in value.split(","))
    if set(prices) != {"input", "output"} or min(prices.values()) < 0:
        message = f"{value!r} is not like {example}"
        raise click.BadParameter(message)
    return Price(**prices)


def _figure(value: str, example: str) -> tuple[str, float]:
    name, _, figure = value.partition("=")
    try:
        number = float(figure)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        message = f"{value!r} is not like {example}"
        raise click.BadParameter(message)
    return name.strip(), number


@evaluate.command()
@click.argument("cases", type=_File)
@click.option(
    "--target",
    help="http://host of a running groundwire, or openai:http://host/v1#model (its key: GROUNDWIRE_EVAL_KEY), "
    "instead of this one.",
)
@click.option(
    "--corpus",
    type=click.Path(path_type=Path, exists=True),
    help="Ingest these articles for the run [the file's own `corpus`, else the configured store].",
)
@click.option("--baseline", type=_File, help="A run to compare with: what got worse since is status 1.")
@click.option("--write-baseline", is_flag=True, help="Write this run to --baseline [CASES with .baseline.json].")
@click.option("--repeat", type=click.IntRange(1, 100), default=1, show_default=True, help="Ask each case N times.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Questions at once.")
@click.option("--tag", "tags", multiple=True, help="Only the cases with this tag; may be given again.")
@click.option(
    "--min",
    "minima",
    multiple=True,
    callback=_minimum,
    help="A least value, as in answer_correctness=0.85; of times, tokens, cost and unsupported sentences a greatest.",
)
@click.option("--price", callback=_price, help="Of a million tokens, for the cost, as in input=0.15,output=0.6.")
@click.option("--html", "html_file", type=_File, help="Write it as a page: figures, plots, and each answer.")
@click.option("--json", "json_file", type=_File, help="Write the run as JSON.")
@click.option("--junit", "junit_file", type=_File, help="Write it as JUnit XML, for CI systems.")
def run(  # noqa: PLR0913 - one parameter for each option
    cases: Path,
    target: str | None,
    corpus: Path | None,
    baseline: Path | None,
    *,
    write_baseline: bool,
    repeat: int,
    workers: int,
    tags: tuple[str, ...],
    minima: dict[str, float],
    price: "Price | None",
    html_file: Path | None,
    json_file: Path | None,
    junit_file: Path | None,
) -> int:
    """Ask the questions of the file CASES.

    Status 0; 1 when a case got worse since the baseline, a metric is under its minimum or, without either, a required
    case failed; 2 when the run could not be made.
    """
    from evals.case_files import read_cases
    from evals.cases import chosen
    from evals.gate import compare, known_metrics, read_report, under_minimum
    from evals.opening import corpus_of
    from evals.printing import comparison_text, drafts_text, failures_text, report_text

    if write_baseline and tags:
        message = "--write-baseline writes every case: leave --tag out"
        raise click.UsageError(message)
    if write_baseline:
        baseline = baseline or cases.with_suffix(".baseline.json")
    known_metrics(minima)
    file = read_cases(cases)
    asked = chosen(file, tags)
    corpus = corpus_of(file, target, corpus)
    before = read_report(baseline) if baseline and not write_baseline else None
    tried, now = asyncio.run(_run(file, asked, target, corpus, repeat=repeat, workers=workers, price=price))
    comparison = compare(now, before, tags) if before else None
    parts = [report_text(now, before if comparison and comparison.same_cases else None)]
    parts += [failures_text(now.cases)]
    parts += [comparison_text(comparison)] if comparison else []
    parts += [drafts_text(drafts)] if (drafts := sum(case.draft for case in file.cases)) else []
    too_low = under_minimum(now, minima)
    click.echo("\n\n".join([*parts, *too_low]))
    _write_files(
        now,
        tried,
        cases,
        html_file=html_file,
        json_file=json_file,
        junit_file=junit_file,
        before=before,
        comparison=comparison,
    )
    if baseline and write_baseline:
        _write(baseline, _json(now))
        click.echo(f"\nThe baseline is written to {baseline}.")
    if comparison or minima or write_baseline:
        return WORSE if too_low or (comparison and comparison.worse) else 0
    return _decided_by_required(now)


@evaluate.command("check")
@click.argument("answers", type=_File)
@click.option("--cases", "cases_file", type=_File, help="A file of cases that these are the answers to.")
@click.option("--min", "minima", multiple=True, callback=_minimum, help="A least value, as in quote_validity=1.")
@click.option("--html", "html_file", type=_File, help="Write a report to read in a browser.")
@click.option("--json", "json_file", type=_File, help="Write the figures as JSON.")
@click.option("--junit", "junit_file", type=_File, help="Write them as JUnit XML, for CI systems.")
def check_answers(  # noqa: PLR0913 - one parameter for each option
    answers: Path,
    cases_file: Path | None,
    *,
    minima: dict[str, float],
    html_file: Path | None,
    json_file: Path | None,
    junit_file: Path | None,
) -> int:
    """Score answers that were produced elsewhere.

    The file ANSWERS has one on each line, as a JSON object:

    \b
    {"answer": "India buys 31 drones [1].",
     "citations": [{"source": 1, "quote": "buys 31 drones"}],
     "sources": [{"id": "a", "text": "India buys 31 drones. …"}]}

    Without a quote, `[1]` cites the whole text of the first source. Status 0; 1 when a metric is under its minimum or,
    without one, a required case failed; 2 when there is nothing to score.
    """  # noqa: D301 - click's mark of what it must not wrap
    from evals.case_files import read_cases
    from evals.checking import check
    from evals.gate import known_metrics, under_minimum
    from evals.printing import failures_text, report_text
    from service.printing import plain

    known_metrics(minima)
    checked = check(answers, read_cases(cases_file) if cases_file else None)
    report = checked.report
    parts = [report_text(report, None), failures_text(report.cases)]
    parts += [f"To none of the cases: {plain(', '.join(checked.unasked))}"] if checked.unasked else []
    too_low = under_minimum(report, minima)
    click.echo("\n\n".join([*parts, *too_low]))
    _write_files(report, checked.tried, answers, html_file=html_file, json_file=json_file, junit_file=junit_file)
    if minima:
        return WORSE if too_low else 0
    return _decided_by_required(report)


@evaluate.command()
@click.argument("articles", type=click.Path(path_type=Path, exists=True), required=False)
@click.option("-o", "output", type=_File, default="questions.yaml", show_default=True, help="The file to write.")
@click.option("-n", "limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="Cases at most.")
def init(articles: Path | None, output: Path, limit: int) -> int:
    """Draft cases from a folder of ARTICLES [the configured store], to be corrected by hand.

    The JSON Schema for editors is written beside the file. What is there already is left as it is.
    """
    from evals.drafted import as_yaml, of_folder, of_store
    from evals.drafting import draft
    from service.printing import plain
    from service.settings import from_environment

    schema_file = output.with_name("questions.schema.json")
    if output.exists():
        raise EvalError(f"{output} is there already, and is left as it is: choose another with -o")
    drawn = of_folder(articles, limit) if articles else asyncio.run(of_store(from_environment(), limit))
    drafts = draft(drawn.articles, limit)
    if not drafts:
        raise EvalError(f"there is no sentence to ask about in {drawn.said}")
    _write(output, as_yaml(drafts, drawn, output, schema_file.name).encode())
    if not schema_file.exists():
        from evals.cases import schema

        _write(schema_file, schema().encode())
    for one in drawn.skipped:
        click.echo(f"skipped {plain(one)}", err=True)
    click.echo(f"{len(drafts)} drafts are in {output}: correct each, and take `draft: true` away from what is right.")
    return 0


@evaluate.command("schema")
def print_schema() -> None:
    """Print the JSON Schema of files of cases, for editors."""
    from evals.cases import schema

    click.echo(schema(), nl=False)


async def _run(  # noqa: PLR0913 - the command's options
    file: "CaseFile",
    cases: "Sequence[Case]",
    named: str | None,
    corpus: Path | None,
    *,
    repeat: int,
    workers: int,
    price: "Price | None",
) -> "tuple[list[Tried], Report]":
    from evals.opening import open_target
    from evals.run import ask_all, report
    from service.settings import from_environment

    async with open_target(named, corpus, from_environment()) as target:
        tried: list[Tried] = []
        with _progress(len(cases)) as advance:
            async for one in ask_all(cases, target, repeat=repeat, workers=workers):
                tried.append(one)
                advance()
        return tried, await report(tried, target, file, price)


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], None]]:
    """Give a function that shows that one case more is done; nothing is shown where stderr is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield lambda: None
        return
    columns = (TextColumn("Asking"), BarColumn(bar_width=30), MofNCompleteColumn(), TimeRemainingColumn(compact=True))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda: bar.advance(task)


def _decided_by_required(report: "Report") -> int:
    return WORSE if any(one.required and not one.passed for one in report.cases) else 0


def _write_files(  # noqa: PLR0913 - the options of two commands
    report: "Report",
    tried: "Sequence[Tried]",
    source: Path,
    *,
    html_file: Path | None,
    json_file: Path | None,
    junit_file: Path | None,
    before: "Report | None" = None,
    comparison: "Comparison | None" = None,
) -> None:
    from evals.html import page
    from evals.junit import junit

    if html_file:
        _write(html_file, page(report, tried, source.name, before, comparison))
    if json_file:
        _write(json_file, _json(report))
    if junit_file:
        _write(junit_file, junit(report, tried, source.stem))


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise EvalError(f"{path} cannot be written: {error.strerror}") from error


def _json(made: "Report") -> bytes:
    return f"{made.model_dump_json(indent=2)}\n".encode()
