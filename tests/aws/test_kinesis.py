"""Shards of Kinesis: every record once, whatever pages, throttling and resharding do. No Spark."""

import pytest

from etl.aws import answers
from etl.aws.answers import Service
from etl.aws.kinesis import End, Record, Shard, Stream, client, records, shards
from etl.aws.kpl import hash_of, unpacked
from etl.errors import ThrottledError
from tests.kinesis_server import packed, serving

LATER = 10**14


@pytest.fixture(autouse=True)
def credentials(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")


@pytest.fixture
def server():
    with serving() as streams:
        streams.stream("clicks")
        yield streams


def asked(server, name="clicks"):
    stream = Stream(name, Service.of(server.connection))
    return client(stream), stream


def read(server, shard=None, after=None, until=LATER, most=None):
    asking, stream = asked(server)
    (first, *_) = shards(asking, stream)
    *found, end = records(asking, stream, shard or first, after, until, most, pause=lambda _: None)
    assert all(isinstance(each, Record) for each in found)
    assert isinstance(end, End)
    return [each.data.decode() for each in found], end


def test_all_pages_are_read_and_from_where_one_was_the_rest(server):
    for n in range(8):
        server.put("clicks", "k", str(n).encode())
    every, end = read(server)
    server.put("clicks", "k", b"8")
    rest, _ = read(server, after=end.sequence)

    assert every == [str(n) for n in range(8)]
    assert (end.records, end.done, end.more) == (8, False, False)
    assert rest == ["8"]


def test_an_empty_page_is_not_the_end(server):
    server.put("clicks", "k", b"a")
    server.empty = 3

    assert read(server)[0] == ["a"]


def test_a_busy_shard_and_an_expired_iterator_are_asked_again(server):
    for n in range(5):
        server.put("clicks", "k", str(n).encode())
    server.busy, server.expire = 2, 2

    assert read(server)[0] == ["0", "1", "2", "3", "4"]


def test_a_shard_that_stays_busy_is_a_failure_that_passes(server, monkeypatch):
    monkeypatch.setattr(answers, "TRIES", 1)
    server.busy = 100

    with pytest.raises(ThrottledError, match="kinesis://eu-west-1#clicks"):
        read(server)


def test_what_arrives_after_the_run_began_is_the_next_runs(server):
    server.put("clicks", "k", b"before", arrived=1000.0)
    server.put("clicks", "k", b"after", arrived=2000.0)

    found, end = read(server, until=1_500_000)

    assert (found, end.done) == (["before"], False)
    assert read(server, after=end.sequence)[0] == ["after"]


def test_a_batch_may_be_bounded(server):
    for n in range(8):
        server.put("clicks", "k", str(n).encode())

    found, end = read(server, most=4)

    assert (found, end.more) == (["0", "1", "2", "3"], True)


def test_a_closed_shard_is_done_and_its_children_follow(server):
    server.put("clicks", "k", b"parent")
    server.split("clicks", "shardId-000000000000")
    server.put("clicks", "k", b"child")
    asking, stream = asked(server)

    parent, *children = shards(asking, stream)

    found, end = read(server, parent)
    assert (found, end.done, end.more) == (["parent"], True, False)
    assert [child.parents for child in children] == [(parent.id,)] * 2
    assert sorted(each for child in children for each in read(server, child)[0]) == ["child"]


def test_no_stream_is_told_from_an_empty_one(server):
    assert shards(*asked(server, "nobody")) is None
    assert read(server) == ([], End(None, done=False, more=False, records=0))


def test_packed_records_are_unpacked_and_those_of_another_shards_keys_are_not_this_ones(server):
    both = packed(("a", b"1"), ("b", b"2"), ("c", b"3"))
    server.put("clicks", "a", both)
    server.put("clicks", "a", b"plain")

    assert read(server)[0] == ["1", "2", "3", "plain"]
    own = Shard("shardId-000000000000", hashes=(hash_of("b"), hash_of("b")))
    assert read(server, own)[0] == ["2", "plain"]


def test_what_only_looks_packed_is_a_record_like_any_other():
    whole = packed(("a", b"1"))

    assert unpacked(whole[:-1] + b"x") is None
    assert unpacked(b"\xf3\x89\x9a\xc2") is None
    assert [each.data for each in unpacked(whole)] == [b"1"]
