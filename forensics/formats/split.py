"""Records ─▶ fields: by regex, by separator, or by JSON key. What does not split is rejected with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from forensics.formats import jsontext
from forensics.formats.context import rejected
from forensics.formats.regex import ascii_classes, groups
from forensics.formats.spec import FormatSpec
from forensics.formats.tabular import split_table

_HIT = "record_matches_"  # an empty group: null exactly where the regex does not match


@dataclass(frozen=True)
class Rows:
    """Records that split the same way.

    Attributes:
        pattern: name of the pattern, None for tables and JSON.
        records: `line`, `lines`, `byte_offset`, `raw`.
        fields: one String column per field, as many rows.
    """

    pattern: str | None
    records: pl.DataFrame
    fields: pl.DataFrame

    def take(self, rows: pl.Series) -> Rows:
        """The rows at these positions."""
        return Rows(self.pattern, self.records[rows], self.fields[rows])


@dataclass(frozen=True)
class Splitter:
    """Compiled splitting of one format."""

    spec: FormatSpec
    regexes: tuple[tuple[str, str, tuple[str, ...]], ...]
    strip: str | None
    header: tuple[str, ...]
    separator: str
    keys: tuple[str, ...]

    def split(self, records: pl.DataFrame) -> tuple[list[Rows], pl.DataFrame | None]:
        """Groups of records with their fields, and the rejects."""
        if self.spec.record.frame == "table":
            fields, good, bad = split_table(records, self.header, self.separator)
            return [Rows(None, good, fields)] if len(good) else [], bad
        if self.spec.record.frame == "json":
            return self._json(records)
        return self._text(records)

    def _text(self, records: pl.DataFrame) -> tuple[list[Rows], pl.DataFrame | None]:
        out: list[Rows] = []
        text = records["raw"]
        if self.strip is not None:
            text = text.str.replace(self.strip, "")
        rest = records
        for name, regex, fields in self.regexes:
            if rest.is_empty():
                break
            found = text.str.extract_groups(regex).struct.unnest()
            hit = found[_HIT].is_not_null()
            if hit.all():
                out.append(Rows(name, rest, found.select(fields)))
                return out, None
            if hit.any():
                out.append(Rows(name, rest.filter(hit), found.filter(hit).select(fields)))
                rest, text = rest.filter(~hit), text.filter(~hit)
        return out, rejected(rest, f"matches no pattern of {self.spec.id}") if len(rest) else None

    def _json(self, records: pl.DataFrame) -> tuple[list[Rows], pl.DataFrame | None]:
        good = jsontext.valid_objects(records["raw"])
        bad = None
        if not good.all():
            bad = rejected(records.filter(~good), "is not a JSON object")
            records = records.filter(good)
        if records.is_empty():
            return [], bad
        keys = list(dict.fromkeys((*self.keys, *jsontext.top_keys(spaced(records["raw"])))))
        values = jsontext.extract_keys(records["raw"], keys)
        return [Rows(None, records, pl.DataFrame(dict(zip(keys, values, strict=True))))], bad


def spaced(text: pl.Series, count: int = 256) -> pl.Series:
    """Up to `count` rows, evenly spaced."""
    return text.gather_every(max(1, len(text) // count))


def splitter(spec: FormatSpec, header: Sequence[str] | None, separator: str | None, sample: Sequence[str]) -> Splitter:
    """Compile the splitting of a format for one source."""
    regexes = []
    for pattern in spec.patterns:
        regex = ascii_classes(pattern.regex)
        named = tuple(name for name in groups(pattern.regex) if not name.isdigit())
        regexes.append((pattern.name, f"(?P<{_HIT}>)(?:{regex})", named))
    keys = (
        tuple(jsontext.top_keys(pl.Series(sample, dtype=pl.String))) if spec.record.frame == "json" and sample else ()
    )
    strip = ascii_classes(spec.record.strip) if spec.record.strip else None
    columns = tuple(header or spec.record.columns)
    return Splitter(spec, tuple(regexes), strip, unique_names(columns), separator or spec.record.separator or ",", keys)


def unique_names(columns: Sequence[str]) -> tuple[str, ...]:
    """Column names with repeated and empty ones numbered."""
    seen: dict[str, int] = {}
    out = []
    for place, column in enumerate(columns, 1):
        name = column.strip().strip("\ufeff") or f"column_{place}"
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return tuple(out)
