"""A reader looking on while runs fail and succeed sees before or after, never between."""

import threading
from datetime import date

from etl import ReplacePartitions, Source, Target, expect, step
from etl.model.result import Status

DAY = date(2013, 2, 8)
DDL = "id INT, day DATE"


@step(
    sources={"rows": Source("raw.rows", interval_column="day")},
    target=Target("clean.rows", DDL, ReplacePartitions("day")),
    expectations=[expect.column_values_to_be_between("id", 0)],
)
def copied(rows):
    return rows


class Reader(threading.Thread):
    def __init__(self, lake):
        super().__init__(daemon=True)
        self.lake, self.seen, self.errors, self.done = lake, [], [], threading.Event()

    def run(self):
        while not self.done.is_set():
            try:
                self.seen.append(tuple(row[0] for row in self.lake.rows("clean.rows")))
            except Exception as error:
                self.errors.append(error)

    def __enter__(self):
        self.start()
        while not self.seen and not self.errors:
            self.done.wait(0.1)
        return self

    def __exit__(self, *_):
        self.done.set()
        self.join()


def test_a_reader_sees_nothing_of_a_rejected_write(lake):
    lake.write("raw.rows", DDL, [(1, DAY), (2, DAY)])
    lake.run_step(copied)
    lake.write("raw.rows", DDL, [(-1, DAY)])

    with Reader(lake) as reader:
        result = lake.run_step(copied)

    assert result.status is Status.FAIL
    assert result.expectations[0].result["partial_unexpected_list"] == [-1]
    assert (set(reader.seen), reader.errors) == ({(1, 2)}, [])


def test_a_reader_sees_a_publish_all_at_once(lake):
    lake.write("raw.rows", DDL, [(1, DAY), (2, DAY)])
    lake.run_step(copied)
    lake.write("raw.rows", DDL, [(3, DAY), (4, DAY)], mode="overwrite")

    with Reader(lake) as reader:
        lake.run_step(copied)
        while reader.seen[-1:] != [(3, 4)] and not reader.errors:
            reader.done.wait(0.1)

    assert set(reader.seen) == {(1, 2), (3, 4)}
    assert reader.errors == []
