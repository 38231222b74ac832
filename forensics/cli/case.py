"""`forensics case`: what a case holds, whether it is intact, compaction, notes."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from forensics.cli import options
from forensics.model.result import REVIEW, Note, iso


@click.group()
def case() -> None:
    """What a case holds; verify it; compact it; note what was found out."""


@case.command()
@options.case_option
@options.lang_option
@options.color_option
@options.format_option("table", "json")
@options.output_option
def info(case_dir: Path, lang: str, color: bool | None, fmt: str, output: Path | None) -> None:
    """Settings, sources, events by kind, size on disk."""
    from forensics.api import open_case

    facts = open_case(case_dir, lang=lang).info()
    if fmt == "json":
        options.write(json.dumps(facts, ensure_ascii=False, indent=1, default=str), output)
        return
    from rich.table import Table

    out = options.console(color)
    table = Table(box=None, show_header=False, pad_edge=False)
    for key, value in facts.items():
        counts = "  ".join(f"{name} {count:,}" for name, count in value.items()) if isinstance(value, dict) else value
        table.add_row(key.replace("_", " "), str(counts or "–"))
    out.print(table)


@case.command()
@options.case_option
@options.lang_option
@options.format_option("table", "json")
def verify(case_dir: Path, lang: str, fmt: str) -> int:
    """Check the custody chain, the conservation of lines and the tables; exit 3 if something does not hold."""
    from forensics.api import open_case

    problems = open_case(case_dir, lang=lang).verify()
    if fmt == "json":
        options.write(json.dumps({"ok": not problems, "problems": problems}, ensure_ascii=False, indent=1), None)
    else:
        good = (
            "证据链、行数守恒和各表均完好" if lang == "zh" else "custody chain, conservation of lines and tables hold"
        )
        options.write("\n".join(problems) if problems else good, None)
    return 3 if problems else 0


@case.command()
@options.case_option
@options.lang_option
def compact(case_dir: Path, lang: str) -> None:
    """Rewrite many small files as few large ones, and remove what no table refers to."""
    from forensics.api import open_case

    before, after = open_case(case_dir, lang=lang).compact()
    options.write(f"{before} → {after} files", None)


_by_option = click.option("--by", metavar="NAME", help="Who says so; nobody is named by default.")


@case.command()
@click.argument("ident", metavar="ID")
@click.argument("text")
@_by_option
@options.case_option
@options.lang_option
def note(ident: str, text: str, by: str | None, case_dir: Path, lang: str) -> None:
    """Note something of a finding or incident, by its ID or the beginning of it."""
    opened = options.open_the_case(case_dir, lang)
    options.write(_line(opened.note(ident, text, by), lang, opened.folder.zone), None)


@case.command()
@click.argument("ident", metavar="ID")
@click.argument("status", type=click.Choice(REVIEW))
@_by_option
@options.case_option
@options.lang_option
def status(ident: str, status: str, by: str | None, case_dir: Path, lang: str) -> None:
    """Mark a finding or incident, by its ID or the beginning of it."""
    opened = options.open_the_case(case_dir, lang)
    options.write(_line(opened.status(ident, status, by), lang, opened.folder.zone), None)


@case.command()
@options.case_option
@options.lang_option
@options.tz_option
@options.format_option("table", "json")
@options.output_option
def notes(case_dir: Path, lang: str, tz: str | None, fmt: str, output: Path | None) -> None:
    """List all notes and states, oldest first."""
    opened = options.open_the_case(case_dir, lang)
    kept = opened.notes()
    if fmt == "json":
        rows = [{**asdict(one), "at": iso(one.at)} for one in kept]
        options.write(json.dumps(rows, ensure_ascii=False, indent=1), output)
    elif kept:
        options.write("\n".join(_line(one, lang, tz or opened.folder.zone) for one in kept), output)
    else:
        options.write("没有备注" if lang == "zh" else "no notes", output)


def _line(one: Note, lang: Any, tz: str) -> str:
    from forensics.report.texts import Texts
    from forensics.report.when import Zone
    from forensics.report.wording import review_text

    return f"{one.id}  {review_text(one, Texts(lang), Zone(tz))}"
