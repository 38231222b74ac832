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
_FOLLOWED: Final = ("task", "request_id", "txn", "doc")
FEW: Final = 5
"""Pallets or tasks that one document, request or transaction may carry and still be followed."""
MOST: Final = 2000
"""Values of one kind that are followed; a subject with more is itself a hub."""
_ROWS: Final = 100_000
_CONTEXT: Final = timedelta(days=31)
"""How long before and after the subject's own events its tasks and documents are looked for, without a window."""
_TRIP: Final = timedelta(days=1)
"""How long before and after a task's or document's own events its pallet's are taken to be of the same trip."""
_NAMES: Final = "pallet, serial, task, request_id, txn, doc, partner_doc, sku, location, from_location, to_location, batch, kind, ts"


class Closure(dict[str, set[str]]):
    """What belongs to a subject, by kind (keys MEMBERS).

    Attributes:
        seeds: what was asked for, all spellings.
        spellings: every spelling of the subject's pallets.
        hubs: members that were not followed because too much hangs on them.
        truncated: kinds of which there were too many to follow any.
        context: the time in which links were followed.
        trip: the time in which pallets that were not asked for count as the subject's: they are used again.
    """

    def __init__(self, seeds: Mapping[str, set[str]]) -> None:
        super().__init__({kind: set() for kind in MEMBERS})
        self.seeds = {kind: set(values) for kind, values in seeds.items()}
        self.spellings: set[str] = set(seeds.get("pallet", ()))
        self.hubs: dict[str, set[str]] = {kind: set() for kind in MEMBERS}
        self.truncated: set[str] = set()
        self.context: Window | None = None
        self.trip: Window | None = None
        for kind, values in seeds.items():
            if kind != "pallet":
                self[kind] |= values

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

    def names_another_task(self) -> pl.Expr:
        """Rows that name a task which is not the subject's."""
        if not self["task"]:
            return pl.lit(False)
        return pl.col("task").is_not_null() & ~pl.col("task").is_in(sorted(self["task"]))

    def belongs(self) -> pl.Expr:
        """Whether a looked-up row (with `via`) belongs to the subject.

        What a task did belongs to it even where another pallet was scanned or another place passed. Requests, transactions
        and documents carry others' lines too: of these what names nothing of another.
        """
        shared = pl.col("via").is_in(["request_id", "txn", "doc"])
        another = self.names_another()
        if not self.seeds.keys() & {"request_id", "txn", "doc"}:
            another |= self.names_another_task()
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
        seeds: what is asked for, by kind: pallet, task, doc, request_id, sku, location, serial, txn or batch.
        window: earliest and latest time; without one all events of the subject, and a month around them.
        max_hops: how many links away from the subject's own events a value may be.

    Returns:
        A dict of sets by kind, with what was followed and what was not.

    Raises:
        ConfigError: a seed of an unknown kind, or no seed.
    """
    result = Closure(_spelled(seeds))
    direct = look_up(con, result.seeds, window, _NAMES, _ROWS, distinct=True)
    if direct.is_empty():
        return result
    result.context = window or _around(direct, _CONTEXT)
    if len(result.seeds) > 1:
        direct = direct.filter(~result.names_another())
    seen = set(direct["pallet"].drop_nulls())
    _adopt(result, direct, window)
    frontier = _gather(result, direct)
    followed = False
    for _ in range(max_hops - 1):
        rows = look_up(con, frontier, result.context, _NAMES, _ROWS, distinct=True)
        if result.trip is not None and not followed:
            followed = True
            trip = look_up(con, {"pallet": result.spellings}, result.trip, _NAMES, _ROWS, distinct=True)
            rows = pl.concat([frame for frame in (rows, trip) if not frame.is_empty()] or [rows])
        if rows.is_empty():
            break
        for kind, values in _hubs(rows).items():
            result.hubs[kind] |= values
            rows = rows.filter((pl.col("via") != kind) | ~pl.col("value").is_in(sorted(values)))
        rows = rows.filter(result.belongs() & ~result.names_another())
        seen |= set(rows["pallet"].drop_nulls())
        _adopt(result, rows, window)
        frontier = _gather(result, rows)
    result["pallet"] |= seen & result.spellings if result.spellings else seen
    if "pallet" in seeds:
        result["pallet"].add(seeds["pallet"])
    return result


def _adopt(result: Closure, rows: pl.DataFrame, window: Window | None) -> None:
    """The pallet of a task, document or request is part of its story: of the first events that name any, if they are few.

    What was scanned may be the wrong pallet: it counts only where nothing else names one.
    """
    if result.spellings or result.seeds.keys() & {"sku", "location", "batch"}:
        return
    named = rows.filter(pl.col("pallet").is_not_null())
    told = named.filter(pl.col("kind") != "scan")
    named = named if told.is_empty() else told
    codes = set(named["pallet"])
    if codes and len({pallet_key(code) for code in codes}) <= FEW:
        result.spellings = {spelling for code in codes for spelling in pallet_variants(code)}
        result.trip = _within(_around(named, _TRIP), window)


def _spelled(seeds: Mapping[str, str]) -> dict[str, set[str]]:
    if not seeds or any(not value for value in seeds.values()):
        raise ConfigError("say what to follow: a pallet, SKU, location, task, document or request")
    unknown = sorted(seeds.keys() - COLUMNS.keys())
    if unknown:
        raise ConfigError(f"'{unknown[0]}' cannot be followed", hint=f"one of {', '.join(COLUMNS)}")
    return {kind: set(pallet_variants(value)) if kind == "pallet" else {value} for kind, value in seeds.items()}


def _around(rows: pl.DataFrame, margin: timedelta) -> Window | None:
    first, last = rows["ts"].min(), rows["ts"].max()
    if not isinstance(first, datetime) or not isinstance(last, datetime):
        return None
    try:
        return first - margin, last + margin
    except OverflowError:
        return None


def _within(inner: Window | None, outer: Window | None) -> Window | None:
    if inner is None or outer is None:
        return inner or outer
    since = max((t for t in (inner[0], outer[0]) if t is not None), default=None)
    until = min((t for t in (inner[1], outer[1]) if t is not None), default=None)
    return since, until


def _gather(result: Closure, rows: pl.DataFrame) -> dict[str, set[str]]:
    """Adds what the rows name to the members; returns the new values that are to be followed."""
    frontier: dict[str, set[str]] = {}
    for kind in MEMBERS:
        if kind == "pallet":
            continue  # the subject's pallets are settled by its own events
        found = {value for column in COLUMNS[kind] for value in rows[column].drop_nulls().to_list() if value}
        new = found - result[kind]
        if len(result[kind]) + len(new) > MOST:
            result.truncated.add(kind)
            new = set(sorted(new)[: max(MOST - len(result[kind]), 0)])
            result[kind] |= new
            continue
        result[kind] |= new
        if kind in _FOLLOWED:
            frontier[kind] = new
    return frontier


def _hubs(rows: pl.DataFrame) -> dict[str, set[str]]:
    """Followed values on which more than a few pallets or tasks hang."""
    counted = rows.group_by("via", "value").agg(
        pallets=pl.col("pallet").drop_nulls().n_unique(), tasks=pl.col("task").drop_nulls().n_unique()
    )
    many = counted.filter((pl.col("pallets") > FEW) | ((pl.col("via") != "doc") & (pl.col("tasks") > FEW)))
    many = many.filter(pl.col("via").is_in(list(_FOLLOWED)))
    return {str(kind): set(part["value"]) for (kind,), part in many.group_by("via")}
