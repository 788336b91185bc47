"""A run on a cluster: sent once, followed to its end, whatever the control plane does meanwhile."""

import json
from datetime import timedelta
from random import Random

import pytest
from attrs import evolve

from etl.config.settings import load_config
from etl.errors import EtlError, OutcomeUnknownError, PlatformError, TransientError
from etl.errors.failures import PassingError
from etl.ship.control.follow import changes
from etl.ship.platform import platform
from etl.ship.requests import requests
from tests.ship.planes import BROKEN_AFTER, FAULTS, LOST_BEFORE, THROTTLED, Planes, RefusedError
from tests.ship.test_requests import FOLDER, ROOTS, TARGETS

COURSES = {
    "emr": ("PENDING", "RUNNING", {"succeeded": "COMPLETED", "failed": "FAILED", "cancelled": "CANCELLED"}),
    "emr-cluster": ("PENDING", "RUNNING", {"succeeded": "COMPLETED", "failed": "INTERRUPTED"}),
    "emr-serverless": ("SCHEDULED", "RUNNING", {"succeeded": "SUCCESS", "failed": "FAILED", "cancelled": "CANCELLED"}),
    "emr-serverless-application": ("QUEUED", "RUNNING", {"succeeded": "SUCCESS", "failed": "FAILED"}),
    "emr-eks": ("SUBMITTED", "RUNNING", {"succeeded": "COMPLETED", "failed": "FAILED", "cancelled": "CANCELLED"}),
    "glue": ("WAITING", "RUNNING", {"succeeded": "SUCCEEDED", "failed": "TIMEOUT", "cancelled": "STOPPED"}),
}


@pytest.fixture(scope="module")
def submissions(tmp_path_factory):
    """``submissions["glue"]`` is what is sent there, as a run of the id ``one``."""

    def make(target):
        root = tmp_path_factory.mktemp("project")
        (root / "conf").mkdir()
        (root / "conf/base.toml").write_text(ROOTS + f"[submit.it]\n{TARGETS[target].strip()}\n")
        config = load_config(root / "conf", "conf", root, environment="local", environ={}, overrides={})
        return requests(config, "it", FOLDER, "one", {"job": "shop", "date": "2013-02-08"}).submission

    return {target: make(target) for target in COURSES}


def course(target, end="succeeded"):
    waiting, running, ends = COURSES[target]
    return ((0, waiting), (40, running), (900, ends[end]))


@pytest.fixture
def planes():
    """``planes("glue", faults=[…])`` are control planes that have what the target names."""

    def make(target, end="succeeded", **options):
        made = Planes(course(target, end), **options)
        made.clusters["j-2AXXXXXXGAPLF"] = {"name": "shared", "state": "WAITING", "at": made.clock.at}
        made.applications["00f1abcdexample"] = {"name": "other", "at": made.clock.at - timedelta(days=1)}
        return made

    return make


def there(world, submission):
    return platform(submission.arguments["platform"], world.asking())


@pytest.mark.parametrize("target", COURSES)
@pytest.mark.parametrize("end", ["succeeded", "failed", "cancelled"])
def test_a_run_is_followed_through_its_states_to_its_end(target, end, planes, submissions):
    if end not in COURSES[target][2]:
        pytest.skip("told by another target of the platform")
    world = planes(target, end)
    runs = there(world, submissions[target])

    sent = runs.submit(submissions[target])
    seen = [run.state for run in changes(runs, sent, world.asking())]

    assert seen == ["pending", "running", end]
    assert len(world.started("one")) == 1


@pytest.mark.parametrize("target", COURSES)
def test_the_same_submission_again_is_the_same_run(target, planes, submissions):
    world = planes(target)
    runs = there(world, submissions[target])

    first, again = runs.submit(submissions[target]), runs.submit(submissions[target])

    assert first == again
    assert len(world.started("one")) == 1


@pytest.mark.parametrize("target", COURSES)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_at_any_call_starts_no_second_run(target, fault, planes, submissions):
    for at in range(5):
        world = planes(target, faults=[None] * at + [fault], lag=3)
        runs = there(world, submissions[target])

        sent = runs.submit(submissions[target])

        assert len(world.started("one")) == 1, at
        assert [run.state for run in changes(runs, sent, world.asking())][-1] == "succeeded", at


def test_two_hundred_random_schedules_start_each_run_once_and_tell_its_true_end(planes, submissions):
    for seed in range(200):
        chance = Random(seed)  # noqa: S311
        target = chance.choice(list(COURSES))
        end = chance.choice(list(COURSES[target][2]))
        faults = [chance.choice([*FAULTS, *[None] * chance.randint(1, 12)]) for _ in range(400)]
        world = planes(target, end, faults=faults, lag=chance.choice([0, 2, 8]), chance=chance)
        runs = there(world, submissions[target])

        sent = _sent(runs, submissions[target])
        last = _followed(runs, sent, world)

        assert len(world.started("one")) == 1, (seed, target)
        assert last.state == end, (seed, target)
        assert world.clock.waited < 6 * 3600, (seed, target)


def _sent(runs, submission):
    for _ in range(20):
        try:
            return runs.submit(submission)
        except (PassingError, OutcomeUnknownError):
            continue
    raise AssertionError("never sent")


def _followed(runs, sent, world):
    for _ in range(20):
        try:
            return list(changes(runs, sent, world.asking()))[-1]
        except OutcomeUnknownError:
            continue
    raise AssertionError("never followed to its end")


@pytest.mark.parametrize("target", COURSES)
def test_cancelling_ends_a_run_and_leaves_an_ended_one_alone(target, planes, submissions):
    world = planes(target)
    runs = there(world, submissions[target])
    sent = runs.submit(submissions[target])
    world.clock.pause(60)

    runs.cancel(sent)
    last = list(changes(runs, sent, world.asking()))[-1]
    before = dict(world.asked)
    runs.cancel(sent)

    assert last.state == "cancelled"
    stops = ("CancelSteps", "TerminateJobFlows", "CancelJobRun", "BatchStopJobRun")
    assert {name: world.asked[name] for name in stops} == {name: before.get(name, 0) for name in stops}


def test_a_step_is_found_among_many_pages_of_others(planes, submissions):
    world = planes("emr")
    runs = there(world, submissions["emr"])
    sent = runs.submit(submissions["emr"])
    for number in range(7):
        other = submissions["emr"].calls[0].parameters
        world._emr_add_job_flow_steps({**other, "Steps": [{**other["Steps"][0], "Name": f"other/{number}"}]})

    assert runs.submit(submissions["emr"]) == sent


def test_a_cluster_that_cannot_be_started_ends_its_run_with_the_reason(planes, submissions):
    world = planes("emr-cluster", lag=3600)  # no step is listed
    runs = there(world, submissions["emr-cluster"])
    world.lag, sent = 0, runs.submit(submissions["emr-cluster"])
    world.runs.clear()
    cluster = world.clusters[sent.rstrip("/")]
    seen = changes(runs, sent, world.asking())
    assert next(seen).state == "pending"

    cluster |= {"state": "TERMINATED_WITH_ERRORS", "why": {"Code": "BOOTSTRAP_FAILURE", "Message": "on the master"}}

    last = list(seen)[-1]
    assert (last.state, last.reason) == ("failed", "BOOTSTRAP_FAILURE: on the master")


def test_a_cluster_that_ends_under_a_run_ends_it(planes, submissions):
    world = planes("emr")
    runs = there(world, submissions["emr"])
    sent = runs.submit(submissions["emr"])
    world.clusters["j-2AXXXXXXGAPLF"] |= {"state": "TERMINATED", "why": {"Code": "USER_REQUEST"}}

    last = list(changes(runs, sent, world.asking()))[-1]

    assert (last.state, last.reason) == ("failed", "its cluster has ended: USER_REQUEST")


def test_a_glue_job_that_differs_is_changed_and_one_that_is_right_is_left(planes, submissions):
    world = planes("glue")
    runs = there(world, submissions["glue"])
    runs.submit(submissions["glue"])
    runs.submit(evolve(submissions["glue"], run_id="two"))
    assert world.asked["UpdateJob"] == 0

    world.jobs["nightly"]["Timeout"] = 5
    runs.submit(evolve(submissions["glue"], run_id="three"))

    assert (world.asked["UpdateJob"], world.jobs["nightly"]["Timeout"]) == (1, 180)


def test_a_named_application_is_made_once_and_waited_for(planes, submissions):
    world = planes("emr-serverless-application")
    runs = there(world, submissions["emr-serverless-application"])

    sent = runs.submit(submissions["emr-serverless-application"])
    runs.submit(submissions["emr-serverless-application"])

    assert world.asked["CreateApplication"] == 1
    assert world.applications[sent.partition("/")[0]]["name"] == "nightly"


def test_an_application_of_the_name_that_is_gone_does_not_count(planes, submissions):
    world = planes("emr-serverless-application")
    runs = there(world, submissions["emr-serverless-application"])
    first = runs.submit(submissions["emr-serverless-application"]).partition("/")[0]
    world.applications[first]["state"] = "TERMINATED"

    again = runs.submit(evolve(submissions["emr-serverless-application"], run_id="two"))

    assert not again.startswith(first)


REFUSALS = {
    "no right": (
        "StartJobRun",
        RefusedError(
            "AccessDeniedException",
            "User: arn:aws:iam::1:user/ann is not authorized to perform: iam:PassRole on "
            "resource: arn:aws:iam::1:role/Run",
            403,
        ),
        PlatformError,
        "iam:PassRole on arn:aws:iam::1:role/Run is not allowed",
    ),
    "no such application": (
        "StartJobRun",
        RefusedError("ResourceNotFoundException", "Application 00f1abcdexample does not exist", 404),
        PlatformError,
        "EMR Serverless application 00f1abcdexample is not there",
    ),
    "a quota": (
        "StartJobRun",
        RefusedError("ServiceQuotaExceededException", "Max concurrent vCPUs per account", 402),
        PlatformError,
        "a quota of this account is used up",
    ),
    "expired": (
        "StartJobRun",
        RefusedError("ExpiredTokenException", "The security token included in the request is expired", 403),
        PlatformError,
        "credentials have expired",
    ),
}


@pytest.mark.parametrize(("operation", "refused", "kind", "said"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_says_who_must_act(operation, refused, kind, said, planes, submissions):
    world = planes("emr-serverless")
    world.refuses[operation] = refused

    with pytest.raises(kind) as caught:
        there(world, submissions["emr-serverless"]).submit(submissions["emr-serverless"])

    assert said in caught.value.message
    assert caught.value.remedy
    assert world.asked[operation] == 1


def test_as_many_runs_as_a_glue_job_may_have_is_to_be_tried_later(planes, submissions):
    world = planes("glue")
    world.refuses["StartJobRun"] = RefusedError("ConcurrentRunsExceededException", "Concurrent runs exceeded")

    with pytest.raises(TransientError, match="as many runs as it may have") as caught:
        there(world, submissions["glue"]).submit(submissions["glue"])

    assert caught.value.exit_code == 75
    assert world.asked["StartJobRun"] == 1


def test_a_cluster_that_is_not_there_is_named(planes, submissions):
    world = planes("emr")
    del world.clusters["j-2AXXXXXXGAPLF"]

    with pytest.raises(PlatformError, match="EMR cluster j-2AXXXXXXGAPLF is not there"):
        there(world, submissions["emr"]).submit(submissions["emr"])


def test_answers_that_never_come_leave_the_outcome_unknown(planes, submissions):
    world = planes("glue", faults=[None, None, None, None] + [LOST_BEFORE] * 500)

    with pytest.raises(EtlError) as caught:
        there(world, submissions["glue"]).submit(submissions["glue"])

    assert caught.value.exit_code in {7, 75}


def test_throttling_without_end_is_given_up_with_nothing_started(planes, submissions):
    world = planes("glue", faults=[THROTTLED] * 500)

    with pytest.raises(PassingError, match="Rate exceeded"):
        there(world, submissions["glue"]).submit(submissions["glue"])

    assert world.started("one") == []


def test_a_run_that_nobody_can_ask_about_is_unknown_after_a_quarter_of_an_hour(planes, submissions):
    world = planes("emr-eks")
    runs = there(world, submissions["emr-eks"])
    sent = runs.submit(submissions["emr-eks"])
    world.faults = iter([BROKEN_AFTER] * 10_000)

    with pytest.raises(OutcomeUnknownError, match="last seen at work"):
        list(changes(runs, sent, world.asking()))

    assert 15 * 60 < world.clock.waited < 40 * 60


def test_a_run_is_not_followed_longer_than_asked(planes, submissions):
    world = planes("emr-eks")
    runs = there(world, submissions["emr-eks"])
    sent = runs.submit(submissions["emr-eks"])

    with pytest.raises(OutcomeUnknownError, match="not waited for any longer"):
        list(changes(runs, sent, world.asking(), world.clock.at + timedelta(minutes=5)))


def test_a_run_of_ten_hours_is_asked_after_every_half_minute_at_most(planes, submissions):
    world = planes("emr-serverless")
    world.course = ((0, "PENDING"), (60, "RUNNING"), (36_000, "SUCCESS"))
    runs = there(world, submissions["emr-serverless"])
    sent = runs.submit(submissions["emr-serverless"])

    list(changes(runs, sent, world.asking()))

    assert world.asked["GetJobRun"] < 36_000 / 30 * 1.3 + 20


def test_what_a_run_has_used_is_what_the_service_says(planes, submissions):
    serverless, glue = planes("emr-serverless"), planes("glue")
    first, second = there(serverless, submissions["emr-serverless"]), there(glue, submissions["glue"])

    used = first.describe(first.submit(submissions["emr-serverless"])).used
    dpu = second.describe(second.submit(submissions["glue"])).used

    assert used == {"vCPU-hours": 1.5, "GB-hours": 6.0, "storage GB-hours": 0.0}
    assert dpu == {"DPU-hours": 2.0}


def test_glue_tells_its_log_page_by_page(planes, submissions):
    world = planes("glue")
    runs = there(world, submissions["glue"])
    sent = runs.submit(submissions["glue"])
    assert list(runs.logs(sent)) == []

    world.streams["/aws-glue/jobs/error", sent.partition("/")[2]] = ["one", "two", "three"]
    world.streams["/aws-glue/jobs/output", sent.partition("/")[2]] = ["printed"]

    assert list(runs.logs(sent)) == ["one", "two", "three", "printed"]


def test_every_state_of_each_service_has_a_meaning():
    import botocore.session

    from etl.ship.control import emr, emr_eks, emr_serverless, glue

    for module, shape in (
        (emr, "StepState"),
        (emr_serverless, "JobRunState"),
        (emr_eks, "JobRunState"),
        (glue, "JobRunState"),
    ):
        model = botocore.session.get_session().get_service_model(module.SERVICE)
        assert set(model.shape_for(shape).enum) == set(module.STATES), json.dumps(shape)
