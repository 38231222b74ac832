from __future__ import annotations

import time
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.model.result import Finding
from forensics.verdict.group import group, merged_subject

from .build import finding


def sizes(*findings: Finding) -> list[int]:
    return sorted(len(g) for g in group(findings))


def test_the_same_task_is_one_story() -> None:
    assert sizes(finding("F-S-02-02.1", task="T1"), finding("F-S-02-02.2", task="T1", minutes=600)) == [2]
    assert sizes(finding("F-S-02-02.1", task="T1"), finding("F-S-02-02.2", task="T2")) == [1, 1]


def test_classes_stay_apart() -> None:
    assert sizes(finding("F-S-02-02.1", task="T1"), finding("F-S-02-05.1", task="T1")) == [1, 1]


def test_reused_pallets_are_told_apart_by_time_and_task() -> None:
    def seen(minutes: float, task: str | None = None) -> Finding:
        return finding("F-S-02-02.1", pallet="TP1", minutes=minutes, task=task)

    assert sizes(seen(0), seen(300)) == [2]
    assert sizes(seen(0, "T1"), seen(300, "T2")) == [1, 1]
    assert sizes(seen(0), seen(3 * 1440)) == [1, 1]


def test_pallets_of_one_document_are_their_own_stories() -> None:
    assert sizes(finding(doc="CK1", pallet="TP1"), finding(doc="CK1", pallet="TP2")) == [1, 1]
    assert sizes(finding(doc="CK1", doc_line="1"), finding(doc="CK1", doc_line="1", minutes=60)) == [2]


def test_a_stock_row_joins_what_happens_at_once() -> None:
    def deducted(minutes: float, doc: str | None, **more: Any) -> Finding:
        return finding("F-S-02-05.1", sku="S", location="L", minutes=minutes, doc=doc, **more)

    assert sizes(deducted(0, "CK1"), deducted(0.5, "CK2")) == [2]
    assert sizes(deducted(0, "CK1"), deducted(10, "CK2")) == [1, 1]
    assert sizes(deducted(0, None), deducted(10, None)) == [2]
    assert sizes(deducted(0, None), deducted(0, None, batch="B")) == [2]
    assert sizes(deducted(0, None, batch="A"), deducted(0, None, batch="B")) == [1, 1]


def test_an_outage_takes_its_tasks_in() -> None:
    outage = finding("F-S-02-02.5", task=["T1", "T2", "T3"], length=30)
    assert sizes(outage, *(finding("F-S-02-02.2", task=f"T{i}", minutes=i) for i in range(5))) == [1, 1, 4]


def test_shared_evidence_joins_unless_it_is_common_ground() -> None:
    def citing(n: int) -> list[Finding]:
        return [finding(doc=f"D{i}", sku=f"S{i}", events=("m:1:0", f"e:{i}:0")) for i in range(n)]

    assert sizes(*citing(2)) == [2]
    assert sizes(*citing(20)) == [1] * 20


def test_a_subject_is_a_value_a_list_or_nothing() -> None:
    merged = merged_subject([finding(sku="S", task="T2"), finding(sku="S", task=["T1", "T2"])])
    assert (merged["sku"], merged["task"], merged["doc"]) == ("S", ["T1", "T2"], None)


def test_many_findings_of_one_row_take_little_time() -> None:
    many = [finding("F-S-02-05.1", sku="S", location="L", doc=f"D{i}", minutes=i / 100) for i in range(10_000)]
    start = time.perf_counter()
    assert len(group(many)) == 1
    assert time.perf_counter() - start < 10  # quadratic would take minutes


fields = st.fixed_dictionaries(
    {},
    optional={
        "task": st.sampled_from(["T1", "T2", ["T1", "T2", "T3"]]),
        "pallet": st.sampled_from(["P1", "P2"]),
        "doc": st.sampled_from(["D1", "D2"]),
        "sku": st.sampled_from(["S1", "S2"]),
        "location": st.sampled_from(["L1", "L2"]),
    },
)


@settings(deadline=None)
@given(st.lists(st.tuples(fields, st.integers(0, 3000)), max_size=12), st.randoms())
def test_grouping_is_a_partition_whatever_the_order(drawn: list[tuple[dict[str, Any], int]], random: Any) -> None:
    findings = [finding(minutes=m, name=str(i), **(f or {"sku": "S1"})) for i, (f, m) in enumerate(drawn)]
    groups = group(findings)
    assert sorted(f.id for g in groups for f in g) == sorted(f.id for f in findings)
    random.shuffle(findings)
    assert {frozenset(f.id for f in g) for g in group(findings)} == {frozenset(f.id for f in g) for g in groups}
