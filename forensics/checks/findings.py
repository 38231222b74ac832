"""From the rows that a check returns to typed findings with their evidence.

A check's row has the subject's columns, `started_at`, `ended_at`, `qty_error`, `strength` and `witnesses`; anything else,
and the fields of a `details` struct, become the finding's details.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from forensics.checks.check import Check
from forensics.model.errors import Location, QueryError
from forensics.model.result import LEVELS, SUBJECT_FIELDS, Evidence, Finding, decimal_text, iso

Key = tuple[str, int, int]
REQUIRED: Final = ("started_at", "qty_error", "strength", "witnesses")
_OWN: Final = frozenset(
    {*SUBJECT_FIELDS, "started_at", "ended_at", "qty_error", "strength", "witnesses", "details", "level", "undecided"}
)
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_ID_LENGTH: Final = 12


def check_columns(check: Check, columns: list[str]) -> None:
    """Refuse a check whose result lacks what a finding needs.

    Raises:
        QueryError: naming the missing columns.
    """
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        raise QueryError(
            f"check '{check.id}' returns no column {', '.join(missing)}",
            location=Location(check.path),
            hint="docs/queries.md lists the columns of a check",
        )


def witness_keys(row: Mapping[str, Any]) -> list[Key]:
    """The events that a row cites."""
    return [_key(witness) for witness in row["witnesses"] or ()]


def finding(check: Check, row: Mapping[str, Any], known: Mapping[Key, Evidence]) -> Finding:
    """One row as a finding.

    Args:
        check: the check that returned it.
        row: its columns by name.
        known: the evidence of every cited event; the role and note are taken from the row.
    """
    evidence = _evidence(row, known)
    details = {name: _plain(value) for name, value in row.items() if name not in _OWN and value is not None}
    details |= _details(row.get("details"))
    if row.get("undecided"):
        details["undecided"] = True
    subject = {name: _subject(row.get(name)) for name in SUBJECT_FIELDS}
    level = row.get("level")
    values = {**details, **subject, **{name: row.get(name) for name in ("started_at", "ended_at", "qty_error")}}
    return Finding(
        id=_identity(check, evidence, subject, row),
        fault=check.fault,
        cause=check.id,
        slug=check.slug,
        level=level if level in LEVELS else check.level,
        subject=subject,
        started_at=_time(row["started_at"]),
        ended_at=_time(row.get("ended_at")),
        qty_error=_decimal(row["qty_error"]),
        strength=float(row["strength"] or 0.0),
        message={lang: fill(text, values, lang, check.words) for lang, text in check.message.items()},
        evidence=evidence,
        details=details,
    )


def fill(
    template: str, values: Mapping[str, Any], lang: str, words: Mapping[str, Mapping[str, str]] | None = None
) -> str:
    """The template with its `{placeholders}` filled; a value that is not there is a dash, a word is said in `lang`."""
    joint = "、" if lang == "zh" else ", "

    def shown(match: re.Match[str]) -> str:
        text = _shown(values.get(match.group(1)), joint)
        return words[text][lang] if words and text in words else text

    return _PLACEHOLDER.sub(shown, template)


def _shown(value: Any, joint: str) -> str:
    if value is None:
        return "–"
    if isinstance(value, list | tuple):
        return joint.join(_shown(item, joint) for item in value)
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, datetime):
        return iso(value) or "–"
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)


def _evidence(row: Mapping[str, Any], known: Mapping[Key, Evidence]) -> tuple[Evidence, ...]:
    made: dict[Key, Evidence] = {}
    for witness in row["witnesses"] or ():
        key = _key(witness)
        event = known.get(key)
        if event is None or key in made:
            continue
        role = "against" if witness.get("role") == "against" else "for"
        made[key] = Evidence(
            event.event_id, role, event.ts, event.system, event.file, event.line, event.text, witness.get("note")
        )
    far = datetime.max.replace(tzinfo=UTC)
    return tuple(sorted(made.values(), key=lambda item: (item.role != "for", item.ts or far, item.event_id)))


def _identity(check: Check, evidence: tuple[Evidence, ...], subject: dict[str, Any], row: Mapping[str, Any]) -> str:
    cited = sorted(item.event_id for item in evidence if item.role == "for")
    about = (
        [] if cited else [json.dumps(subject, sort_keys=True, ensure_ascii=False, default=str), str(row["started_at"])]
    )
    text = "\n".join([check.id, *cited, *about])
    return hashlib.sha256(text.encode()).hexdigest()[:_ID_LENGTH]


def _key(witness: Mapping[str, Any]) -> Key:
    return str(witness["source"]), int(witness["byte_offset"] or 0), int(witness["part"] or 0)


def _details(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {"details": value}
    if not isinstance(value, Mapping):
        return {}
    return {str(name): _plain(item) for name, item in value.items() if item is not None}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return _time(value)
    return value


def _subject(value: Any) -> Any:
    """A value, a sorted list of several, or None; a list of one is the value."""
    if not isinstance(value, list | tuple):
        return value
    items = list(dict.fromkeys(item for item in value if item is not None))
    if not items:
        return None
    return items[0] if len(items) == 1 else items


def _time(value: Any) -> datetime | None:
    if not isinstance(value, datetime):
        return None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _decimal(value: Any) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value or 0))
