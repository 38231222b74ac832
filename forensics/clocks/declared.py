"""Clocks whose difference a person has declared in a profile."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import duckdb

from forensics.clocks.correction import TRUE_TIME, choose_reference
from forensics.clocks.keys import clock_key
from forensics.formats.profile import declared_clock
from forensics.model.result import ClockRelation

_ERROR_S: Final = 1.0
"""Nobody reads a clock by eye to better than a second."""
_ALWAYS: Final = (datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC))


def declared(con: duckdb.DuckDBPyConnection, measured: Sequence[ClockRelation]) -> list[ClockRelation]:
    """The declared differences of clocks of which nothing was measured, against the clock that all are put on.

    Args:
        con: has the relation `evidence`; without one nothing is declared.
        measured: what calls have told; it counts more than what a person says.
    """
    try:
        rows = con.sql(
            "SELECT DISTINCT system, source, reasons FROM evidence WHERE reasons LIKE '%ahead of the true time%'"
        ).fetchall()
    except duckdb.Error:
        return []
    known = {relation.clock for relation in measured} | {relation.reference for relation in measured}
    found: dict[str, float] = {}
    for system, source, reasons in rows:
        ahead = declared_clock(json.loads(reasons))
        clock = clock_key(system, None, source)
        if ahead is not None and clock not in known:
            found.setdefault(clock, ahead)
    reference = choose_reference(measured) if measured else TRUE_TIME
    middle = datetime(2000, 1, 1, tzinfo=UTC)
    return [
        ClockRelation(clock, reference, ahead, 0.0, _ERROR_S, 0, middle, *_ALWAYS, "declared")
        for clock, ahead in sorted(found.items())
    ]
