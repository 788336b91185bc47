"""A regular expression is read as Java reads it, before there is a Java to ask."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.errors import IllegalArgumentException

from etl.kinds.regex import refused
from etl.spark.jvm import java_class

SPELLED = r"""
a b - ^ $ . * + ? ++ *? { } {2} {2,} {1,3} {3,1} ( ) (?: (?= (?<= (?<! (?<n> (?P<n> (?i) (?i: (?> (?#c) [ ] [^ && |
\d \w \b \k<n> \1 \p{L} \p{Alpha} \p{Foo} \pL \x41 \u0041 \x{41} \Q \\ \Z \y \- a-z 0-9 [a-z] [^\s] (a|b) \07 ,
< > é _ \R \h \cA \G (?<a_b>x) #
"""
PARTS = SPELLED.split()


@pytest.mark.parametrize(
    "regex",
    [
        r"^\w+@\w+\.\w+$",
        r"(?<name>a)\k<name>",
        "a*+b++c?+d{2,3}+",
        "(?>a|ab)c",
        r"\p{L}+\p{IsLatin}\p{javaLowerCase}\p{Alpha}\pN",
        r"[a-z&&[^aeiou]]",
        "[]a]",
        "[^]a-]",
        r"\Q(?P<x>\E",
        r"\x{1F600}\u00e9\07\cA\h\R",
        "(?i)(?s:.)",
        r"a\{2,b}]",
        "(?x) a # (?P<",
    ],
)
def test_what_java_takes_passes(regex):
    assert refused(regex) is None


@pytest.mark.parametrize(
    ("regex", "said"),
    [
        ("(?P<x>a)b", "is Python's; Java spells a named group"),
        ("(?P=x)", "is Python's"),
        ("(a", r"has a \( that is not closed"),
        ("a)", r"has a \) that closes no group"),
        ("[a", r"has a \[ that is not closed"),
        ("[]", r"has a \[ that is not closed"),
        ("*a", r"repeats nothing with '\*'"),
        ("a**", "repeats nothing"),
        ("a{", "counts nothing"),
        ("{name}", "counts nothing"),
        ("a{3,1}", "repeats from 3 to 1 times"),
        ("[z-a]", "begins after its end"),
        (r"\y", r"escape \\y that Java does not know"),
        (r"[\b]", r"escape \\b that Java does not know in a class"),
        (r"\U0001F600", r"escape \\U"),
        ("a\\", "ends with a backslash"),
        (r"\x4", "without the digits"),
        (r"\p{Greek}", r"property \\p\{Greek\}"),
        ("(?<first_name>a)", "a group's name"),
        ("(?<n>a)(?<n>b)", "two groups <n>"),
        (r"\k<n>", "no group <n>"),
        ("(?#comment)a", "group '(?#c' that Java does not know".replace("(", r"\(").replace("?", r"\?")),
        ("(?(1)a|b)", "that Java does not know"),
        ("(?a)a", "that Java does not know"),
        ("[[:alpha:]]", r"as POSIX spells it; Java spells it \\p\{Alpha\}"),
    ],
)
def test_what_java_refuses_or_reads_otherwise_is_refused_with_why(regex, said):
    assert re.search(said, refused(regex) or "")


@pytest.mark.spark
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(st.sampled_from(PARTS), min_size=1, max_size=6))
def test_nothing_that_this_java_takes_is_refused(spark, parts):
    regex = "".join(parts)
    wrong = refused(regex)

    if wrong is not None and "POSIX" not in wrong:
        with pytest.raises(IllegalArgumentException):
            java_class(spark, "java.util.regex.Pattern").compile(regex)
