"""Rows of a database dump ─▶ columns: `(1, N'x', NULL, CAST(…))` of an INSERT, and the lines of a COPY."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from forensics.formats.context import rejected
from forensics.formats.tabular import Split

_BACKSLASH: Final = r"'(?:[^'\\]|\\.|'')*'"
_DOUBLED: Final = r"'(?:[^']|'')*'"
_SEPARATED: Final = ", \t\r\n"
_ESCAPES: Final = (("n", "\n"), ("r", "\r"), ("t", "\t"), ("0", ""), ("Z", ""), ("b", "\b"), ("f", "\f"), ("v", "\v"))
_HELD: Final = "\ue000"  # stands for a backslash while the others are resolved


def literal(dialect: str | None) -> str:
    """The regex of a quoted text: MySQL escapes with backslashes, the others do not."""
    return _BACKSLASH if dialect == "mysql" else _DOUBLED


def row(dialect: str | None) -> str:
    """The regex of one row with what separates it from the one before."""
    text = literal(dialect)
    inner = rf"\((?:[^()']|{text}|\((?:[^()']|{text})*\))*\)"
    return rf"(?s)[{_SEPARATED}]*\((?:[^()']|{text}|{inner})*\)"


def _value(dialect: str | None) -> str:
    text = literal(dialect)
    inner = rf"\((?:[^()']|{text}|\((?:[^()']|{text})*\))*\)"
    return rf"(?s),(?:[^,'()]|{text}|{inner})*"


def width(text: str, dialect: str | None) -> int:
    """How many values a row has."""
    return len(pl.Series(["," + _bare(text)]).str.extract_all(_value(dialect))[0])


def _bare(text: str) -> str:
    return text.strip().removeprefix("(").removesuffix(")")


def split_rows(records: pl.DataFrame, header: Sequence[str], dialect: str | None) -> Split:
    """Split rows of INSERT statements; those with another number of values than the header are rejected."""
    text = "," + records["raw"].str.strip_chars().str.strip_prefix("(").str.strip_suffix(")")
    lists = text.str.extract_all(_value(dialect))
    good = lists.list.len() == len(header)
    frame = (lists if good.all() else lists.filter(good)).list.to_struct(fields=list(header)).struct.unnest()
    columns = pl.DataFrame([plain(frame[name].str.slice(1).str.strip_chars(), dialect) for name in header])
    return columns, records.filter(good), _refused(records, lists.list.len(), good, header)


def split_copy(records: pl.DataFrame, header: Sequence[str]) -> Split:
    r"""Split lines of a COPY: tabs between values, backslash escapes, `\N` for NULL."""
    lists = records["raw"].str.split("\t")
    good = lists.list.len() == len(header)
    frame = lists.filter(good).list.to_struct(fields=list(header)).struct.unnest()
    columns = frame.select(pl.when(pl.col(name) != r"\N").then(unescaped(pl.col(name))).alias(name) for name in header)
    return columns, records.filter(good), _refused(records, lists.list.len(), good, header)


def _refused(records: pl.DataFrame, count: pl.Series, good: pl.Series, header: Sequence[str]) -> pl.DataFrame | None:
    if good.all():
        return None
    reason = pl.select(pl.format("expected {} values, found {}", pl.lit(len(header)), count.filter(~good))).to_series()
    return rejected(records.filter(~good), reason)


def plain(values: pl.Series, dialect: str | None) -> pl.Series:
    """SQL literals as text: quotes and casts taken off, NULL as null, hexadecimal texts read.

    Nearly all are numbers, NULL or texts without anything to resolve; only the others meet all the regexes.
    """
    bare = pl.when(pl.col("x").str.starts_with("N'")).then(pl.col("x").str.slice(1)).otherwise(pl.col("x"))
    frame = values.to_frame("x").select("x", bare=bare)
    inner = pl.col("bare").str.strip_prefix("'").str.strip_suffix("'")
    quoted = pl.col("bare").str.starts_with("'") & pl.col("bare").str.ends_with("'") & ~inner.str.contains(r"['\\]")
    frame = frame.select(
        pl.when(quoted).then(inner).otherwise(pl.col("x")).alias("x"),
        nothing=pl.col("x").is_in(["NULL", "null", "DEFAULT"]),
        odd=~(quoted | pl.col("x").str.contains(r"^-?[0-9.]+$") | pl.col("x").is_in(["NULL", "null", "DEFAULT"])),
    )
    out = frame.select(pl.when(~pl.col("nothing")).then(pl.col("x")).alias(values.name)).to_series()
    odd = frame["odd"].fill_null(True).arg_true()
    if odd.is_empty():
        return out
    return out.scatter(odd, values.gather(odd).to_frame("x").select(_read(pl.col("x"), dialect)).to_series())


def _read(value: pl.Expr, dialect: str | None) -> pl.Expr:
    """Any literal."""
    cast = value.str.extract(r"(?is)^(?:TRY_)?CAST\s*\((.*?)\s+AS\s+[^']*\)$").str.strip_chars()
    bare = pl.coalesce(cast, value.str.replace(r"(?s)^(.*?)(?:::[\w\s\[\](),]+)+$", "$1"))
    quoted = bare.str.extract(r"(?s)^(?:_\w+\s*|[NnEe])?'(.*)'$")
    called = bare.str.extract(
        rf"(?is)^(?:TO_\w+|CONVERT|TIMESTAMP|DATETIME|DATE|STR_TO_DATE|UNISTR|UNHEX)\b[^']*({literal(dialect)})"
    )
    called = called.str.slice(1, called.str.len_chars() - 2)
    text = pl.coalesce(quoted, called).str.replace_all("''", "'", literal=True)
    escaped = bare.str.contains(r"^[Ee]'") if dialect != "mysql" else pl.lit(True)
    said = pl.when(text.str.contains(r"\\") & escaped).then(unescaped(text)).otherwise(text)
    nothing = bare.str.to_uppercase().is_in(["NULL", "DEFAULT"])
    return pl.when(nothing).then(None).when(text.is_not_null()).then(said).otherwise(_hexadecimal(bare))


def unescaped(text: pl.Expr) -> pl.Expr:
    """Backslash escapes resolved."""
    out = text.str.replace_all("\\\\", _HELD, literal=True)
    for letter, char in _ESCAPES:
        out = out.str.replace_all("\\" + letter, char, literal=True)
    out = out.str.replace_all("\\", "", literal=True).str.replace_all(_HELD, "\\", literal=True)
    return pl.when(text.str.contains("\\", literal=True)).then(out).otherwise(text)


def _hexadecimal(value: pl.Expr) -> pl.Expr:
    """`0x4142` and `x'4142'` as the text they spell; SQL Server's eight bytes of a date as that date; other bytes as written."""
    digits = value.str.extract(r"(?i)^(?:_binary\s*)?(?:0x|x')([0-9a-f]+)'?$")
    spelt = digits.str.decode("hex", strict=False).cast(pl.String, strict=False)
    days = digits.str.slice(0, 8).str.to_integer(base=16, strict=False)
    ticks = digits.str.slice(8, 8).str.to_integer(base=16, strict=False)
    day = pl.lit(0).cast(pl.Datetime("ms")) + pl.duration(days=days - 25567, milliseconds=ticks * 10 // 3)
    dated = (digits.str.len_chars() == 16) & days.is_between(25567, 73415) & (ticks < 25_920_000)
    return (
        pl.when(digits.is_null()).then(value)
        .when(dated).then(day.dt.strftime("%Y-%m-%d %H:%M:%S%.3f"))
        .when(spelt.str.contains(r"^[^\x00-\x1f\x7f]+$")).then(spelt).otherwise(value)
    )  # fmt: skip
