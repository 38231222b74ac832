"""Whose clock is off, by how much, and how surely: from calls that two machines logged."""

from __future__ import annotations

from forensics.clocks.correction import choose_reference, correction_table
from forensics.clocks.estimate import estimate
from forensics.clocks.keys import CLOCK_SQL, clock_key
from forensics.clocks.pairs import find_pairs
from forensics.clocks.zone import zone_minutes

__all__ = ["CLOCK_SQL", "choose_reference", "clock_key", "correction_table", "estimate", "find_pairs", "zone_minutes"]
