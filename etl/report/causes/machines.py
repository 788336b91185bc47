"""Causes that lie in the machines: memory, disk, network, executors that are gone."""

from etl.report.causes.known_cause import KnownCause

_EXECUTOR = r"(?P<resource>[Ee]xecutor \d+|container_\w+)"

MACHINES = (
    KnownCause(
        id="container-memory",
        said=r"[Cc]ontainer killed by YARN for exceeding (?:physical |virtual )?memory limits"
        r"|running (?:\w+ )?beyond (?:the )?'?(?:physical|virtual|PHYSICAL|VIRTUAL)'? memory limit"
        r"|Exit status: 137\b|[Ee]xitCode: 137\b|[Ee]xit code(?: is|:)? 137\b|OOMKilled",
        words="a container was killed because its process used more memory than it had been given",
        remedy="raise `spark.executor.memoryOverhead` (Python workers and shuffles live there), or "
        "`spark.driver.memoryOverhead` if it was the driver's; else fewer cores an executor, or more, smaller "
        "partitions",
        resource=_EXECUTOR,
    ),
    KnownCause(
        id="heap-memory",
        said=r"OutOfMemoryError: (?:Java heap space|GC overhead limit exceeded|Requested array size)"
        r"|Command [Ff]ailed due to Out of Memory|terminating with uncaught exception.*OutOfMemoryError"
        r"|java\.lang\.OutOfMemoryError\s*$",
        words="a JVM ran out of heap",
        remedy="raise `spark.executor.memory` or, if the driver says so, `spark.driver.memory`; look for a "
        "`collect`, a "
        "broadcast or one very large group first",
        resource=_EXECUTOR,
    ),
    KnownCause(
        id="python-memory",
        said=r"^MemoryError\b|: MemoryError\b|_ArrayMemoryError|Unable to allocate (?P<resource>[\d.]+ [KMGT]iB)",
        words="Python ran out of memory",
        remedy="raise `spark.executor.memoryOverhead`, or on the driver give the machine more; hand Python fewer "
        "rows at once: "
        "`spark.sql.execution.arrow.maxRecordsPerBatch`",
    ),
    KnownCause(
        id="threads",
        said=r"unable to create (?:new )?native thread|Resource temporarily unavailable.*fork"
        r"|BlockingIOError: \[Errno 11\]",
        words="the machine lets the process start no more threads",
        remedy="raise the limit on processes (`ulimit -u`, the container's pids limit), or run fewer steps at once: "
        "--threads",
    ),
    KnownCause(
        id="skew",
        said=r"Cannot grow BufferHolder by size|UNABLE_TO_ACQUIRE_MEMORY|Unable to acquire \d+ bytes of memory"
        r"|SparkOutOfMemoryError",
        words="one task got more rows, or one group more bytes, than fit into a task's memory: the keys are skewed",
        remedy="look for a key that most rows share (a null, a default); filter or salt it before the join or "
        "window, or "
        "raise `spark.sql.shuffle.partitions`",
    ),
    KnownCause(
        id="result-size",
        said=r"Total size of serialized results of \d+ tasks \([^)]*\) is bigger than "
        r"(?P<resource>spark\.driver\.maxResultSize)",
        words="the tasks' results together are too large for the driver",
        remedy="do not collect rows to the driver; if it is a broadcast, see "
        "`spark.sql.autoBroadcastJoinThreshold`; else "
        "raise `spark.driver.maxResultSize`",
    ),
    KnownCause(
        id="task-size",
        said=r"Serialized task \S+ was \d+ bytes, which exceeds max allowed: (?P<resource>spark\.rpc\.message\.maxSize)"
        r"|Kryo serialization failed: Buffer overflow",
        words="a task is too large to be sent: a large value travels inside the job's closure",
        remedy="make the large value (a list, a dict, a model) a source and join it, instead of holding it in the "
        "function",
    ),
    KnownCause(
        id="broadcast-timeout",
        said=r"Could not execute broadcast in (?P<resource>\d+ secs)",
        words="a table that was to be broadcast was not ready in time",
        remedy="do not broadcast it (drop the hint, or `spark.sql.autoBroadcastJoinThreshold=-1`), or raise "
        "`spark.sql.broadcastTimeout`",
    ),
    KnownCause(
        id="broadcast-size",
        said=r"Cannot broadcast the table|Not enough memory to build and broadcast the table",
        words="a table is too large to be broadcast",
        remedy="drop the broadcast hint, or `spark.sql.autoBroadcastJoinThreshold=-1`",
    ),
    KnownCause(
        id="spot-reclaimed",
        said=r"Container released on a \*lost\* node|Exit status: -100\b|(?:[Ee]xecutor|[Ww]orker) decommission"
        r"|[Ss]pot [Ii]nstance (?:interruption|termination)|instance-action.*terminate",
        words="a node was taken away while the job ran: a spot instance reclaimed, or the cluster scaled in",
        remedy="run it again; keep core nodes and the driver on demand, and use several instance types for spot",
        transient=True,
        resource=r"(?:on|host:?|node) (?P<resource>ip-[\w.-]+|i-\w+)",
    ),
    KnownCause(
        id="disk-full",
        said=r"No space left on device|Disk quota exceeded|local-dirs (?:are bad|usable space is below)",
        words="a local disk is full: shuffle, spill or logs",
        remedy="larger or more volumes, more executors, or fewer bytes shuffled; on Serverless "
        "`spark.executor.disk`; on one's "
        "own machine free space, or point `spark.local.dir` elsewhere",
        resource=r"No space left on device: '(?P<file>[^']+)|(?P<path>/\S+) \(No space left"
        r"|utilization.*\[ ?(?P<dir>/[\w./-]+)",
    ),
    KnownCause(
        id="port-bind",
        said=r"Can(?:'t|not) assign requested address|Address already in use",
        words="a port or an address could not be taken",
        remedy="set `SPARK_LOCAL_IP=127.0.0.1` on one's own machine (a VPN changes its address); else end what "
        "holds the port",
        resource=r"[Ss]ervice '?(?P<resource>[\w.]+)'?",
    ),
    KnownCause(
        id="unknown-host",
        said=r"UnknownHostException: (?P<resource>[\w.-]+)|Name or service not known"
        r"|Temporary failure in name resolution"
        r"|nodename nor servname provided",
        words="a host name is not known",
        remedy="check the name (endpoint, bucket, database), the machine's own entry in /etc/hosts, and the VPC's DNS",
    ),
    KnownCause(
        id="executor-too-large",
        said=r"Required (?:executor|AM) memory \((?P<resource>[^)]+)\).* is above the max threshold",
        words="an executor or driver is asked for that no node of the cluster can hold",
        remedy="ask for less (`spark.executor.memory` and its overhead), or take larger instances",
    ),
    KnownCause(
        id="no-executors",
        said=r"Initial job has not accepted any resources",
        words="no executor could be started",
        remedy="the cluster is full or asks for more than it has: look at its other jobs, at executor size and "
        "maximum capacity",
        transient=True,
        consequence=True,
    ),
    KnownCause(
        id="fetch-failed",
        said=r"FetchFailed|Missing an output location for shuffle|has failed the maximum allowable number of times",
        words="shuffled rows could not be fetched: whoever held them is gone",
        remedy="run it again; if it comes back, the executors' own logs say why they died, memory most often",
        transient=True,
        consequence=True,
        resource=r"shuffle(?:Id=|_|\s)(?P<resource>\d+)",
    ),
    KnownCause(
        id="executor-lost",
        said=r"ExecutorLostFailure|[Ll]ost executor \d+|Executor heartbeat timed out|Remote RPC client disassociated",
        words="an executor is gone, and the log does not say why",
        remedy="run it again; if it comes back, look into that executor's own log (--log): memory most often",
        transient=True,
        consequence=True,
        resource=_EXECUTOR,
    ),
    KnownCause(
        id="python-worker-gone",
        said=r"Python worker exited unexpectedly|Python worker failed to connect back",
        words="a Python worker died or never answered, without saying why",
        remedy="memory most often: raise `spark.executor.memoryOverhead`, or lower `spark.sql.execution.arrow."
        "maxRecordsPerBatch`; else a native library that crashes: see the executor's stderr",
        consequence=True,
    ),
    KnownCause(
        id="jvm-gone",
        said=r"Py4JNetworkError|Answer from Java side is empty|Error while sending or receiving"
        r"|SparkContext was shut down|on a stopped SparkContext",
        words="the driver's JVM ended while Python still needed it",
        remedy="what it said last is in its own stderr (--log): memory most often; raise `spark.driver.memory`",
        consequence=True,
    ),
)
