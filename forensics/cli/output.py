"""Render a result in the format asked for; one place for `trace` and `audit`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from forensics.cli import options

if TYPE_CHECKING:
    from forensics.api import Case, Trace
    from forensics.model.result import CaseResult

FORMATS = ("table", "json", "ndjson", "csv", "markdown", "html")
LEVELS = ("critical", "high", "medium", "low", "info")


def render(
    case: Case,
    result: CaseResult,
    trace: Trace | None,
    *,
    fmt: str,
    lang: Any,
    tz: str,
    color: bool | None,
    output: Path | None,
    show_operators: bool = False,
) -> None:
    """Write the result to `output` or stdout; people under pseudonyms unless they are to be shown."""
    from forensics.export import csv, json, markdown, terminal

    if fmt == "html":
        options.write(html(case, result, trace, lang=lang, tz=tz, show_operators=show_operators), output)
        return
    result = _people(case, result, show_operators)
    observed = trace.observed_at if trace else None

    if fmt == "table" and output is None:
        events = trace.events if trace else case.finding_events(result)
        terminal.print_result(
            options.console(color), result, events, lang, tz, catalogue=case.catalogue, observed_at=observed
        )
    elif fmt == "json":
        options.write(json.to_json(result), output)
    elif fmt == "ndjson":
        options.write(json.to_ndjson(result), output)
    elif fmt == "csv":
        options.write(csv.to_csv(result), output)
    else:
        options.write(markdown.to_markdown(result, lang, tz=tz, catalogue=case.catalogue, observed_at=observed), output)


def write_plan(result: CaseResult, file: Path | None) -> None:
    """The correction plan, if a file was named for it."""
    if file is not None:
        from forensics.export import plan

        options.write(plan.to_plan(result), file)


def html(
    case: Case, result: CaseResult, trace: Trace | None, *, lang: Any, tz: str, show_operators: bool = False
) -> str:
    """The incident report; people under pseudonyms unless they are to be shown."""
    from forensics.report.html import render_html

    return render_html(
        _people(case, result, show_operators),
        trace.events if trace else case.finding_events(result),
        lang=lang,
        tz=tz,
        balance=trace.balance if trace else None,
        subject=dict(trace.subject) if trace else None,
        symptom=trace.symptom if trace else None,
        observed_at=trace.observed_at if trace else None,
        catalogue=case.catalogue,
    )


def _people(case: Case, result: CaseResult, show: bool) -> CaseResult:
    from forensics.export.operators import pseudonymised

    return result if show else pseudonymised(result, case.folder.secret())


def fails(result: CaseResult, fail_on: str | None) -> bool:
    """Whether a finding is at or above the level."""
    if fail_on is None:
        return False
    bad = LEVELS[: LEVELS.index(fail_on) + 1]
    return any(finding.level in bad for finding in result.findings)
