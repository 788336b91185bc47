"""Steps that a module declares and then loses: a second definition of the same name takes the first one's place."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from etl.errors import DefinitionError, Place

MAKERS = frozenset({"step", "script_step", "sql_script_step", "sql_step"})


def lost_steps(job: str, root: str) -> Iterator[DefinitionError]:
    """Yield each step of a job whose name its module defines again below: it would never run, and nobody would say so.

    Args:
        job: the name of the job's module, which is imported; a package's own modules are looked at too.
        root: what places are relative to.
    """
    for name, module in list(sys.modules.items()):
        file = Path(module.__file__ or "") if f"{name}.".startswith(f"{job}.") else Path()
        if file.suffix == ".py" and file.is_file():  # not inside a zip
            yield from _lost(file, Place(str(file)).relative_to(root).file)


def _lost(file: Path, shown: str) -> Iterator[DefinitionError]:
    lines: dict[str, int] = {}
    for node in ast.parse(file.read_bytes()).body:
        for name in _names(node):
            if name in lines and not _goes_on_with(node, name):
                yield DefinitionError(
                    f"step {name} of line {lines[name]} is lost: {name} is defined again here",
                    place=Place(shown, node.lineno),
                    remedy="rename one of the two",
                )
            lines.pop(name, None)
            if _makes_a_step(node):
                lines[name] = node.lineno


def _names(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _goes_on_with(node: ast.stmt, name: str) -> bool:
    """Whether a definition is made of what had the name before."""
    return isinstance(node, ast.Assign) and any(
        isinstance(each, ast.Name) and each.id == name for each in ast.walk(node.value)
    )


def _makes_a_step(node: ast.stmt) -> bool:
    if isinstance(node, ast.Assign):
        return _calls_a_maker(node.value)
    return any(_calls_a_maker(each) for each in getattr(node, "decorator_list", ()))


def _calls_a_maker(node: ast.expr) -> bool:
    called = node.func if isinstance(node, ast.Call) else None
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", None)
    return name in MAKERS
