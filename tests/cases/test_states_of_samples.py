"""Recorded shifts: at their end book and witnesses disagree about the pallets that the truth names, and no others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import forensics

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


def _pallets(truth: dict, *classes: str) -> dict[str, set[str]]:
    """The pallets of each fault of these classes, by fault."""
    named = {}
    for number, fault in enumerate(truth["faults"]):
        pallet = fault["subject"]["pallet"]
        if fault["fault"] in classes and pallet:
            named[f"{number} {fault['slug']}"] = set(pallet) if isinstance(pallet, list) else {pallet}
    return named


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sample", "unseen"),
    [
        ("phantom-stock", {"wrong-binding"}),
        ("hidden-stock", set()),
        ("mixed-day", set()),
    ],  # a wrong label stands in the right place
)
def test_the_end_of_a_shift(tmp_path, sample, unseen):
    case = forensics.open_case(tmp_path / "case", create=True)
    case.ingest(SAMPLES / sample / "evidence")
    truth = json.loads((SAMPLES / sample / "truth.json").read_text(encoding="utf-8"))
    apart = case.difference()
    left = set(apart.filter(apart["until"].is_null())["pallet"])
    faults = _pallets(truth, "F-S-02-01", "F-S-02-02")
    missed = {name.split()[1] for name, pallets in faults.items() if not pallets & left}
    assert missed == unseen
    assert left <= set().union(*faults.values())
    for row in apart.filter(apart["until"].is_null()).iter_rows(named=True):
        assert row["file"]
        assert row["line"] > 0
