"""The cases that accuracy is measured on: recorded ones, composed ones, simulated ones, and each with a source taken away."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
WORLDS = {
    "Chinese tables": ("--style", "zh-csv"),
    "English tables": ("--style", "en-csv"),
    "JSON lines": ("--style", "camel-jsonl"),
    "mixed styles": ("--style", "mixed"),
    "clocks off by seconds": ("--style", "mixed", "--clock-offsets", "small"),
    "clocks off by minutes": ("--style", "mixed", "--clock-offsets", "minutes"),
    "clocks far off": ("--style", "mixed", "--clock-offsets", "far"),
    "many look-alikes": ("--style", "mixed", "--noise-times", "10"),
    "no look-alikes": ("--style", "mixed", "--noise-times", "0"),
    "fetched at once": ("--style", "mixed", "--days", "2"),
    "fetched at once, clocks off": ("--style", "mixed", "--clock-offsets", "minutes", "--days", "2"),
}
"""Variations of the simulated world: what they are called, and the simulator's options."""

FAULTS = ("--days", "4", "--story-days", "2", "--fault-rate", "1e-3")
"""Many faults in few events, in a record that goes on for two days more, so that deadlines have passed and places are counted again. Where it was "fetched
at once", it ends with the last fault's day: what happened in its last hours must be left open."""


@dataclass(frozen=True)
class Trial:
    """One audit to judge: a case folder, and what was varied (`""` for nothing)."""

    folder: Path
    group: str
    variation: str = ""


def recorded() -> Iterator[Trial]:
    """The cases that come with the project."""
    for truth in sorted(SAMPLES.glob("*/truth.json")):
        yield Trial(truth.parent, truth.parent.name)


def composed(work: Path, seeds: range) -> Iterator[Trial]:
    """Other days like `samples/mixed-day`: what holds for one seed only was tuned to it."""
    for seed in seeds:
        target = work / f"mixed-day-{seed}"
        _run("compose/mixed_day.py", str(target), "--seed", str(seed))
        yield Trial(target, "mixed-day, other seeds", f"seed {seed}")


def simulated(work: Path, events: int, seed: int) -> Iterator[Trial]:
    """Simulated worlds, one after the other: surfaces, clocks, noise."""
    for n, (name, options) in enumerate(WORLDS.items()):
        target = work / f"world-{n}"
        _run("worlds/simulate.py", str(target), "--events", str(events), "--seed", str(seed + n), *FAULTS, *options)
        yield Trial(target, "simulated", name)
        shutil.rmtree(target)


def without(trial: Trial, sources: dict[str, list[Path]], work: Path) -> Iterator[Trial]:
    """The case again and again, each time without one of its sources (name → its evidence files)."""
    for name, gone in sorted(sources.items()):
        target = work / f"{trial.folder.name}-without"
        shutil.rmtree(target, ignore_errors=True)
        (target / "evidence").mkdir(parents=True)
        shutil.copy2(trial.folder / "truth.json", target)
        for path in sorted(p for p in (trial.folder / "evidence").rglob("*") if p.is_file() and p not in gone):
            place = target / "evidence" / path.relative_to(trial.folder / "evidence")
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, place)
        yield Trial(target, trial.group, f"without {name}")


def _run(script: str, *arguments: str) -> None:
    subprocess.run([sys.executable, SAMPLES / script, *arguments], check=True, stdout=subprocess.DEVNULL)
