"""The judge of accuracy is judged first: what counts as found, missed, false, accused."""

from __future__ import annotations

from typing import Any

from accuracy import compare, same_subject

FAULT = {
    "cause": "F-S-02-05.3",
    "subject": {"pallet": None, "location": "P-1", "sku": "S", "task": None, "request_id": ["r1", "r2"], "doc": "CK1"},
    "started_at": "2026-03-11T02:00:00.000Z",
    "ended_at": "2026-03-11T02:01:00.000Z",
    "qty_error": "-5",
}
GOOD = {
    "looks_like": "F-S-02-05.3",
    "subject": {"location": "P-2", "sku": "S"},
    "at": "2026-03-11T05:00:00.000Z",
    "why": "reversed",
}


def finding(**changes: Any) -> dict[str, Any]:
    return {**FAULT, "qty_error": "-5", **changes}


def test_the_truth_itself_is_found() -> None:
    result = compare({"faults": [FAULT], "innocent": [GOOD]}, [finding()])
    assert (len(result.found), result.missed, result.false, result.wrong_quantity) == (1, [], [], [])


def test_other_cause_other_place_or_other_time_is_missed_and_false() -> None:
    for changes in (
        {"cause": "F-S-02-05.2"},
        {"subject": {"location": "P-9", "sku": "S"}},
        {"started_at": "2026-03-11T06:00:00Z", "ended_at": None},
    ):
        result = compare({"faults": [FAULT], "innocent": []}, [finding(**changes)])
        assert (len(result.missed), len(result.false)) == (1, 1), changes


def test_one_fault_found_twice_is_not_false_but_counted() -> None:
    result = compare({"faults": [FAULT], "innocent": []}, [finding(), finding(started_at="2026-03-11T02:00:30Z")])
    assert (len(result.found), len(result.repeated), result.false) == (1, 1, [])


def test_an_innocent_accused_is_named() -> None:
    wrong = finding(subject=GOOD["subject"], started_at="2026-03-11T05:00:03Z", ended_at=None)
    result = compare({"faults": [], "innocent": [GOOD]}, [wrong])
    assert result.accused == [(GOOD, wrong)]


def test_a_wrong_quantity_is_told() -> None:
    assert compare({"faults": [FAULT], "innocent": []}, [finding(qty_error="-10.0")]).wrong_quantity
    assert not compare({"faults": [FAULT], "innocent": []}, [finding(qty_error="-5.000")]).wrong_quantity


def test_a_shared_sku_alone_is_not_the_same_subject() -> None:
    assert not same_subject({"sku": "S", "location": None}, {"sku": "S", "location": "P-1"})
    assert not same_subject({"pallet": "A", "location": "P-1"}, {"pallet": "B", "location": "P-1"})
    assert same_subject({"pallet": "A", "location": None}, {"pallet": "A", "location": "P-1"})
