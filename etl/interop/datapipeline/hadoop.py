"""Activities of a cluster: EMR steps, Hadoop, Hive, Pig."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from etl.errors import ConfigError
from etl.interop.datapipeline import databases
from etl.interop.datapipeline.expressions import Scope, template, templates
from etl.interop.datapipeline.work import S3_NODES, Work, fetched, nodes, one_of, place_of, quoted

SCRIPT_RUNNER = "script-runner.jar"
COMMAND_RUNNER = "command-runner.jar"


def emr(scope: Scope) -> Work:
    work = Work("set -e")
    texts = [scope.thing.text("preStepCommand"), *scope.thing.texts("step"), scope.thing.text("postStepCommand")]
    if not any(texts):
        raise ConfigError(f"object {scope.thing.id!r} has no step", place=scope.definition.place(scope.thing))
    steps = set(scope.thing.texts("step"))
    for text in filter(None, texts):
        line = _step(templates([text], scope), work) if text in steps else template(text, scope)
        work.text += f"\n{line}"
    if (scope.thing.text("resizeClusterBeforeRunning") or "").lower() == "true":
        work.notes.append("resizeClusterBeforeRunning: managed scaling of the cluster does that now")
    return work


def _step(texts: Sequence[str], work: Work) -> str:
    """Return the shell line of an EMR step: ``jar,arg1,arg2``; a comma of a word itself has a backslash before it."""
    words = [word.replace("\\,", ",").strip() for text in texts for word in re.split(r"(?<!\\),", text)]
    jar, rest = words[0], words[1:]
    if jar.endswith(COMMAND_RUNNER):
        return " ".join(map(quoted, rest))
    if jar.endswith(SCRIPT_RUNNER):
        script = fetched(work, rest[0]) if rest[0].startswith("s3") else quoted(rest[0])
        return " ".join(["bash", script, *map(quoted, rest[1:])])
    return " ".join(["hadoop", "jar", _jar(jar, work), *map(quoted, rest)])


def _jar(uri: str, work: Work) -> str:
    if uri.startswith(("s3://", "s3n://", "s3a://")):
        return fetched(work, re.sub(r"^s3[an]://", "s3://", uri))
    if uri.startswith("/home/hadoop/"):
        work.notes.append(f"{uri} is a path of AMI 2 and 3; on release labels its place is /usr/lib/hadoop-mapreduce")
    return quoted(uri)


def hadoop(scope: Scope) -> Work:
    name = one_of(scope, "jarUri")
    work = Work("")
    jar = _jar(template(str(scope.thing.text(name)), scope), work)
    main = [template(text, scope) for text in scope.thing.texts("mainClass")]
    queue = scope.thing.text("hadoopQueue")
    words = [*main, *([f"-Dmapreduce.job.queuename={queue}"] if queue else [])]
    words += templates(scope.thing.texts("argument"), scope)
    work.text = " ".join(["hadoop", "jar", jar, *map(quoted, words)])
    return _around(scope, work)


def _around(scope: Scope, work: Work) -> Work:
    """Put the scripts of pre- and postActivityTaskConfig around what is done."""
    for name, ahead in (("preActivityTaskConfig", True), ("postActivityTaskConfig", False)):
        for each in scope.thing.refs(name):
            config = scope.definition.objects[each]
            inner = scope.inner(config)
            script = fetched(work, template(config.text("scriptUri") or "", inner))
            line = " ".join(["bash", script, *map(quoted, templates(config.texts("scriptArgument"), inner))])
            work.text = f"{line}\n{work.text}" if ahead else f"{work.text}\n{line}"
    if "\n" in work.text:
        work.text = f"set -e\n{work.text}"
    return work


def hive(scope: Scope) -> Work:
    name = one_of(scope, "hiveScript", "scriptUri")
    work = Work("")
    variables = [f"-d {quoted(text)}" for text in templates(scope.thing.texts("scriptVariable"), scope)]
    text = template(str(scope.thing.text(name)), scope)
    queue = scope.thing.text("hadoopQueue")
    options = [*variables, *([f"--hiveconf mapreduce.job.queuename={queue}"] if queue else [])]
    if (scope.thing.text("stage") or "true").lower() == "true":
        tables = [*_hive_tables(scope, "input", work), *_hive_tables(scope, "output", work)]
        for variable, statement in tables:
            text = text.replace(f"${{{variable}}}", variable) if name == "hiveScript" else text
            work.text += statement
    script = fetched(work, text) if name == "scriptUri" else ""
    made = work.text
    work.text = " ".join(["hive", *options, "-f", script]) if script else ""
    if not script:
        work.text = " ".join(["hive", *options, "-e", shlex.quote(made + text)])
    elif made:
        work.notes.append("the tables ${input1}, ${output1} that stage=true makes are not made for a script on S3")
    return _around(scope, work)


def _hive_tables(scope: Scope, name: str, work: Work) -> list[tuple[str, str]]:
    found = []
    for number, node in enumerate(nodes(scope, name), 1):
        if node.type not in S3_NODES:
            work.notes.append(f"{node.type} {node.id}: its Hive table ${{{name}{number}}} is to be made by hand")
            continue
        columns, separator = databases.columns(node, scope)
        if not columns:
            work.notes.append(
                f"S3DataNode {node.id} has no columns: its Hive table ${{{name}{number}}} has one, line STRING"
            )
        said = ", ".join(columns) or "line STRING"
        made = f"CREATE EXTERNAL TABLE IF NOT EXISTS {name}{number} ({said}) ROW FORMAT DELIMITED"
        made += f" FIELDS TERMINATED BY '{separator}' LOCATION '{place_of(node, scope)}';\n"
        found.append((f"{name}{number}", made))
    return found


def hive_copy(scope: Scope) -> Work:
    work = Work("")
    tables = [statement for name in ("input", "output") for _, statement in _hive_tables(scope, name, work)]
    where = scope.thing.text("filterSql")
    rows = f"INSERT OVERWRITE TABLE output1 SELECT * FROM input1{f' WHERE {template(where, scope)}' if where else ''};"
    work.text = " ".join(["hive", "-e", shlex.quote("".join(tables) + rows)])
    return _around(scope, work)


def pig(scope: Scope) -> Work:
    name = one_of(scope, "script", "scriptUri")
    work = Work("")
    variables = [f"-p {quoted(text)}" for text in templates(scope.thing.texts("scriptVariable"), scope)]
    text = template(str(scope.thing.text(name)), scope)
    last = ["-f", fetched(work, text)] if name == "scriptUri" else ["-e", shlex.quote(text)]
    work.text = " ".join(["pig", *variables, *last])
    return _around(scope, work)
