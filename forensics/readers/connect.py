"""Values of Kafka Connect messages that carry their schema: decimals in base64 and counted times ─▶ text."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import polars as pl

_DECIMAL: Final = "org.apache.kafka.connect.data.Decimal"
_SCALED: Final = "io.debezium.data.VariableScaleDecimal"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS_US: Final = {
    "io.debezium.time.Timestamp": 1000, "io.debezium.time.MicroTimestamp": 1, "org.apache.kafka.connect.data.Timestamp": 1000,
}  # fmt: skip
_DAYS: Final = ("io.debezium.time.Date", "org.apache.kafka.connect.data.Date")


def typed(values: pl.DataFrame, layouts: pl.DataFrame) -> pl.DataFrame:
    """The values in plain text where a message's schema says how they are written.

    Args:
        values: `group`, `name`, `value` and others.
        layouts: `group`, `layout`: the schema as JSON text, null where the message has none.
    """
    known = layouts.drop_nulls("layout")
    if known.is_empty():
        return values
    readers: dict[str, dict[str, tuple[str, int]]] = {text: dict(_columns(text)) for text in known["layout"].unique()}
    where = pl.DataFrame(
        [(text, name, type_, scale) for text, columns in readers.items() for name, (type_, scale) in columns.items()],
        schema={"layout": pl.String, "name": pl.String, "type": pl.String, "scale": pl.Int64},
        orient="row",
    )
    marked = values.join(known, on="group", how="left", maintain_order="left").join(
        where, on=["layout", "name"], how="left", maintain_order="left"
    )
    written = (
        marked.filter(pl.col("type").is_not_null() & pl.col("value").is_not_null())
        .select("type", "scale", "value")
        .unique()
    )
    plain = [_plain(type_, scale, value) for type_, scale, value in written.iter_rows()]
    read = written.with_columns(pl.Series("plain", plain, dtype=pl.String))
    return (
        marked.join(read, on=["type", "scale", "value"], how="left", maintain_order="left")
        .with_columns(pl.coalesce("plain", "value").alias("value"))
        .select(values.columns)
    )


def _columns(layout: str) -> Iterator[tuple[str, tuple[str, int]]]:
    """Columns of the row images whose type has a name that matters here."""
    for image in json.loads(layout).get("fields", []):
        if image.get("field") not in ("before", "after"):
            continue
        for column in image.get("fields", []):
            if (type_ := column.get("name")) in _READERS:
                yield str(column.get("field")), (type_, int((column.get("parameters") or {}).get("scale", 0)))


def _plain(type_: str, scale: int, value: str) -> str:
    """The value as people write it; as it was where it is not what its type says."""
    try:
        return _READERS[type_](value, scale)
    except (ValueError, OverflowError, KeyError, binascii.Error):
        return value


def _decimal(value: str, scale: int) -> str:
    unscaled = int.from_bytes(base64.b64decode(value, validate=True), "big", signed=True)
    return f"{Decimal(unscaled).scaleb(-scale):f}"


def _scaled(value: str, _: int) -> str:
    parts: dict[str, Any] = json.loads(value)
    return _decimal(parts["value"], int(parts["scale"]))


def _moment(unit_us: int) -> Callable[[str, int], str]:
    def read(value: str, _: int) -> str:
        when = _EPOCH + timedelta(microseconds=int(value) * unit_us)
        return when.replace(tzinfo=None).isoformat(sep=" ")  # DATETIME has no zone

    return read


def _day(value: str, _: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=int(value))).isoformat()


_READERS: Final[dict[str, Callable[[str, int], str]]] = {
    _DECIMAL: _decimal, _SCALED: _scaled, **{name: _moment(unit) for name, unit in _UNITS_US.items()}, **dict.fromkeys(_DAYS, _day),
}  # fmt: skip
