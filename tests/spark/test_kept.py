"""What a step keeps is given back when it ends."""

from etl.spark.kept import give_back, keep


class Session:
    """Stands for a session: something that can be told from another."""


def test_what_was_kept_last_is_given_back_first_and_once():
    session, other, given = Session(), Session(), []
    keep(session, lambda: given.append("connection"))
    keep(session, lambda: given.append("rows"))
    keep(other, lambda: given.append("another step's"))

    give_back(session)
    give_back(session)

    assert given == ["rows", "connection"]


def test_what_cannot_be_given_back_does_not_hinder_the_rest():
    session, given = Session(), []
    keep(session, lambda: given.append("connection"))
    keep(session, lambda: 1 / 0)

    give_back(session)

    assert given == ["connection"]
