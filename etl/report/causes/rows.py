"""Causes that lie in tables and rows: Delta, schemas, values."""

from etl.report.causes.known_cause import KnownCause

_TABLE = r"(?:[Tt]able|path) [`']?(?P<table>[\w.:/-]+(?:`\.`[\w.:/-]+)*)"
_COLUMN = r"(?:with name|given input|column) `(?P<resource>[^`]+(?:`\.`[^`]+)*)`"

ROWS = (
    KnownCause(
        id="delta-conflict",
        said=r"Concurrent(?:Append|DeleteRead|DeleteDelete|Transaction|Write|Modification)Exception: .*"
        r"|DELTA_CONCURRENT_\w+"
        r"|MetadataChangedException|DELTA_METADATA_CHANGED|ProtocolChangedException|DELTA_PROTOCOL_CHANGED",
        words="another writer changed the table while this one wrote",
        remedy="run it again; if it comes back, `DESCRIBE HISTORY` names the other writer: let only one write at a "
        "time",
        transient=True,
    ),
    KnownCause(
        id="delta-protocol",
        said=r"DELTA_UNSUPPORTED_FEATURES?_FOR_(?:READ|WRITE)|DELTA_INVALID_PROTOCOL_VERSION"
        r"|InvalidProtocolVersionException"
        r"|DeltaTableFeatureException|Delta protocol version .* is too new",
        words="the table uses a feature of Delta that this Delta does not know",
        remedy="run on the Delta that wrote it, or newer; or drop the feature there: ALTER TABLE … DROP FEATURE",
        resource=rf"(?i:feature\(s\) .*?: |features?: )(?P<resource>\w+)|{_TABLE}",
    ),
    KnownCause(
        id="merge-keys",
        said=r"DELTA_MULTIPLE_SOURCE_ROW_MATCHING_TARGET_ROW_IN_MERGE|multiple source rows matched"
        r"|MERGE_CARDINALITY_VIOLATION",
        words="several rows of a merge have the same keys, so that nobody can say which one wins",
        remedy="give `Merge` a `sequence_by`, or keep one row a key before: `etl.transforms.latest_by`",
    ),
    KnownCause(
        id="constraint",
        said=r"DELTA_VIOLATE_CONSTRAINT_WITH_VALUES|DELTA_NOT_NULL_CONSTRAINT_VIOLATED|NOT NULL constraint violated"
        r"|InvariantViolationException|CHECK constraint \S+ .*violated",
        words="a row breaks a constraint of the target's own",
        remedy="filter or quarantine such rows by an expectation, or correct the constraint",
        resource=r"(?:for column: |CHECK constraint )(?P<resource>[\w.]+)",
    ),
    KnownCause(
        id="schema-mismatch",
        said=r"DELTA_METADATA_MISMATCH|A schema mismatch detected when writing|DELTA_FAILED_TO_MERGE_FIELDS"
        r"|DELTA_SCHEMA_CHANGED|DELTA_MERGE_INCOMPATIBLE_DATATYPE|Failed to merge fields",
        words="what is written has other columns or types than the table",
        remedy="correct the target's declared schema; `etl plan` says what would change, docs/evolution.md what may",
        resource=rf"Failed to merge fields '(?P<resource>\w+)'|{_TABLE}",
    ),
    KnownCause(
        id="missing-column",
        said=r"UNRESOLVED_COLUMN|cannot resolve '?`?(?P<resource>\w+)|Column '?(?P<column>\w+)'? does not exist"
        r"|FIELD_NOT_FOUND|DELTA_COLUMN_NOT_FOUND",
        words="a column is named that is not there",
        remedy="it was renamed or dropped at the source, or misspelt: `etl validate` compares every step with its "
        "sources",
        resource=rf"{_COLUMN}|No such struct field `(?P<field>\w+)`",
    ),
    KnownCause(
        id="ambiguous-column",
        said=r"AMBIGUOUS_REFERENCE|AMBIGUOUS_COLUMN|Reference '\w+' is ambiguous",
        words="a column's name stands for several columns after a join",
        remedy='join by name (`on="id"`), or drop or rename one of the two before',
        resource=r"Reference `?(?P<resource>[\w.]+)",
    ),
    KnownCause(
        id="sql-syntax",
        said=r"PARSE_SYNTAX_ERROR|ParseException: |mismatched input '",
        words="Spark cannot read a SQL text",
        remedy="correct it where the message points; `etl validate` finds it before a run",
        resource=r"at or near '(?P<resource>[^']+)'",
    ),
    KnownCause(
        id="spark-in-function",
        said=r"CONTEXT_ONLY_VALID_ON_DRIVER|SPARK-5063|PicklingError|Task not serializable|cannot pickle",
        words="a function that runs on executors holds something that cannot travel: the session, a DataFrame, a "
        "connection, a lock",
        remedy="make it inside the function, or pass its plain values; another DataFrame is joined, not looked into",
        resource=r"cannot pickle '(?P<resource>[^']+)'",
    ),
    KnownCause(
        id="missing-table",
        said=r"TABLE_OR_VIEW_NOT_FOUND|SCHEMA_NOT_FOUND|EntityNotFoundException|DELTA_TABLE_NOT_FOUND"
        r"|DELTA_PATH_DOES_NOT_EXIST|PATH_NOT_FOUND"
        r"|Path does not exist",
        words="a table or a path is not there",
        remedy="it was not yet written, or lies elsewhere in this environment: `etl show` of the dataset says where "
        "it is looked for",
        resource=r"(?:table or view|Path does not exist:?|path) [`']?(?P<resource>[\w.:/=-]+(?:`\.`[\w]+)*)",
    ),
    KnownCause(
        id="bad-cast",
        said=r"CAST_INVALID_INPUT|CAST_OVERFLOW|CANNOT_PARSE_TIMESTAMP|because it is malformed"
        r"|INVALID_FRACTION_OF_SECOND",
        words="a value cannot be what its column's type wants",
        remedy="`try_cast` or `try_to_timestamp` it and quarantine what is null then, or correct the type",
        resource=r"The value (?P<resource>'(?:[^'\n]{0,80})'|[\w.-]+) of the type",
    ),
    KnownCause(
        id="overflow",
        said=r"ARITHMETIC_OVERFLOW|NUMERIC_VALUE_OUT_OF_RANGE|CANNOT_CHANGE_DECIMAL_PRECISION",
        words="a number is too large for its type",
        remedy="a wider type before the sum or product: BIGINT, or DECIMAL with more digits",
        resource=r"(?P<resource>[\d.-]{3,}) cannot be represented",
    ),
    KnownCause(
        id="divide-by-zero",
        said=r"DIVIDE_BY_ZERO|Division by zero",
        words="something was divided by zero",
        remedy="`try_divide`, or `nullif(divisor, 0)`: decide what the result shall be then",
    ),
    KnownCause(
        id="type-mismatch",
        said=r"DATATYPE_MISMATCH|INCOMPATIBLE_DATA_FOR_TABLE|CANNOT_MERGE_SCHEMAS",
        words="an operation gets types that it does not take",
        remedy="cast one side; `etl validate` finds it before a run",
        resource=r"Cannot resolve \"(?P<resource>[^\"]+)\"",
    ),
    KnownCause(
        id="old-dates",
        said=r"INCONSISTENT_BEHAVIOR_CROSS_VERSION|SparkUpgradeException",
        words="the file has dates from before 1900 or a calendar that Spark 2 wrote, or a text that old Spark "
        "parsed otherwise",
        remedy="say which calendar: `spark.sql.parquet.datetimeRebaseModeInRead`, or declare the format of the text",
    ),
)
