"""Run checks on a DuckDB connection that has a relation `events`, and return typed findings.

from forensics.checks import engine
engine.prepare(con, clocks)
findings = engine.run_checks(con, engine.load_checks())
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import duckdb

from forensics.checks.check import Check, load_checks, load_views, views_named
from forensics.checks.clocktable import Clocks
from forensics.checks.course import told
from forensics.checks.findings import Key, check_columns, finding, witness_keys
from forensics.checks.prepare import ensure_views, has_relation, is_prepared, prepare, sql_error
from forensics.checks.select import absent, kinds, known_parameters, select
from forensics.model.result import Evidence, Finding

__all__ = ["ensure_views", "load_checks", "missing_kinds", "prepare", "run_check", "run_checks"]

_TEXT_LIMIT: Final = 4000
_MOST_PLACES: Final = 10_000
"""Of more cited events than these the reader is not told the places: most of the archive is read then in any case."""


def run_checks(
    con: duckdb.DuckDBPyConnection,
    checks: Iterable[Check],
    params: Mapping[str, Any] | None = None,
    clocks: Clocks = None,
    *,
    undecided: bool = False,
) -> list[Finding]:
    """Every finding of the checks that can be judged, in order of cause and time.

    Args:
        con: has `events` (columns of the event model) and, for file names, `evidence(source, path, member)`.
        checks: what to run; those whose needed kinds are absent find nothing (`missing_kinds` says which).
        params: values for parameters, by `name` for all checks or by `id.name` for one.
        clocks: given to `prepare` if that has not run yet.
        undecided: also return what a check saw but could not decide; such findings carry `details["undecided"]`.

    Raises:
        QueryError: a mistake in a check or a view, with file and line.
        ConfigError: a parameter that no check has.
    """
    chosen = list(checks)
    if not is_prepared(con):
        prepare(con, clocks)
    known_parameters(chosen, params or {})
    present = kinds(con)
    judged = [check for check in chosen if not absent(check, present)]
    rows = [(check, row) for check in judged for row in _found(con, check, params or {}, undecided)]
    # Evidence of all checks is looked up at once: it costs a pass over the archive.
    known = _resolve(con, [key for _, row in rows for key in witness_keys(row)])
    made = {one.id: one for one in (finding(check, row, known) for check, row in rows)}
    return sorted(
        told(con, judged, list(made.values())),
        key=lambda one: (one.cause, one.started_at is None, one.started_at, one.id),
    )


def run_check(
    con: duckdb.DuckDBPyConnection, check: Check, params: Mapping[str, Any] | None = None, *, undecided: bool = False
) -> list[Finding]:
    """The findings of one check; see `run_checks`."""
    return run_checks(con, [check], params, undecided=undecided)


def _found(
    con: duckdb.DuckDBPyConnection, check: Check, params: Mapping[str, Any], undecided: bool
) -> list[dict[str, Any]]:
    views = load_views(row[0] for row in con.execute("SELECT path FROM prepared_dirs").fetchall())
    ensure_views(con, views_named(check.sql, views), views)
    return [row for row in _rows(con, check, params) if undecided or not row.get("undecided")]


def missing_kinds(con: duckdb.DuckDBPyConnection, checks: Iterable[Check]) -> dict[str, tuple[str, ...]]:
    """For every check that cannot be judged: the needed event kinds of which there is no event."""
    present = kinds(con)
    return {check.id: lacking for check in checks if (lacking := absent(check, present))}


def _rows(con: duckdb.DuckDBPyConnection, check: Check, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    try:
        found = select(con, check, params)
        check_columns(check, found.columns)
        return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]
    except duckdb.Error as error:
        raise sql_error(error, f"check '{check.id}'", check.path, check.sql) from error


def _resolve(con: duckdb.DuckDBPyConnection, keys: Sequence[Key]) -> dict[Key, Evidence]:
    """Time, system, file, line and text of the cited events, in one join."""
    if not keys:
        return {}
    unique = sorted(set(keys))
    con.execute("CREATE OR REPLACE TEMP TABLE cited (source VARCHAR, byte_offset BIGINT, part BIGINT)")
    con.execute(
        "INSERT INTO cited SELECT unnest($s), unnest($o), unnest($p)",
        {"s": [key[0] for key in unique], "o": [key[1] for key in unique], "p": [key[2] for key in unique]},
    )
    files = has_relation(con, "evidence")
    ensure_views(con, ["events_ordered"])
    # Told the places and not only the first and the last, the reader leaves out what holds none of them.
    con.execute(f"SET dynamic_or_filter_threshold = {min(len(unique), _MOST_PLACES)}")
    con.execute(
        "CREATE OR REPLACE TEMP TABLE cited_events AS SELECT e.* FROM events_ordered e JOIN cited USING (source, byte_offset, part)"
    )
    con.execute("RESET dynamic_or_filter_threshold")
    rows = con.execute(
        f"""SELECT e.source, e.byte_offset, e.part, e.ts, e.system, e.line, left(e.raw, {_TEXT_LIMIT}),
                   {"f.file" if files else "e.source"}
            FROM cited_events e
            {"LEFT JOIN (SELECT source, any_value(path || coalesce('!' || member, '')) AS file FROM evidence GROUP BY source) f USING (source)" if files else ""}"""
    ).fetchall()
    return {
        (source, offset, part): Evidence(
            f"{source}:{offset}:{part}", "for", ts, system, file or source, line or 0, text or ""
        )
        for source, offset, part, ts, system, line, text, file in rows
    }
