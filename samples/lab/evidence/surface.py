"""How files look from outside: encodings, line ends, titles, rotation, compression, a last line that was being written."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import re
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import polars as pl
from openpyxl import Workbook

_LONG_AGO = (2026, 1, 1, 0, 0, 0)


def csv(
    table: pl.DataFrame,
    *,
    encoding: str = "utf-8",
    separator: str = ",",
    crlf: bool = False,
    above: Sequence[str] = (),
) -> bytes:
    """A table as CSV.

    Args:
        table: its columns are named as the headings shall read.
        encoding: `utf-8-sig` puts a byte order mark before, as spreadsheets do.
        separator: between fields.
        crlf: Windows line ends.
        above: lines before the headings, as report tools print them.
    """
    end = "\r\n" if crlf else "\n"
    text = "".join(line + end for line in above) + table.write_csv(separator=separator, line_terminator=end)
    return text.encode(encoding)


def compact(value: Any) -> str:
    """JSON as services write it: no blanks, Chinese as is."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def json_lines(rows: Sequence[Mapping[str, Any]], *, nulls: bool = False) -> bytes:
    """One JSON object a line; values that are null are left out unless asked for."""
    kept = rows if nulls else [{key: value for key, value in row.items() if value is not None} for row in rows]
    return "".join(compact(row) + "\n" for row in kept).encode()


def sql_dump(name: str, create: str, table: pl.DataFrame, *, rows_per_statement: int = 200) -> bytes:
    """A table as `mysqldump` prints it: CREATE TABLE and INSERT statements of many rows."""
    out = [f"-- MySQL dump 10.13\n--\nDROP TABLE IF EXISTS `{name}`;\n{create}\nLOCK TABLES `{name}` WRITE;\n"]
    rows = ["(" + ",".join(map(_literal, row)) + ")" for row in table.iter_rows()]
    for start in range(0, len(rows), rows_per_statement):
        out.append(f"INSERT INTO `{name}` VALUES {','.join(rows[start : start + rows_per_statement])};\n")
    out.append("UNLOCK TABLES;\n")
    return "".join(out).encode()


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, int | float):
        return str(value)
    text = str(value).replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace('"', '\\"')
    return f"'{text}'"


def workbook(sheets: Mapping[str, tuple[Sequence[str], pl.DataFrame]]) -> bytes:
    """Sheets with title rows above their headings; the same tables give the same bytes."""
    book = Workbook()
    book.remove(book.active)
    for name, (title, table) in sheets.items():
        sheet = book.create_sheet(name)
        for line in title:
            sheet.append([line] if line else [])
        sheet.append(table.columns)
        for row in table.iter_rows():
            sheet.append(row)
    book.properties.created = book.properties.modified = datetime(*_LONG_AGO)
    raw = io.BytesIO()
    book.save(raw)
    return _same_bytes(raw.getvalue())


def _same_bytes(data: bytes) -> bytes:
    """A workbook without the moment at which it was saved."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            text = old.read(info)
            if info.filename == "docProps/core.xml":
                text = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>2026-01-01T00:00:00Z", text)
            new.writestr(zipfile.ZipInfo(info.filename, _LONG_AGO), text, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def zipped(data: bytes) -> bytes:
    """Gzip, always to the same bytes."""
    return gzip.compress(data, 9, mtime=0)


def packed(data: bytes) -> bytes:
    """XZ: half the size of gzip where a log repeats itself over long distances."""
    return lzma.compress(data, preset=9)


def rotated(name: str, data: bytes, start: bytes, *, parts: int = 2) -> dict[str, bytes]:
    """A log as rotation leaves it: older parts numbered and compressed, the newest under its own name.

    Args:
        name: the log's name.
        data: all of it.
        start: pattern of a record's first bytes, so that no record is torn by the rotation.
        parts: how many files; fewer if the log is short.
    """
    cuts = [0]
    for n in range(1, parts):
        found = re.compile(rb"(?m)^" + start).search(data, max(len(data) * n // parts, cuts[-1] + 1))
        if found:
            cuts.append(found.start())
    pieces = [data[a:b] for a, b in zip(cuts, [*cuts[1:], len(data)], strict=True)]
    old = {f"{name}.{len(pieces) - 1 - n}.gz": zipped(piece) for n, piece in enumerate(pieces[:-1])}
    return {**old, name: pieces[-1]}


def torn(data: bytes, share: float = 0.6) -> bytes:
    """A log copied while its last line was being written."""
    head, _, last = data.rstrip(b"\n").rpartition(b"\n")
    cut = last[: max(1, int(len(last) * share))]
    return head + b"\n" + cut.decode("utf-8", errors="ignore").encode()
