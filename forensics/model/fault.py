"""Fault classes and causes as the catalogue in `queries/<class>/fault.toml` states them."""

from __future__ import annotations

from dataclasses import dataclass

Text = dict[str, str]
"""A text by language: {"zh": …, "en": …}."""


@dataclass(frozen=True)
class Cause:
    """One cause of a fault class.

    Attributes:
        id: for instance `F-S-02-05.3`.
        share: prior probability within its class.
        needs: the event kinds without which it cannot be judged.
        checked: whether a check for it exists.
    """

    id: str
    slug: str
    title: Text
    share: float
    needs: tuple[str, ...]
    signature: Text
    contradiction: Text
    checked: bool = False


@dataclass(frozen=True)
class Fault:
    """A fault class: what the user sees, its causes, the guide's steps and prevention."""

    id: str
    slug: str
    title: Text
    symptom: Text
    causes: tuple[Cause, ...]
    steps: tuple[Text, ...]
    prevention: tuple[Text, ...]
