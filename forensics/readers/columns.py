"""What the columns of a database table mean: names to canonical names through the alias dictionary, for row changes."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache
from typing import Final

from forensics.content import content_dir
from forensics.model.event import ENTITIES

QUANTITIES: Final = ("qty", "qty_before", "qty_after")
_NOT_OF_A_ROW: Final = frozenset({"doc_type", "txn", "table_name", "log_position", "actor_type"})
"""Columns of the event that the log itself states, or whose values in a table are codes."""
_MOVES: Final = frozenset({"doc_line", "request_id", "task", "operator", "device"})
_STOCK_NAME: Final = re.compile(r"(?i)stock|invent|quant|onhand|on_hand|bin_?lot|库存")


def normalise(name: str) -> str:
    """A heading as aliases are compared: NFKC, lower case, without marks, units in brackets, separators and blanks."""
    text = unicodedata.normalize("NFKC", name).replace("\ufeff", "").casefold()
    return re.sub(r"\([^()]*\)|[\s_\-./*]", "", text)


@cache
def _aliases() -> dict[str, str]:
    with (content_dir("parsers") / "aliases.toml").open("rb") as file:
        content = tomllib.load(file)
    known: dict[str, str] = {}
    for fields in (content["fields"], content.get("tables", {}).get("change", {}).get("fields", {})):
        for canonical, names in fields.items():
            for name in (canonical, *names):
                known[normalise(name)] = canonical
    return known


def canonical(name: str) -> str | None:
    """The entity or quantity column that a table's column `name` fills in a `change` event, if any."""
    found = _aliases().get(normalise(name))
    if found in QUANTITIES or (found in ENTITIES and found not in _NOT_OF_A_ROW):
        return found
    return None


def is_stock(table: str, columns: list[str]) -> bool:
    """Whether a table keeps balances: a quantity of something somewhere, and not the movements themselves.

    A ledger has before and after columns; documents and movements name who asked or which line. A table that has a document beside
    its quantity keeps balances only if its name says so.
    """
    meaning = {c for c in map(canonical, columns) if c}
    if "qty" not in meaning or meaning & {"qty_before", "qty_after"} or not meaning & {"sku", "location", "pallet"}:
        return False
    if _STOCK_NAME.search(table.rpartition(".")[2]):
        return not meaning & {"doc_line", "request_id"}
    return not meaning & (_MOVES | {"doc"})
