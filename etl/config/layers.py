"""Configuration in layers: ``conf/base.toml`` < ``conf/env/<env>.toml`` < ``ETL__SECTION__KEY`` < ``--set a.b=c``.

Tables merge, scalars and lists replace. There is no templating.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

from attrs import field, frozen

from etl.config.document import Document, KeyPath, dotted, read_document
from etl.config.structure import Origin, Text
from etl.errors import ConfigError, Place, UnknownNameError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

PREFIX = "ETL__"
LOCAL = "local"  # the environment of a project that has none needs no file
# Tables whose keys are the reader's own words: everything after the section is one key, dots and all.
OPEN_SECTIONS = frozenset({"zones", "spark"})


@frozen
class Layer:
    """Values of one source, with the origin of each path, tables included."""

    values: Mapping[str, Any] = field(hash=False)
    origins: Mapping[KeyPath, Origin] = field(hash=False)


def read_layers(
    conf: Traversable, name: str, environment: str, environ: Mapping[str, str], overrides: Mapping[str, str]
) -> Layer:
    """Read and merge all layers.

    Args:
        conf: the directory ``conf`` of a project or of the bundle.
        name: what errors call that directory.
        environment: ``local``, ``dev`` … one file under ``conf/env``.
        environ: environment variables; those that start with ``ETL__`` count.
        overrides: the ``--set`` options, dotted key to text.

    Raises:
        ConfigError: a file that cannot be read, or a key that is no dotted path.
        UsageError: no such environment.
    """
    layers = [_of_document(read_document(conf / "base.toml", f"{name}/base.toml"), "base")]
    overlay = conf / "env" / f"{environment}.toml"
    known = environments(conf)
    if environment not in known and (known or environment != LOCAL):
        raise UnknownNameError(
            f"no environment {environment!r}",
            environment,
            known,
            remedy=f"{'use one of them, or ' if known else ''}create {name}/env/{environment}.toml; it may be empty",
        )
    if environment in known:
        said = read_document(overlay, f"{name}/env/{environment}.toml", empty=True)
        layers.append(_of_document(said, "environment"))
    variables = {key: value for key, value in sorted(environ.items()) if key.startswith(PREFIX)}
    layers += [_of_text(_variable_path(key), value, "variable", key) for key, value in variables.items()]
    layers += [_of_text(_option_path(key), value, "option", f"--set {key}") for key, value in overrides.items()]
    return merged(layers)


def environments(conf: Traversable) -> tuple[str, ...]:
    """Return the names of the environments, sorted."""
    folder = conf / "env"
    files = folder.iterdir() if folder.is_dir() else iter(())
    return tuple(sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml")))


def merged(layers: Iterable[Layer]) -> Layer:
    """Merge layers, later ones over earlier ones: tables merge, everything else replaces."""
    values: dict[str, Any] = {}
    origins: dict[KeyPath, Origin] = {}
    for layer in layers:
        values = merge(values, layer.values)
        kept = set(_paths(values, ()))
        origins = {path: origin for path, origin in (origins | dict(layer.origins)).items() if path in kept}
    return Layer(values, origins)


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``above`` laid over ``below``; neither is changed."""
    result = dict(below)
    for key, value in above.items():
        under = result.get(key)
        result[key] = merge(under if isinstance(under, Mapping) else {}, value) if isinstance(value, Mapping) else value
    return result


def leaves(values: Mapping[str, Any]) -> Iterator[tuple[KeyPath, Any]]:
    """Return every value that is no table, with its path."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from (((key, *path), leaf) for path, leaf in leaves(value))
        else:
            yield (key,), value


def _paths(values: Mapping[str, Any], above: KeyPath) -> Iterator[KeyPath]:
    for key, value in values.items():
        yield (*above, key)
        if isinstance(value, Mapping):
            yield from _paths(value, (*above, key))


def _of_document(document: Document, layer: Literal["base", "environment"]) -> Layer:
    return Layer(document.values, {path: origin(document, path, layer) for path in _paths(document.values, ())})


def origin(document: Document, path: KeyPath, layer: Literal["base", "environment"]) -> Origin:
    """Return where a file says ``path``."""
    line = document.lines.get(path)
    return Origin(layer, document.place(path), line.value if line else "")


def _of_text(path: KeyPath, text: str, layer: Literal["variable", "option"], said: str) -> Layer:
    values: Any = Text(text)
    for part in reversed(path):
        values = {part: values}
    where = Origin(layer, Place(said, key=dotted(path)))
    return Layer(values, {path[:end]: where for end in range(1, len(path) + 1)})


def _variable_path(name: str) -> KeyPath:
    section, *rest = name.removeprefix(PREFIX).split("__")
    section = section.lower()
    if section in OPEN_SECTIONS and rest:
        key = "__".join(rest)
        rest = [key.lower() if key.isupper() else key]  # ETL__SPARK__spark.sql.ansi.enabled keeps its spelling
    return _checked((section, *(rest if section in OPEN_SECTIONS else (part.lower() for part in rest))), name)


def _option_path(key: str) -> KeyPath:
    section, dot, rest = key.strip().partition(".")
    if section == "spark" and dot and not rest.strip('"').startswith("spark."):
        return _checked((section, key.strip()), f"--set {key}")  # as everybody writes it: Spark's own name
    if section in OPEN_SECTIONS and dot:
        return _checked((section, rest.strip('"')), f"--set {key}")
    return _checked(tuple(key.strip().split(".")), f"--set {key}")


def _checked(path: KeyPath, said: str) -> KeyPath:
    if not all(part.strip() for part in path):
        raise ConfigError("is no key", place=Place(said), remedy="write ETL__RUN__THREADS=4 or --set run.threads=4")
    return path
