"""A failed message as a request that a person may send again after review. Nothing is ever sent.

Which findings are about messages to be sent again is content: the `correction` of their cause says `replay` or `resend`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import duckdb
import polars as pl

from forensics.model.result import Finding, ReplayRequest
from forensics.model.when import from_micros
from forensics.timeline.fetch import events_by_id
from forensics.verdict import texts
from forensics.verdict.redact import is_secret, redact

MOST_BODY: Final = 20_000
"""Characters of a body that are quoted."""
_HEADERS: Final = ("user_agent", "content_type", "referer", "accept", "idempotency_key")

_CALLS: Final = """
WITH cited AS (
    SELECT unnest($finding::VARCHAR[]) AS finding, unnest($source::VARCHAR[]) AS source, unnest($byte_offset::BIGINT[]) AS byte_offset
), told AS (
    SELECT source AS call_source, byte_offset AS call_offset, part AS call_part, unnest(witnesses) AS w FROM api_calls
)
SELECT DISTINCT k.finding, c.* FROM cited k JOIN told t ON t.w.source = k.source AND t.w.byte_offset = k.byte_offset
JOIN api_calls c ON c.source = t.call_source AND c.byte_offset = t.call_offset AND c.part = t.call_part
WHERE NOT coalesce(c.served, false) AND coalesce(c.outcome, 'unknown') NOT IN ('ok', 'duplicate')
ORDER BY k.finding, c.started_us, c.source, c.byte_offset
"""
_POSTED: Final = """
WITH named AS (  -- a partner's postings seldom bear the message's id, but its document
    SELECT coalesce(system = 'erp', false) AS partner, unnest(CASE WHEN system = 'erp' THEN [request_id, doc, partner_doc] ELSE [request_id] END) AS name,
           concat(source, ':', byte_offset, ':', part) AS event_id, us FROM ledger_rows
)
SELECT partner, name, list(event_id ORDER BY us)[:5] AS events FROM named WHERE name IN (SELECT unnest($names::VARCHAR[])) GROUP BY partner, name
"""
_REPEATS: Final = """
SELECT endpoint, count(*) FILTER (outcome = 'duplicate') AS recognised,
       count(DISTINCT request_id) FILTER (request_id IN (
           SELECT request_id FROM ledger_rows WHERE request_id IS NOT NULL AND system IS DISTINCT FROM 'erp'
           GROUP BY request_id, sku, location, pallet, doc, doc_line, qty HAVING count(*) > 1)) AS doubled
FROM api_calls WHERE endpoint IN (SELECT unnest($endpoints::VARCHAR[])) GROUP BY endpoint
"""


def replay_requests(
    con: duckdb.DuckDBPyConnection, findings: Iterable[Finding]
) -> dict[str, tuple[ReplayRequest, ...]]:
    """Per finding, the failed calls that it cites: one request per id (or per task or document where there is none).

    Args:
        con: prepared for checks, with the views `api_calls` and `ledger_rows`.
        findings: those whose correction is to send something again.
    """
    cited = [(f.id, *e.event_id.rsplit(":", 2)[:2]) for f in findings for e in f.evidence if e.role == "for"]
    if not cited:
        return {}
    columns = list(zip(*cited, strict=True))
    calls = con.sql(
        _CALLS,
        params={"finding": columns[0], "source": columns[1], "byte_offset": [int(offset) for offset in columns[2]]},
    ).pl()
    events = {
        row["event_id"]: {**row, "extra": _table(row["extra"])}
        for row in events_by_id(con, (one for ws in calls["witnesses"] for one in _ids(ws))).iter_rows(named=True)
    }
    names = sorted({one for row in calls.iter_rows(named=True) for one in _names(row)})
    posted = {(partner, name): found for partner, name, found in con.execute(_POSTED, {"names": names}).fetchall()}
    endpoints = sorted({row["endpoint"] for row in events.values() if row["endpoint"]})
    repeats = {row[0]: row[1:] for row in con.execute(_REPEATS, {"endpoints": endpoints}).fetchall()}
    found: dict[str, tuple[ReplayRequest, ...]] = {}
    for _, group in calls.group_by(
        "finding", pl.coalesce("request_id", "task", "doc", "endpoint"), maintain_order=True
    ):
        told = list(group.iter_rows(named=True))
        request = _request(
            told, [events[one] for row in told for one in _ids(row["witnesses"]) if one in events], posted, repeats
        )
        found[told[0]["finding"]] = (*found.get(told[0]["finding"], ()), request)
    return found


def _names(call: Mapping[str, Any]) -> list[str]:
    return [call[key] for key in ("request_id", "doc", "partner_doc") if call[key]]


def _ids(witnesses: Iterable[Mapping[str, Any]]) -> list[str]:
    return [f"{w['source']}:{w['byte_offset']}:{w['part']}" for w in witnesses]


def _request(
    calls: Sequence[Mapping[str, Any]],
    told: Sequence[Mapping[str, Any]],
    posted: Mapping[tuple[bool, str], Sequence[str]],
    repeats: Mapping[str, tuple[int, int]],
) -> ReplayRequest:
    # quoted: the last attempt, by the end that kept most of the message
    best = max(told, key=lambda row: (bool(row["extra"].get("request_body")), "method" in row["extra"], row["ts"]))
    kept = {key: value for row in told for key, value in row["extra"].items() if value not in (None, "")}
    body = best["extra"].get("request_body")
    endpoint = best["endpoint"] or next((row["endpoint"] for row in told if row["endpoint"]), None)
    ids = {row["request_id"] for row in calls}
    request_id = ids.pop() if len(ids) == 1 else None
    to_partner = any(str(row["callee"] or "").lower() == "erp" for row in told)
    committed = tuple(
        {one: None for row in calls for name in _names(row) for one in posted.get((to_partner, name), ())}
    )
    counts = [repeats[row["endpoint"]] for row in told if row["endpoint"] in repeats]
    recognised, doubled = (max((one[i] for one in counts), default=0) for i in (0, 1))
    known = "no" if doubled else "yes" if recognised else "unknown"
    safe = "no" if committed else "yes" if known == "yes" and request_id else "check-first"
    return ReplayRequest(
        method=kept.get("method"),
        url=redact(endpoint) if endpoint else None,
        receiver=best["callee"] or kept.get("upstream"),
        headers=_headers(kept),
        body=None if body is None else redact(_text(body)[:MOST_BODY]),
        request_id=request_id,
        attempts=tuple(_attempt(row) for row in calls),
        failed=sum(max(len(row["upstream"] or ()), 1) for row in calls),
        committed_by=committed,
        recognises_repeats=known,
        safe=safe,
        because=texts.fill(texts.REPLAY[safe], n=recognised, known=texts.REPEATS[known]),
        event_id=best["event_id"],
        file=best["file"],
        line=best["line"],
    )


def _attempt(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "at": from_micros(row["started_us"]),
        "ended_at": from_micros(row["ended_us"]),
        "outcome": row["outcome"],
        "status_code": row["status_code"],
        "error": None if row["error"] is None else redact(row["error"][:500]),
        "attempt": row["attempt"],
    }


def _headers(extra: Mapping[str, Any]) -> dict[str, str]:
    """What the log kept of the headers, under its own names; values of secret ones are not shown."""
    found: dict[str, Any] = {}
    for key, value in extra.items():
        if "header" in key.lower() or key.lower() in _HEADERS or is_secret(key):
            inner = _table(value) if "header" in key.lower() else {}
            found.update(inner or {key: value})
    return {
        str(key): "[redacted]" if is_secret(str(key)) else redact(_text(value)[:500]) for key, value in found.items()
    }


def _table(text: Any) -> dict[str, Any]:
    if isinstance(text, dict):
        return text
    try:
        value = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
