"""Rows in InnoDB's lock dumps: hex of stored columns ─▶ values, by the table's declared types or by what the bytes can only be.

Storage (InnoDB internals manual, measured on MariaDB 10.11 and MySQL 8.0): integers big-endian, signed ones with the sign bit flipped;
DECIMAL packed in base 10⁹, sign bit flipped, all bits inverted when negative; DATETIME five bytes of bit fields and a fraction.
A clustered index prints its key, DB_TRX_ID (6 bytes), DB_ROLL_PTR (7 bytes), then the other columns; a secondary one its columns and the key.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

_FIELD: Final = re.compile(
    r"^ (\d+): (?:SQL NULL|len (\d+); hex ([0-9a-f]*)(?:; asc .*?)?(?: ?\(total (\d+) bytes.*)?);+\s*$",
    re.MULTILINE | re.DOTALL,
)
_FIELD_LINE: Final = re.compile(r"(?m)^ \d+: (?:len|SQL NULL)")
_TYPE: Final = re.compile(r"\s*(\w+)\s*(?:\(([^)]*)\))?\s*(.*)", re.DOTALL)
_DIGITS_TO_BYTES: Final = (0, 1, 1, 2, 2, 3, 3, 4, 4, 4)
_INT_BYTES: Final = {"tinyint": 1, "smallint": 2, "mediumint": 3, "int": 4, "integer": 4, "bigint": 8}
_TEXTS: Final = ("char", "varchar", "text", "tinytext", "mediumtext", "longtext", "json")


@dataclass(frozen=True)
class Stored:
    """One stored column: its bytes (None: SQL NULL), and whether the dump cut it short."""

    data: bytes | None
    cut: bool = False


@dataclass(frozen=True)
class Row:
    """A decoded record.

    Attributes:
        values: column (or `@n`, its place among the table's columns in storage order) ─▶ text; null for SQL NULL.
        writer: DB_TRX_ID, the transaction that wrote this version, committed or not; None in a secondary index.
        inferred: names or types are not declared anywhere.
    """

    values: dict[str, str | None]
    writer: str | None
    inferred: bool


def fields(dump: str) -> list[Stored]:
    """The fields of one `Record lock … PHYSICAL RECORD` block, in storage order."""
    starts = [found.start() for found in _FIELD_LINE.finditer(dump)]
    out = []
    for begin, end in zip(starts, [*starts[1:], len(dump)], strict=True):
        found = _FIELD.match(dump[begin:end].rstrip("\n"))
        if found is None:
            continue
        data = None if found[3] is None else bytes.fromhex(found[3][: len(found[3]) // 2 * 2])
        length = int(found[4] or found[2] or 0)
        out.append(Stored(data, data is not None and len(data) < length))
    return out


def decode(stored: Sequence[Stored], columns: Sequence[tuple[str, str]] | None, key: Sequence[str]) -> Row:
    """The record's columns by name.

    Args:
        stored: the fields of a clustered or secondary index record.
        columns: (name, declared type) of the table, in order; None where nothing declares it.
        key: names of the primary key's columns.
    """
    split = next((i for i in range(1, len(stored) - 1) if _width(stored[i]) == 6 and _width(stored[i + 1]) == 7), None)
    own = list(stored) if split is None else [*stored[:split], *stored[split + 2 :]]
    writer = None if split is None else str(int.from_bytes(stored[split].data or b"", "big"))
    ordered = [] if columns is None or split is None else _in_storage_order(columns, key)
    if ordered and len(ordered) == len(own):
        named = {name: _typed(item, type_) for item, (name, type_) in zip(own, ordered, strict=True)}
        return Row(named, writer, False)
    return Row({f"@{i}": plausible(item) for i, item in enumerate(own, 1)}, writer, True)


def _width(item: Stored) -> int:
    return -1 if item.data is None else len(item.data)


def _in_storage_order(columns: Sequence[tuple[str, str]], key: Sequence[str]) -> list[tuple[str, str]]:
    """The primary key's columns first, generated columns that are not stored left out."""
    stored = [
        (n, t)
        for n, t in columns
        if not re.search(r"(?i)\bAS\s*\(", t) or re.search(r"(?i)\b(?:STORED|PERSISTENT)\b", t)
    ]
    by_name = dict(stored)
    return [(name, by_name[name]) for name in key if name in by_name] + [(n, t) for n, t in stored if n not in key]


def _typed(item: Stored, declared: str) -> str | None:
    """A value by its declared type; what cannot be decoded stays hex."""
    if item.data is None:
        return None
    found = _TYPE.match(declared)
    name, size, rest = (found[1].lower(), found[2] or "", found[3].lower()) if found else ("", "", "")
    value: str | None = None
    if name in _INT_BYTES and len(item.data) == _INT_BYTES[name]:
        value = str(_integer(item.data, signed="unsigned" not in rest))
    elif name in ("decimal", "numeric", "dec", "fixed"):
        digits = [int(part) for part in size.split(",") if part.strip()] or [10]
        value = decimal(item.data, digits[0], digits[1] if len(digits) > 1 else 0)
    elif name in ("datetime", "timestamp"):
        value = (_datetime if name == "datetime" else _timestamp)(item.data)
    elif name == "date" and len(item.data) == 3:
        bits = int.from_bytes(item.data, "big") ^ 0x800000
        value = f"{bits >> 9:04}-{bits >> 5 & 15:02}-{bits & 31:02}"
    elif name in ("double", "real") and len(item.data) == 8:
        value = repr(struct.unpack("<d", item.data)[0])
    elif name == "float" and len(item.data) == 4:
        value = repr(struct.unpack("<f", item.data)[0])
    elif name in _TEXTS:
        value = _text(item)
    return value if value is not None else "0x" + item.data.hex()


def plausible(item: Stored) -> str | None:
    """A value whose type nobody declares: text, a time, an integer, a decimal of five or six bytes; else hex."""
    if item.data is None:
        return None
    readers: tuple[Callable[[bytes], str | None], ...] = (
        lambda data: _text(item) if data and all(byte >= 0x20 for byte in data) else None,
        lambda data: _datetime(data) if 5 <= len(data) <= 8 and 0x99 <= data[0] <= 0xA8 else None,
        lambda data: str(_guessed_integer(data)) if len(data) in (1, 2, 3, 4, 8) else None,
        lambda data: decimal(data, 10, 2) if len(data) == 5 else decimal(data, 12, 3) if len(data) == 6 else None,
    )
    if item.data == b"":
        return ""
    return next((value for read in readers if (value := read(item.data)) is not None), "0x" + item.data.hex())


def _integer(data: bytes, *, signed: bool) -> int:
    value = int.from_bytes(data, "big")
    return value - (1 << (8 * len(data) - 1)) if signed else value


def _guessed_integer(data: bytes) -> int:
    """Small unsigned numbers begin with zeros; signed ones have their sign bit flipped."""
    return _integer(data, signed=data[0] >= 0x40)


def decimal(data: bytes, precision: int, scale: int) -> str | None:
    """A packed DECIMAL(precision, scale), or None if these bytes are none."""
    whole, rest = divmod(precision - scale, 9)
    part, tail = divmod(scale, 9)
    widths = [_DIGITS_TO_BYTES[rest]] * bool(rest) + [4] * (whole + part) + [_DIGITS_TO_BYTES[tail]] * bool(tail)
    if sum(widths) != len(data) or not data:
        return None
    negative = not data[0] & 0x80
    plain = bytes(byte ^ (0xFF if negative else 0) for byte in data)
    plain = bytes([plain[0] ^ 0x80]) + plain[1:]
    digits = [rest] * bool(rest) + [9] * (whole + part) + [tail] * bool(tail)
    at, text = 0, ""
    for width, count in zip(widths, digits, strict=True):
        group = str(int.from_bytes(plain[at : at + width], "big")).zfill(count)
        if len(group) > count:
            return None
        text += group
        at += width
    number = Decimal(("-" if negative else "") + (text or "0")).scaleb(-scale)
    return f"{number:f}"


def _datetime(data: bytes) -> str | None:
    """DATETIME(0…6) in the server's zone, or None if these bytes are none."""
    if not 5 <= len(data) <= 8:
        return None
    bits = int.from_bytes(data[:5], "big") - (1 << 39)
    if bits < 0:
        return None
    date, clock = bits >> 17, bits & 0x1FFFF
    months, day = divmod(date, 32)
    year, month = divmod(months, 13)
    try:
        when = datetime(year, month, day, clock >> 12, clock >> 6 & 63, clock & 63)
    except ValueError:
        return None
    return None if not 1971 <= year <= 2199 else f"{when:%Y-%m-%d %H:%M:%S}{_fraction(data[5:])}"


def _timestamp(data: bytes) -> str | None:
    if not 4 <= len(data) <= 7:
        return None
    when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int.from_bytes(data[:4], "big"))
    return f"{when:%Y-%m-%d %H:%M:%S}{_fraction(data[4:])}+00:00"


def _fraction(data: bytes) -> str:
    """One byte is two digits, two bytes four, three bytes six; zeros behind are padding."""
    return f".{int.from_bytes(data, 'big'):0{2 * len(data)}}".rstrip("0").rstrip(".") if data else ""


def _text(item: Stored) -> str | None:
    data = item.data or b""
    while data:
        try:
            return data.decode() + ("…" if item.cut else "")
        except UnicodeDecodeError as error:
            if not item.cut or error.start < len(data) - 3:
                return None
            data = data[: error.start]  # cut in the middle of a character
    return ""
