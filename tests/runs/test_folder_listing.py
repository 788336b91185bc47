import os

import pytest

from etl.errors import EtlError
from etl.runs.folder import Folder


@pytest.fixture
def store(tmp_path):
    return Folder(tmp_path)


def keys(store, *arguments, **options):
    return [entry.key for entry in store.list(*arguments, **options)]


def test_keys_are_listed_by_prefix_and_sorted_without_leftovers(store, tmp_path):
    for key in ("b/2", "a", "b/1.json", "b/1/x"):
        store.put_if(key, b"", None)
    (tmp_path / "b" / ".3.crashed").write_bytes(b"")

    assert keys(store, "") == ["a", "b/1.json", "b/1/x", "b/2"]
    assert keys(store, "b/") == ["b/1.json", "b/1/x", "b/2"]
    assert keys(store, "b/1/") == ["b/1/x"]
    assert keys(store, "b/1") == ["b/1.json", "b/1/x"]
    assert keys(store, "c/") == []


def test_a_listing_looks_only_below_its_prefix(store, tmp_path, monkeypatch):
    for key in ("runs/1/a", "runs/2/a", "ledger/1/a", "ledger/2/a"):
        store.put_if(key, b"", None)
    looked, scandir = [], os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: looked.append(path) or scandir(path))

    assert keys(store, "ledger/1/") == ["ledger/1/a"]
    assert keys(store, "ledger/2") == ["ledger/2/a"]

    assert [str(path.relative_to(tmp_path)) for path in looked] == ["ledger/1", "ledger", "ledger/2"]


@pytest.mark.parametrize("prefix", ["/", "../", "a/../", "a//"])
def test_a_prefix_cannot_leave_the_folder(store, prefix):
    with pytest.raises(EtlError, match="prefix"):
        store.list(prefix)
