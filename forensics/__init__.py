"""Log and event forensics for warehouses: `forensics.open_case(path)` opens a case folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forensics.api import Case as Case
    from forensics.api import open_case as open_case

__version__ = "0.1.0"
__all__ = ["Case", "__version__", "open_case"]


def __getattr__(name: str) -> Any:
    """Import the heavy half (Polars, DuckDB) only when it is used, so that the command line starts fast."""
    if name in {"Case", "open_case"}:
        from forensics import api

        return getattr(api, name)
    raise AttributeError(f"module 'forensics' has no attribute {name!r}")
