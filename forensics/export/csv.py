"""A result for spreadsheets: one row a finding, cells that cannot become formulas."""

from __future__ import annotations

import csv
import io
import re
from typing import Any, Final

import polars as pl

from forensics.model.result import SUBJECT_FIELDS, CaseResult, decimal_text, iso
from forensics.report.safe import visible

RISKY: Final = "=+-@\t\r\n＝＋－＠"
_NUMBER: Final = r"^-?\d+(\.\d+)?$"
COLUMNS: Final = (
    "incident", "finding", "fault", "cause", "slug", "level", "verdict", "probability", "started_at", "ended_at",
    *SUBJECT_FIELDS, "qty_error", "strength", "message_zh", "message_en", "evidence",
)  # fmt: skip


def to_csv(result: CaseResult, *, bom: bool = False) -> str:
    """Findings as CSV, then undecided differences with an empty `finding`.

    Args:
        result: what was found.
        bom: begin with a byte order mark, which Excel needs to read Chinese from a file.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    owner = {fid: incident for incident in result.incidents for fid in incident.findings}
    for f in result.findings:
        incident = owner.get(f.id)
        verdict = next((c for c in incident.causes if c.cause == f.cause), None) if incident else None
        cited = "; ".join(f"{e.role} {e.file}:{e.line}" for e in f.evidence)
        row = [
            incident.id if incident else "", f.id, f.fault, f.cause, f.slug, f.level,
            verdict.verdict if verdict else "", f"{verdict.probability:.4f}" if verdict else "",
            iso(f.started_at) or "", iso(f.ended_at) or "",
            *(_subject(f.subject.get(name)) for name in SUBJECT_FIELDS),
            decimal_text(f.qty_error), f"{f.strength:g}", f.message.get("zh", ""), f.message.get("en", ""), cited,
        ]  # fmt: skip
        writer.writerow([defuse(visible(str(cell))) for cell in row])
    for u in result.undecided:
        missing = "; ".join(f"{m.system or '?'} {m.kind}" for m in u.missing)
        row = ["", "", "", "", "", "", "cannot-be-judged", "", iso(u.started_at) or "", "",
               *(_subject(u.subject.get(name)) for name in SUBJECT_FIELDS), decimal_text(u.qty_error), "", "", "", missing]  # fmt: skip
        writer.writerow([defuse(visible(str(cell))) for cell in row])
    return ("\ufeff" if bom else "") + out.getvalue()


def defuse(cell: str) -> str:
    """A cell that a spreadsheet will not run: an apostrophe before what looks like a formula; plain numbers stay numbers."""
    if cell[:1] and cell[0] in RISKY and not re.match(_NUMBER, cell):
        return "'" + cell
    return cell


def defuse_expr(column: pl.Expr) -> pl.Expr:
    """`defuse` for a text column."""
    risky = column.str.contains(r"^[=+\-@\t\r\n＝＋－＠]") & ~column.str.contains(_NUMBER)
    return pl.when(risky).then(pl.lit("'") + column).otherwise(column)


def _subject(value: Any) -> str:
    if value is None:
        return ""
    return "; ".join(str(v) for v in value) if isinstance(value, list | tuple) else str(value)
