"""`forensics formats list|show|test|infer`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forensics.cli import options
from forensics.cli.formats_infer import infer

if TYPE_CHECKING:
    from forensics.formats.load import Registry
    from forensics.formats.spec import FormatSpec


def _folders(function: options.F) -> options.F:
    return click.option(
        "--formats",
        "folders",
        type=click.Path(path_type=Path),
        multiple=True,
        metavar="DIR",
        help="Your format files; may be repeated.",
    )(function)


def _registry(folders: tuple[Path, ...]) -> Registry:
    from forensics.formats.load import load_formats

    return load_formats([*map(Path, options.settings().get("formats", [])), *folders])


@click.group()
def formats() -> None:
    """Which logs are understood; test format files."""


formats.add_command(infer)


@formats.command("list")
@_folders
@options.lang_option
@options.format_option("table", "json", "markdown")
@options.output_option
def list_(folders: tuple[Path, ...], lang: str, fmt: str, output: Path | None) -> None:
    """All formats: id, system, title, how records are cut, file."""
    rows = [
        {
            "id": spec.id, "system": spec.system, "title": spec.title[lang], "frame": spec.record.reader or spec.record.frame,
            "kinds": sorted({rule.kind for rule in spec.events}), "samples": len(spec.samples), "file": str(spec.file),
        }
        for spec in _registry(folders).all()
    ]  # fmt: skip
    if fmt == "markdown":
        from forensics.formats.listing import markdown

        options.write(markdown(_registry(folders)), output)
        return
    if fmt == "json":
        options.write(json.dumps(rows, ensure_ascii=False, indent=2), output)
        return

    options.write(_columns(rows), output)


def _columns(rows: list[dict[str, Any]]) -> str:
    """Left-aligned columns; wide characters count double."""
    shown = [{**row, "kinds": " ".join(row["kinds"]), "system": row["system"] or "-"} for row in rows]
    names = ("id", "system", "frame", "kinds", "title")
    widths = {name: max(len(name), *(_width(str(row[name])) for row in shown)) for name in names} if shown else {}
    lines = ["  ".join(name.ljust(widths.get(name, 0)) for name in names).rstrip()]
    for row in shown:
        lines.append(
            "  ".join(str(row[name]) + " " * (widths[name] - _width(str(row[name]))) for name in names).rstrip()
        )
    return "\n".join(lines)


def _width(text: str) -> int:
    import unicodedata

    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


@formats.command()
@click.argument("format_id", metavar="ID")
@_folders
@options.lang_option
@options.format_option("table", "json")
@options.output_option
def show(format_id: str, folders: tuple[Path, ...], lang: str, fmt: str, output: Path | None) -> None:
    """One format: how it is recognised, what it reads, its samples."""
    spec = _registry(folders).get(format_id)
    options.write(
        json.dumps(_described(spec), ensure_ascii=False, indent=2) if fmt == "json" else _page(spec, lang), output
    )


def _described(spec: FormatSpec) -> dict[str, Any]:
    return {
        "id": spec.id, "system": spec.system, "title": spec.title, "link": spec.link, "zone": spec.zone, "file": str(spec.file),
        "detect": {
            "head": list(spec.detect.head), "keys": list(spec.detect.keys), "columns": list(spec.detect.columns),
            "name": list(spec.detect.name), "weight": spec.detect.weight,
        },
        "frame": spec.record.frame, "start": spec.record.start, "reader": spec.record.reader,
        "patterns": [{"name": pattern.name, "regex": pattern.regex} for pattern in spec.patterns],
        "events": [
            {"kind": rule.kind, "pattern": list(rule.patterns), "columns": sorted({*(f.column for f in rule.fields), *rule.constants})}
            for rule in spec.events
        ],
        "samples": [sample.text for sample in spec.samples],
    }  # fmt: skip


def _page(spec: FormatSpec, lang: str) -> str:
    lines = [f"{spec.id}: {spec.title[lang]}", f"  file    {spec.file}"]
    lines += [f"  link    {spec.link}"] if spec.link else []
    lines += [f"  system  {spec.system or '-'}", f"  frame   {spec.record.reader or spec.record.frame}"]
    for what in ("head", "keys", "columns", "name"):
        values = getattr(spec.detect, what)
        lines += [f"  {what:<7} {', '.join(values)}"] if values else []
    for rule in spec.events:
        columns = [field.column for field in rule.fields] + [
            f"{name}={value}" for name, value in rule.constants.items()
        ]
        lines.append(
            f"  event   {rule.kind}{' of ' + ', '.join(rule.patterns) if rule.patterns else ''}: {', '.join(columns)}"
        )
    for sample in spec.samples:
        lines += ["", "  sample:", *(f"    {line}" for line in sample.text.strip("\n").split("\n"))]
    return "\n".join(lines)


@formats.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@_folders
@options.format_option("table", "json")
@options.output_option
def test(ids: tuple[str, ...], folders: tuple[Path, ...], fmt: str, output: Path | None) -> None:
    """Run the samples of all formats, or of those named. Exit code 2 if one fails."""
    from forensics.formats.samples import run_samples

    registry = _registry(folders)
    specs = [registry.get(format_id) for format_id in ids] if ids else list(registry.all())
    results = {spec.id: (spec, run_samples(spec)) for spec in specs}
    bad = sum(bool(failures) for _, failures in results.values())
    if fmt == "json":
        report = [
            {
                "id": spec.id, "file": str(spec.file), "samples": len(spec.samples), "ok": not failures,
                "failures": [{"sample": f.sample, "line": f.line, "differences": list(f.differences)} for f in failures],
            }
            for spec, failures in results.values()
        ]  # fmt: skip
        options.write(json.dumps(report, ensure_ascii=False, indent=2), output)
    else:
        lines = []
        for spec, failures in results.values():
            lines.append(f"{'FAIL' if failures else 'ok  '}  {spec.id}  ({len(spec.samples)} samples)")
            for failure in failures:
                lines.append(f"      --> {spec.file}:{failure.line}")
                lines += [f"      {difference}" for difference in failure.differences]
        lines.append(f"{len(specs)} formats, {bad} failed")
        options.write("\n".join(lines), output)
    if bad:
        sys.exit(2)
