"""Headings ─▶ canonical names: which column of a table means what, and why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from forensics.formats.aliases import Aliases, normalise
from forensics.formats.naming import LABEL, plausible

PATH = "\x1f"
"""Separates the keys of nested JSON objects in a heading."""


@dataclass(frozen=True)
class Heading:
    """A column with some of its values."""

    name: str
    values: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """The name as people read it."""
        return self.name.replace(PATH, ".")

    @property
    def unit_s(self) -> bool:
        """Whether the name says that its numbers are seconds."""
        return re.search(r"(?i)[(（\[【_\s](s|sec|secs|seconds|秒)[)）\]】]?\s*$", self.name) is not None


@dataclass(frozen=True)
class Mapped:
    """One canonical name's column: chosen by `layer` (which dictionary), `place` (how specific the alias is in it)."""

    heading: Heading
    layer: str
    strength: int
    place: int


@dataclass(frozen=True)
class Meaning:
    """The meaning of a table's columns in a table of one kind.

    Attributes:
        columns: canonical name ─▶ its column.
        rivals: canonical name ─▶ columns that mean the same but were not chosen.
        pairs: the name of the time column that goes with a date column, by the date column's name.
        headings: all columns.
    """

    columns: Mapping[str, Mapped]
    rivals: Mapping[str, tuple[Heading, ...]]
    pairs: Mapping[str, str]
    headings: tuple[Heading, ...]

    def __contains__(self, name: str) -> bool:
        return name in self.columns

    def has(self, *names: str) -> bool:
        """Whether any of these has a column."""
        return any(name in self.columns for name in names)

    def values(self, name: str) -> tuple[str, ...]:
        """Sample values of the name's column."""
        return self.columns[name].heading.values if name in self.columns else ()

    def name(self, name: str) -> str:
        """The normalised heading of the name's column, empty if none."""
        return normalise(self.columns[name].heading.shown) if name in self.columns else ""

    def reasons(self) -> list[str]:
        """What was mapped to what, and why."""
        out = [f"{mapped.heading.shown} ─▶ {name} ({mapped.layer})" for name, mapped in self.columns.items()]
        for name, headings in self.rivals.items():
            out += [
                f"{heading.shown} ─▶ extra: {self.columns[name].heading.shown} is the better {name}"
                for heading in headings
            ]
        return out


def map_headings(headings: Sequence[Heading], aliases: Aliases, kind: str | None) -> Meaning:
    """Give every heading its meaning in a table of `kind` (None: anywhere)."""
    forms = {heading.name: _forms(heading.name) for heading in headings}
    layers = aliases.layers(kind, (form for names in forms.values() for form in names))
    candidates: dict[str, list[Mapped]] = {}
    for heading in headings:
        for strength, (label, ranked) in enumerate(layers):
            hit = next((ranked[form] for form in forms[heading.name] if form in ranked), None)
            if hit is not None and (label != LABEL or plausible(hit[0], heading.values)):
                candidates.setdefault(hit[0], []).append(Mapped(heading, label, strength, hit[1]))
                break
    columns: dict[str, Mapped] = {}
    rivals: dict[str, tuple[Heading, ...]] = {}
    for name, found in candidates.items():
        # a column without any value in the sample is no witness while another has some
        best = min(found, key=lambda mapped: (not mapped.heading.values, mapped.strength, mapped.place))
        columns[name] = best
        if len(found) > 1:
            rivals[name] = tuple(mapped.heading for mapped in found if mapped is not best)
    pairs = _pairs(headings, forms, aliases)
    if "ts" not in columns and pairs:
        date = next(heading for heading in headings if heading.name in pairs)
        columns["ts"] = Mapped(date, "a date with a time beside it", len(layers), 0)
    if "partner_doc" in columns and "doc" not in columns:
        columns["doc"] = columns.pop("partner_doc")
    return Meaning(columns, rivals, pairs, tuple(headings))


def _forms(name: str) -> tuple[str, ...]:
    """How a heading may be looked up: whole, and for a nested key its last part."""
    whole = normalise(name.replace(PATH, "."))
    return (whole, normalise(name.rsplit(PATH, 1)[-1])) if PATH in name else (whole,)


def _pairs(headings: Iterable[Heading], forms: Mapping[str, tuple[str, ...]], aliases: Aliases) -> dict[str, str]:
    """Date columns whose values are days, with the time columns beside them whose values are times of day."""
    out: dict[str, str] = {}
    for pair in aliases.pairs:
        dates = [h for h in headings if forms[h.name][0] in pair.dates and _all(_DAY, h.values)]
        times = [h for h in headings if forms[h.name][0] in pair.times and _all(_TIME_OF_DAY, h.values)]
        if dates and times:
            out.setdefault(dates[0].name, times[0].name)
    return out


_DAY = re.compile(
    r"\d{4}[-/.年]?\d{1,2}[-/.月]?\d{1,2}日?(?:[ T]00:00:00(?:\.0+)?)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|[2-7]\d{4}"
)
_TIME_OF_DAY = re.compile(r"\d{1,2}:\d{2}(?::\d{2}(?:[.,:]\d+)?)?(?:\s*[AaPp][Mm])?|\d{6}")


def _all(pattern: re.Pattern[str], values: Sequence[str]) -> bool:
    return bool(values) and all(pattern.fullmatch(value) for value in values)
