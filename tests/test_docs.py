"""What the documents name is there."""

import ast
import re
from pathlib import Path

import click
import pytest
import yaml

from service.cli import commands
from service.settings import Settings

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


OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def test_each_command_of_the_operations_is_one() -> None:
    named = re.findall(r"(?<!_)\bgroundwire (?!groundwire)([a-z]+)(?: ([a-z]+))?", re.sub(r"\bup .*", "", OPERATIONS))
    known = [one for one in named if one[0] in commands.list_commands(click.Context(commands))]

    assert len(known) > 8
    for name, sub in known:
        group = commands.get_command(click.Context(commands), name)
        assert not sub or not isinstance(group, click.Group) or sub in group.commands


def test_each_container_file_and_variable_of_the_operations_is_there() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    for line in re.findall(r"^docker compose .*", OPERATIONS, re.MULTILINE):
        words = line.split()
        for file in [words[place + 1] for place, word in enumerate(words) if word == "-f"]:
            assert (ROOT / file).exists(), line
        if words[2] in {"run", "logs", "stop", "restart"} and len(words) > 3:
            assert services.keys() & set(words), line
    settings = {f"GROUNDWIRE_{name.upper()}" for name in Settings.model_fields} | {"GROUNDWIRE_MEMORY"}
    assert set(re.findall(r"GROUNDWIRE_[A-Z_]*[A-Z]\b(?!_?\*)", OPERATIONS)) <= settings | {"GROUNDWIRE_LLM"}


@pytest.mark.parametrize("document", sorted((ROOT / "docs").glob("*.md")), ids=lambda one: one.name)
def test_each_link_of_a_document_leads_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for target, _, anchor in (link.partition("#") for link in re.findall(r"\]\(([^)\s]+)\)", text)):
        if "://" in target:
            continue
        there = (document.parent / target) if target else document
        assert there.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", there.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", one).lower().replace(" ", "-") for one in headings}, anchor
