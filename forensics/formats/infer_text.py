"""Text lines ─▶ draft patterns: lines of one shape become a regex whose changing parts are named groups.

A line is cut into tokens; numbers, codes, addresses, quoted texts and JSON change from line to line, words and Chinese stay, unless a
place holds too many different words. What a changing part is called follows from the word before it, else from its values.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from forensics.formats import tomltext as toml
from forensics.formats.aliases import normalise
from forensics.formats.infer_values import Guess, by_values, fits
from forensics.formats.load import Registry
from forensics.formats.mapping import Heading
from forensics.formats.plain import START
from forensics.model.event import TYPES

_TOKEN: Final = re.compile(
    r"""(?P<json>(?:\{\s*"|\[\s*\{).*[\]}]\s*$)|(?P<quoted>"[^"]*")|(?P<address>\d+\.\d+\.\d+\.\d+(?::\d+)?)
    |(?P<level>\b(?:TRACE|DEBUG|INFO|WARN|WARNING|ERROR|FATAL)\b)|(?P<han>[\u4e00-\u9fff]+)
    |(?P<word>[A-Za-z0-9_](?:[A-Za-z0-9_.$#/-]*[A-Za-z0-9_])?)|(?P<space>[ \t]+)|(?P<mark>.)""",
    re.VERBOSE | re.ASCII,
)
_PARTS: Final = {
    "json": r"[\[{].*", "quoted": r'[^"]*', "address": r"[0-9.:]+", "level": r"[A-Z]+", "number": r"[0-9]+(?:\.[0-9]+)?", "code": r"[0-9A-Za-z_.$#/-]+",
    "dotted": r"[0-9A-Za-z_.$]+", "word": r"[0-9A-Za-z_]+",
}  # fmt: skip
_NAMES: Final = {
    "json": "body",
    "quoted": "text",
    "address": "addr",
    "level": "level",
    "number": "n",
    "code": "code",
    "dotted": "logger",
    "word": "word",
}
_SPECIAL: Final = re.compile(r"([\\.+*?()|\[\]{}^$])")
_MOST_PATTERNS: Final = 12
_MANY_WORDS: Final = 5
"""A place with more different words than this holds a name, not a word of the message."""
_FROM, _TO = ("从", "自", "由", "from"), ("到", "至", "往", "to", "->", "→")

Token = tuple[str, str]
"""Class and text; the class `same` is a part that does not change."""


@dataclass
class Mined:
    """The draft's tables, and what was decided."""

    lines: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)


@dataclass
class _Template:
    """Lines of one shape."""

    tokens: list[Token]
    rows: list[list[Token]]

    @property
    def literal(self) -> str:
        return " ".join(text for kind, text in self.tokens if kind == "same" and text.strip())


def mine(records: Sequence[str], registry: Registry) -> Mined:
    """Patterns and events for the records of a text log."""
    out = Mined()
    firsts = [record.split("\n", 1)[0] for record in records if record.strip()]
    stamp = _stamp(firsts)
    bodies = []
    for line in firsts:
        found = re.match(stamp, line, re.ASCII) if stamp else None
        if found or not stamp:
            bodies.append(line[found.end() :] if found else line)
    templates = _templates([_tokens(body) for body in bodies])
    covered = sum(len(template.rows) for template in templates)
    lead = rf"{stamp}" if stamp else "^"
    out.notes.append(f"{len(firsts)} records, {len(templates)} shapes of lines cover {covered}")
    out.lines += [
        "[detect]",
        f"head   = [{toml.regex(_regex(lead, _widest(templates), None))}]"
        if templates
        else f"head = [{toml.regex(lead)}]",
        "weight = 50",
        "",
        "[record]",
    ]
    out.lines += (
        ['frame = "start"', f"start = {toml.regex(stamp.replace('(?P<time>', '(?:'))}"] if stamp else ['frame = "line"']
    )
    if not stamp:
        out.open.append("no time at the beginning of the lines: their day and order come from the file")
    events: list[str] = []
    for number, template in enumerate(sorted(templates, key=lambda t: -len(t.literal)), 1):
        name = f"line{number}"
        groups = _named(template, registry)
        regex = _regex(lead, template, [group for group, _, _ in groups])
        out.lines += [
            "",
            "[[pattern]]",
            f"name  = {toml.text(name)}                # {len(template.rows)} records: {_shown(template)}",
            f"regex = {toml.regex(regex)}",
        ]
        events += _event(name, template, groups, registry, out, dated=bool(stamp))
    rest = rf"(?s){lead}[^0-9A-Za-z\s]{{0,2}}\s*(?P<message>.*)$" if stamp else r"(?s)^(?P<message>.*)$"
    out.lines += [
        "",
        "[[pattern]]",
        'name  = "other"                # what fits none of the above',
        f"regex = {toml.regex(rest)}",
    ]
    events += [
        "",
        "[[event]]",
        'pattern  = ["other"]',
        'kind     = "log"',
        'entities = ["message"]',
        "[event.fields]",
        *_ts(bool(stamp)),
        'message = "message"',
    ]
    out.lines += events
    if covered < len(bodies):
        out.open.append(
            f"{len(bodies) - covered} of {len(bodies)} records fit no pattern of their own and become plain log events"
        )
    return out


def _stamp(lines: Sequence[str]) -> str | None:
    """A regex for the time at the beginning of most lines, with its decoration; None if there is none."""
    shapes: Counter[str] = Counter()
    for line in lines:
        if found := re.match(START, line):
            head = found[0]
            prefix = re.match(r"[^0-9A-Za-z\s]{0,4}", head)
            at = prefix.end() if prefix else 0
            named = head[at : at + 1].isalpha()
            body = r"[A-Z][a-z][a-z] +[0-9]+ [0-9:]+" if named else _general(head[at:])
            shapes[f"^{_escaped(head[:at])}(?P<time>{body})"] += 1
    if not shapes or sum(shapes.values()) * 5 < len(lines):
        return None
    return shapes.most_common(1)[0][0]


def _general(stamp: str) -> str:
    """`2026-03-11 10:00:01.221` ─▶ a regex for times written so, with or without the fraction."""
    whole, mark, fraction = stamp, "", ""
    if found := re.match(r"(.*:[0-9]{2})([.,:])([0-9]+)(.*)$", stamp):
        whole, mark, fraction = found[1], found[2], found[4]
    out = re.sub(r"[0-9]+", "[0-9]+", _escaped(whole))
    out += rf"(?:{_escaped(mark)}[0-9]+)?" if mark else ""
    return out + re.sub(r"[0-9]+", "[0-9]+", _escaped(fraction))


def _tokens(line: str) -> list[Token]:
    """A line as tokens; runs of blanks are one."""
    out: list[Token] = []
    for found in _TOKEN.finditer(line.rstrip()):
        kind = str(found.lastgroup)
        text = found[0]
        if kind == "word":
            if re.fullmatch(r"[0-9]+(?:\.[0-9]+)?", text):
                kind = "number"
            elif re.search(r"[0-9]", text):
                kind = "code"
            elif "." in text:
                kind = "dotted"
        elif kind in ("han", "mark", "space"):
            kind, text = "same", " " if kind == "space" else text
        out.append((kind, text))
    return out


def _templates(rows: Sequence[list[Token]]) -> list[_Template]:
    """Lines grouped by shape, the most frequent first, as many as are worth a pattern."""
    shapes: dict[tuple[str, ...], list[list[Token]]] = defaultdict(list)
    for row in rows:
        shapes[tuple(text if kind == "same" else kind for kind, text in row)].append(row)
    groups: list[_Template] = []
    for members in shapes.values():
        names = [
            i
            for i, (kind, _) in enumerate(members[0])
            if kind == "word" and len({row[i][1] for row in members}) > _MANY_WORDS
        ]
        by_words: dict[tuple[str, ...], list[list[Token]]] = defaultdict(list)
        for row in members:
            by_words[tuple(text for i, (kind, text) in enumerate(row) if kind == "word" and i not in names)].append(row)
        for same in by_words.values():
            tokens = [
                ("same", text) if kind == "word" and i not in names else (kind, text)
                for i, (kind, text) in enumerate(same[0])
            ]
            groups.append(_Template(tokens, same))
    groups.sort(key=lambda template: -len(template.rows))
    least = max(2, len(rows) // 200)
    return [template for template in groups if len(template.rows) >= least and len(template.tokens) > 1][
        :_MOST_PATTERNS
    ]


def _widest(templates: Sequence[_Template]) -> _Template:
    return max(templates, key=lambda template: len(template.rows))


def _named(template: _Template, registry: Registry) -> list[tuple[str, str, Guess | None]]:
    """For every changing part: the group's name, its class, and the guess behind it."""
    out: list[tuple[str, str, Guess | None]] = []
    used: Counter[str] = Counter()
    for i, (kind, _) in enumerate(template.tokens):
        if kind == "same":
            continue
        values = tuple(row[i][1].strip('"') for row in template.rows)
        guess = (
            None if kind in ("json", "level", "dotted", "address") else _meaning(template.tokens[:i], values, registry)
        )
        name = guess.column if guess is not None else _NAMES[kind]
        used[name] += 1
        out.append((name if used[name] == 1 else f"{name}_{used[name]}", kind, guess))
    return out


def _meaning(before: Sequence[Token], values: tuple[str, ...], registry: Registry) -> Guess | None:
    """What a part is: by the key or word before it, else by its values."""
    texts = [text for kind, text in before if kind in ("same", "word")]
    while texts and texts[-1] in (" ", "=", ":", "：", "[", "(", "<", "【", "#", "{", "}", "'"):
        texts.pop()
    word = texts[-1] if texts else ""
    guess = by_values(Heading("", values), registry.maps)
    place = guess is not None and guess.column == "location"
    if place and any(word.lower().endswith(end) for end in _FROM):
        return Guess("from_location", f"places after '{word}'")
    if place and any(word.lower().endswith(end) for end in _TO):
        return Guess("to_location", f"places after '{word}'")
    for form in [word] if word.isascii() else [word[i:] for i in range(len(word))]:
        column = registry.aliases.fields.get(normalise(form), ("", 0))[0] if form else ""
        if (
            column
            and column in TYPES
            and column not in ("ts", "state", "action", "outcome", "status_code", "error")
            and fits(column, values)
        ):
            return Guess(column, f"after '{form}'")
    if guess is not None and guess.sure and guess.column in ("pallet", "location"):
        return guess
    return None


def _regex(lead: str, template: _Template, names: Sequence[str] | None) -> str:
    """The pattern of a template; without names its parts are not captured, and its end is left open."""
    out, at = "", 0
    for kind, text in template.tokens:
        if kind == "same":
            out += r"\s+" if text == " " else _escaped(text)
            continue
        part = _PARTS[kind]
        group = f"(?:{part})" if names is None else f"(?P<{names[at]}>{part})"
        out += f'"{group}"' if kind == "quoted" else group
        at += 1
    if names is None:
        return lead.replace("(?P<time>", "(?:") + out
    tail = "$" if template.tokens[-1][0] == "json" else "(?P<rest>.*)$"
    return f"(?s){lead}{out}{tail}"


def _event(
    name: str,
    template: _Template,
    groups: Sequence[tuple[str, str, Guess | None]],
    registry: Registry,
    out: Mined,
    *,
    dated: bool,
) -> list[str]:
    """The event rule of one pattern: a device's signal where its words say so, else a log event with what it names."""
    columns = {group: guess for group, _, guess in groups if group in TYPES}
    literal = template.literal.replace(" ", "")
    actions = registry.maps["device-actions"].words if "device-actions" in registry.maps else {}
    said = max(
        (w for w in actions if len(w) > (1 if not w.isascii() else 3) and w in literal.lower()), key=len, default=None
    )
    kind = "device" if said is not None and columns.keys() & {"task", "pallet"} else "log"
    lines = ["", "[[event]]", f"pattern  = [{toml.text(name)}]", f"kind     = {toml.text(kind)}"]
    if kind == "device" and said is not None:
        lines[-1] += f"          # '{said}' is a device's word for {actions[said]}"
        lines.append(f"set      = {{ action = {toml.text(actions[said])} }}")
        out.notes.append(f"{name}: device signal {actions[said]}, because of '{said}'")
    if any(group == "body" for group, _, _ in groups):
        lines.append('entities = ["body"]')
    lines += ["[event.fields]", *_ts(dated)]
    for column, guess in columns.items():
        lines.append(f"{column} = {toml.text(column)}".ljust(30) + (f"  # {guess.why}" if guess else ""))
        out.notes.append(f"{name}: {column}" + (f" ({guess.why})" if guess else ""))
    unnamed = [group for group, part, guess in groups if guess is None and part in ("number", "code", "word", "quoted")]
    if unnamed:
        out.open.append(
            f"{name}: what {', '.join(unnamed)} {'is' if len(unnamed) == 1 else 'are'} ({_shown(template)}); kept in `extra`"
        )
    return lines


def _ts(dated: bool) -> list[str]:
    return ['ts      = { from = "time", time = "auto" }'] if dated else []


def _shown(template: _Template) -> str:
    """The template for people."""
    text = "".join(text if kind == "same" else "…" for kind, text in template.tokens).strip()
    return text if len(text) <= 70 else text[:69] + "…"


def _escaped(text: str) -> str:
    """A literal in Rust's regex syntax."""
    return _SPECIAL.sub(r"\\\1", text)
