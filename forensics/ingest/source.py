"""One source on its way in: its encoding, its format, and the parsing of its chunks."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from forensics.formats.context import rejected as refused
from forensics.formats.detect import Detection, Head, detect
from forensics.formats.framing import frame_lines
from forensics.formats.load import Registry
from forensics.formats.plan import Parsed, Plan, SourceContext, compile_plan
from forensics.formats.statements import statement_starts
from forensics.formats.systems import system_of
from forensics.ingest.account import CUT, Account, settle
from forensics.ingest.arrays import array_records, cut_array
from forensics.ingest.chunks import Chunk, cut
from forensics.ingest.discover import Item
from forensics.ingest.encoding import Encoding, Lines, guess, split
from forensics.ingest.streams import Stream
from forensics.readers.ddl import declared_tables
from forensics.readers.dump import Framer
from forensics.readers.dump_plan import DumpPlan

HEAD_BYTES = 256 << 10
MAX_FAILURES = 200
"""Failed attempts in one chunk after which the rest of it is refused: a broken parser must not take for ever."""

_NUMBER = r"^(-?[0-9]*),"
"""What a row of a numbered table begins with."""

SAMPLE = 2000
"""Records of the head that a JSON format's keys are learned from."""


@dataclass(frozen=True)
class Outcome:
    """One parsed chunk."""

    account: Account
    events: pl.DataFrame
    rejects: pl.DataFrame
    tail: Tail | None = None


@dataclass(frozen=True)
class Tail:
    """The last record of a source: a file that grew is read again from here."""

    offset: int
    line: int
    lines: int
    events: int
    rejected: bool


@dataclass
class Source:
    """A source whose format is known.

    Attributes:
        attached: its first lines up to and with a table's header.
        framer: what cuts it into rows, if it is a database dump.
    """

    item: Item
    encoding: Encoding
    detection: Detection
    plan: Plan
    context: SourceContext
    system: str | None
    attached: int = 0
    framer: Framer | None = None

    @property
    def reasons(self) -> list[str]:
        """Why this format, and what it made of what."""
        return [*self.detection.reasons, *self.plan.reasons]

    @property
    def stateful(self) -> bool:
        """Whether chunks must be parsed in file order, one after the other."""
        return self.detection.spec.record.reader is not None or self.framer is not None

    def starts(self, lines: pl.Series) -> pl.Series:
        """Which lines begin a record."""
        if self.framer is not None:
            return statement_starts(lines, self.framer.dialect)
        return frame_lines(lines, self.detection.spec.record)

    def chunks(self, stream: Stream, offset: int = 0, line: int = 1) -> Iterator[Chunk]:
        """The source's chunks from a record's beginning on."""
        record = self.detection.spec.record
        if record.frame == "array":
            return cut_array(stream.blocks(offset), self.encoding, record.marker, offset=offset, line=line)
        every = record.frame in ("line", "json")
        return cut(
            stream.blocks(offset), self.encoding, None if every else self.starts,
            offset=offset, line=line, whole=record.frame == "table",
        )  # fmt: skip

    def parse(self, chunk: Chunk, *, damaged: bool = False) -> Outcome:
        """Records, events, rejects and the account of one chunk."""
        lines = split(chunk.data, self.encoding, first=chunk.offset == 0)
        records, attached = self._records(lines, chunk)
        blank = ~records["raw"].str.contains(r"\S")  # stops at the first character, unlike stripping
        filled = records.filter(~blank) if blank.any() else records
        cut_off = _cut_tail(filled) if damaged and chunk.last and not chunk.data.endswith(b"\n") else None
        if cut_off is not None:
            filled = filled.head(filled.height - 1)
        parsed = self._parsed(filled)
        if cut_off is not None:
            parsed = Parsed(
                parsed.events,
                pl.concat([parsed.rejects, cut_off.select(parsed.rejects.columns)], how="vertical_relaxed"),
            )
            filled = pl.concat([filled, cut_off.select(filled.columns)])
        account, events, rejects = settle(filled, parsed, attached)
        account.blank = int(records.filter(blank)["lines"].sum())
        account.lines += account.blank
        account.replaced = lines.replaced
        if not chunk.last:
            return Outcome(account, events, rejects)
        end = Tail(chunk.offset + len(chunk.data), chunk.line + len(lines), 0, 0, rejected=False)
        return Outcome(account, events, rejects, _tail(records, events, rejects) if self.framer is None else end)

    def records(self, chunk: Chunk) -> pl.DataFrame:
        """The records of a chunk, unparsed."""
        lines = split(chunk.data, self.encoding, first=chunk.offset == 0)
        return self._records(lines, chunk)[0]

    def _parsed(self, records: pl.DataFrame, failures: list[str] | None = None) -> Parsed:
        """Parse; where the parser fails on a record, refuse that record only, found by halving.

        A reader has state and cannot be asked twice: its whole chunk is refused. So is the rest of a chunk in which
        very many records fail.
        """
        if records.height == 0:
            return Parsed(_no_events(), _no_rejects())
        failures = [] if failures is None else failures
        try:
            return self.plan.parse(records)
        except Exception as error:  # noqa: BLE001 - whatever a record made the parser do, the other records must live
            failures.append(f"{type(error).__name__}: {str(error).splitlines()[0][:160] if str(error) else ''}")
        if self.stateful or records.height == 1 or len(failures) > MAX_FAILURES:
            return Parsed(_no_events(), refused(records, f"the parser failed: {failures[-1]}"))
        half = records.height // 2
        first, second = self._parsed(records.head(half), failures), self._parsed(records.slice(half), failures)
        return Parsed(
            pl.concat([first.events, second.events], how="diagonal_relaxed"),
            pl.concat([first.rejects, second.rejects], how="diagonal_relaxed"),
        )

    def _records(self, lines: Lines, chunk: Chunk) -> tuple[pl.DataFrame, int]:
        """The records of a chunk, and how many of its lines belong to none."""
        if self.framer is not None:
            return self.framer.records(lines, chunk.offset, chunk.line, last=chunk.last)
        if self.detection.spec.record.frame == "array":
            return array_records(lines, chunk, self.detection.spec.record.marker)
        attached = min(self.attached, len(lines)) if chunk.offset == 0 else 0
        return self._lined(lines, chunk, attached), attached

    def _lined(self, lines: Lines, chunk: Chunk, attached: int) -> pl.DataFrame:
        """Records that are lines, or runs of lines."""
        count = len(lines)
        if count == attached:
            return pl.DataFrame(schema={"line": pl.Int64, "lines": pl.Int64, "byte_offset": pl.Int64, "raw": pl.String})
        if self.detection.spec.record.frame in ("line", "json"):
            first = np.arange(attached, count, dtype=np.int64)
            raw = lines.series()[attached:] if attached else lines.series()
        else:
            mask = self.starts(lines.series()[attached:]).to_numpy().copy()
            mask[0] = True
            first = np.flatnonzero(mask).astype(np.int64) + attached
            raw = lines.series(first)
        records = pl.DataFrame(
            {
                "line": first + chunk.line,
                "lines": np.diff(np.append(first, count)),
                "byte_offset": lines.offsets[first] + chunk.offset,
                "raw": raw,
            }
        )
        if not self.item.numbered:
            return records
        number = pl.col("raw").str.extract(_NUMBER).cast(pl.Int64, strict=False)
        return records.with_columns(
            number.fill_null(pl.col("line")).alias("line"), pl.col("raw").str.replace(_NUMBER, "")
        )


def recognise(
    item: Item, stream: Stream, registry: Registry, zone: str, system: str | None, ddl: Callable[[], str] = str
) -> Source | Encoding:
    """Look at a source's head and decide how to read it; only its encoding where it is no text. `ddl`: see SourceContext."""
    head = b"".join(itertools.islice(_upto(stream, HEAD_BYTES), 64))
    encoding = guess(head)
    if encoding.name is None:
        return encoding
    whole = len(head) < HEAD_BYTES
    lines = split(head, encoding, first=True).series()
    if not whole and len(lines) > 1:
        lines = lines[:-1]  # the last one is cut off
    if item.numbered:
        lines = lines.str.replace(_NUMBER, "")
    found = detect(registry, Head(text="\n".join(lines.to_list()), name=item.label))
    header_line = found.header_line
    attached = 0 if header_line is None else header_line + 1
    sample = found.sample if found.sample is not None else lines[attached : attached + SAMPLE].to_list()
    context = SourceContext(
        zone=zone, name=item.label, mtime=item.mtime, system=system,
        header=found.header, separator=found.separator, sample=sample,
        ddl=ddl,
    )  # fmt: skip
    who, _ = system_of(item.label, found.spec.shared, found.spec.system, system)
    if found.spec.record.frame == "sql":
        framer = Framer(found.spec.record.dialect, declared_tables(context.ddl()))
        return Source(item, encoding, found, DumpPlan(registry, context, framer), context, who, attached, framer)
    source = Source(item, encoding, found, compile_plan(found.spec, context), context, who, attached)
    if source.plan.undecided:  # only the whole source tells
        for chunk in source.chunks(stream):
            source.plan.survey(source.records(chunk))
    return source


def _upto(stream: Stream, size: int) -> Iterator[bytes]:
    left = size
    for block in stream.blocks(size=size):
        yield block[:left]
        left -= len(block)
        if left <= 0:
            return


def _cut_tail(records: pl.DataFrame) -> pl.DataFrame | None:
    return records.tail(1).with_columns(reason=pl.lit(CUT)) if records.height else None


def _tail(records: pl.DataFrame, events: pl.DataFrame, rejects: pl.DataFrame) -> Tail | None:
    if not records.height:
        return None
    last = records.row(-1, named=True)
    offset = last["byte_offset"]
    count = int((events["byte_offset"] == offset).sum()) if events.height else 0
    rejected = bool((rejects["byte_offset"] == offset).any()) if rejects.height else False
    return Tail(offset, last["line"], last["lines"], count, rejected)


def _no_events() -> pl.DataFrame:
    return pl.DataFrame(schema={"line": pl.Int64, "byte_offset": pl.Int64, "part": pl.Int64, "raw": pl.String})


def _no_rejects() -> pl.DataFrame:
    return pl.DataFrame(
        schema={"line": pl.Int64, "lines": pl.Int64, "byte_offset": pl.Int64, "reason": pl.String, "raw": pl.String}
    )
