"""`forensics state`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from forensics.cli import options, when

if TYPE_CHECKING:
    import polars as pl

_KINDS: Final = ("pallet", "location", "sku", "batch", "task", "doc")
_BOTH: Final = (
    "side", "pallet", "says", "location", "sku", "batch", "doc", "qty", "since", "until", "confidence", "because",
    "file", "line",
)  # fmt: skip


@click.command()
@click.argument("kind", type=click.Choice(_KINDS), required=False)
@click.argument("number", required=False)
@options.case_option
@click.option("--at", metavar="TIME", help="At this moment; without it, everything from when to when.")
@click.option("--show", type=click.Choice(("both", "book", "physical", "difference")), default="both", show_default=True,
              help="The book beside the witnesses, one of them in full, or where they disagree.")  # fmt: skip
@click.option("--lasting", metavar="SPAN", help="Only disagreements that lasted so long: 30m, 2h …")
@options.lang_option
@options.tz_option
@options.format_option("table", "json", "ndjson", "csv", "markdown")
@options.output_option
def state(
    kind: str | None, number: str | None, case_dir: Path, at: str | None, show: str, lasting: str | None, lang: str,
    tz: str | None, fmt: str, output: Path | None,
) -> None:  # fmt: skip
    r"""Where pallets were at a moment: by the book, physically, and where both disagree.

    \b
    forensics state pallet TP000123 --at '2026-03-11 10:20'
    forensics state --show difference --lasting 30m
    """
    from forensics.api import open_case
    from forensics.export import table
    from forensics.model.errors import ConfigError

    if kind is not None and number is None:
        raise ConfigError(f"which {kind}?", hint=f"forensics state {kind} NUMBER")
    if lasting is not None and show != "difference":
        raise ConfigError("--lasting is about disagreements", hint="add --show difference")
    if kind is None and at is None and show != "difference":
        raise ConfigError("say of what, or at which moment", hint="forensics state pallet NUMBER, or --at TIME")
    case = open_case(case_dir, lang=lang, queries=options.settings().get("queries", []))
    zone = tz or case.folder.zone
    moment = when.moment(at, zone)
    subject = {kind: number} if kind and number else None
    if show == "both":
        frame = _both(case.book(moment, subject), case.physical(moment, subject))
    elif show == "difference":
        frame = case.difference(moment, subject, when.span(lasting))
    else:
        frame = case.book(moment, subject) if show == "book" else case.physical(moment, subject)
    if subject and frame.is_empty():
        case.require(subject)
    if fmt in ("table", "markdown"):
        frame = _for_people(frame, zone)
    elif tz:
        frame = options.in_zone(frame, tz)
    options.write(table.frame_to_text(frame, fmt), output)


def _both(book: pl.DataFrame, physical: pl.DataFrame) -> pl.DataFrame:
    """One row per thing said, the book's before the witnesses'."""
    import polars as pl

    said = book.with_columns(side=pl.lit("book"), says="record", because=pl.lit(None, pl.String))
    seen = physical.with_columns(
        side=pl.lit("physical"), says="state", **{name: pl.lit(None, book.schema[name]) for name in ("sku", "batch", "doc", "qty")}
    )  # fmt: skip
    return pl.concat([said.select(_BOTH), seen.select(_BOTH)]).sort("pallet", maintain_order=True, nulls_last=True)


def _for_people(frame: pl.DataFrame, zone: str) -> pl.DataFrame:
    """Local times to the second, the witness as file:line, no ids, no columns that say nothing."""
    import polars as pl
    import polars.selectors as cs

    place = pl.concat_str(pl.col("file").str.split("/").list.last(), pl.lit(":"), "line")
    told = frame.with_columns(
        cs.datetime().dt.convert_time_zone(zone).dt.strftime("%Y-%m-%d %H:%M:%S"), witness=place
    ).drop("file", "line", cs.ends_with("event_id"))
    return told.select(name for name in told.columns if told[name].null_count() < told.height or told.is_empty())
