"""What came of a false number: who acted on it, and the balance as it would have been."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from forensics.checks import engine
from forensics.model.result import Act, Damage, Finding, Incident
from forensics.verdict import damage, plan

from .test_plan import Case, at, finding, incident

DAY = 86_400.0


def act(events: list[str], *, fault: bool = True, flow: str = "write", row_after: int | None = None) -> Act:
    return Act(
        "x", "who", "R1", {}, {}, {}, None, None, None, flow, fault=fault, events=tuple(events),
        row_after=None if row_after is None else Decimal(row_after),
    )  # fmt: skip


def assess(case: Case, *findings: Finding) -> tuple[list[Damage], list[Incident]]:
    """The damage of each finding, and the incidents (one each) after planning."""
    con = case.con()
    engine.ensure_views(con, damage.VIEWS)
    planned = plan.plan(con, [incident(one, "adjust", -int(one.qty_error)) for one in findings], findings)
    told, assessed = damage.assess(con, planned, findings)
    return [one.damage for one in assessed if one.damage is not None], list(told)


def curve(one: Incident) -> list[tuple[int, int]]:
    (drawn,) = one.balance
    return [(int(point.recorded), int(point.correct)) for point in drawn.points]


def twice() -> tuple[Case, list[str]]:
    """5 deducted twice at 100 s, and three documents after it."""
    case = Case()
    case.posting(0, 20, 0, doc="IN1", doc_type="inbound")
    cited = [case.posting(100, -5, 20, doc="D1"), case.posting(101, -5, 15, doc="D1")]
    case.posting(200, -1, 10, doc="D2")
    case.posting(300, -1, 9, doc="D2")
    case.posting(400, -1, 8, doc="D3")
    return case, cited


def test_documents_posted_on_the_wrong_balance_and_the_curve() -> None:
    case, cited = twice()
    one = replace(finding(1, -5, cited, doc="D1"), course=(act(cited[1:]),))
    (harm,), (told,) = assess(case, one)
    assert (harm.units, harm.until, harm.at_least, harm.book) == (5, None, True, True)
    assert (harm.acted.first, harm.acted.total) == (
        ("D2", "D3"),
        2,
    )  # its own document did not act on it, it is the fault
    assert harm.oversold.total == harm.refused.total == 0
    assert curve(told) == [(20, 20), (15, 15), (10, 15), (9, 14), (8, 13), (7, 12)]
    assert told.damage == harm


def test_after_its_correction_nobody_acts_on_it_any_more() -> None:
    case, cited = twice()
    case.posting(500, 5, 7, doc="ADJ", doc_type="adjust")
    case.posting(600, -1, 12, doc="D4")
    one = replace(finding(1, -5, cited, doc="D1"), course=(act(cited[1:]),))
    (harm,), (told,) = assess(case, one)
    assert (harm.until, harm.at_least) == (at(500), False)
    assert harm.acted.first == ("D2", "D3")  # neither the adjustment nor what came after it
    assert curve(told)[-2:] == [(7, 12), (12, 12)]


def test_errors_on_one_row_add_up() -> None:
    case, cited = twice()
    later = case.posting(500, -2, 7, doc="D5"), case.posting(501, -2, 5, doc="D5")
    first = replace(finding(1, -5, cited, doc="D1"), course=(act(cited[1:]),))
    second = replace(finding(2, -2, list(later), doc="D5", seconds=500), course=(act([later[1]]),))
    (harm, _), (one, two) = assess(case, first, second)
    assert harm.acted.total == 3
    assert curve(one)[-1] == curve(two)[-1] == (3, 10)
    assert [told.damage and told.damage.units for told in (one, two)] == [5, 2]  # each incident its own


def test_many_documents_are_counted_and_the_first_named() -> None:
    case, cited = twice()
    for n in range(40):
        case.posting(1000 + n, -1, 100 - n, doc=f"X{n}")
    (harm,), _ = assess(case, finding(1, -5, cited, doc="D1"))
    assert harm.acted.total == 42
    assert len(harm.acted.first) == damage.FIRST


def test_the_window_is_bounded_and_said_to_be() -> None:
    case, cited = twice()
    case.posting(4 * DAY, -1, 7, doc="LATE")
    (harm,), _ = assess(case, finding(1, -5, cited, doc="D1"))
    assert "LATE" not in harm.acted.first
    assert harm.at_least


def test_documents_given_stock_that_was_not_there() -> None:
    """A deduction of 8 was overwritten: the record says 12, there are 4."""
    case = Case()
    lost = case.posting(100, -8, 20, doc="D1")
    over = case.posting(101, -8, 20, doc="D2")  # from the same 20: the record stays at 12
    case.posting(200, -3, 12, doc="D3")  # 1 left in truth
    case.posting(300, -3, 9, doc="D4")  # 2 of these are not there
    one = replace(finding(1, 8, [lost, over], doc=["D1", "D2"]), course=(act([over], row_after=12),))
    (harm,), (told,) = assess(case, one)
    assert curve(told) == [(12, 12), (12, 4), (9, 1), (6, -2)]
    assert harm.oversold.first == ("D4",)


def test_a_relative_change_on_a_stale_check_moved_the_row_by_its_own_quantity() -> None:
    case = Case()
    cited = [case.posting(100, -6, 10, doc="D1"), case.posting(101, -8, 10, doc="D2")]  # records what it believed: 2
    one = replace(
        finding(1, -4, cited, doc=["D1", "D2"]), course=(act(cited[:1], fault=False), act(cited[1:], fault=True))
    )
    (harm,), (told,) = assess(case, one)
    assert curve(told) == [(4, 4), (-4, 0)]
    assert harm.oversold.first == ("D2",)
    ((effect,),) = [step.effect for step in told.correction]
    assert (effect.before, effect.after) == (-4, 0)  # not the 2 that the last posting wrote down


def test_what_three_took_too_much_is_taken_from_the_last_first() -> None:
    case = Case()
    cited = [case.posting(100 + n, -5, 10 - 5 * n, doc=f"D{n}") for n in range(4)]  # 5, 0, -5, -10
    one = replace(finding(1, -8, cited, doc=["D0", "D1", "D2", "D3"]), course=(act(cited[2:], row_after=0),))
    _, (told,) = assess(case, one)
    assert curve(told) == [(5, 5), (0, 0), (-5, -2), (-10, -2)]


def refusal(case: Case, seconds: float, qty: int, shown: int, doc: str, **fields: Any) -> None:
    case.event(
        seconds, "api", action="deduct", state="CALL", outcome="fail", error=f"insufficient stock, available {shown}",
        request_id=f"Q{doc}", doc=doc, sku="S1", qty=Decimal(qty), duration_ms=5.0, extra="{}", **fields,
    )  # fmt: skip


def test_refused_because_the_number_was_too_low() -> None:
    case, cited = twice()
    refusal(case, 450, 9, 7, "K1")  # 12 would have been there
    refusal(case, 460, 30, 7, "K2")  # refused in any case
    refusal(case, 50, 9, 7, "K3")  # before the fault
    refusal(case, 470, 9, 7, "K4", location="B-09")  # of another place
    (harm,), _ = assess(case, finding(1, -5, cited, doc="D1"))
    assert harm.refused.first == ("K1",)
    (harm,), _ = assess(case, finding(1, 5, cited, doc="D1"))
    assert harm.refused.total == 0  # too high a number refuses nobody


def test_a_value_shown_harms_those_who_were_shown_it() -> None:
    case = Case()
    case.posting(0, 20, 0, doc="IN1", doc_type="inbound")
    shown = case.event(100, "stock", sku="S1", location="A-01", qty=Decimal(25), request_id="R7")
    case.posting(101, -3, 20, doc="D7", request_id="R7")
    case.posting(101, -3, 17, doc="D8", request_id="R8")
    one = finding(1, 5, [shown], fault="F-S-02-06", request_id="R7")
    one = replace(one, course=(act([shown], flow="read"),), ended_at=at(110))
    (harm,), (told,) = assess(case, one)
    assert (harm.book, harm.acted.first, harm.until, harm.at_least) == (False, ("D7",), at(110), False)
    assert told.balance == ()


def test_what_has_no_quantity_or_several_materials_is_left_alone() -> None:
    case, cited = twice()
    nothing = finding(1, 0, cited)
    several = finding(2, -5, cited, sku=["S1", "S2"], location=None)
    con = case.con()
    engine.ensure_views(con, damage.VIEWS)
    _, told = damage.assess(con, [], [nothing, several])
    assert [one.damage for one in told] == [None, None]
