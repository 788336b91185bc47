"""The catalogue ``conf/datasets.toml``: where datasets live, and what those from outside look like.

One table per dataset, ``[raw.flights]``. A dataset that a step writes needs none: it is Delta, at its name below its
zone's root, with the step's schema.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from attrs import field, fields, fields_dict, frozen

from etl.config.document import Document, read_document
from etl.config.layers import origin
from etl.config.problems import raise_all
from etl.config.settings import Config, refuse_secrets
from etl.config.structure import structured
from etl.errors import ConfigError, DefinitionError, Place, ProjectError, did_you_mean
from etl.model import items
from etl.model.dataset import NAME, Dataset
from etl.model.formats import FORMATS, check_publish
from etl.model.job import JobModule
from etl.model.names import source_names, source_partitions
from etl.model.step import Step
from etl.model.text import split_options
from etl.model.xml import shape_problems
from etl.project.entry import Entry, connection_problems, statement_problems

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable


OTHERS = ("schema", "partitioned_by", "connection")  # keys that a dataset has from elsewhere too
SAME = tuple(each.name for each in fields(Dataset) if each.name in fields_dict(Entry) and each.name not in OTHERS)


@frozen
class Catalog:
    """The entries by dataset name, and the file that says them; none for a project without a catalogue."""

    entries: Mapping[str, Entry] = field(factory=dict, hash=False)
    document: Document | None = None

    def place(self, dataset: str) -> Place:
        """Return where an entry stands."""
        return self.document.place(tuple(dataset.split(".", 1))) if self.document else Place("conf/datasets.toml")


def read_catalog(file: Traversable, name: str) -> Catalog:
    """Read ``conf/datasets.toml``; a missing file is an empty catalogue.

    Raises:
        ConfigError: every problem: unknown keys, a schema that does not parse, a name that is not ``zone.name``,
            a CSV or JSON dataset without schema, a partition column that the schema lacks, a reader option that
            loses rows.
    """
    if not file.is_file():
        return Catalog()
    document = read_document(file, name, empty=True)
    refuse_secrets(document.values, document.place)
    raise_all(
        [
            ConfigError("is one quoted key", place=document.place((key,)), remedy=f"write [{key}]")
            for key in document.values
            if NAME.fullmatch(key)
        ]
    )
    kind: Any = Mapping[str, Mapping[str, Entry]]
    read, problems = structured(document.values, kind, lambda path: origin(document, path, "base"))
    raise_all(problems)
    entries = {f"{zone}.{short}": entry for zone, tables in (read or {}).items() for short, entry in tables.items()}
    catalog = Catalog(entries, document)
    raise_all([problem for dataset in entries for problem in _problems(dataset, catalog)])
    return catalog


def _problems(dataset: str, catalog: Catalog) -> Iterator[ConfigError]:
    entry, place = catalog.entries[dataset], catalog.place(dataset)
    if not NAME.fullmatch(dataset):
        yield ConfigError(f"dataset name {dataset!r} is not zone.name in lower-case letters, digits and _", place=place)
    if not FORMATS[entry.format].writes:  # else its columns may be those of the step that writes it
        yield from _undeclared(entry, place)
    yield from _misread(dataset, catalog)
    yield from (ConfigError(said, place=place) for said in _unshaped(entry))
    if not 0 <= entry.max_corrupt <= 1:
        yield ConfigError(f"max_corrupt = {entry.max_corrupt} is no share; allowed: 0 to 1", place=place)
    yield from source_names(dataset, entry.schema if FORMATS[entry.format].needs_schema else None, place)
    yield from source_partitions(dataset, entry.schema, entry.partitioned_by, place)
    known = entry.schema.names if entry.schema else entry.partitioned_by
    for column in entry.partitioned_by:
        if column not in known:
            yield ConfigError(
                f"partitioned_by names {column!r}, which is not in the schema; " + did_you_mean(column, known),
                place=place,
            )
    in_files = [name for name in entry.schema.names if name not in entry.partitioned_by] if entry.schema else []
    for column in entry.optional_columns:
        if column not in in_files:
            said = (
                f"optional_columns names {column!r}, which is no column of its files; {did_you_mean(column, in_files)}"
            )
            yield ConfigError(said, place=place)


def _undeclared(entry: Entry, place: Place) -> Iterator[ConfigError]:
    """Yield that nobody says the columns of a dataset whose format does not."""
    if FORMATS[entry.format].needs_schema and entry.schema is None:
        said = f"a {entry.format} dataset needs a schema: nothing in its files is believed"
        yield ConfigError(said, place=place, remedy='add schema = "column TYPE, …"')


def _unshaped(entry: Entry) -> Iterator[str]:
    """Yield how the columns do not go with the format."""
    in_files = [c for c in entry.schema or () if c.name not in entry.partitioned_by]
    if entry.format == "xml":
        yield from shape_problems(entry.options, entry.schema)
    if entry.format == "dynamodb-json":
        yield from items.shape_problems(entry.options, entry.schema)
    if entry.format == "text" and entry.schema and len(in_files) != 1:
        yield f"a text dataset has one column in its files, the line; the schema has {len(in_files)}"
    if (entry.format == "fixed-width") != bool(entry.widths):
        yield "widths belong to a fixed-width dataset, and one needs them: widths = [10, 8, …]"
    elif entry.widths and (len(entry.widths) != len(in_files) or min(entry.widths) < 1):
        yield f"widths = {list(entry.widths)}: one of at least 1 for each of the {len(in_files)} columns in the files"


def _misread(dataset: str, catalog: Catalog) -> Iterator[ConfigError]:
    """Yield options that the format does not have, and rules that cannot be."""
    entry, place = catalog.entries[dataset], catalog.place(dataset)
    for option, value in entry.options.items():
        try:
            split_options(entry.format, {option: value})
        except DefinitionError as error:
            where = catalog.document.place((*dataset.split(".", 1), "options", option)) if catalog.document else place
            yield ConfigError(error.message, place=where, remedy=error.remedy)
            return
    try:
        Dataset(name=dataset, format=entry.format, uri="", options=entry.options, text=entry.text).rules  # noqa: B018
    except DefinitionError as error:
        yield ConfigError(error.message.removeprefix(f"dataset {dataset}: "), place=place, remedy=error.remedy)


def resolve(config: Config, catalog: Catalog, jobs: Iterable[JobModule], directory: str = "") -> Mapping[str, Dataset]:
    """Join catalogue and steps to every dataset of the project in one environment, by name.

    Args:
        config: where the zones lie.
        catalog: what conf/datasets.toml says.
        jobs: the steps that write datasets.
        directory: what places in messages are relative to.

    Raises:
        ConfigError: a zone without root, a catalogued schema for a dataset whose step declares one.
    """
    steps = [step for job in jobs for step in job.steps if step.publishes]
    written = {name: step for step in steps for name in (step.target.dataset, step.target.quarantine)}
    datasets: dict[str, Dataset] = {}
    problems: list[ProjectError] = list(_shared_quarantines(steps, directory))
    problems += (said for step in steps for said in statement_problems(step, config.connections, directory))
    for name in (*catalog.entries, *(name for name in written if name not in catalog.entries)):
        step, entry = written.get(name), catalog.entries.get(name, Entry())
        place = catalog.place(name) if step is None or name in catalog.entries else step.place.relative_to(directory)
        zone = name.partition(".")[0]
        if zone not in config.zones:
            remedy = f'add {zone} = "…" under [zones]'
            said = f"zone {zone!r} of {name} has no root; {did_you_mean(zone, config.zones)}"
            problems.append(ConfigError(said, place=place, remedy=remedy))
            continue
        problems += _unwritable(name, entry, step, place)
        problems += _undeclared(entry, place) if step is None else ()
        problems += connection_problems(name, entry, config.connections, place)
        datasets[name] = _dataset(name, config, entry, step, place)
    raise_all(problems)
    return datasets


def _unwritable(name: str, entry: Entry, step: Step[Any, Any] | None, place: Place) -> Iterator[ProjectError]:
    """Yield what keeps a step from publishing a catalogued dataset."""
    if step is None:
        return
    if entry.schema:
        said = f"{name} is written by a step, which declares its schema"
        yield ConfigError(said, place=place, remedy="remove schema here")
    try:
        check_publish(name, entry.format, step.target.write, place)
    except ProjectError as error:
        yield error


def _shared_quarantines(steps: Iterable[Step[Any, Any]], directory: str) -> Iterator[ProjectError]:
    """Yield targets whose broken rows would go to one dataset, each erasing the other's: ``a_b.c`` and ``a.b_c``."""
    first: dict[str, Step[Any, Any]] = {}
    for step in steps:
        other = first.setdefault(step.target.quarantine, step)
        if other.target.dataset != step.target.dataset:
            yield ConfigError(
                f"{other.target.dataset} and {step.target.dataset} share the quarantine {step.target.quarantine}",
                place=step.place.relative_to(directory),
                remedy="rename one of the two",
            )


def _dataset(name: str, config: Config, entry: Entry, step: Step[Any, Any] | None, place: Place) -> Dataset:
    root, connection = config.zones[name.partition(".")[0]], config.connections.get(entry.connection)
    path = f"{root.rstrip('/')}/{entry.path or name.partition('.')[2]}"
    target = step.target if step and step.target.dataset == name else None  # a quarantine has its own columns
    given = {key: getattr(entry, key) for key in SAME}
    return Dataset(
        name=name,
        uri=f"{connection.url}#{entry.table or entry.topic or entry.stream}" if connection else path,
        schema=target.readable if target else entry.schema,
        partitioned_by=entry.partitioned_by or (target.partition_by if target else ()),
        text=entry.text,
        written_by=step.name if step else None,
        replaced_by=target.replaced_by if target else None,
        place=place,
        connection=connection,
        **given,
    )
