from contextlib import contextmanager

import pytest
from py4j.java_gateway import GatewayClient

from etl.spark.hadoop import Entry, below, by_level, entries, flat
from etl.spark.jvm import hadoop_path, java_class

NAMES = ["day=2013-02-08 05%3A00", "größe #1+2?", "a b", "[x]{y}*"]


@pytest.fixture
def lake(tmp_path):
    for name in NAMES:
        (tmp_path / name / "deeper" / "_hidden").mkdir(parents=True)
        (tmp_path / name / "rows.csv").write_bytes(b"12345")
        (tmp_path / name / "deeper" / "_hidden" / "more.csv").write_bytes(b"1")
    return tmp_path


@contextmanager
def counted_calls(monkeypatch):
    calls, send = [], GatewayClient.send_command

    def counting(self, command, *arguments, **keywords):
        if not command.startswith("m\nd"):  # Java objects that Python forgets go when it likes
            calls.append(command)
        return send(self, command, *arguments, **keywords)

    monkeypatch.setattr(GatewayClient, "send_command", counting)
    yield calls
    monkeypatch.undo()


@pytest.mark.spark
@pytest.mark.parametrize("name", NAMES)
def test_the_files_in_and_below_a_folder_are_told_by_the_names_they_have(spark, lake, name):
    folder = lake / name

    found = below(spark, [str(folder)])[str(folder)]

    assert {(entry.uri, entry.size) for entry in found} == {
        (f"{folder}/rows.csv", 5),
        (f"{folder}/deeper/_hidden/more.csv", 1),
    }
    assert {entry.modified for entry in found if entry.size == 5} == {
        (folder / "rows.csv").stat().st_mtime_ns // 1_000_000
    }


@pytest.mark.spark
def test_a_folder_that_is_not_there_has_no_files_and_takes_none_from_the_others(spark, lake):
    missing, there = f"{lake}/nowhere", f"{lake}/a b"

    found = below(spark, [missing, there])

    assert found[missing] == []
    assert len(found[there]) == 2
    assert below(spark, [missing]) == {missing: []}
    assert entries(spark, missing) == ()


@pytest.mark.spark
def test_an_object_stores_way_to_list_tells_the_same_files(spark, lake):
    folder = f"{lake}/{NAMES[1]}"

    assert sorted(flat(spark, folder), key=str) == sorted(by_level(spark, [folder])[folder], key=str)
    assert flat(spark, f"{lake}/nowhere") == []


@pytest.mark.spark
def test_folders_of_one_name_keep_their_files_apart(spark, lake):
    for above in ("x", "y"):
        (lake / above / "day").mkdir(parents=True)
        (lake / above / "day" / f"{above}.csv").write_bytes(b"")

    found = below(spark, [f"{lake}/x/day", f"{lake}/y/day"])

    assert {root: [entry.uri for entry in each] for root, each in found.items()} == {
        f"{lake}/x/day": [f"{lake}/x/day/x.csv"],
        f"{lake}/y/day": [f"{lake}/y/day/y.csv"],
    }


@pytest.mark.spark
@pytest.mark.parametrize("spelled", ["file://{}", "file:{}", "{}/", "{}/../a b"])
def test_a_folder_may_be_spelled_in_any_way(spark, lake, spelled):
    root = spelled.format(lake / "a b")

    assert {entry.uri for entry in below(spark, [root])[root]} == {
        f"{lake}/a b/rows.csv",
        f"{lake}/a b/deeper/_hidden/more.csv",
    }


@pytest.mark.spark
def test_a_file_that_is_given_for_a_folder_is_told_itself(spark, lake):
    file = f"{lake}/a b/rows.csv"

    assert [entry.uri for entry in below(spark, [file])[file]] == [file]


@pytest.mark.spark
def test_only_what_stands_directly_in_a_folder_are_its_entries(spark, lake):
    found = entries(spark, f"{lake}/a b")

    assert {(entry.uri, entry.is_folder) for entry in found} == {
        (f"{lake}/a b/deeper", True),
        (f"{lake}/a b/rows.csv", False),
    }
    assert all(isinstance(entry, Entry) for entry in found)


@pytest.mark.spark
def test_ninety_folders_cost_as_many_calls_as_two(spark, tmp_path, monkeypatch):
    folders = [str(tmp_path / f"day={n}") for n in range(90)]
    for folder in folders:
        java_class(spark, "java.io.File")(folder).mkdirs()
    below(spark, folders[:2])

    counts = []
    for some in (folders[:2], folders):
        with counted_calls(monkeypatch) as calls:
            below(spark, some)
        counts.append(len(calls))

    assert counts[0] == counts[1]


@pytest.mark.spark
def test_a_sessions_settings_are_put_together_once_for_each_file_system(spark, tmp_path, monkeypatch):
    session = spark.newSession()

    with counted_calls(monkeypatch) as calls:
        first, _ = hadoop_path(session, f"{tmp_path}/a")
        again, path = hadoop_path(session, f"{tmp_path}/b")

    assert first is again
    assert path.toString() == f"{tmp_path}/b"
    assert len([call for call in calls if "newHadoopConf" in call]) == 1
