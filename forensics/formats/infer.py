"""A draft of a format for a source that none knows: tables and JSON become a profile, text lines become patterns.

The draft says why each thing was taken for what, carries a sample with the events that the engine makes of it, and loads as it is.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import polars as pl

from forensics.formats import tomltext as toml
from forensics.formats.aliases import Context, normalise
from forensics.formats.context import SourceContext
from forensics.formats.dayorder import decide_order
from forensics.formats.guesses import guess as guess_form
from forensics.formats.infer_text import mine
from forensics.formats.infer_values import Guess, by_name, by_values, is_day, is_time_of_day
from forensics.formats.kinds import Recognised, recognise
from forensics.formats.load import Registry
from forensics.formats.mapping import PATH, Heading
from forensics.formats.quantity import decimal_mark
from forensics.formats.read_spec import read_spec
from forensics.formats.samples import event_values, parse_sample
from forensics.formats.sniff import Table, tables
from forensics.formats.spec import FormatSpec, Record, Sample
from forensics.formats.toml import read_text
from forensics.model.event import TYPES, Type

_SAMPLED: Final = 3
"""Records in the draft's sample."""
_LONG: Final = 4000


@dataclass(frozen=True)
class Draft:
    """A format file as text, and the format that it is.

    Attributes:
        text: TOML.
        spec: what it loads as.
        notes: what was decided and why.
        open: what could not be guessed.
        context: the source, with its header and separator if it turned out to be a table.
        skipped: how many of the records are not rows of that table: its header, a title.
    """

    text: str
    spec: FormatSpec
    notes: list[str]
    open: list[str]
    context: SourceContext
    skipped: int = 0


@dataclass
class _Parts:
    """The draft's text in the making."""

    lines: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)

    def add(self, *lines: str) -> None:
        self.lines += lines


def infer(
    registry: Registry,
    records: Sequence[str],
    context: SourceContext,
    record: Record,
    system: str | None,
    kept: str | None = None,
) -> Draft:
    """Write a draft.

    Args:
        registry: whose dictionary and maps are used; its formats are not.
        records: the source's first records, framed.
        context: name, zone, header and separator of the source.
        record: how recognition has framed it.
        system: who wrote it, if anything says so.
        kept: a draft that a person has corrected; only its sample is written anew.

    Returns:
        A draft that loads and whose sample passes.
    """
    skipped = 0
    if record.frame in ("line", "start") and (table := _table(records)) is not None:
        context = replace(context, header=table.header, separator=table.separator)
        skipped = (table.header_line or 0) + 1
        records, record = records[skipped:], Record("table", separator=table.separator)
    parts = _Parts()
    if kept is not None:
        body = kept.split("\n[[sample]]")[0].rstrip() + "\n"
    else:
        body = _body(parts, registry, records, context, record, system)
    spec = _loaded(registry, body)
    context = replace(context, zone=spec.zone or context.zone)
    sample = _sample(spec, records, context)
    if sample:
        body += sample
        spec = _loaded(registry, body)
    return Draft(body, spec, parts.notes, parts.open, context, skipped)


def _body(
    parts: _Parts,
    registry: Registry,
    records: Sequence[str],
    context: SourceContext,
    record: Record,
    system: str | None,
) -> str:
    """The draft without its sample."""
    name = _format_id(context.name)
    parts.add(
        f"# Draft for {Path(context.name).name or 'a source'}: read it, correct it, then `forensics formats test --formats FOLDER {name}`.",
        f"id     = {toml.text(name)}",
    )
    parts.add(
        f"system = {toml.text(system)}"
        if system
        else '# system = "wms"             # who wrote it: wms wcs scanner db cache erp mq'
    )
    parts.add(f"zone   = {toml.text(context.zone)}            # of times without one")
    if not system:
        parts.open.append("which system wrote it: set `system`")
    if record.frame in ("line", "start"):
        _text(parts, registry, records, name)
    else:
        _columns(parts, registry, records, context)
    return "\n".join(line.rstrip() for line in parts.lines) + "\n"


def _table(records: Sequence[str]) -> Table | None:
    """A table that recognition took for text, because the dictionary knows none of its headings."""
    for table in tables(records[:100]):
        width = len(table.header)
        fitting = sum(len(row) == width for row in table.rows)
        if width >= 3 and fitting >= max(2, 0.8 * len(table.rows)):
            return table
    return None


def _loaded(registry: Registry, body: str) -> FormatSpec:
    spec = read_spec(
        read_text(Path("draft.toml"), body + ("" if "[[sample]]" in body else _EMPTY_SAMPLE)), registry.maps
    )
    labels = (*spec.labels, *registry.labels)
    return replace(spec, aliases=registry.aliases, shared=registry.maps, labels=labels)


_EMPTY_SAMPLE: Final = "\n[[sample]]\ntext = ''\n"


def _format_id(name: str) -> str:
    stem = Path(re.split(r"[!\\/]", name)[-1] or "draft").name.split(".")[0].lower()
    plain = re.sub(r"[0-9]{4}[-_]?[0-9]{2}[-_]?[0-9]{2}", "", stem)
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "my-export"


# --- tables and JSON -------------------------------------------------------------------------------------------------


def _columns(parts: _Parts, registry: Registry, records: Sequence[str], context: SourceContext) -> None:
    from forensics.formats.profile import headings_of

    headings = headings_of(replace(context, sample=tuple(records)))
    found, guesses = _meanings(registry, headings, context.name)
    kind, because = (found.kind, found.reason) if found is not None else ("log", "nothing in it is known")
    parts.add(
        f"# kind = {toml.text(kind)}".ljust(28) + f" # worked out from the columns ({because}), unless you say it here"
    )
    parts.notes.append(f"{kind} table: {because}")
    if kind == "log":
        parts.open.append("what kind of table it is: name more columns, or set `kind`")
    columns = found.mapping.columns if found is not None else {}
    chosen = {name: mapped.heading for name, mapped in columns.items()}
    why = {name: mapped.layer for name, mapped in columns.items()}
    taken = {heading.name for heading in chosen.values()}
    if context.header is None:
        parts.add("", "[record]", 'frame = "json"')
    parts.add(
        "",
        "[detect]",
        "weight = 50                      # wins over what else might fit",
        "",
        "[columns]                        # name in the event model = heading; what is not named stays in `extra`",
    )
    pairs = found.mapping.pairs if found else {}
    for name, heading in chosen.items():
        guess = guesses.get(heading.name)
        beside = ""
        reason = guess.why if guess is not None and guess.column == name else why[name]
        source: str | Mapping[str, Any] | list[str] = _source(heading, name)
        if TYPES.get(name) is Type.QTY and decimal_mark(heading.values) == "?":
            parts.open.append(f'{heading.shown}: whether 5,000 is five or five thousand: {{ from = …, decimal = "," }}')
        if heading.name in pairs:
            source = [heading.shown, pairs[heading.name]]
            beside = next(h.values[0] for h in headings if h.name == pairs[heading.name])
            taken.add(pairs[heading.name])
            reason += "; two columns make one time"
        if (form := _numeric_dates(heading.values, beside)) is not None:
            source = (
                {"from": source, "time": [form, "auto"]}
                if not isinstance(source, dict)
                else {**source, "time": [form, "auto"]}
            )
        parts.add(f"{toml.key(name)} = {toml.value(source)}".ljust(40) + f"  # {reason}")
        parts.notes.append(f"{heading.shown} ─▶ {name} ({reason})")
    if not chosen:  # a profile names at least one column
        first = headings[0]
        parts.add(f"{toml.key(first.shown)} = {toml.value(_source(first))}".ljust(40) + "  # kept under its own name")
        taken.add(first.name)
    for heading in headings:
        if heading.name in taken:
            continue
        guess = guesses.get(heading.name) or Guess("", "no values" if not heading.values else "nothing known")
        offer = f"{guess.column or '?'} = {toml.value(_source(heading, guess.column))}"
        parts.add(f"# {offer}".ljust(40) + f"  # {'maybe; ' if guess.column else 'stays in extra; '}{guess.why}")
        parts.open.append(f"{heading.shown}: {guess.why}" + (f"; maybe {guess.column}" if guess.column else ""))
    _unknown_words(parts, registry.maps, chosen, found.kind if found else "log")
    if "ts" not in chosen:
        parts.open.append("no time column: the day in the file's name, else of its last change, is taken")


def _numeric_dates(values: Sequence[str], beside: str) -> str | None:
    """The strptime format of dates like 13/03/2026, once a value has settled the order: the next file's may leave it open."""
    order = decide_order(values)
    if order.reason is None or not order.sure:
        return None
    return guess_form(f"{values[0]} {beside}".strip(), order)


def _source(heading: Heading, name: str = "") -> str | dict[str, str]:
    """Where a column comes from, as the draft writes it."""
    top, _, below = heading.name.partition(PATH)
    steps = {"path": below.replace(PATH, ".")} if below else {}
    if TYPES.get(name) is Type.QTY and decimal_mark(heading.values) == ",":
        steps["decimal"] = ","
    return {"from": top, **steps} if steps else top


def _meanings(registry: Registry, headings: list[Heading], name: str) -> tuple[Recognised | None, dict[str, Guess]]:
    """The kind and meaning of the columns, with what values and names suggest for those that the dictionary does not know."""
    pair = _pair(headings)
    aliases = registry.aliases
    if pair is not None:  # the time of day is no column of its own
        headings = [heading for heading in headings if heading.name != pair[1]]
        stamp = Context(frozenset(), {normalise(pair[0]): ("ts", 0)}, "dates with a time of day beside")
        aliases = replace(aliases, contexts=(stamp, *aliases.contexts))
    found = recognise(headings, aliases, registry.maps, name)
    known = {m.heading.name for m in found.mapping.columns.values()} if found else set()
    rivals = {h.name: name for name, hs in found.mapping.rivals.items() for h in hs} if found else {}
    used = set(found.mapping.columns) if found else set()
    if found:
        known |= set(found.mapping.pairs.values())
    guesses: dict[str, Guess] = {}
    extra: dict[str, tuple[str, int]] = {}
    for heading in headings:
        if heading.name in known:
            continue
        if heading.name in rivals:
            guesses[heading.name] = Guess(rivals[heading.name], "another column has this meaning too", sure=False)
            continue
        guess = by_name(heading, aliases)
        if guess is None or not guess.sure:
            told = by_values(heading, registry.maps)
            guess = told if told is not None and (told.sure or guess is None) else guess
        if guess is None:
            continue
        if guess.column in used or not guess.sure:
            guesses[heading.name] = replace(guess, sure=False, column="" if guess.column in used else guess.column)
            continue
        guesses[heading.name] = guess
        used.add(guess.column)
        extra[normalise(heading.shown)] = (guess.column, 0)
    if extra:
        aliases = replace(aliases, contexts=(Context(frozenset(), extra, "its values"), *aliases.contexts))
        found = recognise(headings, aliases, registry.maps, name)
    if found is not None and pair is not None:
        found = replace(found, mapping=replace(found.mapping, pairs={pair[0]: pair[1]}))
    return found, guesses


def _pair(headings: Sequence[Heading]) -> tuple[str, str] | None:
    """A column of dates and one of times of day, the nearest behind it, that make one time."""
    days = [i for i, heading in enumerate(headings) if is_day(heading.values)]
    times = [i for i, heading in enumerate(headings) if is_time_of_day(heading.values)]
    near = sorted((abs(t - d), t < d, d, t) for d in days for t in times)
    return (headings[near[0][2]].name, headings[near[0][3]].name) if near else None


_WORD_MAPS: Final = {"state": "task-words", "outcome": "outcomes", "doc_type": "doc-types"}


def _unknown_words(parts: _Parts, maps: Mapping[str, Any], chosen: Mapping[str, Heading], kind: str) -> None:
    """Words of states and types that no shared map knows: a person must say what they mean."""
    for name, map_name in _WORD_MAPS.items():
        if name not in chosen or map_name not in maps or (name == "state" and kind == "device"):
            continue
        known = maps[map_name].words
        open_ = [word for word in dict.fromkeys(chosen[name].values) if word.strip().lower() not in known][:20]
        if open_:
            meanings = {
                "state": "CREATED STARTED DONE CANCELLED FAILED …",
                "outcome": "ok fail timeout duplicate unknown",
                "doc_type": "inbound outbound move count adjust return …",
            }[name]
            parts.add("", f"# [words.{name}]                  # what these words mean: {meanings}")
            parts.lines += [f'# {toml.text(word)} = ""' for word in open_]
            parts.open.append(f"what the words of {chosen[name].shown} mean: {', '.join(open_[:6])}")


# --- text ------------------------------------------------------------------------------------------------------------


def _text(parts: _Parts, registry: Registry, records: Sequence[str], name: str) -> None:
    mined = mine(records, registry)
    parts.notes += mined.notes
    parts.open += mined.open
    parts.add(f'title  = {{ en = "{name}", zh = "{name}" }}', "", *mined.lines)


# --- the sample ------------------------------------------------------------------------------------------------------


def _sample(spec: FormatSpec, records: Sequence[str], context: SourceContext) -> str:
    """A `[[sample]]` of a few records with what the engine makes of them; empty if it makes nothing."""
    chosen = _representative(spec, records)
    if not chosen:
        return ""
    text = "\n".join(with_header(context, chosen))
    sample = Sample(text, zone=context.zone, name=Path(context.name).name or None)
    parsed = parse_sample(spec, sample)
    out = ["", "[[sample]]", f"text = {toml.block(text)}", f"zone = {toml.text(context.zone)}"]
    if sample.name:
        out.append(f"name = {toml.text(sample.name)}")
    if len(parsed.rejects):
        out.append(f"rejected = {len(parsed.rejects)}")
    for event in event_values(parsed, spec.system):
        out += ["", "[[sample.events]]", *(f"{toml.key(name)} = {toml.value(value)}" for name, value in event.items())]
    return "\n".join(out) + "\n"


def with_header(context: SourceContext, records: Sequence[str]) -> list[str]:
    """Records with the table's header before them, if they are rows of a table."""
    if context.header is None:
        return list(records)
    out = io.StringIO()
    csv.writer(out, delimiter=context.separator or ",", lineterminator="").writerow(context.header)
    return [out.getvalue(), *records]


def _representative(spec: FormatSpec, records: Sequence[str]) -> list[str]:
    """The first record of every pattern; of tables the first rows."""
    usable = [record for record in records if record.strip() and len(record) < _LONG]
    if not spec.patterns:
        return usable[:_SAMPLED]
    from forensics.formats.split import splitter

    frame = pl.DataFrame(
        {"line": range(len(usable)), "lines": 1, "byte_offset": 0, "raw": usable},
        schema={"line": pl.Int64, "lines": pl.Int64, "byte_offset": pl.Int64, "raw": pl.String},
    )
    groups, _ = splitter(spec, None, None, ()).split(frame)
    firsts = sorted({int(rows.records["line"][0]) for rows in groups})
    return [usable[i] for i in firsts]
