import time

import pytest

from etl.errors import ConflictError, EtlError, PlatformError
from etl.runs.folder import Folder


@pytest.fixture
def store(tmp_path):
    return Folder(tmp_path)


def test_an_object_that_was_changed_and_changed_back_has_another_version(store):
    first = store.put_if("a", b"A", None)
    second = store.put_if("a", b"B", first)
    third = store.put_if("a", b"A", second)

    assert len({first, second, third}) == 3
    with pytest.raises(ConflictError):
        store.put_if("a", b"C", first)


def test_versions_differ_even_where_the_clock_stands_still(store, monkeypatch):
    monkeypatch.setattr(time, "time_ns", lambda: 1_360_000_000_000_000_000)

    first = store.put_if("a", b"A", None)
    second = store.put_if("a", b"A", first)

    assert first != second


NO_KEYS = ["", "/etc/x", "../x", "a/../../x", "a/.hidden", "a//b", "a/./b", "a/", "a b", "a\0b", "x" * 201]


@pytest.mark.parametrize("key", NO_KEYS)
def test_a_key_cannot_leave_the_folder(store, key):
    with pytest.raises(EtlError, match="key"):
        store.get(key)
    with pytest.raises(EtlError, match="key"):
        store.put_if(key, b"", None)
    with pytest.raises(EtlError, match="key"):
        store.delete(key, None)
    with pytest.raises(EtlError, match="key"):
        store.append(key)


def test_a_failed_write_leaves_no_temporary_file(store, tmp_path):
    store.put_if("a", b"1", None)

    with pytest.raises(ConflictError):
        store.put_if("a", b"2", None)

    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_what_is_appended_can_be_read_before_the_file_is_closed(store):
    with store.append("a/b") as file:
        file.write(b"1\n")
        file.flush()
        assert store.get("a/b").body == b"1\n"
    with store.append("a/b") as file:
        file.write(b"2\n")

    assert store.get("a/b").body == b"1\n2\n"


def test_a_folder_that_cannot_be_used_says_which_and_why(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(PlatformError, match=r"file.*(exists|directory)"):
        Folder(tmp_path / "file").put_if("a", b"1", None)
