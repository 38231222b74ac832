"""Fault classes and causes as the catalogue in `queries/<class>/fault.toml` states them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

Text = dict[str, str]
"""A text by language: {"zh": …, "en": …}."""


@dataclass(frozen=True)
class Lead:
    """What a cause can lead to, and what has to agree before one is said to have led to the other.

    Attributes:
        cause: the consequence's cause.
        by: names of which both must share one; `sku+location` is both of them together. The surest first.
        within: how long after the cause's end the consequence may begin.
        qty: nothing, `same` (equal quantity errors) or `covers` (without the cause's error the consequence's would not be).
        settles: setting the cause right sets the consequence right.
        because: why the one follows from the other.
    """

    cause: str
    by: tuple[tuple[str, ...], ...]
    within: timedelta
    qty: str
    settles: bool
    because: Text


@dataclass(frozen=True)
class Cause:
    """One cause of a fault class.

    Attributes:
        id: for instance `F-S-02-05.3`.
        share: prior probability within its class.
        needs: the event kinds without which it cannot be judged.
        checked: whether a check for it exists.
        leads_to: what can follow from it.
        remedy: how it is set right.
    """

    id: str
    slug: str
    title: Text
    share: float
    needs: tuple[str, ...]
    signature: Text
    contradiction: Text
    checked: bool = False
    leads_to: tuple[Lead, ...] = ()
    remedy: Text = field(default_factory=dict)


@dataclass(frozen=True)
class Fault:
    """A fault class: what the user sees, its causes, the guide's steps, prevention, and what to look at on site.

    `book` is what the book shows when the symptom is seen: above, zero or below; empty where it may be anything.
    """

    id: str
    slug: str
    title: Text
    symptom: Text
    causes: tuple[Cause, ...]
    steps: tuple[Text, ...]
    prevention: tuple[Text, ...]
    on_site: Text = field(default_factory=dict)
    book: str = ""
