"""One TOML document ─▶ `FormatSpec`, checked: unknown keys, kinds, columns, patterns, maps and regexes are errors with a line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from forensics.formats.labels import read_labels
from forensics.formats.maps import WordMap, read_map
from forensics.formats.read_profile import KEYS as PROFILE_KEYS
from forensics.formats.read_profile import read_profile
from forensics.formats.regex import groups
from forensics.formats.sentences import Sentences, named_in, told_by
from forensics.formats.spec import (
    FRAMES,
    ITEM,
    Attempts,
    Condition,
    Detect,
    DumpTable,
    EventRule,
    FieldRule,
    FormatSpec,
    NearMiss,
    Pattern,
    Profile,
    Record,
    Sample,
    Source,
)
from forensics.formats.toml import Document, Key
from forensics.formats.tomlvalues import Values
from forensics.model.event import KINDS, NAMES, SYSTEMS

_TOP = (
    "id",
    "system",
    "title",
    "link",
    "zone",
    "detect",
    "record",
    "pattern",
    "event",
    "maps",
    "label",
    "sample",
    "table",
    "near-miss",
)
_SOURCE = (
    "from", "item", "const", "path", "regex", "null", "map", "else", "scale", "add", "minus", "decimal", "time", "end", "lower", "prefix", "sign", "percent",
)  # fmt: skip
_EVENT = (
    "pattern", "when", "kind", "each", "entities", "codes", "set", "extra", "fields", "attempts", "sentences", "told", "statements",
)  # fmt: skip
_PROVENANCE = ("source", "line", "byte_offset", "part", "raw", "extra", "kind", "ts_precision", "ts_quality")
SHARED = "shared:"


def read_spec(document: Document, shared: Mapping[str, WordMap], sentences: Sentences | None = None) -> FormatSpec:
    """Check a document and make it a spec.

    Raises:
        FormatError: with the file and line of the first mistake.
    """
    return _Reader(document, shared, sentences or Sentences()).spec()


class _Reader(Values):
    """Walks a document; every method takes the path of what it reads, to name its line in an error."""

    def __init__(self, document: Document, shared: Mapping[str, WordMap], sentences: Sentences) -> None:
        super().__init__(document)
        self.shared = shared
        self.sentences = sentences
        self.maps: dict[str, WordMap] = {}

    def spec(self) -> FormatSpec:
        data = self.doc.data
        self.known(data, (*_TOP, *(PROFILE_KEYS if "columns" in data else ())))
        profile = read_profile(self, _PROVENANCE) if "columns" in data else None
        format_id = self.text(data, "id", required=True) or ""
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", format_id):
            raise self.doc.error("an id has small letters, digits and '-' only", "id")
        system = self.text(data, "system")
        self.one_of(system, SYSTEMS, "system", "system")
        self.maps = {name: read_map(self.doc, table, "maps", name) for name, table in self.table(data, "maps").items()}
        record = self.record()
        patterns = tuple(self.pattern(item, i) for i, item in enumerate(self.tables(data, "pattern")))
        names = [pattern.name for pattern in patterns]
        for i, name in enumerate(names):
            if name in names[:i]:
                raise self.doc.error(f"two patterns are called '{name}'", "pattern", i, "name")
        events = tuple(rule for i, item in enumerate(self.tables(data, "event")) for rule in self.event(item, i, names))
        if profile is None:
            self.complete(record, patterns, events)
        elif patterns or events or record.reader:
            raise self.doc.error("a profile has [columns] instead of [[pattern]], [[event]] and a reader", "columns")
        if record.reader is None:
            self.fields_exist(record, patterns, events)
        samples = tuple(self.sample(item, i) for i, item in enumerate(self.tables(data, "sample")))
        if not samples and profile is None:
            raise self.doc.error(
                "has no [[sample]]", hint="a format proves itself by at least one sample with its events"
            )
        return FormatSpec(
            id=format_id,
            system=system,
            title=self.title(data) if profile is None or "title" in data else {"en": format_id, "zh": format_id},
            link=self.text(data, "link"),
            zone=self.zone(data, "zone"),
            record=record,
            detect=self.detect(profile),
            patterns=patterns,
            events=events,
            maps=self.maps,
            samples=samples,
            profile=profile,
            labels=read_labels(self.doc, data.get("label", [])),
            tables=tuple(self.dump_table(item, i) for i, item in enumerate(self.tables(data, "table"))),
            near_misses=tuple(self.near_miss(item, i) for i, item in enumerate(self.tables(data, "near-miss"))),
            file=self.doc.file,
            line=self.doc.line("id"),
        )

    # --- parts of a document -------------------------------------------------------------------------------------

    def detect(self, profile: Profile | None = None) -> Detect:
        data = self.table(self.doc.data, "detect")
        self.known(data, ("head", "keys", "columns", "name", "weight"), "detect")
        head = self.texts(data, "head", "detect")
        for regex in head:
            self.regex("(?m)" + regex, "detect", "head")
        weight = data.get("weight", 10)
        if isinstance(weight, bool) or not isinstance(weight, int | float):
            raise self.doc.error("weight must be a number", "detect", "weight")
        keys, columns, name = (self.texts(data, key, "detect") for key in ("keys", "columns", "name"))
        if profile is not None and not (head or keys or columns):
            named = tuple(dict.fromkeys(name for source in profile.columns.values() for name in source.fields))
            keys, columns = (named, ()) if self.table(self.doc.data, "record").get("frame") == "json" else ((), named)
        return Detect(head, keys, columns, name, float(weight))

    def dump_table(self, data: Any, i: int) -> DumpTable:
        self.known(data, ("name", "columns"), "table", i)
        name = self.text(data, "name", "table", i, required=True)
        return DumpTable(name or "", self.texts(data, "columns", "table", i))

    def near_miss(self, data: Any, i: int) -> NearMiss:
        self.known(data, ("text",), "near-miss", i)
        text = self.text(data, "text", "near-miss", i, required=True)
        return NearMiss(text or "", self.doc.line("near-miss", i, "text"))

    def record(self) -> Record:
        data = self.table(self.doc.data, "record")
        self.known(data, ("frame", "start", "merge_starts", "strip", "separator", "reader", "columns"), "record")
        frame = self.text(data, "frame", "record") or ("table" if "columns" in self.doc.data else "line")
        self.one_of(frame, FRAMES, "frame", "record", "frame")
        start, strip = self.text(data, "start", "record"), self.text(data, "strip", "record")
        for key, regex in (("start", start), ("strip", strip)):
            if regex is not None:
                self.regex(regex, "record", key)
        if (frame == "start") != (start is not None):
            raise self.doc.error("frame = 'start' and a start regex belong together", "record", "start")
        reader = self.text(data, "reader", "record")
        if reader is not None:
            from forensics.readers import READERS  # readers build on this package

            self.one_of(reader, tuple(READERS), "reader", "record", "reader")
        separator = self.text(data, "separator", "record")
        if separator is not None and len(separator) != 1:
            raise self.doc.error("a separator is one character", "record", "separator")
        columns = self.texts(data, "columns", "record")
        return Record(
            frame=frame,  # type: ignore[arg-type]  # checked above
            start=start,
            merge_starts=self.flag(data, "merge_starts", "record"),
            strip=strip,
            separator=separator,
            reader=reader,
            columns=columns,
        )

    def pattern(self, data: Any, i: int) -> Pattern:
        here = ("pattern", i)
        self.known(data, ("name", "regex", "layout", "prefix", "fill", "pairs"), *here)
        fixed = "layout" in data
        name, regex = self.text(data, "name", *here, required=True), self.text(data, "regex", *here, required=not fixed)
        assert name is not None
        if fixed:
            if regex is not None:
                raise self.doc.error("a pattern has a regex or a layout", *here, "layout")
            regex = (self.text(data, "prefix", *here) or "^") + self.layout(data["layout"], *here, "layout") + "$"
        assert regex is not None
        where = "layout" if fixed else "regex"
        self.regex(regex, *here, where)
        pairs = self.table(data, "pairs", *here)
        for group in pairs:
            self.one_of(group, groups(regex), "group", *here, "pairs", group)
        keys = {group: self.texts(pairs, group, *here, "pairs") for group in pairs}
        return Pattern(name, regex, self.doc.line(*here, where), self.text(data, "fill", *here), keys)

    def layout(self, fields: Any, *here: Key) -> str:
        """The regex of fixed widths: `[["SENDER", 8], ["HANDSHAKE", 2, "[RA]."], …]`: name, width, and a regex where not every value will do.

        The last field may be cut short, as writers drop blanks at the end.
        """
        out = []
        for field in fields if isinstance(fields, list) else []:
            match field:
                case [str(name), int(width), *rest] if (
                    width > 0 and len(rest) < 2 and all(isinstance(r, str) for r in rest)
                ):
                    out.append((name, rest[0] if rest else f".{{{width}}}", width))
                case _:
                    out.clear()
                    break
        if not out:
            raise self.doc.error(
                "a layout is a list of [name, width]", *here, hint='layout = [["SENDER", 8], ["RECEIVER", 8]]'
            )
        last, _, width = out.pop()
        return "".join(f"(?P<{name}>{value})" for name, value, _ in out) + f"(?P<{last}>.{{0,{width}}})"

    def event(self, data: Any, i: int, patterns: list[str]) -> tuple[EventRule, ...]:
        """The rule, or one for each sentence where it asks for `sentences`."""
        here = ("event", i)
        self.known(data, _EVENT, *here)
        sentences, told = self.text(data, "sentences", *here), self.text(data, "told", *here)
        kind = "log" if sentences else self.text(data, "kind", *here, required=True)
        self.one_of(kind, KINDS, "kind", *here, "kind")
        wanted = self.texts(data, "pattern", *here)
        for name in wanted:
            self.one_of(name, patterns, "pattern", *here, "pattern")
        when = data.get("when", [])
        conditions = tuple(self.condition(item, *here, "when") for item in (when if isinstance(when, list) else [when]))
        each = None
        if "each" in data:
            self.known(data["each"], ("from", "path"), *here, "each")
            each = self.source(data["each"], False, *here, "each")
        rules = []
        for column, value in self.table(data, "fields", *here).items():
            where = (*here, "fields", column)
            if column in _PROVENANCE:
                raise self.doc.error(f"'{column}' is not set by a format", *where)
            sources = tuple(
                self.source(item, each is not None, *where) for item in (value if isinstance(value, list) else [value])
            )
            if not sources:
                raise self.doc.error(f"'{column}' has no source", *where)
            rules.append(FieldRule(column, sources, self.doc.line(*where)))
        if (field := sentences or told) is not None:
            rules += [rule for rule in named_in(field, self.sentences) if rule.column not in data.get("fields", {})]
        constants = self.table(data, "set", *here)
        for column, value in constants.items():
            if not isinstance(value, str) or column in _PROVENANCE:
                raise self.doc.error(f"set.{column}: texts for columns only", *here, "set", column)
        extra = self.texts(data, "extra", *here) if "extra" in data else None
        assert kind is not None
        attempts = None
        if "attempts" in data:
            self.known(data["attempts"], ("status", "time", "address"), *here, "attempts")
            attempts = Attempts(
                **{name: self.text(data["attempts"], name, *here, "attempts") for name in data["attempts"]}
            )
            if attempts.status and SHARED + "http" not in self.maps:
                raise self.doc.error("attempts with a status need the map shared:http for it", *here, "attempts")
        rule = EventRule(
            kind,
            wanted,
            conditions,
            each,
            self.texts(data, "entities", *here),
            self.texts(data, "codes", *here),
            dict(constants),
            extra,
            tuple(rules),
            self.doc.line(*here),
            attempts,
            self.texts(data, "statements", *here),
        )
        made = (rule,) if sentences is None else told_by(rule, sentences, self.sentences)
        for name in {source.map for one in made for read in one.fields for source in read.sources if source.map}:
            if name.startswith(SHARED) and name not in self.maps:
                self.one_of(name.removeprefix(SHARED), tuple(self.shared), "shared map", *here)
                self.maps[name] = self.shared[name.removeprefix(SHARED)]
        return made

    def condition(self, data: Any, *here: Key) -> Condition:
        self.known(data, ("field", "in", "matches", "lacks", "present"), *here)
        field = self.text(data, "field", *here, required=True)
        assert field is not None
        if len(data) != 2:
            raise self.doc.error("a condition has a field and one of in, matches, lacks, present", *here)
        matches, lacks = self.text(data, "matches", *here), self.text(data, "lacks", *here)
        for regex in (matches, lacks):
            if regex is not None:
                self.regex(regex, *here)
        values = self.texts(data, "in", *here) if "in" in data else None
        present = self.flag(data, "present", *here) if "present" in data else None
        return Condition(field, values, matches, present, lacks)

    def source(self, data: Any, in_each: bool, *here: Key) -> Source:
        if isinstance(data, str):
            return Source(fields=(data,))
        self.known(data, _SOURCE, *here)
        origins = [key for key in ("from", "item", "const") if key in data]
        if len(origins) != 1:
            raise self.doc.error("a source has exactly one of from, item, const", *here)
        if "item" in data and not in_each:
            raise self.doc.error("'item' needs an 'each' in this [[event]]", *here)
        fields = data.get("from", [])
        regex, path = self.text(data, "regex", *here), self.text(data, "path", *here)
        if regex is not None:
            self.regex(regex, *here)
            if not groups(regex):
                raise self.doc.error("the regex has no group: what is to be taken?", *here, hint="put ( ) around it")
        time = data.get("time", [])
        return Source(
            fields=(fields,) if isinstance(fields, str) else self.texts(data, "from", *here),
            item=self.text(data, "item", *here),
            const=self.text(data, "const", *here),
            path=path,
            regex=regex,
            null=self.texts(data, "null", *here),
            map=self.word_map(data, *here),
            otherwise=self.text(data, "else", *here),
            scale=self.number(data, "scale", *here),
            add=self.number(data, "add", *here),
            minus=self.text(data, "minus", *here),
            decimal=self.decimal(data, *here),
            time=(time,) if isinstance(time, str) else self.texts(data, "time", *here),
            end=self.flag(data, "end", *here),
            lower=self.flag(data, "lower", *here),
            prefix=self.text(data, "prefix", *here),
            percent=self.flag(data, "percent", *here),
            sign=tuple(self.source(item, in_each, *here) for item in data.get("sign", ())),
        )

    def word_map(self, data: Mapping[str, Any], *here: Key) -> str | None:
        name = self.text(data, "map", *here)
        if name is None:
            return None
        if name.startswith(SHARED):
            self.one_of(name.removeprefix(SHARED), tuple(self.shared), "shared map", *here)
            self.maps[name] = self.shared[name.removeprefix(SHARED)]
        else:
            self.one_of(name, tuple(self.maps), "map", *here)
        return name

    def sample(self, data: Any, i: int) -> Sample:
        here = ("sample", i)
        self.known(data, ("text", "zone", "name", "rejected", "events", "header"), *here)
        text = self.text(data, "text", *here, required=True)
        rejected = data.get("rejected", 0)
        if not isinstance(rejected, int):
            raise self.doc.error("rejected is a number of records", *here, "rejected")
        events = self.tables(data, "events", *here)
        for j, event in enumerate(events):
            for column in event:
                if column not in NAMES:
                    raise self.doc.error(
                        f"no column is called '{column}'", *here, "events", j, column, hint=self.near(column, NAMES)
                    )
        assert text is not None
        header = self.texts(data, "header", *here) or None
        return Sample(
            text,
            tuple(events),
            self.zone(data, "zone", *here),
            self.text(data, "name", *here),
            rejected,
            header,
            self.doc.line(*here),
        )

    def title(self, data: Mapping[str, Any]) -> dict[str, str]:
        title = self.table(data, "title")
        if not all(isinstance(title.get(lang), str) for lang in ("en", "zh")):
            raise self.doc.error("a title has both languages", "title", hint='title = { en = "…", zh = "…" }')
        return {lang: str(text) for lang, text in title.items()}

    def complete(self, record: Record, patterns: tuple[Pattern, ...], events: tuple[EventRule, ...]) -> None:
        """A format must say how its records are read."""
        textual = record.frame in ("line", "start")
        if record.reader is not None and (patterns or events):
            raise self.doc.error("a reader takes the place of [[pattern]] and [[event]]", "record", "reader")
        if record.reader is None and textual and not patterns:
            raise self.doc.error(f"frame = '{record.frame}' needs a [[pattern]] or a reader", "record")
        if not textual and patterns:
            raise self.doc.error(f"frame = '{record.frame}' has no [[pattern]]", "pattern", 0)
        if record.reader is None and not textual and not events:
            raise self.doc.error("has no [[event]]", "record")

    def fields_exist(self, record: Record, patterns: tuple[Pattern, ...], events: tuple[EventRule, ...]) -> None:
        """For text: every field that a rule reads is a group of one of its patterns."""
        if record.frame not in ("line", "start"):
            return
        named = {pattern.name: pattern.fields for pattern in patterns}
        for i, rule in enumerate(events):
            fields = set().union(*(named[name] for name in (rule.patterns or named)))
            fields |= {ITEM} if rule.each else set()
            for field, where in _reads(rule):
                if field not in fields:
                    raise self.doc.error(
                        f"no pattern of this rule has a group '{field}'",
                        "event",
                        i,
                        *where,
                        hint=self.near(field, fields),
                    )


def _reads(rule: EventRule) -> Iterable[tuple[str, tuple[Key, ...]]]:
    """Every field that a rule reads, and where in the rule it says so."""
    for condition in rule.when:
        yield condition.field, ("when",)
    for name in (*rule.entities, *(rule.each.fields if rule.each else ())):
        yield name, ("entities" if name in rule.entities else "each",)
    for name in rule.extra or ():
        yield name, ("extra",)
    own = {field.column for field in rule.fields}
    for key, names in (("codes", rule.codes), ("statements", rule.statements)):
        yield from ((name, (key,)) for name in names if name not in own)
    for field in rule.fields:
        for source in field.sources:
            for inner in (source, *source.sign):
                yield from ((name, ("fields", field.column)) for name in inner.fields)
                if inner.minus:
                    yield inner.minus, ("fields", field.column)
