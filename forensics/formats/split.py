"""Records ─▶ fields: by regex, by separator, or by JSON key. What does not split is rejected with the reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from forensics.formats import jsontext, pairs
from forensics.formats.columns import constant
from forensics.formats.context import rejected
from forensics.formats.regex import HEAD, Tail, ascii_classes, groups, split_tail
from forensics.formats.spec import FormatSpec, Pattern
from forensics.formats.tabular import split_table

_JSON = ("json", "array")
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
class Matcher:
    """One pattern, compiled; where it ends with the rest of the record, that rest is cut off instead of walked through."""

    name: str
    regex: str
    fields: tuple[str, ...]
    tail: Tail | None
    fill: str | None = None
    pairs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def match(self, text: pl.Series, several_lines: bool) -> tuple[pl.Series, pl.DataFrame]:
        """Which texts match, and their fields (null where not)."""
        hit, fields = self._match(text, several_lines)
        for group, keys in self.pairs.items():
            fields = fields.hstack(pairs.values(fields[group], keys))
        return hit, fields if self.fill is None else fields.select(pl.all().str.strip_chars_end(self.fill))

    def _match(self, text: pl.Series, several_lines: bool) -> tuple[pl.Series, pl.DataFrame]:
        if self.tail is None or (self.tail.single_line and several_lines):
            found = text.str.extract_groups(self.regex).struct.unnest()
            return found[_HIT].is_not_null(), found.select(self.fields)
        found = text.str.extract_groups(self.tail.regex).struct.unnest()
        rest = pl.DataFrame([text.alias("text"), found[HEAD]]).select(pl.col("text").str.strip_prefix(pl.col(HEAD)))
        hit = found[HEAD].is_not_null()
        if self.tail.braces is not None:
            return self._braces(self.tail, hit, found, rest.to_series())
        return hit, found.with_columns(rest.to_series().alias(self.tail.group)).select(self.fields)

    def _braces(
        self, tail: Tail, hit: pl.Series, found: pl.DataFrame, rest: pl.Series
    ) -> tuple[pl.Series, pl.DataFrame]:
        """The rest is `{…}`: whole where it is one line that ends so; only other rests are walked through."""
        assert tail.braces is not None
        plain = rest.str.ends_with("}") & ~rest.str.contains("\n", literal=True)
        body = pl.select(pl.when(plain).then(rest)).to_series()
        after = pl.select(pl.when(plain).then(pl.lit(""))).to_series()
        hard = (hit & ~plain).arg_true()
        if len(hard):
            walked = rest.gather(hard).str.extract_groups(tail.braces).struct.unnest()
            body = body.scatter(hard, walked[tail.group])
            hit = hit & body.is_not_null()
            if tail.after is not None:
                after = after.scatter(hard, walked[tail.after])
        added = [body.alias(tail.group)] + ([] if tail.after is None else [after.alias(tail.after)])
        return hit, found.with_columns(added).select(self.fields)


def matcher(pattern: Pattern) -> Matcher:
    """Compile a pattern."""
    plain = ascii_classes(pattern.regex)
    fields = tuple(group for group in groups(pattern.regex) if not group.isdigit())
    return Matcher(pattern.name, f"(?P<{_HIT}>)(?:{plain})", fields, split_tail(plain), pattern.fill, pattern.pairs)


@dataclass(frozen=True)
class Splitter:
    """Compiled splitting of one format."""

    spec: FormatSpec
    matchers: tuple[Matcher, ...]
    strip: str | None
    header: tuple[str, ...]
    separator: str
    keys: tuple[str, ...]

    def split(self, records: pl.DataFrame) -> tuple[list[Rows], pl.DataFrame | None]:
        """Groups of records with their fields, and the rejects."""
        if self.spec.record.frame == "table":
            fields, good, bad = split_table(records, self.header, self.separator)
            return [Rows(None, good, fields)] if len(good) else [], bad
        if self.spec.record.frame in _JSON:
            return self._json(records)
        if self.spec.record.frame in ("rows", "copy"):
            return self._dumped(records)
        return self._text(records)

    def _dumped(self, records: pl.DataFrame) -> tuple[list[Rows], pl.DataFrame | None]:
        from forensics.formats import tuples

        if self.spec.record.frame == "copy":
            fields, good, bad = tuples.split_copy(records, self.header)
        else:
            fields, good, bad = tuples.split_rows(records, self.header, self.spec.record.dialect)
        return [Rows(None, good, fields)] if len(good) else [], bad

    def _text(self, records: pl.DataFrame) -> tuple[list[Rows], pl.DataFrame | None]:
        out: list[Rows] = []
        text = records["raw"]
        if self.strip is not None:
            text = text.str.replace(self.strip, "")
        several = any(matcher.tail is not None and matcher.tail.single_line for matcher in self.matchers) and bool(
            text.str.contains("\n", literal=True).any()
        )
        rest = records
        for pattern in self.matchers:
            if rest.is_empty():
                break
            hit, fields = pattern.match(text, several)
            if hit.all():
                out.append(Rows(pattern.name, rest, fields))
                return out, None
            if hit.any():
                out.append(Rows(pattern.name, rest.filter(hit), fields.filter(hit)))
                rest, text = rest.filter(~hit), text.filter(~hit)
        return out, rejected(rest, f"matches no pattern of {self.spec.id}") if len(rest) else None

    def _json(self, records: pl.DataFrame) -> tuple[list[Rows], pl.DataFrame | None]:
        text = records["raw"]
        keys = list(dict.fromkeys((*self.keys, *jsontext.top_keys(spaced(text)))))
        fields = pl.DataFrame(dict(zip(keys, jsontext.extract_keys(text, keys), strict=True)))
        # a row without any value may be none of an object: only those are looked at again
        silent = (
            fields.select(pl.all_horizontal(pl.all().is_null())).to_series()
            if keys
            else constant(True, len(text), pl.Boolean)
        )
        if not silent.any():
            return [Rows(None, records, fields)], None
        rows = silent.arg_true()
        bad = rows.filter(~jsontext.valid_objects(text.gather(rows)))
        if bad.is_empty():
            return [Rows(None, records, fields)], None
        keep = constant(True, len(text), pl.Boolean).scatter(bad, False)
        good = [Rows(None, records.filter(keep), fields.filter(keep))] if keep.any() else []
        return good, rejected(records.filter(~keep), "is not a JSON object")


def spaced(text: pl.Series, count: int = 256) -> pl.Series:
    """Up to `count` rows, evenly spaced."""
    return text.gather_every(max(1, len(text) // count))


def splitter(spec: FormatSpec, header: Sequence[str] | None, separator: str | None, sample: Sequence[str]) -> Splitter:
    """Compile the splitting of a format for one source."""
    matchers = tuple(map(matcher, spec.patterns))
    keys = tuple(jsontext.top_keys(pl.Series(sample, dtype=pl.String))) if spec.record.frame in _JSON and sample else ()
    strip = ascii_classes(spec.record.strip) if spec.record.strip else None
    columns = tuple(header or spec.record.columns)
    return Splitter(spec, matchers, strip, unique_names(columns), separator or spec.record.separator or ",", keys)


def unique_names(columns: Sequence[str]) -> tuple[str, ...]:
    """Column names with repeated and empty ones numbered."""
    seen: dict[str, int] = {}
    out = []
    for place, column in enumerate(columns, 1):
        name = column.strip().strip("\ufeff") or f"column_{place}"
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return tuple(out)
