"""Notes and review states of findings, kept in the case.

`notes.jsonl` is a chained log like the custody log. An entry is kept under ids of findings, not of incidents: an
incident's id changes when a finding joins it, and its notes must not be lost then.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from forensics.model.errors import ConfigError, EvidenceError, Location
from forensics.model.result import REVIEW, Incident, Note
from forensics.store import custody

MAX_TEXT: Final = 4000
MAX_NAME: Final = 200
SHORTEST: Final = 4
_REFUSED: Final = {"Cc", "Cs", "Zl", "Zp"}


def add(path: Path, kind: str, ident: str, findings: Iterable[str], text: str, by: str | None = None) -> Note:
    """Keep a note or a status and return it. The caller holds the case's lock.

    Args:
        kind: note or status.
        ident: of the finding or incident that was named.
        findings: ids of the findings that it is about.
        text: the note, or one of REVIEW.

    Raises:
        ConfigError: empty, too long, not one line of plain text, or no such status.
    """
    if kind == "status" and text not in REVIEW:
        raise ConfigError(f"no status '{_quoted(text)}'", hint="one of " + ", ".join(REVIEW))
    text = _plain(text, "the note", MAX_TEXT)
    by = None if by is None else _plain(by, "the name", MAX_NAME)
    return _note(path, custody.append(path, kind, id=ident, findings=sorted(findings), text=text, by=by))


def read(path: Path) -> tuple[Note, ...]:
    """All notes and states, oldest first.

    Raises:
        EvidenceError: the file is damaged.
    """
    return tuple(_note(path, entry) for entry in custody.read(path))


def annotated(incidents: Iterable[Incident], notes: Collection[Note]) -> tuple[Incident, ...]:
    """The incidents, each with what was noted of any of its findings and the status that was given last."""
    by_finding: dict[str, list[Note]] = {}
    for note in notes:
        for finding in note.findings:
            by_finding.setdefault(finding, []).append(note)
    return tuple(_with(incident, by_finding) for incident in incidents)


def named(ident: str, known: Mapping[str, Collection[str]]) -> str | None:
    """The one known id that is `ident` or begins with it; None if there is none.

    Raises:
        ConfigError: too short to say, or several begin so.
    """
    if ident in known:
        return ident
    if len(ident) < SHORTEST:
        raise ConfigError(f"the id '{_quoted(ident)}' is too short", hint=f"give at least {SHORTEST} characters of it")
    found = sorted(one for one in known if one.startswith(ident))
    if len(found) > 1:
        raise ConfigError(f"several ids begin with '{_quoted(ident)}'", hint="one of " + ", ".join(found[:10]))
    return found[0] if found else None


def unknown(ident: str) -> ConfigError:
    """There is no such finding."""
    return ConfigError(
        f"the case has no finding or incident '{_quoted(ident)}'",
        hint="`forensics audit` shows the ids of incidents, `forensics audit --format json` those of findings too",
    )


def _with(incident: Incident, by_finding: Mapping[str, list[Note]]) -> Incident:
    own = {note.seq: note for finding in incident.findings for note in by_finding.get(finding, ())}
    notes = tuple(own[seq] for seq in sorted(own))
    states = [note.text for note in notes if note.kind == "status"]
    return replace(incident, notes=notes, status=states[-1] if states else None)


def _note(path: Path, entry: Mapping[str, Any]) -> Note:
    try:
        at = datetime.fromisoformat(entry["at"])
        by = None if entry["by"] is None else str(entry["by"])
        findings = tuple(str(finding) for finding in entry["findings"])
        return Note(int(entry["seq"]), at, str(entry["action"]), str(entry["id"]), findings, str(entry["text"]), by)
    except (KeyError, TypeError, ValueError):
        raise EvidenceError(
            "a note of the case cannot be read",
            location=Location(path),
            hint="compare with a backup of the case; `forensics case verify` shows what still holds",
        ) from None


def _plain(text: str, what: str, limit: int) -> str:
    text = text.strip(" ")
    if not text:
        raise ConfigError(f"{what} is empty")
    if len(text) > limit:
        raise ConfigError(f"{what} is too long: {len(text):,} characters, at most {limit:,}")
    bad = next((char for char in text if unicodedata.category(char) in _REFUSED), None)
    if bad is not None:
        raise ConfigError(
            f"{what} holds a control character (U+{ord(bad):04X})", hint="write it as one line of plain text"
        )
    return text


def _quoted(text: str) -> str:
    """What was typed, fit for an error message."""
    return ascii(text[:40])[1:-1] if not text.isprintable() else text[:40]
