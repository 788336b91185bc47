"""What an activity does, on its way to be a script step: a shell's text, and the folders around it."""

from __future__ import annotations

import re
import shlex

from attrs import define, field

from etl.errors import ConfigError
from etl.interop.datapipeline.definition import Thing
from etl.interop.datapipeline.expressions import Scope, template

S3_NODES = ("S3DataNode",)


@define
class Work:
    """What is to be done: a shell's text, its arguments, the folders that are brought and delivered.

    Args:
        text: of a shell, a template.
        arguments: ``$1`` and on.
        inputs: folders, numbered by ``INPUT1_STAGING_DIR`` and on.
        outputs: likewise.
        notes: what is not quite as it was, and why.
    """

    text: str
    arguments: list[str] = field(factory=list)
    inputs: list[str] = field(factory=list)
    outputs: list[str] = field(factory=list)
    notes: list[str] = field(factory=list)


def nodes(scope: Scope, name: str) -> list[Thing]:
    """Return the data nodes that ``input`` or ``output`` names."""
    return [scope.definition.objects[each] for each in scope.thing.refs(name)]


def place_of(node: Thing, scope: Scope) -> str:
    """Return the folder or the object of an S3 data node, as a template."""
    text = node.text("directoryPath") or node.text("filePath")
    if not text:
        raise ConfigError(
            f"object {node.id!r} has neither directoryPath nor filePath", place=scope.definition.place(node)
        )
    return template(text, scope.inner(node))


def one_of(scope: Scope, *names: str) -> str:
    """Return the name of the one field of some that an activity has."""
    given = [name for name in names if scope.thing.text(name)]
    if len(given) != 1:
        said = f"has {' and '.join(given)}: one is allowed" if given else f"needs {' or '.join(names)}"
        raise ConfigError(f"object {scope.thing.id!r} {said}", place=scope.definition.place(scope.thing))
    return given[0]


def fetched(work: Work, uri: str) -> str:
    """Bring a script or a jar, and return the shell's name of it."""
    work.inputs.append(uri)
    return f'"$INPUT{len(work.inputs)}_STAGING_DIR"/{shlex.quote(uri.rsplit("/", 1)[-1])}'


def quoted(word: str) -> str:
    """Quote a word for the shell; secrets, ``${NAME}``, are still filled in, whatever they hold."""
    if re.search(r"\$\{\w+\}", word):
        safe = re.sub(r'(["`\\])', r"\\\1", word)
        return f'"{safe}"'
    return shlex.quote(word)
