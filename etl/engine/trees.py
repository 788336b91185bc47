"""A syntax tree as text: what a piece of code does, without how it is written."""

from __future__ import annotations

import ast
from typing import Any

UNSAID = frozenset({"ctx", "kind", "type_comment", "type_ignores"})  # fields of a tree that change nothing


def said(node: Any, *, documented: bool = False) -> str:
    """Return a syntax tree as text; a text that stands alone is a comment unless ``documented``."""
    if isinstance(node, ast.AST):
        fields = ((name, said(value, documented=documented)) for name, value in ast.iter_fields(node))
        kept = (f"{name}={text}" for name, text in fields if text and name not in UNSAID)
        return f"{type(node).__name__}({', '.join(kept)})"
    if isinstance(node, list):
        kept_ones = [each for each in node if not _is_idle(each, documented=documented)]
        return f"[{', '.join(said(each, documented=documented) or 'None' for each in kept_ones)}]" if kept_ones else ""
    return "" if node is None else f"{type(node).__name__}:{node!r}"


def _is_idle(node: Any, *, documented: bool) -> bool:
    alone = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and not documented
    return alone or isinstance(node, ast.Pass)
