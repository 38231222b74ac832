"""`forensics ingest`."""

from __future__ import annotations

import json
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forensics.cli import options
from forensics.cli.progress import Bar

if TYPE_CHECKING:
    from forensics.ingest.result import FileReport, IngestResult


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH…")
@options.case_option
@click.option("--system", type=click.Choice(["wms", "wcs", "scanner", "db", "cache", "erp", "mq"]),
              help="Who wrote these files, where neither they nor their names say so.")  # fmt: skip
@options.tz_option
@click.option("--formats", "format_dirs", multiple=True, type=click.Path(path_type=Path, exists=True, file_okay=False),
              help="Folder with own format files; may be repeated.")  # fmt: skip
@click.option("--profile", "profiles", multiple=True, type=click.Path(path_type=Path, exists=True, dir_okay=False),
              help="A format file or profile of one's own; may be repeated.")  # fmt: skip
@click.option("--max-rejected", type=float, default=options.setting("max_rejected", 5.0), show_default="5.0",
              metavar="PERCENT", help="Exit with 3 if more lines than this could not be read.")  # fmt: skip
@click.option("-v", "--verbose", is_flag=True, help="Say why each file was read as what it was.")
@options.lang_option
@options.color_option
@options.format_option("table", "json", "ndjson")
@options.output_option
def ingest(
    paths: tuple[str, ...], case_dir: Path, system: str | None, tz: str | None, format_dirs: tuple[Path, ...], profiles: tuple[Path, ...],
    max_rejected: float, verbose: bool, lang: str, color: bool | None, fmt: str, output: Path | None,
) -> int:  # fmt: skip
    """Read logs and exports into a case.

    PATH is a file, a folder, a glob, or `-` for standard input; .gz .bz2 .xz .zst .zip .tar and workbooks are opened.
    What was ingested before is not added again; of a file that grew only what is new is.
    """
    from forensics.api import open_case

    folders = [*options.settings().get("formats", []), *format_dirs, *profiles]
    with Bar() as bar:
        result = open_case(case_dir, create=True, tz=tz, formats=folders, lang=lang).ingest(
            *paths, system=system, tz=tz, progress=bar
        )
    if fmt == "table":
        _print(result, verbose, lang, options.console(color))
    elif fmt == "json":
        options.write(json.dumps(result.to_json(), ensure_ascii=False, indent=1), output)
    else:
        options.write("\n".join(json.dumps(f.to_json(), ensure_ascii=False) for f in result.files), output)
    lines = result.totals["lines"]
    too_many = lines > 0 and 100 * result.totals["rejected"] / lines > max_rejected
    return 3 if too_many or result.incomplete else 0


_TEXT: dict[str, dict[str, str]] = {
    "zh": {"file": "文件", "parser": "格式", "encoding": "编码", "system": "系统", "lines": "行", "events": "事件",
           "event_lines": "成事件行", "continuation": "续行", "rejected": "拒收", "blank": "空行", "status": "状态",
           "new": "新", "grown": "增长", "unchanged": "已有", "empty": "空文件", "damaged": "损坏", "binary": "二进制",
           "unreadable": "不可读", "total": "合计", "law": "行数 = 成事件行 + 续行 + 拒收 + 空行",
           "why": '拒收原因见：forensics sql "SELECT reason, count(*) FROM rejects GROUP BY 1"'},
    "en": {"file": "file", "parser": "read as", "encoding": "encoding", "system": "system", "lines": "lines",
           "events": "events", "event_lines": "event lines", "continuation": "attached", "rejected": "rejected",
           "blank": "blank", "status": "status", "new": "new", "grown": "grown", "unchanged": "unchanged",
           "empty": "empty", "damaged": "damaged", "binary": "binary", "unreadable": "unreadable", "total": "total",
           "law": "lines = event lines + attached + rejected + blank",
           "why": 'why lines were rejected: forensics sql "SELECT reason, count(*) FROM rejects GROUP BY 1"'},
}  # fmt: skip
_SHOWN = 60
COUNTED = ("lines", "event_lines", "continuation", "rejected", "blank", "events")


def _print(result: IngestResult, verbose: bool, lang: str, console: Any) -> None:
    from rich.table import Table
    from rich.text import Text

    text = _TEXT[lang]
    shown = _columns(console.width)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in shown:
        if name == "file":
            table.add_column(text[name], overflow="fold", min_width=20)
        else:
            table.add_column(text[name], justify="right" if name in COUNTED else "left", no_wrap=True)
    prefix = _common([file.path for file in result.files])
    if prefix:
        console.print(Text(prefix, "dim"), soft_wrap=True)
    files = result.files if verbose or len(result.files) <= _SHOWN else result.files[:_SHOWN]
    for file in files:
        cells = _cells(file, prefix, text)
        table.add_row(*(cells[name] for name in shown))
    totals = result.totals
    sums: dict[str, Any] = {name: f"{totals[name]:,}" for name in COUNTED}
    sums["file"] = Text(f"{text['total']} ({totals['files']})", "bold")
    table.add_row(*(sums.get(name, "") for name in shown), end_section=True)
    console.print(table)
    if len(files) < len(result.files):
        console.print(f"… {len(result.files) - len(files)} more (-v)", markup=False)
    for file in result.files:
        label = file.path if file.member is None else f"{file.path}!{file.member}"
        if file.problem:
            console.print(Text(f"{label}: {file.problem}", "yellow"))
        if file.replaced:
            console.print(Text(f"{label}: {file.replaced} undecodable characters replaced", "yellow"))
        if verbose and file.reasons:
            console.print(Text(label, "bold"))
            for reason in file.reasons:
                console.print(Text(f"  {reason}"))
    console.print(text["law"], style="dim", markup=False)
    if totals["rejected"]:
        console.print(text["why"], style="dim", markup=False)


def _common(paths: list[str]) -> str:
    """The folder that all paths lie in, with its slash; said once instead of in every row."""
    columns = zip(*(path.split("/")[:-1] for path in paths), strict=False)
    shared = [parts[0] for parts in takewhile(lambda parts: len(set(parts)) == 1, columns)]
    return "/".join(shared) + "/" if shared else ""


def _columns(width: int) -> tuple[str, ...]:
    """What fits: every column, or those that tell most."""
    if width >= 128:
        return ("file", "status", "parser", "system", "encoding", *COUNTED)
    return ("file", "status", *(("parser",) if width >= 76 else ()), "lines", "rejected", "events")


def _cells(file: FileReport, prefix: str, text: dict[str, str]) -> dict[str, Any]:
    from rich.text import Text

    style = {"damaged": "red", "unreadable": "red", "binary": "yellow", "new": "green", "grown": "green"}
    return {
        "file": Text(file.path.removeprefix(prefix) + ("" if file.member is None else f"!{file.member}")),
        "status": Text(text[file.status], style.get(file.status, "dim")),
        "parser": Text(file.parser or "–"),
        "system": Text(file.system or "–"),
        "encoding": Text(file.encoding or "–"),
        **{name: f"{getattr(file, name):,}" for name in COUNTED},
    }
