"""What the documents name is there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
_NAMED = re.compile(r"`(tests/[\w/.]+\.py)::(\w+)`")


def _tests_in(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize("threats", [ROOT / "docs" / "threats.md"])
def test_each_test_that_the_threats_name_is_there(threats: Path) -> None:
    named = _NAMED.findall(threats.read_text(encoding="utf-8"))

    assert len(named) > 10
    assert [f"{file}::{name}" for file, name in named if name not in _tests_in(ROOT / file)] == []
