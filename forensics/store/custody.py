"""The custody log: what was done to a case, each entry chained to the one before by its hash.

One JSON object a line. `hash` is the SHA-256 of the previous entry's hash and this entry's canonical JSON without
`hash`, so that a changed, removed or reordered entry breaks the chain from there on.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from forensics.model.errors import EvidenceError, Location

GENESIS = "0" * 64


def _digest(entry: dict[str, Any], previous: str) -> str:
    body = json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{previous}\n{body}".encode()).hexdigest()


def read(path: Path) -> list[dict[str, Any]]:
    """All entries, oldest first; an empty list where there is no log yet.

    Raises:
        EvidenceError: a line is not JSON.
    """
    if not path.exists():
        return []
    entries: list[dict[str, Any]] = []
    lines = path.read_text(encoding="utf-8").removesuffix("\n")
    for number, line in enumerate(
        lines.split("\n") if lines else (), 1
    ):  # splitlines would cut at U+2028 within a value
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            entry = None
        if not isinstance(entry, dict):
            raise EvidenceError(
                "the log is damaged: this line is no JSON object",
                location=Location(path, number),
                hint="compare with a backup of the case; `forensics case verify` shows what still holds",
            )
        entries.append(entry)
    return entries


def append(path: Path, action: str, **facts: Any) -> dict[str, Any]:
    """Add an entry and return it; a fact called `by` replaces the user's name. The caller holds the case's lock."""
    entries = read(path)
    entry: dict[str, Any] = {
        "seq": len(entries) + 1,
        "at": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "action": action,
        "by": _who(),
        **facts,
    }
    entry["hash"] = _digest(entry, entries[-1]["hash"] if entries else GENESIS)
    with path.open("a", encoding="utf-8", newline="\n") as log:
        log.write(json.dumps(entry, ensure_ascii=False, sort_keys=True) + "\n")
    return entry


def verify(path: Path) -> list[str]:
    """What is wrong with the chain, in words; an empty list if it holds."""
    problems: list[str] = []
    previous = GENESIS
    for number, entry in enumerate(read(path), 1):
        claimed = entry.get("hash")
        rest = {key: value for key, value in entry.items() if key != "hash"}
        if rest.get("seq") != number:
            problems.append(f"entry {number} says it is entry {rest.get('seq')}: entries were removed or reordered")
        if claimed != _digest(rest, previous):
            problems.append(f"entry {number} does not match its hash: it, or the one before it, was changed")
        previous = str(claimed)
    return problems


def _who() -> str:
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):
        user = "?"
    return f"{user}@{platform.node() or '?'}"
