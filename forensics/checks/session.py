"""A connection made ready once: clocks estimated, shared views at hand, each answer computed when first asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import duckdb

from forensics.checks import engine
from forensics.checks.controls import load_controls, run_controls
from forensics.clocks import clock_relations
from forensics.clocks.declared import declared
from forensics.coverage import coverage
from forensics.model.result import ClockRelation, Control, Coverage, Finding


class Session:
    """The questions that audit and trace ask, over the events that `con` shows.

    Args:
        con: has `events` and `evidence`.
        queries: folders with own checks, views and controls.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, queries: Sequence[Path] = ()) -> None:
        self.con = con
        self._queries = list(queries)
        measured = clock_relations(con)
        self.clocks: tuple[ClockRelation, ...] = (*measured, *declared(con, measured))
        engine.prepare(con, self.clocks, extra_dirs=self._queries)

    @cached_property
    def coverage(self) -> tuple[Coverage, ...]:
        """What each system recorded, from when to when, and where it is silent."""
        return tuple(coverage(self.con))

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Every finding of every check; what a check saw but could not decide carries `details["undecided"]`."""
        return tuple(engine.run_checks(self.con, engine.load_checks(self._queries), undecided=True))

    def controls(self, subject: Mapping[str, str] | None = None) -> tuple[Control, ...]:
        """The preventive controls; with a subject, only rows that name it."""
        return tuple(run_controls(self.con, load_controls(self._queries), subject, self._queries))

    def views(self, *names: str) -> None:
        """Make shared views, unless they are there."""
        engine.ensure_views(self.con, names)
