"""`forensics coverage`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from forensics.cli import options

_HOLES = 20
"""Holes in running numbers that are named, the widest; all count."""


@click.command()
@options.case_option
@options.lang_option
@options.tz_option
@options.format_option("table", "json", "ndjson", "csv", "markdown")
@options.output_option
def coverage(case_dir: Path, lang: str, tz: str | None, fmt: str, output: Path | None) -> None:
    """What each system recorded, from when to when, where it is silent, and which running numbers are missing."""
    import polars as pl

    from forensics.api import open_case
    from forensics.export import table
    from forensics.model.result import iso

    case = open_case(case_dir, lang=lang)
    rows = [
        {
            "system": one.system, "kind": one.kind, "first_ts": one.first_ts, "last_ts": one.last_ts, "rows": one.rows,
            "gaps": "; ".join(f"{iso(gap.since)} – {iso(gap.until)}" for gap in one.gaps),
            "missing_numbers": sum(hole.count for hole in one.missing),
            "missing": "; ".join(hole.text for hole in one.missing[:_HOLES]),
        }
        for one in case.coverage()
    ]  # fmt: skip
    schema: dict[str, Any] = {
        "system": pl.String, "kind": pl.String, "first_ts": pl.Datetime("us", "UTC"),
        "last_ts": pl.Datetime("us", "UTC"), "rows": pl.Int64, "gaps": pl.String,
        "missing_numbers": pl.Int64, "missing": pl.String,
    }  # fmt: skip
    frame = pl.DataFrame(rows, schema=schema)
    if fmt == "table" or tz:
        frame = options.in_zone(frame, tz or case.folder.zone)
    options.write(table.frame_to_text(frame, fmt), output)
