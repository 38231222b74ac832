"""The physical world: which pallet stands where with what on it, and what lies loose on the pick faces.

It knows nothing of books. People change it through the shift, robots through a connection of the WCS process; every change is journalled.
"""

from __future__ import annotations

import os
import threading
from decimal import Decimal
from multiprocessing.managers import BaseManager
from typing import Any

from lab.journal import Journal


class World:
    """Pallets {pallet: {location, sku, batch, qty}} and loose goods {(location, sku): qty}. All methods are safe to call from many threads."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self._lock = threading.RLock()
        self.pallets: dict[str, dict[str, Any]] = {}
        self.loose: dict[tuple[str, str], Decimal] = {}

    def put(self, pallet: str, location: str, sku: str, batch: str, qty: Decimal | int) -> None:
        """A pallet with goods on it enters the building at `location`."""
        with self._lock:
            self.pallets[pallet] = {"location": location, "sku": sku, "batch": batch, "qty": Decimal(qty)}
            self._tell("put", pallet)

    def move(self, pallet: str, location: str | None, by: str = "hand") -> bool:
        """Somebody or something moves a pallet (None: it leaves the building). False if there is no such pallet."""
        with self._lock:
            if pallet not in self.pallets:
                return False
            self.pallets[pallet]["location"] = location
            self._tell("move", pallet, by=by)
            return True

    def where(self, pallet: str) -> str | None:
        """Where a pallet is; None if it is not in the building."""
        with self._lock:
            return self.pallets[pallet]["location"] if pallet in self.pallets else None

    def at(self, location: str) -> str | None:
        """The pallet at a location."""
        with self._lock:
            return next((name for name, pallet in self.pallets.items() if pallet["location"] == location), None)

    def lift(self, pallet: str, location: str, robot: str) -> bool:
        """A robot lifts a pallet from a location, if it stands there."""
        with self._lock:
            if self.where(pallet) != location:
                return False
            self.pallets[pallet]["location"] = robot
            self._tell("move", pallet, by=robot)
            return True

    def set_down(self, pallet: str, location: str, robot: str) -> bool:
        """A robot sets a pallet down, unless a rack place is taken; staging areas and docks (zones I, O, S) hold many."""
        with self._lock:
            if location[0] not in "IOSP" and self.at(location) is not None:
                return False
            return self.move(pallet, location, robot)

    def take(self, location: str, sku: str, qty: Decimal | int) -> Decimal:
        """A person takes loose goods; what could be taken, less where there is less."""
        with self._lock:
            there = self.loose.get((location, sku), Decimal(0))
            taken = min(Decimal(qty), there)
            self._set_loose(location, sku, there - taken)
            return taken

    def add(self, location: str, sku: str, qty: Decimal | int) -> None:
        """A person adds loose goods."""
        with self._lock:
            self._set_loose(location, sku, self.loose.get((location, sku), Decimal(0)) + Decimal(qty))

    def unload(self, pallet: str, qty: Decimal | int) -> None:
        """A person takes goods off a pallet; an empty one leaves the building."""
        with self._lock:
            self.pallets[pallet]["qty"] -= Decimal(qty)
            if self.pallets[pallet]["qty"] <= 0:
                self.pallets[pallet]["location"] = None
            self._tell("unload", pallet)

    def count(self, location: str, sku: str, pallet: str = "") -> Decimal:
        """What a person who looks finds: of one pallet if it stands there, else loose goods."""
        with self._lock:
            if pallet:
                there = self.pallets.get(pallet)
                return there["qty"] if there and there["location"] == location and there["sku"] == sku else Decimal(0)
            return self.loose.get((location, sku), Decimal(0))

    def _set_loose(self, location: str, sku: str, qty: Decimal) -> None:
        self.loose[location, sku] = qty
        self.journal.write("loose", location=location, sku=sku, qty=qty)

    def _tell(self, what: str, pallet: str, **more: Any) -> None:
        self.journal.write("physical", what=what, pallet=pallet, **self.pallets[pallet], **more)


class _Manager(BaseManager):
    """Serves the world to the WCS process."""


KEY = b"lab"


def serve(world: World) -> str:
    """Let other processes reach `world`, from a thread of ours; what `LAB_WORLD` has to say for them."""
    _Manager.register("world", callable=lambda: world)
    server = _Manager(address=("127.0.0.1", 0), authkey=KEY).get_server()
    threading.Thread(target=server.serve_forever, name="world", daemon=True).start()
    assert isinstance(server.address, tuple)
    return str(server.address[1])


def connect() -> Any:
    """The world, from another process."""
    _Manager.register("world")
    manager = _Manager(address=("127.0.0.1", int(os.environ["LAB_WORLD"])), authkey=KEY)
    manager.connect()
    return manager.world()  # type: ignore[attr-defined]
