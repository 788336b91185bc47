"""Hadoop's file systems through the session's JVM: whole folders at a call, for each call costs a tenth of a
millisecond, and a year of days has a folder each.

Hadoop's own recursive listing starts a process for every file of a local disk (``ls``, for permissions nobody asks
for), so there folders are listed level by level. An object store is asked for all below a folder at once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urlsplit
from weakref import WeakKeyDictionary

from attrs import frozen

from etl.spark.causes import causes
from etl.spark.jvm import PATH, hadoop_path, java_class

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, DataFrameReader, SparkSession

AT_ONCE = 16  # folders or files of an object store that are asked for side by side: each is a request or two
MISSING = "FileNotFoundException"
BETWEEN = "\0"  # stands in no path
STRINGS = "org.apache.hadoop.util.StringUtils"
STATUS = "org.apache.hadoop.fs.FileStatus"
WITH_ETAG = "org.apache.hadoop.fs.s3a.S3ALocatedFileStatus"
VISIBILITY = "JsonAutoDetect$Visibility"
_ON_DISK: WeakKeyDictionary[SparkSession, bool] = WeakKeyDictionary()


@frozen
class Entry:
    """What a folder holds, a file or another folder; the time is in milliseconds since the epoch.

    ``etag`` is what an object store's own listing says of the content; empty where it says nothing.
    """

    uri: str
    is_folder: bool
    size: int
    modified: int
    etag: str = ""


def is_on_disk(session: SparkSession, uri: str) -> bool:
    """Say whether a file lies on this machine's own disk: what is read there needs no call to the JVM."""
    if not uri.startswith("/"):
        return False
    if session not in _ON_DISK:
        _ON_DISK[session] = str(hadoop_path(session, "/")[0].getUri()).startswith("file:")
    return _ON_DISK[session]


def loaded(session: SparkSession, reader: DataFrameReader, uris: Sequence[str]) -> DataFrame:
    """Return what a reader makes of files or folders, named to it in one call: a list would take a call for each."""
    from pyspark.sql import DataFrame

    return DataFrame(reader._jreader.load(_texts(session, uris)), session)


def entries(session: SparkSession, folder: str) -> tuple[Entry, ...]:
    """Return what stands directly in a folder; nothing where there is none."""
    return _listed(session, [folder])


def below(session: SparkSession, folders: Sequence[str]) -> dict[str, list[Entry]]:
    """Return the files in and below each of some folders of one file system; none where there is no such folder."""
    if not folders:
        return {}
    files, _ = hadoop_path(session, folders[0])
    if not files.getUri().toString().startswith("file:"):
        with ThreadPoolExecutor(min(AT_ONCE, len(folders))) as pool:
            return dict(zip(folders, pool.map(lambda folder: flat(session, folder), folders), strict=True))
    if len({_name(folder) for folder in folders}) < len(folders):
        return {folder: by_level(session, [folder])[folder] for folder in folders}
    return by_level(session, folders)


def flat(session: SparkSession, folder: str) -> list[Entry]:
    """Return the files in and below one folder, as an object store lists them: by prefix."""
    from py4j.protocol import Py4JJavaError

    files, path = hadoop_path(session, folder)
    iterators = java_class(session, "org.apache.hadoop.util.functional.RemoteIterators")
    try:
        found = iterators.toList(files.listFiles(path, True))
    except Py4JJavaError as error:
        if any(MISSING in cause.names for cause in causes(error)):
            return []
        raise
    return list(_told(_json(session).of_list(found)))


def by_level(session: SparkSession, folders: Sequence[str]) -> dict[str, list[Entry]]:
    """Return the files in and below folders with different names, all folders of a level in one call."""
    found: dict[str, list[Entry]] = {folder: [] for folder in folders}
    first = {_name(folder): folder for folder in folders}
    only = folders[0] if len(folders) == 1 else None
    owners: dict[str, str] = {}
    level = list(folders)
    while level:
        deeper = {}
        for entry in _listed(session, level):
            parent = entry.uri.rpartition("/")[0]
            # A folder may be asked for in another spelling than it is told in; a file may be asked for as a folder.
            owner = only or owners.get(parent) or first.get(_name(parent)) or first[_name(entry.uri)]
            if entry.is_folder:
                deeper[entry.uri] = owner
            else:
                found[owner].append(entry)
        owners, level = deeper, list(deeper)
    return found


def _listed(session: SparkSession, folders: Sequence[str]) -> tuple[Entry, ...]:
    """Return what stands directly in folders; looks which are there only if one of them is not."""
    from py4j.protocol import Py4JJavaError

    files, _ = hadoop_path(session, folders[0])
    try:
        statuses = files.listStatus(_paths(session, folders))
    except Py4JJavaError:
        there = [folder for folder in folders if files.exists(java_class(session, PATH)(folder))]
        if len(there) == len(folders):
            raise
        return _listed(session, there) if there else ()
    return _told(_json(session).of_array(statuses))


def _paths(session: SparkSession, folders: Sequence[str]) -> Any:
    return java_class(session, STRINGS).stringToPath(_texts(session, folders))


def _texts(session: SparkSession, texts: Sequence[str]) -> Any:
    """Return texts as a Java array, none of them empty."""
    return java_class(session, STRINGS).getStrings(BETWEEN.join(texts), BETWEEN)


def _told(text: str) -> tuple[Entry, ...]:
    return tuple(
        Entry(
            _uri(each["path"]["uri"]),
            each["isdir"],
            each["length"],
            each["modification_time"],
            (each.get("eTag") or "").strip('"'),
        )
        for each in json.loads(text)
    )


def _uri(java: str) -> str:
    """A Java URI of a local file comes as file:/x; Spark reads both forms, people expect the path."""
    parts = urlsplit(java)
    start = f"{parts.scheme}://{parts.netloc}" if parts.scheme not in ("", "file") else ""
    return start + unquote(parts.path)


def _name(uri: str) -> str:
    return uri.rstrip("/").rpartition("/")[2]


class _Json(NamedTuple):
    of_array: Callable[[Any], str]
    of_list: Callable[[Any], str]


def _json(session: SparkSession) -> _Json:
    return _writers(session.sparkContext._gateway)


@lru_cache(maxsize=8)
def _writers(gateway: Any) -> _Json:
    """Return what writes statuses as JSON: their fields, as the class declares them.

    A local status that is asked for its permissions starts a process to find them.
    """
    jackson = "com.fasterxml.jackson."
    jvm, find = gateway.jvm, gateway.jvm.java.lang.Class.forName
    mapper = getattr(jvm, jackson + "databind.ObjectMapper")()
    sorts, seen = (getattr(jvm, jackson + "annotation." + name) for name in ("PropertyAccessor", VISIBILITY))
    mapper.setVisibility(sorts.ALL, seen.NONE)
    mapper.setVisibility(sorts.FIELD, seen.ANY)
    mapper.configure(getattr(jvm, jackson + "databind.MapperFeature").USE_STATIC_TYPING, True)
    mapper.configOverride(find("[Lorg.apache.hadoop.fs.BlockLocation;")).setIsIgnoredType(True)

    def of_list(statuses: Any) -> str:
        """Write them as what all are, or as S3A's, which have an ETag; other classes hold what cannot be written."""
        kind = statuses.get(0).getClass() if statuses.size() else find(STATUS)
        kind = kind if kind.getName() == WITH_ETAG else find(STATUS)
        many = mapper.getTypeFactory().constructCollectionType(find("java.util.List"), kind)
        return str(mapper.writerFor(many).writeValueAsString(statuses))

    return _Json(mapper.writerFor(find(f"[L{STATUS};")).writeValueAsString, of_list)
