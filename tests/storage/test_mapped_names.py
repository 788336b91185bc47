"""A line break in a column's name: no Parquet file can have one, so the table maps names."""

from datetime import date

import pytest

from etl import Append, Merge, ReplacePartitions, ReplaceTable, Source, Target, expect, step
from etl.model.result import Outcome

DAY = date(2013, 2, 8)
WRITES = [ReplaceTable(), ReplacePartitions("day"), Append(), Merge("id")]
DDL = "id INT, `na\nme` STRING, day DATE"


@pytest.mark.parametrize(
    "write", [ReplaceTable(), ReplacePartitions("day"), Append(), Merge("id")], ids=lambda w: type(w).__name__
)
def test_a_name_with_a_line_break_is_kept_by_every_write_kind_and_in_the_quarantine(lake, write):
    lake.write("raw.rows", "id INT, name STRING, day DATE", [(1, "Ann", DAY), (50, "Bo", DAY)])

    @step(
        sources={"rows": Source("raw.rows", interval_column="day")},
        target=Target("clean.rows", DDL, write),
        expectations=[
            expect.column_values_to_be_between("id", 0, 10, on_failure="quarantine"),
            expect.column_values_to_not_be_null("na\nme"),
        ],
    )
    def mapped(rows):
        return rows.withColumnRenamed("name", "na\nme")

    first, second = lake.run_step(mapped), lake.run_step(mapped, force=True)

    assert (first.outcome, first.rows.published, first.rows.quarantined) == (Outcome.PUBLISHED, 1, 1)
    assert second.exit_code == 0
    assert [tuple(row)[:2] for row in lake.table("clean.rows").collect()] == [(1, "Ann")]
    assert [tuple(row)[:2] for row in lake.table("quarantine.clean_rows").collect()] == [(50, "Bo")]
