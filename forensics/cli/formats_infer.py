"""`forensics formats infer`: a draft of a format for a file that none knows, and what the engine makes of the file with it."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from forensics.cli import options
from forensics.model.errors import EvidenceError, Location

if TYPE_CHECKING:
    import polars as pl

    from forensics.formats.context import Parsed
    from forensics.formats.infer import Draft
    from forensics.formats.load import Registry
    from forensics.ingest.chunks import Chunk
    from forensics.ingest.source import Source

_READ = 2000
"""Records that a draft is made from."""
_SHOWN = 10
_WIDE = 28
_COLUMNS = (
    "line", "ts", "kind", "action", "state", "doc_type", "doc", "task", "pallet", "from_location", "to_location", "location", "sku", "batch", "qty",
    "qty_before", "qty_after", "uom", "outcome", "operator", "device", "extra",
)  # fmt: skip


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--member", metavar="NAME", help="Which file of an archive, or sheet of a workbook; default is the first."
)
@click.option(
    "--system", type=click.Choice(["wms", "wcs", "scanner", "db", "cache", "erp", "mq"]), help="Who wrote it."
)
@options.tz_option
@click.option("--formats", "folders", multiple=True, metavar="DIR", type=click.Path(path_type=Path, exists=True),
              help="Your formats, aliases and words; may be repeated.")  # fmt: skip
@click.option("--from", "kept", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="DRAFT",
              help="A draft that you have corrected: show what it gives, write its sample anew.")  # fmt: skip
@options.output_option
def infer(
    file: Path,
    member: str | None,
    system: str | None,
    tz: str | None,
    folders: tuple[Path, ...],
    kept: Path | None,
    output: Path | None,
) -> None:
    """Write a draft of a format or profile for FILE, and show ten events that it gives.

    The draft goes to -o FILE or to stdout. It says why each column or part of a line was taken for what, and what could
    not be guessed. Correct it, run this again with --from DRAFT to see the effect, and use it with `forensics ingest --profile`.
    """
    from forensics.formats.infer import infer as draft_of
    from forensics.formats.load import load_formats

    registry = load_formats([*map(Path, options.settings().get("formats", [])), *folders])
    with tempfile.TemporaryDirectory() as scratch:
        source, records = _opened(
            file, member, replace(registry, formats={}), tz or "Asia/Shanghai", system, Path(scratch)
        )
    before = kept.read_text(encoding="utf-8-sig") if kept is not None else None
    texts = records["raw"].head(_READ).to_list()
    draft = draft_of(registry, texts, source.context, source.detection.spec.record, source.system, before)
    report = _report(draft, registry, records.head(_READ))
    if output is None:
        options.write(draft.text, None)
        click.echo(report, err=True)
        return
    options.write(draft.text, output)
    click.echo(report)
    click.echo(f"\nwritten: {output}\nuse it:  forensics ingest {file} --profile {output}")


def _opened(
    file: Path, member: str | None, registry: Registry, zone: str, system: str | None, scratch: Path
) -> tuple[Source, pl.DataFrame]:
    """The source, recognised by the dictionary alone, and the records of its first chunk.

    Raises:
        EvidenceError: there is no text in the file.
    """
    from forensics.ingest.discover import items
    from forensics.ingest.source import Source, recognise
    from forensics.ingest.streams import Stream

    for item in items(file, named=True, scratch=scratch):
        if item.problem is not None or (member is not None and item.member != member):
            continue
        source = recognise(item, Stream(item.opener, item.limit), registry, zone, system)
        if isinstance(source, Source):
            for chunk in source.chunks(Stream(item.opener, item.limit)):
                records = _lines(source, chunk) if source.framer is not None else source.records(chunk)
                filled = records.filter(records["raw"].str.contains(r"\S"))
                if filled.height:
                    return source, filled
    what = f"no readable member '{member}'" if member else "no text in it"
    raise EvidenceError(f"there is {what}", location=Location(file))


def _lines(source: Source, chunk: Chunk) -> pl.DataFrame:
    """What looks like a database dump, as plain lines."""
    import polars as pl

    from forensics.formats.spec import Record
    from forensics.ingest.encoding import split

    spec = replace(source.detection.spec, record=Record())
    source.detection = replace(source.detection, spec=spec)
    raw = split(chunk.data, source.encoding, first=True).series()
    return pl.DataFrame({"line": range(1, len(raw) + 1), "lines": 1, "byte_offset": 0, "raw": raw}).with_columns(
        pl.col("line", "lines", "byte_offset").cast(pl.Int64)
    )


def _report(draft: Draft, registry: Registry, records: pl.DataFrame) -> str:
    """Why, ten events, the rejects, and what is left to a person."""
    from forensics.formats.plan import compile_plan
    from forensics.formats.samples import run_samples

    records = records.slice(draft.skipped)
    plan = compile_plan(draft.spec, replace(draft.context, sample=tuple(records["raw"].to_list())))
    if plan.undecided:
        plan.survey(records)
    parsed = plan.parse(records)
    lines = ["what was taken for what", *(f"  {note}" for note in draft.notes)]
    lines += [
        f"  {reason}"
        for reason in plan.reasons
        if "─▶" not in reason and "profile says so" not in reason and reason not in draft.notes
    ]
    lines += ["", *_events(parsed, draft.context.zone), "", *_rejects(parsed, len(records))]
    unsure = [f'{reason}; say it: time = ["%d/%m/%Y %H:%M:%S"]' for reason in plan.reasons if "not sure" in reason]
    lines += ["", "left to you", *(f"  {item}" for item in [*draft.open, *unsure] or ["nothing"])]
    winner = _recognised(draft, registry, records)
    if winner != draft.spec.id:
        lines.append(f"  recognition: {winner} wins over this draft; sharpen [detect] or raise its weight")
    lines += [f"  the sample fails: {failure}" for failure in run_samples(draft.spec)]
    return "\n".join(lines)


def _recognised(draft: Draft, registry: Registry, records: pl.DataFrame) -> str:
    """Which format the file has, once the draft is there."""
    from forensics.formats.detect import Head, detect
    from forensics.formats.infer import with_header

    text = "\n".join(with_header(draft.context, records["raw"].to_list()))
    with_draft = replace(registry, formats={**registry.formats, draft.spec.id: draft.spec})
    return detect(with_draft, Head(text, draft.context.name)).spec.id


def _events(parsed: Parsed, zone: str) -> list[str]:
    """The first events, with the columns that say something."""
    events = parsed.events.sort("line", "part")
    head = events.head(_SHOWN)
    shown = [name for name in _COLUMNS if name in head.columns and head[name].null_count() < len(head)]
    rows = [shown, *([_cell(row[name], zone) for name in shown] for row in head.to_dicts())]
    widths = [max(_width(row[i]) for row in rows) for i in range(len(shown))]
    table = [
        "  " + "  ".join(text + " " * (w - _width(text)) for text, w in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return [f"the first {len(head)} of {len(events)} events (times in {zone})", *table]


def _cell(value: object, zone: str) -> str:
    from datetime import datetime
    from decimal import Decimal
    from zoneinfo import ZoneInfo

    from forensics.model.result import decimal_text

    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S.%f").rstrip("0").rstrip(".")
    if isinstance(value, Decimal):
        return decimal_text(value)
    text = str(value).replace("\n", "⏎")
    return text if len(text) <= _WIDE else text[: _WIDE - 1] + "…"


def _rejects(parsed: Parsed, count: int) -> list[str]:
    if parsed.rejects.is_empty():
        return [f"rejected: none of {count} records"]
    rows = parsed.rejects.sort("line").head(_SHOWN).to_dicts()
    return [
        f"rejected: {len(parsed.rejects)} of {count} records",
        *(f"  line {row['line']}: {row['reason']}: {_cell(row['raw'], 'UTC')}" for row in rows),
    ]


def _width(text: str) -> int:
    import unicodedata

    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
