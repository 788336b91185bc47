"""Causes that lie with S3, its keys, and files on it."""

from etl.report.causes.known_cause import KnownCause

_CALL = r"(?P<resource>s3[an]?://[^\s'\"`,;:)\]]+|arn:aws[\w-]*:kms:[^\s'\",;)\]]+|arn:aws[\w-]*:s3:[^\s'\",;)\]]+)"

STORAGE = (
    KnownCause(
        id="kms-denied",
        said=r"not authorized to perform: kms:\w+|KMS.{0,40}(?:AccessDenied|DisabledException|NotFoundException)"
        r"|The ciphertext refers to a customer master key that does not exist",
        words="the role may not use the key that the data is encrypted with",
        remedy="allow the role kms:Decrypt and kms:GenerateDataKey, in its own policy and in the key's",
        resource=r"(?P<resource>arn:aws[\w-]*:kms:[^\s'\",;)\]]+)",
    ),
    KnownCause(
        id="expired-token",
        said=r"ExpiredToken|security token included in the request is expired|The provided token has expired"
        r"|Token has expired and refresh failed|RequestExpired",
        words="the credentials have expired",
        remedy="sign in again (`aws sso login`); on AWS let the platform's role give them, no fixed keys in "
        "configuration",
    ),
    KnownCause(
        id="no-credentials",
        said=r"Unable to load (?:AWS )?credentials|NoAwsCredentialsException|NoAuthWithAWSException"
        r"|Unable to locate credentials"
        r"|InvalidAccessKeyId|SignatureDoesNotMatch|UnrecognizedClientException|InvalidClientTokenId"
        r"|security token included in the request is invalid",
        words="there are no credentials for AWS, or ones it does not know",
        remedy="on one's own machine set `AWS_PROFILE`; on AWS give the job a role (and a container its credentials "
        "endpoint)",
    ),
    KnownCause(
        id="s3-region",
        said=r"PermanentRedirect|AuthorizationHeaderMalformed|Status Code: 301\b|Received permanent redirect response"
        r"|expecting '(?P<resource>[a-z]{2}-[a-z-]+-\d)'",
        words="the bucket is in another region than it was asked in",
        remedy="name the bucket's region in `[s3]`, or as `spark.hadoop.fs.s3a.endpoint.region`",
    ),
    KnownCause(
        id="s3-throttled",
        said=r"\bSlow ?Down\b|[Pp]lease reduce your request rate",
        words="S3 refused requests because there were too many of them on one prefix",
        remedy="run it again; then fewer, larger files, or fewer executors at once",
        transient=True,
    ),
    KnownCause(
        id="s3-no-bucket",
        said=r"NoSuchBucket|The specified bucket does not exist|UnknownStoreException",
        words="there is no such bucket",
        remedy="correct the zone's root in this environment: `etl config` says where it comes from",
        resource=r"(?:bucket|s3[an]?://)(?: does not exist)?:? ?(?P<resource>[a-z0-9.-]{3,63})\b",
    ),
    KnownCause(
        id="s3-denied",
        said=r"(?s)(?:S3Exception|nio\.file\.AccessDeniedException|S3AFileSystem|s3a?://).{0,600}?"
        r"(?:Status Code: 403|Access ?Denied|\b403 Forbidden)|(?:Access ?Denied|Forbidden).{0,40}(?:GetObject"
        r"|PutObject|ListObjects)"
        r"|not authorized to perform: s3:\w+|AccessDenied.{0,80}calling the (?:\w*Object\w*|ListBuckets?) operation",
        words="S3 refused access",
        remedy="allow the role the action on this bucket and prefix: s3:ListBucket on the bucket, s3:GetObject, "
        "s3:PutObject "
        "and s3:DeleteObject on its objects; look at the bucket's own policy too",
        resource=_CALL,
    ),
    KnownCause(
        id="file-gone",
        said=r"FILE_NOT_EXIST|DELTA_FILE_NOT_FOUND|underlying files have been updated|SparkFileNotFoundException"
        r"|NoSuchKey|FileNotFoundException: [\w :]*?(?P<resource>\w+:/\S+)",
        words="a file that was there when the run began is gone: it was replaced or deleted while it was read",
        remedy="run it again; if it comes back, let whoever delivers write new names and not replace, and VACUUM "
        "less eagerly",
        transient=True,
        resource=r"(?P<resource>(?:s3[an]?|file|hdfs):/{1,3}[^\s'\"`,;)\]]+)",
    ),
    KnownCause(
        id="broken-file",
        said=r"is not a Parquet file|CANNOT_READ_FILE_FOOTER|[Cc]ould not read footer|Unexpected end of (?:ZLIB|input) "
        r"|incorrect header check|Malformed ORC file|corrupted file: "
        r"|could not verify page integrity|CRC checksum verification failed|ParquetDecodingException",
        words="a file is broken, cut, or of another format than its name says",
        remedy="have it delivered again; until then move it away",
        resource=r"(?P<resource>(?:s3[an]?|file|hdfs):/{1,3}[^\s'\"`,;)\]]+)",
    ),
)
