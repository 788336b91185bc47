"""From counts to success, against exact arithmetic."""

import json
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.kinds.judgement import of_rows, of_value
from etl.model.expectation import Expectation

SHARES = st.sampled_from([0, 1, 0.5, 0.1, 0.29, 0.57, 0.95, 0.999, 1 / 3]) | st.floats(0, 1)


@given(st.integers(0, 10_000), st.data(), SHARES)
def test_rows_hold_if_the_exact_share_of_those_that_are_there_reaches_mostly(elements, data, mostly):
    missing = data.draw(st.integers(0, elements))
    present = elements - missing
    unexpected = data.draw(st.integers(0, present))

    success, result = of_rows({"mostly": mostly}, {"elements": elements, "missing": missing, "unexpected": unexpected})

    enough = present == 0 or Fraction(present - unexpected, present) >= Fraction(Decimal(repr(mostly)))
    assert success is enough
    assert result["element_count"] == elements
    assert (result["unexpected_percent"] is None) is (present == 0)


@given(st.integers(0, 50), st.integers(1, 50))
def test_a_share_that_is_exactly_mostly_is_enough(unexpected, present):
    kept = max(present - unexpected, 0)

    assert of_rows({"mostly": kept / present}, {"elements": present, "missing": 0, "unexpected": present - kept})[0]


@pytest.mark.parametrize(
    ("taken", "success", "shown"),
    [
        ({"observed": (5, True)}, True, 5),
        ({"observed": (5, False)}, False, 5),
        ({"observed": (5, None)}, False, 5),
        ({"observed": (None, None)}, False, None),
        ({"observed": (None, True)}, False, None),
        ({"observed": (None, None), "present": 2}, False, "more than 38 digits"),
        ({"observed": (None, None), "present": 0}, False, None),
        ({"observed": (float("nan"), False)}, False, "nan"),
        ({"observed": (float("inf"), True)}, True, "inf"),
    ],
)
def test_a_number_of_a_column_holds_only_where_there_is_one(taken, success, shown):
    assert of_value({}, taken) == (success, {"observed_value": shown})


def test_an_expectation_about_nan_is_json():
    kwargs = {"column": "x", "value_set": (1.0, float("nan")), "max_value": float("inf")}

    said = json.dumps(Expectation("expect_column_values_to_be_in_set", kwargs).to_json(), allow_nan=False)

    assert json.loads(said)["kwargs"] == {"column": "x", "value_set": [1.0, "nan"], "max_value": "inf"}
