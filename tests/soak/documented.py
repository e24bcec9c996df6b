"""What the OpenAPI document allows, and what it does not, asked of a real service: no 5xx, nothing undocumented.

schemathesis makes the requests (schemathesis.toml says how): valid ones and wrong ones, alone and in sequences where
one uses what another made. `python -m tests.soak.documented --requests 20000`
"""

import json
import subprocess
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from secrets import randbits
from typing import Any

import click

from tests.processes import BIN, ROOT, environment, groundwire, serving

_EACH = 50  # valid and wrong requests of a round to each route, and as many sequences; chosen: a round is a minute
# MB that a service may take beyond what it took after its first round; chosen.
_GROWTH = 300


@dataclass(frozen=True)
class Asked:
    """What one run of schemathesis did."""

    requests: int
    failed: bool
    report: str


def asked(address: str, folder: Path, *, phases: str, each: int, seed: int) -> Asked:
    """Ask what the document of a service describes.

    Args:
        address: the service's.
        folder: for the run's report.
        phases: of schemathesis, `examples`, `coverage` (limits of fields), `fuzzing`, `stateful`; with commas between.
        each: requests to each route, in each phase that makes them at random.
        seed: the same seed is the same requests, as long as the document stays.

    """
    report = folder / "report.json"
    command = ["--config-file", "tests/soak/schemathesis.toml", "run", f"{address}/schema/openapi.json", "--no-color"]
    options = ["--phases", phases, "--max-examples", str(each), "--seed", str(seed)]
    done = subprocess.run(
        [BIN / "st", *command, *options, "--report", "json", "--report-json-path", report],
        cwd=ROOT,
        check=False,
        capture_output=True,
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
    )
    if not report.exists():
        raise AssertionError(done.stdout + done.stderr)
    requests: int = json.loads(report.read_text(encoding="utf-8"))["test_cases"]["generated"]
    return Asked(requests, done.returncode != 0, done.stdout + done.stderr)


def is_alive(address: str) -> bool:
    """Tell whether a service still takes an article, and answers from it."""
    article = {"title": "Harvest", "text": "The minister of farming said that the moon is made of green cheese."}
    _sent("PUT", f"{address}/v1/articles/harvest?restore=true", article)
    answer = _sent("POST", f"{address}/v1/answers", {"question": "What did the minister say the moon is made of?"})
    return any("green cheese" in citation["quote"] for citation in answer["citations"])


def memory_mb(pid: int) -> int:
    """Give the memory that a process has now, in MB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    [line] = [line for line in status.splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) // 1000


def _sent(method: str, url: str, body: object) -> Any:  # noqa: ANN401 - what JSON holds
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers, method=method)  # noqa: S310 - our own
    with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310 - our own
        return json.load(response)


@click.command()
@click.option("--requests", default=20_000, show_default=True, help="At least so many.")
@click.option(
    "--seed", type=int, default=lambda: randbits(32), help="That of a run before, to have its requests again."
)
def main(requests: int, seed: int) -> None:
    """Ask until there were so many requests; the first finding ends it, with status 1."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        env = environment(folder / "data", GROUNDWIRE_PORT="0")
        groundwire("ingest", str(ROOT / "seeds" / "articles"), env=env).check_returncode()
        log = folder / "log"
        with serving("serve", env=env, out=folder / "out", log=log) as (process, address):
            click.echo(f"{requests:,} requests to {address}, seed {seed}")
            done, first_mb, began = 0, 0, time.monotonic()
            while done < requests:
                phases = "fuzzing,stateful" if done else "examples,coverage,fuzzing,stateful"
                one = asked(address, folder, phases=phases, each=_EACH, seed=seed)
                if one.failed or process.poll() is not None:
                    click.echo(one.report)
                    click.echo("\n".join(log.read_text(encoding="utf-8").splitlines()[-40:]))
                    raise SystemExit(1)
                done += one.requests
                seed += 1
                first_mb = first_mb or memory_mb(process.pid)
                click.echo(f"{done:,} requests, {time.monotonic() - began:.0f} s, {memory_mb(process.pid):,} MB")
            alive, grown = is_alive(address), memory_mb(process.pid) - first_mb
    click.echo(f"No 5xx, and nothing that is not documented. Memory grew by {grown:,} MB after the first round.")
    if not alive or grown > _GROWTH:
        click.echo(f"But it {'took more than ' + str(_GROWTH) + ' MB' if alive else 'answers no more'}.")
        raise SystemExit(1)


if __name__ == "__main__":
    main()
