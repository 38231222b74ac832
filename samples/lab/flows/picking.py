"""Pieces are picked from the faces: orders with reservations, and urgent issues without."""

from __future__ import annotations

from typing import Any

from lab.flows.inbound import order
from lab.shift import Shift


def how(shift: Shift) -> dict[str, Any]:
    """The handler a request happens to meet: programs of several ages run side by side, and not all are sound."""
    guard = shift.rng.choices(("row_lock", "version", "relative", "absolute", "check"), (40, 15, 25, 14, 6))[0]
    if shift.guarded and guard in ("absolute", "check"):
        guard = "row_lock"
    return {"guard": guard, "think": shift.rng.uniform(0.2, 2.0), "intent": shift.intent()}


def pick(
    shift: Shift,
    doc: str,
    line: int,
    where: dict[str, Any],
    sku: str,
    operator: str,
    handler: dict[str, Any],
    **options: Any,
) -> dict[str, Any]:
    """Take the goods, scan them, confirm them. `where`: stockId, location, qty of an allocation."""
    with shift.pda() as pda:
        taken = shift.world.take(where["location"], sku, int(where["qty"]))
        pda.scan("pick", sku, operator, sku, sku=sku, location=where["location"], doc=doc, doc_line=line)
        shift.sleep(shift.rng.uniform(1, 6))
        body = {
            "stockId": where["stockId"],
            "location": where["location"],
            "sku": sku,
            "qty": where["qty"],
            "doc": doc,
            "doc_line": line,
            "operator": operator,
        }
        answer = pda.post("/api/pda/pick", body, handler, **options)
    if answer["code"] not in (0, None):  # refused: the goods go back
        shift.world.add(where["location"], sku, taken)
    return answer


def issue(
    shift: Shift,
    location: str,
    sku: str,
    qty: int,
    operator: str,
    handler: dict[str, Any],
    *,
    doc: str,
    line: int = 1,
    **options: Any,
) -> dict[str, Any]:
    """An urgent issue from a face, without a reservation. The picker takes what there is, confirms what was asked."""
    with shift.pda() as pda:
        body = {"location": location, "sku": sku, "qty": qty, "doc": doc, "doc_line": line, "operator": operator}
        answer = pda.post("/api/pda/issue", body, handler, **options)
        if answer["code"] == 0:
            shift.world.take(location, sku, qty)
    return answer


def manual_order(shift: Shift, lines: list[dict[str, Any]], clerk: str = "C02", kind: str = "outbound") -> str:
    """An order entered in the WMS by a clerk, without the ERP: its number."""
    numbered = [{"line": number, **line} for number, line in enumerate(lines, 1)]
    for _ in range(3):  # without an answer the clerk enters it again
        answer = shift.screen(clerk).post("/api/screen/order/create", type=kind, lines=numbered)
        if answer["code"] == 0:
            return str(answer["data"]["wmsDoc"])
        shift.sleep(10)
    raise RuntimeError(f"order refused: {answer}")


def allocate(
    shift: Shift, doc: str, clerk: str, zone: str = "P", handler: dict[str, Any] | None = None
) -> dict[str, Any]:
    """A clerk allocates an order; the answer with `data.lines[].picks[]`."""
    answer = shift.screen(clerk).post("/api/screen/order/allocate", handler, doc=doc, zone=zone)
    if answer["code"] is None:  # no answer: the clerk clicks again
        shift.sleep(20)
        answer = shift.screen(clerk).post("/api/screen/order/allocate", handler, doc=doc, zone=zone)
    return answer


def work(shift: Shift, operator: str, clerk: str) -> None:
    """One order of one to four lines, the popular faces more often."""
    rng, faces = shift.rng, list(shift.catalogue.faces.items())
    chosen = {faces[min(int(rng.expovariate(0.25)), len(faces) - 1)] for _ in range(rng.choice((1, 1, 2, 3, 4)))}
    lines = [{"sku": sku, "qty": rng.choice((1, 2, 2, 3, 4, 6, 8))} for _, sku in sorted(chosen)]
    if rng.random() < 0.1:  # the same goods twice on one order, for two customers of one route
        lines.append(dict(lines[0]))
    if rng.random() < 0.5:
        _, doc = order(shift, "outbound", lines)
    else:
        doc = manual_order(shift, lines, clerk)
    answer = allocate(shift, doc, clerk)
    if answer["code"] != 0:
        shift.screen(clerk).post("/api/screen/order/release", doc=doc, cancel=True)
        return
    for line in answer["data"]["lines"]:
        for where in line["picks"]:
            shift.sleep(rng.uniform(5, 40))
            pick(shift, doc, line["line"], where, line["sku"], operator, how(shift))
