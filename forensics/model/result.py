"""What an audit or a trace returns: one result object; JSON, HTML, CSV and the terminal are renderings of it.

Times are timezone-aware UTC datetimes, quantities `Decimal`. `to_json` gives the contract of the documentation:
times as ISO 8601 with `Z`, quantities as decimal strings.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

SUBJECT_FIELDS = ("pallet", "location", "sku", "batch", "task", "doc", "doc_line", "request_id")
LEVELS = ("critical", "high", "medium", "low", "info")
VERDICTS = ("shown", "possible", "refuted", "cannot-be-judged")
REVIEW = ("open", "reviewed", "confirmed", "rejected", "corrected")

Subject = dict[str, Any]
"""Each of SUBJECT_FIELDS: a value, a list where the fault is about several, or None."""


@dataclass(frozen=True)
class Evidence:
    """One event that speaks for or against a finding. `event_id` is `source:byte_offset:part`."""

    event_id: str
    role: str  # for | against
    ts: datetime | None
    system: str | None
    file: str
    line: int
    text: str
    note: str | None = None  # what this line shows, in a word: "deduction", "first attempt"


@dataclass(frozen=True)
class Documents:
    """Documents that something befell: the first few, and how many there are."""

    first: tuple[str, ...] = ()
    total: int = 0


@dataclass(frozen=True)
class Damage:
    """What came of a false number.

    Attributes:
        book: the book itself was wrong; else only what was shown.
        units: by how much it was off, without sign; of several findings on one stock row what they add up to.
        since, until: from when to when it was false; `until` is null while nothing in the records sets it right.
        acted: documents that were posted on it.
        refused: documents that were refused because it was too low.
        oversold: documents that were given goods which were not there.
        at_least: the records end, or the window is cut, before all of it is seen.
    """

    book: bool
    units: Decimal
    since: datetime | None
    until: datetime | None
    acted: Documents = Documents()
    refused: Documents = Documents()
    oversold: Documents = Documents()
    at_least: bool = False


@dataclass(frozen=True)
class Balance:
    """A stock row after one posting: as recorded, and as it would have been without the fault."""

    ts: datetime
    recorded: Decimal
    correct: Decimal
    qty: Decimal
    doc: str | None
    event_id: str


@dataclass(frozen=True)
class Curve:
    """The course of one stock row's balance around an incident; `cut`: postings after the last point are left out."""

    sku: str
    location: str | None
    batch: str | None
    pallet: str | None
    points: tuple[Balance, ...]
    cut: bool = False


@dataclass(frozen=True)
class Act:
    """One act in the course of a finding: who did what to which value, as its cited lines tell it.

    Attributes:
        act: which one, of `queries/acts.toml`.
        lane: `who` for the actor's own lane, else the name of a lane that all share.
        who: the request, document or transaction that did it.
        name: heading of the lane; `text`: the sentence without its time; `short`: the sentence where the lane's heading says who.
        at, precision: as recorded, by the best resolved of its lines.
        flow: `read` if a value came from the stock row, `write` if one went into it.
        value, qty, before, after: the value it read or showed, its own change, what it started from and ended with.
        row_before, row_after: what the stock row itself was before and after it, where that is known.
        fault: this act is what went wrong.
        unordered: the clocks do not tell whether it came after the act before it in the list.
        more: acts like it that are left out behind it.
        events: ids of the cited lines that tell of it.
    """

    act: str
    lane: str
    who: str | None
    name: dict[str, str]
    text: dict[str, str]
    short: dict[str, str]
    at: datetime | None
    precision: str | None
    system: str | None
    flow: str | None = None
    value: Decimal | None = None
    qty: Decimal | None = None
    before: Decimal | None = None
    after: Decimal | None = None
    row_before: Decimal | None = None
    row_after: Decimal | None = None
    fault: bool = False
    unordered: bool = False
    more: int = 0
    events: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """A disagreement between witnesses that one check named."""

    id: str
    fault: str
    cause: str
    slug: str
    level: str
    subject: Subject
    started_at: datetime | None
    ended_at: datetime | None
    qty_error: Decimal
    strength: float  # likelihood ratio: how much more probable this evidence is under the cause than without it
    message: dict[str, str]
    evidence: tuple[Evidence, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)
    course: tuple[Act, ...] = ()
    """The few acts that prove it, in order; empty where its check does not say what its lines tell."""
    conclusion: dict[str, str] = field(default_factory=dict)
    """What follows from them, in both languages."""
    damage: Damage | None = None


@dataclass(frozen=True)
class Missing:
    """Evidence that would have been needed: the log to fetch. `gain` is how much uncertainty it is expected to remove, in bits."""

    system: str | None
    kind: str
    since: datetime | None = None
    until: datetime | None = None
    gain: float | None = None


@dataclass(frozen=True)
class CauseVerdict:
    """How a cause fares for one incident."""

    cause: str
    slug: str
    probability: float
    verdict: str
    missing: tuple[Missing, ...] = ()
    because: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ReplayRequest:
    """A failed message as it was logged, for review. Nothing is ever sent; secrets are redacted.

    Attributes:
        method, url, receiver, headers, body: as far as a log kept them.
        request_id: the id that all attempts bore, if they bore one.
        attempts: `at`, `ended_at`, `outcome`, `status_code`, `error`, `attempt` of each logged call.
        failed: failed attempts, those hidden behind a gateway's line included.
        committed_by: postings under the message's id: it took effect although it was reported as failed.
        recognises_repeats: yes (the receiver has answered "done before"), no (it has booked one id twice) or unknown.
        safe: yes, check-first or no; `because` says why in both languages.
        event_id, file, line: the record that is quoted.
    """

    method: str | None
    url: str | None
    receiver: str | None
    headers: dict[str, str]
    body: str | None
    request_id: str | None
    attempts: tuple[dict[str, Any], ...]
    failed: int
    committed_by: tuple[str, ...]
    recognises_repeats: str
    safe: str
    because: dict[str, str]
    event_id: str
    file: str
    line: int


@dataclass(frozen=True)
class Effect:
    """What a correction does to one stock row or reservation: by replay, from what it is when the records end."""

    what: str  # stock | reservation
    sku: str | None
    batch: str | None
    location: str | None
    pallet: str | None
    doc: str | None
    before: Decimal
    after: Decimal


@dataclass(frozen=True)
class Settled:
    """A correction that somebody has made already: it is not proposed again."""

    finding: str
    action: str
    qty: Decimal
    ts: datetime | None
    evidence: tuple[str, ...]
    because: dict[str, str]


@dataclass(frozen=True)
class Correction:
    """A posting that a person may make after review. Nothing is ever executed.

    Attributes:
        reason: why, in both languages; `because` is the one asked for.
        finding, evidence: what it sets right, and the events that prove it.
        step: its place in the order in which all of a result's corrections are to be made.
        effect: balances before and after.
        risk: `level` (low | medium | high) and why, in both languages.
        replay: the messages to send again.
    """

    action: str
    sku: str | None
    location: str | None
    pallet: str | None
    qty: Decimal | None
    because: str
    batch: str | None = None
    details: dict[str, Any] = field(default_factory=dict)
    reason: dict[str, str] = field(default_factory=dict)
    finding: str | None = None
    evidence: tuple[str, ...] = ()
    step: int | None = None
    effect: tuple[Effect, ...] = ()
    risk: dict[str, str] = field(default_factory=dict)
    replay: tuple[ReplayRequest, ...] = ()


@dataclass(frozen=True)
class Note:
    """What a person noted of findings.

    Attributes:
        seq: its place among the case's notes, from 1.
        kind: note or status.
        id: of the finding or incident that was named.
        findings: the findings that it is about.
        text: the note, or one of REVIEW.
        by: whose it is, if they said so.
    """

    seq: int
    at: datetime
    kind: str
    id: str
    findings: tuple[str, ...]
    text: str
    by: str | None = None


@dataclass(frozen=True)
class Link:
    """One link of the chain from a root cause to what followed from it.

    Attributes:
        finding, incident: what is told of here.
        at: when it began.
        relation: root (the chain begins here) | led-to | related (both name the same thing, but which came first is not decided).
        after: the finding that it follows from or is related to.
        shared: what both name.
        because: why one follows from the other, in both languages.
    """

    finding: str
    incident: str
    cause: str
    slug: str
    at: datetime | None
    relation: str
    after: str | None = None
    shared: dict[str, Any] = field(default_factory=dict)
    because: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Incident:
    """Findings about one subject and time, told as one story. `status`, one of REVIEW, and `notes` are what people said of it.

    Attributes:
        chain: what followed from its root cause, in order of time; empty if nothing did.
        follows: the incident whose cause led to this one.
        missing: logs that would make the cause surer, the one most likely to settle it first.
        steps: the guide's checks for this incident, in the shape of `CaseResult.steps`.
    """

    id: str
    fault: str
    findings: tuple[str, ...]
    subject: Subject
    started_at: datetime | None
    ended_at: datetime | None
    causes: tuple[CauseVerdict, ...]
    correction: tuple[Correction, ...] = ()
    settled: tuple[Settled, ...] = ()
    status: str | None = None
    notes: tuple[Note, ...] = ()
    damage: Damage | None = None
    balance: tuple[Curve, ...] = ()
    """The stock rows that were wrong, as recorded and as they would have been."""
    chain: tuple[Link, ...] = ()
    follows: str | None = None
    missing: tuple[Missing, ...] = ()
    steps: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Undecided:
    """A disagreement is seen, its cause is not provable with what there is."""

    subject: Subject
    started_at: datetime | None
    qty_error: Decimal
    causes: tuple[CauseVerdict, ...]
    missing: tuple[Missing, ...]
    ended_at: datetime | None = None


@dataclass(frozen=True)
class Observed:
    """What somebody saw, and what book and witnesses say at that instant.

    Attributes:
        symptom: the fault class that was stated, if one was.
        book, physical, difference: rows of the states at that instant, columns as in docs/states.md.
        last_seen: the row of `physical` whose witness is the last before that instant.
    """

    at: datetime
    symptom: str | None
    subject: dict[str, str]
    book: tuple[dict[str, Any], ...]
    physical: tuple[dict[str, Any], ...]
    difference: tuple[dict[str, Any], ...]
    last_seen: dict[str, Any] | None


@dataclass(frozen=True)
class Control:
    """One preventive control over the archive: a figure against a threshold, its course by day, and the rows behind it.

    Attributes:
        number: 1 to 20 as the guide counts them; None for one's own.
        unit: what the figure counts, in both languages.
        words: values and columns of the rows in both languages.
        of: how many things were looked at.
        ok: the figure is not above the threshold; None where it cannot be judged or has none.
        missing: what it would have needed, in both languages; empty where it could be judged.
        rows: the list, ranked and cut.
        total: rows before the cut.
        trend: the figure of each day, `{"day": "2026-03-11", "figure": 3.0}`; days of the case's zone without a record are absent.
    """

    id: str
    figure: float | None
    threshold: float | None
    ok: bool | None
    rows: tuple[dict[str, Any], ...] = ()
    number: int | None = None
    title: dict[str, str] = field(default_factory=dict)
    about: dict[str, str] = field(default_factory=dict)
    unit: dict[str, str] = field(default_factory=dict)
    words: dict[str, dict[str, str]] = field(default_factory=dict)
    of: float | None = None
    total: int = 0
    missing: dict[str, str] = field(default_factory=dict)
    trend: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Gap:
    """A hole in a source's record; `usual_rows` is what it writes in such a time."""

    since: datetime
    until: datetime
    usual_rows: float | None = None


@dataclass(frozen=True)
class NumberHole:
    """Running numbers of a source that are not in it: those between `after` and `before`, exclusive."""

    source: str
    series: str | None
    after: int
    before: int
    count: int
    since: datetime | None
    until: datetime | None

    @property
    def text(self) -> str:
        """The missing number or numbers, after whose they are."""
        numbers = f"{self.after + 1}" if self.count == 1 else f"{self.after + 1}–{self.before - 1}"
        return numbers if self.series is None else f"{self.series} {numbers}"


@dataclass(frozen=True)
class Coverage:
    """What a system recorded of a kind, from when to when, where it is silent, and which of its running numbers are missing."""

    system: str | None
    kind: str
    first_ts: datetime | None
    last_ts: datetime | None
    rows: int = 0
    gaps: tuple[Gap, ...] = ()
    missing: tuple[NumberHole, ...] = ()


@dataclass(frozen=True)
class ClockRelation:
    """How far one clock is ahead of another: offset_s + drift_ppm * 1e-6 * (t - at), within ± error_s."""

    clock: str
    reference: str
    offset_s: float
    drift_ppm: float
    error_s: float
    pairs: int
    at: datetime
    since: datetime
    until: datetime
    method: str


@dataclass(frozen=True)
class Resolved:
    """A finding of the last audit that is no more, as it was then; `subject` holds only what was named."""

    id: str
    cause: str
    subject: Subject


@dataclass(frozen=True)
class SinceLast:
    """An audit against the last one over the same window: ids of findings that are new or known, and those that are gone."""

    previous_at: datetime
    new: tuple[str, ...]
    known: tuple[str, ...]
    resolved: tuple[Resolved, ...]


@dataclass(frozen=True)
class CaseResult:
    """Everything an audit or a trace found."""

    case: dict[str, Any]
    window: dict[str, datetime | None]
    incidents: tuple[Incident, ...] = ()
    findings: tuple[Finding, ...] = ()
    undecided: tuple[Undecided, ...] = ()
    controls: tuple[Control, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    clocks: tuple[ClockRelation, ...] = ()
    custody: tuple[dict[str, Any], ...] = ()
    steps: tuple[dict[str, Any], ...] = ()
    """The guide's checks with their results: {"fault", "step", "title": {zh,en}, "result": {zh,en}, "done": bool,
    "findings": ids of those it shows, "by_hand": {zh,en} what is left for a person, empty if nothing is}."""
    since_last: SinceLast | None = None
    """For an audit that is not the first over its window."""
    observed: Observed | None = None
    """For a trace with the moment of an observation."""

    def to_json(self) -> dict[str, Any]:
        """The result as plain JSON values, in the shape of the contract."""
        return {f.name: _plain(getattr(self, f.name)) for f in fields(self)}


def iso(ts: datetime | None) -> str | None:
    """ISO 8601 in UTC with `Z`, microseconds kept where there are any."""
    return None if ts is None else ts.astimezone(UTC).isoformat().replace("+00:00", "Z")


def decimal_text(value: Decimal) -> str:
    """A decimal as people write it: no exponent, no trailing zeros."""
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, Decimal):
        return decimal_text(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
