"""Sheets of a workbook (XLSX) as CSV text, so that they take the same way in as any table."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import polars as pl


@dataclass(frozen=True)
class Sheet:
    """One sheet: its name, and its cells as UTF-8 CSV (comma, quoted where needed), row n of the sheet on line n."""

    name: str
    path: Path

    def open(self) -> IO[bytes]:
        """The sheet's text as a stream."""
        return io.BytesIO(_text(self.path, self.name))


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
    # Line breaks inside a cell would break the promise that row n is line n.
    flat = frame.select(pl.all().cast(pl.String).str.replace_all(r"[\r\n]+", " "))
    return flat.write_csv(None, include_header=False, quote_style="necessary").encode()
