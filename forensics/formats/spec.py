"""A format file as frozen data: what `load` reads, `detect` weighs and `plan` compiles. See docs/format-files.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from forensics.formats.aliases import Aliases
from forensics.formats.labels import Label
from forensics.formats.maps import WordMap
from forensics.formats.regex import groups

Frame = Literal["line", "start", "json", "table", "array", "sql", "rows", "copy"]
FRAMES: tuple[Frame, ...] = ("line", "start", "json", "table")
"""Those that a format declares. What carries its records in a source may be another: objects of an array, rows of a dump."""
ITEM = "item"
"""Name of the pseudo field that holds the element inside an `each` rule."""
RECORD = "record"
"""Name of the pseudo field that holds the whole record as text, where the record has no field of that name."""


@dataclass(frozen=True)
class Detect:
    """How a source of this format is recognised; every list that is given must hold, `name` only strengthens."""

    head: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    name: tuple[str, ...] = ()
    weight: float = 10.0


@dataclass(frozen=True)
class Record:
    """How lines become records."""

    frame: Frame = "line"
    start: str | None = None
    merge_starts: bool = False
    strip: str | None = None
    separator: str | None = None
    reader: str | None = None
    columns: tuple[str, ...] = ()  # tables without a header line: the columns' names, in order
    marker: bytes | None = None  # arrays: the text that every object begins with
    dialect: str | None = None  # dumps: how texts are quoted


@dataclass(frozen=True)
class Pattern:
    """A regex whose named groups are the record's fields.

    Attributes:
        fill: taken off the fields' ends (fixed widths).
        pairs: group ─▶ keys whose `key=value` in that group's text are fields too.
    """

    name: str
    regex: str
    line: int | None = None
    fill: str | None = None
    pairs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def fields(self) -> frozenset[str]:
        """Names of all fields that a record may have."""
        return frozenset(groups(self.regex)).union(*self.pairs.values())


@dataclass(frozen=True)
class Condition:
    """One test of a `when`: exactly one of `values`, `matches`, `lacks`, `present` is set."""

    field: str
    values: tuple[str, ...] | None = None
    matches: str | None = None
    present: bool | None = None
    lacks: str | None = None


@dataclass(frozen=True)
class Source:
    """Where a value comes from and the steps it goes through, in the order of the attributes."""

    fields: tuple[str, ...] = ()  # several are joined with a blank: a date and a time column
    item: str | None = None
    const: str | None = None
    path: str | None = None
    regex: str | None = None
    null: tuple[str, ...] = ()
    map: str | None = None
    otherwise: str | None = None
    scale: Decimal | None = None
    add: Decimal | None = None
    minus: str | None = None
    decimal: str | None = None  # the decimal mark of its numbers, where they do not say it themselves
    time: tuple[str, ...] = ()
    end: bool = False
    lower: bool = False
    prefix: str | None = None
    percent: bool = False
    sign: tuple[Source, ...] = ()


@dataclass(frozen=True)
class FieldRule:
    """A canonical column or an `extra` name, and its sources: the first that is not null wins.

    Attributes:
        open: `entities` may fill rows that the sources leave empty.
    """

    column: str
    sources: tuple[Source, ...]
    line: int | None = None
    open: bool = False


@dataclass(frozen=True)
class Profile:
    """What a person says of an unknown table; see `forensics.formats.profile`.

    Attributes:
        columns: canonical column or `extra` name ─▶ where it comes from.
        kind: of the table, if its columns do not tell.
        words: by column, what its words mean.
        constants: for columns that the table does not have.
        clock_ahead_s: by how much the source's clock is ahead of the true time, seconds.
    """

    columns: dict[str, Source]
    kind: str | None = None
    words: dict[str, WordMap] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    clock_ahead_s: float = 0.0


@dataclass(frozen=True)
class Attempts:
    """Fields in which a gateway lists the servers that it asked for one call: their statuses, their times in seconds, their addresses."""

    status: str | None = None
    time: str | None = None
    address: str | None = None


@dataclass(frozen=True)
class EventRule:
    """One event of every record that the rule applies to."""

    kind: str
    patterns: tuple[str, ...] = ()
    when: tuple[Condition, ...] = ()
    each: Source | None = None
    entities: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()  # scanned codes: fields of the record, or names that this rule fills
    constants: dict[str, str] = field(default_factory=dict)
    extra: tuple[str, ...] | None = None
    fields: tuple[FieldRule, ...] = ()
    line: int | None = None
    attempts: Attempts | None = None
    statements: tuple[str, ...] = ()  # SQL: fields of the record, or names that this rule fills


@dataclass(frozen=True)
class Sample:
    """A piece of a log and the events that must come out of it."""

    text: str
    events: tuple[dict[str, Any], ...] = ()
    zone: str | None = None
    name: str | None = None
    rejected: int = 0
    header: tuple[str, ...] | None = None
    line: int | None = None


@dataclass(frozen=True)
class DumpTable:
    """A product's table with its columns in order, for dumps that do not name them."""

    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class NearMiss:
    """A text that looks like the format and is none: it must not be taken for it."""

    text: str
    line: int | None = None


@dataclass(frozen=True)
class FormatSpec:
    """What one kind of source looks like.

    Attributes:
        maps: the format's own maps plus the shared ones it uses (as `shared:NAME`); keys are trimmed and lower case.
        profile: stands for the events, which follow from it and the headings of a source.
        labels: layouts of scanned codes, the format's own before those of all formats.
        file, line: where it is declared; a synthesised format (a generic table) has neither.
        reasons: for a synthesised format, what was mapped to what, and why.
        aliases, shared: the dictionary and the word maps of the registry it was loaded with.
    """

    id: str
    system: str | None
    title: dict[str, str]
    record: Record
    detect: Detect = field(default_factory=Detect)
    link: str | None = None
    zone: str | None = None
    patterns: tuple[Pattern, ...] = ()
    events: tuple[EventRule, ...] = ()
    maps: dict[str, WordMap] = field(default_factory=dict)
    samples: tuple[Sample, ...] = ()
    profile: Profile | None = None
    labels: tuple[Label, ...] = ()
    tables: tuple[DumpTable, ...] = ()
    near_misses: tuple[NearMiss, ...] = ()
    file: Path | None = None
    line: int | None = None
    reasons: tuple[str, ...] = ()
    aliases: Aliases = field(default_factory=Aliases.empty, repr=False, compare=False)
    shared: dict[str, WordMap] = field(default_factory=dict, repr=False, compare=False)
