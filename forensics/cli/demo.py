"""`forensics demo`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from forensics.cli import options
from forensics.cli.progress import Bar

SAMPLE = "mixed-day"


@click.command()
@click.option("--case", "case_dir", type=click.Path(path_type=Path), default="demo-case", show_default=True)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), default="demo-report.html", show_default=True
)
@options.lang_option
@options.color_option
def demo(case_dir: Path, output: Path, lang: Any, color: bool | None) -> None:
    """Ingest a sample case, trace its incident, write the report."""
    from forensics.api import open_case
    from forensics.cli.ingest import _print
    from forensics.cli.output import html
    from forensics.content import content_dir
    from forensics.export import terminal

    folder = content_dir("samples") / SAMPLE
    incident = json.loads((folder / "demo.json").read_text(encoding="utf-8"))
    console = options.console(color)
    case = open_case(case_dir, create=True, lang=lang)
    with Bar() as bar:
        result = case.ingest(folder / "evidence", progress=bar)
    _print(result, False, lang, console)
    trace = case.trace(**incident["subject"], symptom=incident.get("symptom"))
    terminal.print_result(console, trace.result, trace.events, lang, case.folder.zone, catalogue=case.catalogue)
    options.write(html(case, trace.result, trace, lang=lang, tz=case.folder.zone), output)
    kind, number = next(iter(incident["subject"].items()))
    lines = {
        "en": ["report:", "the case:", "try next:"],
        "zh": ["报告：", "案卷：", "接着可以试："],
    }[lang]
    console.print(f"\n{lines[0]} {output.resolve()}", soft_wrap=True, markup=False)
    console.print(f"{lines[1]} {case_dir}", soft_wrap=True, markup=False)
    console.print(f"{lines[2]} forensics trace {kind} {number} --case {case_dir}", soft_wrap=True, markup=False)
    console.print(f"          forensics audit --case {case_dir}", soft_wrap=True, markup=False)
