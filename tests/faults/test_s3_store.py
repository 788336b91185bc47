"""An object store on S3 while the way there breaks: one outcome for each write, and it is the right one."""

import random

import pytest

from etl.errors import ConflictError, ThrottledError, TransientError
from etl.model.s3 import S3Settings
from etl.runs.objects import overwrite
from etl.runs.stores import open_store
from tests.faults.proxy import faults


@pytest.fixture
def broken(s3_bucket, monkeypatch):
    """Give what breaks the way to the bucket, and a store that goes by it; nobody waits between tries."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    with faults(s3_bucket.server.endpoint) as proxy:
        yield proxy, open_store(s3_bucket.root, S3Settings(endpoint=proxy.endpoint))


@pytest.mark.parametrize("fault", ["503", "500", "reset", "lost", "slow"])
def test_a_write_that_meets_a_fault_is_made_once(broken, s3_bucket, fault):
    proxy, store = broken
    first = store.put_if("a", b"1", None)

    proxy.coming.append(fault)
    second = store.put_if("a", b"2", first)
    proxy.coming.append(fault)
    store.put_if("b", b"1", None)

    assert proxy.done[fault] == 2
    assert store.get("a").body == b"2"
    assert store.get("a").version == second
    assert s3_bucket.keys() == ["a", "b"]


def test_a_write_that_landed_and_was_written_over_before_the_second_try_is_told_as_a_conflict(broken, monkeypatch):
    proxy, store = broken
    first = store.put_if("a", b"1", None)
    there = open_store(f"s3://{store.bucket}")
    tried = iter(["after the first try"])
    monkeypatch.setattr("time.sleep", lambda _: [overwrite(there, "a", b"theirs") for _ in tried])

    proxy.coming.append("lost")
    with pytest.raises(ConflictError):
        store.put_if("a", b"ours", first)

    assert store.get("a").body == b"theirs"


def test_a_deletion_whose_answer_was_lost_has_deleted(broken):
    proxy, store = broken
    version = store.put_if("a", b"1", None)

    proxy.coming.append("lost")
    store.delete("a", version)

    assert store.get("a") is None


def test_a_body_that_breaks_off_is_read_again(broken):
    proxy, store = broken
    store.put_if("a", b"x" * 10_000, None)

    proxy.coming.extend(["torn", "torn"])

    assert store.get("a").body == b"x" * 10_000


def test_a_listing_goes_on_where_a_page_was_refused(broken):
    proxy, store = broken
    for number in range(5):
        store.put_if(f"a/{number}", b"", None)

    proxy.coming.extend(["503", "lost"])

    assert [entry.key for entry in store.list("a/")] == [f"a/{number}" for number in range(5)]


@pytest.mark.parametrize(("fault", "error"), [("503", ThrottledError), ("reset", TransientError)])
def test_a_service_that_never_answers_is_transient_and_named(broken, fault, error):
    proxy, store = broken
    proxy.rates[fault] = 1.0

    with pytest.raises(error, match=r"s3://.*/a/b"):
        store.put_if("a/b", b"1", None)


def test_no_write_of_many_is_doubled_or_lost_while_three_requests_of_ten_break(broken, request):
    rounds = 8 * request.config.getoption("--rounds")
    proxy, store = broken
    proxy.rates.update({"503": 0.08, "500": 0.04, "reset": 0.05, "lost": 0.1, "torn": 0.03})
    chance, counter = random.Random(1), 0  # noqa: S311
    store.put_if("counter", b"0", None)

    for number in range(rounds):
        found = store.get("counter")
        assert int(found.body) == counter
        try:
            store.put_if("counter", str(counter + 1).encode(), found.version if chance.random() < 0.9 else '"stale"')
        except ConflictError:
            continue
        counter += 1
        store.put_if(f"log/{number:04d}", str(counter).encode(), None)

    proxy.rates.clear()
    assert int(store.get("counter").body) == counter
    assert [int(store.get(entry.key).body) for entry in store.list("log/")] == list(range(1, counter + 1))
