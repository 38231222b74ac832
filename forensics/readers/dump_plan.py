"""A database dump: every table in it is recognised and parsed as if it had been exported on its own."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field, replace

import polars as pl

from forensics.formats import tuples
from forensics.formats.context import Parsed, SourceContext, rejected
from forensics.formats.detect import Detection, Head, detect
from forensics.formats.load import Registry
from forensics.formats.plan import Plan, compile_plan
from forensics.formats.spec import Detect, EventRule, FormatSpec, Record
from forensics.formats.systems import system_of
from forensics.readers.dump import OTHER, Framer, Table

SAMPLE = 400
_CHANGES = r"(?i)^\s*(?:UPDATE|DELETE|MERGE|REPLACE|INSERT|CALL|EXEC|BEGIN|ROLLBACK)\b"


@dataclass
class DumpPlan:
    """The plan of a dump. A table's format is settled when its first rows arrive.

    Attributes:
        framer: what cuts the dump; a record's `layout` is a place in its list of tables.
    """

    registry: Registry
    context: SourceContext
    framer: Framer
    reasons: list[str] = field(default_factory=list)
    undecided: bool = False
    _plans: dict[int, Plan] = field(default_factory=dict)

    def survey(self, records: pl.DataFrame) -> None:
        """Nothing is left open: dumps write whole times."""

    def parse(self, records: pl.DataFrame) -> Parsed:
        """Each row by its table's plan; another statement is a `log` event, anything else is refused."""
        parts = []
        for (layout,), rows in records.partition_by("layout", as_dict=True, maintain_order=True).items():
            bare = rows.drop("layout")
            if layout == OTHER:
                parts.append(self._others(bare))
                continue
            if layout not in self._plans:
                self._plans[layout] = self._plan(self.framer.tables[layout], bare)
            parts.append(self._plans[layout].parse(bare))
        return Parsed(
            pl.concat([part.events for part in parts], how="diagonal_relaxed"),
            pl.concat([part.rejects for part in parts]),
        )

    def _others(self, records: pl.DataFrame) -> Parsed:
        said = records["raw"].str.contains(_CHANGES)
        who, _ = system_of(self.context.name, self.registry.maps, None, self.context.system)
        events = records.filter(said).select(
            "line", "byte_offset", "raw", part=pl.lit(0, pl.Int64), kind=pl.lit("log"), system=pl.lit(who, pl.String), ts_quality=pl.lit("none")
        )  # fmt: skip
        return Parsed(events, rejected(records.filter(~said), "neither a row nor a statement"))

    def _plan(self, table: Table, rows: pl.DataFrame) -> Plan:
        """Recognise a table by its columns and first rows."""
        found, columns = recognise(
            self.registry, table, rows["raw"].head(SAMPLE).to_list(), self.framer.dialect, self.context.name
        )
        self.reasons += [f"{table.name}: {reason}" for reason in found.reasons]
        record = Record(frame="copy" if table.copy else "rows", dialect=self.framer.dialect)
        context = replace(self.context, header=columns, sample=rows["raw"].head(SAMPLE).to_list())
        return compile_plan(replace(found.spec, record=record), context)


def recognise(
    registry: Registry, table: Table, rows: list[str], dialect: str | None, name: str
) -> tuple[Detection, tuple[str, ...]]:
    """The format of a table of a dump, and its columns: as the dump names them, else as a format knows the table, else by number."""
    count = len(rows[0].split("\t")) if table.copy else tuples.width(rows[0], dialect)
    columns = (
        table.columns or _by_name(registry, table.name, count) or tuple(f"column_{i}" for i in range(1, count + 1))
    )
    found = detect(registry, Head(_as_csv(rows, columns, table, dialect), f"{name}!{table.name}", columns))
    if found.spec.record.frame not in ("table", "json"):
        title = {"en": f"table {table.name} of a dump", "zh": f"转储中的表 {table.name}"}
        spec = FormatSpec(
            "dump-table", found.spec.system, title, Record(frame="rows"), Detect(), events=(EventRule("log"),),
            aliases=registry.aliases, shared=registry.maps,
        )  # fmt: skip
        found = Detection(spec, ["no format and no known kind of table; its rows are kept as they are"])
    return found, columns


def _by_name(registry: Registry, name: str, count: int) -> tuple[str, ...] | None:
    """The columns that a format gives a table of this name and width."""
    known = (table for spec in registry.all() for table in spec.tables if table.name.lower() == name.lower())
    return next((table.columns for table in known if len(table.columns) == count), None)


def _as_csv(rows: list[str], columns: tuple[str, ...], table: Table, dialect: str | None) -> str:
    """The first rows as CSV without a header, for the recogniser."""
    count = min(len(rows), 60)
    records = pl.DataFrame(
        {"line": range(count), "lines": [1] * count, "byte_offset": [0] * count, "raw": rows[:count]}
    )
    values, _, _ = tuples.split_copy(records, columns) if table.copy else tuples.split_rows(records, columns, dialect)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows(
        [str(value or "").replace("\n", " ").replace("\r", " ") for value in row] for row in values.iter_rows()
    )
    return out.getvalue()
