"""Whether probabilities mean what they say: of all causes given with 0.9, are nine in ten right?

Every incident and every disagreement without proof gives its causes a probability. A cause is right there if a truth about the
same subject and time has it; *none of these* is right if no truth has any of the class. From these statements come the reliability
table, the Brier score (mean over the statements' squared errors, summed per incident) and how often the leading cause is the true one.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from scoring import Said

BINS = (0.0, 0.05, 0.2, 0.5, 0.8, 0.9, 0.95, 0.99, 1.0)
"""Borders of the reliability table's rows; the upper one belongs to the row."""
NONE = "none-of-these"


@dataclass
class Calibration:
    """What was stated of causes in many audits, and what was true."""

    statements: list[tuple[float, bool]] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)
    led: int = 0
    """Truths whose incident or disagreement has the true cause first."""
    told: int = 0
    """Truths about which there is an incident or a disagreement at all."""
    unsure: int = 0
    """Truths told of, whose cause is left as possible or cannot be judged."""

    def add(self, truth: dict[str, Any], said: dict[str, Any]) -> None:
        """Count one audit, as of its JSON contract."""
        entries = [*said["incidents"], *said["undecided"]]
        right: list[set[str]] = [set() for _ in entries]
        index = Said(entries)
        for fault in truth["faults"]:
            about = [n for n, _ in index.about(fault["subject"], fault["started_at"], fault["ended_at"])]
            for n in about:
                right[n] |= {fault["cause"]}
            ranked = [(entries[n], one) for n in about for one in entries[n]["causes"] if one["cause"] == fault["cause"]]
            if not ranked:
                continue
            self.told += 1
            entry, own = max(ranked, key=lambda pair: pair[1]["probability"])
            self.led += own["probability"] == max(one["probability"] for one in entry["causes"])
            self.unsure += own["verdict"] != "shown"
        for entry, causes in zip(entries, right, strict=True):
            stated = {one["cause"] for one in entry["causes"]} - {NONE}
            pairs = [
                (float(one["probability"]), one["cause"] in causes if one["cause"] != NONE else not causes & stated)
                for one in entry["causes"]
            ]
            self.statements += pairs
            self.errors.append(sum((p - is_right) ** 2 for p, is_right in pairs))

    def rows(self) -> list[list[str]]:
        """The reliability table, with headings."""
        table = [["stated", "", "statements", "mean stated", "right", "share right"]]
        for low, high in itertools.pairwise(BINS):
            inside = [(p, is_right) for p, is_right in self.statements if low < p <= high or p == low == 0]
            if inside:
                count, hits = len(inside), sum(is_right for _, is_right in inside)
                mean = sum(p for p, _ in inside) / count
                table.append([f"{low:g} – {high:g}", "", f"{count}", f"{mean:.3f}", f"{hits}", f"{hits / count:.3f}"])
        return table

    def summary(self) -> Iterator[str]:
        """One line for each figure."""
        if self.told:
            yield f"true cause first: {self.led} of {self.told} ({self.led / self.told:.3f})"
            yield f"true cause left open: {self.unsure} of {self.told} ({self.unsure / self.told:.3f})"
        if self.errors:
            yield f"Brier score: {sum(self.errors) / len(self.errors):.4f} over {len(self.errors)} incidents and disagreements"
