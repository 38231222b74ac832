"""From root cause to consequences, across fault classes: which finding led to which.

What can lead to what is content (`[[cause.leads_to]]` in `queries/<class>/fault.toml`). One finding led to another if the
catalogue says that its cause can, both name the same thing, nothing that both name tells them apart, and the first began
before the second on clocks that decide it. Where the clocks do not, or the cause itself is not proven, the two are
*related*, no more. Two faults that merely share a material or a busy place are strangers.
"""

from __future__ import annotations

import bisect
import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from forensics.model.fault import Fault, Lead
from forensics.model.result import ClockRelation, Finding, Incident, Link
from forensics.verdict.group import values
from forensics.verdict.weigh import is_undecided

_LOOK: Final = 20  # possible consequences in time that a finding is compared with, per shared name
_EARLY: Final = datetime.min.replace(tzinfo=UTC)
_UNIQUE: Final = frozenset({"task", "request_id"})
_UNMEASURED: Final = timedelta(minutes=1)
"""How far apart two clocks may be that nothing relates."""
_SECOND: Final = timedelta(seconds=1)
_TICK: Final = timedelta(milliseconds=1)


@dataclass(frozen=True)
class Step:
    """One finding followed from another, or is only related to it."""

    cause: Finding
    effect: Finding
    lead: Lead
    shared: Mapping[str, Any]
    proven: bool


def steps(
    findings: Sequence[Finding], catalogue: Iterable[Fault], clocks: Iterable[ClockRelation] = ()
) -> tuple[Step, ...]:
    """All steps from cause to consequence. A consequence follows from one finding at most: the one with which it shares the
    surest name, the nearest in time among those; with others it is related.
    """
    errors = _errors(clocks)
    found = [
        step
        for fault in catalogue
        for cause in fault.causes
        for lead in cause.leads_to
        for step in _candidates([f for f in findings if f.cause == cause.id], findings, lead, errors)
    ]
    found.sort(key=_surest)
    led: set[str] = set()
    pairs: set[tuple[str, str]] = set()
    kept: list[Step] = []
    for step in found:
        pair = (step.cause.id, step.effect.id)
        if pair in pairs:
            continue
        pairs |= {pair, pair[::-1]}
        proven = step.proven and step.effect.id not in led
        if proven:
            led.add(step.effect.id)
        kept.append(Step(step.cause, step.effect, step.lead, step.shared, proven))
    return tuple(kept)


def linked(incidents: Sequence[Incident], found: Sequence[Step]) -> list[Incident]:
    """The incidents with their chains: at the root's incident the whole chain, at the others which incident they follow."""
    home = {fid: incident.id for incident in incidents for fid in incident.findings}
    by_effect = {step.effect.id: step for step in found if step.proven and step.effect.id in home}
    known = {f.id: f for step in found for f in (step.cause, step.effect)}

    def root(fid: str) -> str:
        while fid in by_effect and by_effect[fid].cause.id in home:
            fid = by_effect[fid].cause.id
        return fid

    follows: dict[str, str] = {}
    for incident in incidents:
        first = home[root(incident.findings[0])]
        if first != incident.id:
            follows[incident.id] = first

    def top(ident: str) -> str:
        seen = {ident}
        while follows.get(ident) and follows[ident] not in seen:
            ident = follows[ident]
            seen.add(ident)
        return ident

    chains: dict[str, list[Step]] = defaultdict(list)
    for step in found:
        if step.cause.id in home and step.effect.id in home:
            chains[top(home[step.cause.id])].append(step)
    result = []
    for incident in incidents:
        chain = _chain(chains[incident.id], home, known) if incident.id not in follows else ()
        result.append(replace(incident, chain=chain, follows=top(incident.id) if incident.id in follows else None))
    return result


def _chain(found: Sequence[Step], home: Mapping[str, str], known: Mapping[str, Finding]) -> tuple[Link, ...]:
    """The links of one story: roots and what followed in order of time, then what is only related."""
    parent = {step.effect.id: step for step in found if step.proven}
    members = {f.id for step in found if step.proven for f in (step.cause, step.effect)}
    aside = [step for step in found if not step.proven]
    members |= {step.cause.id for step in aside}
    ordered = sorted((known[fid] for fid in members), key=lambda f: (f.started_at or _EARLY, f.id))
    links = [_link(f, home, parent.get(f.id), "led-to" if f.id in parent else "root") for f in ordered]
    links += [
        _link(step.effect, home, step, "related")
        for step in sorted(aside, key=lambda s: (s.effect.started_at or _EARLY, s.effect.id))
        if step.effect.id not in members
    ]
    return tuple(links)


def _link(finding: Finding, home: Mapping[str, str], step: Step | None, relation: str) -> Link:
    return Link(
        finding=finding.id, incident=home[finding.id], cause=finding.cause, slug=finding.slug, at=finding.started_at,
        relation=relation,
        after=step.cause.id if step else None,
        shared=dict(step.shared) if step else {},
        because=dict(step.lead.because) if step else {},
    )  # fmt: skip


def _surest(step: Step) -> tuple[Any, ...]:
    """Proven before related, a surer name before another, then the nearest in time."""
    rank = next(i for i, names in enumerate(step.lead.by) if set(names) <= set(step.shared))
    apart = abs((step.effect.started_at or _EARLY) - (step.cause.started_at or _EARLY))
    return not step.proven, rank, apart, step.cause.id, step.effect.id, step.lead.cause


def _candidates(
    causes: Sequence[Finding], findings: Sequence[Finding], lead: Lead, errors: Mapping[tuple[str, str], timedelta]
) -> Iterator[Step]:
    effects = sorted(
        (f for f in findings if f.cause == lead.cause and f.started_at), key=lambda f: (f.started_at, f.id)
    )
    if not causes or not effects:
        return
    for names in lead.by:
        index: dict[tuple[Any, ...], list[Finding]] = defaultdict(list)
        for effect in effects:
            for key in _keys(effect, names):
                index[key].append(effect)
        for cause in causes:
            if cause.started_at is None:
                continue
            for key in _keys(cause, names):
                near = index.get(key, [])
                # what one task or request did is told in one breath, whichever mark of it was recorded first
                early = lead.within if _UNIQUE & set(names) else _slack(cause, near, errors)
                begin = cause.started_at - early
                at = bisect.bisect_left(near, begin, key=lambda f: f.started_at or _EARLY)
                for effect in near[at : at + _LOOK]:
                    if effect.id != cause.id and _fits(cause, effect, lead, names):
                        shared = dict(zip(names, key, strict=True))
                        yield Step(
                            cause, effect, lead, shared, not is_undecided(cause) and _before(cause, effect, errors)
                        )


def _keys(finding: Finding, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    return itertools.product(*(sorted(values(finding.subject, name), key=str) for name in names))


def _slack(cause: Finding, effects: Sequence[Finding], errors: Mapping[tuple[str, str], timedelta]) -> timedelta:
    return max((_uncertainty(cause, effect, errors) for effect in effects[:_LOOK]), default=timedelta(0)) + _SECOND


def _fits(cause: Finding, effect: Finding, lead: Lead, names: Sequence[str]) -> bool:
    """Whether nothing tells the two apart: time, what both name, quantity. A task or request is one whatever else differs."""
    end = max(t for t in (cause.started_at, cause.ended_at) if t)
    if effect.started_at is None or effect.started_at - end > lead.within:
        return False
    apart = ["sku", "batch"]
    if all(len(values(f.subject, "doc")) == 1 for f in (cause, effect)):
        apart.append("doc_line")  # of a single document
    for name in () if _UNIQUE & set(names) else apart:
        one, other = values(cause.subject, name), values(effect.subject, name)
        if one and other and not one & other:
            return False
    if lead.qty == "same":
        return cause.qty_error == effect.qty_error != 0
    if lead.qty == "covers":
        return cause.qty_error * effect.qty_error > 0 and abs(cause.qty_error) >= abs(effect.qty_error)
    return True


def _before(cause: Finding, effect: Finding, errors: Mapping[tuple[str, str], timedelta]) -> bool:
    """Whether the cause began first beyond the clocks' errors and the seconds in which a log counts."""
    assert cause.started_at is not None
    assert effect.started_at is not None
    tick = _TICK if cause.started_at.microsecond else _SECOND
    return cause.started_at + tick + _uncertainty(cause, effect, errors) <= effect.started_at


def _uncertainty(a: Finding, b: Finding, errors: Mapping[tuple[str, str], timedelta]) -> timedelta:
    """How far the clocks that timed the two may be apart: nothing for one clock, what was measured, or a minute."""
    one, other = _clock(a), _clock(b)
    if one == other:
        return timedelta(0)
    return errors.get((one, other), errors.get((other, one), _UNMEASURED))


def _clock(finding: Finding) -> str:
    """The system whose record gave the finding's time: the one cited at that time, else the first cited."""
    proving = [e for e in finding.evidence if e.role == "for"] or list(finding.evidence)
    first = min(proving, key=lambda e: (e.ts != finding.started_at, e.ts or _EARLY, e.event_id), default=None)
    return (first.system if first else None) or ""


def _errors(clocks: Iterable[ClockRelation]) -> dict[tuple[str, str], timedelta]:
    """The largest error measured between two systems, also through a third that both were measured against."""
    direct: dict[tuple[str, str], float] = {}
    for relation in clocks:
        pair = (relation.clock, relation.reference)
        direct[pair] = max(direct.get(pair, 0.0), relation.error_s)
    both = dict(direct)
    for (a, ref), (b, other) in itertools.combinations(direct, 2):
        if ref == other and a != b:
            both.setdefault((a, b), direct[a, ref] + direct[b, other])
    return {pair: timedelta(seconds=min(seconds, 86_400.0)) for pair, seconds in both.items()}
