"""Which ids are one thing, and what belongs to it."""

from __future__ import annotations

from forensics.identity.closure import Closure, closure
from forensics.identity.concern import concerns
from forensics.identity.pallets import pallet_key, pallet_key_sql, pallet_variants, same_pallet
from forensics.identity.subject import subject_events

__all__ = [
    "Closure",
    "closure",
    "concerns",
    "pallet_key",
    "pallet_key_sql",
    "pallet_variants",
    "same_pallet",
    "subject_events",
]
