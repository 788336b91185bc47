import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from etl.errors import ConflictError, EtlError, PlatformError
from etl.runs.folder import Folder


@pytest.fixture
def store(tmp_path):
    return Folder(tmp_path)


def test_what_was_put_is_got_with_its_version(store):
    version = store.put_if("a/b.json", b"1", None)

    assert store.get("a/b.json").body == b"1"
    assert store.get("a/b.json").version == version


def test_an_absent_object_is_none(store):
    store.put_if("a/b", b"1", None)

    assert store.get("c") is None
    assert store.get("a") is None
    assert store.get("a/b/c") is None


def test_a_second_creation_is_refused_and_the_first_stays(store):
    store.put_if("a", b"first", None)

    with pytest.raises(ConflictError):
        store.put_if("a", b"second", None)

    assert store.get("a").body == b"first"


def test_a_change_needs_the_version_it_was_read_at(store):
    first = store.put_if("a", b"1", None)
    second = store.put_if("a", b"2", first)

    with pytest.raises(ConflictError):
        store.put_if("a", b"3", first)

    assert store.get("a").version == second


def test_a_change_of_an_absent_object_is_refused(store):
    with pytest.raises(ConflictError):
        store.put_if("a", b"1", "any version")


def test_a_creation_whose_answer_was_lost_succeeds_when_tried_again(store):
    landed = store.put_if("a", b"1", None)

    assert store.put_if("a", b"1", None) == landed


def test_a_change_whose_answer_was_lost_succeeds_when_tried_again(store):
    read = store.put_if("a", b"1", None)
    landed = store.put_if("a", b"2", read)

    assert store.put_if("a", b"2", read) == landed


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


@pytest.mark.parametrize("seen", [None, "current"])
def test_of_many_writers_at_once_one_wins(store, seen):
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


def test_an_object_is_deleted_at_the_version_it_was_read_at(store):
    version = store.put_if("a", b"1", None)

    store.delete("a", version)
    store.delete("a", version)

    assert store.get("a") is None


def test_a_late_holder_cannot_delete_what_the_next_one_wrote(store):
    late = store.put_if("lease", b"holder 1", None)
    store.put_if("lease", b"holder 2", late)

    with pytest.raises(ConflictError):
        store.delete("lease", late)

    assert store.get("lease").body == b"holder 2"


def test_without_a_version_whatever_is_there_is_deleted_and_can_be_created_again(store):
    store.put_if("a", b"1", None)
    store.delete("a", None)
    store.delete("a", None)

    assert store.put_if("a", b"2", None)


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
