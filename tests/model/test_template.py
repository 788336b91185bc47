"""Texts that name the interval."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.errors import DefinitionError, UsageError
from etl.model.template import Moment, check, render

MOMENT = Moment(
    start=datetime(2011, 5, 24, 17, 10, tzinfo=UTC),
    end=datetime(2011, 5, 25, 17, 10, tzinfo=UTC),
    due=datetime(2011, 5, 25, 18, 0, tzinfo=UTC),
    job="sales",
    run_id="r1",
    params={"region": "eu"},
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("s3://in/{start:%Y/%m/%d}/", "s3://in/2011/05/24/"),
        ("{start}", "2011-05-24T17:10:00Z"),
        ("{end:%d} {due:%H:%M}", "25 18:00"),
        ("{start - 1 day:%Y-%m-%d}", "2011-05-23"),
        ("{start-1day:%Y-%m-%d}", "2011-05-23"),
        ("{start + 1 week - 2 hours:%Y-%m-%dT%H:%M}", "2011-05-31T15:10"),
        ("{start + 30 minutes:%H:%M}", "17:40"),
        ("{start + 3 months:%Y-%m-%d}", "2011-08-24"),
        ("{start - 5 months:%Y-%m-%d}", "2010-12-24"),
        ("{start + 1 year:%Y}", "2012"),
        ("{start + 7 days - 3 months:%Y-%m-%d}", "2011-02-28"),
        ("{start | midnight}", "2011-05-24T00:00:00Z"),
        ("{start | first_of_month:%Y-%m-%dT%H:%M}", "2011-05-01T17:10"),
        ("{start | first_of_year:%j}", "001"),
        ("{start | sunday:%Y-%m-%d}", "2011-05-22"),
        ("{start + 5 days | sunday:%Y-%m-%d}", "2011-05-29"),
        ("{start | zone America/New_York:%Y-%m-%d %H:%M}", "2011-05-24 13:10"),
        ("{start - 1 month | first_of_month | midnight:%Y-%m-%d}", "2011-04-01"),
        ("{start - 1 day | midnight | - 2 hours + 1 minute:%d %H:%M}", "22 22:01"),
        ("{job}/{run_id}/{param.region}", "sales/r1/eu"),
        ("awk '{{print $1}}'", "awk '{print $1}'"),
        ("cp ${INPUT1_STAGING_DIR}/x {job}", "cp ${INPUT1_STAGING_DIR}/x sales"),
        ("", ""),
    ],
)
def test_a_text_is_filled_in(text: str, said: str) -> None:
    assert render(text, MOMENT) == said


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{strat:%Y}", "did you mean 'start'"),
        ("{start:}", "a format follows the colon"),
        ("{start - day}", "steps are"),
        ("{start - 1 fortnight}", "steps are"),
        ("{start | noon}", "midnight"),
        ("{start | zone Mars/Base}", "Mars/Base"),
        ("{job:%Y}", "takes neither steps nor a format"),
        ("a } b", "stands alone at letter 3"),
        ("{", "stands alone"),
        ("{}", "is not known"),
    ],
)
def test_what_is_no_template_is_refused_with_what_is_allowed(text: str, words: str) -> None:
    with pytest.raises(DefinitionError, match=words):
        check(text)


def test_the_names_of_a_text_are_told() -> None:
    assert check("{start:%Y} {param.region} {{x}}") == ("start", "param.region")


def test_a_run_on_demand_has_no_interval_to_name() -> None:
    with pytest.raises(UsageError, match="needs an interval"):
        render("{start:%Y}", Moment(job="sales"))


def test_a_parameter_that_was_not_given_is_named() -> None:
    with pytest.raises(UsageError, match="no parameter 'regoin'; did you mean 'region'"):
        render("{param.regoin}", MOMENT)


@given(st.text())
def test_any_text_is_kept_once_its_braces_are_doubled(text: str) -> None:
    doubled = text.replace("{", "{{").replace("}", "}}")
    assert render(doubled, MOMENT) == text
