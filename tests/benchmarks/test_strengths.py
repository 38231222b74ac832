"""Shares of kinds of findings from labelled cases."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
import strengths
from strengths import Case, shares, table

from forensics.model.result import SUBJECT_FIELDS, Evidence, Finding

AT = datetime(2026, 3, 11, 2, tzinfo=UTC)


def seen(n: int, *, sign: bool) -> Finding:
    about = dict.fromkeys(SUBJECT_FIELDS) | {"task": f"T{n}", "sku": f"S{n}", "location": f"L{n}"}
    cited = (Evidence(f"e:{n}:0", "for", AT, "wms", "f", 1, "x"),)
    return Finding(
        f"f{n}", "F-S-02-01", "F-S-02-01.1", "x", "high", about, AT, AT, Decimal(1), 60.0, {}, cited,
        {"undecided": True} if sign else {},
    )  # fmt: skip


def case(right: int, wrong: int, *, sign: bool = False) -> Case:
    findings = tuple(seen(n, sign=sign) for n in range(right + wrong))
    faults = [
        {"cause": "F-S-02-01.1", "subject": {"task": f"T{n}"}, "started_at": "2026-03-11T02:00:00Z", "ended_at": "2026-03-11T02:00:00Z"}
        for n in range(right)
    ]  # fmt: skip
    return Case("case", {"faults": faults}, findings, ())


def test_few_cases_give_neither_nothing_nor_certainty() -> None:
    ((kind, (n, right, share)),) = shares([case(0, 2, sign=True)]).items()
    assert (kind, n, right) == (("F-S-02-01.1", True, 3), 2, 0)
    assert 0 < share < 0.5
    ((_, (_, _, most)),) = shares([case(2, 0)]).items()
    assert 0.5 < most < 1


def test_many_cases_speak_for_themselves() -> None:
    ((_, (n, right, share)),) = shares([case(30, 10), case(30, 10)]).items()
    assert (n, right) == (80, 60)
    assert share == pytest.approx(0.75, abs=0.02)


def test_signs_and_proven_findings_are_told_apart() -> None:
    learned = shares([case(4, 0), case(0, 4, sign=True)])
    assert learned["F-S-02-01.1", False, 3][1] == 4
    assert learned["F-S-02-01.1", True, 3][1] == 0
    assert 'cause = "F-S-02-01.1"' in table(learned, 2, 0)


def test_a_case_is_judged_by_what_the_others_taught() -> None:
    """The same wrong sign in two cases: each lowers it in the other; a case alone learns nothing of itself."""
    wrong = case(0, 1, sign=True)
    alone = [strengths.measure([wrong], learned=learned).errors for learned in (False, True)]
    assert alone[0] == alone[1]
    two = [case(0, 1, sign=True), case(0, 1, sign=True)]
    stated, learned = (sum(strengths.measure(two, learned=flag).errors) for flag in (False, True))
    assert learned < stated
