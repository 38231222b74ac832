"""A connection made ready once: clocks estimated, shared views at hand, each answer computed when first asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from forensics.checks import engine
from forensics.checks.controls import load_controls, run_controls
from forensics.checks.select import Query, fitting_parameters, known_parameters, meant_for
from forensics.clocks import clock_relations
from forensics.clocks.declared import declared
from forensics.coverage import coverage
from forensics.model.result import ClockRelation, Control, Coverage, Finding


class Session:
    """The questions that audit and trace ask, over the events that `con` shows.

    Args:
        con: has `events` and `evidence`.
        queries: folders with own checks, views and controls.
        params: values for parameters of checks and controls, by `name` or `id.name`.
        zone: in which the controls' days begin.
        seed: what the controls' samples are drawn by.
    """

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        queries: Sequence[Path] = (),
        params: Mapping[str, Any] | None = None,
        *,
        zone: str = "UTC",
        seed: str = "",
    ) -> None:
        self.con = con
        self._queries = list(queries)
        self._params, self._zone, self._seed = dict(params or {}), zone, seed
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
        checks = engine.load_checks(self._queries)
        return tuple(engine.run_checks(self.con, checks, self._meant_for(checks), undecided=True))

    def controls(self, subject: Mapping[str, str] | None = None) -> tuple[Control, ...]:
        """The preventive controls; with a subject, only rows that name it."""
        controls = load_controls(self._queries)
        return tuple(
            run_controls(
                self.con, controls, subject, self._queries,
                params=self._meant_for(controls), zone=self._zone, seed=self._seed,
            )
        )  # fmt: skip

    def _meant_for(self, queries: Sequence[Query]) -> dict[str, Any]:
        """The parameters that these queries have; one that nothing has is refused."""
        if self._params:
            every: list[Query] = [*engine.load_checks(self._queries), *load_controls(self._queries)]
            known_parameters(every, self._params)
            fitting_parameters(every, self._params)
        return meant_for(queries, self._params)

    def views(self, *names: str) -> None:
        """Make shared views, unless they are there."""
        engine.ensure_views(self.con, names)
