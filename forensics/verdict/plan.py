"""The correction plan: what each proposed correction does to the balance, its risk, and in which order; and what was done already.

Takes the verdict's incidents and asks the replayed book. Nothing is executed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import duckdb

from forensics.model.result import Correction, Effect, Finding, Incident, decimal_text
from forensics.model.when import to_micros
from forensics.verdict import texts
from forensics.verdict.correct import in_book
from forensics.verdict.group import values
from forensics.verdict.replay import replay_requests
from forensics.verdict.settled import change, settled, signed

PHASES: Final = (
    ("investigate", "count"), ("cancel", "complete", "replay", "resend"), ("reverse",), ("transfer", "move", "rebind"),
    ("post", "adjust"), ("release", "invalidate", "repair"), ("allocate", "requery", "retry"),
)  # fmt: skip
"""The order of steps: look first, then let the systems post what they missed, then take back, move, adjust, let go, and ask again."""
VIEWS: Final = ("ledger_rows", "book_state", "api_calls")
_UNSURE: Final = 0.8
_FAR: Final = datetime.max.replace(tzinfo=UTC)

_ROWS: Final = """
WITH asked AS (
    SELECT unnest($nr::BIGINT[]) AS nr, unnest($sku::VARCHAR[]) AS sku, unnest($location::VARCHAR[]) AS location, unnest($pallet::VARCHAR[]) AS pallet,
           unnest($batch::VARCHAR[]) AS batch, unnest($since::BIGINT[]) AS since_us
), stock AS (  -- rows that name no pallet or batch count where the book does not tell them apart
    SELECT a.nr, sum(b.qty) AS qty FROM asked a JOIN book_state b ON b.location = a.location AND b.sku = a.sku
      AND coalesce(b.pallet = a.pallet, true) AND coalesce(b.batch = a.batch, true)
    WHERE b.record = 'stock' AND b.to_us IS NULL GROUP BY a.nr
), held AS (
    SELECT a.nr, sum(b.qty) AS qty FROM asked a JOIN book_state b ON b.sku = a.sku AND b.location = a.location AND coalesce(b.pallet = a.pallet, true)
    WHERE b.record = 'reservation' AND b.to_us IS NULL GROUP BY a.nr
), since AS (
    SELECT a.nr, count(*) AS n FROM asked a JOIN ledger_rows l ON l.location = a.location AND l.sku = a.sku AND coalesce(l.pallet = a.pallet, true)
    WHERE l.us > a.since_us AND l.system IS DISTINCT FROM 'erp' GROUP BY a.nr
)
SELECT a.nr, EXISTS (FROM book_state b WHERE b.record = 'stock') AS known,
       coalesce(s.qty, 0)::DECIMAL(18, 6) AS qty, coalesce(h.qty, 0)::DECIMAL(18, 6) AS held, coalesce(n.n, 0) AS since
FROM asked a LEFT JOIN stock s USING (nr) LEFT JOIN held h USING (nr) LEFT JOIN since n USING (nr) ORDER BY a.nr
"""
_HELD_BY: Final = """
SELECT doc, sku, batch, location, pallet, sum(qty)::DECIMAL(18, 6) AS qty FROM book_state
WHERE record = 'reservation' AND to_us IS NULL AND doc IN (SELECT unnest($docs::VARCHAR[]))
GROUP BY ALL ORDER BY ALL
"""


def plan(
    con: duckdb.DuckDBPyConnection, incidents: Sequence[Incident], findings: Iterable[Finding]
) -> tuple[Incident, ...]:
    """The incidents with their corrections planned: step, effect, risk, replay; those already made are `settled`.

    Args:
        con: prepared for checks, with VIEWS made.
        incidents: the verdict.
        findings: those of the incidents.
    """
    known = {finding.id: finding for finding in findings}
    in_time = sorted(incidents, key=lambda one: (one.started_at or _FAR, one.id))
    done, counted = settled(con, [correction for incident in in_time for correction in incident.correction], known)
    opened = [
        replace(
            incident,
            correction=tuple(c for c in incident.correction if id(c) not in done),
            settled=tuple(done[id(c)] for c in incident.correction if id(c) in done),
        )
        for incident in in_time
    ]
    todo = [(incident, correction) for incident in opened for correction in incident.correction]
    sent = [known[c.finding] for _, c in todo if c.action in {"replay", "resend"} and c.finding in known]
    requests = replay_requests(con, sent)
    effects = _effects(con, todo, known)
    order = sorted(
        range(len(todo)), key=lambda n: (_phase(todo[n][1].action), todo[n][0].started_at or _FAR, todo[n][0].id, n)
    )
    planned = [correction for _, correction in todo]
    moved: dict[tuple[Any, ...], Decimal] = {}
    for step, number in enumerate(order, 1):
        incident, correction = todo[number]
        effect, facts = effects[number]
        chained = replace(
            correction, step=step, effect=_chained(effect, moved), replay=requests.get(correction.finding or "", ())
        )
        planned[number] = replace(
            chained, risk=_risk(incident, chained, {**facts, "counted": counted.get(id(correction))})
        )
    done_ones = iter(planned)
    complete = {i.id: replace(i, correction=tuple(next(done_ones) for _ in i.correction)) for i in opened}
    return tuple(complete[incident.id] for incident in incidents)


def _chained(effects: tuple[Effect, ...], moved: dict[tuple[Any, ...], Decimal]) -> tuple[Effect, ...]:
    """Balances after the steps before: `moved` is what these have changed, by stock row."""
    chained = []
    for effect in effects:
        row = (effect.what, effect.sku, effect.batch, effect.location, effect.pallet, effect.doc)
        shift = moved.get(row, Decimal(0))
        moved[row] = shift + effect.after - effect.before
        chained.append(replace(effect, before=effect.before + shift, after=effect.after + shift))
    return tuple(chained)


def _phase(action: str) -> int:
    return next((number for number, actions in enumerate(PHASES) if action in actions), len(PHASES))


def _effects(
    con: duckdb.DuckDBPyConnection, todo: Sequence[tuple[Incident, Correction]], known: dict[str, Finding]
) -> list[tuple[tuple[Effect, ...], dict[str, Any]]]:
    """Per correction its effects, and what the risk depends on: `held` and `since` of its stock row."""
    asked: list[dict[str, Any]] = []
    for number, (incident, correction) in enumerate(todo):
        finding = known.get(correction.finding or "")
        delta = change(correction, finding)
        if not delta or finding is None or not in_book(finding) or correction.sku is None:
            continue
        origin, target = (correction.details.get(key) for key in ("from_location", "to_location"))
        moves = correction.action in {"transfer", "move"} and origin and target
        cells = [(str(origin), -abs(delta)), (str(target), abs(delta))] if moves else [(correction.location, delta)]
        since = incident.ended_at or incident.started_at
        asked += [
            {
                "nr": number, "sku": correction.sku, "location": place, "batch": correction.batch,
                "pallet": correction.pallet, "delta": change, "since": to_micros(since) if since else 1 << 61,
            }
            for place, change in cells if place is not None
        ]  # fmt: skip
    names = ("sku", "location", "pallet", "batch", "since")
    rows = con.execute(
        _ROWS, {"nr": list(range(len(asked))), **{name: [one[name] for one in asked] for name in names}}
    ).fetchall()
    found: list[tuple[tuple[Effect, ...], dict[str, Any]]] = [((), {}) for _ in todo]
    for one, (_, is_known, qty, held, since_n) in zip(asked, rows, strict=True):
        effects, facts = found[one["nr"]]
        if is_known:
            effect = Effect(
                "stock", one["sku"], one["batch"], one["location"], one["pallet"], None, qty, qty + one["delta"]
            )
            effects = (*effects, effect)
        found[one["nr"]] = (effects, facts or {"held": held, "since": since_n})
    released = {n: _holders(c, known) for n, (_, c) in enumerate(todo) if c.action == "release"}
    rows = con.execute(_HELD_BY, {"docs": sorted(set().union(*released.values()))}).fetchall() if released else []
    for number, docs in released.items():
        held = [row for row in rows if row[0] in docs and todo[number][1].sku in (None, row[1])]
        effects = tuple(
            Effect("reservation", sku, batch, place, pallet, doc, qty, Decimal(0)) for doc, sku, batch, place, pallet, qty in held
        )  # fmt: skip
        found[number] = (effects, {})
    return found


def _holders(correction: Correction, known: dict[str, Finding]) -> set[str]:
    """The documents whose locks may be released: the finding's detail `idle_holders`, else its documents."""
    finding = known.get(correction.finding or "")
    details = finding.details if finding is not None and "idle_holders" in finding.details else correction.details
    return {str(doc) for doc in values(details, "idle_holders") or values(details, "doc")}


def _risk(incident: Incident, correction: Correction, facts: dict[str, Any]) -> dict[str, str]:
    share = next((cause.probability for cause in incident.causes), 0.0)
    safety = {one.safe for one in correction.replay}
    if "no" in safety:
        return _level("high", texts.RISKS["committed"])
    if any(effect.after < 0 and effect.after < effect.before for effect in correction.effect):
        return _level("high", texts.RISKS["negative"])
    if share < _UNSURE:
        return _level("high", texts.fill(texts.RISKS["unsure"], share=round(100 * share)))
    if facts.get("counted"):
        return _level("high", texts.fill(texts.RISKS["counted"], qty=signed(facts["counted"])))
    if "check-first" in safety:
        known = next(one.recognises_repeats for one in correction.replay if one.safe == "check-first")
        return _level("medium", texts.fill(texts.RISKS["repeat"], known=texts.REPEATS[known]))
    if facts.get("held") and _lowers(correction):
        return _level("medium", texts.fill(texts.RISKS["held"], qty=decimal_text(facts["held"])))
    if facts.get("since"):
        return _level("medium", texts.fill(texts.RISKS["moved"], n=facts["since"]))
    return _level("low", texts.RISKS["plain"])


def _lowers(correction: Correction) -> bool:
    return any(effect.after < effect.before for effect in correction.effect)


def _level(level: str, said: dict[str, str]) -> dict[str, str]:
    return {"level": level, **said}
