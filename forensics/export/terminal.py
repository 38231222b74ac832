"""A result in the terminal: the verdict first, then causes, evidence, what is missing, the correction, the lanes.

All text goes out as `rich.text.Text`, never as markup, and is free of control characters. What the console's encoding
cannot write (a Windows console in GBK, a C locale) is replaced by the nearest plain character.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

import polars as pl
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from forensics.model.event import SYSTEMS
from forensics.model.fault import Fault
from forensics.model.result import CaseResult, Control
from forensics.report import story, view, wording
from forensics.report.rows import gap_ms, prepare
from forensics.report.safe import NEWLINE_MARK, one_line
from forensics.report.texts import Lang, Texts
from forensics.report.told import RankedCause, Told, ToldFinding
from forensics.report.when import Zone, as_utc, length

NARROW: Final = 76
MAX_INCIDENTS: Final = 10
MAX_CITED: Final = 12
MAX_ROWS: Final = 120
MAX_NOTE: Final = 400
BAR: Final = 20
_LEVEL: Final = {
    "critical": "bold white on red",
    "high": "bold red",
    "medium": "bold yellow",
    "low": "bold blue",
    "info": "bold",
}
_VERDICT: Final = {"shown": "bold red", "possible": "yellow", "refuted": "dim", "cannot-be-judged": "cyan"}
_MARKS: Final = {"for": ("◆", "bold red"), "against": ("■", "bold blue"), "bad": ("▲", "yellow"), "other": ("●", "")}
_NO_START: Final = frozenset("，。、；：？！）》】”’%")
_LANES: Final = {"scanner": "SCAN", "unknown": "?"}
_PLAIN: Final = str.maketrans({
    "\u00a0": " ", "−": "-", "–": "-", "—": "-", "…": "...", "·": "|", "→": "->", "▸": ">", "●": "*", "◐": "o", "✕": "x", "◆": "#", "■": "=", "▲": "!",
    "│": "|", "█": "#", "░": ".", "✓": "+", "○": "o", "⏎": "\\n", "“": '"', "”": '"', "’": "'", "±": "+/-", "↓": "v", "─": "-",
})  # fmt: skip


def print_result(
    console: Console,
    result: CaseResult,
    events: pl.DataFrame,
    lang: Lang,
    tz: str,
    *,
    catalogue: Sequence[Fault] = (),
    observed_at: datetime | None = None,
    max_rows: int = MAX_ROWS,
) -> None:
    """Print a result for a person.

    Args:
        console: where to; its width, colours (`NO_COLOR`) and encoding are respected.
        result: what was found.
        events: rows for the lanes, as for the HTML report; may be empty.
        lang: language.
        tz: display zone.
        catalogue: names of faults and causes.
        observed_at: when the user saw it.
        max_rows: lines of the timeline at most.

    Raises:
        ConfigError: unknown time zone.
    """
    observed = None if observed_at is None else as_utc(observed_at)
    _Printer(console, result, events, Texts(lang), Zone(tz), catalogue, observed, max_rows).run()


def encodable(text: str, encoding: str) -> str:
    """The text with what `encoding` cannot write replaced by the nearest plain character."""
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return "".join(_one(char, encoding) for char in text)
    return text


def _one(char: str, encoding: str) -> str:
    for form in (char, char.translate(_PLAIN)):
        try:
            form.encode(encoding)
        except (UnicodeEncodeError, LookupError):
            continue
        return form
    return "?"


class _Printer:
    def __init__(
        self,
        console: Console,
        result: CaseResult,
        events: pl.DataFrame,
        t: Texts,
        zone: Zone,
        catalogue: Sequence[Fault],
        observed: datetime | None,
        max_rows: int,
    ) -> None:
        self.console, self.result, self.events, self.t, self.zone = console, result, events, t, zone
        self.observed, self.max_rows = observed, max_rows
        self.story = story.build(result, t, zone, catalogue, observed_at=observed)
        self.narrow = console.width < NARROW

    def run(self) -> None:
        self._answers()
        self._since()
        for told in self.story.incidents[:MAX_INCIDENTS]:
            self._incident(told)
        rest = len(self.story.incidents) - MAX_INCIDENTS
        if rest > 0:
            self._line((self.t("summary.and_more", n=rest), "dim"))
        for finding in self.story.loose[:MAX_INCIDENTS]:
            self._finding(finding)
        self._undecided()
        self._controls()
        self._timeline()

    # --- lines ---------------------------------------------------------------------------------------------------

    def _line(self, *parts: tuple[str, str], indent: int = 0, one: bool = False, hang: int = 0) -> None:
        text = Text(end="")
        for content, style in parts:
            text.append(encodable(one_line(content), self.console.encoding), style=style)
        width = max(self.console.width - indent, 20)
        if one:
            text.truncate(width, overflow="ellipsis" if encodable("…", self.console.encoding) == "…" else "crop")
            lines = [text]
        else:
            lines = _wrap(text, max(width - hang, 20))
        for n, line in enumerate(lines):
            line.rstrip()
            self.console.print(Text(" " * (indent + (hang if n else 0))) + line, soft_wrap=True, highlight=False)

    def _head(self, text: str) -> None:
        self.console.print()
        self._line((text, "bold underline"))

    def _answers(self) -> None:
        story_ = self.story
        level = story_.incidents[0].level if story_.incidents else ""
        for n, (name, lines) in enumerate(
            (("what", story_.what), ("sure", story_.sure), ("todo", story_.todo), ("missing", story_.missing))
        ):
            if n:
                self.console.print()
            badge = ((f" {self.t.word('level', level)} ", _LEVEL[level]), (" ", "")) if name == "what" and level else ()
            self._line(*badge, (self.t(f"ask.{name}"), "bold cyan"))
            for k, line in enumerate(lines):
                self._line((line, "bold" if k == 0 else ""), indent=2)

    def _since(self) -> None:
        if self.story.since:
            self.console.print()
        for n, line in enumerate(self.story.since):
            self._line((line, "" if n else "bold"), indent=2 if n else 0)

    # --- incidents -----------------------------------------------------------------------------------------------

    def _incident(self, told: Told) -> None:
        self._head(self.t("section.incident", n=told.number, title=told.title))
        new = (f"  {self.t('since.new')}" if told.new else "", "bold green")
        state = (f"  {told.status}" if told.status else "", "bold cyan")
        self._line((f"{told.subject} · {told.when} · {told.incident.id}", "dim"), new, state)
        for note in told.notes:
            self._line((note, "cyan"), indent=2, hang=2)
        for line in (*told.damage, *(f"{c.name}{self.t('summary.colon')}{c.summary}" for c in told.curves)):
            self._line((line, "yellow"), indent=2, hang=2)
        self._chain(told)
        for n, cause in enumerate(told.causes, 1):
            self._cause(n, cause)
        for finding in told.findings[:MAX_INCIDENTS]:
            self._finding(finding)
        if len(told.findings) > MAX_INCIDENTS:
            self._line((self.t("overview.more_findings", n=len(told.findings) - MAX_INCIDENTS), "dim"))
        if told.postings:
            self.console.print()
            self._line((self.t("section.correction"), "bold"))
            for posting in told.postings:
                change = f"  {posting.before} → {posting.after}" if posting.before and posting.after else ""
                self._line((posting.sentence, "green"), (change, "bold"), indent=2, hang=2)
                self._line((posting.because, "dim"), indent=4)
                for label, text in posting.notes:
                    self._line((f"{label} ", "dim"), (one_line(text, MAX_NOTE), ""), indent=4, hang=2)
            self._line((self.t("correction.nothing_done"), "dim"), indent=2)
        for line in told.settled:
            self._line((line, "green"), indent=2)

    def _chain(self, told: Told) -> None:
        if told.follows:
            self._line((self.t("chain.follows", n=told.follows), "yellow"), indent=2, hang=2)
        if told.chain:
            self._line((self.t("section.chain"), "bold"))
        for link in told.chain[:MAX_INCIDENTS]:
            how = self.t.word("chain", link.relation)
            why = " ".join(
                part for part in (link.because, link.shared and self.t("chain.shared", what=link.shared)) if part
            )
            if link.relation != "root":
                self._line(("↓ ", "bold"), (how, "yellow"), (f"  {why}" if why else "", "dim"), indent=2, hang=2)
            elsewhere = f"  {self.t('chain.tells', n=link.incident)}" if link.incident != told.number else ""
            self._line(
                (f"{link.when}  ", ""), (link.title, "bold"), (f"  {link.cause}{elsewhere}", "dim"), indent=4, hang=2
            )
        if len(told.chain) > MAX_INCIDENTS:
            self._line((self.t("summary.and_more", n=len(told.chain) - MAX_INCIDENTS), "dim"), indent=4)

    def _cause(self, n: int, cause: RankedCause) -> None:
        style = _VERDICT.get(cause.verdict, "")
        filled = round(min(max(cause.probability, 0.0), 1.0) * BAR) if cause.probability == cause.probability else 0
        bar = (("█" * filled, style), ("░" * (BAR - filled), "dim"))
        share = (f" {wording.percent(cause.probability):>6}  ", "bold")
        verdict = (f"{wording.GLYPHS.get(cause.verdict, '')} {self.t.word('verdict', cause.verdict)}", style)
        if self.narrow:
            self._line((f"{n}. {cause.title}", "bold"))
            self._line(*bar, share, verdict, indent=3)
        else:
            self._line((f"{n}. ", "bold"), *bar, share, verdict, ("  ", ""), (cause.title, "bold"), hang=3)
        detail = 3
        if cause.because:
            self._line((cause.because, ""), indent=detail)
        for label, cited in (("label.supporting", cause.supporting), ("label.opposing", cause.opposing)):
            if cited:
                numbers = " ".join(f"E{c.number}" for c in cited[:MAX_CITED]) + (" …" if len(cited) > MAX_CITED else "")
                self._line((f"{self.t(label)} ", "dim"), (numbers, ""), indent=detail)
        for missing in cause.missing:
            self._line((f"{self.t('label.lacking')} ", "dim"), (missing, "cyan"), indent=detail)

    def _finding(self, finding: ToldFinding) -> None:
        self.console.print()
        new = (f"  {self.t('since.new')}" if finding.new else "", "bold green")
        self._line((finding.message, "bold"), (f"  {finding.finding.cause}", "dim"), new)
        if finding.course:
            self._line((finding.course.paragraph, ""), indent=2)
        for c in finding.cited[:MAX_CITED]:
            e = c.evidence
            style = "red" if e.role == "for" else "blue"
            head = f"E{c.number:<3}{self.t.word('role', e.role)}  "
            note = f"{e.note}  " if e.note else ""
            self._line(
                (head, style), (self.zone.text(e.ts), ""), (f"  {self.t.word('system', e.system)}  ", "bold"), (note, ""),
                (f"{e.file}:{e.line}", "underline"), indent=2, hang=4,
            )  # fmt: skip
            self._line((one_line(e.text, 400), "dim"), indent=6, one=True)
        if len(finding.cited) > MAX_CITED:
            self._line((self.t("overview.more_lines", n=len(finding.cited) - MAX_CITED), "dim"), indent=2)

    def _undecided(self) -> None:
        if not self.story.undecided:
            return
        self._head(self.t("section.undecided"))
        for item in self.story.undecided[:MAX_INCIDENTS]:
            self._line(
                (item.subject, "bold"),
                (f"  {wording.quantity(item.undecided.qty_error)}" if item.undecided.qty_error else "", ""),
                hang=2,
            )
            for n, cause in enumerate(item.causes, 1):
                self._cause(n, cause)
            for missing in item.missing:
                self._line((f"{self.t('label.lacking')} ", "dim"), (missing, "cyan"), indent=3)
        rest = len(self.story.undecided) - MAX_INCIDENTS
        if rest > 0:
            self._line((self.t("summary.and_more", n=rest), "dim"))

    # --- controls ------------------------------------------------------------------------------------------------

    def _controls(self) -> None:
        if not self.result.controls:
            return
        self._head(self.t("section.controls"))
        heads = (self.t("control.figure"), self.t("control.limit"), self.t("label.state"))
        lines = [self._measured(control) for control in self.result.controls]
        widths = [max(cell_len(line[n]) for line in (heads, *lines)) for n in range(3)]
        left = 4 + sum(widths) + 6  # number, three cells, two spaces after each
        if not self.narrow:
            self._line((f"    {_cells(heads, widths)}{self.t('control.name')}", "dim"), one=True)
        for control, line in zip(self.result.controls, lines, strict=True):
            style = {True: "green", False: "bold red", None: "cyan"}[control.ok]
            title = self.t.pick(control.title) or control.id
            number = (f"{control.number or '':>2}  ", "dim")
            if self.narrow:
                self._line(number, (title, ""), hang=4)
                self._line((_cells(line, [0, 0, 0]), style), indent=4, hang=4)
            else:
                first, *more = _wrap(Text(title), max(self.console.width - left, 20))
                self._line(number, (_cells(line, widths), style), (first.plain, ""), one=True)
                for part in more:
                    self._line((part.plain, ""), indent=left)
            if control.missing:
                self._line((self.t("control.want", want=self.t.pick(control.missing)), "dim"), indent=4, hang=2)

    def _measured(self, control: Control) -> tuple[str, str, str]:
        say = view.Words(control, self.t, self.zone)
        limit = "" if control.threshold is None else f"({say.number(control.threshold)})"
        return say.figure(control.figure), limit, say.state

    # --- lanes ---------------------------------------------------------------------------------------------------

    def _timeline(self) -> None:
        around = self.observed or next(
            (i.incident.started_at for i in self.story.incidents if i.incident.started_at), None
        )
        shown = prepare(
            self.events, self.result, self.story.numbers, self.story.roles, self.t, self.zone.name,
            limit=self.max_rows, around=around,
        )  # fmt: skip
        if shown.frame.is_empty():
            return
        self._head(self.t("section.timeline"))
        self._line((f"{self.t('meta.zone')} {self.zone.name}", "dim"))
        present = set(shown.frame["system_id"])
        lanes = [system for system in (*SYSTEMS, "unknown") if system in present]
        widths = {system: max(3, cell_len(_lane(system))) for system in lanes}
        taken = 14 + sum(width + 1 for width in widths.values())
        self.narrow = self.narrow or self.console.width - taken < 44
        if not self.narrow:
            self._line((" " * 14 + " ".join(_lane(s).center(widths[s]) for s in lanes), "bold"), one=True)
        for parts, indent in self._rows(shown.frame, lanes, widths):
            self._line(*parts, indent=indent, one=True)
        if shown.left_out:
            kinds = self.t.join([f"{self.t.word('kind', kind)} {n:,}" for kind, n in shown.left_out.items()])
            rest = sum(shown.left_out.values())
            self._line(
                (
                    self.t(
                        "timeline.left_out",
                        total=f"{shown.total:,}",
                        n=f"{shown.frame.height:,}",
                        rest=f"{rest:,}",
                        kinds=kinds,
                    ),
                    "dim",
                )
            )

    def _rows(
        self, frame: pl.DataFrame, lanes: list[str], widths: dict[str, int]
    ) -> Iterator[tuple[list[tuple[str, str]], int]]:
        previous: datetime | None = None
        day, marked = "", self.observed is None
        pause = timedelta(milliseconds=gap_ms(frame))
        for row in frame.iter_rows(named=True):
            ts: datetime | None = row["ts"]
            if not marked and self.observed is not None and (ts is None or ts > self.observed):
                marked = True
                yield (
                    [(f"───── {self.t('timeline.observed')} {self.zone.text(self.observed)} ─────", "bold magenta")],
                    0,
                )
            if ts is not None and previous is not None and ts - previous > pause:
                yield (
                    [(self.t("timeline.gap_row", length=length(ts - previous, self.t.lang)), "dim")],
                    14 if not self.narrow else 2,
                )
            previous = ts or previous
            text = self.zone.text(ts, row["precision"])
            if ts is not None and text[:10] != day:
                day = text[:10]
                yield [(day, "bold")], 0
            clock = (text[11:] or text) if ts is not None else text
            yield from self._row(row, clock, lanes, widths)

    def _row(
        self, row: dict[str, object], clock: str, lanes: list[str], widths: dict[str, int]
    ) -> Iterator[tuple[list[tuple[str, str]], int]]:
        glyph, style = _MARKS[str(row["mark"])]
        number = f"E{row['cited']} " if row["cited"] is not None else ""
        where = f"{row['file'] or '?'}:{row['line']}" if row["line"] is not None else str(row["file"] or "?")
        subject = f"  {row['subject']}" if row["subject"] else ""
        qty = f"  {row['qty'] or row['qty_counted']}" if row["qty"] or row["qty_counted"] else ""
        if self.narrow:
            yield (
                [
                    (f"{clock} ", ""),
                    (f"{glyph} {_lane(str(row['system_id']))} ", style or "bold"),
                    (number, style),
                    (str(row["what"]), ""),
                ],
                0,
            )
            yield [(f"{subject.strip()}{qty}  " if subject or qty else "", ""), (where, "dim")], 4
            return
        parts: list[tuple[str, str]] = [(f"{clock[:13]:<14}", "")]
        for system in lanes:
            here = system == row["system_id"]
            parts += [((glyph if here else "│").center(widths[system]), style if here else "dim"), (" ", "")]
        text = str(row["text"]).replace("\n", NEWLINE_MARK) if not row["what"] else ""
        yield (
            [
                *parts,
                (" ", ""),
                (number, style),
                (str(row["what"]) or text, "bold" if number else ""),
                (subject, ""),
                (qty, "bold"),
                (f"  {where}", "dim"),
            ],
            0,
        )


def _wrap(text: Text, width: int) -> list[Text]:
    """Lines of at most `width` cells, broken at spaces and between Chinese characters, not only at spaces."""
    plain, cuts, start, used, last = text.plain, [], 0, 0, 0
    for n, char in enumerate(plain):
        size = cell_len(char)
        if used + size > width:
            cut = last if last > start else n
            cuts.append(cut)
            start, used = cut, cell_len(plain[cut:n])
        used += size
        follows = plain[n + 1 : n + 2]
        if (
            char == " "
            or (size == 2 and follows not in _NO_START)
            or (cell_len(follows) == 2 and follows not in _NO_START)
        ):
            last = n + 1
    return list(text.divide(cuts))


def _cells(line: Sequence[str], widths: Sequence[int]) -> str:
    """Figure and limit set right, state set left, two spaces after each."""
    gaps = [" " * (width - cell_len(text)) for text, width in zip(line, widths, strict=True)]
    return f"{gaps[0]}{line[0]}  {gaps[1]}{line[1]}  {line[2]}{gaps[2]}  "


def _lane(system: str) -> str:
    return _LANES.get(system, system.upper())
