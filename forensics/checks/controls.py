"""Preventive controls: one SQL file each in `queries/controls/`, a figure against a threshold, and the rows behind it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import duckdb

from forensics.checks.check import load_views, query_folders, views_named
from forensics.checks.header import Fields, header, read
from forensics.checks.prepare import ensure_views, sql_error
from forensics.model.errors import Location, QueryError
from forensics.model.result import Control

_KEYS: Final = ("id", "title", "threshold", "about")
ROWS: Final = 100
"""Rows of a control that a result carries; the figure counts all."""


@dataclass(frozen=True)
class ControlQuery:
    """A control as its file declares it. Its SQL has a column `figure`; the largest one is compared with `threshold`."""

    id: str
    title: dict[str, str]
    about: dict[str, str]
    threshold: float
    sql: str
    path: Path = field(compare=False)


def load_controls(extra_dirs: Iterable[Path | str] = ()) -> list[ControlQuery]:
    """All controls by id; a file in `extra_dirs` with the same id takes the shipped one's place.

    Raises:
        QueryError: a mistake in a file, with its line.
    """
    found: dict[str, ControlQuery] = {}
    for folder in query_folders(extra_dirs):
        for path in sorted((folder / "controls").glob("*.sql")):
            text = read(path)
            table = header(text, path)
            fields = Fields(table, text, path, _KEYS)
            threshold = table.get("threshold")
            if isinstance(threshold, bool) or not isinstance(threshold, int | float):
                raise fields.error("threshold", "'threshold' must be a number")
            one = ControlQuery(
                fields.text("id"), fields.bilingual("title"), fields.bilingual("about"), float(threshold), text, path
            )
            found[one.id] = one
    return sorted(found.values(), key=lambda one: one.id)


def run_controls(
    con: duckdb.DuckDBPyConnection,
    controls: Sequence[ControlQuery],
    subject: Mapping[str, str] | None = None,
    extra_dirs: Iterable[Path | str] = (),
) -> list[Control]:
    """The controls' figures on a prepared connection.

    Args:
        con: prepared by `engine.prepare`.
        controls: what to run.
        subject: only rows that name it, and no control without such a row.
        extra_dirs: folders whose views come before the shipped ones.

    Raises:
        QueryError: a control's SQL fails, or has no column `figure`.
    """
    views = load_views(extra_dirs)
    done = []
    for one in controls:
        ensure_views(con, views_named(one.sql, views), views)
        try:
            cursor = con.execute(one.sql)
            names = [column[0] for column in cursor.description or ()]
            rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        except duckdb.Error as error:
            raise sql_error(error, f"control '{one.id}'", one.path, one.sql) from error
        if "figure" not in names:
            raise QueryError(f"control '{one.id}' has no column 'figure'", location=Location(one.path, 1))
        if subject is not None:
            rows = [row for row in rows if any(row.get(key) == value for key, value in subject.items())]
            if not rows:
                continue
        figure = max((float(row["figure"]) for row in rows), default=0.0)
        done.append(Control(one.id, figure, one.threshold, figure <= one.threshold, tuple(map(_plain, rows[:ROWS]))))
    return done


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != "figure" and value is not None}
