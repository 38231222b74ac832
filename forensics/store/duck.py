"""A DuckDB connection over a case: relations `events`, `evidence` and `rejects`, nothing else within reach."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import duckdb

from forensics.model.event import NAMES
from forensics.store.case import CaseFolder
from forensics.store.delta import Table
from forensics.store.large import LARGE, offer_files
from forensics.store.parquet import NO_MONTH

_MASTER: Final = "kind=master"


def connect(
    case: CaseFolder,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    threads: int | None = None,
    memory: str | None = None,
    large: int = LARGE,
) -> duckdb.DuckDBPyConnection:
    """An in-memory database whose views read the case's tables as they are now.

    The connection may read files of the case and no others, fetches no extension and opens no network connection.

    Args:
        case: the case folder.
        since: show only events from here on, those without a time, and master data, which holds at any time.
        until: show only events up to here, and the same.
        threads: DuckDB threads; default one per core.
        memory: its memory limit, for instance `4GB`.
        large: bytes of events from which on relations as long as they are kept in files (`store.large`).
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "preserve_insertion_order": "false",
    }
    if threads:
        config["threads"] = str(threads)
    if memory:
        config["memory_limit"] = memory
    con = duckdb.connect(":memory:", config=config)
    con.execute("SET TimeZone = 'UTC'")
    # DuckDB 2.0.0 rewrites count(*) OVER (PARTITION BY …) to a self-join whose second scan forgets the pruning by
    # partition folder: rows of other kinds are counted in (tests/setup/test_duckdb_answers.py).
    con.execute("SET disabled_optimizers = 'window_self_join'")
    # DuckDB 2.0.0 gathers a join's small batches on the way to what reads them and takes their dictionaries for one and
    # the same; where they are not, it breaks off with an internal error ("dict-surviving cache: … changed identity").
    con.execute("SET debug_enable_caching_operators = false")
    con.execute(f"SET temp_directory = {literal(str(case.path / '.duckdb'))}")
    con.execute(f"CREATE VIEW events AS {_within(case.events.files(), since, until)}")
    con.execute(f"CREATE VIEW rejects AS {_plain(case.rejects)}")
    newest = "QUALIFY row_number() OVER (PARTITION BY source ORDER BY ingested_at DESC, bytes DESC) = 1"
    con.execute(f"CREATE VIEW evidence AS SELECT * FROM ({_plain(case.evidence)}) {newest}")
    con.execute(
        f"SET allowed_directories = [{literal(str(case.path.resolve()) + os.sep)}, {literal(str(case.path) + os.sep)}]"
    )
    con.execute("SET enable_external_access = false")
    offer_files(con, case, large)
    return con


def failed_inside(error: BaseException) -> bool:
    """Whether DuckDB itself broke off a query that is sound: the same question may be answered on a new connection.

    DuckDB 2.0.0 hands dictionaries through its joins, and at times finds that one of them changed under way
    (`dict-surviving cache: … changed identity`, duckdb issue 24807 and its like; `connect` switches off what led to it).
    """
    return isinstance(error, duckdb.InternalException) or isinstance(error.__cause__, duckdb.InternalException)


def literal(text: str) -> str:
    """A SQL string literal; only ever used for paths of the case's own files."""
    return "'" + text.replace("'", "''") + "'"


def _list(files: Sequence[str]) -> str:
    return "[" + ", ".join(literal(file) for file in files) + "]"


def _events(files: Sequence[str]) -> str:
    columns = ", ".join(f'"{name}"' for name in (*NAMES, "month"))
    if not files:
        return f"SELECT {columns} FROM (SELECT * FROM ({_empty()}) WHERE false)"
    return (
        f"SELECT {columns} FROM read_parquet({_list(files)}, hive_partitioning = true, "
        "hive_types = {'kind': VARCHAR, 'month': VARCHAR})"
    )


def _within(files: Sequence[str], since: datetime | None, until: datetime | None) -> str:
    limits = _between(since, until)
    timeless = [file for file in files if _MASTER in Path(file).parts] if limits else []
    dated = _events([file for file in files if file not in set(timeless)]) + limits
    return f"{dated} UNION ALL {_events(timeless)}" if timeless else dated


def _between(since: datetime | None, until: datetime | None) -> str:
    """A condition on months, which are folders and so are not read at all, and on the time itself."""
    tests = []
    for moment, op in ((since, ">="), (until, "<=")):
        if moment is not None:
            utc = moment.astimezone(UTC)
            tests.append(f"(month {op} '{utc:%Y-%m}' OR month = '{NO_MONTH}')")
            tests.append(f"(ts {op} TIMESTAMPTZ '{utc.isoformat()}' OR ts IS NULL)")
    return " WHERE " + " AND ".join(tests) if tests else ""


def _empty() -> str:
    from forensics.model.event import COLUMNS, Type

    sql = {
        Type.TEXT: "VARCHAR",
        Type.INT: "BIGINT",
        Type.TIME: "TIMESTAMPTZ",
        Type.QTY: "DECIMAL(18,6)",
        Type.REAL: "DOUBLE",
    }
    typed = [f'NULL::{sql[column.type]} AS "{column.name}"' for column in COLUMNS]
    return "SELECT " + ", ".join([*typed, "NULL::VARCHAR AS month"])


def _plain(table: Table) -> str:
    columns = ", ".join(f'"{name}"' for name in table.schema)
    files = table.files()
    if files:
        return f"SELECT {columns} FROM read_parquet({_list(files)})"
    typed = {"String": "VARCHAR", "Int64": "BIGINT"}
    empty = ", ".join(
        f'NULL::{typed.get(str(dtype), "TIMESTAMPTZ")} AS "{name}"' for name, dtype in table.schema.items()
    )
    return f"SELECT {empty} WHERE false"


def case_files(case: CaseFolder) -> list[Path]:
    """All committed Parquet files of a case."""
    return [Path(file) for table in (case.events, case.rejects, case.evidence) for file in table.files()]
