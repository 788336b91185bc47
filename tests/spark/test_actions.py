import uuid

from etl.engine.meter import ROWS, drain, observe
from etl.spark.actions import Ran, action_of, told_again


def test_stages_that_ran_each_task_once_say_nothing():
    assert told_again([Ran(3, "7,6", 4, 4), Ran(4, "9", 2, 2)]) == ""


def test_an_attempt_that_runs_what_a_failed_one_left_computes_nothing_twice():
    assert told_again([Ran(3, "7,6", 4, 1), Ran(3, "7,6", 3, 3)]) == ""


def test_a_stage_whose_output_was_lost_ran_twice():
    assert told_again([Ran(3, "7,6", 4, 4), Ran(3, "7,6", 2, 2)]) == "stage 3 ran twice"


def test_a_stage_that_a_later_job_ran_again_is_known_by_what_it_computes():
    assert told_again([Ran(3, "7,6", 4, 4), Ran(5, "8", 4, 4), Ran(9, "7,6", 2, 2)]) == "stage 3 ran twice"


def test_tasks_that_succeeded_twice_within_an_attempt_are_told():
    assert told_again([Ran(3, "7,6", 4, 6)]) == "stage 3 ran 2 of its 4 tasks twice"


def test_a_stage_that_spark_has_forgotten_is_told():
    assert told_again([Ran(3, "7,6", 4, 4), None]) == "Spark has forgotten stages of the write"


def test_the_account_of_an_action_has_its_plan_and_that_nothing_ran_twice(spark):
    frame, observed = observe(spark.range(10), [ROWS])
    frame.groupBy("id").count().collect()
    drain(spark)

    action = action_of(spark, observed.name)

    assert observed.name in action.plan
    assert action.again == ""
    assert action_of(spark, str(uuid.uuid4())) is None
