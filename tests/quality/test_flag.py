import pytest

from etl.quality.flag import KEPT, Flag


@pytest.mark.parametrize("many", [1, 3, 130])
def test_a_row_is_kept_or_carries_the_names_of_all_it_breaks(spark, many):
    flag = Flag({f"it's not {n}": f"v <=> {n} OR v <=> -1" for n in range(many)})
    frame = spark.createDataFrame([(many - 1,), (-1,), (many,), (None,)], "v INT")

    flagged = frame.selectExpr("v", f"{flag.sql} AS `{KEPT}`")
    found = flagged.selectExpr("v", f"{flag.kept} AS kept", f"{flag.names} AS names").collect()

    assert [tuple(row) for row in found] == [
        (many - 1, False, [f"it's not {many - 1}"]),
        (-1, False, list(flag.tests)),
        (many, True, []),
        (None, True, []),
    ]


def test_the_rows_that_break_one_expectation_are_counted_apart_from_those_that_break_another(spark):
    flag = Flag({"low": "id < 3", "high": "id > 6 OR id = 0"})

    marked = spark.range(9).selectExpr("*", f"{flag.sql} AS `{KEPT}`")
    row = marked.selectExpr(*[f"count_if({flag.breaks(name)})" for name in flag.tests]).first()

    assert tuple(row) == (3, 3)


def test_marking_and_keeping_rows_is_compiled_with_the_loop_around_it(spark):
    spark = spark.newSession()
    spark.conf.set("spark.sql.codegen.wholeStage", "true")  # the test profile interprets
    spark.conf.set("spark.sql.codegen.factoryMode", "FALLBACK")
    flag = Flag({"low": "id < 3", "high": "id > 7"})

    marked = spark.range(9).selectExpr("*", f"{flag.sql} AS `{KEPT}`").where(flag.kept).drop(KEPT)

    plan = marked._jdf.queryExecution().executedPlan().toString()
    assert "(1) Project" in plan or "(1) Filter" in plan
    assert "lambda" not in plan
