"""Which proposed corrections somebody has made already: a later count, adjustment, reversal, move or late posting by that quantity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple

import duckdb

from forensics.model.result import Correction, Finding, Settled, decimal_text
from forensics.model.when import from_micros, to_micros
from forensics.verdict import texts
from forensics.verdict.correct import in_book
from forensics.verdict.group import values

_SENDS: Final = frozenset({"replay", "resend", "complete", "count"})

_LATER: Final = """
WITH asked AS (
    SELECT unnest($nr::BIGINT[]) AS nr, unnest($sku::VARCHAR[]) AS sku, unnest($location::VARCHAR[]) AS location, unnest($pallet::VARCHAR[]) AS pallet,
           unnest($doc::VARCHAR[]) AS doc, unnest($qty::DECIMAL(18, 6)[]) AS qty, unnest($since::BIGINT[]) AS since_us
)
SELECT a.nr, concat(l.source, ':', l.byte_offset, ':', l.part) AS event_id, l.us, l.qty::DECIMAL(18, 6) AS qty, coalesce(l.doc_type IN ('count', 'adjust'), false) AS counts
FROM asked a JOIN ledger_rows l ON l.sku = a.sku AND l.us > a.since_us AND sign(l.qty) = sign(a.qty) AND coalesce(l.pallet = a.pallet, true)
WHERE l.system IS DISTINCT FROM 'erp'
  AND (l.location = a.location AND l.doc_type IN ('count', 'adjust', 'reversal', 'move') OR l.doc = a.doc AND l.qty = a.qty)
ORDER BY a.nr, l.us, l.nr
"""


class _Later(NamedTuple):
    """A posting after the incident that could be its correction; `counts`: a count or adjustment."""

    event_id: str
    us: int
    qty: Decimal
    counts: bool


def settled(
    con: duckdb.DuckDBPyConnection, corrections: Sequence[Correction], known: Mapping[str, Finding]
) -> tuple[dict[int, Settled], dict[int, Decimal]]:
    """What was made already, and what was counted since and fits nothing; both by `id` of the correction.

    A correction is settled by one later posting of just its quantity, or by all that could be its own if they add up to it;
    several corrections of one stock row by one count of them all. A posting settles once.

    Args:
        con: prepared for checks, with the view `ledger_rows`.
        corrections: in order of time.
        known: findings by id.
    """
    asked = [one for number, correction in enumerate(corrections) if (one := _asked(number, correction, known))]
    names = ("nr", "sku", "location", "pallet", "doc", "qty", "since")
    later: dict[int, list[_Later]] = {}
    for nr, *row in con.execute(_LATER, {name: [one[name] for one in asked] for name in names}).fetchall():
        later.setdefault(nr, []).append(_Later(*row))
    used: set[str] = set()
    found: dict[int, Settled] = {}
    rows_of: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for one in asked:
        rows_of.setdefault((one["sku"], one["location"], one["pallet"], one["qty"] > 0), []).append(one)
    for group in ([one] for one in asked):
        _settle(group, corrections, later, used, found)
    for group in rows_of.values():
        left = [one for one in group if id(corrections[one["nr"]]) not in found]
        if len(left) > 1:
            _settle(left, corrections, later, used, found)
    counted: dict[int, Decimal] = {}
    for one in asked:
        correction = corrections[one["nr"]]
        rest = [
            r.qty for r in later.get(one["nr"], ()) if r.counts and r.event_id not in used | set(correction.evidence)
        ]
        if id(correction) not in found and rest:
            counted[id(correction)] = sum(rest, Decimal(0))
    return found, counted


def change(correction: Correction, finding: Finding | None) -> Decimal:
    """By how much the book is to change: the posting's quantity, or what a message or task will make the system post."""
    if correction.qty is not None:
        return correction.qty
    return -finding.qty_error if finding is not None and correction.action in _SENDS else Decimal(0)


def signed(qty: Decimal) -> str:
    """A quantity with its sign."""
    return ("+" if qty > 0 else "") + decimal_text(qty)


def _asked(number: int, correction: Correction, known: Mapping[str, Finding]) -> dict[str, Any] | None:
    finding = known.get(correction.finding or "")
    if finding is None or not in_book(finding) or finding.started_at is None or correction.sku is None:
        return None
    wanted = change(correction, finding) or -finding.qty_error
    docs = values(finding.subject, "doc")
    since = to_micros(finding.ended_at or finding.started_at)
    return {
        "nr": number, "sku": correction.sku, "location": correction.location, "pallet": correction.pallet,
        "doc": str(next(iter(docs))) if len(docs) == 1 else None, "qty": wanted, "since": since,
    } if wanted else None  # fmt: skip


def _settle(
    group: Sequence[Mapping[str, Any]],
    corrections: Sequence[Correction],
    later: Mapping[int, Sequence[_Later]],
    used: set[str],
    found: dict[int, Settled],
) -> None:
    """Settle the group if one posting after its last incident, or all of them together, are its quantity."""
    wanted = sum((one["qty"] for one in group), Decimal(0))
    last = max(group, key=lambda one: one["since"])
    taken = used.union(*(corrections[one["nr"]].evidence for one in group))
    rows = [row for row in later.get(last["nr"], ()) if row.event_id not in taken]
    alone = [row for row in rows if row.qty == wanted][:1]
    made = alone or (rows if sum((row.qty for row in rows), Decimal(0)) == wanted else [])
    if not made:
        return
    used.update(row.event_id for row in made)
    said = texts.SETTLED_ONE if len(made) == 1 else texts.SETTLED
    for one in group:
        correction = corrections[one["nr"]]
        found[id(correction)] = Settled(
            finding=correction.finding or "",
            action=correction.action,
            qty=one["qty"],
            ts=from_micros(made[-1].us),
            evidence=tuple(row.event_id for row in made),
            because=texts.fill(said, n=len(made), qty=signed(wanted)),
        )
