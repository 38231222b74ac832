"""How to add a story: something that goes wrong, or merely looks so, in the middle of normal work.

A module in `people/` (or `faults/`) holds `STORIES`, a list of `Story`. `run` gets the `Shift` (see shift.py) and acts through it: scans with
`shift.pda(...)`, clicks with `shift.screen(...)`, moves things in `shift.world`, tells robots what will happen to a pallet with `shift.wcs.plan(...)`, borrows
`shift.flows`. It runs in a thread of its own beside normal work and ends by itself within `minutes`. What it *claims* with `shift.fault(...)` or
`shift.innocent(...)` is checked against the journal; a claim that did not come true is dropped and reported. Service-level faults
(F-S-02-05, 06, 03.4, 02.2, 02.5) need no claim: truth/ finds them in the journal, injected or not.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lab.shift import Shift


@dataclass(frozen=True)
class Story:
    """One thing that may happen during a shift."""

    name: str
    causes: tuple[str, ...]
    """Causes it brings about or resembles, as `F-S-02-01.1`: what `--faults` selects by."""
    run: Callable[[Shift], None]
    minutes: float
    """Lab minutes it needs at most: it is started early enough to end within the shift."""
    look_alike: bool = False
    """Whether it only resembles its causes. Told whenever any of its causes is."""
    weight: int = 1
    """How often per shift at `--rate 1`."""


def stories() -> list[Story]:
    """All stories of `faults/` and `people/`, by name."""
    found: dict[str, Story] = {}
    for package in ("lab.faults", "lab.people"):
        folder = importlib.import_module(package)
        for module in pkgutil.iter_modules(folder.__path__):
            for story in getattr(importlib.import_module(f"{package}.{module.name}"), "STORIES", []):
                if story.name in found:
                    raise ValueError(f"two stories are called {story.name!r}")
                found[story.name] = story
    return [found[name] for name in sorted(found)]
