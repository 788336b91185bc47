"""Whatever a declaration accepts is SQL that Spark takes and means what it says: every type with every value."""

import itertools
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction

import pytest

from etl import expect
from etl.kinds import KINDS
from etl.kinds.types import EXACT, bare
from etl.kinds.values import fit
from etl.model.schema import parse_schema
from etl.quality.compile import compile_suite
from etl.quality.judge import judge
from etl.quality.passes import take
from etl.quality.written import Written

pytestmark = pytest.mark.spark

COLUMNS = {
    "TINYINT": "7",
    "SMALLINT": "-300",
    "INT": "0",
    "BIGINT": "9007199254740993",
    "FLOAT": "0.1",
    "DOUBLE": "0.1",
    "DECIMAL(3,3)": "0.125",
    "DECIMAL(10,2)": "0.10",
    "DECIMAL(38,0)": "12345678901234567890123456789012345678",
    "DECIMAL(38,38)": "0.1",
    "STRING": "'it\\'s'",
    "BOOLEAN": "true",
    "DATE": "date'2013-02-08'",
    "TIMESTAMP": "timestamp'2013-02-08 05:00:00.5Z'",
    "TIMESTAMP_NTZ": "timestamp_ntz'2013-02-08 05:00:00.5'",
}
VALUES = [
    *(0, 7, -300, 1, 127, 128, -(2**31), 2**31, 2**63 - 1, -(2**63), 2**64, 10**37, -(10**37), 10**38),
    *(0.0, -0.0, 0.1, 0.125, 0.5, -1.5, 1e10, 1e-10, 1e300, 5e-324, float("inf"), float("-inf"), float("nan")),
    *(Decimal("0.10"), Decimal("-0.00"), Decimal("1E+3"), Decimal("1E-38"), Decimal("9007199254740992.5")),
    *(
        "0.1",
        "1e3",
        "-7",
        "",
        "it's",
        "it\\'s",
        "a\nb",
        "日本",
        "NaN",
        "2013-02-08",
        "2013-02-08T05:00:00.5",
        "0001-01-01",
    ),
    *("9999-12-31T23:59:59.999999", "2013-02-08 14:00:00.5+09:00", "2013-02-30"),
    *(date(2013, 2, 8), date(1, 1, 1), date(9999, 12, 31), datetime(2013, 2, 8, 5, 0, 0, 500000, tzinfo=UTC)),
    *(datetime(1969, 12, 31, 23, tzinfo=timezone(timedelta(hours=-5))), True, False),
]
AGGREGATES = [
    expect.column_min_to_be_between,
    expect.column_max_to_be_between,
    expect.column_sum_to_be_between,
    expect.column_mean_to_be_between,
]


def asked(column, value):
    for strict in (False, True):
        yield expect.column_values_to_be_between(column, min_value=value, strict_min=strict)
        yield expect.column_values_to_be_between(column, max_value=value, strict_max=strict)
    for build in AGGREGATES:
        yield build(column, min_value=value, max_value=None)
    yield expect.column_values_to_be_in_set(column, [value])
    yield expect.column_values_to_not_be_in_set(column, [value])


def accepted():
    for (n, kind), value in itertools.product(enumerate(COLUMNS), VALUES):
        for one in asked(f"c{n}", value):
            if KINDS[one.type].problem(one.kwargs, {f"c{n}": kind}) is None:
                yield kind, value, one


def oracle(kind, value, one):
    """Say whether a row-level bound or set holds for the column's only value; None where Python is no judge."""
    if not one.type.startswith("expect_column_values") or (bare(kind) not in EXACT and "TIME" not in kind):
        return None
    given, there = fit(value, kind), COLUMNS[kind].split("'")[1].rstrip("Z") if "'" in COLUMNS[kind] else COLUMNS[kind]
    if bare(kind) in EXACT:
        given = given if given.is_infinite() else Fraction(given)
        there = Fraction(there)
        given = float(given) if isinstance(given, Decimal) else given
    else:
        there = datetime.fromisoformat(there)
    strict = one.kwargs.get("strict_min") or one.kwargs.get("strict_max")
    if "min_value" in one.kwargs:
        return there > given if strict else there >= given
    if "max_value" in one.kwargs:
        return there < given if strict else there <= given
    return (there == given) is ("not_be" not in one.type)


def test_whatever_is_accepted_runs_and_means_what_it_says(spark):
    situations = list(accepted())
    frame = spark.sql(
        "SELECT " + ", ".join(f"CAST({value} AS {kind}) AS c{n}" for n, (kind, value) in enumerate(COLUMNS.items()))
    )
    schema = parse_schema(", ".join(f"c{n} {kind}" for n, kind in enumerate(COLUMNS)))
    suite = compile_suite([one for *_, one in situations], schema)

    observed = dict(zip(suite.measures, frame.selectExpr(*suite.measures).first(), strict=True))
    results = judge(suite, take(Written(spark, lambda: frame, 1), suite, observed))

    assert len(situations) > 1000
    wrong = [
        (kind, value, one.type, dict(one.kwargs))
        for (kind, value, one), result in zip(situations, results, strict=True)
        if oracle(kind, value, one) not in (None, result.success)
    ]
    assert wrong == []
