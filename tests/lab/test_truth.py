"""The truth's definitions on small journals, against brute force and against what must stay innocent."""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from lab.truth.compile import of_entries

ROW = {"stock": 1, "zone": "P", "location": "P-01-01", "sku": "S1", "batch": "", "quality": "qualified", "pallet": ""}


class Register:
    """One stock row and its journal; each write says which version its writer had read."""

    def __init__(self, qty: int, real: int | None = None) -> None:
        self.values = {1: Decimal(qty)}
        self.entries: list[dict[str, Any]] = []
        self._write(
            "opening",
            qty,
            read=0,
            wrote="relative",
            doc="QC",
            intent="",
            real=qty if real is None else real,
            moment=0.0,
        )

    @property
    def version(self) -> int:
        return len(self.values)

    def write(self, delta: int, read: int, wrote: str = "absolute", *, bug: int = 0, **more: Any) -> None:
        """A write of a handler that had read version `read`; `bug`: what a trigger adds to it."""
        base = self.values[read] if wrote == "absolute" else self.values[self.version]
        self.values[self.version + 1] = base + delta + bug
        guard = "absolute" if wrote == "absolute" else "relative"
        self._write(
            "pick",
            delta,
            read=read,
            wrote=wrote,
            **{"guard": guard, "intent": f"i{self.version}", "doc": f"D{self.version}"} | more,
        )

    def _write(self, kind: str, delta: int, *, read: int, wrote: str, **more: Any) -> None:
        now = float(self.version * 10)
        entry = ROW | {
            "e": "commit", "t": now + 0.1, "started": now, "type": kind, "delta": str(delta), "read_qty": str(self.values.get(read, 0)), "read_version": read,
            "after": str(self.values[self.version]), "locked": "0", "version": self.version, "guard": "row_lock", "doc_line": 1, "task": None,
            "request_id": f"r{self.version}", "operator": "W1", "reverses": None, "read_at": now - 1, "wrote": wrote,
        }  # fmt: skip
        self.entries.append(entry | more)

    def at(self, version: int) -> float:
        """When a version had surely been committed."""
        return version * 10 + 0.1


def causes(entries: list[dict[str, Any]]) -> list[str]:
    return [fault["cause"] for fault in of_entries(entries)["faults"]]


def of(entries: list[dict[str, Any]], cause: str) -> list[dict[str, Any]]:
    return [fault for fault in of_entries(entries)["faults"] if fault["cause"] == cause]


@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(0, 4), st.booleans()), max_size=12))
def test_lost_updates_are_what_the_balance_lacks(writes: list[tuple[int, int, bool]]) -> None:
    row = Register(100)
    for delta, age, absolute in writes:
        row.write(delta, max(1, row.version - age), "absolute" if absolute else "relative")
    lost = sum((Decimal(fault["qty_error"]) for fault in of(row.entries, "F-S-02-05.2")), Decimal(0))
    assert lost == row.values[row.version] - (100 + sum(delta for delta, _, _ in writes))


def test_an_absolute_write_on_the_current_version_loses_nothing() -> None:
    row = Register(100)
    row.write(-5, read=1)
    row.write(-7, read=2)
    assert causes(row.entries) == []


def test_a_value_that_came_back_is_not_a_loss() -> None:
    row = Register(100)
    row.write(-5, read=1, wrote="relative")
    row.write(5, read=2, wrote="relative")
    row.write(-1, read=1)  # read 100 at version 1, wrote over 100 at version 3
    assert causes(row.entries) == []


def test_a_lost_update_names_the_overwritten_and_the_overwriter() -> None:
    row = Register(100)
    row.write(-5, read=1)
    row.write(-3, read=1)
    (fault,) = of(row.entries, "F-S-02-05.2")
    assert fault["subject"]["doc"] == ["D2", "D3"]
    assert fault["qty_error"] == "5"


def test_oversell_is_what_went_below_zero_after_checks_on_the_same_stock() -> None:
    row = Register(10)
    row.write(-8, read=1, wrote="relative", guard="check")
    row.write(-7, read=1, wrote="relative", guard="check")
    (fault,) = of(row.entries, "F-S-02-05.1")
    assert (fault["qty_error"], fault["subject"]["doc"]) == ("-5", ["D2", "D3"])


def test_a_stale_check_that_was_covered_is_no_oversell() -> None:
    row = Register(20)
    row.write(-8, read=1, wrote="relative", guard="check")
    row.write(-7, read=1, wrote="relative", guard="check")
    assert causes(row.entries) == []


def test_one_act_deducted_twice_is_a_duplicate_and_two_acts_are_not() -> None:
    row = Register(50)
    row.write(-4, read=1, wrote="relative", intent="a", doc="D", request_id="x")
    row.write(-4, read=2, wrote="relative", intent="a", doc="D", request_id="y")
    row.write(-4, read=3, wrote="relative", intent="b", doc="E", doc_line=1)
    row.write(-4, read=4, wrote="relative", intent="c", doc="E", doc_line=2)
    (fault,) = of(row.entries, "F-S-02-05.3")
    assert (fault["qty_error"], fault["subject"]["request_id"]) == ("-4", ["x", "y"])
    spared = [entry for entry in of_entries(row.entries)["innocent"] if entry["looks_like"] == "F-S-02-05.3"]
    assert [entry["subject"]["doc"] for entry in spared] == ["E"]


def test_a_duplicate_that_was_reversed_is_innocent() -> None:
    row = Register(50)
    row.write(-4, read=1, wrote="relative", intent="a", request_id="x")
    row.write(-4, read=2, wrote="relative", intent="a", request_id="y")
    row.write(4, read=3, wrote="relative", type="reversal", reverses="y", intent="")
    truth = of_entries(row.entries)
    assert truth["faults"] == []
    assert any(entry["looks_like"] == "F-S-02-05.3" and "reversed" in entry["why"] for entry in truth["innocent"])


def test_an_opening_below_zero() -> None:
    (fault,) = of(Register(-8, real=20).entries, "F-S-02-05.4")
    assert fault["qty_error"] == "-28"


def test_a_trigger_is_what_the_statement_did_not_say() -> None:
    row = Register(50)
    row.write(-4, read=1, wrote="relative", bug=-4)
    row.write(-2, read=2, wrote="relative")
    (fault,) = of(row.entries, "F-S-02-06.4")
    assert fault["qty_error"] == "-4"


def read(t: float, qty: int, source: str = "cache", **more: Any) -> dict[str, Any]:
    return {
        "e": "read",
        "t": t,
        "began": t - 0.1,
        "served_from": source,
        "stock": 1,
        "qty": str(qty),
        "version": 1,
        "location": "P-01-01",
        "sku": "S1",
        "request_id": f"q{t}",
    } | more


def test_a_cached_value_is_stale_once_another_was_committed() -> None:
    row = Register(50)
    row.write(-4, read=1, wrote="relative")  # committed at 20.1
    assert causes([*row.entries, read(19, 50), read(30, 46)]) == []
    (fault,) = of([*row.entries, read(19, 50), read(30, 50), read(31, 50)], "F-S-02-06.1")
    assert (fault["qty_error"], fault["subject"]["request_id"]) == ("4", ["q30", "q31"])


def test_the_moment_between_commit_and_deletion_is_tolerated() -> None:
    row = Register(50)
    row.write(-4, read=1, wrote="relative")
    assert causes([*row.entries, read(21, 50)]) == []


def test_an_old_value_from_the_replica_needs_a_lag_that_was_seen() -> None:
    row = Register(50)
    row.write(-4, read=1, wrote="relative")
    lag = {"e": "lag", "t": 28.0, "seconds_behind": 9, "sql_running": "Yes"}
    assert causes([*row.entries, read(30, 50, "replica"), lag | {"seconds_behind": 0}]) == []
    assert causes([*row.entries, read(30, 50, "replica"), lag]) == ["F-S-02-06.3"]
    assert causes([*row.entries, read(30, 50, "replica"), lag | {"seconds_behind": None}]) == ["F-S-02-06.3"]


def test_a_report_is_wrong_only_when_its_refresh_is_overdue() -> None:
    row = Register(50)
    row.write(-4, read=1, wrote="relative")
    refreshed = {"e": "report_refreshed", "t": 15.0}
    assert causes([*row.entries, refreshed, read(500, 50, "view")]) == []
    assert causes([*row.entries, refreshed, read(1300, 50, "view")]) == ["F-S-02-06.4"]


def test_a_dirty_read_shows_what_was_rolled_back() -> None:
    row = Register(50)
    rollback = row.entries[0] | {
        "e": "rollback",
        "t": 40.0,
        "read_at": 30.0,
        "delta": "-10",
        "after": "40",
        "version": 2,
        "doc": "D9",
    }
    assert causes([*row.entries, rollback, read(35, 50, "primary")]) == []
    assert causes([*row.entries, rollback, read(45, 40, "primary")]) == []  # no longer open: not explained by it
    (fault,) = of([*row.entries, rollback, read(35, 40, "primary")], "F-S-02-06.2")
    assert (fault["qty_error"], fault["subject"]["doc"]) == ("-10", "D9")


def refusal(returned: int, asked: int, waited: float) -> dict[str, Any]:
    return {
        "e": "refusal", "t": 30.0, "started": 12.0, "doc": "D", "doc_line": 1, "sku": "S1", "batch": "", "quality": "qualified", "zones": "P", "asked": str(asked),
        "returned": str(returned), "on_hand": str(returned), "waited": waited, "guard": "snapshot", "request_id": "q",
    }  # fmt: skip


def test_a_refusal_on_an_old_read_and_a_real_shortage() -> None:
    row = Register(20)
    row.write(30, read=1, wrote="relative", type="move_in")
    assert causes([*row.entries, refusal(20, 40, waited=15)]) == ["F-S-02-03.4"]
    assert causes([*row.entries, refusal(20, 60, waited=15)]) == []
    assert causes([*row.entries, refusal(20, 40, waited=0)]) == []


def task(number: int, state: str, t: float) -> dict[str, Any]:
    return {
        "e": "task",
        "t": t,
        "task": f"T{number}",
        "state": state,
        "type": "inbound",
        "pallet": f"P{number}",
        "sku": "S1",
        "batch": "",
        "qty": "24",
        "doc": "R",
        "doc_line": 1,
        "to_location": "A-01",
        "actor": "wcs",
    }


def end(number: int, t: float, outcome: str, *, given_up: bool = False) -> dict[str, Any]:
    return {
        "e": "callback",
        "t": t,
        "began": t - 1,
        "task": f"T{number}",
        "method": "end",
        "outcome": outcome,
        "given_up": given_up,
        "request_id": f"c{number}",
        "attempt": 1,
    }


def wcs_done(number: int, t: float) -> dict[str, Any]:
    return {"e": "wcs_state", "t": t, "task": f"T{number}", "state": "DONE"}


def test_an_end_that_was_never_heard_is_a_fault_unless_it_was_posted_after_all() -> None:
    unheard = [task(1, "LEFT_SOURCE", 5), wcs_done(1, 9), end(1, 10, "timeout"), end(1, 40, "timeout", given_up=True)]
    (fault,) = of(unheard, "F-S-02-02.2")
    assert (fault["qty_error"], fault["subject"]["pallet"]) == ("-24", "P1")
    posted = Register(0).entries[0] | {"task": "T1", "type": "inbound", "t": 50.0, "after": "24"}
    truth = of_entries([*unheard, posted])
    assert truth["faults"] == []
    assert [entry["looks_like"] for entry in truth["innocent"]] == ["F-S-02-02.2"]


def test_an_outage_takes_three_tasks_that_ended_differently() -> None:
    def lost(number: int) -> list[dict[str, Any]]:
        return [
            task(number, "LEFT_SOURCE", 5),
            wcs_done(number, 105 + number),
            end(number, 106 + number, "refused", given_up=True),
        ]

    link = [{"e": "link_up", "t": 300.0, "down_since": 100.0}]
    three = link + list(itertools.chain.from_iterable(lost(n) for n in (1, 2, 3)))
    (fault,) = of_entries(three)["faults"]
    assert (fault["cause"], fault["qty_error"], fault["subject"]["task"]) == ("F-S-02-02.5", "-72", ["T1", "T2", "T3"])
    assert causes(link + lost(1) + lost(2)) == ["F-S-02-02.2", "F-S-02-02.2"]


def test_claims_must_have_come_true() -> None:
    row = Register(24)
    loose = {"e": "loose", "t": 1.0, "location": "P-01-01", "sku": "S1", "qty": "0"}
    claim = {
        "e": "claim", "t": 60.0, "cause": "F-S-02-01.3", "subject": {"location": "P-01-01", "sku": "S1"}, "started_at": 40.0, "ended_at": 50.0, "qty_error": "24",
        "note": "carried away", "also": [], "observable": ["count"],
    }  # fmt: skip
    truth = of_entries([*row.entries, loose, claim])
    assert [fault["cause"] for fault in truth["faults"]] == ["F-S-02-01.3"]
    truth = of_entries([*row.entries, loose, claim | {"qty_error": "20"}])
    assert truth["faults"] == []
    assert len(truth["unfounded"]) == 1
