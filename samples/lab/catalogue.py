"""What the warehouse holds: materials, places, pallets, and where the books begin."""

from __future__ import annotations

import itertools
import random
import threading
from dataclasses import dataclass, field
from decimal import Decimal

MATERIALS, AISLES = 480, 20
"""Enough for a week: a story's material or pick face is never used again."""


@dataclass(frozen=True)
class Opening:
    """One stock row at the start: what the book says and what is there."""

    zone: str
    location: str
    sku: str
    batch: str
    pallet: str
    book: Decimal
    real: Decimal


@dataclass
class Catalogue:
    """Seeded master data. `skus` are moved by normal work, the rest wait for stories, one each (`own_sku`)."""

    rng: random.Random
    negative: int = 0
    """How many pick faces begin below zero."""
    skus: list[str] = field(init=False)
    faces: dict[str, str] = field(init=False)
    """Pick face → its sku."""
    opening: list[Opening] = field(init=False)

    def __post_init__(self) -> None:
        numbers = self.rng.sample(range(20010100, 20019999), MATERIALS)
        codes = sorted(str(n) for n in numbers)
        self.rng.shuffle(codes)
        self.skus, self._others = codes[:40], iter(codes[40:])
        self._lock = threading.Lock()
        self._pallets = itertools.count(100600 + self.rng.randrange(200))
        self.all_skus = sorted(codes)
        self.racks = [f"A-{a:02d}-{b:02d}-{c:02d}" for a in range(1, 7) for b in range(1, 13) for c in range(1, 5)]
        self.racks += [f"B-{a:02d}-{b:02d}-{c:02d}" for a in range(1, 4) for b in range(1, 11) for c in range(1, 4)]
        self.docks = ["I-01", "I-02", "O-01", "O-02", "S-01"]
        self.faces = {
            f"P-{a:02d}-{b:02d}": self.skus[i] for i, (a, b) in enumerate(itertools.product((1, 2), range(1, 13)))
        }
        self._free_faces = iter([f"P-{a:02d}-{b:02d}" for a in range(3, AISLES) for b in range(1, 13)])
        self.opening = [self._pallet_row(place) for place in self.racks if self.rng.random() < 0.4]
        self.opening += [self._face_row(place, sku, self.rng.randrange(150, 400)) for place, sku in self.faces.items()]
        self.opening += [self._negative_row() for _ in range(self.negative)]

    @property
    def locations(self) -> list[str]:
        """Every place a book may name."""
        return [
            *self.racks,
            *self.docks,
            "S-EXC-01",
            *(f"P-{a:02d}-{b:02d}" for a in range(1, AISLES) for b in range(1, 13)),
        ]

    def _pallet_row(self, place: str) -> Opening:
        qty = Decimal(self.rng.choice((24, 32, 40, 48, 60, 96)))
        return Opening(place[0], place, self.rng.choice(self.skus), self.batch(), self.new_pallet(), qty, qty)

    def _face_row(self, place: str, sku: str, qty: int) -> Opening:
        return Opening("P", place, sku, "", "", Decimal(qty), Decimal(qty))

    def _negative_row(self) -> Opening:
        real = self.rng.randrange(10, 60)
        return Opening(
            "P", next(self._free_faces), next(self._others), "", "", Decimal(-self.rng.randrange(3, 25)), Decimal(real)
        )

    def batch(self) -> str:
        """A batch of the last weeks."""
        return f"B26{self.rng.choice(('01', '02'))}{self.rng.randrange(1, 29):02d}"

    def new_pallet(self) -> str:
        """A pallet code nobody has used."""
        return f"TP{next(self._pallets)}"

    def own_sku(self) -> str:
        """A material that normal work leaves alone."""
        with self._lock:
            return next(self._others)

    def own_face(self) -> str:
        """A pick face that normal work leaves alone; it holds nothing."""
        with self._lock:
            return next(self._free_faces)
