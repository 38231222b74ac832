"""The event model: one wide table, null where a source is silent.

Every record of every source becomes one or more rows of this table. The names here are the product's vocabulary:
SQL, JSON, command line and documentation use the same ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Type(StrEnum):
    """Logical column types; the store maps them to Polars, Arrow and Delta types."""

    TEXT = "text"
    INT = "int"
    TIME = "time"  # UTC, microseconds
    QTY = "qty"  # exact decimal(18,6), never a binary float
    REAL = "real"


@dataclass(frozen=True)
class Column:
    """One column of the event table: its name, logical type and what it holds."""

    name: str
    type: Type
    about: str
    entity: bool = False


def _group(type_: Type, entity: bool = False, **about: str) -> tuple[Column, ...]:
    return tuple(Column(name, type_, text, entity) for name, text in about.items())


PROVENANCE: Final = (
    *_group(Type.TEXT, source="first 16 hex digits of the SHA-256 of the source's decompressed bytes"),
    *_group(
        Type.INT,
        line="line number of the record's first line, from 1",
        byte_offset="offset of the record's first byte in the decompressed stream",
        part="0 for the record itself, 1… for further events that it carries",
    ),
    *_group(Type.TEXT, raw="the record as written, decoded"),
)

TIME: Final = (
    *_group(Type.TIME, ts="start of what happened, as recorded, in UTC"),
    *_group(
        Type.TEXT,
        ts_precision="us | ms | s | min | day",
        ts_quality="recorded | inferred | ambiguous | none",
    ),
    *_group(Type.REAL, duration_ms="how long it took; replication lag for a metric; null is unknown"),
)

WHAT: Final = (
    *_group(
        Type.TEXT,
        kind="one of KINDS",
        system="which system wrote it: one of SYSTEMS",
        action="canonical verb; one of ACTIONS[kind] where known, else the source's own word",
        state="canonical task or document state",
        outcome="ok | fail | timeout | duplicate | unknown",
        status_code="protocol or business code as written",
        error="error text",
    ),
    *_group(Type.INT, attempt="number of the attempt, from 1"),
    *_group(
        Type.TEXT,
        endpoint="path or interface name called",
        caller="who called",
        callee="who was called",
        host="machine, gateway or database that observed it",
    ),
)

WHO: Final = (
    *_group(
        Type.TEXT,
        entity=True,
        pallet="pallet, container, LPN, pod, box, tote, SSCC",
        location="where it is, or is said to be",
        from_location="where it leaves",
        to_location="where it goes",
        sku="material code",
        batch="batch or lot",
        serial="serial number",
        task="task number",
        doc="document number in the system that wrote the record",
        doc_line="line of the document",
        request_id="request id, idempotency key, message id",
        txn="database transaction id (GTID, xid)",
        partner_doc="document number of the other side",
    ),
    *_group(
        Type.TEXT,
        warehouse="warehouse or plant",
        zone="area inside the warehouse",
        quality="quality or stock status, canonical where known",
        uom="unit of measure as written",
        doc_type="inbound | outbound | move | count | adjust | opening | reversal | return | exchange, else the source's word",
        version="row version, order update id",
        table_name="database table of a row change",
        log_position="commit order of a row change: log file and offset, zero-padded so that it sorts as text",
        operator="person",
        actor_type="operator | wcs | system",
        device="robot, crane, conveyor, scanner",
    ),
)

HOW_MUCH: Final = _group(
    Type.QTY,
    qty="quantity; signed change for a ledger row",
    qty_before="balance before",
    qty_after="balance after",
    qty_reserved="quantity reserved or locked",
    qty_available="quantity free to allocate",
    qty_counted="quantity counted",
)

REST: Final = _group(Type.TEXT, extra="JSON object: every further field, canonical names where known")

COLUMNS: Final[tuple[Column, ...]] = PROVENANCE + TIME + WHAT + WHO + HOW_MUCH + REST
NAMES: Final[tuple[str, ...]] = tuple(c.name for c in COLUMNS)
ENTITIES: Final[tuple[str, ...]] = tuple(c.name for c in COLUMNS if c.entity)
TYPES: Final[dict[str, Type]] = {c.name: c.type for c in COLUMNS}

KINDS: Final = (
    "api", "task", "device", "scan", "binding", "ledger", "reservation", "stock", "count", "document",
    "change", "lock", "cache", "metric", "master", "log",
)  # fmt: skip
SYSTEMS: Final = ("wms", "wcs", "scanner", "db", "cache", "erp", "mq")
TASK_STATES: Final = (
    "CREATED", "SENT", "ACCEPTED", "STARTED", "LEFT_SOURCE", "DEVICE_DONE", "DONE", "REPORTED",
    "CANCELLED", "FORCED_DONE", "FAILED", "TIMEOUT", "LOST", "UNKNOWN",
)  # fmt: skip
API_STATES: Final = ("REQUEST", "RESPONSE", "CALL")
"""`state` of an api event: one half of a call, or the whole call in one record."""
OUTCOMES: Final = ("ok", "fail", "timeout", "duplicate", "unknown")
DOC_TYPES: Final = (
    "inbound", "outbound", "move", "count", "adjust", "opening", "reversal", "return", "exchange",
)  # fmt: skip

ACTIONS: Final[dict[str, tuple[str, ...]]] = {
    "api": ("create", "start", "complete", "cancel", "report", "confirm", "deduct", "add", "query", "lock", "release",
            "bind", "unbind", "adjust", "move", "push"),
    "task": ("create", "send", "accept", "start", "leave", "arrive", "complete", "force_complete", "cancel", "fail",
             "report"),
    "device": ("start", "pick_done", "put_done", "cancel", "alarm", "empty_pick", "occupied_put", "manual_remove",
               "occupied", "vacant", "move"),
    "scan": ("bind", "receive", "putaway", "pick", "load", "gate", "count", "scan"),
    "binding": ("bind", "unbind"),
    "reservation": ("lock", "release", "consume"),
    "change": ("insert", "update", "delete"),
    "lock": ("wait", "deadlock", "timeout", "isolation", "rollback", "commit", "slow"),
    "cache": ("get", "hit", "miss", "set", "del", "expire"),
}  # fmt: skip
"""What `action` may say, by kind. For an api event it is the business operation the call asks for."""

EXTRA_NAMES: Final = (
    "barcode", "expected", "barcode_type", "barcode_problem", "gtin", "expiry", "served_from", "qty_expected", "released_at", "expires_at", "finished_at", "code",
    "mapped_code", "factor", "seconds_behind", "io_running", "sql_running", "key", "value", "isolation", "origin",
    "request_body", "response_body", "upstream_status",
)  # fmt: skip
"""Canonical names inside `extra` that views and checks read (`extra->>'barcode'`)."""
