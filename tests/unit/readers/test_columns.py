"""Which tables keep balances."""

from __future__ import annotations

import pytest

from forensics.readers.columns import canonical, is_stock


@pytest.mark.parametrize(
    ("table", "columns", "stock"),
    [
        ("w.stock", ["id", "sku", "loc", "qty"], True),
        ("w.inv_lot_loc", ["item_code", "loc_code", "lot_code", "qty", "qty_allocated"], True),
        ("w.wms_inventory", ["id", "sku_id", "warehouse_id", "quantity"], True),
        ("w.stock_with_order", ["stk_code", "order_no", "mat_code", "bincode", "total_qty"], True),
        ("w.ledger", ["sku", "quantity", "before_quantity", "after_quantity"], False),
        ("w.order_line", ["order_no", "line_no", "sku", "qty"], False),
        ("w.outbound", ["order_no", "sku", "qty"], False),
        ("w.idempotency", ["request_id", "sku", "qty"], False),
        ("w.heartbeat", ["ts", "server_id", "file", "position"], False),
        ("w.summary", ["sku", "total"], False),
        ("w.ledger", ["id", "sku", "delta"], False),
        ("w.stock_log", ["sku", "loc", "qty"], False),
        ("w.stock_move", ["sku", "loc", "qty_change"], False),
        ("w.inventory_detail", ["sku", "loc", "qty"], True),
    ],
)
def test_a_table_of_balances(table: str, columns: list[str], stock: bool) -> None:
    assert is_stock(table, columns) is stock


def test_the_name_of_a_log_position_is_no_place() -> None:
    assert canonical("position") is None
    assert canonical("locationCode") == "location"
