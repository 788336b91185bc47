"""A project's configuration: zones, and in the environment ``aws`` the log folder and the clusters."""

from __future__ import annotations

import json

from attrs import evolve

from etl.interop.datapipeline.definition import Definition, Thing
from etl.interop.datapipeline.expressions import plain
from etl.interop.datapipeline.jobs import Plan
from etl.interop.layout import common, snake

RELEASE = "emr-7.13.0"
TYPES = ("m3.xlarge", "m5.xlarge")  # what AWS's examples have, which no current release runs on; what takes its place
SUBNET = "subnet-to-be-written"


def conf(definition: Definition, name: str, plan: Plan) -> dict[str, str]:
    """Return the files of ``conf/`` and what else a project needs, by path."""
    aws = ["# etl run -e aws, etl submit -e aws: state and artifacts that every machine reaches."]
    default = definition.objects.get("Default")
    logs = plain(default.text("pipelineLogUri") or "", evolve(plan, missing=set()).scope(default)) if default else None
    if logs and logs.startswith("s3://") and default:
        aws += [f"artifacts = {json.dumps(logs.rstrip('/'))}", f"state = {json.dumps(logs.rstrip('/') + '/state')}"]
        plan.report.add("mapped", default, "pipelineLogUri", "artifacts and state in conf/env/aws.toml")
    for thing in definition.objects.values():
        if thing.type == "EmrCluster":
            aws += ["", *_cluster(thing, plan)]
    return {**common(name, "AWS Data Pipeline"), "conf/env/aws.toml": "\n".join(aws) + "\n"}


def _cluster(thing: Thing, plan: Plan) -> list[str]:
    scope = evolve(plan, missing=set()).scope(thing, None, {})

    def said(name: str, otherwise: str) -> str:
        text = thing.text(name)
        found = plain(text, scope) if text else None
        if found is None:
            why = f"{text} has no value" if text else "none is given"
            plan.report.add("approximated", thing, name, f"{why}: {otherwise}")
        return found or otherwise

    release = said("releaseLabel", RELEASE)
    if not release.startswith(("emr-7", "emr-6")):
        plan.report.add("approximated", thing, "releaseLabel", f"{release} is too old for Headrace: {RELEASE}")
        release = RELEASE
    old, new = TYPES
    kinds = {name: said(f"{name}InstanceType", new) for name in ("master", "core")}
    if old in kinds.values():
        plan.report.add("approximated", thing, "masterInstanceType", f"{old} is not offered any more: {new}")
    master, core = (json.dumps([new if each == old else each]) for each in kinds.values())
    count = said("coreInstanceCount", "1")
    service, profile = said("role", "EMR_DefaultRole"), said("resourceRole", "EMR_EC2_DefaultRole")
    return [
        f"[submit.{snake(thing.id).replace('_', '-')}]",
        'platform = "emr"',
        f"release = {json.dumps(release)}",
        "",
        f"[submit.{snake(thing.id).replace('_', '-')}.cluster]",
        f"service_role = {json.dumps(service)}",
        f"instance_profile = {json.dumps(profile)}",
        f"subnets = [{json.dumps(said('subnetId', SUBNET))}]",
        f"primary = {{ types = {master}, on_demand = 1 }}",
        f"core = {{ types = {core}, on_demand = {count if count.isdigit() else 1} }}",
    ]
