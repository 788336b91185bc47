"""AWS Glue: the bundle as a run of a Glue job, which is made where there is none.

The job says how runs are sized; script, bundle and arguments are each run's own, so that a later deployment changes no
run that is waiting or at work. Glue keeps arguments in a map: each key once, and nothing but ``--key value``.
"""

from __future__ import annotations

import json
from typing import Any

from etl.config.submit import Glue
from etl.errors import UsageError
from etl.ship.call import Call
from etl.ship.platform import Submission
from etl.ship.runtimes import Runtime

MOST_OF_ARGUMENTS = 260_000  # bytes of all arguments of a run


def calls(target: Glue, submission: Submission, _: Runtime) -> tuple[Call, ...]:
    """Return the requests: the job where there is none, and its run. Glue knows no token that would make it one run.

    Raises:
        UsageError: a Spark setting has a blank in it, or the arguments are longer than Glue takes.
    """
    run = _run(target, submission)
    return (
        Call(
            service="glue",
            operation="CreateJob",
            parameters=_job(target, submission),
            when=f"if there is no job {target.job}; where one differs from this, UpdateJob with the same",
        ),
        Call(service="glue", operation="StartJobRun", parameters=run),
    )


def _job(target: Glue, submission: Submission) -> dict[str, Any]:
    return {
        "Name": target.job,
        "Role": target.role,
        "GlueVersion": target.version,
        "Command": {"Name": "glueetl", "ScriptLocation": submission.main, "PythonVersion": "3"},
        **_size(target),
        "MaxRetries": 0,  # a job's own retries go on where it stopped; these would begin anew, under the same run id
        "ExecutionProperty": {"MaxConcurrentRuns": target.concurrent_runs},
        "DefaultArguments": {
            "--datalake-formats": "delta",
            "--enable-auto-scaling": str(target.autoscaling).lower(),
            "--enable-glue-datacatalog": "true",
            "--enable-metrics": "true",
            "--enable-continuous-cloudwatch-log": "true",
            # Glue would remember what it has read; Headrace does, in the target's own commit.
            "--job-bookmark-option": "job-bookmark-disable",
        },
    }


def _run(target: Glue, submission: Submission) -> dict[str, Any]:
    arguments = {
        "--scriptLocation": submission.main,
        "--extra-py-files": ",".join([submission.zip, *_any(submission)]),
        **_modules(submission),
        "--conf": chained(submission),
        **{f"--{key}": value for key, value in submission.arguments.items()},
    }
    length = len(json.dumps(arguments).encode())
    if length > MOST_OF_ARGUMENTS:
        raise UsageError(
            f"the arguments have {length:,} bytes; Glue takes {MOST_OF_ARGUMENTS:,}",
            remedy="say --set and --param in conf/, which travels in the bundle",
        )
    return {"JobName": target.job, "Arguments": arguments, **_size(target)}


def _any(submission: Submission) -> list[str]:
    """Return the archives that ``main.py`` unpacks for the driver itself: Glue has no ``--archives``."""
    return [f"{submission.bundle}/{each.file}" for each in submission.archives if not each.wheels]


def _modules(submission: Submission) -> dict[str, str]:
    """Return how Glue installs native packages: by pip, from their wheels, on driver and executors."""
    wheels = [f"{submission.bundle}/{name}" for each in submission.archives for name in each.wheels]
    if not wheels:
        return {}
    return {
        "--additional-python-modules": ",".join(wheels),
        "--python-modules-installer-option": "--no-deps --no-index",  # what they need is in the bundle
    }


def _size(target: Glue) -> dict[str, Any]:
    return {
        "WorkerType": target.worker_type,
        "NumberOfWorkers": target.workers,
        "ExecutionClass": target.execution_class,
        "Timeout": target.timeout_minutes,
    }


def chained(submission: Submission) -> str:
    """Return Spark settings as the one value that Glue's map has room for: ``a=b --conf c=d``.

    Raises:
        UsageError: a value has a blank in it, at which Glue would cut it.
    """
    settings = submission.settings
    cut = [key for key, value in settings.items() if any(letter.isspace() for letter in value)]
    if cut:
        raise UsageError(
            f"Glue cuts Spark settings at blanks: {', '.join(cut)}",
            remedy="write them without blanks, or leave them to another platform's [submit.<name>.spark]",
        )
    return " --conf ".join(f"{key}={value}" for key, value in settings.items())
