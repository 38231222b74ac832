"""What a recording collected, before it becomes evidence: the tables' dumps and the servers' own logs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl

_CREATE = re.compile(r"CREATE TABLE (\w+) \((?:[^\n]*)\n(.*?)\n\);", re.DOTALL)
_SECTION = re.compile(r"^USE (\w+);$", re.MULTILINE)


@dataclass(frozen=True)
class Raw:
    """A recording's `raw` folder."""

    folder: Path

    def table(self, name: str) -> pl.DataFrame:
        """A table's dump, all columns as text, NULL as null; without the file, an empty table of the schema's columns.

        Args:
            name: database and table, `wms.stock`; a dump of the stock at the start of a shift is `wms.stock.0`.
        """
        path = self.folder / "tables" / f"{name}.csv"
        if not path.exists():
            return pl.DataFrame(schema=dict.fromkeys(self.columns(name), pl.String))
        return pl.read_csv(path, infer_schema=False, null_values=r"\N", empty_string_is_null=False)

    def snapshots(self) -> list[str]:
        """The names of the stock dumps taken at the start of the shifts, in order."""
        names = [path.name.removesuffix(".csv") for path in (self.folder / "tables").glob("wms.stock.*.csv")]
        return sorted(names, key=lambda name: int(name.rpartition(".")[2]))

    def bytes(self, name: str) -> bytes | None:
        """A server's own file, None if the recording has none."""
        path = self.folder / name
        return path.read_bytes() if path.exists() else None

    def matching(self, pattern: str) -> list[str]:
        """Names of files below the folder, sorted."""
        return sorted(path.relative_to(self.folder).as_posix() for path in self.folder.glob(pattern) if path.is_file())

    @cached_property
    def schema(self) -> str:
        """The CREATE TABLE statements."""
        return (self.folder / "schema.sql").read_text(encoding="utf-8")

    def ddl(self, name: str) -> str:
        """One table's CREATE TABLE statement, without comments, as a dump prints it."""
        database, _, table = name.partition(".")
        found = re.search(rf"CREATE TABLE {table} \(.*?\n\);", self._section(database), re.DOTALL)
        if found is None:
            raise KeyError(name)
        return re.sub(r"\s*--[^\n]*", "", found.group()).replace(f"TABLE {table} (", f"TABLE `{table}` (")

    def columns(self, name: str) -> list[str]:
        """One table's columns in the order of the schema."""
        database, table = name.split(".")[:2]
        body = self.ddl(f"{database}.{table}").partition("(")[2]
        words = re.findall(
            r"(?:^|,)\s*(\w+)\s+(?:BIGINT|INT|TINYINT|VARCHAR|DECIMAL|DATETIME|TEXT)\b", body, re.MULTILINE
        )
        return [str(word) for word in words]

    def _section(self, database: str) -> str:
        parts = _SECTION.split(self.schema)
        return dict(zip(parts[1::2], parts[2::2], strict=True))[database]
