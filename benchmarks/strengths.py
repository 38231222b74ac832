"""How often findings were right in cases whose truth is known: per check, proven or only a sign, and stated strength.

    python benchmarks/strengths.py [--events N] [--write queries/strengths.toml]

Audits every recorded case and simulated worlds of `--events N` events each (0: none), counts the findings of each check that a
truth answers, and says whether the verdict gets better by it: every case is judged with what the *other* cases taught. The
reliability table and the Brier score stand before and after. `--write` writes the shares.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import variations
from calibration import Calibration
from scoring import Said

import forensics
from forensics.checks.catalogue import load_catalogue
from forensics.model.result import CaseResult, Coverage, Finding, iso
from forensics.verdict import judge
from forensics.verdict.group import group, merged_subject, span
from forensics.verdict.strengths import BANDS, Kind, kind_of
from forensics.verdict.weigh import is_undecided

PRIOR = 4.0
"""A check's share is drawn towards that of all findings of its kind as if so many more cases had shown that."""


@dataclass(frozen=True)
class Case:
    """What a case's checks found and its records cover, and what is true."""

    name: str
    truth: dict[str, Any]
    findings: tuple[Finding, ...]
    coverage: tuple[Coverage, ...]

    def kinds(self) -> Iterator[tuple[Kind, bool]]:
        """The leading finding of each incident or disagreement, and whether a truth about it has its cause."""
        groups = group(self.findings)
        entries = [_entry(members) for members in groups]
        right: list[set[str]] = [set() for _ in entries]
        index = Said(entries)
        for fault in self.truth["faults"]:
            for n, _ in index.about(fault["subject"], fault["started_at"], fault["ended_at"]):
                right[n] |= {fault["cause"], *fault.get("also", ())}
        for members, causes in zip(groups, right, strict=True):
            best = max(members, key=lambda f: (not is_undecided(f), f.strength, f.id))
            yield kind_of(best), best.cause in causes


def _entry(members: Sequence[Finding]) -> dict[str, Any]:
    since, until = span(members)
    return {"subject": merged_subject(members), "started_at": iso(since), "ended_at": iso(until)}


def shares(cases: Sequence[Case]) -> dict[Kind, tuple[int, int, float]]:
    """Per kind of finding: how many, how many right, and the share with a Beta prior around that of all checks."""
    count: Counter[Kind] = Counter()
    hits: Counter[Kind] = Counter()
    for case in cases:
        for kind, right in case.kinds():
            count[kind] += 1
            hits[kind] += right
    result = {}
    for kind in sorted(count):
        like = [k for k in count if k[1:] == kind[1:]]
        whole, good = sum(count[k] for k in like), sum(hits[k] for k in like)
        middle = (good + 1) / (whole + 2)
        result[kind] = (count[kind], hits[kind], (hits[kind] + PRIOR * middle) / (count[kind] + PRIOR))
    return result


def measure(cases: Sequence[Case], *, learned: bool) -> Calibration:
    """The verdict over all cases: as stated, or each with the shares that the others taught."""
    catalogue = load_catalogue()
    calibration = Calibration()
    for case in cases:
        others = shares([other for other in cases if other is not case]) if learned else {}
        known = {kind: share for kind, (_, _, share) in others.items()}
        incidents, undecided, _ = judge(case.findings, catalogue, case.coverage, shares=known)
        calibration.add(case.truth, CaseResult({}, {}, incidents=incidents, undecided=undecided).to_json())
    return calibration


def collect(events: int, work: Path) -> Iterator[Case]:
    """Every recorded case and, for more than 0 events, simulated worlds."""
    trials = list(variations.recorded())
    for trial in trials:
        yield _case(trial)
    if events:
        for trial in variations.simulated(work, events, seed=20_261_122):
            yield _case(trial)


def _case(trial: variations.Trial) -> Case:
    name = f"{trial.group} {trial.variation}".strip()
    print(name, file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        case = forensics.open_case(Path(folder) / "case", create=True)
        case.ingest(trial.folder / "evidence")
        session = case.session()
        truth = json.loads((trial.folder / "truth.json").read_text(encoding="utf-8"))
        return Case(name, truth, session.findings, session.coverage)


def table(learned: dict[Kind, tuple[int, int, float]], cases: int, events: int) -> str:
    """The shares as TOML, with the run that they are from."""
    lines = [
        "# How often findings were right in cases whose truth is known. Made by benchmarks/strengths.py, not by hand.",
        "version = 1",
        f'run = "{cases} cases: the recorded ones and simulated worlds of {events} events each"',
        f"leading = {sum(n for n, _, _ in learned.values())}  # findings that lead an incident or a disagreement",
    ]
    for (cause, sign, band), (n, right, share) in learned.items():
        lines += [
            "", "[[kind]]", f'cause = "{cause}"', f"sign  = {str(sign).lower()}", f"from  = {BANDS[band]:g}",
            f"n     = {n}", f"right = {right}", f"share = {share:.4f}",
        ]  # fmt: skip
    return "\n".join(lines) + "\n"


def main(given: argparse.Namespace) -> None:
    """Collect, print before and after, write if asked."""
    with tempfile.TemporaryDirectory() as work:
        cases = list(collect(given.events, Path(work)))
    for name, learned in (("as stated", False), ("with the shares of the other cases", True)):
        calibration = measure(cases, learned=learned)
        print(name, *calibration.summary(), sep="\n  ")
        print(*("  ".join(f"{cell:>14}" for cell in row) for row in calibration.rows()), sep="\n")
    learned_all = shares(cases)
    for (cause, sign, band), (n, right, share) in learned_all.items():
        if right < n:
            print(
                f"{cause} {'sign' if sign else 'proven'} from {BANDS[band]:g}: {right} of {n} right, share {share:.3f}"
            )
    if given.write:
        given.write.write_text(table(learned_all, len(cases), given.events), encoding="utf-8")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--events", type=int, default=60_000, metavar="N", help="events of each simulated world")
    arguments.add_argument("--write", type=Path, metavar="FILE", help="write the shares as TOML")
    main(arguments.parse_args())
