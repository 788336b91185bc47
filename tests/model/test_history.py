"""What a declared ``History`` gives its readers, and what keeps one from being carried out."""

import pytest

from etl import History, Merge, Source, Target, step
from etl.model.faults import faults
from etl.model.history import EVENTS, content, readable, stored, tracked
from etl.model.interval import Unit, containing, from_key, parse_instant
from etl.model.schema import parse_schema

SCHEMA = parse_schema("id INT NOT NULL, at TIMESTAMP NOT NULL, v STRING NOT NULL, s STRUCT<a: INT>")
BY_AT = History("id", "at")


def problems(write, *, interval_column="day"):
    @step(sources={"rows": Source("raw.rows", interval_column)}, target=Target("clean.rows", SCHEMA, write))
    def keep(rows):
        return rows

    return " ".join(fault.message for fault in faults(keep))


def test_readers_find_two_columns_more_of_the_type_that_orders_events():
    assert readable(SCHEMA, BY_AT).names == (*SCHEMA.names, "__START_AT", "__END_AT")
    assert readable(SCHEMA, History("id", "v", start_at="since")).column("since").type == "STRING"
    assert readable(SCHEMA, Merge("id")) == SCHEMA


def test_the_table_keeps_events_and_takes_null_everywhere():
    table = stored(SCHEMA, BY_AT)

    assert table.names[-1] == EVENTS
    assert all(column.nullable for column in table)
    assert parse_schema(table.ddl) == table


def test_neither_a_key_nor_the_instant_is_a_change():
    assert content(SCHEMA, BY_AT) == tracked(SCHEMA, BY_AT) == ("v", "s")
    assert tracked(SCHEMA, History("id", "at", track_history_except_column_list="s")) == ("v",)
    assert tracked(SCHEMA, History("id", "at", track_history_column_list="s")) == ("s",)


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (History([], "at"), "at least one key"),
        (History("id"), "needs sequence_by"),
        (History("id", "att"), "did you mean 'at'"),
        (History("id", "id"), "is a key too"),
        (History("id", "at", from_snapshots=True), "leave out sequence_by"),
        (History("id", "at", " "), "is no SQL condition"),
        (History("id", "at", track_history_column_list="id"), "never changes within one"),
        (History("id", "at", track_history_column_list="x"), "not in the target's schema"),
        (
            History("id", "at", track_history_column_list="v", track_history_except_column_list="s"),
            "exclude each other",
        ),
        (History("id", "at", start_at="V"), "leave it out there"),
        (History("id", "at", start_at="a b"), "cannot be a column's name"),
        (History("id", "at", start_at="t", end_at="T"), "both"),
        (History("id", "at", end_at="__events"), "take another name"),
        (Merge("id", sequence_by="at", insert_only=True), "insert_only with sequence_by"),
    ],
)
def test_a_history_or_merge_that_cannot_be_carried_out_is_refused(write, said):
    assert said in problems(write)


def test_snapshots_need_the_interval():
    assert problems(History("id", from_snapshots=True)) == ""
    assert "needs the interval" in problems(History("id", from_snapshots=True), interval_column=None)


@pytest.mark.parametrize("unit", Unit)
def test_an_interval_is_found_by_its_key(unit):
    interval = containing(parse_instant("2013-02-08T05"), unit)

    assert from_key(interval.key) == interval
