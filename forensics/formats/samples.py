"""Run a format's samples: they are its tests and its documentation."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import duckdb
import numpy as np
import polars as pl

from forensics.formats.columns import texts_between
from forensics.formats.elements import Positions, layout
from forensics.formats.framing import frame_lines
from forensics.formats.plan import Parsed, SourceContext, compile_plan
from forensics.formats.sniff import cells, json_lines, tables
from forensics.formats.spec import FormatSpec, Sample
from forensics.formats.statements import dialect_of
from forensics.model.event import TYPES, Type
from forensics.model.result import decimal_text, iso
from forensics.store.schema import POLARS

_UNASKED = ("source", "line", "byte_offset", "part", "raw", "ts_precision", "ts_quality")
"""Columns that a sample may leave out although they have a value."""


@dataclass(frozen=True)
class SampleFailure:
    """One difference between what a sample says and what came out.

    Attributes:
        sample: number of the sample, from 1.
        line: line of the format file where the sample stands.
        differences: readable lines.
    """

    sample: int
    line: int | None
    differences: tuple[str, ...]

    def __str__(self) -> str:
        return f"sample {self.sample}: " + "; ".join(self.differences)


def run_samples(spec: FormatSpec) -> list[SampleFailure]:
    """Parse every sample and compare: every event with every column that is not null, and the number of rejects."""
    failures = []
    for number, sample in enumerate(spec.samples, 1):
        try:
            differences = _compare(sample, parse_sample(spec, sample), spec.system)
        except (pl.exceptions.PolarsError, duckdb.Error, ValueError, ArithmeticError, LookupError, TypeError) as error:
            differences = [f"fails: {str(error).splitlines()[0]}"]
        if differences:
            failures.append(SampleFailure(number, sample.line, tuple(differences)))
    return failures


def parse_sample(spec: FormatSpec, sample: Sample) -> Parsed:
    """Frame and parse the text of a sample (a line break before its first and after its last line is not part of it).

    A format of a table's rows reads them as CSV, as JSON objects, or out of a dump, whatever the text is.
    """
    text = sample.text.removeprefix("\n").removesuffix("\n")
    context = SourceContext(zone=sample.zone or spec.zone or "Asia/Shanghai", name=sample.name or "")
    if spec.record.frame == "table" and (dialect := dialect_of(text)) is not None:
        return _dumped(text, spec, dialect, context)
    lines = text.split("\n")
    array = layout(text) if spec.record.frame in ("table", "json") else None
    if array is not None:
        spec = replace(spec, record=replace(spec.record, frame="array"))
        return _parsed(_numbered(array.texts), spec, context)
    header, separator, first = sample.header, spec.record.separator, 0
    if spec.record.frame == "table" and header is None and not spec.record.columns:
        if json_lines(lines) is not None:
            spec = replace(spec, record=replace(spec.record, frame="json"))
            return _parsed(framed(lines, 0, spec), spec, context)
        found = next((table for table in tables(lines, [separator] if separator else (",", "\t", ";", "|"))), None)
        if found is not None and found.header_line is not None:
            header, separator, first = found.header, found.separator, found.header_line + 1
        else:
            separator = separator or ","
            header, first = tuple(cells(lines[0], separator)), 1
    return _parsed(framed(lines, first, spec), spec, replace(context, header=header, separator=separator))


def _parsed(records: pl.DataFrame, spec: FormatSpec, context: SourceContext) -> Parsed:
    return compile_plan(spec, replace(context, sample=records["raw"].to_list())).parse(records)


def _numbered(texts: Sequence[str]) -> pl.DataFrame:
    """Records on lines of their own."""
    rows = [[number, 1, number, text] for number, text in enumerate(texts, 1)]
    return pl.DataFrame(rows, schema=_RECORD, orient="row")


def _dumped(text: str, spec: FormatSpec, dialect: str, context: SourceContext) -> Parsed:
    """The rows of a dump's tables, all by one format."""
    from forensics.readers.dump import Framer  # readers build on this package

    framer = Framer(dialect)
    records, _ = framer.records(_Text(text.encode()), 0, 1, last=True)
    parts = []
    for (number,), rows in records.partition_by("layout", as_dict=True, maintain_order=True).items():
        table = framer.tables[number]
        columns = table.columns or next(known.columns for known in spec.tables if known.name == table.name)
        record = replace(spec.record, frame="copy" if table.copy else "rows", dialect=dialect)
        parts.append(_parsed(rows.drop("layout"), replace(spec, record=record), replace(context, header=columns)))
    return Parsed(
        pl.concat([part.events for part in parts], how="diagonal_relaxed"), pl.concat([part.rejects for part in parts])
    )


@dataclass(frozen=True)
class _Text:
    """A whole text as the lines that a dump is cut from."""

    text: bytes

    @property
    def bounds(self) -> Positions:
        """Where each line begins, and the end."""
        breaks = np.flatnonzero(np.frombuffer(self.text, np.uint8) == ord("\n")) + 1
        return np.unique(np.concatenate([[0], breaks, [len(self.text)]])).astype(np.int64)

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def series(self) -> pl.Series:
        """The lines, without their ends."""
        return texts_between(self.text, self.bounds).str.strip_chars_end("\r\n")

    def origin(self, at: Positions) -> Positions:
        """Where they stand in the text."""
        return at


_RECORD = {"line": pl.Int64, "lines": pl.Int64, "byte_offset": pl.Int64, "raw": pl.String}


def framed(lines: list[str], first: int, spec: FormatSpec) -> pl.DataFrame:
    """Records of lines, as the ingest makes them: blank ones left out, lines before the first start as one record."""
    rows: list[list[Any]] = []
    starts = frame_lines(pl.Series(lines[first:], dtype=pl.String), spec.record).to_list()
    for number, (line, begins) in enumerate(zip(lines[first:], starts, strict=True), first + 1):
        if begins or not rows:
            rows.append([number, 1, number, line])
        else:
            rows[-1][1] += 1
            rows[-1][3] += "\n" + line
    kept = [row for row in rows if row[3].strip()]
    return pl.DataFrame(kept, schema=_RECORD, orient="row")


def event_values(parsed: Parsed, system: str | None) -> list[dict[str, Any]]:
    """Events as a sample must state them: every column with a value that a sample may not leave out."""
    out = []
    for event in parsed.events.sort("line", "part").to_dicts():
        shown = {
            name: _plain(name, value) for name, value in event.items() if value is not None and name not in _UNASKED
        }
        if shown.get("system") == system:
            shown.pop("system", None)
        out.append(shown)
    return out


def _compare(sample: Sample, parsed: Parsed, system: str | None) -> list[str]:
    events = parsed.events.sort("line", "byte_offset", "part").to_dicts()
    out = []
    if len(events) != len(sample.events):
        out.append(f"{len(sample.events)} events expected, {len(events)} came out")
    for number, (event, wanted) in enumerate(zip(events, sample.events, strict=False), 1):
        found = {name: _plain(name, value) for name, value in event.items() if value is not None}
        expected = {name: _expected(name, value) for name, value in wanted.items()}
        if found.get("system") == system and "system" not in expected:
            found.pop("system", None)
        for name in sorted({*found, *expected}):
            if name in _UNASKED and name not in expected:
                continue
            if name == "extra":
                out += _extras(number, found.get(name, {}), expected.get(name, {}))
            elif found.get(name) != expected.get(name):
                out.append(_difference(number, name, found.get(name), expected.get(name)))
    for extra in events[len(sample.events) :]:
        shown = {
            name: _plain(name, value) for name, value in extra.items() if value is not None and name not in _UNASKED
        }
        out.append(f"not expected: {json.dumps(shown, ensure_ascii=False, default=str)}")
    if len(parsed.rejects) != sample.rejected:
        reasons = ", ".join(f"line {row['line']}: {row['reason']}" for row in parsed.rejects.to_dicts()) or "none"
        out.append(f"{sample.rejected} rejected records expected, {len(parsed.rejects)} came out ({reasons})")
    return out


def _extras(number: int, found: Mapping[str, Any], expected: Mapping[str, Any]) -> list[str]:
    names = sorted({*found, *expected})
    return [
        _difference(number, f"extra.{name}", found.get(name), expected.get(name))
        for name in names
        if found.get(name) != expected.get(name)
    ]


def _difference(number: int, name: str, found: Any, expected: Any) -> str:
    if expected is None:
        return f"event {number}: {name} = {found!r} is not in the sample"
    return f"event {number}: {name} is {'missing' if found is None else repr(found)}, expected {expected!r}"


def _plain(name: str, value: Any) -> Any:
    """A value as a sample writes it."""
    if name == "extra":
        return _without_null(json.loads(value))
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, Decimal) or TYPES[name] is Type.QTY:
        return decimal_text(Decimal(value))
    return value


def _without_null(value: Any) -> Any:
    """JSON without null members: TOML cannot write them."""
    if isinstance(value, dict):
        return {key: _without_null(item) for key, item in value.items() if item is not None}
    return [_without_null(item) for item in value] if isinstance(value, list) else value


def _expected(name: str, value: Any) -> Any:
    """A sample's value in the form of `_plain`: times in any zone, numbers with or without quotes."""
    type_ = TYPES[name]
    if name == "extra":
        return {
            key: (value if isinstance(value, str | dict | list) else str(value)) for key, value in dict(value).items()
        }
    if type_ is Type.TIME:
        ts = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        return iso(ts)
    if type_ is Type.QTY:
        try:
            return decimal_text(Decimal(str(value)))
        except InvalidOperation:
            return value
    if type_ is Type.REAL:
        return float(value)
    return pl.Series([value], dtype=POLARS[type_], strict=False)[0] if type_ is Type.INT else str(value)
