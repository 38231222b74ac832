"""Rows of a database dump with their places in the file: INSERT and REPLACE with one row or many, COPY, and what is neither.

Each row is a record: `line` is the physical line it begins on, `byte_offset` that of its bracket. In the account a row counts the lines up to
the next row, at least one: an INSERT of a thousand rows on one line has a thousand lines. DDL, comments and settings belong to no record.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np
import polars as pl

from forensics.formats.columns import texts_between
from forensics.formats.elements import Positions
from forensics.formats.statements import COPY, INSERT, SILENT, column_list, statement_starts, unquoted
from forensics.formats.tuples import row
from forensics.readers.ddl import Schemas, find_table
from forensics.readers.ddl import Table as Declared

OTHER: Final = -1
"""Layout of a record that is no row: another statement, or junk."""
_SILENT: Final = -2
_HEAD: Final = "dump_head"
_DEFINES: Final = r"(?i)^\s*(?:CREATE|ALTER|DROP)\b"
_AFTER: Final = r"(?is)^[\s;]*(?:ON\s+(?:DUPLICATE|CONFLICT)\b.*|RETURNING\b.*|GO\s*|--[^\n]*|/\*.*\*/[\s;]*)*$"


class Lines(Protocol):
    """The lines of a piece of a source, as the ingest cuts them: UTF-8 bytes, where each begins, and the way back to the original's offsets."""

    @property
    def text(self) -> bytes:
        """All lines, each with its end."""
        ...

    @property
    def bounds(self) -> Positions:
        """Where each line begins in `text`, and the end."""
        ...

    def __len__(self) -> int: ...

    def series(self) -> pl.Series:
        """The lines without their ends."""
        ...

    def origin(self, at: Positions) -> Positions:
        """Where in the original bytes the characters at these positions of `text` stand."""
        ...


@dataclass(frozen=True)
class Table:
    """A table as one kind of statement names it: its own name, its columns if they are known, and whether rows come by COPY."""

    name: str
    columns: tuple[str, ...] | None
    copy: bool = False


@dataclass
class Framer:
    """Cuts the chunks of one dump, in file order: remembers columns, the INSERT under way and the COPY under way.

    Attributes:
        dialect: as `statements.dialect_of` says.
        known: columns of tables from elsewhere among the evidence.
        tables: every table met; a record's `layout` is its place here.
    """

    dialect: str | None
    known: dict[str, Declared] = field(default_factory=dict)
    tables: list[Table] = field(default_factory=list)
    _schemas: Schemas = field(default_factory=Schemas)
    _insert: int = OTHER
    _copy: int | None = None

    def records(self, lines: Lines, offset: int, line: int, *, last: bool) -> tuple[pl.DataFrame, int]:
        """Records (`line`, `lines`, `byte_offset`, `raw`, `layout`) of a chunk, and how many of its lines belong to none."""
        if len(lines) == 0:
            return _frame([]), 0
        text = lines.series()
        layout = self._copied(text)
        begins = (statement_starts(text, self.dialect) if self.dialect != "copy" else _keywords(text)).to_numpy().copy()
        begins |= layout != OTHER
        begins[1:] |= (layout[:-1] != OTHER) & (layout[1:] == OTHER)
        begins[0] = True
        first = np.flatnonzero(begins).astype(np.int64)
        groups = pl.DataFrame(
            {"at": lines.bounds[first], "number": first + line, "layout": layout[first], "raw": texts_between(lines.text, np.append(lines.bounds[first], lines.bounds[-1]))}
        )  # fmt: skip
        plain = groups.filter(pl.col("layout") != OTHER).with_columns(pl.col("raw").str.strip_chars_end("\r\n"))
        items = [plain, *self._statements(groups.filter(pl.col("layout") == OTHER))]
        found = pl.concat(items).sort("at", maintain_order=True)
        after = line + len(lines) - int(not last and not lines.text.endswith(b"\n"))
        count = np.maximum(1, np.diff(np.append(found["number"].to_numpy(), after)))
        found = found.with_columns(lines=count, byte_offset=lines.origin(found["at"].to_numpy()) + offset)
        silent = found["layout"] == _SILENT
        records = found.filter(~silent).select("lines", "byte_offset", "raw", "layout", line="number")
        return records, int(found.filter(silent)["lines"].sum())

    # --- COPY ------------------------------------------------------------------------------------------------------

    def _copied(self, text: pl.Series) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Layout of each line that is a row of a COPY, `_SILENT` for what frames it, OTHER for all others."""
        out = np.full(len(text), OTHER)
        if self.dialect != "copy":
            return out
        heads = text.str.contains(COPY).arg_true().to_list()
        ends = text.str.contains(r"^\\\.\s*$").arg_true().to_list()
        place = 0
        while place < len(text):
            if self._copy is None:
                head = next((at for at in heads if at >= place), None)
                if head is None:
                    break
                said = re.match(COPY, text[head])
                assert said is not None
                self._copy = self._layout(said[1], said[2], copy=True)
                out[head] = _SILENT
                place = head + 1
            end = next((at for at in ends if at >= place), None)
            out[place : len(text) if end is None else end] = self._copy
            if end is None:
                break
            out[end] = _SILENT
            self._copy, place = None, end + 1
        return out

    # --- statements ------------------------------------------------------------------------------------------------

    def _statements(self, groups: pl.DataFrame) -> list[pl.DataFrame]:
        """Rows of INSERT statements, other statements, and the places of those that say nothing."""
        if groups.is_empty():
            return []
        said = groups["raw"].str.extract_groups(f"(?P<{_HEAD}>{INSERT})").struct.unnest()
        groups = groups.with_columns(
            said.select(skipped=pl.col(_HEAD).str.len_bytes().fill_null(0), broken=pl.col(_HEAD).str.count_matches("\n").fill_null(0)),
            layout=self._layouts(groups["raw"], said),
            body=pl.DataFrame([groups["raw"], said[_HEAD].fill_null("")]).select(pl.col("raw").str.strip_prefix(pl.col(_HEAD))).to_series(),
        )  # fmt: skip
        blank = pl.col("raw") == ""
        others = groups.filter(pl.col("layout") < 0).select("at", "number", "layout", pl.col("raw").str.strip_chars())
        others = others.with_columns(layout=pl.when(blank).then(_SILENT).otherwise(pl.col("layout")))
        return [*self._rows(groups.filter(pl.col("layout") >= 0)), others]

    def _layouts(self, raw: pl.Series, said: pl.DataFrame) -> pl.Series:
        """For each statement its table, OTHER, or `_SILENT`; rows on lines of their own have that of the INSERT before them."""
        for statement in raw.filter(raw.str.contains(_DEFINES)):
            self._define(statement)
        named = said.select("table", "columns")
        known = named.drop_nulls("table").unique(maintain_order=True)
        ids = [self._layout(name, columns) for name, columns in known.iter_rows()]
        own = named.join(known.with_columns(layout=pl.Series(ids, dtype=pl.Int64)), on=["table", "columns"], how="left", nulls_equal=True, maintain_order="left")["layout"]  # fmt: skip
        silent = raw.str.contains(SILENT)
        row_alone = raw.str.contains(r"^[\s,]*\(")
        row_alone[0] = row_alone[0] or (self._insert >= 0 and own[0] is None and not silent[0])
        latest = own.fill_null(strategy="forward").fill_null(self._insert)
        self._insert = int(latest[-1])
        rest = pl.select(pl.when(silent).then(_SILENT).when(row_alone).then(latest).otherwise(OTHER)).to_series()
        return own.fill_null(rest)

    def _rows(self, inserts: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Every row of the statements, and as records what of them is no row."""
        found = inserts.with_columns(hit=pl.col("body").str.extract_all(row(self.dialect)))
        read = found["hit"].list.join("")
        clean = (
            pl.DataFrame([found["body"], read.alias("read")])
            .select(pl.col("body").str.starts_with(pl.col("read")))
            .to_series()
        )
        behind = (
            pl.DataFrame([found["body"], read.alias("read")])
            .select(pl.col("body").str.strip_prefix(pl.col("read")))
            .to_series()
        )
        clean &= behind.str.contains(_AFTER) & (read != "")
        rows = (
            found.filter(clean).with_row_index("statement").explode("hit")
            .with_columns(size=pl.col("hit").str.len_bytes().cast(pl.Int64), breaks=pl.col("hit").str.count_matches("\n").cast(pl.Int64), raw=pl.col("hit").str.strip_chars_start(", \t\r\n"))
            .with_columns(lead=pl.col("size") - pl.col("raw").str.len_bytes().cast(pl.Int64), down=pl.col("breaks") - pl.col("raw").str.count_matches("\n").cast(pl.Int64))
            .with_columns(
                at=pl.col("at") + pl.col("skipped") + pl.col("lead") + (pl.col("size").cum_sum() - pl.col("size")).over("statement"),
                line=pl.col("number") + pl.col("broken") + pl.col("down") + (pl.col("breaks").cum_sum() - pl.col("breaks")).over("statement"),
            )
        )  # fmt: skip
        heads = rows.filter((pl.col("number") < pl.col("line")) & pl.col("statement").is_first_distinct())
        rest = heads.select(
            pl.col("at") - pl.col("lead") - pl.col("skipped"),
            "number",
            layout=pl.lit(_SILENT, pl.Int64),
            raw=pl.lit(""),
        )
        odd = [self._one_by_one(item) for item in found.filter(~clean).to_dicts()]
        return rows.select("at", number="line", layout="layout", raw="raw"), pl.concat([rest, *odd])

    def _one_by_one(self, statement: dict[str, object]) -> pl.DataFrame:
        """The rows of a statement with junk in it, and the junk between them."""
        body, start = str(statement["body"]), int(str(statement["at"])) + int(str(statement["skipped"]))
        line = int(str(statement["number"])) + int(str(statement["broken"]))
        out: list[tuple[int, int, int, str]] = []
        place = 0
        pieces = [(hit.start(), hit.end(), hit[0]) for hit in re.finditer(row(self.dialect), body)]
        for begin, end, text in [*pieces, (len(body), len(body), "")]:
            gap = body[place:begin]
            for at, piece, layout in ((place, gap, OTHER), (begin, text, int(str(statement["layout"])))):
                bare = piece.lstrip(", \t\r\n")
                if bare.strip(" ;\r\n") and not (layout == OTHER and pieces and re.match(_AFTER, bare)):
                    lead = at + len(piece) - len(bare)
                    out.append(
                        (start + len(body[:lead].encode()), line + body.count("\n", 0, lead), layout, bare.rstrip())
                    )
            place = end
        return _frame(out)

    # --- tables ----------------------------------------------------------------------------------------------------

    def _layout(self, name: str, columns: str | None, *, copy: bool = False) -> int:
        own = unquoted(name)
        table = Table(own, column_list(columns) or self._columns(own), copy)
        if table not in self.tables:
            self.tables.append(table)
        return self.tables.index(table)

    def _columns(self, table: str) -> tuple[str, ...] | None:
        defined = self._schemas.tables.get(table)
        if defined is None and (elsewhere := find_table(self.known, table)) is not None:
            defined = elsewhere.names
        return tuple(defined) if defined else None

    def _define(self, statement: str) -> None:
        define(self._schemas, statement)


def define(schemas: Schemas, statement: str) -> None:
    """Follow one DDL statement; a table is known by its own name, without database or schema."""
    plain = statement.replace("[", '"').replace("]", '"').rstrip().rstrip(";")
    before = set(schemas.tables)
    schemas.apply(plain, None)
    for full in set(schemas.tables) - before:
        schemas.tables[full.rpartition(".")[2]] = schemas.tables[full]


def _keywords(text: pl.Series) -> pl.Series:
    """Statement starts outside the rows of a COPY."""
    return statement_starts(text, "sql")


def _frame(rows: list[tuple[int, int, int, str]]) -> pl.DataFrame:
    return pl.DataFrame(
        rows, schema={"at": pl.Int64, "number": pl.Int64, "layout": pl.Int64, "raw": pl.String}, orient="row"
    )
