"""What a file says it stores, against what is declared: no Spark, no file."""

import pytest

from etl.errors import InputError, UnreadableFileError
from etl.model.dataset import Dataset
from etl.storage.drift import fitted
from etl.storage.stored import Footer, Stored

DECLARED = {"id": "integer", "km": "long"}


def footer(*columns, uri="/lake/a.parquet", **more):
    return Footer(uri, tuple(Stored(*column) for column in columns), **more)


def compared(*footers, form="parquet", **properties):
    dataset = Dataset(name="raw.trips", format=form, uri="/lake", **properties)
    return fitted(dataset, DECLARED, footers, lambda *_: False)


def test_columns_are_found_by_name_and_read_with_the_types_of_the_file():
    (one,) = compared(footer(("km", "short"), ("id", "byte")))

    assert one.kinds == (("id", "byte"), ("km", "short"))


@pytest.mark.parametrize(
    ("columns", "said", "remedy"),
    [
        ([("id", "integer")], "column 'km' is not in the file and BIGINT in the schema", "optional_columns"),
        ([("id", "integer"), ("KM", "long")], "'km' is not in the file and BIGINT in the schema (it has 'KM')", "mend"),
        ([("id", "string"), ("km", "long")], "column 'id' is STRING in the file and INT in the schema", "declare"),
        ([("id", "integer"), ("km", None, "TIME")], "'km' is TIME in the file, which Spark cannot read", "written"),
        (
            [("id", "long", "int32 INTEGER(32,false)"), ("km", "long")],
            "column 'id' is BIGINT (int32 INTEGER(32,false)) in the file and INT in the schema",
            "declare",
        ),
        ([("id", "integer"), ("km", "long"), ("age", "date")], "'age' is DATE in the file and not in", "on_drift"),
        ([("id", "integer"), ("km", "long"), ("KM", "long")], "column 'KM' is twice in the file", "mend"),
        (
            [("id", "integer"), ("km", "long"), ("day", "date")],
            "column 'day' is in the file and in the names of the folders",
            "leave it out",
        ),
    ],
)
def test_what_differs_is_refused_with_file_column_and_both_types(columns, said, remedy):
    with pytest.raises(InputError) as refused:
        compared(footer(*columns), partitioned_by=("day",))

    assert said in refused.value.message
    assert "/lake/a.parquet: column " in refused.value.message
    assert remedy in refused.value.remedy


def test_all_differences_of_a_file_are_told_at_once_and_the_other_files_counted():
    bad = [("id", "string"), ("km", "string"), ("a", "date"), ("b", "date")]

    with pytest.raises(InputError) as refused:
        compared(footer(*bad), footer(*bad, uri="/lake/b.parquet"))

    assert "'id'" in refused.value.message
    assert "'km'" in refused.value.message
    assert "(and 1 more columns, 1 more files)" in refused.value.message


def test_an_optional_column_may_be_absent():
    (one,) = compared(footer(("id", "integer")), optional_columns=("km",))

    assert one.kinds == (("id", "integer"),)


def test_an_optional_column_of_another_case_is_there_under_a_wrong_name():
    with pytest.raises(InputError, match="it has 'KM'"):
        compared(footer(("id", "integer"), ("KM", "long")), optional_columns=("km",), on_drift="evolve")


def test_undeclared_columns_are_said_where_drift_may_evolve_and_those_of_a_declared_name_still_have_to_fit():
    (one,) = compared(footer(("id", "integer"), ("km", "long"), ("age", None, "TIME")), on_drift="evolve")

    assert one.extra == ("age",)
    with pytest.raises(InputError, match="'id' is STRING"):
        compared(footer(("id", "string"), ("km", "long")), on_drift="evolve")


def test_an_orc_file_is_read_with_all_of_its_columns_or_not_at_all():
    given = [("km", "long"), ("age", "date"), ("id", "integer")]
    (one,) = compared(footer(*given), form="orc", on_drift="evolve")

    assert one.kinds == tuple(given)
    with pytest.raises(InputError, match="column 'at' is timestamp with local time zone"):
        compared(footer(*given, ("at", None, "timestamp with local time zone")), form="orc", on_drift="evolve")


def test_a_file_that_cannot_be_read_is_named_before_any_difference():
    with pytest.raises(UnreadableFileError) as refused:
        compared(footer(("id", "string")), footer(uri="/lake/b.parquet", broken="it is empty: 0 bytes"))

    assert refused.value.file == "/lake/b.parquet"


def test_an_int_of_nothing_but_nulls_fits_any_type_and_is_not_read():
    given = footer(("id", "integer"), ("km", "integer"))
    text = {"id": "integer", "km": "string"}
    dataset = Dataset(name="raw.trips", format="parquet", uri="/lake")

    (one,) = fitted(dataset, text, [given], lambda _, column: column == "km")

    assert one.kinds == (("id", "integer"),)
    with pytest.raises(InputError, match="'km' is INT in the file and STRING"):
        fitted(dataset, text, [given], lambda *_: False)
