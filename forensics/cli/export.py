"""`forensics export`."""

from __future__ import annotations

from pathlib import Path

import click

from forensics.cli import options


@click.command()
@click.argument("what", type=click.Choice(["events", "evidence", "rejects", "findings"]))
@options.case_option
@click.option(
    "--format", "fmt", type=click.Choice(["csv", "json", "ndjson", "parquet"]), default="csv", show_default=True
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="File to write; needed for parquet."
)
@options.lang_option
def export(what: str, case_dir: Path, fmt: str, output: Path | None, lang: str) -> None:
    """Write events, evidence, rejects or findings as CSV, JSON, NDJSON or Parquet."""
    from forensics.api import open_case
    from forensics.export import csv, json, table
    from forensics.model.errors import ConfigError

    case = open_case(case_dir, lang=lang, queries=options.settings().get("queries", []))
    if fmt == "parquet" and output is None:
        raise ConfigError("parquet is binary and needs a file", hint="name one with -o FILE.parquet")
    if what == "findings":
        if fmt == "parquet":
            raise ConfigError("findings are nested and not written as parquet", hint="use --format json")
        result = case.audit()
        render = {"csv": csv.to_csv, "json": json.to_json, "ndjson": json.to_ndjson}[fmt]
        options.write(render(result), output)
        return
    frame = case.sql(
        f"SELECT * FROM {what} ORDER BY ALL"
        if what != "events"
        else "SELECT * FROM events ORDER BY ts, source, byte_offset, part"
    )
    if fmt == "parquet":
        assert output is not None
        frame.write_parquet(output)
    else:
        options.write(table.frame_to_text(frame, fmt), output)
