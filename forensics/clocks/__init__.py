"""Whose clock is off, by how much, and how surely: from calls that two machines logged, and from acts that follow each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forensics.clocks.correction import choose_reference, correction_table
from forensics.clocks.estimate import estimate
from forensics.clocks.follows import follow_relations
from forensics.clocks.keys import CLOCK_SQL, clock_key, name_clocks
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
    "follow_relations",
    "name_clocks",
    "zone_minutes",
]


def clock_relations(con: duckdb.DuckDBPyConnection) -> list[ClockRelation]:
    """How far the clocks are apart of all machines, from the relation `events`: by calls that both ends logged, else by what must follow what."""
    name_clocks(con)
    measured = estimate(find_pairs(con))
    return measured + follow_relations(con, {name for one in measured for name in (one.clock, one.reference)})
