"""Causes that lie with EMR, Glue, IAM, the network around them, and databases."""

from etl.report.causes.known_cause import KnownCause

_SUBNET = r"(?P<resource>subnet-[0-9a-f]{8,})"

SERVICES = (
    KnownCause(
        id="pass-role",
        said=r"not authorized to perform: iam:PassRole",
        words="whoever submitted may not hand this role to the service",
        remedy="allow the submitter iam:PassRole on exactly this role, with iam:PassedToService for the platform",
        resource=r"on resource: (?P<resource>arn:aws[\w-]*:iam:[^\s'\",;)\]]+)",
    ),
    KnownCause(
        id="assume-role",
        said=r"not authorized to perform: sts:AssumeRole|should be given assume role permissions|cannot be assumed by"
        r"|(?:is not|not) authorized to assume|(?:[Ff]ailed|[Uu]nable) to assume (?:the )?(?:job )?(?:execution )?role",
        words="the service may not take the job's role",
        remedy="name the service in the role's trust policy: elasticmapreduce, emr-serverless, glue or, on EKS, the "
        "cluster's "
        "OIDC provider with this service account",
        resource=r"(?P<resource>arn:aws[\w-]*:iam::\d+:role/[\w/+=,.@-]+)",
    ),
    KnownCause(
        id="action-denied",
        said=r"not authorized to perform: (?P<resource>(?!kms:|s3:)[\w-]+:\w+)|(?P<action>\w+) action is unauthorized"
        r"|Failed to call (?P<call>\w+:\w+)",
        words="the role may not do something that the job needs",
        remedy="allow the role this action",
    ),
    KnownCause(
        id="concurrent-runs",
        said=r"ConcurrentRunsExceededException|Concurrent runs exceeded for (?P<resource>\S+)"
        r"|[Mm]ax concurrent (?:job )?runs (?:per \w+ )?exceeded",
        words="the job runs as often at once as it may",
        remedy="wait for the other run, or raise the Glue job's MaxConcurrentRuns; a run of one interval needs no "
        "second one",
        transient=True,
    ),
    KnownCause(
        id="subnet-route",
        said=r"VPC S3 endpoint validation failed|Could not find S3 endpoint or NAT gateway for subnetId"
        r"|does not have (?:a )?route to (?:S3|the [Ii]nternet)",
        words="the subnet has no way to S3",
        remedy="add a gateway endpoint for S3 (or a NAT gateway) to the route table of this subnet",
        resource=_SUBNET,
    ),
    KnownCause(
        id="subnet-full",
        said=r"InsufficientFreeAddressesInSubnet|does not have enough free addresses|NetworkInterfaceLimitExceeded"
        r"|The specified subnet does not have enough|Number of IP addresses on subnet is 0",
        words="the subnet has no address left for another node",
        remedy="another or a larger subnet, or fewer workers; a leftover network interface takes one each",
        transient=True,
        resource=_SUBNET,
    ),
    KnownCause(
        id="security-group",
        said=r"At least one security group must open all (?:in|e)gress ports|security group .* (?:does not|must) allow",
        words="the security group keeps the nodes from talking to one another",
        remedy="let the group open all TCP ports, inbound and outbound, the source being the group itself",
        resource=r"(?P<resource>sg-[0-9a-f]{8,})",
    ),
    KnownCause(
        id="serverless-capacity",
        said=r"ApplicationMaxCapacityExceeded|exceeded maximumCapacity settings(?:: \[(?P<resource>[^\]]+)\])?"
        r"|exceeds? the application'?s maximum capacity",
        words="the EMR Serverless application may not grow to what the job needs",
        remedy="raise the application's maximumCapacity, or ask for fewer or smaller workers",
    ),
    KnownCause(
        id="quota",
        said=r"VcpuLimitExceeded|more vCPU capacity than your current|maximum concurrent compute capacity"
        r"|MaxSpotInstanceCountExceeded|ResourceNumberLimitExceeded|EC2 [Ii]nstance quota"
        r"|ServiceQuotaExceededException|exceeded (?:your|the account'?s?) (?:vCPU|account) (?:limit|quota)",
        words="the account's quota is used up",
        remedy="wait for other runs, ask for less, or have the quota raised (Service Quotas)",
        transient=True,
    ),
    KnownCause(
        id="instance-capacity",
        said=r"InsufficientInstanceCapacity|[Ii]nsufficient capacity|Resource unavailable"
        r"|do not have sufficient (?P<resource>\S+) capacity"
        r"|Unable to provision (?:any )?capacity",
        words="AWS has no such machines free in this zone now",
        remedy="run it again later; several instance types and subnets in the fleet, on-demand where spot is not to "
        "be had",
        transient=True,
        resource=r"(?P<resource>\b[a-z]\d[a-z]*\.\d*\w*large)",
    ),
    KnownCause(
        id="bootstrap-action",
        said=r"bootstrap action (?P<resource>\d+) returned a non-zero|[Bb]ootstrap (?:action )?failure"
        r"|BOOTSTRAP_FAILURE",
        words="a bootstrap action failed, so that the cluster never came up",
        remedy="read its stderr: s3://<LogUri>/<cluster>/node/<instance>/bootstrap-actions/<number>/stderr.gz",
        resource=r"(?P<resource>i-[0-9a-f]{8,})",
    ),
    KnownCause(
        id="job-timeout",
        said=r"(?:Job|job run|JobRun) (?:has )?(?:timed out|run timed out|exceeded (?:its )?(?:execution )?timeout)"
        r"|JobRunState: TIMEOUT",
        words="the platform ended the job because its time was up",
        remedy="raise the timeout in `[submit]`, or find the slow step: `etl runs RUN` has each step's seconds",
        resource=r"after (?P<resource>\d+ (?:minutes|seconds|hours))",
    ),
    KnownCause(
        id="service-throttled",
        said=r"ThrottlingException|Rate exceeded|RequestLimitExceeded|TooManyRequestsException"
        r"|ProvisionedThroughputExceeded",
        words="a service of AWS refused calls because there were too many",
        remedy="run it again; submit fewer at once",
        transient=True,
        resource=r"(?:Service: (?:AWS)?|calling the )(?P<resource>\w+)",
    ),
    KnownCause(
        id="database-unreachable",
        said=r"Communications link failure|The connection attempt failed"
        r"|TCP/IP connection to the host (?P<resource>\S+)"
        r"|Connection to (?P<host>[\w.-]+:\d+) refused",
        words="a database does not answer",
        remedy="check that it runs, its address, and that its security group lets the job's subnet in",
        transient=True,
        resource=r"Connection to (?P<resource>[\w.-]+:\d+)|(?P<url>jdbc:[^\s?;]+)",
    ),
    KnownCause(
        id="database-refused",
        said=r"password authentication failed|Access denied for user|ORA-01017|Login failed for user"
        r"|[Tt]oo many (?:clients|connections)"
        r"|remaining connection slots are reserved",
        words="a database refuses the login, or has no connection left",
        remedy="check user and secret; of connections, ask for fewer partitions at once",
        resource=r"(?:for user|user) [\"'](?P<resource>[^\"']+)",
    ),
    KnownCause(
        id="no-secret",
        said=r"GetSecretValue operation: |Secrets Manager can't find the specified secret|ParameterNotFound",
        words="a secret is not there, or may not be read",
        remedy="check its name and region, and allow the role secretsmanager:GetSecretValue on it",
    ),
    KnownCause(
        id="tls",
        said=r"PKIX path building failed|SSLHandshakeException|CERTIFICATE_VERIFY_FAILED|certificate verify failed",
        words="the other side's certificate is not trusted here",
        remedy="add its authority to the JVM's or Python's trust store; a proxy that opens TLS needs its own there",
        resource=r"https?://(?P<resource>[\w.:-]+)",
    ),
)
