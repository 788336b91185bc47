from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from etl.errors import ConfigError, ConflictError
from etl.state.objects import Folder, open_store


def test_what_was_put_is_got_with_its_version(tmp_path):
    store = Folder(tmp_path)

    version = store.put_if("a/b.json", b"1", None)

    assert store.get("a/b.json").body == b"1"
    assert store.get("a/b.json").version == version


def test_an_absent_object_is_none(tmp_path):
    assert Folder(tmp_path).get("a") is None


def test_a_second_creation_is_refused_and_the_first_stays(tmp_path):
    store = Folder(tmp_path)
    store.put_if("a", b"first", None)

    with pytest.raises(ConflictError):
        store.put_if("a", b"second", None)

    assert store.get("a").body == b"first"


def test_a_change_needs_the_version_it_was_read_at(tmp_path):
    store = Folder(tmp_path)
    first = store.put_if("a", b"1", None)
    second = store.put_if("a", b"2", first)

    with pytest.raises(ConflictError):
        store.put_if("a", b"3", first)

    assert store.get("a").version == second


def test_a_change_of_an_absent_object_is_refused(tmp_path):
    with pytest.raises(ConflictError):
        Folder(tmp_path).put_if("a", b"1", "any version")


@pytest.mark.parametrize("seen", [None, "current"])
def test_of_many_writers_at_once_one_wins(tmp_path, seen):
    store = Folder(tmp_path)
    version = store.put_if("a", b"0", None) if seen else None

    def attempt(number: int) -> bool:
        try:
            store.put_if("a", str(number + 1).encode(), version)
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        won = list(pool.map(attempt, range(64)))

    assert won.count(True) == 1
    assert store.get("a").body == str(won.index(True) + 1).encode()


def test_keys_are_listed_by_prefix_and_sorted_without_leftovers(tmp_path):
    store = Folder(tmp_path)
    for key in ("b/2", "b/1", "a"):
        store.put_if(key, b"", None)
    (tmp_path / "b" / ".3.crashed").write_bytes(b"")

    assert store.list("b/") == ("b/1", "b/2")
    assert store.list("") == ("a", "b/1", "b/2")


def test_a_deleted_object_can_be_created_again(tmp_path):
    store = Folder(tmp_path)
    store.put_if("a", b"1", None)
    store.delete("a")
    store.delete("a")

    assert store.put_if("a", b"2", None)


@pytest.mark.parametrize("key", ["", "/etc/x", "../x", "a/../../x", "a/.hidden"])
def test_a_key_cannot_leave_the_folder(tmp_path, key):
    with pytest.raises(ValueError, match="key"):
        Folder(tmp_path).put_if(key, b"", None)


def test_a_failed_write_leaves_no_temporary_file(tmp_path):
    store = Folder(tmp_path)
    store.put_if("a", b"1", None)

    with pytest.raises(ConflictError):
        store.put_if("a", b"2", None)

    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_relative_root_is_below_the_project(tmp_path):
    assert open_store("target/state", tmp_path) == Folder(tmp_path / "target/state")


def test_a_root_that_is_no_folder_is_refused():
    with pytest.raises(ConfigError, match="s3://bucket/state"):
        open_store("s3://bucket/state", Path("/"))
