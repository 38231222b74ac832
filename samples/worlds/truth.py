"""What really happened, as `truth.json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from clocks import FOLDERS, Clock
from settings import Settings

LINES_FROM = 100_000
"""From so many faults on, faults and innocents are one JSON object a line in files of their own."""


class Truth:
    """Collects faults and innocents while the world is written; holds none of them in memory."""

    def __init__(self, out: Path) -> None:
        out.mkdir(parents=True, exist_ok=True)
        self._out = out
        self._files = {
            name: (out / f"truth-{name}.jsonl").open("w", encoding="utf-8", newline="\n")
            for name in ("faults", "innocent")
        }
        self.faults = self.innocents = 0

    def add(self, faults: list[dict[str, Any]], innocent: list[dict[str, Any]]) -> None:
        """A day's entries."""
        for name, entries in (
            ("faults", sorted(faults, key=lambda f: f["started_at"])),
            ("innocent", sorted(innocent, key=lambda i: i["at"])),
        ):
            self._files[name].writelines(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)
        self.faults += len(faults)
        self.innocents += len(innocent)

    def close(self, settings: Settings, clocks: dict[str, Clock]) -> None:
        """Write `truth.json`; the lines move into it unless they are too many."""
        for file in self._files.values():
            file.close()
        head = {
            "zone": "Asia/Shanghai",
            "made": {
                "events": settings.events, "seed": settings.seed, "fault_rate": settings.fault_rate, "noise": settings.noise, "style": settings.style,
                "dropped": sorted(settings.drop),
            },
            "clocks": {FOLDERS[folder]: {"offset_s": clock.offset_s, "drift_ppm": clock.drift_ppm} for folder, clock in clocks.items()},
        }  # fmt: skip
        paths = {name: self._out / f"truth-{name}.jsonl" for name in self._files}
        if self.faults >= LINES_FROM:
            whole = {
                **head,
                "faults_file": paths["faults"].name,
                "innocent_file": paths["innocent"].name,
                "faults": [],
                "innocent": [],
            }
        else:
            whole = {
                **head,
                **{name: [json.loads(line) for line in path.open(encoding="utf-8")] for name, path in paths.items()},
            }
            for path in paths.values():
                path.unlink()
        (self._out / "truth.json").write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
