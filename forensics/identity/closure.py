"""Which tasks, requests, documents and places belong to a subject: links followed event by event.

An event that names two things links them. Links through what thousands share (a location, a material) are not followed, nor
is a document of many pallets; and an event that names another pallet than the subject's, or another material, belongs
to the subject only through a common task (a wrong code scanned), and leads nowhere. Reused codes are held apart by
the window.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import duckdb
import polars as pl

from forensics.identity.lookup import COLUMNS, Window, look_up
from forensics.identity.pallets import pallet_key, pallet_variants
from forensics.model.errors import ConfigError

MEMBERS: Final = ("pallet", "serial", "task", "request_id", "txn", "doc", "sku", "location", "batch")
FOLLOWED: Final[Mapping[str, timedelta]] = {
    "task": timedelta(days=7),
    "request_id": timedelta(days=1),
    "txn": timedelta(days=1),
    "doc": timedelta(days=31),
    "pallet": timedelta(days=1),
}
"""Links that are followed, and how long before and after the events that lead to them. A pallet that was not asked for
counts for a day only: it is used again."""
FEW: Final = 5
"""Pallets or tasks that one document, request or transaction may carry and still be followed."""
MOST: Final = 2000
"""Values of one kind that are followed; a subject with more is itself a hub."""
LIMIT: Final = 100_000
"""Most events that are read per kind of link."""
_SHARED_SUBJECTS: Final = frozenset({"sku", "location", "batch"})


class Closure(dict[str, set[str]]):
    """What belongs to a subject, by kind (keys MEMBERS).

    Attributes:
        seeds: what was asked for, all spellings.
        window: the window asked for.
        spellings: every spelling of the subject's pallets.
        hubs: members that were not followed because too much hangs on them.
        truncated: kinds of which there were too many to follow any.
        looked_up: values whose events are in `rows`, by kind.
        rows: the events read so far, with `via` and `value`.
    """

    def __init__(self, seeds: Mapping[str, set[str]], window: Window | None = None) -> None:
        super().__init__({kind: set() for kind in MEMBERS})
        self.seeds = {kind: set(values) for kind, values in seeds.items()}
        self.window = window
        self.spellings: set[str] = set(seeds.get("pallet", ()))
        self.hubs: dict[str, set[str]] = {kind: set() for kind in MEMBERS}
        self.truncated: set[str] = set()
        self.looked_up: dict[str, set[str]] = {kind: set() for kind in MEMBERS}
        self.rows = pl.DataFrame()
        self._first: datetime | None = None
        self._last: datetime | None = None
        for kind, values in seeds.items():
            if kind != "pallet":
                self[kind] |= values

    def read(self, con: duckdb.DuckDBPyConnection, wanted: Mapping[str, set[str]], limit: int = LIMIT) -> pl.DataFrame:
        """The events of values not read before; they are kept in `rows`."""
        new = {kind: values - self.looked_up[kind] for kind, values in wanted.items()}
        rows = look_up(con, new, {kind: self._when(kind) for kind in new}, limit)
        for kind, values in new.items():
            self.looked_up[kind] |= values
        if not rows.is_empty():
            self.rows = rows if self.rows.is_empty() else pl.concat([self.rows, rows])
        return rows

    def accept(self, rows: pl.DataFrame) -> None:
        """Note the time of events that belong to the subject."""
        first, last = rows["ts"].min(), rows["ts"].max()
        if isinstance(first, datetime) and isinstance(last, datetime):
            self._first = min(self._first or first, first)
            self._last = max(self._last or last, last)

    def _when(self, kind: str) -> Window | None:
        """The time in which links of a kind are looked for."""
        if kind in self.seeds or self._first is None or self._last is None:
            return self.window
        margin = FOLLOWED.get(kind, timedelta(days=31))
        try:
            since, until = self._first - margin, self._last + margin
        except OverflowError:
            return self.window
        asked_since, asked_until = self.window or (None, None)
        return max(since, asked_since or since), min(until, asked_until or until)

    def names_another(self) -> pl.Expr:
        """Rows that name a pallet, a material or a place which is not the subject's."""
        another = pl.lit(False)
        if self.spellings:
            another |= ~pl.col("pallet").is_in(sorted(self.spellings)).fill_null(True)
        for kind in ("sku", "serial"):
            if kind in self.seeds:
                another |= ~pl.col(kind).is_in(sorted(self.seeds[kind])).fill_null(True)
        if "location" in self.seeds:
            places = [pl.col(column) for column in COLUMNS["location"]]
            here = pl.any_horizontal(place.is_in(sorted(self.seeds["location"])).fill_null(False) for place in places)
            another |= pl.any_horizontal(place.is_not_null() for place in places) & ~here
        return another

    def belongs(self) -> pl.Expr:
        """Whether a row of `rows` belongs to the subject.

        What a task did belongs to it even where another pallet was scanned or another place passed. Requests, transactions
        and documents carry others' lines too: of these what names nothing of another.
        """
        shared = pl.col("via").is_in(["request_id", "txn", "doc"])
        another = self.names_another()
        if self["task"] and not self.seeds.keys() & {"request_id", "txn", "doc"}:
            another |= ~pl.col("task").is_in(sorted(self["task"])).fill_null(True)
        other_material = pl.lit(False)
        if "sku" in self.seeds:
            other_material = ~pl.col("sku").is_in(sorted(self.seeds["sku"])).fill_null(True)
        return ~(shared & another) & ~other_material


def closure(
    con: duckdb.DuckDBPyConnection, seeds: dict[str, str], window: Window | None = None, max_hops: int = 3
) -> Closure:
    """The tasks, requests, documents, places and materials that belong to a subject.

    Args:
        con: has the relation `events`.
        seeds: what is asked for, by kind: pallet, task, doc, request_id, sku, location, serial, txn or batch. Of several,
            events must not contradict any.
        window: earliest and latest time; without one all events of the subject, and some time around them.
        max_hops: how many links away from the subject's own events a value may be.

    Returns:
        A dict of sets by kind, with what was followed and what was not.

    Raises:
        ConfigError: a seed of an unknown kind, or no seed.
    """
    result = Closure(_spelled(seeds), window)
    rows = result.read(con, result.seeds)
    if rows.is_empty():
        return result
    if len(result.seeds) > 1:
        rows = rows.filter(~result.names_another())
    seen = set(rows["pallet"].drop_nulls())
    frontier = _next(result, rows)
    for _ in range(max_hops - 1):
        rows = result.read(con, frontier)
        if rows.is_empty():
            break
        for kind, values in _hubs(rows).items():
            result.hubs[kind] |= values
            rows = rows.filter((pl.col("via") != kind) | ~pl.col("value").is_in(sorted(values)))
        rows = rows.filter(result.belongs() & ~result.names_another())
        seen |= set(rows["pallet"].drop_nulls())
        frontier = _next(result, rows)
    result["pallet"] |= seen & result.spellings if result.spellings else seen
    if "pallet" in seeds:
        result["pallet"].add(seeds["pallet"])
    return result


def _spelled(seeds: Mapping[str, str]) -> dict[str, set[str]]:
    if not seeds or any(not value for value in seeds.values()):
        raise ConfigError("say what to follow: a pallet, SKU, location, task, document or request")
    unknown = sorted(seeds.keys() - COLUMNS.keys())
    if unknown:
        raise ConfigError(f"'{unknown[0]}' cannot be followed", hint=f"one of {', '.join(COLUMNS)}")
    return {kind: set(pallet_variants(value)) if kind == "pallet" else {value} for kind, value in seeds.items()}


def _next(result: Closure, rows: pl.DataFrame) -> dict[str, set[str]]:
    """Adds what the rows name to the members; returns the new values that are to be followed."""
    result.accept(rows)
    frontier: dict[str, set[str]] = {"pallet": _adopted(result, rows)}
    for kind in MEMBERS:
        if kind == "pallet":
            continue  # only pallets of the subject are members
        found = {value for column in COLUMNS[kind] for value in rows[column].drop_nulls().unique() if value}
        new = found - result[kind]
        room = max(MOST - len(result[kind]), 0)
        if len(new) > room:
            result.truncated.add(kind)
            new = set(sorted(new)[:room])
        elif kind in FOLLOWED:
            frontier[kind] = new
        result[kind] |= new
    return frontier


def _adopted(result: Closure, rows: pl.DataFrame) -> set[str]:
    """The pallet of a task, document or request is part of its story: of the first events that name any, if they are few.

    What was scanned may be the wrong pallet: it counts only where nothing else names one.
    """
    if result.spellings or result.seeds.keys() & _SHARED_SUBJECTS:
        return set()
    named = rows.filter(pl.col("pallet").is_not_null())
    told = named.filter(pl.col("kind") != "scan")
    codes = set((named if told.is_empty() else told)["pallet"])
    if len({pallet_key(code) for code in codes}) > FEW:
        return set()
    result.spellings = {spelling for code in codes for spelling in pallet_variants(code)}
    return result.spellings


def _hubs(rows: pl.DataFrame) -> dict[str, set[str]]:
    """Followed values on which more than a few pallets or tasks hang."""
    counted = rows.group_by("via", "value").agg(
        pallets=pl.col("pallet").drop_nulls().n_unique(), tasks=pl.col("task").drop_nulls().n_unique()
    )
    many = counted.filter(
        pl.col("via").is_in(["task", "request_id", "txn", "doc"])
        & ((pl.col("pallets") > FEW) | ((pl.col("via") != "doc") & (pl.col("tasks") > FEW)))
    )
    return {str(kind): set(part["value"]) for (kind,), part in many.group_by("via")}
