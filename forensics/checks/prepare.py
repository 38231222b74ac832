"""Set up a DuckDB connection for checks: clocks, macros, and the shared views that the checks name.

Views are made when a check first needs them, in the order in which they use each other; those marked `materialise`
become temporary tables, so that ten checks cost one scan.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Final

import duckdb

from forensics.checks.check import View, load_views
from forensics.checks.clocktable import Clocks, clock_table
from forensics.checks.steps import STEPS
from forensics.clocks.keys import CLOCK_SQL, name_clocks
from forensics.identity.pallets import pallet_key_sql
from forensics.model.errors import Location, QueryError
from forensics.store.large import write

CLOCK_TOLERANCE_S: Final = 10.0
"""How far two clocks may be apart where nothing is known about them: half of it is each clock's error."""

_MACROS: Final = (
    # Three-valued order of two moments: -1 a before b, 1 after, 0 cannot be told. Within one clock only its resolution
    # counts, across clocks both errors do.
    """CREATE OR REPLACE TEMP MACRO time_order(a_us, a_res, a_err, a_clock, b_us, b_res, b_err, b_clock) AS
       CASE WHEN a_us + a_res + CASE WHEN a_clock = b_clock THEN 0 ELSE a_err + b_err END < b_us THEN -1
            WHEN b_us + b_res + CASE WHEN a_clock = b_clock THEN 0 ELSE a_err + b_err END < a_us THEN 1
            ELSE 0 END""",
    f"CREATE OR REPLACE TEMP MACRO clock_of(kind, system, host, source) AS {CLOCK_SQL}",
    f"CREATE OR REPLACE TEMP MACRO pallet_key(code) AS {pallet_key_sql('code')}",
    "CREATE OR REPLACE TEMP MACRO at_time(us) AS make_timestamptz(us)",
    """CREATE OR REPLACE TEMP MACRO witness(source_, byte_offset_, part_, role_, note_) AS
       {'source': source_, 'byte_offset': byte_offset_, 'part': part_, 'role': role_, 'note': note_}""",
    """CREATE OR REPLACE TEMP MACRO resolution_us(precision_) AS CASE precision_ WHEN 'us' THEN 0 WHEN 'ms' THEN 999
       WHEN 's' THEN 999999 WHEN 'min' THEN 59999999 WHEN 'day' THEN 86399999999 ELSE 0 END""",
)


def prepare(
    con: duckdb.DuckDBPyConnection,
    clocks: Clocks = None,
    *,
    views: Iterable[str] = (),
    extra_dirs: Sequence[Path | str] = (),
    clock_tolerance_s: float = CLOCK_TOLERANCE_S,
) -> None:
    """Make `con`, which has a relation `events`, ready for checks; again after `events` changed.

    Args:
        con: the connection; a relation `evidence(source, path, member)` is used for file names if it is there.
        clocks: how far clocks are ahead: ClockRelations, or mappings with `clock` (or `system` and `host`), `offset_s`,
            `error_s`, `reference`.
        views: views to make at once, `*` for all; checks make what they need by themselves.
        extra_dirs: folders whose `views/*.sql` come before the shipped ones.
        clock_tolerance_s: how far two clocks of which nothing is known may be apart.

    Raises:
        QueryError: a mistake in a view.
    """
    loaded = load_views(extra_dirs)
    _right_answers(con)
    for macro in _MACROS:
        con.execute(macro)
    half = int(clock_tolerance_s * 500_000)
    con.execute(f"CREATE OR REPLACE TEMP MACRO default_clock_err_us() AS {half}")
    name_clocks(con)
    clock_table(con, clocks)
    con.execute("CREATE OR REPLACE TEMP TABLE prepared_views (name VARCHAR)")
    con.execute("CREATE OR REPLACE TEMP TABLE prepared_dirs (path VARCHAR)")
    for folder in extra_dirs:
        con.execute("INSERT INTO prepared_dirs VALUES (?)", [str(folder)])
    names = tuple(views)
    ensure_views(con, loaded.keys() if "*" in names else names, loaded)


def _right_answers(con: duckdb.DuckDBPyConnection) -> None:
    """Switch off what makes DuckDB 2.0.0 count rows that partition pruning had left out, or break off (`store.duck`)."""
    con.execute("SET debug_enable_caching_operators = false")
    con.execute(f"SET disabled_optimizers = '{','.join(sorted(_disabled(con) | {'window_self_join'}))}'")


def ensure_views(con: duckdb.DuckDBPyConnection, names: Iterable[str], loaded: dict[str, View] | None = None) -> None:
    """Make the named views, and those that they use, unless they are there already."""
    if not is_prepared(con):
        prepare(con)
    if loaded is None:
        loaded = load_views([row[0] for row in con.execute("SELECT path FROM prepared_dirs").fetchall()])
    done = {row[0] for row in con.execute("SELECT name FROM prepared_views").fetchall()}
    for name in in_order(names, loaded):
        if name not in done:
            _make(con, loaded[name])
            con.execute("INSERT INTO prepared_views VALUES (?)", [name])


def is_prepared(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether `prepare` ran on this connection."""
    return has_relation(con, "prepared_views")


def has_relation(con: duckdb.DuckDBPyConnection, name: str) -> bool:
    """Whether a table or view of that name can be read."""
    return bool(
        con.execute(
            "SELECT 1 FROM duckdb_tables() WHERE table_name = $n UNION ALL SELECT 1 FROM duckdb_views() WHERE view_name = $n",
            {"n": name},
        ).fetchall()
    )


def sql_error(error: Exception, what: str, path: Path, sql: str) -> QueryError:
    """A DuckDB error as a QueryError that points into the file."""
    message = str(error).split("\n\nLINE ")[0].strip().splitlines()
    return QueryError(
        f"{what}: {message[0] if message else type(error).__name__}",
        location=Location(path, _line(str(error), sql)),
        hint=" ".join(message[1:]).strip() or None,
    )


def _line(error: str, sql: str) -> int | None:
    """The file's line that an error is about.

    DuckDB counts lines sometimes with and sometimes without a leading comment, or names none: what it quotes is looked
    for behind the header.
    """
    lines = sql.splitlines()
    behind = sql[: sql.find("*/") + 2].count("\n")
    shown = re.search(r"LINE \d+:(.*)", error)
    quoted = re.search(r'"([^"]+)"', error)
    for text in (shown and shown.group(1).strip(" ."), quoted and quoted.group(1)):
        if text:
            found = next((number for number, line in enumerate(lines, 1) if number > behind and text in line), None)
            if found is not None:
                return found
    return None


def in_order(names: Iterable[str], loaded: dict[str, View]) -> list[str]:
    """The named views and all that they use, each after those it uses.

    Raises:
        QueryError: views use each other in a circle.
    """
    graph: dict[str, tuple[str, ...]] = {}
    todo = [name for name in names if name in loaded]
    while todo:
        name = todo.pop()
        if name not in graph:
            graph[name] = loaded[name].uses
            todo.extend(loaded[name].uses)
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        cycle = list(error.args[1])
        raise QueryError(
            f"views use each other in a circle: {' → '.join(cycle)}", location=Location(loaded[cycle[0]].path, 1)
        ) from error


def _make(con: duckdb.DuckDBPyConnection, view: View) -> None:
    try:
        con.execute(f"DROP {'TABLE' if _is_table(con, view.name) else 'VIEW'} IF EXISTS temp.main.{view.name}")
        if view.step is not None:
            if view.step not in STEPS:
                raise QueryError(
                    f"step '{view.step}' does not exist",
                    location=Location(view.path, 1),
                    hint=f"one of {', '.join(STEPS)}",
                )
            result = STEPS[view.step](con.sql(view.sql).to_arrow_table())
            con.register("step_result", result)
            con.execute(f"CREATE TEMP TABLE {view.name} AS SELECT * FROM step_result")
            con.unregister("step_result")
        else:
            what = "TABLE" if view.materialise else "VIEW"
            with _joins_as_written(con) if view.as_written else nullcontext():
                if not (view.large and write(con, view.name, view.sql)):
                    con.execute(f"CREATE TEMP {what} {view.name} AS {view.sql}")
    except duckdb.Error as error:
        raise sql_error(error, f"view '{view.name}'", view.path, view.sql) from error


@contextmanager
def _joins_as_written(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Without the optimizer's own order of joins.

    DuckDB 2.0.0 takes a scan of some of the archive's files for one row where the first file is not among them, and then
    holds the archive in memory to look up a small table in it instead of the reverse.
    """
    off = _disabled(con)
    con.execute(f"SET disabled_optimizers = '{','.join(sorted({*off, 'join_order', 'build_side_probe_side'}))}'")
    try:
        yield
    finally:
        con.execute(f"SET disabled_optimizers = '{','.join(sorted(off))}'")


def _disabled(con: duckdb.DuckDBPyConnection) -> set[str]:
    ((off,),) = con.execute("SELECT current_setting('disabled_optimizers')").fetchall()
    return {name for name in str(off or "").split(",") if name}


def _is_table(con: duckdb.DuckDBPyConnection, name: str) -> bool:
    return bool(con.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = ? AND temporary", [name]).fetchall())
