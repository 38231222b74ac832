"""The course of a finding: from its cited lines to a short list of acts in order, each with a sentence.

What several lines tell of one act is one act. Where the clocks do not tell the order of two, the later in the list says so.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC
from decimal import Decimal
from typing import Any, Final

import duckdb

from forensics.checks.acts import OWN, Act, vocabulary
from forensics.checks.check import Check
from forensics.checks.findings import fill
from forensics.checks.header import LANGUAGES
from forensics.checks.prepare import ensure_views
from forensics.model import result
from forensics.model.result import Finding

MOST_ALIKE: Final = 4
"""Acts of one kind that are all told; of more, the first two and the last."""
SAME_ACT_US: Final = 120_000_000
"""How far apart the lines of several sources about one act may be."""
MOST_ERROR: Final = 80
"""Characters of an error that a sentence quotes."""
_SAME: Final = ("request_id", "doc", "doc_line", "txn", "attempt", "value", "qty", "before", "after")
_OPTIONAL: Final = re.compile(r"\[([^\[\]]*)\]")
_PLACEHOLDER: Final = re.compile(r"\{([a-z_]+)\}")
_BEGINNING: Final = ("began", "read")

_FACTS: Final = """
SELECT concat(source, ':', byte_offset, ':', part) AS event_id, source, byte_offset, part, kind, system, state, ts, ts_precision AS precision, clock, res_us, err_us, us,
       request_id, doc, doc_line, txn, task, attempt, error, extra->>'served_from' AS where_from, extra->>'seconds_behind' AS lag,
       CASE WHEN kind = 'stock' THEN coalesce(qty, qty_available) END AS value, CASE WHEN kind <> 'stock' THEN qty END AS qty, qty_before AS before, qty_after AS after
FROM cited_events
"""
_READS: Final = """
SELECT concat(source, ':', byte_offset, ':', part) AS event_id, source, byte_offset, part, kind, system, state, ts, ts_precision AS precision, clock, res_us, err_us, us,
       request_id, sku, location, extra->>'served_from' AS where_from, coalesce(qty, qty_available) AS value
FROM events_ordered WHERE kind = 'stock' AND request_id IN (SELECT unnest($ids::VARCHAR[])) AND us IS NOT NULL
"""
_CALLS: Final = """
SELECT concat(source, ':', byte_offset, ':', part) AS event_id, source, byte_offset, part, 'api' AS kind, system, NULL AS state, at_time(started_us) AS ts,
       CASE WHEN res_us >= 999999 THEN 's' ELSE 'ms' END AS precision, clock, res_us, err_us, started_us AS us, request_id
FROM api_calls WHERE request_id IN (SELECT unnest($ids::VARCHAR[])) AND started_us IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY request_id ORDER BY res_us, started_us) = 1
"""
"""The best resolved record of when a request began."""

Facts = dict[str, Any]


@dataclass
class _Draft:
    """An act while its lines are gathered; `facts` is what any of them says."""

    act: Act
    note: str
    facts: Facts
    lines: list[Facts] = field(default_factory=list)
    more: int = 0

    @property
    def who(self) -> str | None:
        named = (self.facts.get(key) for key in ("request_id", "doc", "txn", "task"))
        return next((str(value) for value in named if value), None)

    @property
    def best(self) -> Facts:
        """The line with the finest time."""
        return min(self.lines, key=lambda one: (one["us"] is None, one["res_us"], one["err_us"]))


def told(con: duckdb.DuckDBPyConnection, checks: Iterable[Check], findings: Sequence[Finding]) -> list[Finding]:
    """The findings with their courses.

    Args:
        con: prepared for checks, with the table `cited_events` of all that the findings cite.
        checks: those that made the findings.
        findings: what they found.
    """
    by_id = {check.id: check for check in checks if check.acts}
    if not any(finding.cause in by_id for finding in findings):
        return list(findings)
    known = {row["event_id"]: row for row in _rows(con, _FACTS)}
    drafts = {f.id: _drafts(by_id[f.cause], f, known) for f in findings if f.cause in by_id}
    _add_beginnings(con, drafts, {f.id: f for f in findings})
    return [
        replace(f, course=_course(drafts[f.id], f.details), conclusion=_conclusion(by_id[f.cause], f))
        if f.id in drafts
        else f
        for f in findings
    ]


def _rows(con: duckdb.DuckDBPyConnection, sql: str, **params: Any) -> list[Facts]:
    found = con.execute(sql, params or None)
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _drafts(check: Check, finding: Finding, known: Mapping[str, Facts]) -> list[_Draft]:
    drafts: list[_Draft] = []
    lines = [
        (known[e.event_id], e.note or "") for e in finding.evidence if e.event_id in known and e.note in check.acts
    ]
    for line, note in sorted(lines, key=lambda one: (one[0]["us"] is None, one[0]["us"], one[0]["event_id"])):
        act = check.acts[note]
        if line["state"] == "RESPONSE" and act.name == "sent":
            act = vocabulary().acts["answered"]
        alike = [draft for draft in drafts if _one_act(draft, act, note, line)]
        same = min(alike, key=lambda draft: abs(draft.best["us"] - line["us"]), default=None)
        if same is None:
            drafts.append(_Draft(act, note, dict(line), [line]))
        else:
            same.lines.append(line)
            same.facts |= {key: value for key, value in line.items() if same.facts.get(key) is None}
    return _with_rows(_few(drafts))


def _one_act(draft: _Draft, act: Act, note: str, line: Facts) -> bool:
    """Whether the line tells of the draft's act: from another source, at about that time, contradicting nothing."""
    return (
        draft.note == note
        and draft.act.name == act.name
        and all(line["source"] != other["source"] for other in draft.lines)
        and None not in (line["us"], draft.best["us"])
        and (act.once or abs(line["us"] - draft.best["us"]) <= SAME_ACT_US)
        and all(draft.facts.get(k) is None or line.get(k) is None or draft.facts[k] == line[k] for k in _SAME)
    )


def _few(drafts: Sequence[_Draft]) -> list[_Draft]:
    """Of many alike the first two and the last."""
    alike: dict[tuple[str, str], list[_Draft]] = defaultdict(list)
    for draft in drafts:
        alike[draft.act.name, draft.note].append(draft)
    kept: list[_Draft] = []
    for group in alike.values():
        if len(group) > MOST_ALIKE:
            group[1].more = len(group) - 3
        kept += group if len(group) <= MOST_ALIKE else [*group[:2], group[-1]]
    return kept


def _with_rows(drafts: list[_Draft]) -> list[_Draft]:
    """A row change of an act's own transaction belongs to that act: what the row itself was before and after."""
    writers = {draft.facts["txn"]: draft for draft in drafts if draft.act.flow == "write" and draft.act.lane == OWN}
    left = []
    for draft in drafts:
        writer = writers.get(draft.facts["txn"]) if draft.act.flow and draft.act.lane != OWN else None
        if writer is None or draft.facts["txn"] is None:
            left.append(draft)
            continue
        writer.lines += draft.lines
        writer.facts |= {"row_before": draft.facts["before"], "row_after": draft.facts["after"]}
        writer.act = replace(writer.act, fault=writer.act.fault or draft.act.fault)
    return left


def _add_beginnings(
    con: duckdb.DuckDBPyConnection, drafts: Mapping[str, list[_Draft]], findings: Mapping[str, Finding]
) -> None:
    """When a writer read the balance, by the stock read of its request; else when its request began."""
    wanted: list[tuple[str, _Draft]] = []
    for finding, made in drafts.items():
        called = {one.facts["request_id"] for one in made if any(line["kind"] == "api" for line in one.lines)}
        wanted += [
            (finding, one) for one in made
            if one.act.flow == "write" and one.act.lane == OWN and one.facts["request_id"] not in {None, *called}
        ]  # fmt: skip
    ids = sorted({one.facts["request_id"] for _, one in wanted})
    if not ids:
        return
    ensure_views(con, ["events_ordered", "api_calls"])
    reads: dict[str, list[Facts]] = defaultdict(list)
    for read in _rows(con, _READS, ids=ids):
        reads[read["request_id"]].append(read)
    calls = {call["request_id"]: call for call in _rows(con, _CALLS, ids=ids)}
    begun: set[tuple[str, str]] = set()
    for finding, one in wanted:
        request = one.facts["request_id"]
        if (finding, request) in begun:
            continue
        begun.add((finding, request))
        led = _read_for(one, reads[request], findings[finding])
        for name, line in (("read", led), ("began", calls.get(request))):
            if line is not None:
                full = dict.fromkeys(one.facts) | line
                drafts[finding].append(_Draft(vocabulary().acts[name], name, full, [full]))
                break


def _read_for(writer: _Draft, reads: Iterable[Facts], finding: Finding) -> Facts | None:
    """The read of the finding's row that the write goes back to: of the value it started from, else the last that was surely before it."""
    place, started = finding.subject.get("location"), writer.facts["before"]
    fits = []
    for read in reads:
        here = read["sku"] == finding.subject.get("sku") and (
            None in (read["location"], place) or read["location"] == place
        )
        order = _by_record(_Draft(writer.act, "", read, [read]), writer)
        if here and (order < 0 or (order == 0 and read["value"] == started)):
            fits.append((read["value"] == started, read["us"], read["event_id"], read))
    return max(fits, default=(None,), key=lambda one: one[:3])[-1]


def _course(drafts: list[_Draft], details: Mapping[str, Any]) -> tuple[result.Act, ...]:
    made: list[result.Act] = []
    before: _Draft | None = None
    for draft in _in_order(drafts):
        unordered = before is not None and _by_record(before, draft) >= 0
        made.append(_made(draft, details, unordered))
        before = draft
    return tuple(made)


def _in_order(drafts: list[_Draft]) -> list[_Draft]:
    """In order of time; what is known to come first does so, whatever the recorded times say."""
    left = sorted(drafts, key=lambda one: (one.best["us"] is None, one.best["us"] or 0, one.best["event_id"]))
    ordered: list[_Draft] = []
    while left:
        first = next((a for a in left if not any(_order(b, a) < 0 for b in left if b is not a)), left[0])
        left.remove(first)
        ordered.append(first)
    return ordered


def _order(a: _Draft, b: _Draft) -> int:
    """-1 a before b, 1 after, 0 cannot be told: by what the check has shown, else by the record."""
    if a.act.last != b.act.last and a.act.flow == b.act.flow == "write":
        return 1 if a.act.last else -1
    return _by_record(a, b)


def _by_record(a: _Draft, b: _Draft) -> int:
    """The order of two acts by what they are, by one file that tells of both, else by the clocks."""
    if a.who == b.who and a.who is not None and (a.act.name in _BEGINNING) != (b.act.name in _BEGINNING):
        return -1 if a.act.name in _BEGINNING else 1
    # a call's line is written when it ends and tells of when it began: its place in the file says nothing
    shared = [(x, y) for x in a.lines for y in b.lines if x["source"] == y["source"] and x["kind"] != "api"]
    if shared:
        x, y = min(shared, key=lambda pair: pair[0]["kind"] != "change")
        commits = x["kind"] == "change"  # a change log is in the order of the commits, whatever its stamps
        first, second = ((0 if commits else one["us"] or 0, one["byte_offset"], one["part"]) for one in (x, y))
        return -1 if first < second else 1
    x, y = a.best, b.best
    if x["us"] is None or y["us"] is None:
        return 0
    apart = 0 if x["clock"] == y["clock"] else x["err_us"] + y["err_us"]
    if x["us"] + x["res_us"] + apart < y["us"]:
        return -1
    return 1 if y["us"] + y["res_us"] + apart < x["us"] else 0


def _made(draft: _Draft, details: Mapping[str, Any], unordered: bool) -> result.Act:
    facts, act, best = draft.facts, draft.act, draft.best
    lane = vocabulary().lanes.get(act.lane)
    row_after = facts.get("row_after")
    if row_after is None and act.holds:
        row_after = facts.get(act.holds)
    values = {**details, **{k: v for k, v in facts.items() if v is not None}, "who": draft.who}
    values["amount"] = None if facts.get("qty") is None else abs(facts["qty"])
    values["error"] = str(facts["error"])[:MOST_ERROR] if facts.get("error") else None
    said, short = {}, {}
    for lang in LANGUAGES:
        where = vocabulary().words.get(str(facts.get("where_from")), {}).get(lang)
        known = values | {"where": where}
        said[lang] = sentence(act.text[lang], known, lang)
        short[lang] = sentence(act.text[lang], known | ({"who": ""} if lane is None else {}), lang).strip()
    return result.Act(
        act=act.name,
        lane=act.lane,
        who=draft.who,
        name=lane or dict.fromkeys(LANGUAGES, draft.who or "–"),
        text=said,
        short=short,
        at=None if best["ts"] is None else best["ts"].astimezone(UTC),
        precision=best["precision"],
        system=best["system"],
        flow=act.flow,
        value=_number(facts.get("value")),
        qty=_number(facts.get("qty")),
        before=_number(facts.get("before")),
        after=_number(facts.get("after")),
        row_before=_number(facts.get("row_before")),
        row_after=_number(row_after),
        fault=act.fault,
        unordered=unordered,
        more=draft.more,
        events=tuple(dict.fromkeys(line["event_id"] for line in draft.lines)),
    )


def sentence(
    template: str, values: Mapping[str, Any], lang: str, words: Mapping[str, Mapping[str, str]] | None = None
) -> str:
    """A template with its `{placeholders}` filled; `[a part]` with one that is not known is left out."""

    def kept(part: re.Match[str]) -> str:
        names = _PLACEHOLDER.findall(part.group(1))
        return part.group(1) if all(values.get(name) is not None for name in names) else ""

    return fill(_OPTIONAL.sub(kept, template), values, lang, words)


def _conclusion(check: Check, finding: Finding) -> dict[str, str]:
    values = {**finding.details, **finding.subject, "qty_error": finding.qty_error}
    return {lang: sentence(text, values, lang, check.words) for lang, text in check.conclusion.items()}


def _number(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))
