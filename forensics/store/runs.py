"""The audits of a case: what each found is kept in the custody log, and the next one over the same window is compared with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from forensics.model.result import CaseResult, Finding, Resolved, SinceLast, iso
from forensics.store import custody


def record(log: Path, result: CaseResult) -> None:
    """Enter an audit into the custody log. The caller holds the case's lock."""
    custody.append(
        log,
        "audit",
        window=_window(result.window),
        findings=[{"id": f.id, "cause": f.cause, "subject": _named(f.subject)} for f in result.findings],
        incidents={incident.id: incident.findings for incident in result.incidents},
    )


def since_last(
    entries: Sequence[Mapping[str, Any]], window: Mapping[str, datetime | None], findings: Iterable[Finding]
) -> SinceLast | None:
    """What is new, known and gone since the last audit over the same window; None if this is the first.

    Args:
        entries: the custody log.
    """
    last = next((one for one in reversed(entries) if one.get("window") == _window(window) and _is_audit(one)), None)
    if last is None:
        return None
    before = {one["id"]: one for one in last["findings"]}
    now = [finding.id for finding in findings]
    gone = sorted(before.keys() - set(now))
    return SinceLast(
        previous_at=datetime.fromisoformat(last["at"]),
        new=tuple(one for one in now if one not in before),
        known=tuple(one for one in now if one in before),
        resolved=tuple(Resolved(one, before[one]["cause"], before[one]["subject"]) for one in gone),
    )


def known_ids(entries: Iterable[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """Every id that an audit gave: a finding's is about itself, an incident's about its findings."""
    known: dict[str, tuple[str, ...]] = {}
    for entry in entries:
        if _is_audit(entry):
            known |= {incident: tuple(findings) for incident, findings in entry["incidents"].items()}
            known |= {one["id"]: (one["id"],) for one in entry["findings"]}
    return known


def _is_audit(entry: Mapping[str, Any]) -> bool:
    """Whether the entry is of an audit that says what it found; older versions kept the ids alone."""
    found = entry.get("findings")
    return (
        entry.get("action") == "audit"
        and isinstance(entry.get("incidents"), dict)
        and isinstance(found, list)
        and all(isinstance(one, dict) and one.keys() >= {"id", "cause", "subject"} for one in found)
    )


def _window(window: Mapping[str, datetime | None]) -> list[str | None]:
    return [iso(window.get("since")), iso(window.get("until"))]


def _named(subject: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in subject.items() if value is not None}
