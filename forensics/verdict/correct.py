"""Postings that a person may make after review. Nothing is ever sent or changed.

What sets a cause right is content: the `correction` table of a cause in `queries/<class>/fault.toml`
(`correction = { action = "reverse", zh = "…", en = "…" }`, `action = "none"` for nothing to do); its texts may name what the
finding says, as its check's message does (`{available}`). Without one, a book that
is off is adjusted by the opposite of the error.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from forensics.checks.findings import fill
from forensics.content import content_dir
from forensics.model.fault import Text
from forensics.model.result import Correction, Finding, Subject, decimal_text
from forensics.verdict import texts
from forensics.verdict.group import values

ACTIONS: Final = (
    "reverse", "adjust", "transfer", "replay", "post", "move", "release", "rebind", "resend", "complete", "cancel", "count",
    "allocate", "requery", "retry", "invalidate", "investigate", "repair", "none",
)  # fmt: skip
_WITHOUT_QTY: Final = frozenset(
    {
        "replay",
        "resend",
        "rebind",
        "release",
        "allocate",
        "requery",
        "retry",
        "invalidate",
        "count",
        "complete",
        "cancel",
        "investigate",
        "repair",
    }
)
BOOK_CLASSES: Final = ("F-S-02-01", "F-S-02-02", "F-S-02-05")
"""Classes whose `qty_error` is how far the book is from the truth; elsewhere it compares two systems or two readings."""
IN_BOOK: Final = "+in_book"
"""Behind a cause's id: its rule where the book itself is wrong, `correction_in_book` of a cause that is not always about it."""
_KEPT: Final = ("book_before", "book_after", "qty_before", "qty_after", "from_location", "to_location", "pallet_before",
                "endpoint", "request_id", "doc", "partner_doc")  # fmt: skip


@dataclass(frozen=True)
class Rule:
    """How a cause is set right, and why, in both languages."""

    action: str
    because: Text


def corrections(findings: Iterable[Finding], rules: Mapping[str, Rule], lang: str = "en") -> tuple[Correction, ...]:
    """One posting per finding that has a remedy, without repeats, in the findings' order."""
    result: list[Correction] = []
    for finding in findings:
        rule = rules.get(finding.cause + IN_BOOK) if in_book(finding) else None
        rule = rule or rules.get(finding.cause)
        if rule is None:
            if not in_book(finding) or finding.qty_error == 0:
                continue
            signed = ("+" if finding.qty_error > 0 else "") + decimal_text(finding.qty_error)
            rule = Rule("adjust", texts.fill(texts.ADJUST, error=signed))
        if rule.action == "none":
            continue
        posting = _posting(finding, rule, lang)
        if all(_what(posting) != _what(other) for other in result):
            result.append(posting)
    return tuple(result)


def in_book(finding: Finding) -> bool:
    """Whether the book itself is off by the finding's error: all of some classes, else where the check says so."""
    return finding.fault in BOOK_CLASSES or bool(finding.details.get("in_book"))


def _posting(finding: Finding, rule: Rule, lang: str) -> Correction:
    subject = finding.subject
    qty = None if finding.qty_error == 0 or rule.action in _WITHOUT_QTY else -finding.qty_error
    details = {key: finding.details[key] for key in _KEPT if finding.details.get(key) is not None}
    for key in ("request_id", "task", "doc"):
        if values(subject, key) and key not in details:
            details[key] = subject[key]
    said = {**finding.details, **subject}
    reason = {language: fill(text, said, language) for language, text in rule.because.items()}
    return Correction(
        action=rule.action,
        sku=_single(subject, "sku"),
        location=_single(subject, "location"),
        pallet=_single(subject, "pallet"),
        qty=qty,
        because=reason.get(lang) or reason.get("en", ""),
        batch=_single(subject, "batch"),
        details=details,
        reason=reason,
        finding=finding.id,
        evidence=tuple(one.event_id for one in finding.evidence if one.role == "for"),
    )


def _what(posting: Correction) -> tuple[Any, ...]:
    """What is posted, whoever found it."""
    return posting.action, posting.sku, posting.location, posting.pallet, posting.batch, posting.qty, posting.details


def _single(subject: Subject, field: str) -> str | None:
    found = values(subject, field)
    return str(next(iter(found))) if len(found) == 1 else None


@cache
def shipped_rules() -> Mapping[str, Rule]:
    """The rules of the shipped catalogue."""
    return load_rules(content_dir("queries"))


def load_rules(folder: Path) -> dict[str, Rule]:
    """The `correction` tables of all `*/fault.toml` in a folder, by cause. Mistakes in those files are the catalogue's to report."""
    rules: dict[str, Rule] = {}
    for path in sorted(folder.glob("*/fault.toml")):
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        for cause in _causes(table):
            for key, suffix in (("correction", ""), ("correction_in_book", IN_BOOK)):
                rule = cause.get(key)
                if isinstance(rule, dict) and rule.get("action") in ACTIONS and isinstance(cause.get("id"), str):
                    rules[cause["id"] + suffix] = Rule(rule["action"], {k: str(rule.get(k, "")) for k in ("zh", "en")})
    return rules


def _causes(table: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = table.get("cause") or table.get("causes") or []
    return [cause for cause in found if isinstance(cause, dict)] if isinstance(found, list) else []
