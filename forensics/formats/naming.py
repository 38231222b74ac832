"""Headings that no dictionary lists, understood by the words they are made of (parsers/naming.toml)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from forensics.formats.toml import Document, read

LABEL: Final = "the words it is made of"
PLACE: Final = 1000
"""Ranks behind every alias."""
_LONGEST: Final = 48
_PREFIX: Final = re.compile(r"[a-z](?=[a-z]{3})")
"""One letter for the type of a column (FQty, cInvCode, iQuantity)."""


@dataclass(frozen=True)
class Rule:
    """A heading whose words are of the classes `required` (with `order`: in this order) and `allowed` means `field`, in tables of `kinds` (empty: of any)."""

    field: str
    required: tuple[frozenset[str], ...]
    allowed: frozenset[str]
    kinds: frozenset[str]
    order: bool = False

    def fits(self, words: tuple[str, ...]) -> bool:
        """Whether every required class has a word, each a word of its own, and no word is left over."""
        return all(word in self.allowed for word in words) and _each_its_own(self.required, words, self.order)


def _each_its_own(classes: tuple[frozenset[str], ...], words: tuple[str, ...], order: bool) -> bool:
    if not classes:
        return True
    return any(
        word in classes[0] and _each_its_own(classes[1:], (*(() if order else words[:at]), *words[at + 1 :]), order)
        for at, word in enumerate(words)
    )


@dataclass(frozen=True)
class Naming:
    """The rules, and the words that headings are cut into."""

    rules: tuple[Rule, ...] = ()
    words: frozenset[str] = frozenset()

    def of(self, kind: str | None) -> NamedBy:
        """The rules that hold in tables of `kind`, as a dictionary of headings."""
        return NamedBy(tuple(rule for rule in self.rules if not rule.kinds or kind in rule.kinds), self.words)

    def __bool__(self) -> bool:
        return bool(self.rules)


@dataclass(frozen=True)
class NamedBy(Mapping[str, tuple[str, int]]):
    """Normalised heading ─▶ (canonical name, rank), for headings of which some rule knows every word."""

    rules: tuple[Rule, ...]
    words: frozenset[str]
    _known: dict[str, tuple[str, int] | None] = field(default_factory=dict, compare=False, repr=False)

    def __contains__(self, heading: object) -> bool:
        return isinstance(heading, str) and self._meaning(heading) is not None

    def __getitem__(self, heading: str) -> tuple[str, int]:
        found = self._meaning(heading)
        if found is None:
            raise KeyError(heading)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(())  # made of rules: its headings cannot be listed

    def __len__(self) -> int:
        return len(self.rules)

    def _meaning(self, heading: str) -> tuple[str, int] | None:
        if heading not in self._known:
            self._known[heading] = self._find(heading)
        return self._known[heading]

    def _find(self, heading: str) -> tuple[str, int] | None:
        if not heading or len(heading) > _LONGEST:
            return None
        forms = [heading, heading[1:]] if _PREFIX.match(heading) else [heading]
        for form in forms:
            cuts = sorted(cut(form, self.words), key=len)
            for place, rule in enumerate(self.rules):
                if any(rule.fits(words) for words in cuts if len(words) == len(cuts[0])):
                    return rule.field, PLACE + place
        return None


def cut(text: str, words: frozenset[str]) -> list[tuple[str, ...]]:
    """All ways, of as few words as possible, to cut a text into known words; none where it cannot be."""
    best: list[list[tuple[str, ...]]] = [[()], *([] for _ in text)]
    for end in range(1, len(text) + 1):
        found = [
            (*before, text[start:end])
            for start in range(max(0, end - 24), end)
            if text[start:end] in words
            for before in best[start]
        ]
        fewest = min(map(len, found), default=0)
        best[end] = [one for one in found if len(one) == fewest][:16]
    return best[-1]


_LOOKS: Final[Mapping[str, re.Pattern[str]]] = {
    "time": re.compile(r"(?=.*\d{4})(?=.*[-/:.年]|\d{10,}).+|\d{8,17}(?:\.\d+)?|\d{1,2}:\d{2}.*"),
    "number": re.compile(r"[-+]?[\d., ]*\d[-]?\s*[^\d\s]{0,6}"),
}
_TIMES: Final = frozenset({
    "ts", "finished_at", "created_at", "sent_at", "accepted_at", "started_at", "left_at", "arrived_at", "reported_at", "cancelled_at",
})  # fmt: skip
_NUMBERS: Final = frozenset({
    "qty", "qty_before", "qty_after", "qty_reserved", "qty_available", "qty_counted", "qty_expected", "duration_ms", "seconds_behind",
})  # fmt: skip


def plausible(name: str, values: tuple[str, ...]) -> bool:
    """Whether most sample values of a column can be what its name seems to say."""
    looks = _LOOKS.get("time" if name in _TIMES else "number" if name in _NUMBERS else "")
    if looks is None or not values:
        return True
    return 2 * sum(looks.fullmatch(value.strip()) is not None for value in values) > len(values)


def load_naming(file: Path) -> Naming:
    """Read the rules; without the file there are none.

    Raises:
        FormatError: the file is wrong; with the line.
    """
    if not file.is_file():
        return Naming()
    document = read(file)
    classes = {
        name: frozenset(str(word).casefold() for word in _list(document, words, "classes", name))
        for name, words in document.data.get("classes", {}).items()
    }
    rules = tuple(_rule(document, n, item, classes) for n, item in enumerate(document.data.get("rule", [])))
    words = frozenset().union(*classes.values()) if classes else frozenset()
    return Naming(rules, words)


def _rule(document: Document, n: int, item: dict[str, Any], classes: Mapping[str, frozenset[str]]) -> Rule:
    if not isinstance(item.get("field"), str):
        raise document.error("a rule needs the name of a field", "rule", n)
    both = []
    for key in ("all", "may"):
        names = _list(document, item.get(key, []), "rule", n, key)
        unknown = [name for name in names if name not in classes]
        if unknown:
            raise document.error(f"no class of words '{unknown[0]}'", "rule", n, key)
        both.append([classes[name] for name in names])
    if not both[0]:
        raise document.error("a rule needs at least one class in 'all'", "rule", n)
    kinds = frozenset(_list(document, item.get("kinds", []), "rule", n, "kinds"))
    return Rule(item["field"], tuple(both[0]), frozenset().union(*both[0], *both[1]), kinds, item.get("order") is True)


def _list(document: Document, value: Any, *path: str | int) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise document.error(f"'{path[-1]}' must be a list of words", *path)
    return value
