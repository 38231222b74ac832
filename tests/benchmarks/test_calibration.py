"""The reliability table: what was stated of causes beside what was true."""

from __future__ import annotations

from typing import Any

from calibration import NONE, Calibration

SUBJECT = {"pallet": "TP1", "location": "A-01", "sku": "10023"}
TIME = {"started_at": "2026-03-11T10:00:00Z", "ended_at": "2026-03-11T10:05:00Z"}


def entry(*causes: tuple[str, float, str], pallet: str = "TP1") -> dict[str, Any]:
    named = [{"cause": cause, "probability": p, "verdict": verdict} for cause, p, verdict in causes]
    return {"subject": SUBJECT | {"pallet": pallet}, **TIME, "causes": named}


def counted(truth: list[dict[str, Any]], incidents: list[dict[str, Any]]) -> Calibration:
    calibration = Calibration()
    calibration.add({"faults": truth}, {"incidents": incidents, "undecided": []})
    return calibration


def test_a_right_leading_cause_and_a_wrong_one():
    truth = [{"cause": "F-S-02-01.1", "subject": SUBJECT, **TIME}]
    said = [
        entry(("F-S-02-01.1", 0.9, "shown"), ("F-S-02-01.2", 0.1, "possible")),
        entry(("F-S-02-01.2", 0.7, "shown"), (NONE, 0.3, "possible"), pallet="TP2"),
    ]
    calibration = counted(truth, said)
    assert (calibration.led, calibration.told, calibration.unsure) == (1, 1, 0)
    assert sorted(calibration.statements) == [(0.1, False), (0.3, True), (0.7, False), (0.9, True)]
    assert [round(error, 6) for error in calibration.errors] == [0.02, 0.98]


def test_a_true_cause_in_second_place_counts_as_told_not_as_first():
    truth = [{"cause": "F-S-02-01.1", "subject": SUBJECT, **TIME}]
    calibration = counted(truth, [entry(("F-S-02-01.2", 0.6, "possible"), ("F-S-02-01.1", 0.4, "possible"))])
    assert (calibration.led, calibration.told, calibration.unsure) == (0, 1, 1)


def test_truths_nobody_speaks_of_are_not_told():
    truth = [{"cause": "F-S-02-01.1", "subject": SUBJECT | {"pallet": "TP9"}, **TIME}]
    calibration = counted(truth, [entry(("F-S-02-01.1", 0.9, "shown"))])
    assert calibration.told == 0
    assert list(calibration.summary()) == ["Brier score: 0.8100 over 1 incidents and disagreements"]


def test_rows_hold_every_statement_once():
    calibration = counted([], [entry(("F-S-02-01.1", 0.05, "possible"), ("F-S-02-01.2", 0.0, "refuted"), (NONE, 1.0, "possible"))])
    assert [row[2] for row in calibration.rows()[1:]] == ["2", "1"]
