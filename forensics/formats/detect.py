"""Which format a source has: every declared one is weighed on the source's head, then generic tables, then plain text."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from forensics.formats.aliases import normalise
from forensics.formats.elements import Layout, layout
from forensics.formats.load import Registry
from forensics.formats.mapping import Heading
from forensics.formats.plain import plain
from forensics.formats.regex import ascii_classes
from forensics.formats.sniff import JsonObjects, Table, json_lines, json_objects, tables
from forensics.formats.spec import Detect, EventRule, FormatSpec, Record
from forensics.formats.statements import dialect_of
from forensics.formats.systems import system_of
from forensics.formats.tables import synthesise

_NAME_BONUS = 0.5


@dataclass(frozen=True)
class Head:
    """The beginning of a source.

    Attributes:
        text: decoded, the first 256 KiB, without a last line that is cut off.
        name: path as given, with the member of an archive.
        columns: the columns, if something else than the text says them (a table of a dump); the text then has no header.
    """

    text: str
    name: str = ""
    columns: Sequence[str] | None = None


@dataclass(frozen=True)
class Detection:
    """What a source is taken for.

    Attributes:
        spec: the format, declared or made for this source; its system is that of the source as far as it and its name say.
        reasons: why this one, and why not the runners-up; for a generic table what was mapped to what.
        mapping: source column ─▶ canonical name.
        header, header_line, separator: of a table; the header's line counts from 0.
        sample: texts of the first records, where they are no lines.
    """

    spec: FormatSpec
    reasons: list[str] = field(default_factory=list)
    mapping: dict[str, str] = field(default_factory=dict)
    header: tuple[str, ...] | None = None
    header_line: int | None = None
    separator: str | None = None
    sample: list[str] | None = None


def detect(registry: Registry, head: Head) -> Detection:
    """Recognise a source. There is always an answer: at last, lines of plain text."""
    lines = head.text.split("\n")
    looked = [line.rstrip("\r") for line in lines]
    first = next((i for i, line in enumerate(looked) if line.strip()), 0)
    array = layout(head.text) if head.columns is None else None
    json = json_lines(looked) if array is None else json_objects(array.texts)
    dialect = dialect_of(head.text) if json is None and head.columns is None else None
    found_tables = (
        _given(head, looked)
        if head.columns is not None
        else []
        if json or dialect
        else _shifted(tables(looked[first:]), first)
    )
    fits = sorted(
        (
            (spec.detect.weight + _NAME_BONUS * bool(named), spec, why)
            for spec in registry.all()
            for named in [_named(spec, head.name)]
            if (why := _fits(spec, head.text, json, found_tables, named)) is not None
        ),
        key=lambda fit: (-fit[0], fit[1].id),
    )
    generic = _dump(dialect) if dialect else _generic(registry, head, json, found_tables)
    if fits and (generic is None or fits[0][0] > generic.spec.detect.weight):
        found = _declared(fits[0][1], fits[0][2], found_tables, json)
        found.reasons.extend(f"not {spec.id}: {weight:g} is less than {fits[0][0]:g}" for weight, spec, _ in fits[1:4])
    else:
        found = generic or Detection(
            plain(looked),
            [f"no format recognises it ({len(registry.all())} tried), and it is no table that the dictionary knows"],
        )
    system, why_system = system_of(head.name, registry.maps, found.spec.system, None)
    if system is not None:
        found.reasons.append(f"system {system}: {why_system}")
    spec = replace(
        found.spec,
        system=system,
        aliases=registry.aliases,
        shared=registry.maps,
        labels=found.spec.labels or registry.labels,
    )
    found = replace(found, spec=spec)
    return found if array is None else _in_array(found, array)


def _in_array(found: Detection, array: Layout) -> Detection:
    """The same, for objects that lie in an array."""
    if found.spec.record.frame != "json":
        return found
    record = replace(found.spec.record, frame="array", marker=array.marker)
    return replace(found, spec=replace(found.spec, record=record), sample=list(array.texts))


def _dump(dialect: str) -> Detection:
    """A database dump; what its tables are is found out table by table."""
    title = {"en": "database dump", "zh": "数据库转储（SQL）"}
    record = Record(frame="sql", dialect=dialect)
    spec = FormatSpec("sql-dump", None, title, record, Detect(weight=5.0), events=(EventRule("log"),))
    return Detection(spec, [f"rows of INSERT or COPY statements; texts are quoted as in {_DIALECTS[dialect]}"])


_DIALECTS = {"mysql": "MySQL", "mssql": "SQL Server", "copy": "PostgreSQL (COPY)", "sql": "standard SQL"}


def _fits(
    spec: FormatSpec, text: str, json: JsonObjects | None, found: Sequence[Table], named: str | None
) -> str | None:
    """Why a declared format fits, or None."""
    wanted = spec.detect
    if not (wanted.head or wanted.keys or wanted.columns):
        return None
    if wanted.keys and (json is None or not all(json.has(key) for key in wanted.keys)):
        return None
    in_json = json is not None and spec.record.frame == "table" and json.has_columns(wanted.columns)
    if wanted.columns and not in_json and _table_with(wanted.columns, found, spec.record.separator) is None:
        return None
    if wanted.head:
        column = pl.Series([text])
        if not all(column.str.contains("(?m)" + ascii_classes(regex))[0] for regex in wanted.head):
            return None
    parts = [
        ("its beginning", wanted.head),
        (f"keys {', '.join(wanted.keys)}", wanted.keys),
        (f"columns {', '.join(wanted.columns)}", wanted.columns),
    ]
    return " and ".join([part for part, given in parts if given] + ([f"its name ({named})"] if named else []))


def _named(spec: FormatSpec, name: str) -> str | None:
    """The pattern that the file's name fits."""
    base = name.replace("\\", "/").replace("!", "/").rsplit("/", 1)[-1].lower()
    return next((pattern for pattern in spec.detect.name if fnmatch.fnmatchcase(base, pattern.lower())), None)


def _table_with(columns: Sequence[str], found: Sequence[Table], separator: str | None) -> Table | None:
    """The reading of the text as a table that has these columns."""
    wanted = {normalise(column) for column in columns}
    for table in found:
        if (separator is None or table.separator == separator) and wanted <= {normalise(name) for name in table.header}:
            return table
    return None


def _declared(spec: FormatSpec, why: str, found: Sequence[Table], json: JsonObjects | None) -> Detection:
    mapping = {
        name: rule.column
        for event in spec.events
        for rule in event.fields
        for source in rule.sources
        for name in source.fields
    }
    reasons = [f"{spec.id}: {why} fit{'s' if why == 'its beginning' else ''}"]
    if spec.record.frame == "table" and json is not None:  # rows of a table, written as objects
        return Detection(replace(spec, record=replace(spec.record, frame="json")), reasons, mapping)
    if spec.record.frame != "table":
        return Detection(spec, reasons, mapping)
    if spec.record.columns:
        return Detection(spec, reasons, mapping, spec.record.columns, None, spec.record.separator or ",")
    table = _table_with(spec.detect.columns, found, spec.record.separator) or (found[0] if found else None)
    if table is None:
        return Detection(spec, reasons, mapping, None, None, spec.record.separator or ",")
    framed = replace(spec, record=replace(spec.record, separator=table.separator))
    return Detection(framed, reasons, mapping, table.header, table.header_line, table.separator)


def _generic(registry: Registry, head: Head, json: JsonObjects | None, found: Sequence[Table]) -> Detection | None:
    """A table or JSON Lines whose headings the dictionary knows."""
    if json is not None:
        headings = [Heading(key, tuple(json.values(key))) for key in json.keys]
        spec = synthesise(headings, registry.aliases, registry.maps, head.name, "json")
        if spec is None:
            spec = _unknown_json()
        return Detection(spec, list(spec.reasons), _mapping(spec))
    best: Detection | None = None
    for table in found:
        headings = [Heading(name, tuple(table.values(i))) for i, name in enumerate(_unique(table.header))]
        spec = synthesise(headings, registry.aliases, registry.maps, head.name, "table", table.separator)
        if spec is None:
            continue
        detection = Detection(
            spec, list(spec.reasons), _mapping(spec), table.header, table.header_line, table.separator
        )
        if best is None or len(detection.mapping) > len(best.mapping):
            best = detection
    return best


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    from forensics.formats.split import unique_names

    return unique_names(names)


def _mapping(spec: FormatSpec) -> dict[str, str]:
    out: dict[str, str] = {}
    for reason in spec.reasons:
        column, arrow, rest = reason.partition(" ─▶ ")
        if arrow and not rest.startswith("extra:"):
            out[column] = rest.split(" (")[0]
    return out


def _unknown_json() -> FormatSpec:
    title = {"en": "JSON Lines with unknown keys", "zh": "键名未知的 JSON 行"}
    rule = EventRule("log")
    reasons = ("JSON Lines, but the dictionary knows too few of its keys",)
    return FormatSpec(
        "jsonl-log", None, title, Record(frame="json"), Detect(weight=0.5), events=(rule,), reasons=reasons
    )


def _shifted(found: Sequence[Table], by: int) -> list[Table]:
    return [
        replace(table, header_line=None if table.header_line is None else table.header_line + by) for table in found
    ]


def _given(head: Head, lines: Sequence[str]) -> list[Table]:
    """The table whose columns are known from outside."""
    from forensics.formats.sniff import cells

    rows = [line for line in lines if line.strip()][:60]
    return [Table(",", tuple(head.columns or ()), None, tuple(tuple(cells(row, ",")) for row in rows), tuple(rows))]
