"""What every object store promises, of a folder and of a bucket on a real S3 server."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from etl.errors import ConflictError, EtlError
from etl.runs.stores import open_store


@pytest.fixture(params=["folder", "s3"])
def store(request, tmp_path):
    if request.param == "folder":
        return open_store(str(tmp_path))
    return open_store(f"{request.getfixturevalue('s3_bucket').root}/some/prefix")


def keys(store, *arguments, **options):
    return [entry.key for entry in store.list(*arguments, **options)]


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


def test_a_listing_goes_on_behind_a_key_and_ends_at_a_limit(store):
    for key in ("a/1", "a/2", "b.c", "b/1", "b/2", "c"):
        store.put_if(key, b"", None)

    assert keys(store, "", after="a/1", limit=3) == ["a/2", "b.c", "b/1"]
    assert keys(store, "", after="b/1") == ["b/2", "c"]
    assert keys(store, "b", after="b/2") == []


def test_a_listing_tells_size_and_time(store):
    before = datetime.now(UTC) - timedelta(seconds=1)
    store.put_if("a", b"12345", None)

    (entry,) = store.list("")

    assert entry.size == 5
    assert before <= entry.modified <= datetime.now(UTC)


def test_keys_are_listed_by_prefix_and_sorted(store):
    for key in ("b/2", "a", "b/1.json", "b/1-x/y"):
        store.put_if(key, b"", None)

    assert keys(store, "") == ["a", "b/1-x/y", "b/1.json", "b/2"]
    assert keys(store, "b/") == ["b/1-x/y", "b/1.json", "b/2"]
    assert keys(store, "b/1-x/") == ["b/1-x/y"]
    assert keys(store, "b/1") == ["b/1-x/y", "b/1.json"]
    assert keys(store, "c/") == []


@pytest.mark.parametrize("key", ["", "/etc/x", "../x", "a/.hidden", "a//b", "a/", "a b", "x" * 201])
def test_what_is_no_key_is_refused(store, key):
    for refused in (store.get, lambda key: store.put_if(key, b"", None), lambda key: store.delete(key, None)):
        with pytest.raises(EtlError, match="key"):
            refused(key)
    with pytest.raises(EtlError, match="prefix"):
        list(store.list("/"))


def test_a_body_may_be_empty_or_large(store):
    for key, body in (("a", b""), ("b", b"x" * 3_000_000)):
        store.put_if(key, body, None)

        assert store.get(key).body == body
