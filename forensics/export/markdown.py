"""A result as Markdown, for a ticket or a wiki: the report's first screen, causes, cited lines, corrections, what is missing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from forensics.model.fault import Fault
from forensics.model.result import CaseResult
from forensics.report import story, view, wording
from forensics.report.safe import one_line
from forensics.report.texts import Lang, Texts
from forensics.report.told import Told, ToldFinding
from forensics.report.when import Zone, as_utc

MAX_LINES: Final = 20
LINE_LIMIT: Final = 300
_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]#|!~$])")


def to_markdown(
    result: CaseResult,
    lang: Lang,
    *,
    tz: str = "Asia/Shanghai",
    catalogue: Sequence[Fault] = (),
    observed_at: datetime | None = None,
) -> str:
    """Render a result as GitHub-flavoured Markdown; log text stands in code spans, nothing in it is markup.

    Raises:
        ConfigError: unknown time zone.
    """
    t, zone = Texts(lang), Zone(tz)
    told = story.build(result, t, zone, catalogue, observed_at=None if observed_at is None else as_utc(observed_at))
    many = len(told.incidents) > 1
    out = [f"# {t('title.audit' if many or not told.incidents else 'title.incident')}", ""]
    for name, lines in (("what", told.what), ("sure", told.sure), ("todo", told.todo), ("missing", told.missing)):
        out += [f"**{t(f'ask.{name}')}**", "", *(f"- {escape(line)}" for line in lines), ""]
    if told.since:
        out += [f"**{escape(told.since[0])}**", "", *(f"- {escape(line)}" for line in told.since[1:]), ""]
    for item in told.incidents:
        out += _incident(item, t, zone)
    if told.loose:
        out += [f"## {t('section.loose')}", ""]
        for finding in told.loose:
            out += _finding(finding, t, zone)
    if told.undecided:
        out += [f"## {t('section.undecided')}", ""]
        for open_ in told.undecided:
            missing = t.join(list(open_.missing)) or t("overview.none_missing")
            out.append(
                f"- {escape(open_.subject)}: {wording.quantity(open_.undecided.qty_error)}; {t('ask.missing')}: {escape(missing)}"
            )
        out.append("")
    out += _steps(result, t) + _controls(result, t, zone) + _coverage(result, t, zone)
    out += [f"_{t('meta.zone')} {zone.name}. {t('footer.limits')}_", ""]
    return "\n".join(out)


def _incident(item: Told, t: Texts, zone: Zone) -> list[str]:
    out = [f"## {t('section.incident', n=item.number, title=escape(item.title))}", ""]
    marks = "".join(f" · **{escape(mark)}**" for mark in (t("since.new") if item.new else "", item.status) if mark)
    out += [
        f"{t.word('level', item.level)} · {escape(item.subject)} · {item.when} · {code(item.incident.id)}{marks}",
        "",
        f"**{escape(item.certainty)}**",
        "",
    ]
    if item.follows:
        out += [escape(t("chain.follows", n=item.follows)), ""]
    if item.chain:
        out += [f"### {t('section.chain')}", ""]
        for n, link in enumerate(item.chain, 1):
            why = " ".join(
                part for part in (link.because, t("chain.shared", what=link.shared) if link.shared else "") if part
            )
            out.append(
                f"{n}. **{escape(t.word('chain', link.relation))}** {link.when} {escape(link.title)} ({escape(link.cause)}): "
                f"{escape(link.message)}{' — ' + escape(why) if why else ''}"
            )
        out.append("")
    if item.notes:
        out += [f"### {t('review.notes')}", "", *(f"- {escape(note)}" for note in item.notes), ""]
    if item.damage:
        told = [*item.damage, *(f"{curve.name}{t('summary.colon')}{curve.summary}" for curve in item.curves)]
        out += [f"### {t('damage.title')}", "", *(f"- {escape(line)}" for line in told), ""]
    if item.causes:
        out += [f"### {t('section.causes')}", ""]
        out += [
            f"| {t('label.cause')} | {t('label.verdict')} | {t('label.probability')} | {t('label.because')} |",
            "|---|---|---:|---|",
        ]
        for cause in item.causes:
            because = cause.because or "; ".join(cause.missing)
            verdict = f"{wording.GLYPHS.get(cause.verdict, '')} {t.word('verdict', cause.verdict)}"
            out.append(
                f"| {cell(cause.title)} | {verdict} | {cell(wording.percent(cause.probability))} | {cell(because)} |"
            )
        out.append("")
    if item.postings:
        out += [f"### {t('section.correction')}", "", t("correction.nothing_done"), ""]
        for posting in item.postings:
            change = (
                f" ({posting.before} → {posting.after})"
                if posting.before is not None and posting.after is not None
                else ""
            )
            out.append(f"- {escape(posting.sentence + change)}: {escape(posting.because)}")
            out += [f"  - {escape(label)}: {code(text)}" for label, text in posting.notes]
        out.append("")
    if item.settled:
        out += [*(escape(line) for line in item.settled), ""]
    if item.findings:
        out += [f"### {t('section.findings')}", ""]
        for finding in item.findings:
            out += _finding(finding, t, zone)
    return out


def _finding(finding: ToldFinding, t: Texts, zone: Zone) -> list[str]:
    new = f" **{t('since.new')}**" if finding.new else ""
    out = [f"- {escape(finding.message)} ({escape(finding.finding.cause)}){new}"]
    if finding.course:
        out += [f"  {escape(finding.course.paragraph)}"]
    for c in finding.cited[:MAX_LINES]:
        e = c.evidence
        note = f" {escape(e.note)}" if e.note else ""
        where = code(f"{e.file}:{e.line}")
        out.append(
            f"  - E{c.number} {t.word('role', e.role)} {zone.text(e.ts)} {escape(t.word('system', e.system))}{note} {where} "
            f"{code(one_line(e.text, LINE_LIMIT))}"
        )
    if len(finding.cited) > MAX_LINES:
        out.append(f"  - {t('overview.more_lines', n=len(finding.cited) - MAX_LINES)}")
    return [*out, ""]


def _controls(result: CaseResult, t: Texts, zone: Zone) -> list[str]:
    if not result.controls:
        return []
    heads = [t(f"control.{name}") for name in ("number", "name", "figure", "threshold")] + [t("label.state")]
    out = [f"## {t('section.controls')}", "", f"| {' | '.join(heads)} |", "|---:|---|---:|---:|---|"]
    for row in view.controls(result.controls, t, zone):
        state = row["state"] + (f", {t('control.want', want=row['why'])}" if row["why"] else "")
        cells = (row["number"], row["name"], row["figure"], row["threshold"], state)
        out.append(f"| {' | '.join(cell(text) for text in cells)} |")
    return [*out, ""]


def _steps(result: CaseResult, t: Texts) -> list[str]:
    if not result.steps:
        return []
    out = [f"## {t('section.steps')}", ""]
    for step in result.steps:
        state = t("step.done" if step.get("done") else "step.open")
        title, outcome = escape(one_line(t.pick(step.get("title")), 2000)), escape(view.step_text(step, t))
        out.append(f"{step.get('step')}. {title} — {state}: {outcome}")
    return [*out, ""]


def _coverage(result: CaseResult, t: Texts, zone: Zone) -> list[str]:
    rows = view.coverage(result, t, zone)
    if not rows:
        return []
    names = ("label.system", "label.kind", "coverage.first", "coverage.last", "coverage.rows", "coverage.gaps")
    out = [
        f"## {t('section.coverage')}",
        "",
        "| " + " | ".join(t(name) for name in names) + " |",
        "|---|---|---|---|---:|---|",
    ]
    for row in rows:
        gaps = "; ".join(row["gaps"]) or t("coverage.no_gaps")
        cells = (row["system"], row["kind"], row["first"], row["last"], row["rows"], gaps)
        out.append("| " + " | ".join(cell(value) for value in cells) + " |")
    return [*out, ""]


def escape(text: str) -> str:
    """Text that Markdown shows as it is."""
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\n", " ")
    return _SPECIAL.sub(r"\\\1", plain)


def cell(text: str) -> str:
    """Text for a table cell."""
    return escape(text.replace("\n", "⏎"))


def code(text: str) -> str:
    """A code span whose fence the text cannot close."""
    fence = "`" * (max((len(run) for run in re.findall(r"`+", text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") or not text else ""
    return f"{fence}{pad}{text}{pad}{fence}"
