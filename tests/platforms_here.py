"""What a platform does with a request, done on this machine: fetch what it names from S3, and start what it says.

A stand-in replaces only what this machine cannot have: S3 addresses by what was fetched from there, the image's
interpreter and Delta jars by this machine's, and YARN or Kubernetes by Spark's own cluster of local processes.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

from etl.ship.defaults import DELTA_JARS
from etl.spark import jars, java

MASTER = "local-cluster[1,1,1024]"  # a worker and an executor, each a process with a directory of its own
INTERPRETERS = ("/usr/bin/python3.11", "/usr/bin/python3.13")
CONTAINERS = ("spark.yarn.appMasterEnv", "spark.executorEnv")
OWN_SETTINGS = (
    "spark.yarn.",
    "spark.emr-serverless.",
    "spark.kubernetes.",
    "spark.driver.",
    "spark.executor.memory",
    "spark.executor.cores",
)


@frozen
class Machine:
    """Where a request is carried out.

    Args:
        client: of S3.
        directory: what is fetched lies below; the driver works in ``work``.
        master: stands for the platform's.
        yarn: HADOOP_CONF_DIR of a YARN that runs here, which then carries out what is for YARN as it is.
    """

    client: Any
    directory: Path
    master: str = MASTER
    yarn: Path | None = None

    def fetched(self, uri: str) -> str:
        """Return a file of this machine with the bytes of an object; ``#folder`` stays behind it."""
        address, mark, folder = uri.partition("#")
        bucket, _, key = address.removeprefix("s3://").partition("/")
        file = self.directory / "fetched" / bucket / key
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(self.client.get_object(Bucket=bucket, Key=key)["Body"].read())
        return f"{file}{mark}{folder}"

    def started(self, words: Sequence[str], **more: str) -> subprocess.CompletedProcess[str]:
        """Run spark-submit; every S3 address among what it must read is fetched."""
        import pyspark

        home, work = Path(pyspark.__file__).parent, self.directory / "work"
        work.mkdir()
        foreign = ("PYTHONPATH", "PYTEST_CURRENT_TEST")
        environ = {k: v for k, v in os.environ.items() if k not in foreign and not k.startswith(("SPARK_", "ETL__"))}
        environ |= {
            "JAVA_HOME": str(java.find(pyspark.__version__).home),
            "PYSPARK_PYTHON": sys.executable,
            "SPARK_HOME": str(home),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_SCALA_VERSION": "2.12" if pyspark.__version__.startswith("3.") else "2.13",
            "SPARK_WORKER_DIR": str(self.directory / "worker"),
            "TMPDIR": str(self.directory),
            **more,
        }
        master = ["--master", self.master]
        if self.yarn:
            environ["HADOOP_CONF_DIR"] = str(self.yarn)
            master = ["--master", "yarn", "--deploy-mode", "cluster", *self._containers(environ)]
        command = [str(home / "bin" / "spark-submit"), *master, *self._said_here(words)]
        return subprocess.run(command, cwd=work, env=environ, capture_output=True, text=True, check=False)

    def _containers(self, environ: Mapping[str, str]) -> list[str]:
        """Return what YARN's containers must be told of this machine."""
        variables = {key: environ[key] for key in ("JAVA_HOME", "SPARK_HOME", "SPARK_LOCAL_IP", "SPARK_SCALA_VERSION")}
        said = {
            "spark.yarn.jars": f"local:{environ['SPARK_HOME']}/jars/*",
            "spark.yarn.stagingDir": f"file://{self.directory}/staging",
            "spark.executor.memory": "512m",
            "spark.executor.instances": "1",
        }
        said |= {f"{of}.{key}": text for of in CONTAINERS for key, text in variables.items()}
        return [word for key, value in said.items() for word in ("--conf", f"{key}={value}")]

    def _said_here(self, words: Sequence[str]) -> list[str]:
        import pyspark

        here = {"spark.driver.memory": "1g", "spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "2"}
        said = [word for key, value in here.items() for word in ("--conf", f"{key}={value}")]
        said += ["--jars", ",".join(map(str, jars.delta_jars(pyspark.__version__)))]
        return said + list(words)

    def settings(self, given: Mapping[str, str]) -> list[str]:
        """Return Spark settings as words, without those that only the platform can carry out."""
        words = []
        for key, value in given.items():
            if value in INTERPRETERS and self.yarn:
                words += ["--conf", f"{key}={sys.executable}"]
                continue
            own = key.startswith(OWN_SETTINGS) and not (self.yarn and key.startswith("spark.yarn."))
            if own or value in INTERPRETERS:
                continue
            if key == "spark.jars":
                assert [each.removeprefix("local://") for each in value.split(",")] == list(DELTA_JARS)
                continue
            words += ["--conf", f"{key}={self.files(value) if key == 'spark.archives' else value}"]
        return words

    def files(self, uris: str) -> str:
        """Return several S3 addresses, parted by commas, as files of this machine."""
        return ",".join(map(self.fetched, uris.split(",")))


def emr(machine: Machine, parameters: Mapping[str, Any]) -> subprocess.CompletedProcess[str]:
    """Carry out the last step of ``AddJobFlowSteps``: command-runner starts the words as they are."""
    words = list(parameters["Steps"][-1]["HadoopJarStep"]["Args"])
    assert words[:3] == ["spark-submit", "--deploy-mode", "cluster"]
    given, said, rest = {}, [], words[3:]
    while rest[0].startswith("--"):
        flag, value, *rest = rest
        if flag == "--conf":
            key, _, text = value.partition("=")
            given[key] = text
        else:
            said += [flag, machine.files(value)]
    return machine.started([*machine.settings(given), *said, machine.fetched(rest[0]), *rest[1:]])


def emr_serverless(machine: Machine, parameters: Mapping[str, Any]) -> subprocess.CompletedProcess[str]:
    """Carry out ``StartJobRun`` of EMR Serverless."""
    return _by_map(machine, parameters, parameters["jobDriver"]["sparkSubmit"])


def emr_eks(machine: Machine, parameters: Mapping[str, Any]) -> subprocess.CompletedProcess[str]:
    """Carry out ``StartJobRun`` of EMR on EKS."""
    return _by_map(machine, parameters, parameters["jobDriver"]["sparkSubmitJobDriver"])


def _by_map(
    machine: Machine, parameters: Mapping[str, Any], driver: Mapping[str, Any]
) -> subprocess.CompletedProcess[str]:
    (defaults,) = parameters["configurationOverrides"]["applicationConfiguration"]
    flag, files = driver["sparkSubmitParameters"].split()  # the service cuts it at blanks
    said = [*machine.settings(defaults["properties"]), flag, machine.files(files)]
    return machine.started([*said, machine.fetched(driver["entryPoint"]), *driver["entryPointArguments"]])


def glue(machine: Machine, parameters: Mapping[str, Any]) -> subprocess.CompletedProcess[str]:
    """Carry out ``StartJobRun`` of Glue: pip installs modules everywhere, the script gets the map and Glue's own."""
    given = dict(parameters["Arguments"])
    more = {}
    if modules := given.get("--additional-python-modules"):
        site = machine.directory / "site"
        options = given["--python-modules-installer-option"].split()
        command = [sys.executable, "-m", "pip", "install", "-q", "--target", str(site), *options]
        subprocess.run([*command, *machine.files(modules).split(",")], check=True, capture_output=True)
        more["PYTHONPATH"] = str(site)
    settings = dict(each.split("=", 1) for each in given["--conf"].split(" --conf "))
    words = [*machine.settings(settings), "--py-files", machine.files(given["--extra-py-files"])]
    own = {"--JOB_NAME": parameters["JobName"], "--JOB_ID": "j_1", "--JOB_RUN_ID": "jr_1", "--TempDir": "s3://t/"}
    argv = {**own, **given}
    script = machine.fetched(given["--scriptLocation"])
    return machine.started([*words, script, *(word for pair in argv.items() for word in pair)], **more)
