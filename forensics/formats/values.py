"""One field rule over a group of records ─▶ one typed column: the steps of docs/format-files.md, in their order."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

import polars as pl

from forensics.formats import jsontext, quantity, times
from forensics.formats.columns import cleaned, constant, percent_decoded
from forensics.formats.maps import WordMap
from forensics.formats.regex import ascii_classes
from forensics.formats.spec import Condition, FieldRule, Source
from forensics.formats.survey import Survey
from forensics.model.event import TYPES, Type
from forensics.store.schema import DECIMAL, POLARS, UTC_US

_WIDE = pl.Decimal(38, 9)
_FIRST_LINE = re.compile(r"\^\(\[\^\\n\](?:[*+]|\{1,([0-9]+)\})\)")


@dataclass(frozen=True)
class Value:
    """A typed column and what was learned on the way: a time's precision and doubt, or a quantity's unit."""

    data: pl.Series
    precision: pl.Series | None = None
    doubt: pl.Series | None = None
    unit: pl.Series | None = None


@dataclass
class Fields:
    """The text fields of a group of records (and, inside `each`, its element), with JSON paths read once for all rules.

    All texts are clean: no blanks around them, null where nothing is left. Only fields that somebody asks for are cleaned and gathered.

    Attributes:
        columns: one String column a field, as split.
        item: the elements of arrays, if the rows are elements.
        lines: each record's line in the source.
        masks: rows for which conditions hold, as found so far.
    """

    columns: pl.DataFrame
    item: pl.Series | None = None
    lines: pl.Series | None = None
    masks: dict[tuple[Condition, ...], pl.Series] = field(default_factory=dict)
    _of: Fields | None = None
    _rows: pl.Series | None = None  # positions in `_of`
    _texts: dict[str, pl.Series] = field(default_factory=dict)
    _paths: dict[tuple[str | None, str], pl.Series] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.columns) if self._rows is None else len(self._rows)

    def get(self, name: str) -> pl.Series:
        """A field; nulls if this group has no such field."""
        if name not in self._texts:
            if name not in self.columns.columns:
                return self.nothing()
            if self._of is not None and self._rows is not None:
                self._texts[name] = self._of.get(name).gather(self._rows)
            else:
                self._texts[name] = self.columns[name].to_frame().select(cleaned(pl.all())).to_series()
        return self._texts[name]

    def nothing(self) -> pl.Series:
        """A column of nulls."""
        return constant(None, len(self))

    def take(self, rows: pl.Series, item: pl.Series | None = None) -> Fields:
        """The rows at these positions, with what has been read for them; `item` if they are now elements of arrays."""
        lines = None if self.lines is None else self.lines.gather(rows)
        return Fields(self.columns, item, lines, _of=self, _rows=rows)

    def prepare(self, sources: Sequence[Source]) -> None:
        """Read all JSON paths that `sources` ask for, one pass per text column."""
        wanted: dict[str | None, dict[str, None]] = {}
        for source in sources:
            if source.item is not None:
                wanted.setdefault(None, {})[source.item] = None
            elif source.path is not None and source.fields:
                wanted.setdefault(source.fields[0], {})[source.path] = None
        for name, paths in wanted.items():
            text = self.item if name is None else self.get(name)
            if text is None:
                continue
            missing = [path for path in paths if not self.knows(name, path)]
            for path, values in zip(missing, jsontext.extract(text, missing), strict=True):
                self._paths[(name, path)] = values

    def knows(self, name: str | None, path: str) -> bool:
        """Whether `prepare` has read it, here or for the rows that these were taken from."""
        inherited = name is not None and self._of is not None and self._of.knows(name, path)
        return inherited or (name, path) in self._paths

    def path(self, name: str | None, path: str) -> pl.Series:
        """What `prepare` has read."""
        known = self._paths.get((name, path))
        if known is None and name is not None and self._of is not None and self._rows is not None:
            known = self._paths[(name, path)] = self._of.path(name, path).gather(self._rows)
        return self.nothing() if known is None else known


@dataclass(frozen=True)
class Evaluator:
    """Evaluates rules with the format's maps and the source's clock."""

    maps: Mapping[str, WordMap]
    clock: times.Clock
    survey: Survey

    def times(self, source: Source, fields: Fields) -> times.Times:
        """The source's texts as times, in the order of day and month that its dates have; times of day without their day."""
        text = self.text(source, fields)
        clock = replace(self.clock, order=self.survey.order(source))
        return times.parse(text, source.time or (times.AUTO,), clock)

    def value(self, rule: FieldRule, fields: Fields) -> Value:
        """The rule's column: of its sources the first that is not null, row by row."""
        type_ = TYPES.get(rule.column, Type.TEXT)
        out = self._typed(rule.sources[0], fields, type_)
        for source in rule.sources[1:]:
            if out.data.null_count() == 0:
                break
            other = self._typed(source, fields, type_)
            known = out.data.is_not_null()
            out = Value(
                out.data.zip_with(known, other.data),
                _either(out.precision, other.precision, known),
                _either(out.doubt, other.doubt, known),
                _either(out.unit, other.unit, known),
            )
        return out

    def text(self, source: Source, fields: Fields) -> pl.Series:
        """The source's text after the steps path … map, without number and time steps."""
        if source.const is not None:
            return constant(source.const, len(fields))
        if source.item is not None:
            text = fields.path(None, source.item)
        elif source.path is not None:
            text = fields.path(source.fields[0], source.path)
        elif len(source.fields) == 1:
            text = fields.get(source.fields[0])
        else:
            parts = pl.DataFrame([fields.get(name).alias(str(i)) for i, name in enumerate(source.fields)])
            # the first must be there: a date without a time is a day, a time without a date is nothing
            joined = pl.concat_str(pl.all(), separator=" ", ignore_nulls=True)
            text = parts.select(pl.when(pl.col("0").is_not_null()).then(joined)).to_series()
        if source.regex is not None:
            text = text.to_frame("x").select(cleaned(_taken(pl.col("x"), source.regex))).to_series()
        if source.percent:
            text = percent_decoded(text)
        if source.null:
            text = text.set(text.is_in(list(source.null)).fill_null(False), None)
        if source.map is not None:
            mapped = self.maps[source.map].apply(text)
            if source.otherwise is not None:
                mapped = mapped.set(mapped.is_null() & text.is_not_null(), source.otherwise)
            text = mapped
        if source.lower:
            text = text.str.to_lowercase()
        if source.prefix is not None:
            text = source.prefix + text
        return text

    def _typed(self, source: Source, fields: Fields, type_: Type) -> Value:
        if source.time or type_ is Type.TIME:
            read = self.times(source, fields)
            if fields.lines is not None:
                read = self.survey.place(read, fields.lines)
            data = read.ts if type_ is Type.TIME else iso(read.ts)
            return Value(data, read.precision, read.doubt)
        text = self.text(source, fields)
        unit = None
        if type_ is Type.QTY or source.scale is not None or source.add is not None or source.minus is not None:
            exact = quantity.parse(text, source.decimal)
            number, unit = exact.value, exact.unit
            if source.minus is not None:
                number = number - quantity.parse(fields.get(source.minus), source.decimal).value
            if source.scale is not None or source.add is not None:
                number = _linear(number, source.scale, source.add)
            for sign in source.sign:
                number = self._signed(number, sign, fields)
            if type_ is Type.QTY:
                return Value(number.cast(DECIMAL, strict=False), unit=unit)
            if type_ is Type.TEXT:
                return Value(plain_decimal(number))
            return Value(number.cast(POLARS[type_], strict=False))
        if type_ is Type.TEXT:
            return Value(text)
        if type_ is Type.REAL:
            return Value(_real(text))
        data = text.cast(POLARS[type_], strict=False)
        if data.null_count() > text.null_count():
            exact_ints = quantity.parse(text).value.cast(POLARS[type_], strict=False)
            data = data.zip_with(data.is_not_null(), exact_ints)
        return Value(data)

    def _signed(self, number: pl.Series, sign: Source, fields: Fields) -> pl.Series:
        """Give a positive number the sign that `sign` tells: a word (`+`, `-`), or a number of the same size."""
        text = self.text(sign, fields)
        if sign.minus is not None:
            told = quantity.parse(text).value - quantity.parse(fields.get(sign.minus)).value
            negative = (told < 0) & (told.abs() == number.abs())
        else:
            negative = text.str.starts_with("-")
        negative = (negative & (number > 0)).fill_null(False)
        return number.zip_with(~negative, -number) if negative.any() else number


def _taken(text: pl.Expr, regex: str) -> pl.Expr:
    """The regex's first group; the first line, cut at a length, without the engine's states for every length (ten times as fast)."""
    if (line := _FIRST_LINE.fullmatch(regex)) is None:
        return text.str.extract(ascii_classes(regex), 1)
    first = text.str.splitn("\n", 2).struct[0]
    return first.str.slice(0, int(line[1])) if line[1] else first


def _linear(number: pl.Series, scale: Decimal | None, add: Decimal | None) -> pl.Series:
    """The number times scale plus add, exactly."""
    expression = pl.col("x").cast(_WIDE)
    if scale is not None:
        expression = expression * pl.lit(scale, _WIDE)
    if add is not None:
        expression = expression + pl.lit(add, _WIDE)
    return number.to_frame("x").select(expression.cast(DECIMAL, strict=False)).to_series()


def _real(text: pl.Series) -> pl.Series:
    """Milliseconds: a number, or one with `us`, `ms`, `s`, `min` or their Chinese words behind it."""
    data = text.cast(pl.Float64, strict=False)
    if data.null_count() > text.null_count():
        groups = text.str.extract_groups(
            r"(?i)^([0-9][0-9,]*\.?[0-9]*)\s*(us|µs|微秒|ms|毫秒|s|sec|秒|min|分|分钟)?$"
        ).struct.unnest()
        factor = groups["2"].str.to_lowercase().replace_strict(
            {"us": 0.001, "µs": 0.001, "微秒": 0.001, "s": 1000.0, "sec": 1000.0, "秒": 1000.0, "min": 60000.0, "分": 60000.0, "分钟": 60000.0},
            default=1.0, return_dtype=pl.Float64,
        )  # fmt: skip
        number = groups["1"].str.replace_all(",", "", literal=True).cast(pl.Float64, strict=False)
        data = data.zip_with(data.is_not_null(), number * factor)
    return data.set(~data.is_finite(), None)


def plain_decimal(number: pl.Series) -> pl.Series:
    """Decimals as people write them: no trailing zeros."""
    return number.cast(pl.String).str.replace(r"\.?0+$", "") if number.dtype.is_decimal() else number.cast(pl.String)


def iso(ts: pl.Series) -> pl.Series:
    """UTC times as ISO 8601 with `Z`; microseconds where there are any."""
    whole = ts.dt.strftime("%Y-%m-%dT%H:%M:%S")
    micros = ts.dt.microsecond()
    return pl.select(
        pl.when(micros == 0).then(whole + pl.lit("Z")).otherwise(whole + pl.lit(".") + micros.cast(pl.String).str.zfill(6) + pl.lit("Z"))
    ).to_series().cast(pl.String) if ts.dtype == UTC_US else ts.cast(pl.String)  # fmt: skip


def _either(mine: pl.Series | None, other: pl.Series | None, known: pl.Series) -> pl.Series | None:
    if mine is None or other is None:
        return mine if other is None else other
    return mine.zip_with(known, other)
