"""Which clock stamped an event: the machine that observed it, else the system that wrote it."""

from __future__ import annotations

from typing import Final

CLOCK_SQL: Final = (
    "CASE WHEN host IS NULL OR host = '' OR kind = 'cache' THEN coalesce(system, source) "
    "ELSE coalesce(system, '?') || '@' || host END"
)
"""SQL expression over the event columns: `system@host`, `system` where no host is known, `source` as a last resort.

For a cache event `host` is the client, not the machine whose clock stamped the line.
"""


def clock_key(system: str | None, host: str | None, source: str | None = None, kind: str | None = None) -> str:
    """The same key as `CLOCK_SQL`, for one event."""
    if not host or kind == "cache":
        return system or source or "?"
    return f"{system or '?'}@{host}"
