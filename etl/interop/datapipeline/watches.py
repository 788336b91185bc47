"""What the jobs wait for, and who is told."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from etl.errors import ConfigError
from etl.interop.datapipeline.definition import Thing
from etl.interop.datapipeline.expressions import plain, template, templates
from etl.interop.datapipeline.jobs import Plan, span

TO_BE_WRITTEN = "arn:aws:sns:us-east-1:123456789012:to-be-written"


def waits(plan: Plan, activities: Sequence[Thing]) -> list[str]:
    """Return the Python texts of the preconditions of activities and of the data that they read and write."""
    found: dict[str, None] = {}
    for thing in activities:
        owners = [thing, *(plan.definition.objects[each] for each in thing.refs("input", "output"))]
        for owner in owners:
            for each in owner.refs("precondition"):
                found[_wait(plan, plan.definition.objects[each], owner)] = None
    return [each for each in found if each]


def _wait(plan: Plan, thing: Thing, owner: Thing) -> str:
    scope = plan.scope(thing, owner, {})
    timeout = span(thing.text("preconditionTimeout"), plan, thing, "preconditionTimeout")
    rest = f", timeout={timeout!r}" if timeout else ""
    kinds = {
        "S3KeyExists": ("s3_key_exists", "s3Key"),
        "S3PrefixNotEmpty": ("s3_prefix_not_empty", "s3Prefix"),
        "DynamoDBDataExists": ("dynamodb_data_exists", "tableName"),
        "DynamoDBTableExists": ("dynamodb_table_exists", "tableName"),
    }
    if thing.type in kinds:
        builder, name = kinds[thing.type]
        text = template(_needed(plan, thing, name), scope)
        return _waiting(plan, thing, f"wait.{builder}({text!r}{rest})", text)
    if thing.type == "ShellCommandPrecondition":
        text = template(_needed(plan, thing, "command", "scriptUri"), scope)
        if thing.text("scriptUri"):
            text = f'aws s3 cp {text} - | bash -s "$@"'
        words = ["bash", "-c", text, "bash", *templates(thing.texts("scriptArgument"), scope)]
        return _waiting(plan, thing, f"wait.command_succeeds({words!r}{rest})", " ".join(words))
    if thing.type == "Exists":
        place = owner.text("filePath") or owner.text("directoryPath")
        if place:
            text = template(place, plan.scope(owner, None, {}))
            builder = "s3_key_exists" if owner.text("filePath") else "s3_prefix_not_empty"
            return _waiting(plan, thing, f"wait.{builder}({text!r}{rest})", text)
        plan.report.add("dropped", thing, "Exists", f"of {owner.type} {owner.id}: only S3 is looked at")
        return ""
    raise ConfigError(
        f"object {thing.id!r} is of type {thing.type!r}, which is no precondition", place=plan.definition.place(thing)
    )


def _waiting(plan: Plan, thing: Thing, text: str, said: str) -> str:
    if "{param." in said or "${" in said:
        plan.report.add("dropped", thing, thing.type, f"a value is missing; once there is one: wait_for=[{text}]")
        return ""
    plan.report.add("mapped", thing, thing.type, text)
    return text


def _needed(plan: Plan, thing: Thing, *names: str) -> str:
    found = next((text for name in names if (text := thing.text(name))), None)
    if not found:
        raise ConfigError(f"object {thing.id!r} has no {' or '.join(names)}", place=plan.definition.place(thing))
    return found


def alarms(plan: Plan, activities: Sequence[Thing]) -> Mapping[str, list[str]]:
    """Return the Python texts of alarms by the job's argument."""
    found: dict[str, dict[str, None]] = {"on_failure": {}, "on_success": {}, "on_late": {}}
    for name, word in (("onFail", "on_failure"), ("onSuccess", "on_success"), ("onLateAction", "on_late")):
        for thing in activities:
            for each in thing.refs(name):
                action = plan.definition.objects[each]
                if action.type == "SnsAlarm":
                    found[word][_sns(plan, action, thing)] = None
                else:
                    why = "attempt_timeout and expire_after of the job end what takes too long"
                    plan.report.add("approximated", action, action.type, why)
    return {word: list(texts) for word, texts in found.items() if texts}


def _sns(plan: Plan, action: Thing, owner: Thing) -> str:
    scope = plan.scope(action, owner, {})
    topic = plain(_needed(plan, action, "topicArn"), scope)
    if not topic or not re.fullmatch(r"arn:[^:\s]+:sns:[^:\s]+:[^:\s]*:[^:\s]+", topic):
        plan.report.add("approximated", action, "topicArn", "it has no value: write the topic's ARN into the job")
        topic = TO_BE_WRITTEN
    rest = ""
    for name in ("subject", "message"):
        text = action.text(name)
        if text and "#{" in text:
            plan.report.add(
                "approximated", action, name, f"{text!r} names the failed node: Headrace's own text says it"
            )
        elif text:
            rest += f", {name}={text!r}"
    plan.report.add("mapped", action, "SnsAlarm", f"alarm.sns({topic!r})")
    return f"alarm.sns({topic!r}{rest})"
