"""What a job module declares as JOB."""

import pytest

from etl import Daily, Job
from etl.errors import DefinitionError


def test_a_job_on_demand_says_nothing():
    assert (Job().schedule, Job().retries, Job().tags) == (None, 0, ())


@pytest.mark.parametrize("retries", [-1, 11, 10**9, 1.5, "2"])
def test_a_job_is_retried_at_most_ten_times(retries):
    with pytest.raises(DefinitionError, match="outside 0 to 10"):
        Job(retries=retries)


@pytest.mark.parametrize("retries", [0, 10])
def test_the_bounds_of_retries_are_allowed(retries):
    assert Job(retries=retries).retries == retries


def test_tags_are_a_tuple_whatever_they_are_given_as():
    assert Job(tags=["nightly", "slow"]).tags == ("nightly", "slow")


def test_a_schedule_is_a_value_and_one_tag_a_tag():
    with pytest.raises(DefinitionError, match=r"is no schedule; known: .*Daily\(…\)"):
        Job(schedule=Daily)

    assert Job(schedule=Daily(), tags="nightly").tags == ("nightly",)
