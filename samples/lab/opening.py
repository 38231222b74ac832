"""Before the first shift: schema, users, master data, opening stock in the book and on the floor."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pymysql
from pymysql.constants import CLIENT
from pymysql.cursors import DictCursor

from lab.catalogue import Catalogue, Opening
from lab.clock import local
from lab.journal import Journal
from lab.world import World

SCHEMA = Path(__file__).with_name("schema.sql")
USERS = """
CREATE USER repl@'%' IDENTIFIED BY 'repl'; GRANT REPLICATION SLAVE ON *.* TO repl@'%';
CREATE USER monitor@'%' IDENTIFIED BY 'lab'; GRANT ALL ON *.* TO monitor@'%';
CREATE USER wms_app@'%' IDENTIFIED BY 'lab'; GRANT ALL ON wms.* TO wms_app@'%';
CREATE USER wcs_app@'%' IDENTIFIED BY 'lab'; GRANT ALL ON wcs.* TO wcs_app@'%';
CREATE USER erp_app@'%' IDENTIFIED BY 'lab'; GRANT ALL ON erp.* TO erp_app@'%';
"""
UNITS = (("CAR", Decimal(12)), ("PAL", Decimal(48)), ("EA", Decimal(1)))


def connect(port: int) -> pymysql.Connection[DictCursor]:
    """As root, committing by itself, absent from the general log."""
    return pymysql.connect(
        host="127.0.0.1", port=port, user="root", autocommit=True, cursorclass=DictCursor, charset="utf8mb4", client_flag=CLIENT.MULTI_STATEMENTS,
        init_command="SET SESSION sql_log_off = 1",
    )  # fmt: skip


def install(port: int, catalogue: Catalogue) -> None:
    """Schema, users and master data."""
    with connect(port) as connection, connection.cursor() as cursor:
        for script in (USERS, SCHEMA.read_text(encoding="utf-8")):
            cursor.execute(script)
            while cursor.nextset():
                pass
        places = [(place, place[0]) for place in catalogue.locations]
        cursor.executemany("INSERT INTO wms.location (location, zone) VALUES (%s, %s)", places)
        mapping: list[tuple[Any, ...]] = [("sku", f"M{sku[2:]}", sku, "", 1) for sku in catalogue.all_skus]
        mapping += [("warehouse", "1000", "WH1", "", 1)] + [("uom", unit, "EA", "", factor) for unit, factor in UNITS]
        cursor.executemany(
            "INSERT INTO erp.mapping (type, code, mapped_code, sku, factor) VALUES (%s, %s, %s, %s, %s)", mapping
        )


def load(port: int, catalogue: Catalogue, world: World, journal: Journal, moment: float) -> None:
    """Import the opening stock, stamped with lab time `moment`, and put the goods on the floor."""
    with connect(port) as connection:
        connection.begin()
        for row in catalogue.opening:
            _import(connection, row, journal, moment)
            if row.pallet:
                world.put(row.pallet, row.location, row.sku, row.batch, row.real)
            else:
                world.add(row.location, row.sku, row.real)
        connection.commit()


def import_row(port: int, row: Opening, journal: Journal, moment: float) -> int:
    """One row more, in the middle of a shift. Its stock id."""
    with connect(port) as connection:
        return _import(connection, row, journal, moment)


def _import(connection: pymysql.Connection[DictCursor], row: Opening, journal: Journal, moment: float) -> int:
    """Stock, ledger, binding, and the ERP's balance, which starts equal to the book."""
    stamp = local(moment)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO wms.stock (zone, location, sku, batch, pallet, qty, updated_at) VALUES (%s, %s, %s, %s, %s, %s, %s)",
            (row.zone, row.location, row.sku, row.batch, row.pallet, row.book, stamp),
        )
        stock = cursor.lastrowid
        cursor.execute(
            "INSERT INTO wms.stock_ledger (ts, stock_id, location, sku, batch, pallet, type, delta, qty_before, qty_after, doc, operator)"
            " VALUES (%s, %s, %s, %s, %s, %s, 'opening', %s, 0, %s, 'QC2026', 'SYSTEM')",
            (stamp, stock, row.location, row.sku, row.batch, row.pallet, row.book, row.book),
        )
        if row.pallet:
            cursor.execute(
                "INSERT INTO wms.binding (pallet, sku, batch, qty, location, bound_at, operator) VALUES (%s, %s, %s, %s, %s, %s, 'SYSTEM')",
                (row.pallet, row.sku, row.batch, row.book, row.location, stamp),
            )
        cursor.execute(
            "INSERT INTO erp.balance (material, batch, warehouse_code, uom, qty, updated_at) VALUES (%s, %s, '1000', 'EA', %s, %s)"
            " ON DUPLICATE KEY UPDATE qty = qty + VALUES(qty)",
            (f"M{row.sku[2:]}", row.batch, row.book, stamp),
        )
    journal.write(
        "commit", stock=stock, zone=row.zone, location=row.location, sku=row.sku, batch=row.batch, quality="qualified", pallet=row.pallet, type="opening", delta=row.book,
        read_qty=0, read_version=0, after=row.book, locked=0, version=1, guard="row_lock", doc="QC2026", doc_line=None, task=None, request_id=None, intent="", reverses=None,
        wrote="relative", read_at=journal.clock.now(), started=journal.clock.now(), real=row.real, moment=moment,
    )  # fmt: skip
    return int(stock)
