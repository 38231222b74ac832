"""`forensics case`: what a case holds, whether it is intact, compaction."""

from __future__ import annotations

import json
from pathlib import Path

import click

from forensics.cli import options


@click.group()
def case() -> None:
    """What a case holds; verify it; compact it."""


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
