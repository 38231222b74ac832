"""A format compiled for one source: records in, events and rejects out.

Work is done per group of records that matched one pattern, and per event rule over the whole group, column by column.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Protocol
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import polars as pl

from forensics.formats import barcodes, entities, jsontext
from forensics.formats.aliases import normalise
from forensics.formats.attempts import expand, several
from forensics.formats.columns import constant
from forensics.formats.context import REJECTED, Parsed, SourceContext
from forensics.formats.dayorder import Dates
from forensics.formats.extra import json_objects
from forensics.formats.framing import frame_lines
from forensics.formats.regex import ascii_classes
from forensics.formats.spec import ITEM, RECORD, Condition, EventRule, FieldRule, FormatSpec, Record, Source
from forensics.formats.split import Rows, Splitter, splitter
from forensics.formats.survey import Survey
from forensics.formats.times import INFERRED, Clock, Times
from forensics.formats.values import Evaluator, Fields, Value
from forensics.model.event import TYPES
from forensics.store.schema import POLARS, REJECTS

__all__ = ["Parsed", "Plan", "SourceContext", "compile_plan"]


class Reader(Protocol):
    """What forensics/readers/base.py asks of a reader."""

    def parse(self, records: pl.DataFrame) -> Parsed:
        """Every record becomes events or a reject."""
        ...


class Plan(Protocol):
    """What the ingest calls for every chunk of one source, in file order."""

    context: SourceContext

    @property
    def reasons(self) -> list[str]:
        """What was decided about the source, for people."""
        ...

    @property
    def undecided(self) -> bool:
        """Whether the source's head leaves something open that `survey` over the whole source would tell."""
        ...

    def survey(self, records: pl.DataFrame) -> None:
        """Look at records before any is parsed: all of the source's, in file order, chunk by chunk."""
        ...

    def parse(self, records: pl.DataFrame) -> Parsed:
        """Parse records (`line`, `lines`, `byte_offset`, `raw`); each ends in the events or in the rejects."""
        ...


def compile_plan(spec: FormatSpec, context: SourceContext) -> Plan:
    """Compile a format for one source.

    Raises:
        FormatError: its reader refuses the source.
    """
    context = replace(context, zone=spec.zone or context.zone)
    if spec.profile is not None:
        from forensics.formats.profile import expanded  # builds on the tables, which build on this package

        spec = expanded(spec, context)
    if spec.record.reader is not None:
        from forensics.readers import READERS  # readers build on this package

        return _ReaderPlan(READERS[spec.record.reader](context), spec, context)
    split = splitter(spec, context.header, context.separator, context.sample)
    clock = Clock(context.zone, day=_day(context))
    survey = Survey(context.zone, clock.day, _named_day(context.name) is not None, context.mtime)
    plan = _FormatPlan(spec, split, Evaluator(spec.maps, clock, survey), spec.system or context.system, context)
    if context.sample:
        plan.look_at_sample(context.sample)
    return plan


def _named_day(name: str) -> date | None:
    """The date that a source's name carries; of several the last."""
    for year, month, day in reversed(
        re.findall(r"(?<!\d)(20\d\d)[-_.年]?(0[1-9]|1[0-2])[-_.月]?([0-2]\d|3[01])(?!\d)", name)
    ):
        try:
            return date(int(year), int(month), int(day))
        except ValueError:
            continue
    return None


def _day(context: SourceContext) -> date | None:
    """The date that a source's name carries, else that of its last change."""
    if (named := _named_day(context.name)) is not None:
        return named
    return context.mtime.astimezone(ZoneInfo(context.zone)).date() if context.mtime else None


def _log_times(spec: FormatSpec) -> tuple[Source, ...]:
    """Where the time of a record stands that no rule applies to: where the rules have it."""
    sources = [
        source
        for rule in spec.events
        for field in rule.fields
        if field.column == "ts"
        for source in field.sources
        if source.item is None and not source.end
    ]
    return tuple(dict.fromkeys(sources))


def _time_sources(spec: FormatSpec) -> tuple[Source, ...]:
    """Every source that is read as a time."""
    return tuple(
        dict.fromkeys(
            source
            for rule in spec.events
            for field in rule.fields
            for source in field.sources
            if (source.time or field.column == "ts") and source.item is None
        )
    )


def _as_records(lines: Sequence[str], record: Record) -> pl.DataFrame:
    """Lines of a source's head, framed."""
    raw = pl.Series("raw", list(lines), dtype=pl.String)
    frame = raw.to_frame().with_columns(frame_lines(raw, record).cum_sum().alias("line"))
    joined = frame.group_by("line", maintain_order=True).agg(pl.col("raw").str.join("\n"))
    return joined.filter(pl.col("raw").str.contains(r"\S")).select(
        pl.col("line").cast(pl.Int64),
        pl.lit(1, pl.Int64).alias("lines"),
        pl.lit(0, pl.Int64).alias("byte_offset"),
        "raw",
    )


def _named_as_declared(spec: FormatSpec, rows: Rows) -> Rows:
    """Columns under the spelling that the format uses: `RECEIVE_TIME` as `receive_time`."""
    if spec.file is None or not (spec.detect.columns or spec.record.frame == "table"):
        return rows
    asked = _fields_of(spec) - set(rows.fields.columns)
    by_form = {normalise(name): name for name in asked}
    renames = {column: by_form.pop(normalise(column)) for column in rows.fields.columns if normalise(column) in by_form}
    return replace(rows, fields=rows.fields.rename(renames)) if renames else rows


def _fields_of(spec: FormatSpec) -> set[str]:
    """Every field that the format reads by name."""
    names: set[str] = set()
    for rule in spec.events:
        names.update(condition.field for condition in rule.when)
        names.update(rule.entities, rule.statements, rule.extra or (), rule.each.fields if rule.each else ())
        for source in _sources(rule):
            names.update(source.fields, [source.minus] if source.minus else [])
    return names - {ITEM}


def _sources(rule: EventRule) -> Iterator[Source]:
    for one in rule.fields:
        for source in one.sources:
            yield source
            yield from source.sign


@dataclass
class _ReaderPlan:
    """A Python reader behind the same face; the system is filled in where the reader left it open."""

    reader: Reader
    spec: FormatSpec
    context: SourceContext

    reasons: list[str] = field(default_factory=list)
    undecided: bool = False

    def survey(self, records: pl.DataFrame) -> None:
        """A reader looks for itself."""

    def parse(self, records: pl.DataFrame) -> Parsed:
        """The reader's events and rejects."""
        parsed = self.reader.parse(records)
        return Parsed(_with_system(parsed.events, self.spec.system or self.context.system), parsed.rejects)


def _with_system(events: pl.DataFrame, system: str | None) -> pl.DataFrame:
    if system is None or events.is_empty():
        return events
    if "system" not in events.columns:
        return events.with_columns(system=pl.lit(system))
    return events.with_columns(pl.col("system").fill_null(system))


@dataclass
class _FormatPlan:
    """The plan of a declared or synthesised format. Parsing changes no state: `parse` may run in several threads."""

    spec: FormatSpec
    splitter: Splitter
    evaluator: Evaluator
    system: str | None
    context: SourceContext
    surveyed: bool = False

    def __post_init__(self) -> None:
        self._log_times = _log_times(self.spec)
        self._time_sources = _time_sources(self.spec)

    @property
    def reasons(self) -> list[str]:
        """What a profile's columns were taken for, and how dates are read."""
        return [*(self.spec.reasons if self.spec.profile is not None else ()), *self.evaluator.survey.reasons()]

    @property
    def undecided(self) -> bool:
        """Whether times have no date, or day and month may be the other way round."""
        survey = self.evaluator.survey
        return survey.undated or not all(survey.order(source).sure for source in survey.dates)

    def look_at_sample(self, sample: Sequence[str]) -> None:
        """Learn from the first records; what they leave open is asked again of the whole source."""
        self._look(_as_records(sample, self.spec.record))
        self.evaluator.survey.forget_lines()

    def survey(self, records: pl.DataFrame) -> None:
        """See `Plan.survey`."""
        self.surveyed = True
        self._look(records)

    def _look(self, records: pl.DataFrame) -> None:
        """Show the survey the times of records."""
        survey = self.evaluator.survey
        groups, _ = self.splitter.split(records)
        seen: list[tuple[pl.Series, Times]] = []
        for rows in (_named_as_declared(self.spec, split) for split in groups):
            fields = Fields(rows.fields, lines=rows.records["line"])
            sources = [s for s in self._time_sources if s.fields and s.fields[0] in fields.columns.columns]
            fields.prepare(sources)
            for source in sources:
                survey.dates.setdefault(source, Dates(set())).add(self.evaluator.text(source, fields))
            own = [source for source in sources if source in self._log_times]
            found = [self.evaluator.times(source, fields) for source in own]
            if found:
                seen.append((rows.records["line"], functools.reduce(Times.or_else, found)))
        if seen:
            lines = pl.concat([lines for lines, _ in seen])
            order = lines.arg_sort()
            columns = ([getattr(t, name) for _, t in seen] for name in ("ts", "precision", "doubt"))
            survey.look(lines.gather(order), Times(*(pl.concat(parts).gather(order) for parts in columns)))

    def parse(self, records: pl.DataFrame) -> Parsed:
        """Split, then apply every rule to every group."""
        if self.undecided and not self.surveyed:  # no whole source to look at: these records are all there is
            self.survey(records)
        groups, rejects = self.splitter.split(records)
        frames: list[pl.DataFrame] = []
        for rows in groups:
            frames.extend(self._events(_named_as_declared(self.spec, rows)))
        events = pl.concat(frames, how="diagonal") if frames else pl.DataFrame(schema=_EMPTY)
        events = _with_system(events, self.system)
        if rejects is None:
            return Parsed(events, pl.DataFrame(schema={name: REJECTS[name] for name in REJECTED}))
        return Parsed(events, rejects.select(pl.col(name).cast(REJECTS[name]) for name in REJECTED))

    def _events(self, rows: Rows) -> list[pl.DataFrame]:
        """The events of records that split the same way; a record that no rule takes is a `log` event."""
        rules = [rule for rule in self.spec.events if not rule.patterns or rows.pattern in rule.patterns]
        fields = Fields(rows.fields, lines=rows.records["line"])
        fields.prepare([source for rule in rules for source in _sources(rule) if source.item is None])
        parts = np.zeros(len(rows.records), dtype=np.int64)
        frames: list[pl.DataFrame] = []
        for rule in rules:
            if rule.each is None and not rule.when:
                chosen, own = None, fields
            else:
                mask = self._mask(rule.when, fields)
                chosen = mask.arg_true()
                if chosen.is_empty():
                    continue
                own = fields.take(chosen)
            if rule.each is not None and chosen is not None:
                at, items = _exploded(own, rule.each)
                if at.is_empty():
                    continue
                origin = chosen.gather(at)
                own = own.take(at, items)
                own.prepare([source for source in _sources(rule) if source.item is not None])
                at_record = origin.to_numpy()
                number = parts[at_record] + _running(at_record)
                np.add.at(parts, at_record, 1)
                frames.append(self._apply(rule, own, rows.records[origin], pl.Series("part", number)))
                continue
            number = parts.copy() if chosen is None else parts[chosen.to_numpy()]
            if chosen is None:
                parts += 1
            else:
                parts[chosen.to_numpy()] += 1
            records = rows.records if chosen is None else rows.records[chosen]
            frames.append(self._apply(rule, own, records, pl.Series("part", number)))
            if rule.attempts is not None and len(at := several(own, rule.attempts)):
                found = self._attempts(rule, own.take(at), records[at], pl.Series("part", number[at.to_numpy()]))
                frames.append(found)
                at_record = (at if chosen is None else chosen.gather(at)).to_numpy()
                parts[at_record] += found.group_by("byte_offset", maintain_order=True).len()["len"].to_numpy()
        left = np.flatnonzero(parts == 0)
        if len(left):
            index = pl.Series(left)
            frames.append(self._log(fields.take(index), rows.records[index]))
        return frames

    def _attempts(self, rule: EventRule, fields: Fields, records: pl.DataFrame, part: pl.Series) -> pl.DataFrame:
        """The attempts of calls that asked several servers, beside the calls themselves."""
        assert rule.attempts is not None
        shared = replace(rule, fields=tuple(f for f in rule.fields if not f.column.startswith("upstream")))
        calls = self._apply(shared, fields, records, part)
        return expand(calls, fields, rule.attempts, self.spec.maps.get("shared:http"))

    def _mask(self, when: tuple[Condition, ...], fields: Fields) -> pl.Series:
        """Rows for which all conditions hold; each is asked only where those before it hold, and once for all rules that begin alike."""
        mask = constant(True, len(fields), pl.Boolean)
        for depth, condition in enumerate(when, 1):
            known = fields.masks.get(when[:depth])
            if known is None:
                rows = mask.arg_true()
                if 2 * len(rows) > len(mask):
                    known = mask & _holds(condition, fields.get(condition.field))
                else:
                    held = _holds(condition, fields.get(condition.field).gather(rows))
                    known = constant(False, len(fields), pl.Boolean).scatter(rows.filter(held), True)
                fields.masks[when[:depth]] = known
            mask = known
        return mask

    def _apply(self, rule: EventRule, fields: Fields, records: pl.DataFrame, part: pl.Series) -> pl.DataFrame:
        """One rule over all its records."""
        values = {field.column: self.evaluator.value(field, fields) for field in rule.fields}
        columns: dict[str, pl.Series] = {name: value.data for name, value in values.items() if name in TYPES}
        extras = [(name, value.data) for name, value in values.items() if name not in TYPES]
        constants = {name: text for name, text in rule.constants.items() if name not in columns}
        self._time_columns(rule, values, columns)
        for name in rule.statements:
            from forensics.readers.statement import entities as named_by  # readers build on this package

            named = named_by(values[name].data if name in values else fields.get(name))
            for column in named.columns:
                if column not in TYPES:
                    extras.append((column, named[column]))
                elif column not in constants:
                    before = columns.get(column)
                    columns[column] = (
                        named[column] if before is None else before.zip_with(before.is_not_null(), named[column])
                    )
        closed = {*constants, *(field.column for field in rule.fields if not field.open)}
        wanted = [column for column in entities.COLUMNS if column not in closed]
        for name in rule.entities if wanted else ():
            text = fields.item if name == ITEM else _text(name, fields, records)
            for column, found in entities.find(text, self.spec.aliases, wanted).items() if text is not None else ():
                before = columns.get(column)
                columns[column] = found if before is None else before.zip_with(before.is_not_null(), found)
        for name in rule.codes:
            self._codes(values[name].data if name in values else fields.get(name), columns, extras)
        if (
            "uom" not in columns
            and (unit := next((v.unit for v in values.values() if v.unit is not None), None)) is not None
        ):
            columns["uom"] = unit
        used = {name for source in _sources(rule) for name in source.fields}
        names = [name for name in fields.columns.columns if name not in used] if rule.extra is None else rule.extra
        extras += [(name, fields.get(name)) for name in names if name not in dict(extras)]
        extras += [(name, constant(text, len(part))) for name, text in constants.items() if name not in TYPES]
        fixed = [
            pl.lit(text).cast(POLARS[TYPES[name]]).alias(name) for name, text in constants.items() if name in TYPES
        ]
        frame = records.select("line", "byte_offset", "raw").with_columns(
            part, pl.lit(rule.kind).alias("kind"), *(data.alias(name) for name, data in columns.items()), *fixed
        )
        extra = json_objects(extras, len(part))
        return frame if extra.null_count() == len(extra) else frame.with_columns(extra.alias("extra"))

    def _codes(self, codes: pl.Series, columns: dict[str, pl.Series], extras: list[tuple[str, pl.Series]]) -> None:
        """What scanned codes say, where nothing else has said it."""
        for name, found in barcodes.read(codes, self.spec.labels).items():
            if name not in TYPES:
                extras[:] = [*((n, data) for n, data in extras if n != name), (name, found)]
                continue
            before = columns.get(name)
            typed = found.cast(POLARS[TYPES[name]], strict=False)
            columns[name] = typed if before is None else before.zip_with(before.is_not_null(), typed)

    def _time_columns(self, rule: EventRule, values: Mapping[str, Value], columns: dict[str, pl.Series]) -> None:
        """`ts` from an end, `duration_ms` from start and end, precision and quality."""
        ts = values.get("ts")
        if ts is None:
            return
        start, unknown = ts.data, None
        if any(source.end for field in rule.fields if field.column == "ts" for source in field.sources):
            took = columns.get("duration_ms", pl.Series([None], dtype=pl.Float64).new_from_index(0, len(start)))
            start = start - (took.fill_null(0.0) * 1000).round().cast(pl.Int64, strict=False).fill_null(0).cast(pl.Duration("us"))
            unknown = took.is_null()
        columns["ts"] = start
        finish = values.get("finished_at")
        if finish is not None:
            end = finish.data.str.strptime(
                pl.Datetime("us"), "%Y-%m-%dT%H:%M:%S%.fZ", strict=False
            ).dt.replace_time_zone("UTC")
            took = (end - start).dt.total_microseconds() / 1000
            if finish.doubt is not None and finish.doubt.eq(INFERRED).any():  # over midnight, both without a date
                took = took.zip_with((took >= 0) | (took < -_DAY_MS), took + _DAY_MS)
            took = took.set(took < 0, None)
            known = columns.get("duration_ms")
            columns["duration_ms"] = took if known is None else known.zip_with(known.is_not_null(), took)
        if ts.precision is not None:
            columns["ts_precision"] = ts.precision
        quality = _quality(start, ts.doubt)
        columns["ts_quality"] = quality if unknown is None else quality.set(unknown & start.is_not_null(), INFERRED)

    def _log(self, fields: Fields, records: pl.DataFrame) -> pl.DataFrame:
        """A record that says nothing we know: kept whole, with its time if it has one."""
        sources = tuple(s for s in self._log_times if s.fields and s.fields[0] in fields.columns.columns)
        part = pl.Series("part", np.zeros(len(records), dtype=np.int64))
        rules = (FieldRule("ts", sources),) if sources else ()
        if sources:
            fields.prepare(sources)
        return self._apply(EventRule("log", fields=rules), fields, records, part)


_DAY_MS = 86_400_000.0
_EMPTY = {"line": pl.Int64(), "byte_offset": pl.Int64(), "raw": pl.String(), "part": pl.Int64(), "kind": pl.String()}


def _text(name: str, fields: Fields, records: pl.DataFrame) -> pl.Series:
    return records["raw"] if name == RECORD and RECORD not in fields.columns.columns else fields.get(name)


def _holds(condition: Condition, text: pl.Series) -> pl.Series:
    if condition.values is not None:
        return text.is_in(list(condition.values)).fill_null(False)
    if condition.matches is not None:
        return text.str.contains(ascii_classes(condition.matches)).fill_null(False)
    if condition.lacks is not None:
        return ~text.str.contains(ascii_classes(condition.lacks)).fill_null(False)
    return text.is_not_null() == bool(condition.present)


def _quality(ts: pl.Series, doubt: pl.Series | None) -> pl.Series:
    quality = constant("recorded", len(ts)) if doubt is None else doubt.fill_null("recorded")
    return quality.set(ts.is_null(), "none") if ts.null_count() else quality


def _exploded(fields: Fields, each: Source) -> tuple[pl.Series, pl.Series]:
    """Position of the record and text of the element, for every element."""
    lists = jsontext.elements(fields.get(each.fields[0]), each.path or "")
    frame = pl.DataFrame({"item": lists}).with_row_index("at").explode("item").drop_nulls("item")
    return frame["at"], frame["item"]


def _running(index: npt.NDArray[np.uint32]) -> npt.NDArray[np.int64]:
    """0, 1, 2 … within every run of equal numbers."""
    position = np.arange(len(index))
    starts = np.concatenate(([True], index[1:] != index[:-1]))
    return np.asarray(position - np.maximum.accumulate(np.where(starts, position, 0)), dtype=np.int64)
