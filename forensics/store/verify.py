"""What does not hold in a case: custody chain, conservation of lines, tables against evidence."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from forensics.store import custody
from forensics.store.case import CaseFolder


def problems(case: CaseFolder, evidence: pl.DataFrame, events: Mapping[str, int]) -> list[str]:
    """One line for each thing that does not hold; empty if all is well.

    Args:
        evidence: the newest row of every source.
        events: how many events of each source the event table holds.
    """
    found = custody.verify(case.custody)
    found += [f"{case.notes.name}: {problem}" for problem in custody.verify(case.notes)]
    law = pl.col("event_lines") + pl.col("continuation") + pl.col("rejected") + pl.col("blank")
    for row in evidence.filter(pl.col("lines") != law).iter_rows(named=True):
        found.append(f"{row['path']}: lines do not add up")
    for row in evidence.filter(pl.col("events") != pl.col("source").replace_strict(events, default=0)).iter_rows(
        named=True
    ):
        found.append(f"{row['path']}: the event table does not hold the {row['events']} events it should")
    strange = sum(n for source, n in events.items() if source not in set(evidence["source"]))
    if strange:
        found.append(f"{strange} events belong to no source")
    logged = {source["source"] for entry in custody.read(case.custody) for source in entry.get("sources", [])}
    for row in evidence.filter(~pl.col("source").is_in(list(logged))).iter_rows(named=True):
        found.append(f"{row['path']}: ingested, but not in the custody log")
    return found
