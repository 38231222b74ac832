"""From findings, the catalogue and the coverage to incidents with ranked causes: the verdict.

Pure functions of their arguments: the same findings in any order give the same verdict with the same ids.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from forensics.model.fault import Cause, Fault
from forensics.model.result import (
    LEVELS,
    SUBJECT_FIELDS,
    CauseVerdict,
    ClockRelation,
    Coverage,
    Finding,
    Incident,
    Missing,
    Subject,
    Undecided,
)
from forensics.verdict import chain
from forensics.verdict.correct import Rule, corrections, shipped_rules
from forensics.verdict.group import group, merged_subject, span
from forensics.verdict.steps import steps as steps_of
from forensics.verdict.strengths import Kind, shipped_shares
from forensics.verdict.weigh import Records, best_missing, consequences, is_undecided, weigh

_ID_LENGTH: Final = 12
_FAR: Final = datetime.max.replace(tzinfo=UTC)

Step = dict[str, Any]


def judge(
    findings: Sequence[Finding],
    catalogue: Sequence[Fault],
    coverage: Iterable[Coverage],
    *,
    symptom: str | None = None,
    subject: Mapping[str, Any] | None = None,
    observed_at: datetime | None = None,
    rules: Mapping[str, Rule] | None = None,
    clocks: Iterable[ClockRelation] = (),
    shares: Mapping[Kind, float] | None = None,
    lang: str = "en",
) -> tuple[tuple[Incident, ...], tuple[Undecided, ...], tuple[Step, ...]]:
    """The verdict.

    Args:
        findings: what the checks found (about the subject, if there is one); an `undecided` one (details) is a disagreement whose cause is not proven.
        catalogue: the fault classes. Findings of a class that is not in it are judged among themselves.
        coverage: what was recorded when; without it no cause can be refuted.
        symptom: the class that the user sees; answered even where no finding is.
        subject: what the user asks about, by the names of SUBJECT_FIELDS.
        observed_at: when the user saw it.
        rules: how causes are set right; the shipped catalogue's if None.
        clocks: how far the systems' clocks are apart: what came first must be certain before one led to the other.
        shares: how often findings of a kind were right in labelled cases; the shipped ones if None.
        lang: language of the corrections' reasons, zh or en.

    Returns:
        Incidents in order of time, undecided disagreements, and the guide's checks of the classes concerned.
    """
    records = Records(coverage)
    known = {fault.id: fault for fault in catalogue}
    rules = shipped_rules() if rules is None else rules
    shares = shipped_shares() if shares is None else shares
    incidents: list[Incident] = []
    undecided: list[Undecided] = []
    followed = chain.steps(findings, catalogue, clocks)
    led = {step.effect.id: step.cause.id for step in followed if step.proven}
    settled = {step.effect.id for step in followed if step.proven and step.lead.settles}
    for members in group(findings):
        explained = consequences(members, led)
        leading = _leading(members, explained)
        fault = known.get(leading.fault) or _unknown(members, leading)
        since, until = span(members)
        causes = weigh(fault, members, records, since, until, led, shares)
        if all(is_undecided(f) for f in members):
            undecided.append(_undecided(members, causes))
        else:
            incident = _incident(fault, members, causes, explained, settled, rules, lang)
            own = steps_of(fault, members, records, since, until)
            incidents.append(replace(incident, steps=tuple(own)))
    answers = [f for f in findings if f.fault == symptom and _by(f, observed_at)]
    if symptom is not None and symptom in known and not answers:
        undecided.append(_unanswered(known[symptom], subject, observed_at, records))
    concerned = [fault for fault in known if fault == symptom or any(f.fault == fault for f in findings)]
    window = (observed_at, observed_at) if observed_at else span(findings)
    steps = [
        step
        for fault_id in sorted(concerned, key=lambda f: (f != symptom, f))
        for step in steps_of(known[fault_id], findings, records, *window)
    ]
    incidents = chain.linked(incidents, followed)
    incidents.sort(key=lambda i: (i.started_at or _FAR, i.fault, i.id))
    undecided.sort(key=lambda u: (u.started_at or _FAR, str(sorted(u.subject.items(), key=str))))
    return tuple(incidents), tuple(undecided), tuple(steps)


def _by(finding: Finding, observed_at: datetime | None) -> bool:
    """Whether a finding had begun when something was seen: what comes later does not explain it."""
    return observed_at is None or finding.started_at is None or finding.started_at <= observed_at


def incident_id(fault: str, findings: Iterable[Finding]) -> str:
    """An id that depends on the class and the cited events alone (on the findings' ids where none is cited)."""
    findings = list(findings)
    cited = sorted({e.event_id for f in findings for e in f.evidence if e.role == "for"})
    text = "\n".join([fault, *(cited or sorted(f.id for f in findings))])
    return hashlib.sha256(text.encode()).hexdigest()[:_ID_LENGTH]


def _leading(members: Sequence[Finding], explained: AbstractSet[str]) -> Finding:
    """The finding that names the incident: no consequence of another, the gravest, the strongest."""
    rank = {level: i for i, level in enumerate(LEVELS)}
    return min(
        members,
        key=lambda f: (f.id in explained, is_undecided(f), rank.get(f.level, len(LEVELS)), -f.strength, f.id),
    )


def _incident(
    fault: Fault,
    members: Sequence[Finding],
    causes: tuple[CauseVerdict, ...],
    explained: AbstractSet[str],
    settled: AbstractSet[str],
    rules: Mapping[str, Rule],
    lang: str,
) -> Incident:
    since, until = span(members)
    place = {verdict.cause: i for i, verdict in enumerate(causes)}
    ordered = sorted(
        members, key=lambda f: (f.id in explained, is_undecided(f), place.get(f.cause, len(place)), -f.strength, f.id)
    )
    # Two causes of one difference are not two differences to post: only the most probable one's findings count, but
    # what a wider cause did to single tasks is to be set right task by task, unless that is done at the root already.
    top = next(
        (v.cause for v in causes if v.verdict in {"shown", "possible"} and v.cause in {f.cause for f in members}), None
    )
    to_post = [
        f for f in ordered if not is_undecided(f) and (f.cause == top or f.id in explained) and f.id not in settled
    ]
    return Incident(
        id=incident_id(fault.id, members),
        fault=fault.id,
        findings=tuple(f.id for f in ordered),
        subject=merged_subject(members),
        started_at=since,
        ended_at=until,
        causes=causes,
        correction=corrections(to_post, rules, lang),
        missing=best_missing(causes),
    )


def _undecided(members: Sequence[Finding], causes: tuple[CauseVerdict, ...]) -> Undecided:
    since, until = span(members)
    largest = max(members, key=lambda f: (abs(f.qty_error), f.id))
    return Undecided(merged_subject(members), since, largest.qty_error, *_open(causes), until)


def _unanswered(
    fault: Fault, subject: Mapping[str, Any] | None, observed_at: datetime | None, records: Records
) -> Undecided:
    """A symptom that somebody saw and no check explains."""
    causes = weigh(fault, (), records, observed_at, observed_at)
    about: Subject = {field: (subject or {}).get(field) for field in SUBJECT_FIELDS}
    return Undecided(about, observed_at, Decimal(0), *_open(causes))


def _open(causes: tuple[CauseVerdict, ...]) -> tuple[tuple[CauseVerdict, ...], tuple[Missing, ...]]:
    """Where a disagreement is certain and unexplained nothing is refuted: a cause not found is only less probable."""
    still = tuple(
        CauseVerdict(v.cause, v.slug, v.probability, "possible", v.missing, v.because) if v.verdict == "refuted" else v
        for v in causes
    )
    return still, best_missing(still)


def _unknown(members: Sequence[Finding], leading: Finding) -> Fault:
    """A class that the catalogue does not have (a user's own check): its causes are those that were found."""
    first = members[0]
    slugs = {f.cause: f.slug for f in members if f.fault == leading.fault}
    causes = tuple(
        Cause(cause, slug, {}, 1 / len(slugs), (), {}, {}, checked=True) for cause, slug in sorted(slugs.items())
    )
    return Fault(leading.fault, first.slug, {}, {}, causes, (), ())
