import pytest
from py4j.java_gateway import GatewayClient

from etl.storage.delta_bridge import Bridge, elements
from etl.storage.delta_files import added_files


@pytest.fixture
def table(spark, tmp_path):
    """A table of forty files in forty folders, one of them of the null."""
    rows = spark.range(40).selectExpr("id", "if(id = 7, NULL, concat('a b/%=', id)) AS part")
    rows.coalesce(1).write.format("delta").partitionBy("part").save(str(tmp_path / "table"))
    return str(tmp_path / "table")


def files(bridge, uri):
    """The table's files as Delta has them, a Scala Seq."""
    found = bridge.snapshot(uri).allFiles().collectAsList()
    return bridge.session._jvm.org.apache.spark.api.python.PythonUtils.toSeq(found)


@pytest.mark.spark
def test_added_files_come_back_as_delta_reads_them_from_its_log(spark, table):
    bridge = Bridge(spark)
    theirs = files(bridge, table)
    read = bridge.module("actions.Action").fromJson

    ours = bridge.add_files(each.said for each in added_files(bridge, theirs))

    assert [each.json() for each in elements(ours)] == [read(each.json()).json() for each in elements(theirs)]


@pytest.mark.spark
def test_only_files_that_were_added_are(spark, table):
    bridge = Bridge(spark)
    theirs = files(bridge, table)
    number, gone = bridge.set_transaction("app", 1), theirs.apply(0).remove()

    actions = bridge.together(number, theirs, bridge.scala_seq([gone]))

    assert actions.size() == 42
    assert len(added_files(bridge, actions)) == 40


@pytest.mark.spark
def test_forty_actions_cross_in_as_many_calls_as_one(spark, table, monkeypatch):
    bridge = Bridge(spark)
    every = files(bridge, table)
    calls, send = [], GatewayClient.send_command

    def counting(self, command, *arguments, **keywords):
        if not command.startswith("m\nd"):  # Java objects that Python forgets go when it likes
            calls.append(command)
        return send(self, command, *arguments, **keywords)

    def there_and_back(actions):
        calls.clear()
        bridge.together(bridge.set_transaction("app", 1), bridge.add_files(bridge.said(actions)))
        return len(calls)

    one = bridge.scala_seq([every.apply(0)])
    there_and_back(one)
    monkeypatch.setattr(GatewayClient, "send_command", counting)
    counts = [there_and_back(one), there_and_back(every)]
    monkeypatch.undo()

    assert counts[0] == counts[1]
