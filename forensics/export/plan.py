"""The correction plan as JSON: every proposed correction in order, with its reason, effect, risk, messages and evidence."""

from __future__ import annotations

from typing import Any, Final

from forensics.export.json import dump
from forensics.model.result import CaseResult, Correction, Evidence, Finding, Incident

SCHEMA: Final = "wms-forensics/correction-plan/1"
NOTE: Final = {
    "zh": "以下只是建议，没有执行任何一步；请由有权限的人员按顺序复核后办理。",
    "en": "These are proposals and nothing was carried out; a person with the authority reviews and makes them, in this order.",
}
_MOVES: Final = ("from_location", "to_location", "doc", "task", "request_id", "partner_doc")


def to_plan(result: CaseResult) -> str:
    """The plan as one indented JSON document, with a final newline; `docs/verdict.md` describes its fields."""
    plain = result.to_json()
    findings = {one.id: one for one in result.findings}
    causes = {incident.id: incident.causes[0] for incident in result.incidents if incident.causes}
    pairs = [
        (incident, correction, told)
        for incident, said in zip(result.incidents, plain["incidents"], strict=True)
        for correction, told in zip(incident.correction, said["correction"], strict=True)
    ]
    pairs.sort(key=lambda one: (one[1].step is None, one[1].step or 0))
    return (
        dump(
            {
                "schema": SCHEMA,
                "note": NOTE,
                "case": plain["case"],
                "window": plain["window"],
                "steps": [_step(i, c, told, findings.get(c.finding or ""), causes.get(i.id)) for i, c, told in pairs],
                "settled": [
                    {"incident": incident["id"], "fault": incident["fault"], "subject": incident["subject"], **one}
                    for incident in plain["incidents"]
                    for one in incident["settled"]
                ],
            },
            indent=2,
        )
        + "\n"
    )


def _step(
    incident: Incident, correction: Correction, told: dict[str, Any], finding: Finding | None, cause: Any
) -> dict[str, Any]:
    return {
        "step": correction.step,
        "action": correction.action,
        "incident": incident.id,
        "finding": correction.finding,
        "fault": incident.fault,
        "cause": finding.cause if finding else None,
        "probability": cause.probability if cause else None,
        **{name: told[name] for name in ("sku", "batch", "location", "pallet", "qty")},
        **{name: told["details"].get(name) for name in _MOVES},
        "reason": told["reason"],
        "effect": told["effect"],
        "risk": told["risk"],
        "replay": told["replay"],
        "evidence": [_line(one) for one in finding.evidence] if finding else list(correction.evidence),
    }


def _line(one: Evidence) -> dict[str, Any]:
    return {"event_id": one.event_id, "role": one.role, "file": one.file, "line": one.line, "note": one.note}
