import pytest

from etl.quality.flag import BROKEN, Flag


@pytest.mark.parametrize("many", [1, 3, 63, 64, 130])
def test_a_row_is_kept_or_carries_the_names_of_all_it_breaks(spark, many):
    flag = Flag({f"it's not {n}": f"v <=> {n} OR v <=> -1" for n in range(many)})
    frame = spark.createDataFrame([(many - 1,), (-1,), (many,), (None,)], "v INT")

    flagged = frame.selectExpr("v", f"{flag.sql} AS `{BROKEN}`")
    found = flagged.selectExpr("v", f"{flag.kept} AS kept", f"{flag.names} AS names").collect()

    assert [tuple(row) for row in found] == [
        (many - 1, False, [f"it's not {many - 1}"]),
        (-1, False, list(flag.tests)),
        (many, True, []),
        (None, True, []),
    ]


def test_marking_and_keeping_rows_is_compiled_with_the_loop_around_it(spark):
    spark = spark.newSession()
    spark.conf.set("spark.sql.codegen.wholeStage", "true")  # the test profile interprets
    spark.conf.set("spark.sql.codegen.factoryMode", "FALLBACK")
    flag = Flag({"low": "id < 3", "high": "id > 7"})

    marked = spark.range(9).selectExpr("*", f"{flag.sql} AS `{BROKEN}`").where(flag.kept).drop(BROKEN)

    plan = marked._jdf.queryExecution().executedPlan().toString()
    assert "(1) Project" in plan or "(1) Filter" in plan
    assert "lambda" not in plan
