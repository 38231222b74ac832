"""The judge of accuracy is judged first: what counts as found, missed, false, accused."""

from __future__ import annotations

from typing import Any

from scoring import compare, same_subject

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


def test_documents_are_subjects_and_another_line_is_another() -> None:
    assert same_subject(
        {"doc": "CK1", "sku": "S", "location": None}, {"doc": ["CK0", "CK1"], "sku": "S", "location": "A"}
    )
    assert not same_subject({"doc": "CK1", "sku": "S"}, {"doc": "CK2", "sku": "S"})
    assert not same_subject({"doc": "CK1", "sku": "S"}, {"doc": "CK1", "sku": "T"})


def test_a_second_cause_that_the_truth_allows_is_neither_false_nor_taken_from_its_own_truth() -> None:
    both = {**FAULT, "cause": "F-S-02-06.2", "also": ["F-S-02-05.3"]}
    result = compare({"faults": [both], "innocent": []}, [finding(cause="F-S-02-06.2"), finding()])
    assert (len(result.found), result.false) == (1, [])
    result = compare({"faults": [both, FAULT], "innocent": []}, [finding(cause="F-S-02-06.2"), finding()])
    assert (len(result.found), result.missed, result.false) == (2, [], [])


def test_left_open_counts_as_missed_and_is_told_apart_from_silence() -> None:
    seen = {"subject": FAULT["subject"], "started_at": FAULT["started_at"], "causes": [{"cause": "F-S-02-05.3"}]}
    result = compare({"faults": [FAULT], "innocent": []}, [], [seen])
    assert (len(result.missed), len(result.undecided)) == (1, 1)
    elsewhere = {**seen, "subject": {"location": "P-9", "sku": "S"}}
    assert compare({"faults": [FAULT], "innocent": []}, [], [elsewhere]).undecided == []
    other_cause = {**seen, "causes": [{"cause": "F-S-02-05.1"}]}
    assert compare({"faults": [FAULT], "innocent": []}, [], [other_cause]).undecided == []


def test_neighbouring_faults_of_one_row_each_get_their_own_finding() -> None:
    place = {"location": "P-1", "sku": "S", "pallet": None, "task": None}
    races = [["r1", "r2"], ["r1", "r2", "r3"], ["r8", "r9"]]
    faults = [{**FAULT, "subject": {**place, "request_id": asked}} for asked in races]
    said = [finding(subject={**place, "request_id": asked}) for asked in reversed(races)]
    result = compare(
        {"faults": faults, "innocent": []}, [*said, finding(subject={**place, "request_id": ["r9", "r8"]})]
    )
    assert [(t["subject"]["request_id"], f["subject"]["request_id"]) for t, f in result.found] == [
        (r, r) for r in races
    ]
    assert (len(result.repeated), result.false) == (1, [])
