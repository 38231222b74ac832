from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.content import content_dir
from forensics.model.result import CaseResult
from forensics.verdict import Rule, judge, load_rules
from forensics.verdict.correct import IN_BOOK

from .build import CATALOGUE, EVERYTHING, NEGATIVE, T, coverage, finding, text


def decide(findings: list, cover: Any = EVERYTHING, **more: Any) -> Any:
    return judge(findings, CATALOGUE, cover, **({"rules": {}} | more))


def test_one_finding_one_incident() -> None:
    one = finding()
    (incident,), undecided, steps = decide([one])
    assert undecided == ()
    assert (incident.fault, incident.findings, incident.started_at) == ("F-S-02-05", (one.id,), T)
    assert incident.causes[0].cause == "F-S-02-05.3"
    assert incident.subject["doc"] == "CK0001"
    assert [s["fault"] for s in steps] == ["F-S-02-05"] * 4
    json.dumps(CaseResult({}, {}, (incident,), (one,), steps=steps).to_json())


def test_ids_depend_on_the_cited_events() -> None:
    ((one,), _, _), ((two,), _, _) = (
        decide([finding(events=("a:1:0", "a:2:0"))]),
        decide([finding(events=("a:2:0", "a:1:0"), minutes=3, strength=5)]),
    )
    ((other,), _, _) = decide([finding(events=("a:1:0",))])
    assert one.id == two.id != other.id


def test_a_book_that_is_off_is_adjusted_by_the_opposite() -> None:
    ((incident,), _, _) = decide([finding(qty="-5")])
    (posting,) = incident.correction
    assert (posting.action, posting.qty, posting.sku, posting.location) == ("adjust", Decimal(5), "10023", "A-02-03-01")
    assert posting.details == {"doc": "CK0001"}
    assert "-5" in posting.because


def test_the_catalogue_says_how_to_set_a_cause_right() -> None:
    rules = {"F-S-02-05.3": Rule("reverse", text("the second one"))}
    ((incident,), _, _) = decide([finding(qty="-5")], rules=rules, lang="zh")
    (posting,) = incident.correction
    assert (posting.action, posting.qty, posting.because) == ("reverse", Decimal(5), "the second one（中）")
    ((incident,), _, _) = decide([finding()], rules={"F-S-02-05.3": Rule("none", {})})
    assert incident.correction == ()
    ((incident,), _, _) = decide([finding(qty="0")])
    assert incident.correction == ()


def test_of_two_causes_only_the_likelier_is_posted() -> None:
    findings = [finding("F-S-02-05.2", strength=100), finding("F-S-02-05.1", strength=3)]
    ((incident,), _, _) = decide(findings)
    assert len(incident.findings) == 2
    assert len(incident.correction) == 1


def test_an_outage_is_one_incident_with_its_consequences() -> None:
    outage = finding("F-S-02-02.5", strength=50, length=30, qty="0", task=["T1", "T2", "T3"])
    single = [finding("F-S-02-02.2", strength=30, minutes=i, task=f"T{i}", pallet=f"P{i}", qty="-8") for i in (1, 2, 3)]
    ((incident,), _, _) = decide([*single, outage])
    assert incident.findings[0] == outage.id
    assert incident.causes[0].cause == "F-S-02-02.5"
    assert [c.pallet for c in incident.correction] == ["P1", "P2", "P3"]


def test_an_undecided_finding_is_no_incident() -> None:
    incidents, (open_,), _ = decide([finding(details={"undecided": True}, qty="-7")], coverage("ledger"))
    assert incidents == ()
    assert open_.qty_error == Decimal(-7)
    assert {c.verdict for c in open_.causes} <= {"possible", "cannot-be-judged"}
    assert [m.kind for m in open_.missing] == ["api"]


def test_a_symptom_without_a_finding_is_answered() -> None:
    incidents, (open_,), steps = decide(
        [], coverage("task", "ledger"), symptom="F-S-02-02", subject={"pallet": "TP1"}, observed_at=T
    )
    assert incidents == ()
    assert open_.subject["pallet"] == "TP1"
    assert open_.started_at == T
    assert open_.missing[0].kind == "api"
    assert {m.kind for m in open_.missing} == {"api", "device", "scan"}
    assert open_.missing[0].since == T
    assert {c.verdict for c in open_.causes} == {"possible", "cannot-be-judged"}
    assert [s["done"] for s in steps] == [False]


def test_a_symptom_with_a_finding_needs_no_more() -> None:
    incidents, undecided, _ = decide([finding()], symptom="F-S-02-05", subject={"sku": "10023"})
    assert len(incidents) == 1
    assert undecided == ()


def test_a_finding_of_another_class_does_not_answer_the_symptom() -> None:
    incidents, undecided, steps = decide([finding()], symptom="F-S-02-02", subject={"sku": "10023"})
    assert len(incidents) == len(undecided) == 1
    assert [s["fault"] for s in steps] == ["F-S-02-02"] + ["F-S-02-05"] * 4


def test_unknown_symptoms_and_classes_do_no_harm() -> None:
    own = finding("own.check", strength=9)
    ((incident,), undecided, steps) = decide([own], symptom="nonsense")
    assert undecided == ()
    assert steps == ()
    assert incident.fault == "own"
    assert incident.causes[0].cause == "own.check"
    assert incident.causes[0].verdict == "shown"
    assert incident.correction == ()


def test_nothing_in_nothing_out() -> None:
    assert decide([]) == ((), (), ())


def test_steps_say_what_came_of_them() -> None:
    _, _, steps = decide([finding()], coverage("ledger"))
    assert [s["step"] for s in steps] == [1, 2, 3, 4]
    assert [s["done"] for s in steps] == [True, True, True, False]
    results = [s["result"]["en"] for s in steps]
    assert results[0].startswith("Done: 1 found") or results[0].startswith("Done")
    assert results[1] == "Done: 1 found. it happened"
    assert results[2] == "Done where there are records, nothing found; missing: interface calls."
    assert results[3] == "To be checked on site."
    assert all(s["result"]["zh"] and s["title"]["zh"] for s in steps)
    _, _, steps = decide([finding()], ())
    assert (
        steps[2]["result"]["en"]
        == "Not possible: no record of interface calls, stock ledger, stock ledger or row changes."
    )


def test_each_incident_has_its_own_checks() -> None:
    """Signs without proof are told apart from findings, and what is left for a person is said."""
    other = finding(sku="99", location="B-01", doc="CK9", minutes=500)
    doubtful = finding("F-S-02-05.1", details={"undecided": True}, strength=1.5, name="doubtful")
    step = NEGATIVE.steps[2] | {"hand_zh": "去问", "hand_en": "ask the shift"}
    fault = replace(NEGATIVE, steps=(*NEGATIVE.steps[:2], step))
    incidents, _, steps = judge([finding(), other, doubtful], (fault,), coverage("ledger"), rules={})
    mine = next(i for i in incidents if i.subject["sku"] == "10023")
    assert [s["findings"] for s in mine.steps] == [[finding().id], [finding().id], []]
    assert mine.steps[2]["result"]["en"].startswith("Done: 1 signs, which the logs at hand do not prove.")
    assert mine.steps[2]["by_hand"] == {"zh": "去问", "en": "ask the shift"}
    assert mine.steps[1]["by_hand"] == {}
    assert [s["result"]["en"][:13] for s in steps] == ["Done: 2 found", "Done: 2 found", "Done: 1 signs"]
    assert steps[0]["result"]["en"].startswith("Done: 2 found, and 1 more signs without proof.")


def test_rules_are_read_from_the_catalogue(tmp_path: Path) -> None:
    folder = tmp_path / "F-S-02-05"
    folder.mkdir()
    (folder / "fault.toml").write_text(
        '[[cause]]\nid = "F-S-02-05.3"\ncorrection = { action = "reverse", zh = "冲", en = "reverse it" }\n'
        '[[cause]]\nid = "F-S-02-05.1"\ncorrection = { action = "drop tables" }\n[[cause]]\nid = "F-S-02-05.2"\n',
        encoding="utf-8",
    )
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "fault.toml").write_text("[[", encoding="utf-8")
    assert load_rules(tmp_path) == {"F-S-02-05.3": Rule("reverse", {"zh": "冲", "en": "reverse it"})}


@settings(deadline=None)
@given(
    st.lists(
        st.builds(
            lambda n, m, s, u: finding(f"F-S-02-0{n}", minutes=m, strength=s, details={"undecided": True} if u else None),
            st.sampled_from(["5.1", "5.2", "5.3", "2.1", "2.5"]), st.integers(0, 200), st.floats(0, 1000), st.booleans(),
        ),
        max_size=8,
        unique_by=lambda f: f.id,
    ),
    st.randoms(),
)  # fmt: skip
def test_the_verdict_does_not_depend_on_order(findings: list, random: Any) -> None:
    before = decide(findings, coverage("ledger"))
    random.shuffle(findings)
    assert decide(findings, coverage("ledger"))[:2] == before[:2]


def test_shipped_catalogue_has_valid_corrections() -> None:
    rules = load_rules(content_dir("queries"))
    assert len({cause.removesuffix(IN_BOOK) for cause in rules}) == 27
    assert all(rule.because.keys() == {"zh", "en"} for rule in rules.values())
    assert all(all(rule.because.values()) for rule in rules.values() if rule.action != "none")
