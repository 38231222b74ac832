"""Is this text a table, with which separator, and where is its header? Is it JSON Lines, with which keys?"""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from forensics.formats.aliases import normalise

SEPARATORS: Final = (",", "\t", ";", "|")
_LOOKED_AT: Final = 60  # rows
_JSON_LOOKED_AT: Final = 2000  # objects: one may leave out what another has
_HEADER_WITHIN: Final = 8  # lines: a report's title may stand above it
_VALUE = re.compile(
    r"[+-]?[\d,.]+-?|\d{4}[-/.]\d{1,2}[-/.]\d{1,2}.*|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}.*|\{.*|\[.*|true|false|null",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Table:
    """A table as found.

    Attributes:
        header: the column names.
        header_line: index of the header among the lines, None if the columns were given from outside.
        rows: cells of the first rows.
        records: texts of the first rows' records.
    """

    separator: str
    header: tuple[str, ...]
    header_line: int | None
    rows: tuple[tuple[str, ...], ...] = ()
    records: tuple[str, ...] = ()

    def values(self, column: int) -> list[str]:
        """The column's non-empty sample values."""
        return [row[column].strip() for row in self.rows if column < len(row) and row[column].strip()]


def cells(line: str, separator: str) -> list[str]:
    """The cells of one line, quotes taken off."""
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return line.split(separator)


def tables(lines: Sequence[str], separators: Iterable[str] = SEPARATORS) -> list[Table]:
    """Every way to read the lines as a table with a header, the most regular first."""
    found: list[tuple[float, Table]] = []
    for separator in separators:
        counts = [len(cells(line, separator)) for line in lines[: _LOOKED_AT + _HEADER_WITHIN]]
        for at, width in enumerate(counts[:_HEADER_WITHIN]):
            if width < 2:
                continue
            header = [cell.strip().strip("\ufeff") for cell in cells(lines[at], separator)]
            while header and not header[-1]:
                header.pop()
            if not is_header(header):
                continue
            rows = [n for n, line in zip(counts[at + 1 :], lines[at + 1 :], strict=False) if line.strip()]
            fitting = sum(n >= len(header) for n in rows)
            if rows and fitting * 2 < len(rows) and '"' not in "".join(lines[:_LOOKED_AT]):
                continue
            regular = fitting / len(rows) if rows else 0.5
            body = [line for line in lines[at + 1 :] if line.strip()][:_LOOKED_AT]
            table = Table(
                separator, tuple(header), at, tuple(tuple(cells(line, separator)) for line in body), tuple(body)
            )
            found.append((regular + len(header) / 1000 - at / 100, table))
            break
    return [table for _, table in sorted(found, key=lambda item: -item[0])]


def is_header(names: Sequence[str]) -> bool:
    """Names, not values: short, mostly there, no numbers, no dates, hardly repeated."""
    named = [name for name in names if name]
    if len(named) < 2 or len(named) * 2 < len(names) or any(len(name) > 80 for name in named):
        return False
    if any(_VALUE.fullmatch(name) for name in named):
        return False
    return max(Counter(named).values()) <= 2


@dataclass(frozen=True)
class JsonObjects:
    """JSON objects as found, one a line or in an array: the first of them, and in how many each (dotted) key is."""

    objects: tuple[dict[str, Any], ...]
    records: tuple[str, ...]
    keys: Counter[str] = field(default_factory=Counter)

    def has(self, key: str) -> bool:
        """Whether at least half of the objects have the top-level key."""
        return sum(key in item for item in self.objects) * 2 >= len(self.objects)

    def has_columns(self, columns: Iterable[str]) -> bool:
        """Whether they are rows of a table with these columns, in any spelling."""
        spelt = [{normalise(key) for key in item} for item in self.objects]
        return all(sum(normalise(column) in keys for keys in spelt) * 2 >= len(spelt) for column in columns)

    def values(self, key: str) -> list[str]:
        """Sample values at a dotted key, as text."""
        out = []
        for item in self.objects:
            value: Any = item
            for part in key.split("\x1f"):
                value = value.get(part) if isinstance(value, dict) else None
            if value is not None and not isinstance(value, dict | list) and str(value).strip():
                out.append(str(value).strip())
        return out


def json_lines(lines: Sequence[str]) -> JsonObjects | None:
    """The first objects, if at least half of the first lines are JSON objects."""
    looked = [line for line in lines if line.strip()][:_JSON_LOOKED_AT]
    if not looked or len(json_objects(looked[:_LOOKED_AT]).objects) * 2 < min(len(looked), _LOOKED_AT):
        return None
    return json_objects(looked)


def json_objects(texts: Iterable[str]) -> JsonObjects:
    """Those of the texts that are JSON objects."""
    objects: list[dict[str, Any]] = []
    records = []
    for text in texts:
        if not text.lstrip("\ufeff ").startswith("{"):
            continue
        try:
            value = json.loads(text.lstrip("\ufeff"))
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            objects.append(value)
            records.append(text)
    keys: Counter[str] = Counter()
    for item in objects:
        keys.update(_flat(item, ""))
    return JsonObjects(tuple(objects), tuple(records), keys)


def _flat(item: dict[str, Any], above: str, depth: int = 0) -> Iterable[str]:
    """Keys of leaves, those of nested objects joined by the unit separator (a dot may be part of a key)."""
    for key, value in item.items():
        path = f"{above}\x1f{key}" if above else key
        if isinstance(value, dict) and value and depth < 4:
            yield from _flat(value, path, depth + 1)
        else:
            yield path
