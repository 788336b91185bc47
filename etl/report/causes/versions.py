"""Causes that lie in what was shipped: jars, Java, Scala, Python, modules."""

from etl.report.causes.known_cause import KnownCause

_MISSING = r"(?:NoSuchMethodError|NoClassDefFoundError|ClassNotFoundException|IncompatibleClassChangeError): "

VERSIONS = (
    KnownCause(
        id="wrong-scala",
        # A method is named after the type that it returns; what Spark itself lacks is of another Spark, not Scala.
        said=rf"{_MISSING}'?(?:[\w.$/\[\]]+ )?(?P<resource>scala[./][\w.$/]+)(?=\(|\n|$)"
        # Only Scala 2.12 has these.
        r"|NoSuchMethodError: .*?(?P<removed>scala[./]collection[./]Gen\w+)",
        words="a jar was built for another Scala than this Spark's",
        remedy="take the jar whose name ends in this Spark's Scala: `_2.12` for Spark 3.5, `_2.13` for Spark 4; "
        "`etl jars` prints the right Delta jars",
    ),
    KnownCause(
        id="java-version",
        said=r"UnsupportedClassVersionError: (?P<resource>[\w./$]+)"
        r"|has been compiled by a more recent version of the Java",
        words="a class was built for a newer Java than the one that runs",
        remedy="run on Java 17 (`JAVA_HOME`; on EMR 7 and Glue 5 it is the default), or take a jar built for this one",
    ),
    KnownCause(
        id="java-access",
        said=r"cannot access class (?P<resource>sun\.nio\.ch\.DirectBuffer)|InaccessibleObjectException",
        words="a newer Java keeps shut what this Spark opens",
        remedy="run on the Java that this Spark is made for (17), started by spark-submit or `etl`, which pass "
        "--add-opens",
    ),
    KnownCause(
        id="java-missing",
        said=r"JAVA_GATEWAY_EXITED|Java gateway process exited|JAVA_HOME is not set|Unable to locate a Java Runtime",
        words="the JVM could not be started: no Java, or not one that takes its options",
        remedy="install Java 17, or `pip install 'headrace[local]'`, which brings one; see that `JAVA_HOME` points "
        "to it",
    ),
    KnownCause(
        id="missing-class",
        said=r"(?:ClassNotFoundException|NoClassDefFoundError): (?:Class )?(?P<resource>[\w.$/]+)"
        r"|(?:Failed to find (?:the )?data source:? |DATA_SOURCE_NOT_FOUND\] .*?source:? )(?P<source>[\w.`]+)"
        r"|No FileSystem for scheme \"?(?P<scheme>\w+)",
        words="a class is not on the class path: a jar is missing",
        remedy='pass the jar (`spark.jars`, `--jars "$(etl jars)"`); on Glue `--datalake-formats delta`, on EMR '
        "`delta-defaults`; on executors too, not only on the driver",
        resource=r"(?:data source:? |scheme )\"?(?P<resource>[\w.`]+)",
    ),
    KnownCause(
        id="mixed-jars",
        said=r"(?:NoSuchMethodError|NoSuchFieldError|AbstractMethodError|IncompatibleClassChangeError): "
        r"'?(?:[\w.$\[\]]+ )?(?P<resource>[\w.$/]+)|ServiceConfigurationError: .*?Provider (?P<provider>[\w.$]+)",
        words="two jars on the class path do not fit each other",
        remedy="one of them is of another version of Spark, Hadoop or Delta: take those that `etl jars` prints, and "
        "no second copy",
    ),
    KnownCause(
        id="python-version",
        said=r"PYTHON_VERSION_MISMATCH|Python in worker has different version",
        words="executors run another Python than the driver",
        remedy="set `PYSPARK_PYTHON` for both (`spark.pyspark.python`, `spark.executorEnv.PYSPARK_PYTHON`, on YARN "
        "also "
        "`spark.yarn.appMasterEnv.PYSPARK_PYTHON`)",
        resource=r"different version:? \(?'?(?P<resource>\d\.\d+)",
    ),
    KnownCause(
        id="python-missing",
        said=r"Cannot run program \"(?P<resource>[^\"]*python[^\"]*)\"",
        words="the Python that executors shall run is not there",
        remedy="`PYSPARK_PYTHON` names a file that exists on every node: the image's own, or one inside "
        "`spark.archives`",
    ),
    KnownCause(
        id="missing-module",
        said=r"(?:ModuleNotFoundError|ImportError): No module named '?(?P<resource>[\w.]+)",
        words="a Python module is not there where it was imported",
        remedy="put it among the project's dependencies and build the bundle again; a module with native code needs "
        "`spark.archives`; on Glue `--additional-python-modules`",
    ),
    KnownCause(
        id="native-library",
        said=r"version [`'](?P<resource>GLIBC(?:XX)?_[\d.]+)' not found|wrong ELF class|invalid ELF header"
        r"|(?P<library>lib[\w.+-]+): cannot open shared object file|cannot open shared object file: No such file",
        words="a native library does not fit the machine: another CPU, or a newer system than the image has",
        remedy="build the archive for the image's CPU and glibc (`manylinux2014` wheels), not on one's own machine",
        resource=r"(?P<resource>lib[\w.+-]+\.so[\w.]*)",
    ),
)
