"""Recorded evidence outside the repository, read the way the ingest reads it: detect, frame, parse, account."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from forensics.formats.detect import Detection, Head, detect
from forensics.formats.load import load_formats
from forensics.formats.plan import SourceContext, compile_plan
from forensics.formats.samples import framed

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


@dataclass(frozen=True)
class Source:
    """One file and what became of it."""

    detection: Detection
    records: pl.DataFrame
    events: pl.DataFrame
    rejects: pl.DataFrame
    header_lines: int
    lines: list[str]

    @property
    def format(self) -> str:
        return self.detection.spec.id

    def unaccounted(self) -> int:
        """Lines that are neither in a record of an event, nor rejected, nor a header, nor blank."""
        held = self.records.join(self.events.select("line").unique(), on="line", how="semi")["lines"].sum()
        held += self.rejects["lines"].sum() + self.header_lines
        lost = self.records.join(self.events.select("line").unique(), on="line", how="anti").join(
            self.rejects, on="line", how="anti"
        )
        assert lost.is_empty(), lost["raw"].to_list()[:3]
        return len(self.lines) - held


def read(path: Path, zone: str = "Asia/Shanghai") -> Source:
    """Read a small file whole."""
    text = path.read_bytes().decode("utf-8", "replace").removesuffix("\n")
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    found = detect(load_formats(), Head(text[:262144] if len(text) > 262144 else text, str(path.relative_to(DATA))))
    first = 0 if found.header_line is None else found.header_line + 1
    records = framed(lines, first, found.spec)
    context = SourceContext(
        zone=zone,
        name=path.name,
        header=found.header,
        separator=found.separator,
        sample=records["raw"].head(200).to_list(),
    )
    parsed = compile_plan(found.spec, context).parse(records)
    return Source(found, records, parsed.events, parsed.rejects, first, lines)
