"""The end of a shift: both systems' balances are taken, as for the nightly reconciliation."""

from __future__ import annotations

from lab.shift import Shift


def reconcile(shift: Shift) -> None:
    """Journal both sides' balances per sku and batch; the tables' dumps carry the same figures for everyone to see."""
    wms = shift.query("SELECT sku, batch, SUM(qty) qty FROM stock GROUP BY sku, batch")
    erp = shift.query("SELECT material, batch, warehouse_code, qty FROM balance", database="erp")
    shift.journal.write(
        "balances",
        wms=[[r["sku"], r["batch"], r["qty"]] for r in wms],
        erp=[[r["material"], r["batch"], r["warehouse_code"], r["qty"]] for r in erp],
    )
