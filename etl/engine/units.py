"""A module's source, cut into the statements that give it its names; what does nothing is left out.

Two sources that differ in comments, docstrings or layout have the same units. The text of a unit is made from its
syntax tree, not from bytecode: it is the same in every version of Python.
"""

from __future__ import annotations

import ast
import symtable
import threading
from collections.abc import Iterator, Mapping
from functools import lru_cache

from attrs import field, frozen

from etl.engine.trees import said

SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
Chain = tuple[str, ...]


@frozen(kw_only=True)
class Unit:
    """One statement of a module.

    Args:
        text: what it says, without comments, docstrings and layout.
        chains: the module's names that it uses, each with the attributes asked of it: ``("_money", "RATE")``.
        words: every identifier in it.
        imports: what its functions import when they run: module, and the name taken from it if one is.
        lines: its first and last line.
    """

    text: str
    chains: frozenset[Chain]
    words: frozenset[str]
    imports: tuple[tuple[str, str | None], ...]
    lines: tuple[int, int]


@frozen(kw_only=True)
class Source:
    """A module's units.

    Args:
        units: in order.
        binds: numbers of the units that give or change a name.
        loose: numbers of the units that do something besides giving names when the module is imported.
        imports: full names of what the module imports; of ``from a import b``, both ``a`` and ``a.b``.
    """

    units: tuple[Unit, ...]
    binds: Mapping[str, tuple[int, ...]] = field(hash=False)
    loose: tuple[int, ...]
    imports: frozenset[str]


# Python 3.11 keeps the depth of the tree that it makes for all threads together (gh-106905): two that parse at once end
# with a SystemError, and steps run in threads.
PARSING = threading.Lock()


@lru_cache(maxsize=1024)
def cut(text: str, package: str) -> Source:
    """Return the units of a module.

    Args:
        text: its source.
        package: the package that its relative imports start from.
    """
    with PARSING:
        tree = ast.parse(text)
    documented = "__doc__" in text or "getdoc" in text  # then a docstring may be part of what the module does
    imported = dict(_aliases(tree, package))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.decorator_list = [each for each in node.decorator_list if not _declares(each, imported)]
    own = (node for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign | ast.ClassDef))
    plain = {name for node in own for name in _stored(node)}
    binds: dict[str, tuple[int, ...]] = {}
    for number, node in enumerate(tree.body):
        for name in {*_stored(node), *_altered(node)}:
            binds[name] = (*binds.get(name, ()), number)
    return Source(
        units=tuple(_unit(node, package, documented=documented) for node in tree.body),
        binds=binds,
        loose=tuple(n for n, node in enumerate(tree.body) if _is_loose(node, plain)),
        imports=frozenset(
            full for origin, name in _imported(tree, package) for full in (origin, f"{origin}.{name}" if name else "")
        )
        - {""},
    )


def _unit(node: ast.stmt, package: str, *, documented: bool) -> Unit:
    names, words = _names(node), {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    words |= {each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)}
    inner = () if isinstance(node, ast.Import | ast.ImportFrom) else tuple(_imported(node, package))
    words |= {name or origin.rpartition(".")[2] for origin, name in inner}
    first = min((each.lineno for each in getattr(node, "decorator_list", ())), default=node.lineno)
    return Unit(
        text=said(node, documented=documented),
        chains=frozenset(chain for chain in _chains(node) if chain[0] in names),
        words=frozenset(words),
        imports=inner,
        lines=(first, node.end_lineno or node.lineno),
    )


def _names(node: ast.stmt) -> frozenset[str]:
    """Return the names that a statement and the functions inside it look up in the module."""
    top = symtable.symtable(ast.unparse(ast.Module([node], [])), "unit", "exec")
    used = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_referenced()}
    ahead = list(top.get_children())
    while ahead:
        table = ahead.pop()
        used |= {symbol.get_name() for symbol in table.get_symbols() if symbol.is_global()}
        ahead += table.get_children()
    return frozenset(used)


def _chains(node: ast.AST) -> Iterator[Chain]:
    chain = _dotted(node)
    if chain:
        yield chain
        return
    for child in ast.iter_child_nodes(node):
        yield from _chains(child)


def _dotted(node: ast.AST) -> Chain:
    attributes: list[str] = []
    while isinstance(node, ast.Attribute):
        attributes.append(node.attr)
        node = node.value
    return (node.id, *reversed(attributes)) if isinstance(node, ast.Name) else ()


def _imported(tree: ast.AST, package: str) -> Iterator[tuple[str, str | None]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((_origin(node, package), alias.name) for alias in node.names)


def _origin(node: ast.ImportFrom, package: str) -> str:
    base = ".".join(package.split(".")[: len(package.split(".")) - node.level + 1]) if node.level else ""
    return ".".join(part for part in (base, node.module) if part)


def _aliases(tree: ast.Module, package: str) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.asname or alias.name, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((each.asname or each.name, f"{_origin(node, package)}.{each.name}") for each in node.names)


def _declares(decorator: ast.expr, imported: Mapping[str, str]) -> bool:
    """Say whether this is Headrace's own ``@step(…)``: what it declares is told apart from the code."""
    chain = _dotted(decorator.func) if isinstance(decorator, ast.Call) else ()
    full = ".".join((imported.get(chain[0], ""), *chain[1:])) if chain else ""
    return full.startswith("etl.") and full.endswith(".step")


def _here(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what runs when the module is imported: not the insides of functions, nor the variables of a loop in []."""
    yield node
    for child in ast.iter_child_nodes(node):
        inner = isinstance(node, SCOPES) and child not in getattr(node, "decorator_list", ())
        if not inner and not (isinstance(node, ast.comprehension) and child is node.target):
            yield from _here(child)


def _stored(node: ast.stmt) -> Iterator[str]:
    for each in _here(node):
        if isinstance(each, ast.Name) and not isinstance(each.ctx, ast.Load):
            yield each.id
        elif isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield each.name
        elif isinstance(each, ast.alias):
            yield (each.asname or each.name).partition(".")[0]


def _altered(node: ast.stmt) -> Iterator[str]:
    """Yield the names whose values a statement may change without giving them anew."""
    for each in ast.walk(node):
        if isinstance(each, ast.Global):
            yield from each.names
    yield from (chain[0] for chain in _changed(node) if chain)


def _changed(node: ast.AST) -> Iterator[Chain]:
    for each in _here(node):
        if isinstance(each, ast.Expr) and not isinstance(each.value, ast.Constant):
            yield _dotted(each.value.func) if isinstance(each.value, ast.Call) else ()
        elif isinstance(each, ast.Attribute | ast.Subscript) and not isinstance(each.ctx, ast.Load):
            chain = _dotted(each.value)
            yield (*chain, "=") if chain else ()


def _is_loose(node: ast.stmt, plain: set[str]) -> bool:
    """Say whether a statement does what no value of a name shows: it calls something, or changes another module."""
    if isinstance(node, ast.If) and {each.id for each in ast.walk(node.test) if isinstance(each, ast.Name)} & {
        "__name__", "TYPE_CHECKING"
    }:  # fmt: skip
        return False
    return any(len(chain) < 2 or chain[0] not in plain for chain in _changed(node))  # noqa: PLR2004 a call of a method
