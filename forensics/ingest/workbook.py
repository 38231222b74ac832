"""Sheets of a workbook (XLSX) as CSV text, so that they take the same way in as any table."""

from __future__ import annotations

import html
import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import IO, Final

import polars as pl

_CELL: Final = re.compile(rb'<c r="([A-Z]{1,3})(\d+)"[^>]*[^/]>|<mergeCell ref="([A-Z]{1,3})(\d+):([A-Z]{1,3})(\d+)"')
_ATTRIBUTE: Final = re.compile(r'(?:\w+:)?(\w+)="([^"]*)"')
_BLOCK: Final = 4 << 20
_NO_DATE: Final = r"^1899-12-3[01] "  # what a cell that holds a time of day only is read as


@dataclass(frozen=True)
class Sheet:
    """One sheet: its name, and its cells as UTF-8 CSV (comma, quoted where needed), row n of the sheet on line n.

    A value that is merged over several rows stands in each of them.
    """

    name: str
    path: Path

    def open(self) -> IO[bytes]:
        """The sheet's text as a stream."""
        return io.BytesIO(self._text)

    @cached_property
    def _text(self) -> bytes:
        return _text(self.path, self.name)


@dataclass
class _Geometry:
    """Where a sheet's cells lie: the first row and column with a value (from 1), and what is merged over rows (column, first, last row)."""

    row: int = 1
    column: int = 1
    merged: list[tuple[int, int, int]] = field(default_factory=list)


def is_workbook(names: Iterable[str]) -> bool:
    """Whether the members of a zip are those of a workbook."""
    return "xl/workbook.xml" in set(names)


def sheets(path: Path) -> Iterator[Sheet]:
    """All sheets that have any cell.

    Raises:
        OSError: the workbook cannot be read.
    """
    import fastexcel

    try:
        names = fastexcel.read_excel(path).sheet_names
    except fastexcel.FastExcelError as error:
        raise OSError(f"not a readable workbook: {error}") from None
    for name in names:
        yield Sheet(name, path)


def _text(path: Path, name: str) -> bytes:
    import fastexcel

    try:
        sheet = fastexcel.read_excel(path).load_sheet(name, header_row=None, dtypes="string")
        frame = sheet.to_polars()
    except fastexcel.FastExcelError as error:
        raise OSError(f"sheet '{name}' cannot be read: {error}") from None
    if frame.height == 0:
        return b""
    geometry = _geometry(path, name)
    # Line breaks inside a cell would break the promise that row n is line n.
    flat = frame.select(pl.all().cast(pl.String).str.replace_all(r"[\r\n]+", " ").str.replace(_NO_DATE, ""))
    text = _filled(flat, geometry).write_csv(None, include_header=False, quote_style="necessary")
    return ("\n" * (geometry.row - 1) + text).encode()


def _filled(frame: pl.DataFrame, geometry: _Geometry) -> pl.DataFrame:
    """Merged values in every row that they cover."""
    columns = frame.get_columns()
    for column, first, last in geometry.merged:
        place, rows = column - geometry.column, range(first - geometry.row, min(last - geometry.row + 1, frame.height))
        if 0 <= place < len(columns) and rows and rows[0] >= 0:
            columns[place] = columns[place].scatter(list(rows), columns[place][rows[0]])
    return pl.DataFrame(columns)


def _geometry(path: Path, name: str) -> _Geometry:
    """Read from the sheet's XML; where that cannot be understood, the cells begin in A1 and nothing is merged."""
    found, begins = _Geometry(), []
    try:
        with zipfile.ZipFile(path) as archive, archive.open(_part(archive, name)) as xml:
            held = b""
            while block := xml.read(_BLOCK):
                held += block
                cut = held.rfind(b"<") if len(block) == _BLOCK else len(held)
                cells = [(row, column) for column, row, *_ in _CELL.findall(held, 0, cut) if row]
                if cells:
                    begins += [(min(int(row) for row, _ in cells), min(_number(column) for _, column in cells))]
                for *_, left, top, _right, bottom in _CELL.findall(held, 0, cut):
                    if top and int(bottom) > int(top):
                        found.merged.append((_number(left), int(top), int(bottom)))
                held = held[cut:]
    except (KeyError, StopIteration, zipfile.BadZipFile, OSError):
        return found
    if begins:
        found.row, found.column = min(row for row, _ in begins), min(column for _, column in begins)
    return found


def _part(archive: zipfile.ZipFile, name: str) -> str:
    """The member that holds a sheet."""
    book, relations = (
        [dict(_ATTRIBUTE.findall(tag)) for tag in re.findall(pattern, archive.read(member).decode())]
        for member, pattern in (
            ("xl/workbook.xml", r"<(?:\w+:)?sheet\s[^>]*>"),
            ("xl/_rels/workbook.xml.rels", r"<(?:\w+:)?Relationship\s[^>]*>"),
        )
    )
    key = next(sheet["id"] for sheet in book if html.unescape(sheet.get("name", "")) == name)
    target = next(relation["Target"] for relation in relations if relation.get("Id") == key)
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def _number(letters: bytes) -> int:
    """`A` is 1, `AA` is 27."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
