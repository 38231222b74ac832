"""`forensics audit`."""

from __future__ import annotations

from pathlib import Path

import click

from forensics.cli import options, output, when


@click.command()
@options.case_option
@click.option("--since", metavar="TIME", help="Only incidents that touch the time from here on.")
@click.option("--until", metavar="TIME", help="Only incidents that touch the time up to here.")
@click.option("--fail-on", type=click.Choice(output.LEVELS), default=options.setting("fail_on", None),
              help="Exit with 1 if there is a finding of this level or above.")  # fmt: skip
@options.plan_option
@options.lang_option
@options.tz_option
@options.color_option
@options.operators_option
@options.format_option(*output.FORMATS)
@options.output_option
def audit(
    case_dir: Path, since: str | None, until: str | None, fail_on: str | None, plan_file: Path | None, lang: str, tz: str | None,
    color: bool | None, show_operators: bool, fmt: str, output: Path | None,
) -> int:  # fmt: skip
    """Run all checks over the whole case and tell the incidents, most serious first."""
    from forensics.cli.output import fails, render, write_plan

    case = options.open_the_case(case_dir, lang)
    zone = tz or case.folder.zone
    result = case.audit(when.moment(since, zone), when.moment(until, zone))
    case.record(result)
    write_plan(result, plan_file)
    render(case, result, None, fmt=fmt, lang=lang, tz=zone, color=color, output=output, show_operators=show_operators)
    return 1 if fails(result, fail_on) else 0
