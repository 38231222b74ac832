"""Readers of formats that cannot be declared, by the name that a format file gives in `reader = "…"`."""

from __future__ import annotations

from typing import Final

from forensics.readers.base import Factory, Parsed, Reader, SourceContext
from forensics.readers.mysqlbinlog import MysqlBinlog

READERS: Final[dict[str, Factory]] = {"mysqlbinlog": MysqlBinlog}

__all__ = ["READERS", "Parsed", "Reader", "SourceContext"]
