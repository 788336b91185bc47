"""A source in one file: as many numbers as the catalogue asks for, some of which are no records."""

from __future__ import annotations

from etl.storage.reading import Corrupt, Reading, check_scope


def read(session, dataset, scope):
    check_scope(dataset, scope)
    count = int(dataset.options["count"])
    wrong = "CASE WHEN id % 7 = 6 THEN concat('no ', id) END AS _wrong", "CASE WHEN id % 7 = 6 THEN 'a six' END AS _why"
    frame = session.range(count).selectExpr("id", *wrong)
    return Reading(frame=frame, identity=count, upto=str(count), corrupt=Corrupt(column="_wrong", reason="_why"))
