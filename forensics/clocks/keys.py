"""Which clock stamped an event: the machine that observed it, else the system that wrote it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

import duckdb

CLOCK_SQL: Final = (
    "CASE WHEN host IS NULL OR host = '' OR kind = 'cache' "
    "THEN coalesce(system, source) || CASE WHEN system = 'scanner' THEN coalesce(getvariable('clock_sources')[source], '') ELSE '' END "
    "ELSE coalesce(system, '?') || '@' || host || coalesce(getvariable('clock_sources')[source], '') END"
)
"""SQL expression over the event columns: `system@host`, `system` where no host is known, `source` as a last resort.

For a cache event `host` is the client, not the machine whose clock stamped the line. `name_clocks` says which sources
of one `system@host`, or which logs of handhelds, come from several machines.
"""

SAME_TIME: Final = timedelta(minutes=1)
"""Logs that overlap by no more are one log, rotated."""
_DATE: Final = re.compile(r"\d{4}([-_.]?)\d{2}\1\d{2}([-_.T]?\d{2,6})?")
_ROTATED: Final = re.compile(r"\.\d{1,4}(?=\.|$)|\.(gz|bz2|xz|zst)$")
Part = tuple[str, ...]


def clock_key(system: str | None, host: str | None, source: str | None = None, kind: str | None = None) -> str:
    """The same key as `CLOCK_SQL`, for one event of a system with one machine of that name."""
    if not host or kind == "cache":
        return system or source or "?"
    return f"{system or '?'}@{host}"


def name_clocks(con: duckdb.DuckDBPyConnection) -> None:
    """Tell apart the clocks of machines that go by one name: sets the variable `clock_sources` that `CLOCK_SQL` reads.

    A log does not say which of two gateways wrote it, and its format can only say that one did. Logs of one name in two
    folders, or whose names differ by a number, are those of two machines if they tell of the same time; a log that was
    rotated does not. Without a relation `evidence` nothing is told apart.
    """
    try:
        rows = con.sql(
            "SELECT source, parser, path, first_ts, last_ts FROM evidence WHERE first_ts IS NOT NULL ORDER BY path, source"
        ).fetchall()
    except (duckdb.CatalogException, duckdb.BinderException):  # no such relation, or one with fewer columns
        rows = []
    names = machines(rows)
    con.execute(
        "SET VARIABLE clock_sources = (SELECT map_from_entries(list((s, n))) FROM (SELECT unnest($s) AS s, unnest($n) AS n))",
        {"s": list(names), "n": [f"/{name}" for name in names.values()]},
    )


def machines(rows: Iterable[tuple[str, str | None, str, datetime, datetime]]) -> dict[str, str]:
    """By source, what its machine may be called, where several machines write logs of one name.

    Args:
        rows: source, parser, path, first and last time of its events.
    """
    families: dict[tuple[str | None, str], dict[Part, list[tuple[str, datetime, datetime]]]] = defaultdict(dict)
    for source, parser, path, first, last in rows:
        *folders, name = _DATE.sub("", path.replace("\\", "/")).split("/")
        while (shorter := _ROTATED.sub("", name)) != name:
            name = shorter
        machine = (*folders, name)
        families[parser, re.sub(r"\d+", "", name)].setdefault(machine, []).append((source, first, last))
    found: dict[str, str] = {}
    for family in families.values():
        spans = sorted((min(one[1] for one in logs), max(one[2] for one in logs)) for logs in family.values())
        if any(later[0] + SAME_TIME < sooner[1] for sooner, later in pairwise(spans)):
            labels = _differing(list(family))
            found |= {source: labels[machine] for machine, logs in family.items() for source, _, _ in logs}
    return found


def _differing(paths: list[Part]) -> dict[Part, str]:
    """Of each path the parts that are not common to all, at the beginning or at the end."""
    shortest = min(map(len, paths))
    start = next((n for n in range(shortest) if len({path[n] for path in paths}) > 1), shortest - 1)
    end = next((n for n in range(shortest - start) if len({path[-1 - n] for path in paths}) > 1), shortest - start - 1)
    return {path: "/".join(part for part in path[start : len(path) - end] if part) or "/".join(path) for path in paths}
