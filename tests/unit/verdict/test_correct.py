"""What to do is said with the finding's own figures, in both languages, and hostile values stay values."""

from __future__ import annotations

import pytest

from forensics.verdict.correct import ACTIONS, Rule, corrections, shipped_rules

from .build import finding


def test_a_proposal_names_what_the_finding_found() -> None:
    rule = Rule("requery", {"zh": "应查询 {document}：可用 {available}", "en": "ask for {document}: {available}"})
    found = finding("F-S-02-03.3", details={"document": "WH1, {qty}", "available": "40"})
    (posting,) = corrections([found], {"F-S-02-03.3": rule}, "en")
    assert posting.because == "ask for WH1, {qty}: 40"
    assert posting.reason["zh"] == "应查询 WH1, {qty}：可用 40"
    assert posting.qty is None


@pytest.mark.parametrize("cause", ["F-S-02-03.1", "F-S-02-03.2", "F-S-02-03.3", "F-S-02-03.4"])
def test_every_false_shortage_has_something_to_do(cause: str) -> None:
    (posting,) = corrections([finding(cause, qty="0")], shipped_rules())
    assert posting.action in ACTIONS
    assert posting.action != "none"
