"""`forensics sql`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from forensics.cli import options


@click.command()
@click.argument("query")
@options.case_option
@options.lang_option
@options.tz_option
@options.format_option("table", "json", "ndjson", "csv", "markdown")
@options.output_option
def sql(query: str, case_dir: Path, lang: str, tz: str | None, fmt: str, output: Path | None) -> None:
    """Ask the case's tables in DuckDB SQL.

    QUERY is one SELECT, `-` for standard input, or @FILE. Relations: events, evidence, rejects, and the views that
    `forensics queries list` names (api_calls, ledger_rows, task_history …).
    """
    from forensics.api import open_case
    from forensics.export import table

    if query == "-":
        query = sys.stdin.read()
    elif query.startswith("@"):
        query = Path(query[1:]).read_text(encoding="utf-8-sig")
    case = open_case(case_dir, lang=lang)
    frame = case.sql(query)
    if fmt == "table" or tz:
        frame = options.in_zone(frame, tz or case.folder.zone)
    options.write(table.frame_to_text(frame, fmt), output)
