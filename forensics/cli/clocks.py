"""`forensics clocks`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from forensics.cli import options


@click.command()
@options.case_option
@options.lang_option
@options.format_option("table", "json", "ndjson", "csv", "markdown")
@options.output_option
def clocks(case_dir: Path, lang: str, fmt: str, output: Path | None) -> None:
    """How far the systems' clocks are apart, from calls that both ends logged."""
    from dataclasses import asdict

    import polars as pl

    from forensics.api import open_case
    from forensics.export import table

    rows = [asdict(one) for one in open_case(case_dir, lang=lang).clocks()]
    utc = pl.Datetime("us", "UTC")
    schema: dict[str, Any] = {
        "clock": pl.String, "reference": pl.String, "offset_s": pl.Float64, "drift_ppm": pl.Float64,
        "error_s": pl.Float64, "pairs": pl.Int64, "at": utc, "since": utc, "until": utc, "method": pl.String,
    }  # fmt: skip
    options.write(table.frame_to_text(pl.DataFrame(rows, schema=schema), fmt), output)
