"""What the columns of a database table mean: names to canonical names through the alias dictionary, for row changes."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from forensics.content import content_dir
from forensics.formats.aliases import load_aliases, normalise

QUANTITIES: Final = ("qty", "qty_before", "qty_after")
FILLED: Final = (
    "pallet", "location", "from_location", "to_location", "sku", "batch", "serial", "task", "doc", "doc_line", "request_id",
    "partner_doc", "warehouse", "zone", "quality", "uom", "version", "operator", "device",
)  # fmt: skip
"""What a column may fill; codes of a table (types, states) keep their meaning for its own product."""
_MOVES: Final = frozenset({"doc_line", "request_id", "task", "operator", "device"})
_STOCK_NAME: Final = re.compile(r"(?i)stock|invent|quant|onhand|on_hand|bin_?lot|库存")
_MOVEMENT_NAME: Final = re.compile(
    r"(?i)ledger|journal|histor|_?logs?$|record|flow|trans|movement|reserv|alloc|task|流水|履历"
)
_MOVEMENT_COLUMN: Final = re.compile(r"(?i)delta|chang|moved?_|_moved?|adjust|diff|变动|变化|差异")


@cache
def _meanings() -> dict[str, str]:
    """Normalised column name to canonical name, as they hold in tables of row changes."""
    known = load_aliases([content_dir("parsers") / "aliases.toml"])
    layers = [ranked for _, ranked in known.layers("change", ())]
    return {name: meaning for ranked in reversed(layers) for name, (meaning, _) in ranked.items()}


def canonical(name: str) -> str | None:
    """The entity or quantity column that a table's column `name` fills in a `change` event, if any."""
    found = _meanings().get(normalise(name))
    return found if found in FILLED or found in QUANTITIES else None


def is_stock(table: str, columns: list[str]) -> bool:
    """Whether a table keeps balances: a quantity of something somewhere, and not the movements themselves.

    A ledger has before and after columns; documents and movements name who asked or which line. A table that has a document beside
    its quantity keeps balances only if its name says so.
    """
    meaning = {c for c in map(canonical, columns) if c}
    if "qty" not in meaning or meaning & {"qty_before", "qty_after"} or not meaning & {"sku", "location", "pallet"}:
        return False
    name = table.rpartition(".")[2]
    quantities = [column for column in columns if canonical(column) == "qty"]
    if _MOVEMENT_NAME.search(name) or all(_MOVEMENT_COLUMN.search(column) for column in quantities):
        return False
    if _STOCK_NAME.search(name):
        return not meaning & {"doc_line", "request_id"}
    return not meaning & (_MOVES | {"doc"})
