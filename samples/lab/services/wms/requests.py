"""How the WMS takes a request: what it logs of it, how it answers refusals and failures, and how it recognises repeats."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pymysql
from flask import Response, g, request

from lab.services.database import Row, Transaction, is_lock_wait_timeout
from lab.services.web import How, Refusal, answer, compact, success
from lab.services.wms.core import primary, service
from lab.services.wms.stock import ATTEMPTS, Conflict


class Repeat(Exception):
    """The request id was answered before."""


def endpoint(
    path: str, caller: str, *, methods: tuple[str, ...] = ("POST",), logged: bool = True
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a handler `f(body, how) -> data`; its answer, log line and interface-log row are made here."""

    def register(handle: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(handle)
        def view() -> Response:
            began, stamp = service.now, service.stamp()
            body = request.get_json(silent=True) if request.method == "POST" else request.args.to_dict()
            body, how = body or {}, How.of_request()
            g.request_id = request.headers.get("X-Request-Id") or body.get("reqCode")
            status, outcome, error = 200, "ok", None
            try:
                result = success(**(_with_retries(handle, body, how) or {}))
            except Repeat:
                result, outcome = success("重复请求,已处理"), "duplicate"
            except Refusal as refusal:
                result, outcome, error = (
                    {"code": refusal.code, "msg": str(refusal), "data": refusal.data},
                    "fail",
                    str(refusal),
                )
            except pymysql.err.Error as failure:
                status, outcome, error = 500, "fail", f"{type(failure).__name__}: {failure.args[-1]}"
                result = {
                    "code": 500,
                    "msg": "系统繁忙,请稍后重试" if is_lock_wait_timeout(failure) else "系统异常",
                    "data": {},
                }
            except Exception as failure:  # noqa: BLE001  a bug of a handler is answered and logged like any other failure
                service.log.exception("%s %s", path, g.request_id)
                status, outcome, error = 500, "fail", f"{type(failure).__name__}: {failure}"
                result = {"code": 500, "msg": "系统异常", "data": {}}
            took = round((service.now - began) * 1000)
            (service.log.info if outcome != "fail" else service.log.warning)(
                "%s reqId=%s body=%s -> %s %s (%d ms)", path, g.request_id, compact(body), status, compact(result), took
            )
            if logged:
                primary.single().insert(
                    "interface_log", ts=stamp, direction="in", caller=request.headers.get("X-Client", caller), callee="WMS", endpoint=path, request_id=g.request_id,
                    request_body=compact(body), response_body=compact(result), status_code=status, outcome=outcome, duration_ms=took,
                    attempt=int(request.headers.get("X-Attempt", 1)), error=error and error[:300], operator=body.get("operator"),
                )  # fmt: skip
            return answer(result, status)

        service.app.add_url_rule(path, path, view, methods=list(methods))
        return handle

    return register


def _with_retries(handle: Callable[..., Any], body: Row, how: How) -> Any:
    for _ in range(ATTEMPTS):
        try:
            return handle(body, how)
        except Conflict:
            continue
    raise Refusal(5009, "并发冲突,请重试")


def once(tx: Transaction, how: How) -> None:
    """Claim the request id inside the transaction; a second claimant waits for the first, then is a `Repeat`."""
    if not how.idempotent or not g.request_id:
        return
    try:
        tx.insert("idempotency", request_key=g.request_id, endpoint=request.path, created_at=service.stamp())
    except pymysql.err.IntegrityError:
        service.journal.write("repeat", request_id=g.request_id, intent=how.intent, endpoint=request.path)
        raise Repeat from None


def operation(body: Row, menu: str, action: str, outcome: str = "ok", **subject: Any) -> None:
    """Note a click in the operations log."""
    primary.single().insert(
        "oper_log", ts=service.stamp(), operator=body.get("operator") or "-", terminal=body.get("terminal"), menu=menu, action=action, outcome=outcome,
        params=compact(body), request_id=g.request_id, **{name: body.get(name) for name in ("task", "doc", "pallet", "location", "sku")} | subject,
    )  # fmt: skip
    service.journal.write("click", action=action, menu=menu, outcome=outcome, body=body)
