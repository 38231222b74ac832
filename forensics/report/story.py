"""What a result says, in the order in which a reader asks: what happened, how sure, what to do, what is missing.

Every rendering for people (HTML, Markdown, terminal) is made from this; none of them decides anything itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from forensics.model.fault import Cause, Fault
from forensics.model.result import (
    LEVELS,
    CaseResult,
    CauseVerdict,
    Evidence,
    Finding,
    Incident,
    Link,
    Missing,
    Undecided,
)
from forensics.report import course, damage, postings
from forensics.report.paths import evidence_folder, short
from forensics.report.safe import one_line
from forensics.report.texts import Texts
from forensics.report.told import Cited, Open, Posting, RankedCause, Story, Told, ToldFinding, ToldLink, ToldStep
from forensics.report.view import step_text
from forensics.report.when import Zone
from forensics.report.wording import (
    kind_text,
    missing_text,
    note_text,
    percent,
    quantity,
    review_text,
    subject_text,
)

NONE_OF_THESE: Final = ("none", "none-of-these", "other", "unknown")
_FAR: Final = datetime.max.replace(tzinfo=UTC)
_ORDER: Final = {"shown": 0, "possible": 1, "cannot-be-judged": 2, "refuted": 3}
SETTLING: Final = 0.05
"""From this expected gain on, in bits, a log is said to be the one most likely to settle it."""
MAX_RESOLVED: Final = 10


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
        self.places: dict[str, int] = {}

    def tell(self) -> Story:
        ordered = self._ordered()
        self.places = {incident.id: number for number, incident in enumerate(ordered, 1)}
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
        seen = self.result.observed
        asked = seen is not None and incident.fault == seen.symptom and (incident.started_at or seen.at) <= seen.at
        distance = 0.0
        if self.observed_at is not None and incident.started_at is not None:
            distance = abs((incident.started_at - self.observed_at).total_seconds())
        stake = max((abs(f.qty_error) for f in self._own(incident)), default=Decimal(0))
        return (
            not asked,
            LEVELS.index(self._level(incident)),
            -stake,
            distance,
            incident.started_at or _FAR,
            incident.id,
        )

    def _ordered(self) -> list[Incident]:
        """The gravest story first, each with what followed from it behind its root."""
        known = {incident.id for incident in self.result.incidents}
        stories: dict[str, list[Incident]] = {}
        for incident in self.result.incidents:
            root = incident.follows if incident.follows in known else None
            stories.setdefault(root or incident.id, []).append(incident)
        ranked = sorted(stories.items(), key=lambda story: min(self._weight(one) for one in story[1]))
        return [
            one
            for root, members in ranked
            for one in sorted(members, key=lambda i: (i.id != root, i.started_at or _FAR, i.id))
        ]

    def _step(self, step: Mapping[str, Any], findings: Sequence[ToldFinding]) -> ToldStep:
        lines = [c for told in findings if told.finding.id in step["findings"] for c in told.cited]
        return ToldStep(
            number=int(step["step"]),
            title=one_line(self.t.pick(step["title"]), 1000),
            result=step_text(step, self.t),
            done=bool(step["done"]),
            cited=tuple({c.number: c for c in lines if c.evidence.role == "for"}.values()),
        )

    def _link(self, link: Link) -> ToldLink:
        finding = self.findings.get(link.finding)
        title = self.cause_title(link.cause, link.slug)
        return ToldLink(
            relation=link.relation,
            incident=self.places.get(link.incident, 0),
            cause=one_line(link.cause, 80),
            title=title,
            message=one_line(self.t.pick(finding.message), 400) if finding else title,
            when=self.zone.text(link.at),
            because=one_line(self.t.pick(link.because), 400),
            shared=subject_text(link.shared, self.t) if link.shared else "",
        )

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
            postings=tuple(postings.tell(c, self.t, self.zone) for c in incident.correction),
            settled=tuple(postings.settled(one, self.t) for one in incident.settled),
            status=self.t.word("review_state", incident.status) if incident.status else "",
            notes=tuple(review_text(note, self.t, self.zone) for note in incident.notes),
            damage=damage.tell(incident.damage, self.t, self.zone),
            curves=tuple(damage.draw(curve, incident.damage, self.t, self.zone) for curve in incident.balance),
            chain=tuple(self._link(link) for link in incident.chain),
            follows=self.places.get(incident.follows) if incident.follows else None,
            steps=tuple(self._step(step, findings) for step in incident.steps),
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
        roots = [t for t in told if t.follows is None]
        if len(roots) > 1:
            levels = [(level, sum(t.level == level for t in roots)) for level in LEVELS]
            counted = self.t.join([f"{self.t.word('level', level)} {n}" for level, n in levels if n])
            lines.append(self.t("summary.incidents", n=len(roots), levels=counted))
            lines += [f"{t.number}. {one_line(t.headline, 140)}{self._led_to(t, ' ')}" for t in roots[:3]]
        elif roots:
            lines += [line for line in (roots[0].headline, self._led_to(roots[0]), *roots[0].damage[:2]) if line]
        elif loose:
            lines += [f.message for f in loose[:3]]
        seen = self._observed()
        if len(undecided) == 1 and not lines:
            # what was seen speaks for itself; a difference that the logs show is told
            if not seen or undecided[0].undecided.qty_error:
                lines.append(self.t("summary.open", subject=undecided[0].subject))
        elif undecided:
            key = "summary.undecided" if lines else "summary.undecided_only"
            lines.append(self.t(key, n=len(undecided)))
        if told:
            return (lines[0], *seen, *lines[1:])
        return (*seen, *lines) or (self.t("summary.nothing"),)

    def _observed(self) -> list[str]:
        """What book and witnesses say at the moment of the observation."""
        seen = self.result.observed
        if seen is None:
            return []
        at = self.zone.text(_second(seen.at))
        stock = [self._row(r) for r in seen.book if r["record"] == "stock" and r["qty"]]
        held = sum((r["qty"] for r in seen.book if r["record"] == "reservation" and r["qty"]), Decimal(0))
        lines = [
            self.t(
                "observed.book", at=at, rows=self.t("summary.semicolon").join(stock[:3]) or self.t("observed.nothing")
            )
            + (self.t("observed.held", qty=quantity(held)) if held else "")
        ]
        if len(stock) > 3:
            lines[0] += " " + self.t("summary.and_more", n=len(stock) - 3)
        known = self.faults.get(seen.symptom or "")
        total = sum((r["qty"] for r in seen.book if r["record"] == "stock" and r["qty"]), Decimal(0))
        sign = "above" if total > 0 else "below" if total < 0 else "zero"
        if known and known.book and known.book != sign and {"pallet", "location"} & set(seen.subject):
            lines.append(self.t("observed.unfit", symptom=self.t.pick(known.title)))
        last = seen.last_seen
        if last is None:
            return [*lines, self.t("observed.unseen")]
        where = {"pallet": last["pallet"], "location": last["location"] or last["last_location"]}
        state = self.t.word("physical", last["state"])
        source = one_line(f"{short(last['file'] or '?', self.folder)}:{last['line']}", 200)
        system = self.t.word("system", last["system"])
        when = self.zone.text(_second(last["seen_at"] or last["since"]))
        lines.append(
            self.t(
                "observed.last", subject=subject_text(where, self.t), state=state, at=when, system=system, source=source
            )
        )
        if seen.difference:
            lines.append(
                self.t("observed.differ", at=self.zone.text(_second(min(r["since"] for r in seen.difference))))
            )
        return lines

    def _row(self, row: Mapping[str, Any]) -> str:
        about = {name: row[name] for name in ("sku", "batch", "pallet", "location") if row[name]}
        return f"{quantity(row['qty'])} ({subject_text(about, self.t)})"

    def _led_to(self, told: Told, before: str = "") -> str:
        return before + self.t("chain.summary", causes=" → ".join(told.led_to)) if told.led_to else ""

    def _sure(self, told: Sequence[Told], undecided: Sequence[Open]) -> tuple[str, ...]:
        told = [t for t in told if t.follows is None]
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
            key = "sure.none" if top.cause in NONE_OF_THESE else f"sure.{top.verdict}"
            seen = self.result.observed is not None and not undecided[0].undecided.qty_error
            return (
                self.t("sure.unexplained" if seen else "sure.undecided"),
                self.t(key, cause=top.title, p=percent(top.probability)),
            )
        return (self.t("sure.nothing"),)

    def _todo(self, told: Sequence[Told], loose: Sequence[ToldFinding], undecided: Sequence[Open]) -> tuple[str, ...]:
        many = len(told) > 1
        todo = [(t.number, p) for t in told for p in t.postings]
        lines = [self.t("summary.postings", n=len(todo))] if many and todo else []
        lines += [(f"{n}. " if many else "") + self._to_do(p) for n, p in todo[:3]]
        if len(todo) > 3:
            lines.append(self.t("summary.more_postings", n=len(todo) - 3))
        if not todo:
            lines += [(f"{t.number}. " if many else "") + remedy for t in told[:3] if (remedy := self._remedy(t))]
        if undecided and not todo:
            lines += self._on_site(undecided)
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

    def _to_do(self, posting: Posting) -> str:
        """The posting; of what has no quantity, such as asking again, also the reason, which says how."""
        if posting.correction.qty is not None or not posting.because:
            return posting.sentence
        return one_line(f"{posting.sentence}{self.t('summary.colon')}{posting.because}", 300)

    def _remedy(self, told: Told) -> str:
        """What sets the leading cause right where there is nothing to post."""
        known = self.causes.get(told.top.cause) if told.top and told.top.verdict == "shown" else None
        return one_line(self.t.pick(known.remedy), 300) if known else ""

    def _on_site(self, undecided: Sequence[Open]) -> list[str]:
        """What a person looks at where the logs prove nothing: for the class that was stated, or those that may be the cause."""
        stated = self.result.observed.symptom if self.result.observed else None
        classes = [stated] if stated else [u.causes[0].cause.rpartition(".")[0] for u in undecided if u.causes]
        texts = [self.t.pick(self.faults[c].on_site) for c in dict.fromkeys(classes) if c in self.faults]
        return [one_line(text, 400) for text in texts if text][:2]

    def _lacking(self) -> list[str]:
        """Kinds of record that a check needs and the case has none of: "nothing found" does not speak for those causes."""
        have = {one.kind for one in self.result.coverage if one.rows > 0 or one.first_ts is not None}
        needs = {n for cause in self.causes.values() if cause.checked for n in cause.needs}
        lacking = sorted(need for need in needs if not have & set(need.split("|")))
        # "device or scan" says nothing new where "device" is lacking anyway
        plain = [need for need in lacking if not any(o != need and o in need.split("|") for o in lacking)]
        return [kind_text(need, self.t) for need in plain]

    def _missing_logs(self, told: Sequence[Told], undecided: Sequence[Open]) -> list[tuple[Missing, int]]:
        """The logs to fetch, over all that is open: the one with the largest expected gain first, and for how many it would help."""
        found: dict[tuple[str | None, str], list[Missing]] = {}
        incidents = (m for t in told for m in (t.incident.missing or [m for c in t.incident.causes for m in c.missing]))
        for one in (*incidents, *(m for u in undecided for m in u.undecided.missing)):
            found.setdefault((one.system, one.kind), []).append(one)
        logs = [(_widest(entries), len(entries)) for entries in found.values()]
        return sorted(logs, key=lambda log: (-(log[0].gain or 0.0), log[0].system or "", log[0].kind))

    def _missing(self, told: Sequence[Told], undecided: Sequence[Open]) -> tuple[str, ...]:
        logs = self._missing_logs(told, undecided)
        lines = []
        for place, (missing, n) in enumerate(logs[:3]):
            text = missing_text(missing, self.t, self.zone)
            if place == 0 and (missing.gain or 0.0) >= SETTLING:
                text = self.t("missing.best", log=text)
            lines.append(text + (self.t("missing.helps", n=n) if n > 1 else ""))
        if len(logs) > 3:
            lines.append(self.t("summary.more_missing", n=len(logs) - 3))
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


def _second(ts: datetime) -> datetime:
    """The first screen tells seconds; the fractions stand with the cited lines."""
    return ts.replace(microsecond=0)


def _widest(entries: Sequence[Missing]) -> Missing:
    """One log for all that wait for it: the whole time, the sum of what it is expected to gain."""
    since = None if any(m.since is None for m in entries) else min(m.since for m in entries if m.since)
    until = None if any(m.until is None for m in entries) else max(m.until for m in entries if m.until)
    return replace(entries[0], since=since, until=until, gain=sum(m.gain or 0.0 for m in entries))
