"""Files and tables that say what they store, against the declared columns: how each is read, or why it is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from attrs import frozen

from etl.errors import InputError, UnreadableFileError
from etl.model.dataset import Dataset
from etl.storage.stored import Footer, Stored
from etl.storage.widening import Difference, clipped, differences, near, twice, words

UNREADABLE = "which Spark cannot read"
SHOWN = 3  # differences told in one message

_LACKS = 'mend the delivery, or declare a column that may be absent: optional_columns = ["…"]'
_OTHERWISE = "mend the delivery, or the schema in conf/datasets.toml"
_MORE = 'declare it, or set on_drift = "evolve" to ignore new columns'
_OTHER = "declare the type that the file has and convert it in the step, or mend the delivery; the target is unchanged"


@frozen
class Fitting:
    """A file that fits, and what of it nobody declared.

    Args:
        footer: the file's.
        kinds: the columns to read, each with the type to read it with.
        extra: its other columns.
    """

    footer: Footer
    kinds: tuple[tuple[str, Any], ...]
    extra: tuple[str, ...]


def fitted(
    dataset: Dataset, declared: Mapping[str, Any], footers: Sequence[Footer], is_null: Callable[[str, str], bool]
) -> list[Fitting]:
    """Compare each file's columns with the declared ones.

    Args:
        dataset: whose drift and optional columns are asked.
        declared: the types of its columns, without those of the folders, in Spark's JSON form.
        footers: the files'.
        is_null: whether a file's column holds nothing but nulls, which fit any type; asked where the type does not fit.

    Raises:
        UnreadableFileError: a file is not what its format says.
        InputError: a file lacks a column, has one that is not declared where ``on_drift`` is ``fail``, has one of
            a type that is not exactly within the declared one, or has two of one name.
    """
    for footer in footers:
        if footer.broken:
            more = sum(bool(other.broken) for other in footers) - 1
            said = footer.broken + (f" (and {more} more)" if more else "")
            raise UnreadableFileError(f"dataset {dataset.name}", said, file=footer.uri, place=dataset.place)
    wrong = [(footer, found) for footer in footers if (found := list(_differences(dataset, declared, footer, is_null)))]
    if wrong:
        raise _refusal(dataset, wrong)
    return [_fitting(dataset, declared, footer) for footer in footers]


def _differences(
    dataset: Dataset, declared: Mapping[str, Any], footer: Footer, is_null: Callable[[str, str], bool]
) -> Iterator[tuple[Difference, str]]:
    extra_may_be = dataset.on_drift == "evolve"
    stored = {column.name: column for column in footer.columns}
    again = twice(column.name for column in footer.columns)
    if again:
        yield Difference(again, "is twice in the file (names are compared without case)"), "mend the delivery"
    undeclared = [name for name in stored if name not in declared]
    for name, kind in declared.items():
        if name in stored:
            found = list(_of_one(stored[name], kind, extra=extra_may_be))
            # Where a file's rows all had nothing in a column, pandas could not know its type: Arrow writes an INT.
            if not (found and stored[name].type == "integer" and is_null(footer.uri, name)):
                yield from ((each, _remedy(each)) for each in found)
            continue
        meant = near(name, undeclared)
        # A column that is there under a name of another case is none that is absent.
        if name not in dataset.optional_columns or (meant and meant.casefold() == name.casefold()):
            remedy = _OTHERWISE if meant else _LACKS
            yield Difference(name, f"is not in the file and {words(kind)} in the schema", meant), remedy
    for column in footer.columns if dataset.format == "orc" else ():
        if column.type is None and column.name in undeclared:  # Spark looks at all of an ORC file's columns, or at none
            yield Difference(column.name, f"is {column.words} in the file, {UNREADABLE}"), _OTHERWISE
    for name in undeclared if not extra_may_be else ():
        if name in dataset.partitioned_by:
            said = "is in the file and in the names of the folders"
            yield Difference(name, said), 'leave it out of the file, or set on_drift = "evolve" to believe the folders'
        else:
            yield Difference(name, f"is {_told(stored[name])} in the file and not in the schema"), _MORE


def _of_one(stored: Stored, declared: Any, *, extra: bool) -> Iterator[Difference]:
    if stored.type is None:
        said = f"is {stored.words} in the file, {UNREADABLE}, and {words(declared)} in the schema"
        yield Difference(stored.name, said)
        return
    for found in differences(stored.type, declared, stored.name, extra=extra):
        whole = found.column == stored.name and stored.words
        said = f"is {_told(stored)} in the file and {words(declared)} in the schema" if whole else found.said
        yield Difference(found.column, said, found.near)


def _told(stored: Stored) -> str:
    if stored.type is None:
        return stored.words
    return words(stored.type) + (f" ({stored.words})" if stored.words else "")


def _remedy(found: Difference) -> str:
    if "is not in the file" in found.said:
        return _OTHERWISE
    if UNREADABLE in found.said:
        return "have the file written with a type that Spark reads; the target is unchanged"
    if found.said.endswith("not in the schema"):
        return _MORE
    return _OTHER


def _refusal(dataset: Dataset, wrong: Sequence[tuple[Footer, Sequence[tuple[Difference, str]]]]) -> InputError:
    footer, found = wrong[0]
    said = [
        f"column {each.column!r} {each.said}" + (f" (it has {each.near!r})" if each.near else "") for each, _ in found
    ]
    said = [each.replace(" in the file", f" in the {footer.what}") for each in said]
    more = [f"{len(said) - SHOWN} more columns"] if len(said) > SHOWN else []
    more += [f"{len(wrong) - 1} more files"] if len(wrong) > 1 else []
    return InputError(
        f"dataset {dataset.name}: {footer.uri}: {'; '.join(said[:SHOWN])}"
        + (f" (and {', '.join(more)})" if more else ""),
        place=dataset.place,
        remedy=found[0][1].replace("the file", f"the {footer.what}"),
    )


def _fitting(dataset: Dataset, declared: Mapping[str, Any], footer: Footer) -> Fitting:
    stored = {column.name: column.type for column in footer.columns}
    kinds = tuple(
        (name, clipped(stored[name], kind))
        for name, kind in declared.items()
        if name in stored and not any(differences(stored[name], kind, name, extra=True))
    )
    if dataset.format == "orc":
        # Spark compares what it is asked for with what the file has by position, fields of fields too.
        kinds = tuple((name, kind) for name, kind in stored.items() if name not in dataset.partitioned_by)
    return Fitting(footer, kinds, tuple(name for name in stored if name not in declared))
