"""Profiles: a format in ten lines. The columns of an unknown export get their names, the rest is worked out as for any table.

A profile says what the dictionary cannot know (`[columns]`, `[words.*]`, zone, system, clock); kind, signs, stages of tasks and everything
else come from `tables`, for the headings that the source really has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import Final

from forensics.formats.aliases import Aliases, Context, normalise
from forensics.formats.context import SourceContext
from forensics.formats.kinds import STAGES
from forensics.formats.mapping import Heading
from forensics.formats.maps import WordMap
from forensics.formats.sniff import cells, json_lines
from forensics.formats.spec import EventRule, FieldRule, FormatSpec, Profile, Source
from forensics.formats.split import unique_names
from forensics.formats.tables import NULLS, synthesise

_TARGETS: Final[Mapping[str, tuple[str, ...]]] = {
    "state": ("task-words", "device-states"),
    "action": (
        "task-actions", "device-actions", "scan-steps", "binding-actions", "reservation-actions", "cache-actions", "lock-actions", "change-actions",
        "api-operations",
    ),
    "doc_type": ("doc-types", "master-types"),
    "sign": ("ledger-signs",),
    "outcome": ("outcomes", "body-codes"),
    "quality": ("quality",),
    "served_from": ("served-from",),
    "actor_type": ("actor-types",),
    "system": ("systems",),
}  # fmt: skip
"""Which shared maps read the words of a column."""
WORDS: Final = tuple(_TARGETS)
_SIGNS: Final = {"inbound": "+", "outbound": "-"}


def expanded(spec: FormatSpec, context: SourceContext) -> FormatSpec:
    """The profile as a format for the headings of one source."""
    assert spec.profile is not None
    profile = spec.profile
    headings = headings_of(context)
    known = {normalise(heading.shown): heading.name for heading in headings}
    made = synthesise(
        headings, _with_columns(spec.aliases, profile), _with_words(spec.shared, profile.words), context.name,
        "json" if context.header is None else "table", context.separator, profile.kind,
    )  # fmt: skip
    events = made.events if made is not None else (EventRule("log"),)
    reasons = list(made.reasons if made is not None else ("no column has a meaning: kept as a log",))
    for column, source in profile.columns.items():
        for other in source.fields[1:]:
            reasons = [r for r in reasons if not r.startswith(f"{known.get(normalise(other), other)} ─▶")]
            reasons.append(f"{source.fields[0]} and {other} make one {column}")
    if profile.clock_ahead_s:
        reasons.append(_AHEAD.format(profile.clock_ahead_s))
    return replace(
        spec,
        events=tuple(_overridden(rule, profile, known) for rule in events),
        maps={**(made.maps if made is not None else {}), **spec.maps},
        reasons=tuple(reasons),
    )


def headings_of(context: SourceContext) -> list[Heading]:
    """The columns of a table, or the keys of JSON objects, with sample values."""
    if context.header is None:
        objects = json_lines(list(context.sample))
        return [] if objects is None else [Heading(key, tuple(objects.values(key))) for key in objects.keys]
    rows = [row for line in context.sample if len(row := cells(line, context.separator or ",")) == len(context.header)]
    return [
        Heading(name, tuple(row[i].strip() for row in rows if row[i].strip()))
        for i, name in enumerate(unique_names(context.header))
    ]


def _with_columns(aliases: Aliases, profile: Profile) -> Aliases:
    """The dictionary with the profile's names before all others."""
    names = {
        normalise(source.fields[0] if source.path is None else f"{source.fields[0]}.{source.path}"): (column, 0)
        for column, source in profile.columns.items()
        if source.fields
    }
    return replace(aliases, contexts=(Context(frozenset(), names, "the profile"), *aliases.contexts))


def _with_words(shared: Mapping[str, WordMap], words: Mapping[str, WordMap]) -> dict[str, WordMap]:
    """The shared maps with the profile's words before theirs; what comes in or goes out also has its sign."""
    out = dict(shared)

    def add(name: str, more: Mapping[str, str]) -> None:
        before = out.get(name, WordMap({}))
        out[name] = WordMap({**before.words, **more}, before.contains)

    for column, own in words.items():
        for target in _TARGETS[column]:
            add(target, own.words)
    if "doc_type" in words:
        told = {word: _SIGNS[kind] for word, kind in words["doc_type"].words.items() if kind in _SIGNS}
        add("ledger-signs", {**told, **(words["sign"].words if "sign" in words else {})})
    return out


def _overridden(rule: EventRule, profile: Profile, known: Mapping[str, str]) -> EventRule:
    """A rule with the profile's constants, and with the steps that the profile says for a heading wherever the rule reads it."""
    said = {
        column: replace(
            source,
            fields=tuple(known.get(normalise(name), name) for name in source.fields),
            null=(*NULLS, *source.null),
        )
        for column, source in profile.columns.items()
        if source != Source(fields=source.fields[:1])
    }
    # one heading's time may be the `ts` of several rules: a task's stages
    times = {
        source.fields[0]: Source(fields=source.fields, time=source.time) for source in said.values() if source.time
    }

    def steps(column: str, found: Source) -> Source:
        mine = said.get(column)
        if mine is not None and found.fields[:1] in ((), mine.fields[:1]):
            return _merged(mine, found)
        if found.time and found.fields and found.fields[0] in times:
            return _merged(times[found.fields[0]], found)
        return found

    kept = tuple(
        replace(one, sources=tuple(steps(one.column, source) for source in one.sources))
        for one in rule.fields
        if one.column not in profile.constants
    )
    read = {(name, source.path) for one in kept for source in one.sources for name in source.fields}
    added = tuple(
        FieldRule(column, (source,))
        for column, source in said.items()
        if column not in rule.constants
        and column not in STAGES
        and read.isdisjoint((name, source.path) for name in source.fields)
    )
    own = {name for source in said.values() for name in source.fields}
    extra = None if rule.extra is None else tuple(name for name in rule.extra if name not in own)
    return replace(rule, fields=(*kept, *added), constants={**rule.constants, **profile.constants}, extra=extra)


def _merged(said: Source, found: Source) -> Source:
    """What the profile says of a column, and whatever steps it does not mention as they were worked out."""
    plain = Source()
    steps = {
        one.name: getattr(said, one.name)
        for one in fields(Source)
        if getattr(said, one.name) != getattr(plain, one.name)
    }
    return replace(found, **steps)


_AHEAD: Final = "clock: its stamps are {:g} s ahead of the true time, as the profile says"
_AHEAD_RE: Final = re.compile(r"clock: its stamps are (-?[0-9.e+]+) s ahead of the true time")


def declared_clock(reasons: Iterable[str]) -> float | None:
    """How many seconds ahead a source's clock is, where a profile said so (among the reasons kept with the source)."""
    return next((float(found[1]) for reason in reasons if (found := _AHEAD_RE.match(reason))), None)
