"""`forensics trace`."""

from __future__ import annotations

from pathlib import Path

import click

from forensics.cli import options, output, when

_KINDS = ("pallet", "sku", "location", "task", "doc", "request")


@click.command()
@click.argument("kind", type=click.Choice(_KINDS))
@click.argument("number")
@options.case_option
@click.option("--around", metavar="TIME", help="Only what happened near this moment.")
@click.option("--window", metavar="SPAN", help="How near: 2h, 3d … to each side (default 3d).")
@click.option("--symptom", metavar="F-S-02-0x", help="The fault class that was seen, if it is known.")
@click.option("--observed-at", metavar="TIME", help="When it was seen.")
@options.plan_option
@options.lang_option
@options.tz_option
@options.color_option
@options.operators_option
@options.format_option(*output.FORMATS)
@options.output_option
def trace(
    kind: str, number: str, case_dir: Path, around: str | None, window: str | None, symptom: str | None,
    observed_at: str | None, plan_file: Path | None, lang: str, tz: str | None, color: bool | None, show_operators: bool, fmt: str,
    output: Path | None,
) -> None:  # fmt: skip
    r"""Follow one pallet, SKU, location, task or document through all systems.

    \b
    forensics trace pallet TP000123 --around '2026-03-11 10:20' --symptom F-S-02-01
    """
    from forensics.cli.output import render, write_plan

    case = options.open_the_case(case_dir, lang)
    zone = tz or case.folder.zone
    found = case.trace(
        **{kind: number},
        around=when.moment(around, zone),
        window=when.span(window),
        symptom=symptom,
        observed_at=when.moment(observed_at, zone),
    )
    write_plan(found.result, plan_file)
    render(
        case, found.result, found, fmt=fmt, lang=lang, tz=zone, color=color, output=output, show_operators=show_operators,
    )  # fmt: skip
