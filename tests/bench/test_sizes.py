"""The bench on real sizes, on twenty thousand rows: its pieces fit, its counts are right; no time is asserted."""

import pytest

from bench import lineitem, sizes
from bench.cpu import Comparison, Round
from etl.testing import SparkJobs

ROWS = 20_000  # quantities 1 to 50, evenly: 400 of them are 50


def test_a_folder_of_generated_files_is_generated_once(tmp_path):
    (tmp_path / "sf0.5" / "lineitem").mkdir(parents=True)

    assert lineitem.generate(0.5, tmp_path) == tmp_path / "sf0.5" / "lineitem"


def test_without_the_generator_the_bench_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))

    with pytest.raises(SystemExit, match="make bench"):
        lineitem.generate(1, tmp_path)


def test_the_table_shows_ratio_range_noise_seconds_and_counts_of_both_sides():
    cpu = Comparison((Round(1.1, 1.0, 1.0, 1.1), Round(1.2, 1.0, 1.0, 1.2), Round(1.4, 1.0, 1.0, 1.4)))
    measured = sizes.Measured(cpu, SparkJobs(2, 2, 612), SparkJobs(5, 5, 1200))

    line = sizes.table({"bare": measured.document()}).splitlines()[1]

    assert line.split() == ["bare", "1.200", "1.10", "to", "1.40", "1.00", "1.2", "1.0", "2:5", "2:5", "612:1,200"]


@pytest.mark.slow
@pytest.mark.parametrize("variant", [sizes.CONTROL, *lineitem.variants()])
def test_every_variant_runs_both_ways_and_a_quarantine_reads_its_rows_once(spark, tmp_path, variant):
    rows = tmp_path / "lineitem"
    columns = {
        "l_orderkey": "id", "l_partkey": "id", "l_suppkey": "id + 1", "l_linenumber": "1", "l_quantity": "id % 50 + 1",
        "l_extendedprice": "100", "l_discount": "0.05", "l_tax": "0.01", "l_returnflag": "'A'", "l_linestatus": "'F'",
        "l_shipdate": "DATE'1995-01-01'", "l_commitdate": "DATE'1995-01-02'", "l_receiptdate": "DATE'1995-01-03'",
        "l_shipinstruct": "'NONE'", "l_shipmode": "'AIR'", "l_comment": "'no comment'",
    }  # fmt: skip
    types = dict(column.split() for column in lineitem.SCHEMA.replace(",2)", ";2)").split(","))
    typed = [f"CAST({sql} AS {types[name].replace(';', ',')}) AS {name}" for name, sql in columns.items()]
    spark.range(ROWS).selectExpr(*typed).write.parquet(str(rows))

    measured = sizes.measure(spark, variant, rows, tmp_path / "tables", warm_up=1, rounds=1)

    assert len(measured.cpu.rounds) == 1
    if variant.startswith("quarantine"):
        assert ROWS + ROWS // 50 <= measured.engine.rows_read < ROWS + ROWS // 50 + 20  # and the log's own few
        assert measured.hand.rows_read >= 2 * ROWS
