"""Steps that run at the same time: each has its own session, transaction, gate and counts."""

from datetime import date

from etl import Merge, ReplacePartitions, Source, Target, expect, step
from etl.model.result import Outcome

DAY = date(2013, 2, 8)
DDL = "id INT, day DATE, v INT"


def copying(name, write, least):
    @step(
        sources={"rows": Source("raw.rows", interval_column="day")},
        target=Target(name, DDL, write),
        expectations=[
            expect.column_values_to_be_between("v", least, on_failure="quarantine"),
            expect.column_values_to_be_unique("id"),
        ],
        conserve="rows",
    )
    def copied(rows):
        return rows

    return copied


def test_merges_and_observed_writes_at_the_same_time_count_and_publish_their_own_rows(lake):
    lake.write("raw.rows", DDL, [(n, DAY, n) for n in range(20)])
    steps = [copying(f"clean.t{n}", Merge("id") if n % 2 else ReplacePartitions("day"), least=n) for n in range(6)]
    lake.run(*steps, threads=6)
    lake.write("raw.rows", DDL, [(20, DAY, 20)])

    result = lake.run(*steps, threads=6)

    assert [each.outcome for each in result.steps] == [Outcome.PUBLISHED] * 6
    counts = {each.step: (each.rows.published, each.rows.quarantined) for each in result.steps}
    assert counts == {f"clean.t{n}": (21 - n, n) for n in range(6)}
    assert {n: len(lake.rows(f"clean.t{n}")) for n in range(6)} == {n: 21 - n for n in range(6)}
    assert {n: lake.rows(f"quarantine.clean_t{n}") != [] for n in range(6)} == {n: n > 0 for n in range(6)}
