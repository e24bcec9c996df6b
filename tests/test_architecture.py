"""The dependencies point one way, and each contract that says so has been seen to fail."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.processes import BIN, ROOT

PACKAGES = ["evals", "prompts", "retrieval", "service"]


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The source tree, to be broken."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def run(command: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"PYTHONPATH": str(cwd), "COLUMNS": "200"}
    done = subprocess.run(
        [BIN / command, *arguments], cwd=cwd, env=env, check=False, capture_output=True, encoding="utf-8"
    )
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    return done


def add(path: Path, line: str) -> None:
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")


def test_the_import_contracts_are_kept() -> None:
    done = run("lint-imports", "--no-cache", cwd=ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("retrieval/search.py", "import service.types", "Dependencies point one way"),
        ("retrieval/search.py", "import prompts", "Dependencies point one way"),
        ("prompts/__init__.py", "import retrieval.types", "Dependencies point one way"),
        ("service/cli.py", "import litestar", "HTTP stays in service.http"),
        ("service/answering.py", "from litestar import get", "HTTP stays in service.http"),
        ("service/verification/__init__.py", "import litestar", "HTTP stays in service.http"),
        ("retrieval/ingest.py", "import litestar", "HTTP stays in service.http"),
        ("service/answering.py", "import service.http.app", "The core knows no face"),
        ("service/verification/__init__.py", "import service.cli", "The core knows no face"),
    ],
)
def test_a_broken_import_contract_is_seen(copied: Path, module: str, line: str, contract: str) -> None:
    add(copied / module, line)
    done = run("lint-imports", "--no-cache", cwd=copied)
    assert done.returncode == 1, done.stdout
    assert f"{contract} BROKEN" in done.stdout


@pytest.mark.parametrize("package", ["chromadb", "llama_index.core"])
def test_only_its_one_door_may_import_a_package(copied: Path, package: str) -> None:
    check = ["check", "--select", "TID251", "--no-cache", "--quiet"]
    assert run("ruff", *check, ".", cwd=copied).returncode == 0
    for module in ("retrieval/search.py", "service/wiring.py"):
        add(copied / module, f"import {package}")
        done = run("ruff", *check, module, cwd=copied)
        assert done.returncode == 1
        assert "TID251" in done.stdout


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock", "requirements-model.lock"])
def test_a_lock_names_no_address_and_no_torch(name: str) -> None:
    lock = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in lock
    assert not re.search(r"^(torch|nvidia-|triton|sentence-transformers|transformers)", lock, re.MULTILINE)
    assert "--hash=sha256:" in lock


def test_what_the_users_install_is_a_part_of_what_the_tests_run_with() -> None:
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^[\w.\[\]-]+==[^ ;\\]+", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE))

    assert pins("requirements.lock") <= pins("requirements-dev.lock")


def test_a_lint_exclusion_says_why() -> None:
    """In pyproject.toml beside each; in the code behind each `noqa` and `type: ignore`."""
    for path in [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]:
        for line in path.read_text(encoding="utf-8").splitlines():
            if found := re.search(r"# (?:noqa|type: ignore)\S*(.*)", line):
                assert found.group(1).strip(), f"{path}: {line.strip()}"
