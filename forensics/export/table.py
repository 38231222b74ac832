"""A frame as text: what `sql`, `coverage`, `export` and their kin print."""

from __future__ import annotations

import io
import shutil
from typing import Final, Literal, get_args

import polars as pl

from forensics.export.csv import defuse_expr
from forensics.model.errors import ConfigError
from forensics.report.safe import visible_expr

FrameFormat = Literal["table", "json", "ndjson", "csv", "markdown"]
FORMATS: Final = get_args(FrameFormat)
CELL_LIMIT: Final = 300
_NESTED: Final = (pl.List, pl.Array, pl.Struct)


def frame_to_text(df: pl.DataFrame, fmt: FrameFormat | str, *, width: int | None = None) -> str:
    """A frame in one of FORMATS, with a final newline.

    Times are ISO 8601 in UTC with `Z`, decimals plain text without trailing zeros (JSON strings, as in the contract). In CSV,
    cells that a spreadsheet would run are defused. In `table` and `markdown`, cells are cut at 300 characters and control
    characters are shown by name.

    Args:
        df: the rows.
        fmt: one of FORMATS.
        width: columns, for `table`; the terminal's if None, 160 where there is none.

    Raises:
        ConfigError: unknown format.
    """
    if fmt not in FORMATS:
        raise ConfigError(f"unknown output format {fmt!r}", hint=f"one of: {', '.join(FORMATS)}")
    if df.width == 0:
        return {"json": "[]\n"}.get(fmt, "")
    if fmt == "ndjson":
        return _plain(df).write_ndjson()
    if fmt == "json":
        lines = _plain(df).write_ndjson().rstrip("\n").split("\n") if df.height else []
        return "[" + ",".join("\n  " + line for line in lines) + ("\n" if lines else "") + "]\n"
    text = _strings(df)
    if fmt == "csv":
        return text.select(defuse_expr(pl.col(name)).alias(name) for name in text.columns).write_csv()
    text = text.select(visible_expr(pl.all(), CELL_LIMIT).fill_null(""))
    return _markdown(text) if fmt == "markdown" else _table(text, df, width)


def _plain(df: pl.DataFrame) -> pl.DataFrame:
    """JSON-ready columns: numbers, booleans, nested values and text."""
    out = []
    for name, dtype in df.schema.items():
        if dtype.is_float():
            out.append(pl.when(pl.col(name).is_finite()).then(pl.col(name)).alias(name))
        elif dtype.is_integer() or dtype in (pl.Boolean, pl.String, pl.Null) or isinstance(dtype, _NESTED):
            out.append(pl.col(name))
        else:
            out.append(_text(name, dtype))
    return df.select(out)


def _strings(df: pl.DataFrame) -> pl.DataFrame:
    return df.select(_text(name, dtype) for name, dtype in df.schema.items())


def _text(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if isinstance(dtype, pl.Datetime):
        aware = column.dt.convert_time_zone("UTC") if dtype.time_zone else column
        text = aware.dt.cast_time_unit("us").dt.strftime("%Y-%m-%dT%H:%M:%S%.6f").str.replace(r"\.000000$", "")
        return (text + pl.lit("Z" if dtype.time_zone else "")).alias(name)
    if isinstance(dtype, pl.Decimal):
        text = column.cast(pl.String)
        return (
            pl.when(text.str.contains(".", literal=True))
            .then(text.str.replace(r"\.?0+$", ""))
            .otherwise(text)
            .alias(name)
        )
    if isinstance(dtype, pl.Duration):
        return (column.dt.total_microseconds() / 1e6).cast(pl.String).alias(name)
    if isinstance(dtype, pl.Binary):
        return column.bin.encode("hex").alias(name)
    if isinstance(dtype, _NESTED):
        return _nested(name)
    if isinstance(dtype, pl.Boolean):
        return (
            pl.when(column.is_null())
            .then(None)
            .when(column)
            .then(pl.lit("true"))
            .otherwise(pl.lit("false"))
            .alias(name)
        )
    return column.cast(pl.String).alias(name)


def _nested(name: str) -> pl.Expr:
    """A list or struct as the JSON of a one-field object, without the object around it."""
    json = pl.struct(pl.col(name).alias("v")).struct.json_encode()
    inner = json.str.strip_prefix('{"v":').str.slice(0, json.str.strip_prefix('{"v":').str.len_chars() - 1)
    return pl.when(pl.col(name).is_null()).then(None).otherwise(inner).alias(name)


def _markdown(text: pl.DataFrame) -> str:
    from forensics.export.markdown import cell

    lines = ["| " + " | ".join(cell(name) for name in text.columns) + " |", "|" + "---|" * text.width]
    lines += ["| " + " | ".join(cell(value) for value in row) + " |" for row in text.iter_rows()]
    return "\n".join(lines) + "\n"


def _table(text: pl.DataFrame, df: pl.DataFrame, width: int | None) -> str:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, highlight=False)
    for name, dtype in df.schema.items():
        table.add_column(Text(name), justify="right" if dtype.is_numeric() else "left", overflow="fold")
    for row in text.iter_rows():
        table.add_row(*(Text(value.replace("\n", "⏎").replace("\t", " ")) for value in row))
    out = io.StringIO()
    console = Console(
        file=out, width=width or shutil.get_terminal_size((160, 24)).columns, color_system=None, legacy_windows=False
    )
    console.print(table)
    return "\n".join(line.rstrip() for line in out.getvalue().strip("\n").splitlines()).strip("\n") + "\n"
