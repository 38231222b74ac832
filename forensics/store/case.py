"""The case folder: settings, tables, custody log and lock."""

from __future__ import annotations

import json
import secrets
import tomllib
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from filelock import FileLock

from forensics.model.errors import ConfigError, Location
from forensics.store.delta import Table
from forensics.store.evidence import EVIDENCE
from forensics.store.parquet import PARTITION
from forensics.store.schema import EVENTS, REJECTS

MARKER: Final = "case.toml"
KEY_FILE: Final = "pseudonyms.key"
LAYOUT: Final = 1
"""Version of the case folder's layout; a newer one is refused."""


@dataclass(frozen=True)
class CaseFolder:
    """An existing case on disk. `settings` is what `case.toml` says."""

    path: Path
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def zone(self) -> str:
        """IANA name of the zone that times without one are in."""
        return str(self.settings.get("tz", DEFAULT_ZONE))

    @property
    def events(self) -> Table:
        """One row per event, partitioned by kind and month."""
        schema = {name: dtype for name, dtype in EVENTS.items() if name != "kind"}
        return Table(self.path / "events", {**schema, **dict.fromkeys(PARTITION, EVENTS["kind"])}, PARTITION)

    @property
    def rejects(self) -> Table:
        """One row per record that could not be read."""
        return Table(self.path / "rejects", REJECTS)

    @property
    def evidence(self) -> Table:
        """One row per source and ingest."""
        return Table(self.path / "evidence", EVIDENCE)

    @property
    def custody(self) -> Path:
        """The hash-chained log of everything done to the case."""
        return self.path / "custody.jsonl"

    @property
    def notes(self) -> Path:
        """The hash-chained log of what people noted of findings."""
        return self.path / "notes.jsonl"

    def secret(self) -> bytes:
        """The key of the case's pseudonyms: 32 random bytes, made when first needed, in a file that only its owner reads."""
        file = self.path / KEY_FILE
        with self.lock():
            if not file.is_file():
                file.touch(0o600)
                file.write_bytes(secrets.token_bytes(32))
            return file.read_bytes()

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Held while something is committed, so that two processes commit one after the other."""
        with FileLock(self.path / ".lock"):
            yield


DEFAULT_ZONE: Final = "Asia/Shanghai"


def zone_named(name: str) -> ZoneInfo:
    """The zone of that name.

    Raises:
        ConfigError: there is none.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigError(
            f"no time zone is called '{name}'", hint="use an IANA name such as Asia/Shanghai or Europe/Berlin"
        ) from None


def create(path: Path, *, version: str, tz: str = DEFAULT_ZONE) -> CaseFolder:
    """Make a new case folder, or open it where there is one already.

    Raises:
        ConfigError: the path is a file, or a folder that holds something else.
    """
    if (path / MARKER).exists():
        return load(path)
    if path.exists() and not path.is_dir():
        raise ConfigError("a case is a folder, and this is a file", location=Location(path))
    if path.is_dir() and {entry.name for entry in path.iterdir()} - {"events", "rejects", "evidence", ".lock"}:
        raise ConfigError(
            "this folder is not empty and not a case; nothing was written",
            location=Location(path),
            hint="name a new or empty folder with --case",
        )
    zone_named(tz)
    path.mkdir(parents=True, exist_ok=True)
    text = "\n".join(
        [
            "# Settings of this case. The tool reads them; edit `tz` only before the first ingest.",
            f"layout = {LAYOUT}",
            f"id = {json.dumps(uuid.uuid4().hex)}",
            f"created_at = {json.dumps(datetime.now(UTC).isoformat(timespec='seconds'))}",
            f"tool = {json.dumps('wms-forensics ' + version)}",
            f"tz = {json.dumps(tz)}",
            "",
        ]
    )
    case = CaseFolder(path, {"tz": tz})
    for table in (case.events, case.rejects, case.evidence):
        table.create()
    (path / MARKER).write_text(text, encoding="utf-8", newline="\n")  # last: a case without it is no case
    return load(path)


def load(path: Path) -> CaseFolder:
    """Open an existing case.

    Raises:
        ConfigError: there is no case, or one this version cannot read.
    """
    marker = path / MARKER
    if not marker.is_file():
        raise ConfigError(
            "there is no case here",
            location=Location(path),
            hint="make one with `forensics ingest FILES --case DIR`, or name it with --case or FORENSICS_CASE",
        )
    try:
        settings = tomllib.loads(marker.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise ConfigError(f"the case's settings cannot be read: {problem}", location=Location(marker)) from None
    if settings.get("layout", 0) > LAYOUT:
        raise ConfigError(
            f"this case was made by a newer version ({settings.get('tool', '?')})",
            location=Location(marker),
            hint="update wms-forensics",
        )
    zone_named(str(settings.get("tz", DEFAULT_ZONE)))
    return CaseFolder(path, settings)
