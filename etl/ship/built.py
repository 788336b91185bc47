"""A bundle that ``etl package`` has built: its folder on S3, and how it gets there."""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import field, frozen

from etl.errors import UsageError
from etl.model.s3 import S3
from etl.ship.archive import Archive
from etl.ship.bundle import SCHEMA_VERSION

SENT = ("main.py", "app.zip")  # what a run needs; the wheel is for bootstrap actions


@frozen(kw_only=True)
class Built:
    """A bundle on disk.

    Args:
        directory: where it is, if that is a disk.
        folder: of its files below ``bundles``; it changes with the content.
        digests: sha256 of each file that a run needs, in hex.
        archives: those among them that are unpacked where the run is.
    """

    directory: Path
    folder: str
    digests: Mapping[str, str] = field(hash=False)
    archives: tuple[Archive, ...] = ()

    def uploads(self, bundles: str) -> tuple[str, ...]:
        """Return the lines that put the files below a root: S3 verifies each digest, and replaces nothing."""
        bucket, _, prefix = f"{bundles}/{self.folder}".removeprefix(S3).partition("/")
        return tuple(
            shlex.join(
                [
                    *("aws", "s3api", "put-object", "--bucket", bucket, "--key", f"{prefix}/{name}"),
                    *("--body", str(self.directory / name), "--if-none-match", "*"),
                    *("--checksum-sha256", base64.b64encode(bytes.fromhex(digest)).decode()),
                ]
            )
            for name, digest in self.digests.items()
        )


def archives_of(said: Mapping[str, Any]) -> tuple[Archive, ...]:
    """Return the archives that a bundle's manifest, or the record of a submission, names."""
    return tuple(Archive(**{**each, "wheels": tuple(each["wheels"])}) for each in said.get("archives", ()))


def built_in(directory: Path) -> Built:
    """Return what ``etl package`` has put into a directory.

    Raises:
        UsageError: no bundle is there, or another version of Headrace has built it.
    """
    file = directory / "bundle.json"
    try:
        said: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"no bundle in {directory}", remedy=f"build one: etl package --out {directory}") from None
    if said.get("schema_version") != SCHEMA_VERSION:
        raise UsageError(
            f"{file} has version {said.get('schema_version')}; this Headrace reads {SCHEMA_VERSION}",
            remedy=f"build it again: etl package --out {directory}",
        )
    return built_of(said, directory)


def built_of(said: Mapping[str, Any], directory: Path = Path()) -> Built:
    """Return the bundle that a ``bundle.json`` of this version tells of."""
    archives = archives_of(said)
    sent = dict.fromkeys([*SENT, *(name for each in archives for name in (each.file, *each.wheels))])
    files = {name: said["files"][name] for name in sent}
    folder = files[SENT[0]]["key"].rpartition("/")[0]
    digests = {name: each["sha256"] for name, each in files.items()}
    return Built(directory=directory, folder=folder, digests=digests, archives=archives)
