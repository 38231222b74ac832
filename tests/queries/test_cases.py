"""Every shipped check keeps what its cases promise, and every check has the three cases that it must have."""

from __future__ import annotations

import pytest

from forensics.checks.cases import Case, load_cases, run_case
from forensics.checks.check import Check, load_checks, load_views, views_named

CHECKS = load_checks()
CASES = [(check, case) for check in CHECKS for case in load_cases(check)]


@pytest.mark.parametrize(("check", "case"), CASES, ids=[f"{check.slug}: {case.name}" for check, case in CASES])
def test_case(check: Check, case: Case) -> None:
    assert run_case(check, case) == []


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_check_has_a_positive_a_near_miss_and_a_missing_source(check: Check) -> None:
    cases = load_cases(check)
    assert any(case.expect for case in cases)
    assert any(not case.expect and not case.missing for case in cases)
    assert any(case.missing for case in cases)


@pytest.mark.parametrize("view", load_views().values(), ids=lambda view: view.name)
def test_a_view_declares_what_it_uses(view: object) -> None:
    views = load_views()
    assert views_named(view.sql, views) - {view.name} == set(view.uses)  # type: ignore[attr-defined]
