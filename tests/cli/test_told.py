"""What a run that went wrong tells: rows, places, lines, remedies."""

import json

import pytest

DAY = "2013-02-08"

UDF = """
from pyspark.sql import functions as F
from pyspark.sql.types import DoubleType


@F.udf(DoubleType())
def broken(amount):
    words = str(amount).split(" ")
    return float(words[7])
"""


def declared(module):
    return module.read_text().splitlines().index("REVENUE = sql_step(") + 1


def results(project, run_id):
    return json.loads((project / "target" / "runs" / run_id / "run_results.json").read_text())


def test_rows_that_a_gate_held_back_are_counted_as_staged_wherever_rows_are_told(spark, project, etl, orders):
    orders(DAY, "1,-2.5", "2,3.5")

    said = etl("run", "shop", "--date", DAY, "--run-id", "held")

    held = results(project, "held")["steps"][0]
    assert (held["outcome"], held["rows"]["staged"], held["rows"]["published"]) == ("unchanged", 2, 0)
    assert "2 rows staged, none published" in said.err
    run = json.loads(etl("runs", "held", "-o", "json").out)
    assert (run["status"], run["published"], run["quarantined"]) == ("fail", 0, 0)
    text = etl("runs", "held").out
    assert "values_to_be_between(amount): expected 0 ≤ value ≤ 1,000; observed 1 of 2 broken (50 %): -2.5" in text
    assert "target clean.orders: unchanged" in text
    page = (project / "target" / "runs" / "held" / "report.html").read_text()
    assert "2 staged only" in page
    assert "<b>0</b><span>rows published</span>" in page


def test_the_exception_of_a_udf_is_told_with_its_own_line(spark, project, etl, orders):
    orders(DAY, "1,2.5")
    module = project / "jobs" / "shop.py"
    text = module.read_text().replace(
        "    return orders\n", '    return orders.withColumn("amount", broken("amount"))\n'
    )
    module.write_text(text.replace("from etl import", f"{UDF}\nfrom etl import", 1))
    line = module.read_text().splitlines().index("    return float(words[7])") + 1

    said = etl("run", "clean.orders", "--date", DAY, "--run-id", "udf")

    error = results(project, "udf")["steps"][0]["error"]
    assert (said.code, error["type"], error["place"]) == (1, "TransformError", f"jobs/shop.py:{line}")
    assert "IndexError: list index out of range\n" in error["message"]
    assert f"  jobs/shop.py:{line}, in broken\n" in error["message"]
    assert "    return float(words[7])" in error["message"]
    assert "worker.py" not in error["message"]
    assert f"            jobs/shop.py:{line}: job shop, step clean.orders: IndexError" in said.err
    assert "    return float(words[7])" in etl("runs", "udf").out


@pytest.mark.parametrize(
    ("query", "line", "words"),
    [
        ("SELECT day,\n  sum(amount) AS amount\nFORM orders\nGROUP BY day", 3, "Syntax error"),
        ("SELECT day,\n  sum(amuont) AS amount\nFROM orders\nGROUP BY day", 2, "amuont"),
        ("SELECT day,\n  sum(amount) AS amount\nFROM oders\nGROUP BY day", 3, "did you mean 'orders'?"),
    ],
    ids=["syntax", "column", "table"],
)
@pytest.mark.parametrize("kept_in", ["module", "file"])
def test_what_spark_refuses_of_a_query_is_told_with_its_line(spark, project, etl, query, line, words, kept_in):
    module = project / "jobs" / "shop.py"
    was = '"SELECT day, sum(amount) AS amount FROM orders GROUP BY day"'
    if kept_in == "module":
        module.write_text(module.read_text().replace(was, f'"""{query}"""'))
        first = next(n for n, text in enumerate(module.read_text().splitlines(), 1) if "SELECT day" in text)
        at, place = f"jobs/shop.py:{first + line - 1}", f"jobs/shop.py:{declared(module)}"
    else:
        (project / "jobs" / "revenue.sql").write_text(f"-- what a day brought\n{query}\n")
        reading = 'Path(__file__).with_name("revenue.sql").read_text()'
        module.write_text("from pathlib import Path\n" + module.read_text().replace(was, reading))
        at = place = f"jobs/revenue.sql:{line + 1}"

    said = etl("validate", "-o", "json")

    [error] = json.loads(said.out)
    assert (said.code, error["place"]) == (4, place)
    assert words in error["message"]
    shown = [text.strip() for text in error["message"].splitlines()[-3:]]
    assert shown == [at, query.splitlines()[line - 1].strip(), "^"]
    assert "etl validate" not in error["remedy"]


def test_a_type_that_is_not_the_declared_one_has_a_place_in_the_project(spark, project, etl):
    module = project / "jobs" / "shop.py"
    module.write_text(
        module.read_text().replace("return orders", 'return orders.selectExpr("id", "day", "true amount")')
    )

    said = etl("validate")

    assert said.code == 4
    assert said.err.startswith("Error: jobs/shop.py:") or "\nError: jobs/shop.py:" in said.err
    assert "`etl validate`" not in said.err


def test_a_run_points_at_validate_and_a_range_that_ends_early_counts_what_it_never_began(spark, project, etl, orders):
    module = project / "jobs" / "shop.py"
    module.write_text(module.read_text().replace("return orders", 'return orders.select("nope")'))
    orders(DAY, "1,2.5")
    dates = ("--from", DAY, "--to", "2013-02-11")

    said = etl("run", "shop", *dates, "--fail-fast", "--run-id", "early")

    assert said.code == 4
    assert "`etl validate` finds such errors" in said.err
    assert "never begun: 2 intervals, 2013-02-09, 2013-02-10" in said.err
    assert "ERROR=1 SKIP=5" in said.err
    assert "TOTAL=6" in said.err
    assert results(project, "early")["never_begun"] == ["2013-02-09", "2013-02-10"]
    assert json.loads(etl("runs", "last", "-o", "json").out)["never_begun"] == ["2013-02-09", "2013-02-10"]
    assert "2013-02-09, 2013-02-10" in etl("runs", "last").out
    assert [row["run_id"] for row in json.loads(etl("runs", "--failed", "-o", "json").out)] == ["early"]
