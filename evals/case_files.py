"""A YAML file of cases is read; what is wrong with it is told with its line, its case and its field."""

import difflib
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from evals.cases import Case, CaseFile
from evals.errors import CasesUnreadable

_TOLD = 3  # problems of a file at once
_TAGS = ("text", "number", "date")
_KIND = 5  # where in the place of a fact's error its kind stands: cases, 0, facts, 0, 0, number


def read_cases(path: Path) -> CaseFile:
    """Read a file of cases, its drafts among them: `chosen` leaves these out. `corpus` is seen from here.

    Raises:
        CasesUnreadable: it is not there, is no YAML, or a case is wrong.

    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        content = yaml.load(text, _OwnKeys)  # noqa: S506 - a SafeLoader
        if not isinstance(content, dict):
            raise CasesUnreadable(f"{path} is no file of cases: it has no `cases:`")
        file = CaseFile.model_validate(content)
    except ValidationError as error:
        root = yaml.compose(text, yaml.SafeLoader)
        # Where all of a list is wrong, pydantic adds that none of it is left.
        places = [one["loc"] for one in error.errors()]
        errors = [one for one, at in zip(error.errors(), places, strict=True) if not _has_deeper(at, places)]
        problems = "; ".join(_problem(one, root, content) for one in errors[:_TOLD])
        more = f"; and {len(errors) - _TOLD} more" if len(errors) > _TOLD else ""
        raise CasesUnreadable(f"{path} is no file of cases: {problems}{more}") from error
    except RecursionError as error:
        raise CasesUnreadable(f"{path} cannot be read: its lists are nested too deeply") from error
    except (OSError, ValueError, yaml.YAMLError) as error:  # ValueError: no UTF-8, no date of the calendar
        raise CasesUnreadable(f"{path} cannot be read: {error}") from error
    return file.model_copy(update={"corpus": str(path.parent / file.corpus)}) if file.corpus else file


def case_lines(path: Path) -> list[int]:
    """Give the line of a file that `read_cases` has read on which each case begins, from 1."""
    root = yaml.compose(path.read_text(encoding="utf-8-sig"), yaml.SafeLoader)
    fields = root.value if isinstance(root, yaml.MappingNode) else []
    return [case.start_mark.line + 1 for name, cases in fields if name.value == "cases" for case in cases.value]


class _OwnKeys(yaml.SafeLoader):
    """YAML in which no key of a mapping stands twice: the second would silently replace the first."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - its own
        names: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in names:
                message = f"{key.value!r} stands twice"
                raise yaml.constructor.ConstructorError(None, None, message, key.start_mark)
            names.add(str(key.value))
        return super().construct_mapping(node, deep)


def _has_deeper(place: tuple[str | int, ...], places: Sequence[tuple[str | int, ...]]) -> bool:
    return any(len(one) > len(place) and one[: len(place)] == place for one in places)


def _problem(error: Any, root: yaml.Node | None, content: dict[str, Any]) -> str:  # noqa: ANN401 - pydantic's error
    """Say what is wrong and where: its line, the case's id, and the field."""
    where = list(error["loc"])
    name = ".".join(str(one + 1 if isinstance(one, int) else one) for one in where) or "the file"
    if where[:1] == ["cases"] and len(where) > 1:
        case = content["cases"][where[1]]
        own = case.get("id") if isinstance(case, dict) else None
        # A fact's kind stands behind its number, which is all that its author wrote.
        facts = where[2:3] == ["facts"]
        steps = [one for at, one in enumerate(where) if at > 1 and not (facts and at == _KIND and one in _TAGS)]
        field = ".".join(str(one + 1 if isinstance(one, int) else one) for one in steps)
        name = ", ".join(one for one in (f"case {own or where[1] + 1}", field) if one)
    said = error["msg"].removeprefix("Value error, ")
    if error["type"] == "missing":
        said = "is missing"
    elif error["type"] == "extra_forbidden":
        meant = difflib.get_close_matches(str(where[-1]), Case.model_fields, n=1)
        said = "is no field" + (f": {meant[0]} is meant, perhaps" if meant else "")
    return f"line {_line(root, where)}, {name}: {said}"


def _line(node: yaml.Node | None, where: Sequence[str | int]) -> int:
    """Give the line of the file that a place is on, or of what it is in, from 1."""
    line = 1
    for step in where:
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
        elif isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == step), None)
            if found:
                line, node = found[0].start_mark.line + 1, found[1]
    return line
