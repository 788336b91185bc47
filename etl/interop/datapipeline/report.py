"""What became of each object and field: mapped, approximated and why, or left out and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from attrs import define, field, frozen

from etl.interop.datapipeline.definition import Definition, Thing

Outcome = Literal["mapped", "approximated", "dropped"]
COMMON = frozenset({"type", "name", "parent", "schedule", "runsOn", "dependsOn", "precondition", "input", "output"})
COMMON |= {"onFail", "onSuccess", "onLateAction", "attemptTimeout", "maximumRetries", "retryDelay", "lateAfterTimeout"}
COMMON |= {"failureAndRerunMode", "maxActiveInstances", "scheduleType"}
WORK = {
    "ShellCommandActivity": "command scriptUri scriptArgument stage stdout stderr",
    "EmrActivity": "step preStepCommand postStepCommand resizeClusterBeforeRunning",
    "HadoopActivity": "jarUri argument mainClass hadoopQueue preActivityTaskConfig postActivityTaskConfig",
    "HiveActivity": "hiveScript scriptUri scriptVariable stage hadoopQueue "
    "preActivityTaskConfig postActivityTaskConfig",
    "HiveCopyActivity": "filterSql preActivityTaskConfig postActivityTaskConfig",
    "PigActivity": "script scriptUri scriptVariable preActivityTaskConfig postActivityTaskConfig",
    "CopyActivity": "",
    "RedshiftCopyActivity": "insertMode commandOptions transformSql",
    "SqlActivity": "database script scriptUri scriptArgument queue",
    "S3DataNode": "directoryPath filePath dataFormat compression manifestFilePath",
    "RedshiftDataNode": "database tableName schemaName createTableSql primaryKeys",
    "SqlDataNode": "database table tableName schemaName createTableSql selectQuery insertQuery",
    "MySqlDataNode": "database table schemaName createTableSql selectQuery insertQuery "
    "connectionString username *password",
    "DynamoDBDataNode": "tableName readThroughputPercent writeThroughputPercent region dataFormat",
    "EmrCluster": "releaseLabel masterInstanceType coreInstanceType coreInstanceCount taskInstanceType "
    "taskInstanceCount subnetId resourceRole role terminateAfter taskInstanceBidPrice",
    "Ec2Resource": "terminateAfter",
    "S3KeyExists": "s3Key preconditionTimeout",
    "S3PrefixNotEmpty": "s3Prefix preconditionTimeout",
    "DynamoDBDataExists": "tableName preconditionTimeout",
    "DynamoDBTableExists": "tableName preconditionTimeout",
    "Exists": "preconditionTimeout",
    "ShellCommandPrecondition": "command scriptUri scriptArgument preconditionTimeout",
    "JdbcDatabase": "connectionString username *password databaseName jdbcDriverClass",
    "RdsDatabase": "rdsInstanceId username *password databaseName",
    "RedshiftDatabase": "clusterId connectionString username *password databaseName",
    "CSV": "column",
    "TSV": "column columnSeparator",
    "Custom": "column columnSeparator",
    "RegEx": "column",
    "DynamoDBDataFormat": "column",
    "DynamoDBExportDataFormat": "column",
    "SnsAlarm": "topicArn subject message",
    "Terminate": "",
    "Schedule": "period startAt startDateTime endDateTime occurrences",
    "EmrConfiguration": "classification property configuration",
    "Property": "key value",
    "ShellScriptConfig": "scriptUri scriptArgument",
    "HttpProxy": "hostname port",
    "": "pipelineLogUri",
}
REASONS = {
    "role": "the scheduler runs with the rights of its own machine or role",
    "resourceRole": "the machines' rights are those of the place that runs the job",
    "workerGroup": "there is no worker that polls: the scheduler runs the job, or submits it",
    "reportProgressTimeout": "a program is ended by its time-out, not by its silence",
    "queue": "set the WLM queue of the user, or of the query group",
    "s3EncryptionType": "objects are encrypted as the bucket says",
    "emrLogUri": "log_uri in conf/env/aws.toml",
}
RESOURCE = "the machine is not made by the job: it runs where the scheduler runs, or on what [submit] names"


@frozen
class Entry:
    """What became of an object or one of its fields."""

    outcome: Outcome
    object: str
    what: str
    why: str = ""
    line: int = 0


@define
class Report:
    """What became of a definition."""

    definition: Definition
    entries: list[Entry] = field(factory=list)

    def add(self, outcome: Outcome, thing: Thing, what: str, why: str = "") -> None:
        """Take note of one thing, once."""
        entry = Entry(outcome, thing.id, what, why, thing.line)
        if entry not in self.entries:
            self.entries.append(entry)

    def fields(self, original: Definition) -> None:
        """Take note of the fields that nothing here does the same as."""
        for thing in original.objects.values():
            known = COMMON | set(WORK.get(thing.type, "").split())
            if thing.type not in WORK:
                self.add("dropped", thing, thing.type, "a type that AWS's guide does not know")
            for name in thing.fields:
                if name in known or name == "myComment":
                    continue
                if name.startswith("my") or name == "metadata":
                    self.add("mapped", thing, name, "a field of your own: used where an expression names it")
                else:
                    resource = RESOURCE if thing.type in ("EmrCluster", "Ec2Resource") else "nothing here does the same"
                    self.add("dropped", thing, name, REASONS.get(name, resource))

    def counts(self) -> Mapping[str, int]:
        """Return how many there are of each outcome."""
        return {
            each: sum(entry.outcome == each for entry in self.entries) for each in ("mapped", "approximated", "dropped")
        }

    def text(self, missing: Mapping[str, str], secrets: Mapping[str, str]) -> Iterator[str]:
        """Yield the lines of the report."""
        yield from (f"# {self.definition.name}, taken over from AWS Data Pipeline", "")
        yield from (f"From `{self.definition.file}`. What you have to do comes first.", "")
        if secrets:
            yield from (
                "## Secrets",
                "",
                "No password was copied. Give each where it is looked for, or write another place:",
                "",
            )
            yield from (f"- `{name}`: `{place}`" for name, place in sorted(secrets.items()))
            yield ""
        if missing:
            yield from (
                "## Parameters without a value",
                "",
                "Give them with `--param`, or write them into the job:",
                "",
            )
            yield from (f"- `{name}`{': ' + said if said else ''}" for name, said in sorted(missing.items()))
            yield ""
        titles = {"approximated": "Approximated", "dropped": "Left out", "mapped": "Mapped"}
        for outcome, title in titles.items():
            found = [entry for entry in self.entries if entry.outcome == outcome]
            if found:
                yield from (f"## {title}", "", "| object | line | what | why |", "|---|---|---|---|")
                for entry in found:
                    said = " ".join(entry.why.split()).replace("|", "\\|")
                    yield f"| `{entry.object}` | {entry.line or ''} | {entry.what} | {said} |"
                yield ""
        if self.definition.notes:
            yield from ("## Repaired while reading", "", *(f"- {note}" for note in self.definition.notes), "")
