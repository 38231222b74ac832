"""What stories claim, checked against what happened: book against floor, WMS against ERP, refusals that were really given."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from lab.clock import local
from lab.truth.history import Entry, History
from lab.truth.model import fault, innocent, subject
from lab.truth.writes import Found


def _all(who: dict[str, Any], name: str) -> list[str]:
    value = who.get(name)
    return [] if value is None else [str(v) for v in value] if isinstance(value, (list, tuple)) else [str(value)]


def book(history: History, who: dict[str, Any], moment: float) -> Decimal:
    """What the book says of a subject's places, materials and pallets."""
    total = Decimal(0)
    for stock, versions in history.versions.items():
        row = versions[0].entry
        if _covers(who, row["location"], row["sku"], row["pallet"], row["batch"]) and (
            version := history.at(stock, moment)
        ):
            total += version.qty
    return total


def floor(history: History, who: dict[str, Any], moment: float) -> Decimal:
    """What was there of them."""
    pallets: dict[str, Entry] = {}
    loose: dict[tuple[str, str], Decimal] = {}
    for e in history.entries:
        if e["t"] > moment:
            break
        if e["e"] == "physical":
            pallets[e["pallet"]] = e
        elif e["e"] == "loose":
            loose[e["location"], e["sku"]] = Decimal(e["qty"])
    total = sum(
        (
            Decimal(e["qty"])
            for name, e in pallets.items()
            if e["location"] and _covers(who, e["location"], e["sku"], name, e["batch"])
        ),
        Decimal(0),
    )
    return total + sum((qty for (location, sku), qty in loose.items() if _covers(who, location, sku)), Decimal(0))


def _covers(who: dict[str, Any], location: str, sku: str, pallet: str = "", batch: str = "") -> bool:
    places, skus, pallets, batches = (_all(who, name) for name in ("location", "sku", "pallet", "batch"))
    right_goods = (not skus or sku in skus) and (not batches or not batch or batch in batches)
    return (
        (not places or location in places)
        and right_goods
        and (not pallets or not pallet or pallet in pallets)
        and bool(places or pallets)
    )


def came_true(history: History, claim: Entry) -> bool:
    """Whether a claim's disagreement was there, when it ended or at the end of the recording."""
    who, error, kind = claim["subject"], Decimal(claim["qty_error"]), claim["cause"][:9]
    if kind in ("F-S-02-01", "F-S-02-02"):
        return any(
            book(history, who, moment) - floor(history, who, moment) == error
            for moment in (claim["ended_at"] + 1, history.end)
        )
    if kind == "F-S-02-03":
        docs, skus = _all(who, "doc"), _all(who, "sku")
        said = [*history.kind("refusal"), *history.kind("read")]
        return any(
            e["sku"] in skus
            and (not docs or e.get("doc") in (None, *docs))
            and claim["started_at"] - 60 <= e["t"] <= claim["ended_at"] + 60
            for e in said
        )
    if kind == "F-S-02-04":
        return any(_difference(e, _all(who, "sku")) == error for e in history.kind("balances")[-1:])
    return False


def _difference(balances: Entry, skus: list[str]) -> Decimal:
    """ERP (plant 1000, which is this warehouse) − WMS over some materials, all batches; the ERP's material of 200… is M0…."""
    codes = {*skus, *(f"M{sku[2:]}" for sku in skus)}
    erp = sum(
        (Decimal(qty) for material, _, plant, qty in balances["erp"] if material in codes and plant == "1000"),
        Decimal(0),
    )
    return erp - sum((Decimal(qty) for sku, _, qty in balances["wms"] if sku in skus), Decimal(0))


def claims(history: History, unfounded: list[str]) -> Found:
    """Claims that came true; those that did not are told in `unfounded`."""
    for e in history.kind("claim"):
        if came_true(history, e):
            yield (
                "faults",
                fault(
                    e["cause"],
                    subject(**e["subject"]),
                    e["started_at"],
                    e["ended_at"],
                    Decimal(e["qty_error"]),
                    e["note"],
                    also=e["also"],
                    observable=e["observable"],
                ),
            )
        else:
            unfounded.append(f"{local(e['t'])} {e['cause']} {e['subject']} qty_error {e['qty_error']}: {e['note']}")
    for e in history.kind("innocent"):
        yield "innocent", innocent(e["looks_like"], subject(**e["subject"]), e["at"], e["why"])
