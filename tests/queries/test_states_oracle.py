"""Random small worlds: book and physical state at random instants are what replaying every record in plain Python says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import duckdb
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from forensics.checks import engine
from forensics.ledger import book, difference, physical

from .recorded import Row, frame

BEGIN = datetime(2026, 3, 11, tzinfo=UTC)
FEW = settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
OPENING = {"P1": 1000, "P2": 2003, "P3": 3007}  # unlike, so that no other chain of balances fits
PLACES = ["A-01", "A-02", "A-03"]
CLOCK_ERR = timedelta(seconds=10)  # two clocks that nothing relates


@dataclass(frozen=True)
class Said:
    """What one witness says, `at` seconds after the beginning."""

    at: int
    how: str  # put | pick | load | scan | count0 | count | empty (a sensor) | remove
    pallet: str
    place: str


@dataclass(frozen=True)
class Posted:
    """A posting on one pallet and place."""

    at: int
    pallet: str
    place: str
    qty: int


@dataclass(frozen=True)
class Locked:
    """A lock, a release or a use by one document."""

    at: int
    action: str
    doc: str
    qty: int


@dataclass(frozen=True)
class World:
    said: tuple[Said, ...]
    posted: tuple[Posted, ...]
    locked: tuple[Locked, ...]
    bound: tuple[tuple[int, str, str], ...]  # at, action, pallet
    asked: tuple[int, ...]


SECOND = st.integers(1, 3000)
PALLET = st.sampled_from(["P1", "P2", "P3"])
PLACE = st.sampled_from(PLACES)
HOW = st.sampled_from(["put", "pick", "load", "scan", "count0", "count", "empty", "remove"])
WORLDS = st.builds(
    World,
    st.lists(st.builds(Said, SECOND, HOW, PALLET, PLACE), max_size=14, unique_by=lambda s: s.at).map(tuple),
    st.lists(st.builds(Posted, SECOND, PALLET, PLACE, st.sampled_from([40, 10, -10, -40])), max_size=10, unique_by=lambda p: p.at).map(tuple),
    st.lists(st.builds(Locked, SECOND, st.sampled_from(["lock", "lock", "release", "consume"]), st.sampled_from(["D1", "D2"]), st.integers(1, 9)), max_size=8, unique_by=lambda r: r.at).map(tuple),
    st.lists(st.tuples(SECOND, st.sampled_from(["bind", "bind", "unbind"]), PALLET), max_size=6, unique_by=lambda b: b[0]).map(tuple),
    st.lists(st.integers(0, 3200), min_size=1, max_size=4).map(tuple),
)  # fmt: skip

_WITNESS = {
    "put": ("device", "wcs", "put_done"), "pick": ("device", "wcs", "pick_done"), "empty": ("device", "wcs", "vacant"),
    "remove": ("device", "wcs", "manual_remove"), "load": ("scan", "scanner", "load"), "scan": ("scan", "scanner", "putaway"),
    "count": ("count", "wms", "count"), "count0": ("count", "wms", "count"),
}  # fmt: skip


def _event(rows: list[Row], at: int, kind: str, system: str, **fields: object) -> None:
    base: Row = {
        "source": f"{kind}-{system}", "line": len(rows) + 1, "byte_offset": 100 * len(rows), "part": 0, "raw": "",
        "kind": kind, "system": system, "ts": BEGIN + timedelta(seconds=at), "ts_precision": "us",
    }  # fmt: skip
    rows.append({**base, **fields})


def _told(world: World) -> duckdb.DuckDBPyConnection:
    rows: list[Row] = []
    for one in sorted(world.said, key=lambda s: s.at):
        kind, system, action = _WITNESS[one.how]
        counted = {"qty_counted": Decimal(0 if one.how == "count0" else 5)} if kind == "count" else {}
        _event(
            rows, one.at, kind, system, action=action, location=one.place,
            pallet=None if one.how == "empty" else one.pallet, **counted,
        )  # fmt: skip
    level: dict[tuple[str, str], int] = {}
    for post in sorted(world.posted, key=lambda p: p.at):
        before = level.get((post.pallet, post.place), OPENING[post.pallet])
        level[post.pallet, post.place] = before + post.qty
        _event(
            rows, post.at, "ledger", "wms", pallet=post.pallet, location=post.place, sku="S1", batch="B1",
            qty=Decimal(post.qty), qty_before=Decimal(before), qty_after=Decimal(before + post.qty), doc_type="outbound", doc=f"CK{post.at}",
        )  # fmt: skip
    for lock in world.locked:
        _event(rows, lock.at, "reservation", "wms", action=lock.action, doc=lock.doc, sku="S1", qty=Decimal(lock.qty))
    for at, action, pallet in world.bound:
        goods = {"sku": "S1", "qty": Decimal(40)} if action == "bind" else {}
        _event(rows, at, "binding", "wms", action=action, pallet=pallet, **goods)
    for place in PLACES:  # the names that the stock record uses
        _event(rows, 0, "stock", "wms", location=place, request_id="R1")
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    events = frame(rows)
    con.register("events", events)
    con.execute("CREATE TABLE evidence AS SELECT DISTINCT source, source AS path, NULL::VARCHAR AS member FROM events")
    engine.prepare(con)
    engine.ensure_views(con, ["book_state", "physical_state", "state_difference"])
    return con


def _physical(world: World, at: int) -> dict[str, tuple[str, str | None]]:
    """Where every pallet is after all that was said up to then, taken in the order of its times."""
    where: dict[str, tuple[str, str | None]] = {}
    for one in sorted(world.said, key=lambda s: s.at):
        if one.at > at:
            break
        if one.how in ("put", "scan", "count"):
            where[one.pallet] = ("at", one.place)
        elif one.how == "empty":
            where = {p: ("missing", None) if seen == ("at", one.place) else seen for p, seen in where.items()}
        else:
            where[one.pallet] = ({"pick": "moving", "load": "out"}.get(one.how, "missing"), None)
    return where


def _doubtful(world: World, at: int) -> set[str]:
    """Pallets whose last change another clock's different word stands so near to that either may have been first."""
    found = set()
    for pallet in {one.pallet for one in world.said}:
        changes: list[tuple[tuple[str, str | None], int, str, int, str]] = []
        for moment in sorted({one.at for one in world.said if one.at <= at}):
            said = _physical(world, moment).get(pallet)
            by = next(one for one in world.said if one.at == moment)
            concerns = (by.pallet == pallet and by.how != "empty") or (by.how == "empty" and said == ("missing", None))
            if said is None or not concerns:
                continue
            system = _WITNESS[by.how][1]
            if changes and changes[-1][0] == said:
                if by.how != "empty":
                    changes[-1] = (*changes[-1][:3], moment, system)
                continue
            changes.append((said, moment, system, moment, system))
        if changes:
            now, begun, clock, *_ = changes[-1]
            if any(
                before[0] != now and before[4] != clock and begun - before[3] <= CLOCK_ERR.total_seconds()
                for before in changes[-4:-1]
            ):
                found.add(pallet)
    return found


def _stock(world: World, at: int) -> dict[tuple[str, str], int]:
    """Every pallet's quantity by place; each begins with its opening."""
    level = {(p.pallet, p.place): OPENING[p.pallet] for p in world.posted}
    for post in world.posted:
        if post.at <= at:
            level[post.pallet, post.place] += post.qty
    return {cell: qty for cell, qty in level.items() if qty}


def _held(world: World, at: int) -> dict[str, int]:
    held = {doc: sum(lock.qty if lock.action == "lock" else -lock.qty for lock in world.locked if lock.doc == doc and lock.at <= at) for doc in ("D1", "D2")}  # fmt: skip
    return {doc: qty for doc, qty in held.items() if qty > 0}


def _bound(world: World, at: int) -> set[str]:
    on: set[str] = set()
    for moment, action, pallet in sorted(world.bound):
        if moment <= at:
            on = on | {pallet} if action == "bind" else on - {pallet}
    return on


@FEW
@given(WORLDS)
def test_states_at_any_instant_are_what_replay_says(world: World) -> None:
    con = _told(world)
    for second in world.asked:
        at = BEGIN + timedelta(seconds=second, milliseconds=1)
        seen = physical(con, at)
        pallets = seen.filter(seen["pallet"].is_not_null())
        told = {row["pallet"]: (row["state"], row["location"]) for row in pallets.iter_rows(named=True)}
        assert told == _physical(world, second)
        low = set(pallets.filter(pallets["because"] == "order uncertain")["pallet"])
        assert low == _doubtful(world, second)
        said = book(con, at)
        rows = {key: list(group.iter_rows(named=True)) for (key,), group in said.group_by("record")}
        first = min((p.at for p in world.posted), default=0)
        if second >= first:  # before a cell's own first posting nothing is recorded of it
            begun = {(p.pallet, p.place) for p in world.posted if p.at <= second}
            stock = {(r["pallet"], r["location"]): int(r["qty"]) for r in rows.get("stock", [])}
            assert stock == {cell: qty for cell, qty in _stock(world, second).items() if cell in begun}
        assert {r["doc"]: int(r["qty"]) for r in rows.get("reservation", [])} == _held(world, second)
        assert {r["pallet"] for r in rows.get("binding", [])} == _bound(world, second)
        _differs(con, world, second, at)


def _differs(con: duckdb.DuckDBPyConnection, world: World, second: int, at: datetime) -> None:
    """The difference is what both replays, set side by side, do not agree in."""
    begun = {(p.pallet, p.place) for p in world.posted if p.at <= second}
    places: dict[str, set[str]] = {}
    for (pallet, place), qty in _stock(world, second).items():
        if qty > 0 and (pallet, place) in begun:
            places.setdefault(pallet, set()).add(place)
    # a posting's place held goods before, so it is one where pallets are kept
    ever = {p.place for p in world.posted} | {s.place for s in world.said if s.how in ("count", "count0")}  # fmt: skip
    stations = {s.place for s in world.said if s.how == "load"}
    wrong = set()
    for pallet, (state, place) in _physical(world, second).items():
        booked = places.get(pallet, set())
        missed = state == "at" and place not in stations and (place in ever or pallet in _bound(world, second))
        if (booked and (state != "at" or place not in booked)) or (not booked and missed):
            wrong.add(pallet)
    found = difference(con, at)
    assert set(found.filter(found["state"].is_in(["at", "moving", "out", "missing"]))["pallet"]) == wrong
