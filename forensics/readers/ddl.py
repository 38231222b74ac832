"""Column names of database tables, followed through the DDL statements of a log."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

_NAME = r"(?:`[^`]+`|\"[^\"]+\"|[\w$]+)(?:\s*\.\s*(?:`[^`]+`|\"[^\"]+\"|[\w$]+))?"
_CREATE: Final = re.compile(
    rf"(?is)^\s*CREATE\s+(?:OR\s+REPLACE\s+)?(?:TEMPORARY\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?({_NAME})\s*(.*)$"
)
_ALTER: Final = re.compile(rf"(?is)^\s*ALTER\s+(?:ONLINE\s+|IGNORE\s+)*TABLE\s+(?:IF\s+EXISTS\s+)?({_NAME})\s+(.*)$")
_DROP: Final = re.compile(rf"(?is)^\s*DROP\s+(?:TEMPORARY\s+)?TABLE\s+(?:IF\s+EXISTS\s+)?({_NAME})")
_RENAME: Final = re.compile(rf"(?is)^\s*RENAME\s+TABLE\s+({_NAME})\s+TO\s+({_NAME})\s*$")
_LIKE: Final = re.compile(rf"(?is)^\(?\s*LIKE\s+({_NAME})\s*\)?")
_NO_COLUMN: Final = re.compile(
    r"(?i)^(?:PRIMARY\s+KEY|(?:UNIQUE|FULLTEXT|SPATIAL)\b|KEY\b|INDEX\b|CONSTRAINT\b|FOREIGN\s+KEY|CHECK\s*\(|PERIOD\s+FOR)"
)
_ADD: Final = re.compile(
    r"(?is)^ADD\s+(?:COLUMN\s+)?(?:IF\s+NOT\s+EXISTS\s+)?(?!\()(`[^`]+`|[\w$]+)\s+.*?(?:\b(FIRST)|\bAFTER\s+(`[^`]+`|[\w$]+))?\s*$"
)
_DROP_COLUMN: Final = re.compile(
    r"(?is)^DROP\s+(?:COLUMN\s+)?(?:IF\s+EXISTS\s+)?(`[^`]+`|[\w$]+)(?:\s+(?:RESTRICT|CASCADE))?\s*$"
)
_CHANGE: Final = re.compile(
    r"(?is)^(?:CHANGE\s+(?:COLUMN\s+)?(`[^`]+`|[\w$]+)\s+(`[^`]+`|[\w$]+)\s+.*?"
    r"|MODIFY\s+(?:COLUMN\s+)?(`[^`]+`|[\w$]+)\s+.*?)(?:\b(FIRST)|\bAFTER\s+(`[^`]+`|[\w$]+))?\s*$"
)
_RENAME_COLUMN: Final = re.compile(r"(?is)^RENAME\s+COLUMN\s+(`[^`]+`|[\w$]+)\s+TO\s+(`[^`]+`|[\w$]+)\s*$")
_NOT_A_COLUMN_CHANGE: Final = re.compile(
    r"(?is)^(?:ADD\s+(?:PRIMARY|UNIQUE|KEY|INDEX|CONSTRAINT|FULLTEXT|SPATIAL|FOREIGN|CHECK|PARTITION)\b"
    r"|DROP\s+(?:PRIMARY|KEY|INDEX|CONSTRAINT|FOREIGN|CHECK|PARTITION)\b|ALTER\s|ENGINE\b|COMMENT\b|AUTO_INCREMENT\b"
    r"|(?:DEFAULT\s+)?(?:CHARACTER\s+SET|CHARSET|COLLATE)\b|CONVERT\s+TO|ROW_FORMAT\b|ALGORITHM\b|LOCK\b|FORCE\b|ENABLE\b|DISABLE\b|ORDER\s+BY"
    r"|RENAME\s+(?:INDEX|KEY)\b)"
)


_TOKEN: Final = re.compile(
    r"(?s)'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|`[^`]*`|(?P<comment>--(?=\s|$)[^\n]*|#[^\n]*|/\*.*?\*/)|[()]"
)


def without_comments(sql: str) -> str:
    """A statement without its comments: their commas and words are no columns."""
    if not any(mark in sql for mark in ("--", "#", "/*")):
        return sql
    return _TOKEN.sub(lambda token: " " if token["comment"] else token[0], sql)


def unquote(name: str) -> str:
    """A name without its quotes; for `a`.`b` the parts joined by a dot."""
    return re.sub(r"[`\"\s]", "", name)


def split_list(text: str) -> list[str]:
    """The comma-separated parts of `text`, minding brackets and quotes; stops where the surrounding bracket closes."""
    parts: list[str] = []
    start = depth = 0
    quote = ""
    for position, char in enumerate(text):
        if quote:
            if char == quote:
                quote = ""
        elif char in "'\"`":
            quote = char
        elif char == "(":
            depth += 1
        elif char == ")":
            if depth == 0:
                parts.append(text[start:position].strip())
                return parts
            depth -= 1
        elif char == "," and depth == 0:
            parts.append(text[start:position].strip())
            start = position + 1
    parts.append(text[start:].strip())
    return parts


def definitions(text: str) -> list[str]:
    """Column names out of what stands between the brackets of a CREATE TABLE."""
    names = []
    for part in split_list(text):
        if part and not _NO_COLUMN.match(part) and (found := re.match(r"`[^`]+`|\"[^\"]+\"|[\w$]+", part)):
            names.append(unquote(found[0]))
    return names


@dataclass
class Schemas:
    """Which columns the tables have now. A table that a statement changed in a way not understood is forgotten, never guessed."""

    tables: dict[str, list[str]] = field(default_factory=dict)

    def apply(self, statement: str, database: str | None) -> str | None:
        """Follow one DDL statement; `database` is the current one. Returns the table whose columns changed, if any."""
        statement = without_comments(statement)
        if found := _CREATE.match(statement):
            table = _full(found[1], database)
            self._create(table, found[2], database)
            return table
        if found := _ALTER.match(statement):
            return self._alter(_full(found[1], database), found[2], database)
        if found := _DROP.match(statement):
            table = _full(found[1], database)
            self.tables.pop(table, None)
            return table
        if found := _RENAME.match(statement):
            return self._rename(_full(found[1], database), _full(found[2], database))
        return None

    def _create(self, table: str, rest: str, database: str | None) -> None:
        if like := _LIKE.match(rest):
            columns = self.tables.get(_full(like[1], database))
        elif rest.startswith("(") and not re.search(r"(?i)\)[^)]*\bSELECT\b", rest):
            columns = definitions(rest[1:])
        else:
            columns = None
        if columns:
            self.tables[table] = list(columns)
        else:
            self.tables.pop(table, None)

    def _rename(self, old: str, new: str) -> str:
        if columns := self.tables.pop(old, None):
            self.tables[new] = columns
        else:
            self.tables.pop(new, None)
        return new

    def _alter(self, table: str, rest: str, database: str | None) -> str | None:
        columns = self.tables.get(table)
        if columns is None:
            return None
        now = list(columns)
        for part in split_list(rest):
            if _NOT_A_COLUMN_CHANGE.match(part):
                continue
            if found := re.match(rf"(?is)^RENAME\s+(?:TO\s+|AS\s+)?({_NAME})\s*$", part):
                return self._rename(table, _full(found[1], database))
            if not _alter_part(now, part):
                self.tables.pop(table, None)
                return table
        self.tables[table] = now
        return table


def _alter_part(columns: list[str], part: str) -> bool:
    if found := _RENAME_COLUMN.match(part):
        return _put(columns, unquote(found[1]), unquote(found[2]), None, None)
    if found := _DROP_COLUMN.match(part):
        name = unquote(found[1])
        if name in columns:
            columns.remove(name)
        return True
    if found := _CHANGE.match(part):
        old, new = (found[1], found[2]) if found[1] else (found[3], found[3])
        return _put(columns, unquote(old), unquote(new), found[4], found[5])
    if found := _ADD.match(part):
        return _put(columns, None, unquote(found[1]), found[2], found[3])
    return False


def _put(columns: list[str], old: str | None, new: str, first: str | None, after: str | None) -> bool:
    """Insert `new`, or rename `old` to it, at the place asked for."""
    at = len(columns)
    if old is not None:
        if old not in columns:
            return False
        at = columns.index(old)
        columns.pop(at)
    if first:
        at = 0
    elif after:
        name = unquote(after)
        if name not in columns:
            return False
        at = columns.index(name) + 1
    if new in columns:
        return False
    columns.insert(at, new)
    return True


def _full(name: str, database: str | None) -> str:
    plain = unquote(name)
    return plain if "." in plain or not database else f"{database}.{plain}"


_STATEMENT: Final = re.compile(
    rf"(?i)\bCREATE\s+(?:OR\s+REPLACE\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?({_NAME})\s*\(|(?:^|\n|\t)\s*USE\s+(`[^`]+`|[\w$]+)\s*;?[ \t]*(?=\n|$)"
)
_LONGEST: Final = 60_000
"""Characters of a table's definition."""
_KEY: Final = re.compile(
    r"(?is)^(?:CONSTRAINT\s+\S+\s+)?PRIMARY\s+KEY\s*(?:USING\s+\w+\s*)?\(([^)]*(?:\(\d+\)[^)]*)*)\)"
)


@dataclass(frozen=True)
class Table:
    """A table as its CREATE TABLE declares it: (name, type and attributes) of each column in order, names of the primary key's columns."""

    columns: tuple[tuple[str, str], ...]
    key: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """The columns' names."""
        return [name for name, _ in self.columns]


def create_statements(text: str) -> tuple[list[str], int]:
    """The CREATE TABLE and USE statements in `text` without what stands around them, and where the last complete one ends."""
    found: list[str] = []
    end = 0
    for head in _STATEMENT.finditer(text):
        if head[2]:
            found.append(f"USE {head[2]};")
            end = head.end()
        elif (close := _closing(text, head.end())) is not None:
            found.append(f"CREATE TABLE {head[1]} ({without_comments(text[head.end() : close])});")
            end = close
    return found, end


def _closing(text: str, start: int) -> int | None:
    """Where the bracket closes that stands before `start`, quotes and comments minded."""
    depth = 1
    for found in _TOKEN.finditer(text, start, start + _LONGEST):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if depth == 0:
            return found.start()
    return None


def declared_tables(text: str) -> dict[str, Table]:
    """Every table that a CREATE TABLE anywhere in `text` declares (a dump, a general log, the output of SHOW CREATE TABLE), by full name."""
    tables: dict[str, Table] = {}
    database: str | None = None
    for statement in create_statements(text)[0]:
        head = _STATEMENT.search(statement)
        assert head is not None, statement
        if head[2]:
            database = unquote(head[2])
        elif (table := _declared(split_list(statement[head.end() :]))).columns:
            tables[_full(head[1], database)] = table
    return tables


def _declared(parts: list[str]) -> Table:
    columns: list[tuple[str, str]] = []
    key: list[str] = []
    for part in parts:
        if primary := _KEY.match(part):
            key = [unquote(re.sub(r"\(\d+\)|(?i:\b(?:ASC|DESC)\b)", "", name)) for name in primary[1].split(",")]
        elif (
            part
            and not _NO_COLUMN.match(part)
            and (name := re.match(r"(`[^`]+`|\"[^\"]+\"|[\w$]+)\s+(.*)", part, re.DOTALL))
        ):
            columns.append((unquote(name[1]), name[2]))
            if re.search(r"(?i)\bPRIMARY\s+KEY\b", name[2]):
                key = [unquote(name[1])]
    return Table(tuple(columns), tuple(key))


def find_table(tables: Mapping[str, Table], name: str) -> Table | None:
    """The table called `name` (`schema.table`); by its bare name where only one schema has it or no schema is known."""
    if name in tables:
        return tables[name]
    bare = name.rpartition(".")[2]
    fitting = [table for full, table in tables.items() if full.rpartition(".")[2] == bare]
    return fitting[0] if len(set(fitting)) == 1 else None
