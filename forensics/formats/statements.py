"""Database dumps as text: is it one, whose dialect, which lines begin a statement, and what the head of a statement says."""

from __future__ import annotations

import re
from typing import Final

import polars as pl

_PART = r"""(?:[`"\[][^`"\]\n]+[`"\]]|[\w$#]+)"""
NAME: Final = rf"{_PART}(?:\s*\.\s*{_PART}){{0,2}}"
INSERT: Final = (
    rf"(?is)^\s*(?:INSERT(?:\s+(?:LOW_PRIORITY|DELAYED|HIGH_PRIORITY|IGNORE|OR\s+\w+))*(?:\s+INTO)?|REPLACE(?:\s+INTO)?)\s+(?P<table>{NAME})\s*"
    r"(?:\((?P<columns>[^()]*)\))?\s*(?:OVERRIDING\s+\w+\s+VALUE\s*)?VALUES?\b"
)
COPY: Final = rf"(?i)^\s*COPY\s+({NAME})\s*(?:\(([^()]*)\))?\s*FROM\s+stdin"
_KEYWORDS = (
    "INSERT|REPLACE|COPY|CREATE|DROP|ALTER|SET|USE|LOCK|UNLOCK|BEGIN|COMMIT|START|ROLLBACK|DELIMITER|PRAGMA|ANALYZE|COMMENT|GRANT|REVOKE|TRUNCATE"
    "|DECLARE|EXEC|PRINT|UPDATE|DELETE|MERGE|CALL|SELECT|PROMPT|REM"
)
_BEGINS: Final = rf"(?i)^\s*(?:(?:{_KEYWORDS})\b|GO\s*;?\s*$|--|/\*|#|\\(?:\.|connect|restrict)|/\s*$)"
SILENT: Final = (
    r"(?i)^\s*(?:(?:CREATE|DROP|ALTER|SET|USE|LOCK|UNLOCK|BEGIN|COMMIT|START|DELIMITER|PRAGMA|ANALYZE|COMMENT|GRANT|REVOKE|TRUNCATE|COPY|PROMPT|REM|PRINT"
    r"|SELECT\s+pg_catalog)\b|GO\s*;?\s*$|--|/\*|#|\\|/\s*$)"
)
"""Statements that hold no row and change none."""

_ROW: Final = r"^\s*\("
_MORE: Final = r"(?i)(?:\bVALUES?|\)\s*,)\s*$"


def dialect_of(text: str) -> str | None:
    """`mysql`, `mssql`, `copy` (PostgreSQL with COPY) or `sql` if the text is a dump, else None."""
    lines = [line for line in text.split("\n") if line.strip()]
    head = "\n".join(lines[:4000])
    if re.search(rf"(?m){COPY}", head):
        return "copy"
    inserts = re.search(
        rf"(?im)^\s*(?:INSERT\s+(?:IGNORE\s+)?(?:INTO\s+)?|REPLACE\s+INTO\s+){NAME}\s*(?:\([^()]*\)\s*)?VALUES?\b", head
    )
    creates = re.search(rf"(?im)^\s*CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?{NAME}\s*\(", head)
    if not inserts and not creates:
        return None
    begins = re.compile(_BEGINS)
    # a log that quotes statements has many other lines between them; a dump's first line is a statement's or a comment's
    if not lines or not begins.match(lines[0].lstrip("\ufeff")):
        return None
    if re.search(r"(?im)^\s*GO\s*$|^(?:INSERT|CREATE TABLE)\b[^`\n]*\[\w+\]", head):
        return "mssql"
    if re.search(r"(?i)`\w+`|ENGINE\s*=|-- MySQL dump|MariaDB|Source Server Type\s*: MySQL", head):
        return "mysql"
    return "mysql" if re.search(r"""\\['"\\n]""", head) and "standard_conforming_strings" not in head else "sql"


def statement_starts(lines: pl.Series, dialect: str | None) -> pl.Series:
    """True where a line begins a statement, or a row of one on a line of its own."""
    starts = lines.str.contains(_BEGINS).fill_null(False)
    if (
        dialect == "copy"
    ):  # a line of data has tabs; without a parser's memory none can be told from a text's second line
        return starts | lines.str.contains(r"^[^\s(][^\n]*\t|^[^\s']+$").fill_null(False)
    rows = lines.str.contains(_ROW).fill_null(False)
    if rows.any():
        starts |= rows & lines.shift(1).str.contains(_MORE).fill_null(False)
    return starts


def unquoted(name: str) -> str:
    """A table's own name: no quotes, no database or schema."""
    return re.sub(r"[`\"\[\]\s]", "", re.split(r"\.(?=[^\]`\"]*(?:[\[`\"]|[\w$#]+$))", name)[-1])


def column_list(text: str | None) -> tuple[str, ...] | None:
    """The names in a statement's column list."""
    names = tuple(name.strip().strip('`"[]') for name in (text or "").split(","))
    return names if any(names) else None
