"""One rule for NaN, zeros, digits and zones, whatever the expectation: many situations, judged in one frame."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from etl import Merge, ReplaceTable, Source, Target, expect, step
from etl.model.schema import parse_schema
from etl.quality.compile import compile_suite
from etl.quality.judge import judge
from etl.quality.passes import take
from etl.quality.written import Written


def utc(*parts):
    """A time as an author writes it: UTC by agreement."""
    return datetime(*parts, tzinfo=UTC).replace(tzinfo=None)


NAN, INF = float("nan"), float("inf")
TOKYO = timezone(timedelta(hours=9))
between, in_set, not_in_set = (
    expect.column_values_to_be_between,
    expect.column_values_to_be_in_set,
    expect.column_values_to_not_be_in_set,
)
least, greatest, total, mean = (
    expect.column_min_to_be_between,
    expect.column_max_to_be_between,
    expect.column_sum_to_be_between,
    expect.column_mean_to_be_between,
)
unique, not_null = expect.column_values_to_be_unique, expect.column_values_to_not_be_null
compound = expect.compound_columns_to_be_unique
LEAST, MOST = ("0.00000000000000000000000000000000000001",), ("99999999999999999999999999999999999999",)
NAN_AND_5, ZEROS = ("double('NaN')", "5.0"), ("-0.0D", "0.0D")
MANY = [float(n) for n in range(20)]  # Spark looks into a hash set from eleven values on
TIME, HOUR = "TIMESTAMP", ("timestamp'2013-02-08 05:00:00Z'",)

# type, values, expectation, its further arguments, whether it holds
SITUATIONS = [
    # NaN is a value, equal to itself, and within no bounds
    ("DOUBLE", NAN_AND_5, between, {"min_value": 0}, False),
    ("DOUBLE", NAN_AND_5, between, {"max_value": 9}, False),
    ("DOUBLE", NAN_AND_5, between, {}, False),
    ("FLOAT", NAN_AND_5, between, {"min_value": -INF, "max_value": INF}, False),
    ("DOUBLE", NAN_AND_5, least, {"min_value": 0}, False),
    ("DOUBLE", NAN_AND_5, least, {}, False),
    ("FLOAT", NAN_AND_5, greatest, {"min_value": 0}, False),
    ("DOUBLE", NAN_AND_5, total, {"min_value": 0}, False),
    ("DOUBLE", NAN_AND_5, mean, {"max_value": 9}, False),
    ("DOUBLE", NAN_AND_5, in_set, {"value_set": [5]}, False),
    ("DOUBLE", NAN_AND_5, in_set, {"value_set": [5, NAN]}, True),
    ("FLOAT", NAN_AND_5, in_set, {"value_set": [5, NAN]}, True),
    ("DOUBLE", NAN_AND_5, in_set, {"value_set": [*MANY, NAN]}, True),
    ("DOUBLE", NAN_AND_5, in_set, {"value_set": MANY}, False),
    ("DOUBLE", NAN_AND_5, not_in_set, {"value_set": [NAN]}, False),
    ("DOUBLE", NAN_AND_5, not_in_set, {"value_set": [4]}, True),
    ("DOUBLE", NAN_AND_5, not_in_set, {"value_set": [*MANY[6:], NAN]}, False),
    ("DOUBLE", NAN_AND_5, not_null, {}, True),
    ("DOUBLE", ("double('NaN')", "double('NaN')"), unique, {}, False),
    ("DOUBLE", NAN_AND_5, unique, {}, True),
    ("DOUBLE", ("double('Infinity')", "-5.0"), between, {"min_value": -5}, True),
    ("DOUBLE", ("double('Infinity')", "-5.0"), greatest, {"max_value": INF}, True),
    ("DOUBLE", ("double('Infinity')", "double('-Infinity')"), total, {"min_value": -INF}, False),
    # the two zeros are one
    ("DOUBLE", ZEROS, between, {"min_value": 0, "max_value": 0}, True),
    ("DOUBLE", ZEROS, between, {"min_value": -0.0, "strict_min": True}, False),
    ("DOUBLE", ZEROS, in_set, {"value_set": [0]}, True),
    ("DOUBLE", ZEROS, in_set, {"value_set": [-0.0]}, True),
    ("DOUBLE", ZEROS, in_set, {"value_set": MANY}, True),
    ("FLOAT", ZEROS, in_set, {"value_set": MANY}, True),
    ("DOUBLE", ZEROS, not_in_set, {"value_set": MANY}, False),
    ("DOUBLE", ZEROS, unique, {}, False),
    ("FLOAT", ZEROS, compound, {"ignore_row_if": "never"}, False),
    ("DOUBLE", ("double('NaN')", "double('NaN')"), compound, {}, False),
    ("DOUBLE", NAN_AND_5, compound, {}, True),
    ("ARRAY<DOUBLE>", ("array(0.0D)", "array(-0.0D)"), unique, {}, False),
    ("STRUCT<a: DOUBLE>", ("named_struct('a', 0.0D)", "named_struct('a', -0.0D)"), unique, {}, False),
    ("DOUBLE", ZEROS, least, {"min_value": 0}, True),
    ("DOUBLE", ZEROS, greatest, {"max_value": -0.0}, True),
    # exact numbers are compared exactly, a float as it is written
    ("DECIMAL(10,2)", ("0.10",), between, {"min_value": 0.1, "max_value": 0.1}, True),
    ("DECIMAL(10,2)", ("0.10",), least, {"min_value": 0.1}, True),
    ("DECIMAL(10,2)", ("0.10",), in_set, {"value_set": [0.1]}, True),
    ("DECIMAL(10,2)", ("0.10",), in_set, {"value_set": ["0.1"]}, True),
    ("DECIMAL(10,2)", ("0.10",), total, {"max_value": Decimal("0.1")}, True),
    ("DECIMAL(10,2)", ("0.10", "0.20"), mean, {"min_value": 0.15, "max_value": 0.15}, True),
    ("DECIMAL(10,2)", ("0.10",), between, {"min_value": 0.1, "strict_min": True}, False),
    ("DECIMAL(10,2)", ("0.10",), between, {"min_value": 0.0999, "strict_min": True}, True),
    ("DECIMAL(38,0)", MOST, between, {"min_value": 0.5}, True),
    ("DECIMAL(38,38)", LEAST, between, {"max_value": 1}, True),
    (
        "DECIMAL(38,38)",
        ("0.00000000000000000000000000000000000001",),
        between,
        {"min_value": 0, "strict_min": True},
        True,
    ),
    ("BIGINT", ("9007199254740993",), between, {"min_value": 9007199254740993, "max_value": 9007199254740993}, True),
    ("BIGINT", ("9007199254740993",), between, {"max_value": 9007199254740992}, False),
    ("BIGINT", ("9007199254740993",), in_set, {"value_set": ["9007199254740993"]}, True),
    ("BIGINT", ("9223372036854775807", "9223372036854775807"), total, {"min_value": 2 * (2**63 - 1)}, True),
    ("BIGINT", ("-9223372036854775808",), between, {"min_value": -(2**63), "max_value": -(2**63)}, True),
    ("TINYINT", ("127",), between, {"max_value": 300}, True),
    ("INT", ("1",), between, {"min_value": 0.5, "max_value": 1.5}, True),
    ("INT", ("1", "2"), mean, {"min_value": 1.5, "max_value": 1.5}, True),
    ("INT", ("1", "2"), total, {"min_value": 2.5, "strict_min": True}, True),
    # FLOAT and DOUBLE round the bound to themselves
    ("FLOAT", ("0.1",), between, {"min_value": 0.1, "max_value": 0.1}, True),
    ("FLOAT", ("0.1",), in_set, {"value_set": [0.1]}, True),
    ("FLOAT", ("0.1",), greatest, {"max_value": "0.1"}, True),
    ("DOUBLE", ("0.1",), between, {"min_value": Decimal("0.1"), "max_value": Decimal("0.1")}, True),
    # what overflows fails, and takes nothing else along
    ("DECIMAL(38,0)", MOST * 2, total, {"min_value": 0}, False),
    ("DECIMAL(38,0)", MOST * 2, mean, {"min_value": 0}, False),
    ("DECIMAL(38,0)", MOST * 2, greatest, {"min_value": 0}, True),
    # days and times are UTC's, text and values alike
    ("DATE", ("date'2013-02-08'",), between, {"min_value": "2013-02-08", "max_value": date(2013, 2, 8)}, True),
    ("DATE", ("date'2013-02-08'",), between, {"min_value": "2013-02-07T12:00", "max_value": "2013-02-08T12:00"}, True),
    ("DATE", ("date'2013-02-08'",), between, {"min_value": "2013-02-08T00:00:01"}, False),
    ("DATE", ("date'2013-02-08'",), in_set, {"value_set": ["2013-02-08"]}, True),
    ("DATE", ("date'2013-02-08'",), greatest, {"max_value": "2013-02-08"}, True),
    (TIME, HOUR, between, {"min_value": utc(2013, 2, 8, 5), "max_value": "2013-02-08T05:00:00Z"}, True),
    (TIME, HOUR, between, {"min_value": datetime(2013, 2, 8, 14, tzinfo=TOKYO)}, True),
    (TIME, HOUR, in_set, {"value_set": ["2013-02-08 06:00:00+01:00"]}, True),
    (TIME, HOUR, least, {"min_value": datetime(2013, 2, 8, 5, tzinfo=UTC), "max_value": utc(2013, 2, 8, 5)}, True),
    (TIME, HOUR, greatest, {"max_value": date(2013, 2, 8)}, False),
    ("TIMESTAMP_NTZ", ("timestamp_ntz'2013-02-08 05:00:00'",), between, {"max_value": "2013-02-08T14:00+09:00"}, True),
    ("TIMESTAMP_NTZ", ("timestamp_ntz'2013-02-08 05:00:00'",), in_set, {"value_set": [utc(2013, 2, 8, 5)]}, True),
    # texts are ordered and counted by Spark, never by a locale
    ("STRING", ("'Zoë'", "'a'"), between, {"min_value": "Z", "max_value": "a"}, True),
    ("STRING", ("'ä'",), between, {"max_value": "z"}, False),
    ("STRING", (r"'it\'s \\ here'",), in_set, {"value_set": ["it's \\ here"]}, True),
    ("BOOLEAN", ("true",), in_set, {"value_set": [True]}, True),
    ("BOOLEAN", ("true", "false"), in_set, {"value_set": [True]}, False),
]


def column(situation, n, rows):
    kind, values, *_ = situation
    padded = (*values, *["NULL"] * (rows - len(values)))
    return [f"CAST({value} AS {kind}) AS c{n}" for value in padded]


@pytest.mark.spark
def test_every_situation_has_one_verdict(spark, zone):
    rows = max(len(values) for _, values, *_ in SITUATIONS)
    columns = [column(situation, n, rows) for n, situation in enumerate(SITUATIONS)]
    frame = spark.sql(" UNION ALL ".join(f"SELECT {', '.join(row)}" for row in zip(*columns, strict=True)))
    ddl = ", ".join(f"c{n} {kind}" for n, (kind, *_) in enumerate(SITUATIONS))
    asked = [
        build(f"c{n}", **arguments, **({"row_condition": f"c{n} IS NOT NULL"} if build is not_null else {}))
        for n, (_, _, build, arguments, _) in enumerate(SITUATIONS)
    ]
    suite = compile_suite(asked, parse_schema(ddl))

    observed = dict(zip(suite.measures, frame.selectExpr(*suite.measures).first(), strict=True))
    results = judge(suite, take(Written(spark, lambda: frame, rows), suite, observed))

    wrong = [
        (kind, values, build.__name__, arguments, result.result)
        for (kind, values, build, arguments, holds), result in zip(SITUATIONS, results, strict=True)
        if result.success is not holds
    ]
    assert wrong == []


PAIRS = [
    ("DOUBLE", "double('NaN')", "DOUBLE", "1.0D", {}, False),
    ("DOUBLE", "1.0D", "FLOAT", "float('NaN')", {}, False),
    ("DOUBLE", "double('NaN')", "DOUBLE", "double('NaN')", {"or_equal": True}, False),
    ("DOUBLE", "0.0D", "DOUBLE", "-0.0D", {}, False),
    ("DOUBLE", "-0.0D", "DOUBLE", "0.0D", {"or_equal": True}, True),
    ("DECIMAL(10,2)", "0.10", "DECIMAL(20,10)", "0.0999999999", {}, True),
    ("BIGINT", "9007199254740993", "BIGINT", "9007199254740992", {}, True),
    ("BIGINT", "9007199254740993", "DECIMAL(20,1)", "9007199254740992.9", {}, True),
    ("TIMESTAMP", "timestamp'2013-02-08 00:00:00Z'", "DATE", "date'2013-02-08'", {"or_equal": True}, True),
    ("TIMESTAMP", "timestamp'2013-02-08 00:00:00Z'", "TIMESTAMP_NTZ", "timestamp_ntz'2013-02-08 00:00:00'", {}, False),
]


@pytest.mark.spark
def test_a_pair_is_compared_by_the_same_rule(spark, zone):
    values = [f"CAST({a} AS {p}) AS a{n}, CAST({b} AS {q}) AS b{n}" for n, (p, a, q, b, *_) in enumerate(PAIRS)]
    ddl = ", ".join(f"a{n} {p}, b{n} {q}" for n, (p, _, q, *_) in enumerate(PAIRS))
    frame = spark.sql(f"SELECT {', '.join(values)}")
    asked = [
        expect.column_pair_values_a_to_be_greater_than_b(f"a{n}", f"b{n}", **more)
        for n, (_, _, _, _, more, _) in enumerate(PAIRS)
    ]
    suite = compile_suite(asked, parse_schema(ddl))

    observed = dict(zip(suite.measures, frame.selectExpr(*suite.measures).first(), strict=True))
    results = judge(suite, take(Written(spark, lambda: frame, 1), suite, observed))

    assert [result.success for result in results] == [holds for *_, holds in PAIRS]


@pytest.mark.spark
@pytest.mark.parametrize("write", [ReplaceTable(), Merge("id")], ids=repr)
def test_what_overflows_fails_alone_and_leaves_every_other_measure_whole(lake, write):
    largest = Decimal(10**38 - 1)
    lake.write("raw.rows", "id INT, v DECIMAL(38,0), name STRING", [(n, largest, f"n{n}") for n in range(4)])

    @step(
        sources={"rows": Source("raw.rows")},
        target=Target("clean.rows", "id INT, v DECIMAL(38,0), name STRING", write),
        expectations=[
            total("v", 0, on_failure="warn"),
            mean("v", 0, on_failure="warn"),
            not_null("name", mostly=0.5, on_failure="warn"),
            greatest("v", 0, on_failure="warn"),
        ],
    )
    def copy(rows):
        return rows.repartition(4)

    result = lake.run_step(copy)

    assert result.exit_code == 0
    assert [one.success for one in result.expectations][:4] == [False, False, True, True]
    assert result.expectations[0].result["observed_value"] == "more than 38 digits"
    assert result.expectations[2].result["element_count"] == 4
    assert len(lake.rows("clean.rows")) == 4
