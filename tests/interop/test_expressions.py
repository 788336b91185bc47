"""The expression language of Data Pipeline, against the tables of its guide and what real definitions say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.errors import ConfigError
from etl.interop.datapipeline.definition import Definition, Ref, Thing
from etl.interop.datapipeline.expressions import Scope, plain, template, templates
from etl.interop.datapipeline.joda import strftime
from etl.interop.datapipeline.syntax import pieces
from etl.model.template import Moment, check, render

AT = datetime(2011, 5, 24, 17, 10, tzinfo=UTC)
MOMENT = Moment(start=AT, end=AT + timedelta(days=1), params={"myOpen": "given"})
FIELDS = {
    "type": ("ShellCommandActivity",),
    "input": (Ref("In"),),
    "parent": (Ref("Up"),),
    "myList": ("a", "b"),
    "myOther": ("#{myList}", "c"),
    "count": ("7",),
    "*password": ("hunter2",),
}
DEFINITION = Definition(
    name="p",
    file="p.json",
    objects={
        "A": Thing(id="A", name="An activity", fields=FIELDS),
        "In": Thing(
            id="In", name="In", fields={"directoryPath": ("#{myRoot}/in/#{@id}",), "myDeep": ("#{myDeeper}x",)}
        ),
        "Up": Thing(id="Up", name="Up", fields={}),
    },
    parameters={
        "myRoot": {"default": ("s3://bucket",)},
        "myOpen": {},
        "*mySecret": {"default": ("hunter2",)},
        "myDbPassword": {"default": ("hunter2",)},
        "myNumber": {"default": ("3",)},
        "myDeeper": {"default": ("d",)},
        "myMany": {"default": ("x", "y")},
        "myNested": {"default": ("#{myRoot}/#{format(@scheduledStartTime, 'YYYY')}",)},
    },
    values={"myGiven": ("value",)},
)
S, E = "@scheduledStartTime", "@scheduledEndTime"

GUIDE = {
    f"#{{day({S})}}": "24",
    f"#{{month({S})}}": "5",
    f"#{{year({S})}}": "2011",
    f"#{{hour({S})}}": "17",
    f"#{{minute({S})}}": "10",
    f"#{{dayOfYear({S})}}": "144",
    f"#{{firstOfMonth({S})}}": "2011-05-01T17:10:00",
    f"#{{midnight({E})}}": "2011-05-25T00:00:00",
    f"#{{yesterday({S})}}": "2011-05-23T17:10:00",
    f"#{{sunday({S})}}": "2011-05-22T17:10:00",
    "#{makeDate(2011,5,24)}": "2011-05-24T00:00:00",
    "#{makeDateTime(2011,5,24,14,21)}": "2011-05-24T14:21:00",
    f"#{{minusMinutes({S},1)}}": "2011-05-24T17:09:00",
    f"#{{plusMinutes({S},1)}}": "2011-05-24T17:11:00",
    f"#{{minusHours({S},1)}}": "2011-05-24T16:10:00",
    f"#{{plusHours({S},1)}}": "2011-05-24T18:10:00",
    f"#{{minusDays({S},1)}}": "2011-05-23T17:10:00",
    f"#{{plusDays({S},1)}}": "2011-05-25T17:10:00",
    f"#{{minusWeeks({S},1)}}": "2011-05-17T17:10:00",
    f"#{{plusWeeks({S},1)}}": "2011-05-31T17:10:00",
    f"#{{minusMonths({S},1)}}": "2011-04-24T17:10:00",
    f"#{{plusMonths({S},1)}}": "2011-06-24T17:10:00",
    f"#{{minusYears({S},1)}}": "2010-05-24T17:10:00",
    f"#{{plusYears({S},1)}}": "2012-05-24T17:10:00",
    f"#{{format({S},'YYYY-MM-dd HH:mm:ss z')}}": "2011-05-24 17:10:00 UTC",
    "#{1/2}": "0",
    "#{1.0/2}": "0.5",
    "#{2^2}": "4.0",
    "#{'this is ' + myList}": "this is a,this is b",
}
REAL = {
    f"#{{format({S}, 'YYYY-MM-dd-HH-mm-ss')}}": "2011-05-24-17-10-00",
    f"#{{format({S},'YYYY-MM-dd_hh.mm')}}": "2011-05-24_05.10",
    f"#{{format(minusDays({S},1),'YYYY/MM/dd')}}": "2011/05/23",
    f"#{{format(plusMonths(firstOfMonth({S}), 1), 'YYYY-MM')}}": "2011-06",
    f"#{{format(minusHours(midnight({S}), 2), 'dd HH')}}": "23 22",
    f"#{{format(inTimeZone({S},'America/New_York'),'HH:mm')}}": "13:10",
    f"#{{plusPeriod({S}, '1 day')}}": "2011-05-25T17:10:00",
    f"#{{minusPeriod({S}, '2 Weeks')}}": "2011-05-10T17:10:00",
    f"#{{minusMinutes({S}, 90)}}": "2011-05-24T15:40:00",
    "#{input.directoryPath}": "s3://bucket/in/In",
    "#{input.myDeep}": "dx",
    "#{parent.@id}": "Up",
    "#{@id}": "A",
    "#{name}": "An activity",
    "#{myGiven}": "value",
    "#{myRoot}/#{myOpen}": "s3://bucket/given",
    "#{myNested}/x": "s3://bucket/2011/x",
    "#{myMany}": "x,y",
    "#{myOther}": "a,b,c",
    "#{count}": "7",
    "#{count + 1}": "8",
    "#{myNumber * 2}": "6",
    "#{'a' + 1}": "a1",
    "#{1 + 2 * 3}": "7",
    "#{(1 + 2) * 3}": "9",
    "#{10 - 4 - 3}": "3",
    "#{7 / 2}": "3",
    "#{-3 + 5}": "2",
    "#{2 ^ 3 ^ 2}": "512.0",
    "#{1.5 + 1}": "2.5",
    "#{\"double\" + 'single'}": "doublesingle",
    "#{'a } b'}": "a } b",
    "#{year(makeDate(2013,2,8)) + 1}": "2014",
    "#{day(plusDays(makeDate(2013,2,28),1))}": "1",
    "#{format(makeDate(2013,2,8), 'EEE d MMM yy')}": "Fri 8 Feb 13",
    "#{format(minusMonths(makeDate(2013,3,31),1),'YYYY-MM-dd')}": "2013-02-28",
    "no expression": "no expression",
    "${INPUT1_STAGING_DIR}/x #{@id}": "${INPUT1_STAGING_DIR}/x A",
    "awk '{print $1}' #{@id}": "awk '{print $1}' A",
    "": "",
    "a #{'#' + 'b'} c": "a #b c",
    f"#{{day({S})}}/#{{month({S})}}": "24/5",
}
JODA = {
    "YYYY": "2011", "yyyy": "2011", "yy": "11", "M": "5", "MM": "05", "MMM": "May", "MMMM": "May", "d": "24", "dd": "24",
    "D": "144", "DDD": "144", "E": "Tue", "EEE": "Tue", "EEEE": "Tuesday", "e": "2", "w": "21", "ww": "21", "x": "2011",
    "H": "17", "HH": "17", "h": "5", "hh": "05", "hh a": "05 PM", "m": "10", "mm": "10", "s": "0", "ss": "00", "S": "0",
    "SSS": "000", "z": "UTC", "Z": "+0000", "yyyy'T'HH": "2011T17", "''yy": "'11", "HH 'o''clock'": "17 o'clock",
    "YYYY-MM-dd'T'HH:mm:ss": "2011-05-24T17:10:00", "MM/dd/yyyy": "05/24/2011", "yyyyMMddHHmm": "201105241710",
    "dd.MM.yy": "24.05.11", "%d": "%24",
}  # fmt: skip
SHIFTS = {
    f"#{{{word}{unit}({S}, {count})}}": (sign * count, unit)
    for word, sign in (("plus", 1), ("minus", -1))
    for unit in ("Minutes", "Hours", "Days", "Weeks")
    for count in (0, 2, 5, 30)
}


def said(text, definition=DEFINITION):
    made = template(text, Scope(definition, definition.objects["A"]))
    check(made)
    return render(made, MOMENT)


@pytest.mark.parametrize(("text", "result"), [*GUIDE.items(), *REAL.items()])
def test_an_expression_comes_to_what_the_guide_says(text, result):
    assert said(text) == result


@pytest.mark.parametrize(("pattern", "result"), JODA.items())
def test_a_pattern_of_joda_is_written_as_joda_does(pattern, result):
    assert AT.strftime(strftime(pattern)[0]) == result
    quoted = pattern.replace("'", "\\'")
    assert said(f"#{{format({S}, '{quoted}')}}") == result


@pytest.mark.parametrize(("text", "shift"), SHIFTS.items())
def test_times_are_moved_by_any_count(text, shift):
    count, unit = shift
    assert said(text) == f"{AT + timedelta(**{unit.lower(): count}):%Y-%m-%dT%H:%M:%S}"


@pytest.mark.parametrize("month", range(1, 13))
def test_months_are_steps_of_the_calendar(month):
    found = plain(
        f"#{{format(plusMonths(makeDate(2012,1,31),{month}),'YYYY-MM-dd')}}", Scope(DEFINITION, DEFINITION.objects["A"])
    )
    year, last = (2012 if month < 12 else 2013), [29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 31][month - 1]
    assert found == f"{year}-{month % 12 + 1:02}-{last}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("#{nope}", "neither a field nor a parameter"),
        ("#{input.nope}", "neither a field nor a parameter"),
        ("#{output.directoryPath}", "leads nowhere"),
        ("#{frobnicate(1)}", "is no function"),
        ("#{minusDay(@scheduledStartTime,1)}", "did you mean 'minusDays'"),
        ("#{format(@scheduledStartTime)}", "cannot be worked out"),
        ("#{minusDays(@scheduledStartTime,'x')}", "cannot be worked out"),
        ("#{day('soon')}", "cannot be worked out"),
        ("#{1/0}", "divides by zero"),
        ("#{'a' * 2}", "are no numbers"),
        ("#{1 +}", "a value is missing"),
        ("#{1 2}", "one too many"),
        ("#{(1}", ") is missing"),
        ("#{a.}", "no field's name"),
        ("#{§}", "is not understood"),
        ("#{'a}", "does not end"),
        ("#{unended", "does not end"),
        ("#{format(@scheduledStartTime,'YYYY-QQ')}", "is no part of a date"),
    ],
)
def test_what_is_no_expression_is_said(text, words):
    with pytest.raises(ConfigError) as caught:
        said(text)
    assert words in str(caught.value)


def test_a_field_that_leads_to_itself_is_said():
    looping = Definition(name="p", file="p.json", objects={"A": Thing(id="A", name="A", fields={"x": ("#{x}",)})})
    with pytest.raises(ConfigError, match="lead back to themselves"):
        said("#{x}", looping)


@pytest.mark.parametrize("text", ["#{*mySecret}", "#{myDbPassword}", "#{*password}"])
def test_a_secret_becomes_a_variable_and_its_value_is_nowhere(text):
    scope = Scope(DEFINITION, DEFINITION.objects["A"])
    made = template(f"x {text}", scope)
    (name,) = scope.secrets
    assert (made, scope.secrets[name]) == (f"x ${{{name}}}", f"env://{name}")


def test_a_list_gives_as_many_arguments():
    scope = Scope(DEFINITION, DEFINITION.objects["A"])
    assert templates(["#{'--' + myMany}", "z"], scope) == ["--x", "--y", "z"]


def test_a_parameter_without_a_value_stays_to_be_given():
    scope = Scope(DEFINITION, DEFINITION.objects["A"])
    assert template("#{myOpen}/x", scope) == "{param.myOpen}/x"
    assert scope.missing == {"myOpen"}


@given(st.text().filter(lambda text: "#{" not in text))
def test_a_text_without_an_expression_is_kept(text):
    assert list(pieces(text)) == [text]
    assert said(text) == text
