"""One pallet's transport, step by step, for stories in which a step goes another way."""

from __future__ import annotations

from typing import Any

import numpy as np
from times import MS, SECOND
from transports import ROBOTS
from warehouse import NODES, Pool

from stories.stage import Ends, Stage

COMPLETE = "/api/wcs/task/complete"


class Job:
    """A pallet on its way in or out. `t` is the time of the last step; each step moves it on."""

    def __init__(self, stage: Stage, direction: str, zone: str, at: int) -> None:
        self.s, self.direction, self.zone, self.t = stage, direction, zone, at
        site, rng = stage.site, stage.rng
        if direction == "inbound":
            nth = int(np.flatnonzero(site.slot_zone[site.free] == zone)[0])
            slot, site.free = int(site.free[nth]), np.delete(site.free, nth)
            material = int(rng.choice(np.flatnonzero(site.factor[: site.common] == 1)))
            self.pool = Pool(*(np.asarray([v], dtype=np.int64) for v in (
                site.take_pallets(1)[0], slot, material, rng.integers(101, 228), site.pallet_qty[material],
            )))  # fmt: skip
        else:
            plain = (site.slot_zone[site.pool.slot] == zone) & (site.factor[site.pool.sku] == 1)
            self.pool, site.pool = site.pool.split(rng.choice(np.flatnonzero(plain), 1))
            slot, material = int(self.pool.slot[0]), int(self.pool.sku[0])
        self.slot, self.sku, self.qty = str(site.slot_code[slot]), str(site.sku[material]), int(self.pool.qty[0])
        self.pallet, self.batch = (
            f"{site.pallet_prefix}{int(self.pool.pallet[0]):07d}",
            f"B26{int(self.pool.batch[0]):04d}",
        )
        self.bound_sku = self.sku
        self.task, self.doc, self.erp_doc = (
            stage.day.number("RW"),
            stage.day.number("RK" if direction == "inbound" else "CK"),
            stage.day.number("E"),
        )
        dock = f"{'IN' if direction == 'inbound' else 'DK'}{site.tag}-{stage.number(1, 4):02d}"
        self.origin, self.target = (dock, self.slot) if direction == "inbound" else (self.slot, dock)
        self.device = f"{ROBOTS[zone]}-{stage.number(1, 39):02d}" if zone != "M" else stage.handheld()
        self.wcs: Ends = (NODES.get(zone, ""), "WMS")
        self.operator, self.pda = stage.someone(), stage.handheld()
        self.request = stage.day.number("R")  # of the completion callback, or of the confirmation

    @property
    def about(self) -> dict[str, Any]:
        """The subject of a story about this pallet."""
        return {
            "pallet": self.pallet,
            "location": self.slot,
            "sku": self.bound_sku,
            "batch": self.batch,
            "task": self.task,
            "doc": self.doc,
            "doc_line": "1",
        }

    def body(self, **more: Any) -> str:
        """What a control system sends about this task."""
        return self.s.body(request=self.request, task=self.task, pallet=self.pallet, **more)

    # --- before the task -----------------------------------------------------------------------------------------------

    def ordered(self) -> Job:
        """Ordered by the ERP an hour ago; received and bound minutes ago, or allocated seconds ago."""
        self.s.order(
            self.s.later(self.t, -5400, -3000),
            self.doc,
            self.erp_doc,
            self.direction,
            self.sku,
            self.qty,
            batch=self.batch,
        )
        if self.direction == "outbound":
            at = self.s.later(self.t, -60, -5)
            body = self.s.body(doc=self.doc, line="1", sku=self.sku, batch=self.batch, qty=self.qty)
            self.reserve(
                self.s.call(at, "/api/stock/allocate", ("OMS", "WMS"), body, self.s.day.number("R"), ("interface",)),
                "lock",
            )
        return self

    def received(self, at: int | None = None, label: str | None = None, bind: bool = True) -> Job:
        """Goods label and pallet label scanned, goods bound."""
        bound = self.s.later(self.t, -60, -20) if at is None else at
        self.scan(
            self.s.later(bound, -90, -15),
            "receive",
            label or self.sku,
            expected=label or self.sku,
            location=self.origin,
            sku=label or self.sku,
            task=None,
        )
        self.scan(bound - 2 * SECOND, "bind", self.pallet, location=self.origin, task=None)
        if bind:
            self.binding(bound, "bind")
        return self

    def binding(self, at: int, action: str, sku: str | None = None) -> None:
        """Goods put on the pallet, or taken off."""
        self.s.sheets.row(
            "binding",
            ts=at,
            pallet=self.pallet,
            sku=sku or self.bound_sku,
            batch=self.batch,
            qty=self.qty,
            action=action,
            operator=self.operator,
        )

    def scan(
        self,
        at: int,
        step: str,
        barcode: str,
        *,
        location: str,
        expected: str | None = None,
        sku: str | None = None,
        task: str | None = "",
        outcome: str = "ok",
    ) -> None:
        """A handheld's scan."""
        self.s.sheets.row(
            "scan", ts=at, device=self.pda, operator=self.operator, scan_type=step, barcode=barcode, expected=barcode if expected is None else expected,
            task=self.task if task == "" else task, pallet=self.pallet, location=location, sku=sku or self.sku, outcome=outcome,
        )  # fmt: skip

    def reserve(self, at: int, action: str) -> None:
        """The reservation for the order: lock, release, consume."""
        self.s.sheets.row(
            "reservation", ts=at, sku=self.sku, batch=self.batch, location=self.slot, pallet=self.pallet, qty=self.qty, doc=self.doc, doc_line="1",
            action=action, operator="system" if action != "release" else self.operator,
        )  # fmt: skip

    # --- the task ------------------------------------------------------------------------------------------------------

    def state(self, state: str, at: int, actor: str = "wcs", who: str | None = None) -> None:
        """A state that the WMS gave the task."""
        self.s.sheets.row(
            "task", ts=at, task=self.task, doc_type=self.direction, state=state, pallet=self.pallet, from_location=self.origin, to_location=self.target,
            sku=self.bound_sku, batch=self.batch, qty=self.qty, doc=self.doc, doc_line="1", actor_type=actor,
            operator=who or {"wcs": "WCS", "system": "system"}.get(actor, self.operator),
        )  # fmt: skip

    def signal(self, action: str, at: int, location: str, error: str | None = None) -> None:
        """A device's signal."""
        self.s.sheets.row(
            "device", ts=at, device=self.device, task=self.task, pallet=self.pallet, action=action, location=location, from_location=self.origin,
            to_location=self.target, error=error,
        )  # fmt: skip

    def created(self) -> Job:
        """Created by the WMS and sent to the control system."""
        self.state("CREATED", self.t, "system")
        body = '{"fromLoc":"%s","toLoc":"%s",' % (self.origin, self.target) + self.body()[1:]  # noqa: UP031
        if self.zone != "M":
            self.s.call(
                self.t,
                "/wcs/api/task/create",
                ("WMS", self.wcs[0]),
                body,
                self.s.day.number("R"),
                ("interface", "wcs_calls"),
            )
        self.t = self.s.later(self.t, 0.2, 0.6)
        self.state("SENT", self.t, "system")
        return self

    def started(self, *, heard: bool = True) -> Job:
        """The device begins; `heard`: the WMS learns of it."""
        self.t = self.s.later(self.t, 8, 60)
        if self.zone != "M":
            self.signal("start", self.t, self.origin)
            if heard:
                self.s.call(
                    self.t + 20 * MS,
                    "/api/wcs/task/start",
                    self.wcs,
                    self.body(location=self.origin),
                    self.s.day.number("R"),
                    ("interface", "wcs_calls"),
                )
        if heard:
            self.state("STARTED", self.t + 80 * MS, "wcs" if self.zone != "M" else "operator")
        return self

    def picked(self) -> Job:
        """The load has left its place."""
        self.t = self.s.later(self.t, 15, 70)
        if self.zone != "M":
            self.signal("pick_done", self.t, self.origin)
        elif self.direction == "outbound":
            self.scan(self.t, "pick", self.pallet, location=self.origin)
        return self

    def put(self) -> Job:
        """The load stands at its target."""
        self.t = self.s.later(self.t, 50, 200)
        self.signal("put_done", self.t, self.target)
        return self

    def called(self, state: str = "DONE") -> Job:
        """The completion callback, heard and carried out."""
        at = self.s.later(self.t, 0.3, 2)
        self.t = self.s.call(
            at, COMPLETE, self.wcs, self.body(location=self.target), self.request, ("interface", "wcs_calls", "gateway")
        )
        self.state(state, self.t)
        return self

    def failing(self, at: int, kind: str, attempt: int, request: str | None = None, committed: bool = False) -> int:
        """A completion callback that fails: timeout, error, reset or refused; when the sender gave up."""
        request = request or self.request
        body, log = self.s.body(request=request, task=self.task, pallet=self.pallet, location=self.target), self.s.log
        if kind == "error":
            log(
                "wcs_calls",
                at,
                request,
                COMPLETE,
                self.wcs,
                body,
                ms=240,
                status=500,
                answer={"success": False, "code": "E500", "message": "系统异常"},
                attempt=attempt,
            )
            log(
                "interface",
                at + 3 * MS,
                request,
                COMPLETE,
                self.wcs,
                body,
                ms=230,
                status=500,
                answer={"success": False, "code": "E500", "message": "系统异常"},
                attempt=attempt,
            )
            self.s.gateway(at, request, COMPLETE, body, ms=235, status=500)
            return at + 240 * MS
        if kind == "timeout":
            log(
                "wcs_calls",
                at,
                request,
                COMPLETE,
                self.wcs,
                body,
                ms=60_008,
                status=None,
                error="Read timed out",
                attempt=attempt,
            )
            self.s.gateway(at, request, COMPLETE, body, ms=60_001, status=504)
            if committed:
                log("interface", at + 4 * MS, request, COMPLETE, self.wcs, body, ms=71_000, attempt=attempt)
            return at + 60_008 * MS
        text = "Connection reset" if kind == "reset" else "Connection refused"
        log("wcs_calls", at, request, COMPLETE, self.wcs, body, ms=35, status=None, error=text, attempt=attempt)
        if kind == "reset":
            self.s.gateway(at, request, COMPLETE, body, ms=30, status=502)
        return at + 35 * MS

    # --- the end ---------------------------------------------------------------------------------------------------------

    def by_hand(self, state: str = "DONE") -> Job:
        """An operator completes the task at a terminal."""
        request = self.s.day.number("R")
        self.request = request
        self.t = self.s.call(
            self.t,
            "/api/task/complete",
            ("WEB", "WMS"),
            self.s.body(request=request, task=self.task, operator=self.operator),
            request,
        )
        self.state(state, self.t, "operator")
        return self

    def loaded(self) -> Job:
        """Scanned while it is loaded."""
        self.t = self.s.later(self.t, 120, 900)
        self.scan(self.t, "load", self.pallet, location=self.target)
        return self

    def confirmed(self) -> Job:
        """The shipment is confirmed on the handheld: task done, stock deducted, reservation used."""
        self.t = self.s.later(self.t, 10, 60)
        body = self.s.body(
            request=self.request,
            task=self.task,
            pallet=self.pallet,
            doc=self.doc,
            line="1",
            operator=self.operator,
            qty=self.qty,
        )
        self.t = self.s.call(self.t, "/api/outbound/confirm", ("PDA", "WMS"), body, self.request)
        self.state("DONE", self.t - 2 * MS, "operator")
        self.book()
        self.reserve(self.t + 5 * MS, "consume")
        self.binding(self.t + 8 * MS, "unbind")
        return self

    def book(self, location: str | None = None, who: str | None = None, request: str | None = None) -> Job:
        """The posting, and what follows from it in both systems."""
        sign = 1 if self.direction == "inbound" else -1
        self.t += 3 * MS
        self.s.ledger(
            self.t, sign * self.qty, 0 if sign > 0 else self.qty, sku=self.bound_sku, batch=self.batch, pallet=self.pallet, location=location or self.slot,
            doc_type=self.direction, doc=self.doc, doc_line="1", task=self.task, request_id=request or self.request, operator=who or self.operator,
        )  # fmt: skip
        self.s.closed(self.t, self.doc, self.erp_doc, self.direction, self.bound_sku, self.qty, batch=self.batch)
        self.s.told_erp(
            self.t, self.doc, self.erp_doc, self.direction, self.bound_sku, self.qty, sign, batch=self.batch
        )
        return self

    def rests(self) -> None:
        """All is well: the pallet stands where the book says, or has gone."""
        if self.direction == "inbound":
            self.s.site.arrived.append(self.pool)
        else:
            self.s.site.freed.append(self.pool.slot)

    def stays(self) -> None:
        """An outbound pallet that never left."""
        self.s.site.arrived.append(self.pool)

    def park(self, book: int, goods: int) -> None:
        """Book and goods differ from now on."""
        self.s.park(self.slot, self.pallet, (self.bound_sku, self.batch, book, goods))
