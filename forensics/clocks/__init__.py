"""Whose clock is off, by how much, and how surely: from calls that two machines logged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forensics.clocks.correction import choose_reference, correction_table
from forensics.clocks.estimate import estimate
from forensics.clocks.keys import CLOCK_SQL, clock_key
from forensics.clocks.pairs import find_pairs
from forensics.clocks.zone import zone_minutes

if TYPE_CHECKING:
    import duckdb

    from forensics.model.result import ClockRelation

__all__ = [
    "CLOCK_SQL",
    "choose_reference",
    "clock_key",
    "clock_relations",
    "correction_table",
    "estimate",
    "find_pairs",
    "zone_minutes",
]


def clock_relations(con: duckdb.DuckDBPyConnection) -> list[ClockRelation]:
    """How far the clocks are apart of all machines whose calls both ends logged, from the relation `events`."""
    return estimate(find_pairs(con))
