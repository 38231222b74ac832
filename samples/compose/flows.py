"""The warehouse's processes as its systems see them: every step leaves the records that the real step would leave.

Hosts and clocks: the WMS host is true time; the gateway is 0.4 s behind and loses 15 ppm more; the WCS host, which
runs the robots and the shuttle, is 95 s ahead. Offsets are applied when the files are written (`shapes.py`).
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from world import MATERIALS, Material, Pallet, Process, World

OPERATORS = ("赵敏", "孙立", "周涛", "吴倩", "郑凯", "冯雪")
HANDHELDS = tuple(f"PDA-{n:02d}" for n in range(1, 7))
CLERKS = ("何静", "吕波")  # WMS desk
OK = {"code": "0", "message": "成功"}


def dumps(value: Any) -> str:
    """JSON as the Java services write it: compact, Chinese as is."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def stamp(at: datetime) -> str:
    """Seconds, as most of these systems print them."""
    return at.strftime("%Y-%m-%d %H:%M:%S")


class Task:
    """A transport task: its number, goods, route, document and robot."""

    def __init__(self, w: World, kind: str, pallet: Pallet, source: str, target: str, doc: str, line: str) -> None:
        self.w, self.kind, self.pallet, self.source, self.target = w, kind, pallet, source, target
        self.doc, self.line = doc, line
        self.code = w.number("RW260311", 5)
        self.robot = f"80{w.rng.randrange(1, 13):02d}"
        self.shuttle = target.startswith("B-") or source.startswith("B-")
        self.own_ids: dict[str, str] = {}

    def state(self, word: str, origin: str, who: str, note: str = "", after_ms: float = 0.0) -> None:
        """A row of the WMS task log: the task's state changed, and who did it."""
        p = self.pallet
        self.w.record(
            "task",
            (self.code, self.kind, word, p.code, self.source, self.target, p.material.code, p.batch, p.qty, self.doc,
             origin, who, note),
            after_ms,
        )  # fmt: skip

    def dispatch(self) -> None:
        """The WMS creates the task and hands it to the robots' control system."""
        w, p = self.w, self.pallet
        self.state("已创建", "系统", "system")
        request = w.number("W260311", 6)
        took = w.uniform(35, 140)
        body: dict[str, Any] = {
            "reqCode": request, "reqTime": stamp(w.now), "clientCode": "WMS", "taskTyp": "F01", "podCode": p.code,
            "positionCodePath": [{"positionCode": self.source, "type": "00"}, {"positionCode": self.target, "type": "00"}],
            "priority": "1", "taskCode": self.code,
        }  # fmt: skip
        if self.shuttle:
            body = {
                "data": [{
                    "BILLNO": self.doc, "SEQNO": int(self.line or 0), "CONTAINERCODE": p.code, "AGVLOC": self.source,
                    "TASKTYPE": "2", "TASKID": self.code, "ITEMID": p.material.code, "LOTID": p.batch,
                    "CONSIGNOR": "001", "QTY": p.qty, "KB": 0, "CENG": self.target[-1], "TARGETLOC": self.target,
                    "SPMCH": p.material.name, "LOT": p.batch, "IsChecked": 1,
                }],
                "size": 1, "MessageID": request,
            }  # fmt: skip
            w.record("eis-in", (f"WMS->EIS{self.kind}请求", dumps(body)), 8)
            w.record("eis-in", (f"WMS->EIS{self.kind}返回JsonResult{{code='0', message='success'}}", ""), took - 6)
            api(
                w,
                "IWCS",
                "eisTask",
                "下发立库任务",
                request,
                body,
                {"code": "0", "message": "success"},
                took,
                "10.20.1.31",
                5,
            )
        else:
            answer = {**OK, "reqCode": request, "data": self.code}
            api(w, "IWCS", "genAgvSchedulingTask", "生成任务单", request, body, answer, took, "10.20.1.20", 5)
            wcs(w, "INFO", "task.TaskReceiver", 66, f"收到任务单 {dumps(body)}", 20)
            row = ("WMS", "RCS", "genAgvSchedulingTask", request, self.code, dumps(body), 200, took - 18, dumps(answer))
            w.record("rcs-served", row, 9)
        self.state("已下发", "系统", "system", after_ms=took + 12)

    def notify_body(self, method: str, position: str, request: str) -> dict[str, Any]:
        """The message by which the control system tells what the vehicle did."""
        return {
            "reqCode": request, "reqTime": "@", "cooX": f"{self.w.rng.randrange(10000, 99000)}.0",
            "cooY": f"{self.w.rng.randrange(10000, 60000)}.0", "currentPositionCode": position, "data": "",
            "mapCode": "AB", "method": method, "podCode": self.pallet.code, "podDir": "0", "robotCode": self.robot,
            "taskCode": self.code, "wbCode": "",
        }  # fmt: skip

    def signal(self, method: str, position: str, request: str | None = None, *, log: bool = True) -> str:
        """The vehicle did something: records on the control system's side. Returns the request's id."""
        w = self.w
        request = request or f"R{w.rng.getrandbits(40):010X}"
        body = self.notify_body(method, position, request)
        if self.shuttle:
            w.record("eis-rcs", ("RCS-> EIS[agvCallback]請求", dumps(body), request))
            w.record(
                "eis-rcs", (f"RCS-> EIS[agvCallback]返回{request} json:", dumps({**OK, "reqCode": request}), ""), 9
            )
        else:
            w.record("rcs", body)
        words = {"start": "的搬运任务开始", "outbin": "已走出储位", "end": "已结束", "cancel": "已取消"}
        if log and not self.shuttle:
            wcs(w, "INFO", "task.AgvCallbackServiceImpl", 118, f"任务{self.code}{words[method]}", 2)
        return request

    def report(
        self,
        method: str,
        position: str,
        request: str,
        how: str = "ok",
        answer: dict[str, Any] | None = None,
        took: float = 0.0,
    ) -> str:
        """One attempt to tell the WMS over the gateway.

        Args:
            method: what is told: start, outbin, end or cancel.
            position: where the vehicle was.
            request: the request's id; a resend uses the same one.
            how: `ok`, `504` (gateway gave up, WMS never answered), `499` (caller gave up), `500` (WMS failed), `502`.
            answer: what the WMS answered, by default success.
            took: milliseconds; by default what is usual.

        Returns:
            The id under which the WMS got it: the shuttle's system passes signals on under ids of its own.
        """
        w = self.w
        if self.shuttle:
            request = self.own_ids.get(request) or self.own_ids.setdefault(request, w.number("E260311", 6))
        path = "/eis/taskReport" if self.shuttle else "/iwcs/taskNotify"
        source, address = ("EIS", "10.20.1.31") if self.shuttle else ("HIK", "10.20.1.20")
        body = {**self.notify_body(method, position, request), "reqTime": "@"}
        took = took or w.uniform(14, 70)
        reply = answer or {**OK, "reqCode": request}
        status = {"ok": 200, "504": 504, "499": 499, "500": 500, "502": 502}[how]
        gateway(w, "POST", path, status, took + 6, request, body, address)
        if how in ("ok", "500"):
            api(
                w,
                source,
                path,
                "小车移动的回调接口" if source == "HIK" else "立库任务回报",
                request,
                body,
                reply,
                took,
                address,
                4,
            )
        elif how == "504":  # the application took the call and hung: its row has no answer
            api(w, source, path, "小车移动的回调接口", request, body, None, took, address, 4)
        if self.shuttle:
            if how != "ok":
                w.record(
                    "eis-err",
                    ("入库回告异常，错误信息：", f"java.net.SocketTimeoutException: Read timed out, url=http://10.20.1.10{path}, params={dumps({'taskId': self.code, 'status': 2, 'type': 1, 'containerNo': self.pallet.code, 'reqCode': request})}"),
                    took,
                )  # fmt: skip
        elif how == "ok":
            text = f"回调WMS成功 reqCode={request} 耗时{took:.0f}ms 返回{dumps(reply)}"
            wcs(w, "DEBUG", "http.WmsClient", 71, text, took + 8)
        elif how == "500":
            wcs(
                w,
                "ERROR",
                "http.WmsClient",
                84,
                f"回调WMS失败 reqCode={request} 任务{self.code} HTTP 500 返回{dumps(reply)}",
                took + 8,
            )
        else:
            trace = (
                f"回调WMS超时 reqCode={request} 任务{self.code} url=http://10.20.1.10{path}\n"
                "java.net.SocketTimeoutException: Read timed out\n"
                "\tat java.net.SocketInputStream.socketRead0(Native Method)\n"
                "\tat java.net.SocketInputStream.read(SocketInputStream.java:171)\n"
                "\tat org.apache.http.impl.io.SessionInputBufferImpl.streamRead(SessionInputBufferImpl.java:137)\n"
                "\tat com.lanwu.wcs.http.WmsClient.post(WmsClient.java:78)\n"
                "\t... 14 common frames omitted"
            )
            wcs(w, "ERROR", "http.WmsClient", 88, trace, took + 8)
        return request

    def tell(self, method: str, position: str) -> None:
        """The vehicle did something and the WMS was told at the first attempt."""
        self.report(method, position, self.signal(method, position))


def api(
    w: World, client: str, code: str, name: str, request: str, body: dict[str, Any], answer: dict[str, Any] | None,
    took: float, address: str, after_ms: float,
) -> None:  # fmt: skip
    """A row of the WMS interface log; `answer` None is a call that never got one."""
    row = (client, code, name, took, dumps(body), "" if answer is None else dumps(answer), address, request)
    w.record("api", row, after_ms)


def gateway(
    w: World, verb: str, path: str, status: int, took: float, request: str, body: dict[str, Any], address: str,
    upstream: str = "", upstream_took: str = "",
) -> None:  # fmt: skip
    """A line of the gateway's access log; nginx writes it when the call ends."""
    row = (verb, path, status, took, request, dumps(body), address, upstream or str(status), upstream_took)
    w.record("nginx", row, took)


def wcs(w: World, level: str, logger: str, line: int, text: str, after_ms: float = 0.0) -> None:
    """A record of the control system's text log."""
    w.record("wcs", (level, logger, line, text), after_ms)


def scan(
    w: World,
    step: str,
    barcode: str,
    expected: str = "",
    *,
    who: int = 0,
    task: str = "",
    location: str = "",
    ok: bool = True,
) -> None:
    """A row of the handhelds' scan log."""
    row = (HANDHELDS[who % 6], OPERATORS[who % 6], step, barcode, expected, task, location, "成功" if ok else "失败")
    w.record("scan", row)


def order(w: World, kind: str, doc: str, line: str, material: Material, batch: str, qty: int, state: str) -> None:
    """A line of a document."""
    w.record("orders", (doc, line, kind, material.code, batch, qty, "箱", state))


def reserve(
    w: World, action: str, pallet: Pallet, qty: int, doc: str, line: str, who: str = "system", after_ms: float = 0.0
) -> None:
    """A row of the reservation log: LOCK, CONSUME or RELEASE."""
    row = (pallet.material.code, pallet.batch, pallet.location or "", pallet.code, qty, doc, line, action, who)
    w.record("reservation", row, after_ms)


def new_pallet(w: World, material: Material | None = None) -> Pallet:
    """Goods arrive and are put on an empty pallet."""
    goods = material or w.rng.choice(MATERIALS)
    batch = f"B26{w.rng.randrange(1, 3):02d}{w.rng.randrange(1, 28):02d}"
    pallet = Pallet(w.number("TP", 6, start=100412), goods, batch, goods.per_pallet, busy=True)
    w.pallets[pallet.code] = pallet
    return pallet


def receive(w: World, zone: str, pallet: Pallet | None = None) -> tuple[Task, Process]:
    """Receiving: bind goods to a pallet, then a put-away task. Returns the task and the process up to its dispatch."""
    pallet = pallet or new_pallet(w)
    doc, line = w.number("RK0311"), "1"
    task = Task(
        w, "入库", pallet, w.rng.choice(("IN-01", "IN-02")) if zone == "A" else "IN-03", w.take_slot(zone), doc, line
    )
    who = w.rng.randrange(6)

    def process() -> Process:
        order(w, "入库", doc, line, pallet.material, pallet.batch, pallet.qty, "执行中")
        scan(w, "组盘", pallet.code, pallet.code, who=who, location=task.source)
        yield w.uniform(3, 9)
        scan(w, "组盘", pallet.material.code, pallet.material.code, who=who, location=task.source)
        w.record("binding", (pallet.code, pallet.material.code, pallet.batch, pallet.qty, "绑定", OPERATORS[who]), 600)
        yield w.uniform(30, 120)
        task.dispatch()
        yield w.uniform(8, 45)
        task.tell("start", task.source)
        task.state("执行中", "WCS", "WCS", after_ms=30)
        yield w.uniform(12, 40)
        task.tell("outbin", task.source)
        yield w.uniform(70, 220)

    return task, process()


def store(
    task: Task, origin: str = "WCS", who: str = "WCS", note: str = "", after_ms: float = 25.0, request: str = ""
) -> None:
    """The WMS completes an inbound task and books the goods at its target."""
    task.state("已完成", origin, who, note, after_ms)
    task.pallet.location = task.target
    task.pallet.busy = False
    task.w.post(
        task.pallet, task.target, task.pallet.qty, "入库", doc=task.doc, line=task.line, task=task.code,
        request=request, operator=who, after_ms=after_ms,
    )  # fmt: skip


def inbound(w: World, zone: str) -> Process:
    """A put-away as it should be."""
    task, approach = receive(w, zone)
    yield from approach
    request = task.report("end", task.target, task.signal("end", task.target))
    store(task, request=request)


def retrieve(w: World, zone: str, pallet: Pallet | None = None) -> tuple[Task, Process]:
    """An order takes a whole pallet: reservation, task, and the process until the pallet has left its slot."""
    pallet = pallet or w.stored(zone)
    assert pallet.location is not None
    doc, line = w.number("CK0311"), "1"
    task = Task(w, "出库", pallet, pallet.location, w.rng.choice(("OUT-01", "OUT-02", "OUT-03")), doc, line)

    def process() -> Process:
        order(w, "出库", doc, line, pallet.material, pallet.batch, pallet.qty, "已下达")
        reserve(w, "LOCK", pallet, pallet.qty, doc, line, after_ms=40)
        yield w.uniform(20, 200)
        task.dispatch()
        yield w.uniform(8, 45)
        task.tell("start", task.source)
        task.state("执行中", "WCS", "WCS", after_ms=30)
        yield w.uniform(20, 70)
        task.tell("outbin", task.source)

    return task, process()


def ship(task: Task, request: str = "") -> None:
    """The WMS completes an outbound task: reservation consumed, goods deducted."""
    w, pallet = task.w, task.pallet
    assert pallet.location is not None
    task.state("已完成", "WCS", "WCS", after_ms=25)
    reserve(w, "CONSUME", pallet, pallet.qty, task.doc, task.line, "WCS", after_ms=26)
    w.post(
        pallet, pallet.location, -pallet.qty, "出库", doc=task.doc, line=task.line, task=task.code,
        request=request, operator="WCS", after_ms=26,
    )  # fmt: skip
    w.free.append(pallet.location)
    pallet.location = None


def load(w: World, task: Task) -> Process:
    """The dock crew scans the pallet into the truck."""
    yield w.uniform(240, 1100)
    scan(w, "装车", task.pallet.code, task.pallet.code, who=w.rng.randrange(6), task=task.code, location=task.target)


def outbound(w: World, zone: str) -> Process:
    """A retrieval as it should be."""
    task, approach = retrieve(w, zone)
    yield from approach
    yield w.uniform(70, 220)
    request = task.report("end", task.target, task.signal("end", task.target))
    ship(task, request)
    yield from load(w, task)


def replenish(w: World, pallet: Pallet, face: str) -> Process:
    """A pallet refills a pick face: off its slot, onto the face, the pallet's code released."""
    assert pallet.location is not None
    task = Task(w, "移库", pallet, pallet.location, face, w.number("YK0311"), "1")
    task.dispatch()
    yield w.uniform(8, 40)
    task.tell("start", task.source)
    task.state("执行中", "WCS", "WCS", after_ms=30)
    yield w.uniform(15, 50)
    task.tell("outbin", task.source)
    yield w.uniform(60, 160)
    request = task.signal("end", face)
    task.report("end", face, request)
    finish_move(task, request)


def finish_move(task: Task, request: str, seen: int | None = None) -> tuple[int, int]:
    """The WMS books a replenishment: two rows of one document. Returns the face's balance before and after."""
    w, pallet = task.w, task.pallet
    task.state("已完成", "WCS", "WCS", after_ms=25)
    about: dict[str, Any] = {
        "doc": task.doc,
        "line": task.line,
        "task": task.code,
        "request": request,
        "operator": "WCS",
    }
    w.post(pallet, task.source, -pallet.qty, "移库出", after_ms=26, **about)
    balance = w.post(None, task.target, pallet.qty, "移库入", material=pallet.material, after_ms=27, seen=seen, **about)
    w.record("binding", (pallet.code, pallet.material.code, pallet.batch, pallet.qty, "解绑", "system"), 40)
    w.free.append(task.source)
    pallet.location = None
    return balance


class Pick:
    """A pick from a face by handheld: one order line, its wave task, who does it."""

    def __init__(
        self, w: World, face: str, material: Material, qty: int, doc: str = "", line: str = "1", of: int = 0
    ) -> None:
        self.w, self.face, self.material, self.qty = w, face, material, qty
        self.doc = doc or w.number("CK0311")
        self.line = line
        self.task = w.number("JH260311", 5)
        self.who = w.rng.randrange(6)
        if of >= 0:
            order(w, "出库", self.doc, line, material, "", of or qty, "已下达")

    def scans(self) -> Process:
        """The picker scans the face and the goods."""
        w = self.w
        yield w.uniform(2, 20)
        scan(w, "拣货", self.face, self.face, who=self.who, task=self.task, location=self.face)
        yield w.uniform(2, 8)
        scan(w, "拣货", self.material.code, self.material.code, who=self.who, task=self.task, location=self.face)
        yield w.uniform(4, 20)

    def new_request(self) -> str:
        """The id that the handheld gives to one press of the button."""
        return self.w.number(f"{HANDHELDS[self.who]}-260311-", 5)

    def body(self, request: str) -> dict[str, Any]:
        """What the handheld sends."""
        return {
            "reqCode": request, "orderNo": self.doc, "lineNo": self.line, "taskNo": self.task,
            "skuCode": self.material.code, "locCode": self.face, "qty": self.qty, "operator": OPERATORS[self.who],
        }  # fmt: skip

    def call(
        self, request: str, how: str = "ok", took: float = 0.0, answer: dict[str, Any] | None = None, answered: bool = True,
        upstream: str = "", upstream_took: str = "", app_took: float = 0.0,
    ) -> None:  # fmt: skip
        """One attempt at the confirm call, as gateway and application log it."""
        w = self.w
        took = took or w.uniform(18, 95)
        status = 200 if how == "ok" else int(how)
        gateway(
            w, "POST", "/api/pda/outbound/confirm", status, took + 5, request, self.body(request),
            f"10.20.3.{10 + self.who}", upstream, upstream_took,
        )  # fmt: skip
        if how != "502":
            self.row(request, app_took or took, (answer or {**OK, "reqCode": request}) if answered else None)

    def row(self, request: str, took: float, answer: dict[str, Any] | None, after_ms: float = 3.0) -> None:
        """The application's own record of an attempt."""
        api(
            self.w,
            "PDA",
            "outBound",
            "出库确认",
            request,
            self.body(request),
            answer,
            took,
            f"10.20.3.{10 + self.who}",
            after_ms,
        )

    def deduct(self, request: str, seen: int | None = None, after_ms: float = 12.0) -> tuple[int, int]:
        """The ledger row of the confirm."""
        return self.w.post(
            None, self.face, -self.qty, "出库", material=self.material, doc=self.doc, line=self.line, task=self.task,
            request=request, operator=OPERATORS[self.who], seen=seen, after_ms=after_ms,
        )  # fmt: skip


def pick(w: World, face: str, material: Material, qty: int, slow: float = 0.0) -> Process:
    """A pick as it should be."""
    if w.book.get((material.code, face, ""), 0) < qty:
        return
    p = Pick(w, face, material, qty)
    yield from p.scans()
    request = p.new_request()
    p.call(request, took=slow)
    p.deduct(request)
