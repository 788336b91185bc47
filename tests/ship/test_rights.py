"""The policies that `etl iam` prints: of the run, of its submitter, of who may take the role."""

import json

import pytest

PROD = """
state = "s3://shop-prod/state"
artifacts = "s3://shop-prod/artifacts"
bundles = "s3://shop-code/bundles"
[zones]
raw = "s3://shop-raw"
clean = "s3://shop-prod/clean"
marts = "s3://shop-prod/marts"
quarantine = "s3://shop-prod/quarantine"
[glue_catalog]
databases = { clean = "shop_clean" }
[s3]
kms_key = "arn:aws:kms:eu-west-1:123456789012:key/1"
[submit.glued]
platform = "glue"
job = "nightly"
role = "EtlRole"
version = "5.1"
[submit.serverless]
platform = "emr-serverless"
release = "emr-7.13.0"
role = "arn:aws:iam::123456789012:role/EtlRole"
application_id = "00app"
log_uri = "s3://shop-logs/emr"
[submit.step]
platform = "emr"
release = "emr-7.13.0"
cluster_id = "j-1"
[submit.pods]
platform = "emr-eks"
release = "emr-7.13.0-latest"
role = "arn:aws:iam::123456789012:role/EtlRole"
virtual_cluster = "vc1"
log_group = "/etl/eks"
"""


@pytest.fixture
def policy(write, capsys):
    """``policy("shop", "--to", "glued")`` is what is printed, by the names of its statements."""
    from etl.cli import main
    from tests.cli.conftest import BASE, DATASETS, JOB

    root = write(
        {"conf/base.toml": BASE, "conf/datasets.toml": DATASETS, "conf/env/prod.toml": PROD, "jobs/shop.py": JOB}
    )

    def printed(*words):
        code = main(["iam", "-C", str(root), *words, "-e", "prod"])
        said = capsys.readouterr()
        assert code == 0, said.err
        return {each.get("Sid", ""): each for each in json.loads(said.out)["Statement"]}

    return printed


def test_a_run_reads_its_sources_and_its_bundle_and_writes_its_targets(policy):
    found = policy("shop", "--to", "serverless")

    assert found["Reads"]["Resource"] == [
        *("arn:aws:s3:::shop-code/bundles", "arn:aws:s3:::shop-code/bundles/*"),
        *("arn:aws:s3:::shop-raw/orders", "arn:aws:s3:::shop-raw/orders/*"),
    ]
    assert found["Reads"]["Action"] == ["s3:GetObject"]
    written = [each for each in found["Writes"]["Resource"] if each.endswith("/*")]
    assert [each.removeprefix("arn:aws:s3:::shop-prod/") for each in written] == [
        *("artifacts/*", "clean/orders/*", "marts/revenue/*"),
        *("quarantine/clean_orders/*", "quarantine/marts_revenue/*", "state/*"),
    ]


def test_what_one_step_needs_is_less_than_the_job(policy):
    assert "shop-prod/marts" not in json.dumps(policy("clean.orders", "--to", "serverless"))


def test_lists_are_of_the_places_alone(policy):
    found = policy("clean.orders", "--to", "serverless")
    lists = {each["Resource"][0]: each["Condition"] for name, each in found.items() if name.startswith("Lists")}

    assert lists["arn:aws:s3:::shop-raw"] == {"StringLike": {"s3:prefix": ["orders", "orders/*"]}}


def test_the_catalogue_the_key_and_the_logs_are_there_where_they_are_used(policy):
    glued, step = policy("clean.orders", "--to", "glued"), policy("clean.orders", "--to", "step")
    marts = policy("marts.revenue", "--to", "step")

    assert "arn:aws:glue:*:*:table/shop_clean/*" in glued["Catalogue"]["Resource"]
    assert "Catalogue" not in marts
    assert glued["Key"]["Resource"] == ["arn:aws:kms:eu-west-1:123456789012:key/1"]
    assert "Logs" in glued
    assert "Logs" not in step


@pytest.mark.parametrize(
    ("to", "action", "resource"),
    [
        ("glued", "glue:StartJobRun", "arn:aws:glue:*:*:job/nightly"),
        ("serverless", "emr-serverless:StartJobRun", "arn:aws:emr-serverless:*:*:/applications/00app"),
        ("step", "elasticmapreduce:AddJobFlowSteps", "arn:aws:elasticmapreduce:*:*:cluster/j-1"),
        ("pods", "emr-containers:StartJobRun", "arn:aws:emr-containers:*:*:/virtualclusters/vc1"),
    ],
)
def test_a_submitter_may_start_and_follow_runs_of_this_target_alone(policy, to, action, resource):
    runs = policy("shop", "--to", to, "--for", "submit")["Runs"]

    assert action in runs["Action"]
    assert resource in runs["Resource"]
    assert "*" not in runs["Resource"]


def test_a_submitter_passes_the_runs_role_and_no_other(policy):
    assert policy("shop", "--to", "glued", "--for", "submit")["Passes"]["Resource"] == ["arn:aws:iam::*:role/EtlRole"]


def test_every_action_of_a_submitter_is_one_that_the_services_are_asked_for(policy):
    import botocore.session

    models = {"elasticmapreduce": "emr"}
    for to in ("glued", "serverless", "step", "pods"):
        for action in policy("shop", "--to", to, "--for", "submit")["Runs"]["Action"]:
            service, _, operation = action.partition(":")
            model = botocore.session.get_session().get_service_model(models.get(service, service))
            assert operation in model.operation_names, action


def test_the_role_is_taken_by_the_platform(policy):
    said = policy("shop", "--to", "glued", "--for", "trust")[""]

    assert said == {"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}
