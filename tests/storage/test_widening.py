"""Which stored type is exactly within which declared one, and in which words it is said when it is not."""

import pytest

from etl.storage.widening import as_declared, clipped, differences, fits, near, twice, words


def struct(**kinds):
    fields = [{"name": name, "type": kind, "nullable": True, "metadata": {}} for name, kind in kinds.items()]
    return {"type": "struct", "fields": fields}


def array(kind):
    return {"type": "array", "elementType": kind, "containsNull": True}


def mapping(key, value):
    return {"type": "map", "keyType": key, "valueType": value, "valueContainsNull": True}


@pytest.mark.parametrize(
    ("stored", "declared"),
    [
        ("byte", "long"),
        ("short", "float"),
        ("integer", "double"),
        ("float", "double"),
        ("integer", "decimal(10,0)"),
        ("byte", "decimal(5,2)"),
        ("decimal(9,2)", "decimal(10,3)"),
        ("decimal(9,0)", "integer"),
        ("decimal(20,0)", "decimal(25,2)"),
        ("string", "binary"),
        ("date", "timestamp_ntz"),
        ("timestamp_ntz", "timestamp"),
    ],
)
def test_a_type_fits_one_that_holds_all_of_its_values(stored, declared):
    assert fits(stored, declared)


@pytest.mark.parametrize(
    ("stored", "declared"),
    [
        ("integer", "short"),
        ("integer", "float"),
        ("long", "double"),
        ("long", "decimal(18,0)"),
        ("double", "float"),
        ("float", "decimal(38,10)"),
        ("decimal(9,2)", "decimal(9,3)"),
        ("decimal(9,2)", "decimal(9,1)"),
        ("decimal(9,2)", "integer"),
        ("decimal(10,0)", "integer"),
        ("decimal(9,2)", "double"),
        ("integer", "string"),
        ("string", "integer"),
        ("binary", "string"),
        ("timestamp", "timestamp_ntz"),
        ("timestamp", "date"),
        ("date", "timestamp"),
        ("boolean", "integer"),
        ("time(6)", "long"),
    ],
)
def test_a_type_of_which_a_value_would_be_lost_or_guessed_does_not_fit(stored, declared):
    assert not fits(stored, declared)


@pytest.mark.parametrize(
    ("stored", "declared", "column", "said"),
    [
        (array("integer"), array("short"), "n.element", "is INT in the file and SMALLINT in the schema"),
        (mapping("string", "long"), mapping("string", "integer"), "n.value", "is BIGINT in the file and INT"),
        (mapping("long", "long"), mapping("integer", "long"), "n.key", "is BIGINT in the file and INT"),
        (struct(a="long"), struct(a="integer"), "n.a", "is BIGINT in the file and INT in the schema"),
        (struct(a="long"), struct(a="long", b="date"), "n.b", "is not in the file and DATE in the schema"),
        (struct(a="long", b="date"), struct(a="long"), "n.b", "is DATE in the file and not in the schema"),
        (array(struct(a="long")), array(struct(a="date")), "n.element.a", "is BIGINT in the file and DATE"),
        (struct(a="long", A="long"), struct(a="long"), "n.A", "is twice in the file"),
        (array("long"), "long", "n", "is ARRAY<BIGINT> in the file and BIGINT in the schema"),
        ("long", struct(a="long"), "n", "is BIGINT in the file and STRUCT<a: BIGINT> in the schema"),
        (array("long"), mapping("long", "long"), "n", "is ARRAY<BIGINT> in the file and MAP<BIGINT, BIGINT>"),
    ],
)
def test_a_difference_inside_a_column_is_told_by_its_path(stored, declared, column, said):
    first = next(differences(stored, declared, "n", extra=False))

    assert first.column == column
    assert said in first.said


def test_fields_in_another_order_and_wider_ones_are_no_difference():
    stored, declared = struct(a="integer", b=array("byte")), struct(b=array("long"), a="long")

    assert list(differences(stored, declared, "n", extra=False)) == []
    assert clipped(stored, declared)["fields"][1]["type"] == "integer"
    assert words(clipped(stored, declared)) == "STRUCT<b: ARRAY<TINYINT>, a: INT>"


def test_fields_that_nobody_declared_are_left_out_where_they_may_be():
    stored, declared = struct(a="long", b="date"), struct(b="date")

    assert list(differences(stored, declared, "n", extra=True)) == []
    assert clipped(stored, declared) == declared


def test_a_struct_is_put_into_its_declared_shape_by_name():
    assert as_declared("`n`", struct(a="long", b="date"), struct(b="date")) == (
        "IF(`n` IS NULL, NULL, named_struct('b', `n`.`b`))"
    )


def test_the_name_that_is_meant_is_the_one_of_another_case():
    assert near("id", ["idx", "ID"]) == "ID"
    assert twice(["id", "km", "ID"]) == "ID"
    assert twice(["id", "km"]) is None
