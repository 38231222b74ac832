"""What a result says, in the order in which a reader asks: what happened, how sure, what to do, what is missing.

Every rendering for people (HTML, Markdown, terminal) is made from this; none of them decides anything itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from forensics.model.fault import Cause, Fault
from forensics.model.result import (
    LEVELS,
    CaseResult,
    CauseVerdict,
    Correction,
    Evidence,
    Finding,
    Incident,
    Settled,
    Subject,
    Undecided,
)
from forensics.report import course, damage
from forensics.report.paths import evidence_folder, short
from forensics.report.safe import one_line
from forensics.report.texts import DASH, Texts
from forensics.report.told import Cited, Open, Posting, RankedCause, Story, Told, ToldFinding
from forensics.report.when import Zone
from forensics.report.wording import (
    kind_text,
    missing_text,
    note_text,
    percent,
    quantity,
    review_text,
    subject_text,
    value_text,
)

NONE_OF_THESE: Final = ("none", "none-of-these", "other", "unknown")
_FAR: Final = datetime.max.replace(tzinfo=UTC)
_ORDER: Final = {"shown": 0, "possible": 1, "cannot-be-judged": 2, "refuted": 3}
MAX_RESOLVED: Final = 10
_BEFORE: Final = ("before", "book_before", "balance_before", "qty_before")
_AFTER: Final = ("after", "book_after", "balance_after", "qty_after")


def build(
    result: CaseResult,
    texts: Texts,
    zone: Zone,
    catalogue: Sequence[Fault] = (),
    *,
    observed_at: datetime | None = None,
) -> Story:
    """Tell a result in one language.

    Args:
        result: what the audit or trace found.
        texts: the language.
        zone: the display zone.
        catalogue: names of faults and causes; without it their slugs are shown.
        observed_at: the moment the user saw the fault, to order incidents of equal weight.
    """
    return _Teller(result, texts, zone, catalogue, observed_at).tell()


class _Teller:
    def __init__(
        self, result: CaseResult, texts: Texts, zone: Zone, catalogue: Sequence[Fault], observed_at: datetime | None
    ) -> None:
        self.result, self.t, self.zone, self.observed_at = result, texts, zone, observed_at
        self.faults = {fault.id: fault for fault in catalogue}
        self.causes: dict[str, Cause] = {cause.id: cause for fault in catalogue for cause in fault.causes}
        self.findings = {finding.id: finding for finding in result.findings}
        self.folder = evidence_folder(result)
        self.new = set(result.since_last.new) if result.since_last else set()
        self.numbers: dict[str, int] = {}
        self.roles: dict[str, str] = {}

    def tell(self) -> Story:
        ordered = sorted(self.result.incidents, key=self._weight)
        told = tuple(self._incident(number, incident) for number, incident in enumerate(ordered, 1))
        inside = {fid for incident in self.result.incidents for fid in incident.findings}
        loose = tuple(self._finding(f) for f in self.result.findings if f.id not in inside)
        undecided = tuple(self._open(item) for item in self.result.undecided)
        return Story(
            what=self._what(told, loose, undecided),
            sure=self._sure(told, undecided),
            todo=self._todo(told, loose, undecided),
            missing=self._missing(told, undecided),
            incidents=told,
            undecided=undecided,
            numbers=self.numbers,
            roles=self.roles,
            loose=loose,
            since=self._since(),
        )

    def _since(self) -> tuple[str, ...]:
        last = self.result.since_last
        if last is None:
            return ()
        counts = {"new": len(last.new), "known": len(last.known), "resolved": len(last.resolved)}
        lines = [self.t("since.line", at=self.zone.text(last.previous_at.replace(microsecond=0)), **counts)]
        for one in last.resolved[:MAX_RESOLVED]:
            cause = f"{self.cause_title(one.cause, one.cause)} ({one_line(one.cause, 40)})"
            lines.append(self.t("since.resolved", id=one.id, cause=cause, subject=subject_text(one.subject, self.t)))
        if len(last.resolved) > MAX_RESOLVED:
            lines.append(self.t("summary.and_more", n=len(last.resolved) - MAX_RESOLVED))
        return tuple(lines)

    # --- one incident -------------------------------------------------------------------------------------------

    def _own(self, incident: Incident) -> list[Finding]:
        return [self.findings[fid] for fid in incident.findings if fid in self.findings]

    def _level(self, incident: Incident) -> str:
        levels = [f.level for f in self._own(incident) if f.level in LEVELS]
        return min(levels, key=LEVELS.index) if levels else "info"

    def _weight(self, incident: Incident) -> tuple[Any, ...]:
        distance = 0.0
        if self.observed_at is not None and incident.started_at is not None:
            distance = abs((incident.started_at - self.observed_at).total_seconds())
        stake = max((abs(f.qty_error) for f in self._own(incident)), default=Decimal(0))
        return LEVELS.index(self._level(incident)), -stake, distance, incident.started_at or _FAR, incident.id

    def _incident(self, number: int, incident: Incident) -> Told:
        findings = tuple(
            self._finding(f) for f in sorted(self._own(incident), key=lambda f: self._rank_of(f, incident))
        )
        causes = self._rank(incident.causes, findings)
        title = self.fault_title(incident.fault)
        top = causes[0] if causes else None
        if top is None:
            certainty = self.t("sure.no_cause")
        else:
            certainty = self.t(f"sure.{top.verdict}", cause=top.title, p=percent(top.probability))
        return Told(
            number=number,
            incident=incident,
            level=self._level(incident),
            title=title,
            subject=subject_text(incident.subject, self.t),
            when=self.zone.span(incident.started_at, incident.ended_at),
            headline=findings[0].message if findings else title,
            certainty=certainty,
            causes=causes,
            findings=findings,
            postings=tuple(self._posting(c) for c in incident.correction),
            settled=tuple(self._settled(one) for one in incident.settled),
            status=self.t.word("review_state", incident.status) if incident.status else "",
            notes=tuple(review_text(note, self.t, self.zone) for note in incident.notes),
            damage=damage.tell(incident.damage, self.t, self.zone),
            curves=tuple(damage.draw(curve, incident.damage, self.t, self.zone) for curve in incident.balance),
        )

    @staticmethod
    def _rank_of(finding: Finding, incident: Incident) -> tuple[Any, ...]:
        shares = {cause.cause: cause.probability for cause in incident.causes}
        return -shares.get(finding.cause, 0.0), finding.started_at or _FAR, finding.id

    def _finding(self, finding: Finding) -> ToldFinding:
        message = one_line(self.t.pick(finding.message), 2000) or self.cause_title(finding.cause, finding.slug)
        return ToldFinding(
            finding,
            self.cause_title(finding.cause, finding.slug),
            message,
            cited := self._cite(finding.evidence),
            finding.id in self.new,
            course.tell(finding, {c.evidence.event_id: c.number for c in cited}, self.t, self.zone),
        )

    def _cite(self, evidence: Sequence[Evidence]) -> tuple[Cited, ...]:
        cited = []
        for item in sorted(evidence, key=lambda e: (e.ts or _FAR, e.file, e.line, e.event_id)):
            number = self.numbers.setdefault(item.event_id, len(self.numbers) + 1)
            if item.role == "for" or item.event_id not in self.roles:
                self.roles[item.event_id] = item.role
            clean = replace(item, file=one_line(short(item.file, self.folder), 300), note=note_text(item.note, self.t))
            cited.append(Cited(number, clean))
        return tuple(cited)

    def _rank(self, verdicts: Sequence[CauseVerdict], findings: Sequence[ToldFinding]) -> tuple[RankedCause, ...]:
        by_cause: dict[str, list[Cited]] = {}
        for told in findings:
            by_cause.setdefault(told.finding.cause, []).extend(told.cited)
        ranked = []
        for verdict in sorted(verdicts, key=lambda v: (-v.probability, _ORDER.get(v.verdict, 9), v.cause)):
            known = self.causes.get(verdict.cause)
            lines = list({c.number: c for c in by_cause.get(verdict.cause, [])}.values())
            ranked.append(
                RankedCause(
                    cause=verdict.cause,
                    title=self.cause_title(verdict.cause, verdict.slug),
                    probability=verdict.probability,
                    verdict=verdict.verdict,
                    because=one_line(self.t.pick(verdict.because), 2000),
                    missing=tuple(missing_text(m, self.t, self.zone) for m in verdict.missing),
                    signature=self.t.pick(known.signature) if known else "",
                    contradiction=self.t.pick(known.contradiction) if known else "",
                    supporting=tuple(c for c in lines if c.evidence.role == "for"),
                    opposing=tuple(c for c in lines if c.evidence.role != "for"),
                )
            )
        return tuple(ranked)

    def _open(self, item: Undecided) -> Open:
        return Open(
            undecided=item,
            subject=subject_text(item.subject, self.t),
            causes=self._rank(item.causes, ()),
            missing=tuple(missing_text(m, self.t, self.zone) for m in item.missing),
        )

    def _posting(self, correction: Correction) -> Posting:
        subject: Subject = {
            "sku": correction.sku,
            "batch": correction.batch,
            "pallet": correction.pallet,
            "location": correction.location,
        }
        sentence = one_line(self.t.word("correction", correction.action), 200)
        if correction.qty is not None:
            sentence += self.t("correction.qty", qty=quantity(correction.qty))
        where = subject_text(subject, self.t)
        if where != DASH:
            sentence += self.t("correction.of", subject=where)
        details = correction.details
        first = next(iter(correction.effect), None)
        before = (
            quantity(first.before) if first else next((quantity(details[k]) for k in _BEFORE if k in details), None)
        )
        after = quantity(first.after) if first else next((quantity(details[k]) for k in _AFTER if k in details), None)
        rest = tuple(
            (one_line(self.t.word("field", key), 80), value_text(value, self.t, self.zone))
            for key, value in sorted(details.items())
            if key not in _BEFORE + _AFTER and value is not None
        )
        because = self.t.pick(correction.reason) or correction.because
        return Posting(correction, sentence, one_line(because, 2000), before, after, rest, self._notes(correction))

    def _notes(self, correction: Correction) -> tuple[tuple[str, str], ...]:
        notes: list[tuple[str, str]] = []
        if correction.risk:
            level = self.t.word("level", correction.risk.get("level", ""))
            notes.append(
                (
                    self.t("correction.risk"),
                    f"{level}{self.t('summary.colon')}{one_line(self.t.pick(correction.risk), 500)}",
                )
            )
        for effect in correction.effect[1:]:
            where = self.t.join(
                [one_line(str(v), 100) for v in (effect.location, effect.pallet, effect.sku, effect.doc) if v]
            )
            notes.append(
                (self.t("correction.further"), f"{where}  {quantity(effect.before)} → {quantity(effect.after)}")
            )
        for request in correction.replay:
            sent = [request.method, request.url, request.receiver and f"→ {request.receiver}", request.request_id]
            notes.append((self.t("correction.message"), one_line(" ".join(part for part in sent if part) or DASH, 500)))
            times = [one["at"] for one in request.attempts if one["at"] is not None]
            when = self.zone.span(min(times), max(times)) if times else DASH
            outcomes = self.t.join(
                list(dict.fromkeys(self.t.word("outcome", str(one["outcome"])) for one in request.attempts))
            )
            counted = self.t("correction.failed", n=request.failed, when=when)
            notes.append((self.t("correction.attempts"), one_line(f"{counted} ({outcomes})", 500)))
            notes.append((self.t("correction.again"), one_line(self.t.pick(request.because), 500)))
            if request.headers:
                told = "; ".join(f"{name}: {value}" for name, value in request.headers.items())
                notes.append((self.t("correction.headers"), one_line(told, 1000)))
            if request.body:
                notes.append((self.t("correction.body"), one_line(request.body, 2000)))
        return tuple(notes)

    def _settled(self, one: Settled) -> str:
        action = self.t.word("correction", one.action)
        qty = self.t("correction.qty", qty=quantity(one.qty))
        return one_line(self.t("correction.settled", action=action, qty=qty, because=self.t.pick(one.because)), 500)

    def fault_title(self, fault: str) -> str:
        """The name of a fault class, its id if the catalogue does not have it."""
        known = self.faults.get(fault)
        return (self.t.pick(known.title) if known else "") or self.t.word("fault", fault)

    def cause_title(self, cause: str, slug: str) -> str:
        """The name of a cause, its slug if the catalogue does not have it."""
        known = self.causes.get(cause)
        if known is not None:
            return self.t.pick(known.title) or slug
        if slug in NONE_OF_THESE or cause in NONE_OF_THESE:
            return self.t("summary.none_of_these")
        return slug or cause

    # --- the first screen ---------------------------------------------------------------------------------------

    def _what(self, told: Sequence[Told], loose: Sequence[ToldFinding], undecided: Sequence[Open]) -> tuple[str, ...]:
        lines: list[str] = []
        if len(told) > 1:
            levels = [(level, sum(t.level == level for t in told)) for level in LEVELS]
            counted = self.t.join([f"{self.t.word('level', level)} {n}" for level, n in levels if n])
            lines.append(self.t("summary.incidents", n=len(told), levels=counted))
            lines += [f"{t.number}. {t.title}{self.t('summary.colon')}{one_line(t.subject, 160)}" for t in told[:3]]
        elif told:
            lines += [told[0].headline, *told[0].damage[:2]]
        elif loose:
            lines += [f.message for f in loose[:3]]
        if len(undecided) == 1 and not lines:
            lines.append(self.t("summary.open", subject=undecided[0].subject))
        elif undecided:
            key = "summary.undecided" if lines else "summary.undecided_only"
            lines.append(self.t(key, n=len(undecided)))
        return tuple(lines) or (self.t("summary.nothing"),)

    def _sure(self, told: Sequence[Told], undecided: Sequence[Open]) -> tuple[str, ...]:
        if len(told) > 1:
            tops = [t.top.verdict for t in told if t.top]
            counted = [(v, tops.count(v)) for v in _ORDER if v in tops]
            line = self.t("summary.by_verdict") + self.t.join([f"{self.t.word('verdict', v)} {n}" for v, n in counted])
            return (line, *(f"{t.number}. {t.certainty}" for t in told[:3]))
        if told:
            lines = [told[0].certainty]
            others = [c for c in told[0].causes[1:] if c.verdict != "refuted"][:2]
            if others:
                pairs = self.t.join([f"{c.title} {percent(c.probability)}" for c in others])
                lines.append(self.t("summary.otherwise", causes=pairs))
            refuted = sum(c.verdict == "refuted" for c in told[0].causes)
            if refuted:
                lines.append(self.t("summary.refuted", n=refuted))
            return tuple(lines)
        if undecided:
            top = undecided[0].causes[0] if len(undecided) == 1 and undecided[0].causes else None
            if top is None:
                return (self.t("sure.undecided"),)
            line = self.t(f"sure.{top.verdict}", cause=top.title, p=percent(top.probability))
            return (self.t("sure.undecided"), line)
        return (self.t("sure.nothing"),)

    def _todo(self, told: Sequence[Told], loose: Sequence[ToldFinding], undecided: Sequence[Open]) -> tuple[str, ...]:
        many = len(told) > 1
        postings = [(t.number, p) for t in told for p in t.postings]
        lines = [self.t("summary.postings", n=len(postings))] if many and postings else []
        lines += [(f"{n}. " if many else "") + p.sentence for n, p in postings[:3]]
        if len(postings) > 3:
            lines.append(self.t("summary.more_postings", n=len(postings) - 3))
        open_steps = [s for s in self.result.steps if not s.get("done")]
        if open_steps:
            titles = self.t("summary.semicolon").join(
                one_line(self.t.pick(s.get("title")), 120) for s in open_steps[:3]
            )
            lines.append(self.t("summary.open_steps", n=len(open_steps), titles=titles))
        if self._missing_logs(told, undecided) or (not told and not undecided and self._lacking()):
            lines.append(self.t("summary.fetch"))
        if not lines:
            lines.append(self.t("summary.review" if told or loose else "summary.no_action"))
        return tuple(lines)

    def _lacking(self) -> list[str]:
        """Kinds of record that a check needs and the case has none of: "nothing found" does not speak for those causes."""
        have = {one.kind for one in self.result.coverage if one.rows > 0 or one.first_ts is not None}
        needs = {n for cause in self.causes.values() if cause.checked for n in cause.needs}
        lacking = sorted(need for need in needs if not have & set(need.split("|")))
        # "device or scan" says nothing new where "device" is lacking anyway
        plain = [need for need in lacking if not any(o != need and o in need.split("|") for o in lacking)]
        return [kind_text(need, self.t) for need in plain]

    def _missing_logs(self, told: Sequence[Told], undecided: Sequence[Open]) -> list[str]:
        logs = [m for t in told for c in t.causes for m in c.missing] + [m for u in undecided for m in u.missing]
        return list(dict.fromkeys(logs))

    def _missing(self, told: Sequence[Told], undecided: Sequence[Open]) -> tuple[str, ...]:
        logs = self._missing_logs(told, undecided)
        lines = logs[:4]
        if len(logs) > 4:
            lines.append(self.t("summary.more_missing", n=len(logs) - 4))
        gaps = sum(len(c.gaps) for c in self.result.coverage)
        if gaps:
            lines.append(self.t("summary.gaps", n=gaps))
        rejected = sum(int(c.get("rejected") or 0) for c in self.result.custody)
        if rejected:
            lines.append(self.t("summary.rejected", n=rejected))
        lacking = [] if told or undecided else self._lacking()
        if lacking:
            lines.append(self.t("summary.lacking", kinds=self.t.join(lacking)))
        if not self.result.coverage and not self.result.custody:
            lines.append(self.t("summary.no_coverage"))
        return tuple(lines) or (self.t("summary.nothing_missing"),)
