"""Random small histories with a known truth: what the checks find is what happened, and nothing else.

Each example is a whole warehouse day of many stock rows or order lines, so that one query judges many histories.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from forensics.checks import engine
from forensics.checks.check import Check
from forensics.model.result import Finding

from .recorded import Row, frame

BEGIN = datetime(2026, 3, 11, 8, tzinfo=UTC)
CHECKS = {check.id: check for check in engine.load_checks()}
FEW = settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def _run(check: Check, rows: list[Row]) -> list[Finding]:
    if not rows:
        return []
    con = duckdb.connect()
    con.register("events", frame(rows))
    engine.prepare(con)
    return engine.run_checks(con, [check])


def _event(rows: list[Row], kind: str, source: str, at_ms: int, **fields: object) -> None:
    offset = 100 * len(rows)
    rows.append(
        {
            "source": source,
            "line": len(rows) + 1,
            "byte_offset": offset,
            "part": 0,
            "raw": "",
            "kind": kind,
            "system": "wms",
        }
        | {"ts": BEGIN + timedelta(milliseconds=at_ms), "ts_precision": "ms", "ts_quality": "recorded"}
        | {name: value if value is None else str(value) for name, value in fields.items()}
    )


# --- lost updates ----------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Write:
    """A writer: when it reads, how long until it writes, and by how much it changes the balance."""

    reads: int
    takes: int
    delta: int


@dataclass(frozen=True)
class Stock:
    """One stock row and its writers; `absolute` writers store before + delta, others let the database add."""

    absolute: bool
    start: int
    writes: tuple[Write, ...]


WRITE = st.builds(Write, st.integers(0, 900), st.integers(1, 120), st.sampled_from([-20, -10, -7, -5, -3, 4, 10]))
STOCKS = st.lists(
    st.builds(Stock, st.booleans(), st.integers(20, 60), st.lists(WRITE, min_size=1, max_size=7).map(tuple)),
    max_size=14,
)


def _play(rows: list[Row], number: int, stock: Stock, images: bool, with_txn: bool = True) -> dict[str, int]:
    """Let the writers run; returns for each writer whose write undid others' by how much the record is off after it."""
    sku, value, log = f"S{number}", stock.start, 0
    history = [(0, stock.start)]
    wrong: dict[str, int] = {}
    ordered = sorted(enumerate(stock.writes), key=lambda item: (item[1].reads + item[1].takes, item[0]))
    base = number * 100_000
    for position, (writer, write) in enumerate(ordered):
        # writes are one millisecond apart at least: a row lock lets one pass at a time
        at = write.reads + write.takes + position
        before = next(v for t, v in reversed(history) if t <= write.reads)
        after = before + write.delta
        actual = after if stock.absolute else value + write.delta
        request = f"{sku}-{writer}"
        if stock.absolute and before != value:
            wrong[request] = before - value
        shared = {"sku": sku, "location": f"L{number}", "request_id": request, "doc": f"D-{request}", "doc_line": 1}
        _event(
            rows,
            "ledger",
            "ledger",
            base + at,
            **shared,
            qty=write.delta,
            qty_before=before,
            qty_after=after,
            txn=f"T-{request}" if with_txn else None,
        )
        if images:
            log += 1
            _event(
                rows, "change", "binlog", base + at, sku=sku, location=f"L{number}", action="update", table_name="wms.stock",
                txn=f"T-{request}" if with_txn else None, log_position=f"b.1:{number:06}:{log:06}", qty_before=value, qty_after=actual,
            )  # fmt: skip
        else:
            _event(
                rows, "api", "gateway", base + write.reads, state="CALL", action="deduct", outcome="ok", **shared,
                duration_ms=write.takes + position, qty=abs(write.delta),
            )  # fmt: skip
        value = actual
        history.append((at, value))
    return wrong


@FEW
@given(STOCKS)
def test_with_row_images_exactly_the_lost_updates_are_found(stocks: list[Stock]) -> None:
    rows: list[Row] = []
    truth: dict[str, int] = {}
    for number, stock in enumerate(stocks):
        truth |= _play(rows, number, stock, images=True)
    found = {str(one.details["overwriter"]): one.qty_error for one in _run(CHECKS["F-S-02-05.2"], rows)}
    assert found == {request: Decimal(error) for request, error in truth.items()}


@FEW
@given(STOCKS)
def test_images_without_transactions_accuse_nobody_wrongly(stocks: list[Stock]) -> None:
    rows: list[Row] = []
    truth: dict[str, int] = {}
    for number, stock in enumerate(stocks):
        truth |= _play(rows, number, stock, images=True, with_txn=False)
    for one in _run(CHECKS["F-S-02-05.2"], rows):
        assert any(str(request) in truth for request in _list(one.subject["request_id"])), one


@FEW
@given(STOCKS)
def test_from_the_ledger_alone_nobody_is_accused_wrongly(stocks: list[Stock]) -> None:
    rows: list[Row] = []
    truth: dict[str, int] = {}
    for number, stock in enumerate(stocks):
        truth |= _play(rows, number, stock, images=False)
    for one in _run(CHECKS["F-S-02-05.2"], rows):
        # Only rows where something was in fact overwritten are named: relative writers never are.
        assert any(str(request) in truth for request in _list(one.subject["request_id"])), one


def test_equal_results_read_between_two_relative_writes_accuse_nobody() -> None:
    rows: list[Row] = []
    _play(rows, 0, Stock(False, 20, (Write(272, 55, -20), Write(272, 1, -20), Write(326, 1, -20))), images=False)
    assert _run(CHECKS["F-S-02-05.2"], rows) == []


def test_a_plain_pair_is_found_from_the_ledger_alone() -> None:
    rows: list[Row] = []
    writes = (Write(0, 100, -10), Write(50, 110, -20), Write(800, 10, -3))
    assert _play(rows, 0, Stock(True, 60, writes), images=False) == {"S0-1": 10}
    found = [(str(one.details["overwriter"]), int(one.qty_error)) for one in _run(CHECKS["F-S-02-05.2"], rows)]
    assert found == [("S0-1", 10)]


# --- duplicate deductions --------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Pick:
    """One pick of an order line.

    Attributes:
        lost_first: the first attempt got no answer and did nothing; it was tried again.
        twice: the first attempt got no answer but was committed; it was tried again.
        fresh_id: the retry came under a new request id.
        reversed_: the second deduction was taken back later.
    """

    qty: int
    lost_first: bool
    twice: bool
    fresh_id: bool
    reversed_: bool


PICK = st.builds(Pick, st.sampled_from([3, 5, 8]), st.booleans(), st.booleans(), st.booleans(), st.booleans())
LINES = st.lists(st.lists(PICK, min_size=1, max_size=3).map(tuple), max_size=16)


def _pick(rows: list[Row], number: int, position: int, pick: Pick) -> bool:
    """Play one pick; returns whether it stands deducted twice in the end."""
    at = number * 10_000_000 + position * 600_000
    line = {
        "sku": f"S{number % 3}",
        "location": f"L{number % 3}",
        "doc": f"CK{number // 2}",
        "doc_line": number % 2 + 1,
    }
    first = f"R{number}-{position}"
    again = first + "b" if pick.fresh_id else first

    def call(ms: int, request: str, outcome: str) -> None:
        _event(
            rows, "api", "gateway", at + ms, state="CALL", action="deduct", request_id=request, outcome=outcome, qty=pick.qty, **line,
            duration_ms=300,
        )  # fmt: skip

    def book(ms: int, request: str | None, qty: int, **more: object) -> None:
        _event(rows, "ledger", "ledger", at + ms, request_id=request, qty=qty, **line, **more)

    retried = pick.lost_first or pick.twice
    call(0, first, "timeout" if retried else "ok")
    if pick.twice or not retried:
        book(200, first, -pick.qty, doc_type="outbound")
    if retried:
        call(1000, again, "ok")
        book(1200, again, -pick.qty, doc_type="outbound")
    if pick.twice and pick.reversed_:
        book(60_000, None, pick.qty, doc_type="reversal")
    return pick.twice and not pick.reversed_


@FEW
@given(LINES)
def test_duplicates_are_found_and_twins_splits_and_reversals_are_not(lines: list[tuple[Pick, ...]]) -> None:
    rows: list[Row] = []
    wrong: dict[tuple[str, str], list[Pick]] = {}
    for number, picks in enumerate(lines):
        name = (f"CK{number // 2}", str(number % 2 + 1))
        _event(
            rows, "document", "orders", 0, doc=name[0], doc_line=name[1], sku=f"S{number % 3}", qty=sum(pick.qty for pick in picks),
            doc_type="outbound",
        )  # fmt: skip
        double = [pick for position, pick in enumerate(picks) if _pick(rows, number, position, pick)]
        if double:
            wrong[name] = double
    found = {(one.subject["doc"], one.subject["doc_line"]): one.qty_error for one in _run(CHECKS["F-S-02-05.3"], rows)}
    assert set(found) <= set(wrong)
    for name, double in wrong.items():
        if len(double) == 1 and len(lines[int(name[0][2:]) * 2 + int(name[1]) - 1]) == 1:
            assert found[name] == -double[0].qty


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else [value]


@pytest.mark.parametrize("fresh", [False, True])
def test_a_committed_timeout_that_was_retried_is_found(fresh: bool) -> None:
    rows: list[Row] = []
    assert _pick(rows, 0, 0, Pick(5, False, True, fresh, False))
    assert [one.qty_error for one in _run(CHECKS["F-S-02-05.3"], rows)] == [-5]
