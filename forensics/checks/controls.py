"""Preventive controls: one SQL file each in `queries/controls/`, a figure against a threshold, its course, and the rows behind it.

A control's SELECT yields what it looked at, worst first. Three columns carry the figure:

    us      when, in microseconds (null where nobody knows): the day of the trend
    figure  how much is wrong: 0 for what is in order, so that it counts as looked at and is not listed
    of      how many things were looked at

and `figure` of the header says how they are summed up: `sum`, `max`, or `share` (100 × sum of figure ÷ sum of of). The same rule gives
the figure of the archive and that of each day. Where nothing was looked at, the control cannot be judged: it never says 0 then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import duckdb
import polars as pl

from forensics.checks.check import Param, load_views, query_folders, read_needs, read_params, read_words, views_named
from forensics.checks.header import Fields, header, read
from forensics.checks.prepare import ensure_views, sql_error
from forensics.checks.select import absent, kinds, select, value
from forensics.model.errors import Location, QueryError
from forensics.model.result import Control

_KEYS: Final = ("id", "number", "title", "about", "unit", "figure", "needs", "want", "params", "words")
_COLUMNS: Final = ("us", "figure", "of")
ROWS: Final = 100
"""Rows of a control that a result carries; the figure counts all."""
FIGURES: Final[dict[str, pl.Expr]] = {
    "sum": pl.col("figure").sum(),
    "max": pl.col("figure").max(),
    "share": 100 * pl.col("figure").sum() / pl.col("of").sum(),
}


@dataclass(frozen=True)
class ControlQuery:
    """A control as its file declares it.

    Attributes:
        number: its place among the guide's twenty, if it is one of them.
        unit: what the figure counts.
        figure: how rows are summed up: a name of FIGURES.
        needs: event kinds without which it cannot be judged; `a|b` is either of two.
        want: in words, what is missing where it cannot be judged.
        words: values and columns of the list in the reader's language.
        params: `threshold` is the one that the figure is held against; a control without it is a work list.
    """

    id: str
    number: int | None
    title: dict[str, str]
    about: dict[str, str]
    unit: dict[str, str]
    figure: str
    needs: tuple[str, ...]
    want: dict[str, str]
    params: tuple[Param, ...]
    words: dict[str, dict[str, str]]
    sql: str
    path: Path = field(compare=False)


def load_controls(extra_dirs: Iterable[Path | str] = ()) -> list[ControlQuery]:
    """All controls in the guide's order, others after them; a file in `extra_dirs` with the same id takes the shipped one's place.

    Raises:
        QueryError: a mistake in a file, with its line.
    """
    found: dict[str, ControlQuery] = {}
    for folder in query_folders(extra_dirs):
        for path in sorted((folder / "controls").glob("*.sql")):
            one = read_control(path)
            found[one.id] = one
    return sorted(found.values(), key=lambda one: (one.number is None, one.number, one.id))


def read_control(path: Path) -> ControlQuery:
    """The control in one file.

    Raises:
        QueryError: a mistake in its header.
    """
    text = read(path)
    table = header(text, path)
    fields = Fields(table, text, path, _KEYS)
    number, figure, params = table.get("number"), fields.text("figure"), read_params(fields)
    if number is not None and (isinstance(number, bool) or not isinstance(number, int)):
        raise fields.error("number", "'number' must be a whole number")
    if figure not in FIGURES:
        raise fields.error("figure", f"'{figure}' is no way to sum up", f"one of {', '.join(FIGURES)}")
    if any(param.name == "threshold" and isinstance(param.default, str | bool) for param in params):
        raise fields.error("params.threshold", "'threshold' must be a number")
    return ControlQuery(
        id=fields.text("id"), number=number, title=fields.bilingual("title"), about=fields.bilingual("about"),
        unit=fields.bilingual("unit"), figure=figure, needs=read_needs(fields), want=fields.bilingual("want"),
        params=params, words=read_words(fields), sql=text, path=path,
    )  # fmt: skip


def run_controls(
    con: duckdb.DuckDBPyConnection,
    controls: Sequence[ControlQuery],
    subject: Mapping[str, str] | None = None,
    extra_dirs: Iterable[Path | str] = (),
    *,
    params: Mapping[str, Any] | None = None,
    zone: str = "UTC",
    seed: str = "",
) -> list[Control]:
    """The controls' figures on a prepared connection.

    Args:
        con: prepared by `engine.prepare`.
        controls: what to run.
        subject: only rows that name it, and no control without such a row.
        extra_dirs: folders whose views come before the shipped ones.
        params: values for parameters, by `name` for all controls or by `id.name` for one.
        zone: in which days begin and shifts are told.
        seed: what samples are drawn by, besides the week: the case's id.

    Raises:
        QueryError: a control's SQL fails, or lacks one of the columns `us`, `figure`, `of`.
    """
    # a zone's name and a hash are safe inside SQL text; macros take no parameters
    con.execute(
        f"CREATE OR REPLACE TEMP MACRO local_time(us) AS timezone('{ZoneInfo(zone).key}', make_timestamptz(us))"
    )
    digest = hashlib.sha256(seed.encode()).hexdigest()
    con.execute(f"CREATE OR REPLACE TEMP MACRO case_seed() AS '{digest}'")
    views, present, done = load_views(extra_dirs), kinds(con), []
    for one in controls:
        frame = None
        if not absent(one, present):
            ensure_views(con, views_named(one.sql, views), views)
            frame = _rows(con, one, params or {})
        control = _judged(one, frame, params or {}, subject, zone)
        if subject is None or control.total:
            done.append(control)
    return done


def _rows(con: duckdb.DuckDBPyConnection, one: ControlQuery, params: Mapping[str, Any]) -> pl.DataFrame:
    try:
        frame: pl.DataFrame = select(con, one, params).pl()
    except duckdb.Error as error:
        raise sql_error(error, f"control '{one.id}'", one.path, one.sql) from error
    for name in _COLUMNS:
        if name not in frame.columns:
            raise QueryError(f"control '{one.id}' has no column '{name}'", location=Location(one.path, 1))
    return frame.with_columns(pl.col("us").cast(pl.Int64), pl.col("figure", "of").cast(pl.Float64))


def _judged(
    one: ControlQuery,
    frame: pl.DataFrame | None,
    params: Mapping[str, Any],
    subject: Mapping[str, str] | None,
    zone: str,
) -> Control:
    """The control's result from its rows; `None` and rows that looked at nothing leave it unjudged."""
    limit = next((value(one, param, params) for param in one.params if param.name == "threshold"), None)
    threshold = None if limit is None else float(limit)
    control = Control(
        one.id, None, threshold, None, number=one.number, title=one.title, about=one.about, unit=one.unit, words=one.words
    )  # fmt: skip
    if frame is None or not frame["of"].sum():
        return replace(control, missing=one.want)
    listed = frame.filter(pl.col("figure") > 0)
    if subject is not None:
        frame = listed = listed.filter(
            pl.any_horizontal(pl.col(key) == wanted for key, wanted in subject.items() if key in listed.columns)
            if set(subject) & set(listed.columns)
            else pl.lit(False)
        )
    figure = float(frame.select(FIGURES[one.figure]).item() or 0)
    return replace(
        control,
        figure=figure,
        ok=None if threshold is None else figure <= threshold,
        rows=tuple(map(_plain, listed.head(ROWS).iter_rows(named=True))),
        of=float(frame["of"].sum()),
        total=listed.height,
        trend=_trend(frame, FIGURES[one.figure], zone),
    )


def _trend(frame: pl.DataFrame, figure: pl.Expr, zone: str) -> tuple[dict[str, Any], ...]:
    local = pl.from_epoch("us", time_unit="us").dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
    days = (
        frame.drop_nulls("us")
        .group_by(local.dt.date().cast(pl.String).alias("day"))
        .agg(figure.alias("figure"))
        .sort("day")
    )
    return tuple(days.drop_nulls().filter(pl.col("figure").is_finite()).iter_rows(named=True))


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the list: its time first, then what the control says of it; nulls are left out."""
    at = (
        {}
        if row["us"] is None
        else {"at": pl.from_epoch(pl.Series([row["us"]]), "us").dt.replace_time_zone("UTC").item()}
    )
    return at | {key: item for key, item in row.items() if key not in _COLUMNS and item is not None}
