"""What a column is, by its values: times, quantities, known words, ids by their shape. Each guess has its reason."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from forensics.formats import gs1, quantity
from forensics.formats.aliases import Aliases, normalise
from forensics.formats.mapping import Heading
from forensics.formats.maps import WordMap
from forensics.formats.times import Clock, parse
from forensics.model.event import TYPES, Type

_MOST: Final = 0.9
"""Share of the values that must fit."""
_LOCATION: Final = re.compile(r"[A-Za-z]{0,4}\d{0,2}(?:[-.][A-Za-z]{0,2}\d{1,4}){2,4}|[A-Z]{1,4}-\d{2,4}", re.ASCII)
_TIME_OF_DAY: Final = re.compile(
    r"[0-2]?\d:[0-5]\d(?::[0-5]\d(?:[.,:]\d+)?)?(?:\s*[AaPp][Mm])?|[0-2]?\d[0-5]\d[0-5]\d", re.ASCII
)
_PALLET: Final = re.compile(r"(?:TP|LPN|PLT|PAL|HU|P|T|LP|TU)[-_]?\d{4,12}", re.ASCII)
_UNITS: Final = frozenset(
    "ea pc pcs st stk kg g l box ctn case pal plt set roll bag m 个 件 箱 盒 只 托 包 袋 瓶 台 套 吨 千克 公斤 米 卷 桶".split()  # noqa: SIM905 - one line
)
_WORDS: Final = (
    ("state", "task-words"), ("doc_type", "doc-types"), ("outcome", "outcomes"), ("actor_type", "actor-types"), ("quality", "quality"),
    ("action", "device-actions"), ("action", "task-actions"), ("action", "scan-steps"), ("action", "reservation-actions"), ("system", "systems"),
)  # fmt: skip
_CLOSE: Final = 5
"""Characters of a known name that must be in a heading for it to count as close."""


@dataclass(frozen=True)
class Guess:
    """A meaning for a column.

    Attributes:
        column: canonical name; empty where the values are recognised but fit no column of the model.
        why: for people.
        sure: whether a draft may use it; else it is only offered.
    """

    column: str
    why: str
    sure: bool = True


def is_time(values: Sequence[str], zone: str = "UTC") -> bool:
    """Whether nearly all values are times (plain numbers only as epochs or dates of eight digits)."""
    text = pl.Series(values, dtype=pl.String)
    read = parse(text, ["auto"], Clock(zone, day=None))
    if read.ts.null_count() > (1 - _MOST) * len(text) or not len(text):
        return False
    numbers = text.filter(text.str.contains(r"^[0-9]+(?:\.[0-9]+)?$"))
    return bool(numbers.str.contains(r"^(?:1[0-9]{9}(?:[0-9]{3}){0,3}|(?:19|20)[0-9]{6}(?:[0-9]{6})?)$").all())


def is_number(values: Sequence[str]) -> bool:
    """Whether all values are numbers (with a unit, separators, a sign)."""
    return bool(values) and quantity.parse(pl.Series(values, dtype=pl.String)).value.null_count() == 0


def fits(column: str, values: Sequence[str]) -> bool:
    """Whether values can be what a column holds."""
    if not values:
        return True
    if column in ("ts", "finished_at", "released_at", "expires_at") or column.endswith("_at"):
        return is_time(values)
    if column == "uom":
        return not is_number(values) and all(len(value) <= 8 for value in values)
    if TYPES.get(column) in (Type.QTY, Type.REAL, Type.INT):
        return is_number(values)
    return not (is_time(values) and not all(value.isdigit() for value in values))


def by_name(heading: Heading, aliases: Aliases) -> Guess | None:
    """A meaning from a heading that has a known name in it: `Freight Order No.` has `order no`."""
    form = normalise(heading.shown)
    close = [
        (len(alias), column, alias)
        for alias, (column, _) in aliases.fields.items()
        if (len(alias) >= _CLOSE or (not alias.isascii() and len(alias) >= 2))
        and (form.endswith(alias) or form.startswith(alias))
    ]
    for _, column, alias in sorted(close, reverse=True):
        if fits(column, heading.values):
            return Guess(column, f"its name has '{alias}' in it, and its values fit")
    near = difflib.get_close_matches(form, [alias for alias in aliases.fields if len(alias) >= _CLOSE], 1, 0.8)
    for alias in near:
        column = aliases.fields[alias][0]
        if fits(column, heading.values):
            return Guess(column, f"its name is close to '{alias}'", sure=False)
    return None


def is_day(values: Sequence[str]) -> bool:
    """Whether all values are dates without a time of day."""
    text = pl.Series(values, dtype=pl.String)
    read = parse(text, ["auto"], Clock("UTC"))
    return (
        bool(values) and read.ts.null_count() == 0 and read.precision.unique().to_list() == ["day"] and is_time(values)
    )


def is_time_of_day(values: Sequence[str]) -> bool:
    """Whether all values are times without a date."""
    return bool(values) and all(_TIME_OF_DAY.fullmatch(value) for value in values)


def by_values(heading: Heading, words: Mapping[str, WordMap]) -> Guess | None:
    """A meaning from what the values are."""
    values = heading.values
    if not values:
        return None
    shown = ", ".join(dict.fromkeys(values[:3]))
    if is_time(values):
        return Guess("ts", f"times: {shown}")
    distinct = Counter(value.strip().lower() for value in values)
    few = len(distinct) <= max(3, len(values) // 4)
    for column, name in _WORDS:
        known = words[name].words if name in words else {}
        hit = sum(count for value, count in distinct.items() if value in known)
        if few and not all(value.isdigit() for value in distinct) and hit >= _MOST * len(values):
            return Guess(column, f"known words: {shown}")
    if all(value in _UNITS for value in distinct):
        return Guess("uom", f"units: {shown}")
    text = pl.Series(values, dtype=pl.String)
    if text.str.contains(r"^(?:00)?[0-9]{18}$").all() and gs1.check_digit_fits(text.str.slice(-18)).all():
        return Guess("pallet", f"SSCCs whose check digits fit: {shown}")
    for column, shape, what in (
        ("pallet", _PALLET, "codes like those of pallets"),
        ("location", _LOCATION, "codes like those of places"),
    ):
        if sum(shape.fullmatch(value) is not None for value in values) >= _MOST * len(values):
            return Guess(column, f"{what}: {shown}", sure=column == "location" or len(distinct) > 1)
    if is_number(values):
        widths = {len(value) for value in values}
        if any(re.search(r"[.,+-]|[^\d]$", value) for value in values) or (len(widths) > 1 and max(widths) <= 4):
            return Guess("qty", f"numbers: {shown}", sure=any(value[0] in "+-" or value[-1] == "-" for value in values))
        return Guess("", f"numbers of {min(widths)} to {max(widths)} digits: {shown}", sure=False)
    if all(value.startswith(("{", "[{")) for value in values):
        return Guess("request_body", f"JSON: {shown[:60]}", sure=False)
    if few:
        return Guess("", f"{len(distinct)} words: {shown}", sure=False)
    return Guess("", f"texts: {shown[:80]}", sure=False)
