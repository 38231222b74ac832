"""`forensics report`."""

from __future__ import annotations

from pathlib import Path

import click

from forensics.cli import options, when


@click.command()
@options.case_option
@click.option("--pallet", help="Report on one pallet …")
@click.option("--sku", help="… or SKU,")
@click.option("--location", help="… location,")
@click.option("--task", help="… task,")
@click.option("--doc", help="… document,")
@click.option("--request", help="… or request; without any of these, on the whole case.")
@click.option("--around", metavar="TIME", help="Only what happened near this moment.")
@click.option("--window", metavar="SPAN", help="How near: 2h, 3d … to each side (default 3d).")
@click.option("--symptom", metavar="F-S-02-0x", help="The fault class that was seen, if it is known.")
@click.option("--observed-at", metavar="TIME", help="When it was seen.")
@options.plan_option
@options.lang_option
@options.tz_option
@options.operators_option
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), default="report.html", show_default=True
)
def report(
    case_dir: Path, around: str | None, window: str | None, symptom: str | None, observed_at: str | None, plan_file: Path | None, lang: str,
    tz: str | None, show_operators: bool, output: Path, **subject: str | None,
) -> None:  # fmt: skip
    """Write the HTML incident report: one file, offline, printable."""
    import hashlib

    from forensics.cli.output import html, write_plan
    from forensics.store import custody

    case = options.open_the_case(case_dir, lang)
    zone = tz or case.folder.zone
    if any(subject.values()) or symptom:
        found = case.trace(
            **subject, around=when.moment(around, zone), window=when.span(window), symptom=symptom,
            observed_at=when.moment(observed_at, zone),
        )  # fmt: skip
        result, text = found.result, html(case, found.result, found, lang=lang, tz=zone, show_operators=show_operators)
    else:
        result = case.audit()
        text = html(case, result, None, lang=lang, tz=zone, show_operators=show_operators)
    write_plan(result, plan_file)
    options.write(text, output)
    with case.folder.lock():
        custody.append(
            case.folder.custody, "report", file=str(output), sha256=hashlib.sha256(output.read_bytes()).hexdigest(),
            subject={key: value for key, value in subject.items() if value},
        )  # fmt: skip
    click.echo(str(output))
