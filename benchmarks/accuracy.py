"""What an audit finds in the sample cases, against their truth: found, missed, false, and the quantities.

    python benchmarks/accuracy.py [CASE_FOLDER …] [--seeds N]

`--seeds N` also composes N other days with the same stories (needs the development dependencies): what holds for one seed
only was tuned to it. A case folder holds `evidence/` and `truth.json`. A finding answers a truth if cause, subject and time agree. Anything else
found is false, and worst is one that answers an entry of `innocent`. Ends with 1 if something was missed or falsely accused.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
SLACK = timedelta(minutes=15)
"""How far a finding's time may lie from the truth's: checks may count from the put-done or from the last attempt."""


@dataclass
class Comparison:
    """One case's result. `found` pairs a truth with its finding."""

    found: list[tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=list)
    missed: list[dict[str, Any]] = field(default_factory=list)
    repeated: list[dict[str, Any]] = field(default_factory=list)
    false: list[dict[str, Any]] = field(default_factory=list)
    accused: list[tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=list)

    @property
    def wrong_quantity(self) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """Found, but with another quantity error than the truth's."""
        return [(t, f) for t, f in self.found if Decimal(t["qty_error"]) != Decimal(f["qty_error"])]


def _values(subject: dict[str, Any], name: str) -> set[str]:
    value = subject.get(name)
    return set() if value is None else {str(v) for v in value} if isinstance(value, list) else {str(value)}


def same_subject(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two subjects are one: whatever both name must overlap, and they must share a pallet, task, request, or a location with its SKU."""
    named = [(name, _values(one, name), _values(other, name)) for name in sorted(one.keys() & other.keys())]
    both = [(name, a & b) for name, a, b in named if a and b]
    if any(not common for name, common in both if name not in ("doc", "doc_line", "request_id")):
        return False
    shared = {name for name, common in both if common}
    return bool(shared & {"pallet", "task", "request_id"}) or {"location", "sku"} <= shared


def _near(finding: dict[str, Any], since: str, until: str) -> bool:
    begin = datetime.fromisoformat(finding["started_at"])
    end = datetime.fromisoformat(finding["ended_at"] or finding["started_at"])
    return begin - SLACK <= datetime.fromisoformat(until) and end + SLACK >= datetime.fromisoformat(since)


def compare(truth: dict[str, Any], findings: Sequence[dict[str, Any]]) -> Comparison:
    """Match findings (as of the JSON contract) with a case's truth."""
    result = Comparison()
    left = list(findings)
    for fault in truth["faults"]:
        hits = [
            f
            for f in left
            if f["cause"] == fault["cause"]
            and same_subject(fault["subject"], f["subject"])
            and _near(f, fault["started_at"], fault["ended_at"])
        ]
        if hits:
            result.found.append((fault, hits[0]))
            result.repeated += hits[1:]
            left = [f for f in left if f not in hits]
        else:
            result.missed.append(fault)
    result.false = left
    for finding in left:
        for good in truth.get("innocent", []):
            if (
                finding["cause"] == good["looks_like"]
                and same_subject(good["subject"], finding["subject"])
                and _near(finding, good["at"], good["at"])
            ):
                result.accused.append((good, finding))
    return result


def audit(case_folder: Path) -> dict[str, Any]:
    """Ingest a case's evidence into a temporary case and audit it; the result as JSON values."""
    import forensics

    with tempfile.TemporaryDirectory() as work:
        case = forensics.open_case(Path(work) / "case", create=True)
        case.ingest(case_folder / "evidence")
        return case.audit().to_json()


def _name(entry: dict[str, Any]) -> str:
    subject = {
        k: v for k, v in entry["subject"].items() if v is not None and k in ("pallet", "location", "sku", "task", "doc")
    }
    return f"{entry.get('cause') or entry.get('looks_like')} {entry.get('slug', '')} {subject}"


def main(folders: Sequence[Path]) -> int:
    """Print a table for each case; 1 if something was missed or false."""
    bad = 0
    for folder in folders:
        truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
        result = compare(truth, audit(folder)["findings"])
        causes = sorted({f["cause"] for f in truth["faults"]} | {f["cause"] for f in result.false})
        print(f"{folder.name}\n{'cause':<14}{'true':>6}{'found':>7}{'missed':>8}{'false':>7}")
        for cause in causes:
            row = (
                sum(f["cause"] == cause for f in truth["faults"]), sum(t["cause"] == cause for t, _ in result.found),
                sum(f["cause"] == cause for f in result.missed), sum(f["cause"] == cause for f in result.false),
            )  # fmt: skip
            print(f"{cause:<14}{row[0]:>6}{row[1]:>7}{row[2]:>8}{row[3]:>7}")
        for what, entries in (("missed", result.missed), ("false", result.false), ("found twice", result.repeated)):
            for entry in entries:
                print(f"  {what}: {_name(entry)}")
        for good, finding in result.accused:
            print(f"  innocent accused: {_name(finding)}: {good['why']}")
        for fault, finding in result.wrong_quantity:
            print(f"  quantity {finding['qty_error']}, true {fault['qty_error']}: {_name(fault)}")
        print(f"innocent: {len(truth['innocent']) - len(result.accused)} of {len(truth['innocent'])} left alone\n")
        bad += len(result.missed) + len(result.false)
    return int(bad > 0)


def compose(seed: int, folder: Path) -> Path:
    """Another day like `samples/mixed-day`."""
    target = folder / f"mixed-day, seed {seed}"
    subprocess.run([sys.executable, SAMPLES / "compose" / "mixed_day.py", target, "--seed", str(seed)], check=True)
    return target


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folders", type=Path, nargs="*")
    arguments.add_argument("--seeds", type=int, default=0, metavar="N")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as work:
        folders = given.folders or sorted(path.parent for path in SAMPLES.glob("*/truth.json"))
        sys.exit(main([*folders, *(compose(seed, Path(work)) for seed in range(1, given.seeds + 1))]))
