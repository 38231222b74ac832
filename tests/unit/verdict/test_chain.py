"""What led to what: one story where it is one, and strangers left strangers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.checks.catalogue import load_catalogue
from forensics.model.fault import Lead
from forensics.model.result import ClockRelation, Evidence, Finding, Incident
from forensics.verdict import judge

from .build import EVERYTHING, T, finding, text

SHIPPED = load_catalogue()
REQUEST = "req-88f1"
ROW = {"sku": "10023", "location": "A-02"}


def told(*findings: Finding, clocks: Any = (), catalogue: Any = SHIPPED) -> dict[str, Incident]:
    """The incidents by the cause of their leading finding."""
    incidents, _, _ = judge(findings, catalogue, EVERYTHING, rules={}, clocks=clocks)
    causes = {f.id: f.cause for f in findings}
    return {causes[incident.findings[0]].rpartition("-")[2]: incident for incident in incidents}


def links(incident: Incident) -> list[tuple[str, str]]:
    return [(one.relation, one.cause.rpartition("-")[2]) for one in incident.chain]


def seen_by(system: str, one: Finding) -> Finding:
    return replace(one, evidence=tuple(replace(e, system=system) for e in one.evidence))


TIMEOUT = finding("F-S-02-02.2", task="T1", pallet="P1", sku="10023", request_id=REQUEST, qty="-5")
TWICE = finding("F-S-02-05.3", request_id=REQUEST, doc="CK1", minutes=2, **ROW, qty="-5")
OVERSOLD = finding("F-S-02-05.1", doc=["CK2", "CK3"], minutes=90, **ROW, qty="-3")


def test_a_timeout_a_second_deduction_and_a_negative_row_are_one_story() -> None:
    incidents = told(TIMEOUT, TWICE, OVERSOLD)
    root = incidents["02.2"]
    assert links(root) == [("root", "02.2"), ("led-to", "05.3"), ("led-to", "05.1")]
    assert [one.after for one in root.chain] == [None, TIMEOUT.id, TWICE.id]
    assert [dict(one.shared) for one in root.chain] == [{}, {"request_id": REQUEST}, ROW]
    assert all(one.because["zh"] and one.because["en"] for one in root.chain[1:])
    assert incidents["05.3"].follows == incidents["05.1"].follows == root.id
    assert incidents["05.3"].chain == ()
    assert root.follows is None


def test_the_chain_is_the_same_whatever_the_order() -> None:
    assert told(TIMEOUT, TWICE, OVERSOLD) == told(OVERSOLD, TWICE, TIMEOUT)


def test_a_chain_leaves_the_ids_of_incidents_as_they_are() -> None:
    alone = {i.id for one in (TIMEOUT, TWICE, OVERSOLD) for i in told(one).values()}
    assert {i.id for i in told(TIMEOUT, TWICE, OVERSOLD).values()} == alone


def test_a_shared_material_or_busy_place_alone_joins_nothing() -> None:
    """Independent faults on one stock row: other requests, too small an error, another batch, too late."""
    other = replace(TWICE, subject=TWICE.subject | {"request_id": "req-other"})
    assert not any(i.chain for i in told(TIMEOUT, other).values())
    small = replace(TWICE, qty_error=OVERSOLD.qty_error / 3)
    assert not any(i.chain for i in told(small, OVERSOLD).values())
    batches = [replace(f, subject=f.subject | {"batch": b}) for f, b in ((TWICE, "B1"), (OVERSOLD, "B2"))]
    assert not any(i.chain for i in told(*batches).values())
    late = replace(OVERSOLD, started_at=T + timedelta(days=3), ended_at=T + timedelta(days=3))
    assert not any(i.chain for i in told(TWICE, late).values())
    elsewhere = replace(OVERSOLD, subject=OVERSOLD.subject | {"location": "A-03"})
    assert not any(i.chain for i in told(TWICE, elsewhere).values())


def test_the_cause_must_come_first() -> None:
    before = replace(OVERSOLD, started_at=T - timedelta(hours=2), ended_at=T - timedelta(hours=2))
    assert not any(i.chain for i in told(TWICE, before).values())


def test_where_the_clocks_do_not_decide_it_is_related_and_no_more() -> None:
    wcs, wms = seen_by("wcs", TIMEOUT), seen_by("wms", TWICE)

    def off(seconds: float) -> tuple[ClockRelation, ...]:
        return (ClockRelation("wcs", "wms", 0.0, 0.0, seconds, 9, T, T, T, "pairs"),)

    assert links(told(wcs, wms, clocks=off(10))["02.2"]) == [("root", "02.2"), ("led-to", "05.3")]
    unsure = told(wcs, wms, clocks=off(600))
    assert links(unsure["02.2"]) == [("root", "02.2"), ("related", "05.3")]
    assert unsure["05.3"].follows is None
    assert links(told(TIMEOUT, replace(TWICE, started_at=T))["02.2"]) == [("root", "02.2"), ("related", "05.3")]


def test_a_clock_measured_against_a_third_counts() -> None:
    erp, wcs = seen_by("erp", TWICE), seen_by("wcs", TIMEOUT)
    clocks = tuple(ClockRelation(c, "wms", 0.0, 0.0, 80.0, 9, T, T, T, "pairs") for c in ("erp", "wcs"))
    assert links(told(wcs, erp, clocks=clocks)["02.2"])[1][0] == "related"  # 160 s > 2 min
    assert links(told(wcs, erp)["02.2"])[1][0] == "led-to"  # unmeasured: a minute


def test_what_is_not_proven_leads_to_nothing() -> None:
    unsure = replace(TWICE, details={"undecided": True})
    incidents = told(unsure, replace(OVERSOLD, started_at=T + timedelta(hours=5)))
    assert [i.chain for i in incidents.values()] == [()]


def test_a_consequence_has_one_cause_the_nearest_of_the_surest() -> None:
    first = finding("F-S-02-05.3", doc="CK8", request_id="r8", minutes=-200, **ROW, qty="-5")
    incidents, _, _ = judge([first, TWICE, OVERSOLD], SHIPPED, EVERYTHING, rules={})
    relations = sorted((one.after, one.relation) for i in incidents for one in i.chain if one.after)
    assert relations == sorted([(TWICE.id, "led-to"), (first.id, "related")])


def test_setting_the_root_right_sets_right_what_it_settles() -> None:
    bound = finding("F-S-02-01.4", pallet="P1", sku="S", batch=["B1", "B2"], qty="24")
    refused = finding("F-S-02-03.2", sku="S", batch="B2", doc="CK1", minutes=30, qty="0")
    assert links(told(bound, refused)["01.4"]) == [("root", "01.4"), ("led-to", "03.2")]
    removed = finding("F-S-02-01.3", pallet="P1", sku="S", location="A", qty="24")
    found = finding("F-S-02-02.4", pallet="P1", sku="S", location="B", minutes=60, qty="-24")
    assert told(found)["02.4"].correction
    both = told(removed, found)
    assert both["01.3"].correction
    assert not both["02.4"].correction


def test_a_cause_of_ones_own_class_can_follow_from_any_other() -> None:
    """The engine knows no cause by name: a user's catalogue says what leads to what."""
    lead = Lead("own.2", (("pallet",),), timedelta(hours=1), "", False, text("because"))
    fault = replace(SHIPPED[0], id="own", causes=(replace(SHIPPED[0].causes[0], id="own.1", leads_to=(lead,)),))
    one = finding("own.1", pallet="P")
    two = finding("own.2", pallet="P", minutes=20)
    three = finding("own.2", pallet="Q", minutes=20)
    incidents, _, _ = judge([one, two, three], [fault], (), rules={})
    assert [len(i.chain) for i in incidents] in ([2, 0], [2, 0, 0], [0, 2])


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["02.2", "02.1", "05.3", "05.1", "05.2", "05.4", "03.2", "06.4"]),
            st.integers(0, 100), st.sampled_from(["r1", "r2", None]), st.integers(-6, -1), st.booleans(),
        ),
        max_size=9,
    ),
    st.randoms(),
)  # fmt: skip
def test_chains_are_trees_in_order_of_time(drawn: list[Any], random: Any) -> None:
    findings = [
        finding(f"F-S-02-{c}", minutes=m, request_id=r, qty=str(q), name=str(n), details={"undecided": True} if u else {}, **ROW)
        for n, (c, m, r, q, u) in enumerate(drawn)
    ]  # fmt: skip
    incidents, _, _ = judge(findings, SHIPPED, EVERYTHING, rules={})
    roots = {i.id for i in incidents if i.follows is None}
    assert all(i.follows in roots for i in incidents if i.follows)
    for incident in incidents:
        at = {one.finding: one.at for one in incident.chain}
        for one in incident.chain:
            if one.relation == "led-to":
                assert at[one.after] < one.at
    shuffled = list(findings)
    random.shuffle(shuffled)
    assert judge(shuffled, SHIPPED, EVERYTHING, rules={})[0] == incidents


def test_evidence_decides_whose_clock_counts() -> None:
    early = Evidence("e:1:0", "for", T - timedelta(minutes=1), "erp", "f", 1, "x")
    one = seen_by("wms", TIMEOUT)
    mixed = replace(one, evidence=(early, *one.evidence))
    clocks = (ClockRelation("erp", "wms", 0.0, 0.0, 900.0, 9, T, T, T, "pairs"),)
    assert links(told(mixed, TWICE, clocks=clocks)["02.2"])[1][0] == "led-to"
