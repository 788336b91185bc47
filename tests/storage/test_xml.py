"""XML under the contract of text files; Spark 4 has the parser."""

from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest

from etl import ReplaceTable, Source, Target, step
from etl.errors import InputError, PlatformError
from etl.model.result import Status
from etl.model.schema import parse_schema
from etl.model.text import TextRules
from etl.storage import files, xml_records
from etl.storage.lines import LINE, Lines
from etl.storage.reading import Scope
from etl.storage.records import CORRUPT
from etl.testing.tables import literal_table

KM = parse_schema("id INT, km INT")
ROW = {"rowTag": "trip"}


@pytest.fixture
def parser(spark):
    """A Spark that can parse XML."""
    if not spark.catalog.functionExists("from_xml"):
        pytest.skip("Spark 3.5 has no parser of XML")


@pytest.fixture
def read(lake, parser):
    """``read(content, schema=KM, options={}, **properties)`` gives good rows, and corrupt records with reasons."""

    def found(content, schema=KM, options=None, **properties):
        lake.declared.clear()
        given = {"format": "xml", "options": ROW | (options or {}), "schema": schema} | properties
        dataset = lake.dataset("raw.trips", **given)
        lake.file("raw.trips", "a.xml", content)
        reading = files.read(lake.spark, dataset, Scope())
        rows = reading.frame.collect()
        corrupt = reading.corrupt
        good = [tuple(row[c] for c in schema.names) for row in rows if row[corrupt.column] is None]
        return good, [(row[corrupt.column], row[corrupt.reason]) for row in rows if row[corrupt.column] is not None]

    return found


def trip(number, km="7"):
    return f"<trip><id>{number}</id><km>{km}</km></trip>"


def test_a_spark_without_a_parser_of_xml_reads_nothing_and_names_the_one_that_has(lake):
    if lake.spark.catalog.functionExists("from_xml"):
        pytest.skip("this Spark has the parser")
    dataset = lake.dataset("raw.trips", format="xml", options=ROW, schema=KM)

    with pytest.raises(PlatformError) as refused:
        files.read(lake.spark, dataset, Scope())

    assert refused.value.exit_code == 5
    assert "Spark 4" in refused.value.remedy


def test_elements_and_attributes_are_columns_held_to_the_contract(read):
    schema = parse_schema("_nr INT, name STRING, price DECIMAL(6,2), day DATE, note STRING")
    content = """<?xml version="1.0"?>
<!-- of <trip> -->
<trips>
  <trip nr="1"><name> A &amp; <![CDATA[</trip><B>]]></name><price>12.5</price><day>2013-02-08</day><note/></trip>
  <trip nr="2" ><name>x</name><price>12,5</price><day>2013-02-08</day></trip >
  <trip nr="3"><name>x</name><price>1.005</price></trip>
  <trip nr="4"><day>2013-2-8</day></trip>
  <trip nr="5"/>
</trips>
"""

    good, corrupt = read(content, schema)

    assert good == [(1, " A & </trip><B>", Decimal("12.50"), date(2013, 2, 8), None), (5, None, None, None, None)]
    assert [reason for _, reason in corrupt] == [
        "price is no DECIMAL(6,2)",
        "price is no DECIMAL(6,2)",
        "day is no DATE",
    ]
    assert corrupt[2][0] == '<trip nr="4"><day>2013-2-8</day></trip>'


def test_structs_and_lists_are_elements_within_and_repeated(read):
    schema = parse_schema("id INT, stop ARRAY<STRUCT<_at: INT, _VALUE: STRING>>, tag ARRAY<STRING>, p STRUCT<x: INT>")
    content = """<t><trip><id>1</id><stop at="1">Ulm</stop><tag>a</tag><tag/><stop at="2">Aalen</stop>
<p> <x>5</x> </p></trip><trip><id>2</id><stop at="one">Ulm</stop></trip><trip><id>3</id><p>5</p></trip>
<trip><id>4</id><p><x>1</x><x>2</x></p></trip></t>"""

    good, corrupt = read(content, schema)

    assert good == [(1, [(1, "Ulm"), (2, "Aalen")], ["a", None], (5,))]
    assert [reason.partition(" is no ")[0] for _, reason in corrupt] == ["stop", "p", "p"]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ("<trip><id>1</id><id>2</id></trip>", "id is there twice"),
        ("<trip>and<id>1</id></trip>", "text between its elements"),
        ("<trip><id>1</km></trip>", "no XML record"),
        ("<trip><id>&unknown;</id></trip>", "no XML record"),
        ('<trip a="1" a="2"><id>1</id></trip>', "no XML record"),
        ("<trip><id>1</id><trip><id>2</id></trip>", "no XML record"),
        ("<trip><id>1\x01</id></trip>", "no XML record"),
        ("<trip><id>x</id></trip>", "id is no INT"),
    ],
)
def test_a_record_that_is_none_is_corrupt_and_those_around_it_are_read(read, record, reason):
    content = f"<trips>{trip(8)}{record}{trip(9)}</trips>"

    assert read(content, on_drift="evolve") == ([(8, 7), (9, 7)], [(record, reason)])


@pytest.mark.parametrize(
    ("content", "corrupt"),
    [
        (f"<trips>{trip(8)}<trip><id>9</i", [("<trip><id>9</i", "a record without an end")]),
        (f"<trips>{trip(8)}<trip><id>9</id>", [("<trip><id>9</id>", "a record without an end")]),
        (f'<trips>{trip(8)}<trip a="9></trip></trips>', [('<trip a="9></trip></trips>', "a record without an end")]),
        (f"<trips>{trip(8)}", [("<trips>", "no XML around the records")]),
        (f"<trips>{trip(8)}</trip></trips>", [("<trips></trip></trips>", "no XML around the records")]),
        (f"<trips>{trip(8)}</trips>garbage", [("<trips></trips>garbage", "text outside of any element")]),
        (f"<trips>{trip(8)}</trips>< 5", [("<trips></trips>< 5", "no XML around the records")]),
        (f"<trips>{trip(8)}<!-- {trip(9)} </trips>", [("<trips><!--  </trips>", "no XML around the records")]),
    ],
)
def test_a_file_that_ends_too_early_or_has_more_than_xml_has_one_corrupt_record(read, content, corrupt):
    good, found = read(content)

    assert good[0] == (8, 7)
    assert found == corrupt


CONTENT = """<trips><!-- a -->
<trip x="1"><id>1</id><km>2</km></trip> <trip><!-- b --><id><![CDATA[3]]></id></trip><trip/><!-- c -->
</trips>"""


def by_elementtree(text):
    """Return the rows of a text as Python's parser finds them; None where it is no XML, or no value is an INT."""
    try:
        trips = ET.fromstring(text).iter("trip")  # noqa: S314 - our own text
        texts = [[trip.findtext(name) for name in ("id", "km")] for trip in trips]
        return [tuple(int(text) for text in row if text) for row in texts]
    except (ET.ParseError, ValueError):
        return None


@pytest.mark.parametrize("cut", [True, False], ids=["cut", "a letter less"])
def test_a_damaged_file_is_seen_or_read_as_python_reads_it(lake, parser, cut):
    texts = [CONTENT[:n] if cut else CONTENT[:n] + CONTENT[n + 1 :] for n in range(1, len(CONTENT))]
    schema = parse_schema("id INT, km INT, n INT")
    dataset = lake.dataset("raw.trips", format="xml", options=ROW, schema=schema, partitioned_by=("n",))
    frame = literal_table(lake.spark, f"{LINE} STRING, n STRING", [(text, str(n)) for n, text in enumerate(texts)])
    good, corrupt = defaultdict(list), Counter()

    for row in xml_records.parsed(Lines(frame), dataset, dataset.rules).collect():
        corrupt[row.n] += row[CORRUPT] is not None
        if row[CORRUPT] is None:
            good[row.n].append(tuple(each for each in (row.id, row.km) if each is not None))

    for n, text in enumerate(texts):
        assert corrupt[n] or good[n] == by_elementtree(text), text


def test_documents_one_behind_the_other_and_records_without_a_root_are_read_each(read):
    assert read(f"<?xml version='1.0'?>\n<t>{trip(1)}</t>\n<?xml version='1.0'?>\n<t>{trip(2)}</t>{trip(3)}\n") == (
        [(1, 7), (2, 7), (3, 7)],
        [],
    )


@pytest.mark.parametrize("secret", ['SYSTEM "file:///etc/hostname"', '"7"'])
def test_entities_of_a_dtd_are_never_looked_up(read, secret):
    content = f"<!DOCTYPE t [<!ENTITY e {secret}>]><t>{trip(1, '&e;')}</t>"

    good, corrupt = read(content)

    assert good == []
    assert [reason for _, reason in corrupt] == ["no XML record", "no XML around the records"]


@pytest.mark.parametrize("content", ["<trips/>", "<?xml version='1.0'?>\n<trips a='1'>\n</trips>\n<!-- none -->"])
def test_a_root_alone_is_a_day_without_rows(read, content):
    assert read(content) == ([], [])


@pytest.mark.parametrize(
    "content", [f"<trips>{trip(1)}</trips>".replace("trip>", "ride>"), "<a><b/></a>", "no XML", "<t>" + "<r/>" * 20_000]
)
def test_a_file_without_the_row_tag_is_refused_by_name(read, content):
    with pytest.raises(InputError, match=r"a\.xml has no element <trip>"):
        read(content, on_corrupt="quarantine")


def test_a_file_may_be_without_records_where_the_dataset_may_be_empty(read):
    assert read("<feed><title>none today</title></feed>", allow_empty=True) == ([], [])


def test_a_column_that_no_record_has_is_another_file(read):
    with pytest.raises(InputError, match="has no column 'km' \\(it has 'KM'\\)"):
        read("<t><trip><id>1</id><KM>2</KM></trip></t>")
    assert read("<t><trip><id>1</id></trip></t>", optional_columns=("km",)) == ([(1, None)], [])


def test_a_column_that_comes_late_is_found(read):
    late = "<t>" + "<trip><id>1</id></trip>" * 4000

    assert read(f"{late}{trip(2)}</t>")[0][-1] == (2, 7)
    with pytest.raises(InputError, match="has no column 'km'"):
        read(f"{late}</t>")


@pytest.mark.parametrize("record", ["<trip><id>1</id><km>2</km><x/></trip>", '<trip x="1"><id>1</id><km>2</km></trip>'])
def test_undeclared_elements_and_attributes_drift(read, record):
    with pytest.raises(InputError, match=r"has undeclared column '_?x'"):
        read(f"<t>{record}</t>")
    assert read(f"<t>{record}</t>", on_drift="evolve") == ([(1, 2)], [])


def test_prefixes_belong_to_names_unless_namespaces_are_ignored(read):
    content = '<t xmlns:a="urn:a"><trip xmlns:b="urn:b"><a:id>1</a:id><a:km>2</a:km></trip></t>'

    assert read(content, parse_schema("`a:id` INT, `a:km` INT")) == ([(1, 2)], [])
    assert read(content, options={"ignoreNamespace": "true"}) == ([(1, 2)], [])


def test_the_encoding_is_the_declared_one_and_a_file_that_says_another_is_refused(read):
    schema = parse_schema("id INT, name STRING")
    content = '<?xml version="1.0" encoding="ISO-8859-1"?><t><trip><id>1</id><name>é</name></trip></t>'

    assert read(content.encode("iso-8859-1"), schema, text=TextRules(encoding="iso-8859-1")) == ([(1, "é")], [])
    with pytest.raises(InputError, match="says that it is ISO-8859-1, read as utf-8"):
        read(content.encode("iso-8859-1"), schema)
    wide = content.replace("ISO-8859-1", "UTF-16").encode("utf-16")
    assert read(wide, schema, text=TextRules(encoding="utf-16")) == ([(1, "é")], [])


def test_a_text_that_is_none_of_the_encoding_is_corrupt(read):
    good, corrupt = read(b"<t><trip><id>1</id><name>\xe9</name></trip></t>", parse_schema("id INT, name STRING"))

    assert (good, [reason for _, reason in corrupt]) == ([], ["name is no utf-8 text"])


def test_options_say_how_blanks_and_nulls_are_written(read):
    options = {"ignoresurroundingspaces": "true", "nullValue": "-"}

    assert read(f"<t>{trip(' 1 ', '-')}{trip(2, '')}</t>", options=options) == ([(1, None), (2, None)], [])
    assert read(f"<t>{trip(' 1 ')}</t>")[1] == [(trip(" 1 "), "id is no INT")]


def test_a_record_of_many_megabytes_needs_no_stack(read):
    long = "<!-- x -->" * 20_000 + "<b>é</b>" * 200_000

    good, corrupt = read(f"<t><trip><id>1</id><km>2</km>{long}</trip>{trip(2)}</t>", on_drift="evolve")

    assert (good, corrupt) == ([(1, 2), (2, 7)], [])


def test_corrupt_records_are_set_aside_with_their_file_and_the_others_published(lake, parser):
    @step(
        sources={"trips": Source("raw.trips", interval_column="day")},
        target=Target("clean.trips", "id INT, day DATE", ReplaceTable()),
        conserve="trips",
    )
    def publish(trips):
        return trips

    schema = parse_schema("id INT, day DATE")
    lake.dataset("raw.trips", format="xml", options=ROW, schema=schema, on_corrupt="quarantine")
    records = [f"<trip><id>{n}</id><day>2013-02-0{n}</day></trip>" for n in (8, 9)]
    lake.file("raw.trips", "a.xml", f"<t>{''.join(records)}<trip><id>x</id><day>2013-02-08</day></trip><trip><id>3")

    result = lake.carry_out(lake.plan(publish, date="2013-02-08")).steps[0]

    assert result.status is Status.WARN
    assert [row[0] for row in lake.rows("clean.trips")] == [8]
    aside = {row["_record"]: row["_file"].rpartition("/")[2] for row in lake.table("quarantine.clean_trips").collect()}
    assert aside == {"<trip><id>x</id><day>2013-02-08</day></trip>": "a.xml", "<trip><id>3": "a.xml"}
