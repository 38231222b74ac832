"""Races on random small stock rows against a replay: who oversold, who overwrote, and by how much, by the definitions.

A row's writers read, check and write at moments of their own. The replay knows what each of them saw; the checks see only the
records: ledger rows with the balance that the handler believed in, row images, row versions, or the calls' beginnings and
ends. Retries are judged in the same way: what was committed of a request is known to the replay, the checks see the
attempts, those hidden in one gateway line too. A run judges 20,000 histories: 400 in each of ten examples of five forms of
record.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

import duckdb
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from forensics.checks import engine
from forensics.model.result import Finding

from .recorded import Row, frame

BEGIN = datetime(2026, 3, 11, 8, tzinfo=UTC)
CHECKS = {check.id: check for check in engine.load_checks()}
HISTORIES = 400
FEW = settings(
    max_examples=10,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
Way = Literal["guarded", "relative", "absolute"]


@dataclass(frozen=True)
class Writer:
    """A request for `qty` (negative takes): asked, checked, written and answered at these milliseconds."""

    asked: int
    checked: int
    written: int
    answered: int
    qty: int


@dataclass
class Played:
    """What happened on a row: per committed writer what it believed in and what the row was, in commit order."""

    commits: list[tuple[int, Writer, int, int, int]] = field(default_factory=list)
    """Number of the writer, the writer, the balance it believed in, the row's before and after."""
    versions: list[int] = field(default_factory=list)
    """Per commit, the version of the row that its writer had read."""

    @property
    def oversold(self) -> int:
        """How far below zero deductions that had found enough brought the row: the lowest it stood, 0 if none did."""
        return -min((after for _, w, believed, _, after in self.commits if w.qty < 0 <= believed + w.qty), default=0)

    @property
    def overwritten(self) -> dict[int, int]:
        """Writers that wrote over others' changes, and by how much the row was wrong after."""
        return {
            n: believed - before
            for n, w, believed, before, after in self.commits
            if believed != before and after == believed + w.qty
        }


def draw(rng: random.Random, span: int) -> tuple[int, list[Writer]]:
    """An opening balance and writers of one row within `span` milliseconds."""
    writers = []
    for _ in range(rng.randint(1, 5)):
        asked = rng.randrange(0, span)
        checked = asked + rng.randint(1, 100)
        written = checked + rng.randint(1, 400)
        qty = rng.choice([-8, -6, -5, -3, -2, 4])
        writers.append(Writer(asked, checked, written, written + rng.randint(1, 50), qty))
    # one at a time on the row: a row lock lets one pass after the other
    ordered = sorted(writers, key=lambda w: w.written)
    return rng.randint(4, 14), [
        Writer(w.asked, w.checked, w.written + n, w.answered + n, w.qty) for n, w in enumerate(ordered)
    ]


def play(opening: int, writers: list[Writer], way: Way) -> Played:
    """Replay: `guarded` checks the row as it writes, `relative` and `absolute` believe in what they saw before."""
    played, values = Played(), [(-1, opening)]
    for number, writer in enumerate(writers):
        row = values[-1][1]
        saw = row if way == "guarded" else [v for t, v in values if t < writer.checked][-1]
        if saw + writer.qty < 0:
            continue
        after = saw + writer.qty if way == "absolute" else row + writer.qty
        played.commits.append((number, writer, saw, row, after))
        played.versions.append(len(values) if way == "guarded" else sum(t < writer.checked for t, _ in values))
        values.append((writer.written, after))
    return played


def _events(
    rows: list[Row], number: int, played: Played, *, images: bool, calls: bool, honest: bool, versions: bool = False
) -> None:
    """The records of a row. `honest`: the ledger says what the row was, not what the handler believed."""
    start = number * 60_000

    def event(kind: str, system: str, at: int, **fields: object) -> None:
        rows.append(
            {"source": f"{kind}-{system}", "line": len(rows) + 1, "byte_offset": 100 * len(rows), "part": 0, "raw": ""}
            | {"kind": kind, "system": system, "ts": BEGIN + timedelta(milliseconds=start + at)}
            | {"ts_precision": "ms", "ts_quality": "recorded", "sku": f"S{number}", "location": f"L{number}"}
            | {name: value if value is None else str(value) for name, value in fields.items()}
        )

    for (n, writer, believed, before, after), version in zip(played.commits, played.versions, strict=True):
        name = {"request_id": f"R{number}-{n}", "doc": f"D{number}-{n}", "doc_line": 1}
        txn = f"T{number}-{n}" if images else None
        said = before if honest else believed
        event(
            "ledger", "wms", writer.written, **name, qty=writer.qty, qty_before=said, qty_after=said + writer.qty, txn=txn,
            doc_type="outbound" if writer.qty < 0 else "inbound", version=version if versions else None,
        )  # fmt: skip
        if images:
            event(
                "change", "db", writer.written, table_name="wms.stock", action="update", txn=txn,
                log_position=f"b.1:{number:06}:{n:02}", qty_before=before, qty_after=after,
            )  # fmt: skip
        if calls:
            event(
                "api", "wms", writer.asked, **name, state="CALL", action="deduct", outcome="ok", qty=abs(writer.qty),
                duration_ms=writer.answered - writer.asked,
            )  # fmt: skip


def _found(rows: list[Row], *ids: str) -> list[Finding]:
    con = duckdb.connect()
    con.register("events", frame(rows))
    engine.prepare(con)
    return engine.run_checks(con, [CHECKS[one] for one in ids])


def _by_row(findings: Iterable[Finding], cause: str) -> dict[str, list[Finding]]:
    out: dict[str, list[Finding]] = {}
    for one in findings:
        if one.cause == cause:
            out.setdefault(str(one.subject["sku"]), []).append(one)
    return out


@FEW
@given(st.integers(0, 2**32))
def test_with_row_images_oversells_and_overwrites_are_exactly_those_that_happened(seed: int) -> None:
    rng = random.Random(seed)
    rows: list[Row] = []
    games: dict[str, Played] = {}
    for number in range(HISTORIES):
        opening, writers = draw(rng, rng.choice([300, 2000, 20_000]))
        games[f"S{number}"] = play(opening, writers, rng.choice(["guarded", "relative", "absolute"]))
        _events(rows, number, games[f"S{number}"], images=True, calls=rng.random() < 0.5, honest=False)
    found = _found(rows, "F-S-02-05.1", "F-S-02-05.2")
    short = {sku: -min(int(f.qty_error) for f in those) for sku, those in _by_row(found, "F-S-02-05.1").items()}
    assert short == {sku: played.oversold for sku, played in games.items() if played.oversold > 0}
    wrong = {
        sku: {int(str(f.details["overwriter"]).split("-")[1]): int(f.qty_error) for f in those}
        for sku, those in _by_row(found, "F-S-02-05.2").items()
    }
    assert wrong == {sku: played.overwritten for sku, played in games.items() if played.overwritten}


@FEW
@given(st.integers(0, 2**32))
def test_from_calls_and_a_sound_ledger_oversells_are_those_that_a_check_can_have_passed(seed: int) -> None:
    rng = random.Random(seed)
    rows: list[Row] = []
    games: dict[str, Played] = {}
    for number in range(HISTORIES):
        opening, writers = draw(rng, rng.choice([300, 2000, 20_000]))
        games[f"S{number}"] = play(opening, writers, rng.choice(["guarded", "relative"]))
        _events(rows, number, games[f"S{number}"], images=False, calls=True, honest=True)
    found = _by_row(_found(rows, "F-S-02-05.1"), "F-S-02-05.1")
    truly = {sku: played.oversold for sku, played in games.items() if played.oversold > 0}
    assert {sku: -min(int(f.qty_error) for f in those) for sku, those in found.items()} == truly
    for sku, those in found.items():
        asked = {str(r) for f in those for r in _list(f.subject["request_id"])}
        culprits = {
            f"R{sku[1:]}-{n}"
            for n, w, believed, _, after in games[sku].commits
            if after < 0 <= believed + w.qty and w.qty < 0
        }
        assert culprits <= asked, sku


@FEW
@given(st.integers(0, 2**32))
def test_from_the_ledger_alone_nobody_is_accused_of_an_oversell_wrongly(seed: int) -> None:
    rng = random.Random(seed)
    rows: list[Row] = []
    games: dict[str, Played] = {}
    for number in range(HISTORIES):
        opening, writers = draw(rng, rng.choice([300, 2000, 20_000]))
        if rng.random() < 0.8:  # a receipt later, which shows what the balance had become
            writers.append(Writer(40_000, 40_010, 40_020, 40_030, 50))
        games[f"S{number}"] = play(opening, writers, rng.choice(["guarded", "relative", "absolute"]))
        _events(rows, number, games[f"S{number}"], images=False, calls=rng.random() < 0.5, honest=False)
    found = _by_row(_found(rows, "F-S-02-05.1"), "F-S-02-05.1")
    assert found
    for sku in found:
        assert games[sku].oversold > 0, (sku, games[sku])


@FEW
@given(st.integers(0, 2**32))
def test_from_row_versions_nobody_is_accused_of_an_overwrite_wrongly(seed: int) -> None:
    rng = random.Random(seed)
    rows: list[Row] = []
    games: dict[str, Played] = {}
    for number in range(HISTORIES):
        opening, writers = draw(rng, rng.choice([300, 2000, 20_000]))
        writers.append(Writer(40_000, 40_010, 40_020, 40_030, 50))  # shows what the balance had become
        games[f"S{number}"] = play(opening, writers, rng.choice(["guarded", "relative", "absolute"]))
        _events(rows, number, games[f"S{number}"], images=False, calls=False, honest=False, versions=True)
    found = [
        one
        for one in _found(rows, "F-S-02-05.2")
        if one.details["proof"] == "version" and not one.details.get("undecided")
    ]
    assert found
    for one in found:
        wrong = games[str(one.subject["sku"])].overwritten
        assert wrong.get(int(str(one.details["overwriter"]).split("-")[1])) == int(one.qty_error), one


@FEW
@given(st.integers(0, 2**32))
def test_retries_hidden_in_one_gateway_line_are_duplicates_if_two_attempts_were_committed(seed: int) -> None:
    rng = random.Random(seed)
    rows: list[Row] = []
    truly: dict[str, int] = {}
    for number in range(HISTORIES):
        qty, attempts, named = rng.choice([3, 5, 8]), rng.randint(1, 3), rng.random() < 0.7
        outcomes = [*["timeout"] * (attempts - 1), rng.choice(["ok", "ok", "timeout"])]
        committed = [outcome == "ok" or rng.random() < 0.5 for outcome in outcomes]
        _retries(rows, number, qty, outcomes, committed, named=named)
        if sum(committed) > 1:
            truly[f"S{number}"] = -qty * (sum(committed) - 1)
    found = _by_row(_found(rows, "F-S-02-05.3"), "F-S-02-05.3")
    assert {sku: int(sum(f.qty_error for f in those)) for sku, those in found.items()} == truly


def _retries(
    rows: list[Row], number: int, qty: int, outcomes: list[str], committed: list[bool], *, named: bool
) -> None:
    """One gateway line with its attempts, and the postings of those committed; `named`: they bear the request's id."""
    start = BEGIN + timedelta(minutes=number)

    def event(kind: str, source: str, place: int, part: int, seconds: int, **fields: object) -> None:
        rows.append(
            {"source": source, "line": number * 10 + place, "byte_offset": number * 1000 + place * 100, "part": part, "raw": ""}
            | {"kind": kind, "system": "wms", "ts": start + timedelta(seconds=seconds), "ts_precision": "ms"}
            | {"ts_quality": "recorded", "sku": f"S{number}", "location": f"L{number}", "doc": f"D{number}", "doc_line": "1"}
            | {name: None if value is None else str(value) for name, value in fields.items()}
        )  # fmt: skip

    call = {"state": "CALL", "action": "deduct", "request_id": f"R{number}", "qty": qty}
    event("document", "orders", 0, 0, -60, qty=qty, doc_type="outbound")
    event("api", "gateway", 0, 0, 0, **call, outcome=outcomes[-1], duration_ms=3000 * len(outcomes))
    for n, outcome in enumerate(outcomes if len(outcomes) > 1 else [], 1):
        event("api", "gateway", 0, n, 3 * (n - 1), **call, outcome=outcome, duration_ms=3000, attempt=n)
    for n in (n for n, done in enumerate(committed) if done):
        event(
            "ledger", "ledger", n, 0, 3 * n + 1, qty=-qty, doc_type="outbound",
            request_id=f"R{number}" if named else None,
        )  # fmt: skip


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else [value]
