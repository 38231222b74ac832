"""Composed results for the renderers' tests: one traced incident, an audit with many, an empty one, a hostile one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl

from forensics.model.fault import Cause, Fault
from forensics.model.result import (
    Act,
    Balance,
    CaseResult,
    CauseVerdict,
    ClockRelation,
    Control,
    Correction,
    Coverage,
    Curve,
    Damage,
    Documents,
    Effect,
    Evidence,
    Finding,
    Gap,
    Incident,
    Link,
    Missing,
    Observed,
    ReplayRequest,
    Settled,
    Undecided,
)

T0 = datetime(2026, 3, 11, 2, 14, 0, tzinfo=UTC)
OBSERVED = datetime(2026, 3, 11, 2, 40, 0, tzinfo=UTC)
SUBJECT = {"location": "A-02-03-01", "sku": "10023", "batch": "B2503", "pallet": "TP000123"}
HOSTILE = (
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(2)>",
    "{{7*7}}${7*7}",
    "=cmd|'/c calc'!A1",
    "invoice\u202egnp.exe",
    "\x1b[31mred\x1b[0m\x00\x07",
    "--><!--<svg onload=alert(3)>",
    "x" * 1_000_000,
)


def at(seconds: float) -> datetime:
    """A moment `seconds` after the case begins."""
    return T0 + timedelta(seconds=seconds)


def evidence(n: int, role: str, seconds: float, system: str, file: str, text: str, note: str) -> Evidence:
    """One cited line."""
    return Evidence(f"5f3a9c0d1e2b7788:{n * 120}:0", role, at(seconds), system, file, 40 + n, text, note)


def catalogue() -> tuple[Fault, ...]:
    """Two fault classes."""
    return (
        Fault(
            "F-S-02-05",
            "negative-stock",
            {"zh": "库存为负", "en": "Negative stock"},
            {"zh": "系统库存小于零。", "en": "The system shows less than nothing."},
            (
                _cause("F-S-02-05.1", "oversell", "超卖", "Oversell", 0.45, ("api", "ledger")),
                _cause("F-S-02-05.2", "lost-update", "并发更新未加锁", "Lost update", 0.30, ("ledger", "change")),
                _cause(
                    "F-S-02-05.3", "duplicate-deduction", "重复扣减", "Duplicate deduction", 0.15, ("api", "ledger")
                ),
                _cause("F-S-02-05.4", "negative-opening", "期初为负", "Negative opening balance", 0.10, ("ledger",)),
            ),
            ({"zh": "列出负库存行", "en": "List negative rows"},),
            (
                {
                    "zh": "扣减接口按请求号去重，重试不得再次扣减。",
                    "en": "Deduct once per request id; a retry must not deduct again.",
                },
                {
                    "zh": "扣减语句带余额条件，余额不足即拒绝。",
                    "en": "Guard the deduction by the balance and refuse when it is too small.",
                },
            ),
        ),
        Fault(
            "F-S-02-06",
            "flapping",
            {"zh": "库存数字反复跳动", "en": "Flapping stock figures"},
            {"zh": "同一查询前后不一致。", "en": "The same query answers differently."},
            (
                _cause(
                    "F-S-02-06.1", "cache-incoherent", "缓存与数据库不一致", "Cache disagrees", 0.5, ("cache", "ledger")
                ),
            ),
            (),
            (),
        ),
    )


def _cause(id_: str, slug: str, zh: str, en: str, share: float, needs: tuple[str, ...]) -> Cause:
    return Cause(
        id_, slug, {"zh": zh, "en": en}, share, needs,
        {"zh": f"日志中出现“{zh}”特有的痕迹。", "en": f"The marks of “{en}” are in the records."},
        {"zh": "有相反的记录。", "en": "A record contradicts it."}, True,
    )  # fmt: skip


LINES = (
    evidence(1, "for", 0.0, "wms", "wms/app-2026-03-11.log", "2026-03-11 10:14:00.000 INFO [req-88f1] POST /stock/deduct doc=CK03110008 line=10 sku=10023 loc=A-02-03-01 qty=5", "request"),
    evidence(2, "for", 0.412, "db", "db/stock_ledger.csv", "884120,2026-03-11 10:14:00.412,10023,A-02-03-01,B2503,-5,5,0,CK03110008,10,req-88f1", "deduction"),
    evidence(3, "for", 3.001, "wms", "wms/app-2026-03-11.log", "2026-03-11 10:14:03.001 WARN [req-88f1] upstream timed out after 3000 ms, retry 1 of 3", "attempt without an answer"),
    evidence(4, "for", 3.377, "db", "db/stock_ledger.csv", "884133,2026-03-11 10:14:03.377,10023,A-02-03-01,B2503,-5,0,-5,CK03110008,10,req-88f1", "deducted again"),
    evidence(5, "against", 900.0, "wcs", "wcs/rcs.log", '{"ts":"2026-03-11T10:29:00+08:00","task":"T7781","evt":"PICK_DONE","pallet":"TP000123","qty":5}', "实物只出库一次"),
)  # fmt: skip


def trace() -> CaseResult:
    """One incident with everything a trace can carry."""
    finding = Finding(
        id="f1", fault="F-S-02-05", cause="F-S-02-05.3", slug="duplicate-deduction", level="high",
        subject=SUBJECT | {"doc": "CK03110008", "request_id": "req-88f1"}, started_at=at(0), ended_at=at(3.377),
        qty_error=Decimal(-5), strength=38.0,
        message={
            "zh": "出库单 CK03110008 第 10 行被扣减两次：请求 req-88f1 在超时后重试，两次都写入流水，货位 A-02-03-01 的物料 10023 由 5 变为 −5。",
            "en": "Line 10 of CK03110008 was deducted twice: request req-88f1 was retried after a timeout and both attempts reached the ledger, taking material 10023 at A-02-03-01 from 5 to −5.",
        },
        evidence=LINES,
    )  # fmt: skip
    causes = (
        CauseVerdict("F-S-02-05.3", "duplicate-deduction", 0.965, "shown", (),
                     {"zh": "同一请求号在 3.4 秒内两次扣减同一单据行，且两次之间没有冲销。", "en": "One request id deducted one document line twice within 3.4 s, with no reversal in between."}),
        CauseVerdict("F-S-02-05.1", "oversell", 0.02, "refuted", (),
                     {"zh": "两次扣减属于同一单据行，不是不同单据争用。", "en": "Both deductions belong to one document line, not to two competing documents."}),
        CauseVerdict("F-S-02-05.2", "lost-update", 0.011, "cannot-be-judged",
                     (Missing("db", "change", at(-600), at(600)),), {}),
        CauseVerdict("F-S-02-05.4", "negative-opening", 0.003, "refuted", (), {"zh": "期初结存为 12。", "en": "The opening balance was 12."}),
        CauseVerdict("none", "none-of-these", 0.001, "possible", (), {}),
    )  # fmt: skip
    incident = Incident(
        "i1", "F-S-02-05", ("f1",), SUBJECT, at(0), at(3.377), causes,
        (Correction("reverse", "10023", "A-02-03-01", "TP000123", Decimal(5),
                    "流水 884133 是同一请求的重复扣减", "B2503", {"before": Decimal(-5), "after": Decimal(0), "doc": "CK03110008"}),),
    )  # fmt: skip
    gap = Gap(at(1200), at(2400), 340.0)
    return CaseResult(
        case={"name": "2026-03 negative stock", "tool_version": "0.1.0", "created_at": at(7200)},
        window={"since": at(-7200), "until": at(7200)},
        incidents=(incident,),
        findings=(finding,),
        coverage=(
            Coverage("wms", "api", at(-7200), at(7200), 18234),
            Coverage("wms", "task", at(-7000), at(7100), 902),
            Coverage("wcs", "device", at(-7200), at(7200), 40120, (gap,)),
            Coverage("db", "ledger", at(-7200), at(7200), 5210),
        ),
        clocks=(ClockRelation("wcs", "wms", 1.84, -2.1, 0.12, 418, at(0), at(-7200), at(7200), "task pairs"),),
        custody=(
            _file("wms/app-2026-03-11.log", 48120, 47001, 1100, 3, 16),
            _file("wcs/rcs.log", 40120, 40120, 0, 0, 0),
            _file("db/stock_ledger.csv", 5212, 5210, 0, 0, 2) | {"encoding": "gb18030"},
        ),
        steps=(
            _step(1, "列出负库存行及其数值与状态", "List negative rows with value and state", "1 行：10023 / A-02-03-01，−5。", "One row: 10023 / A-02-03-01, −5.", True),
            _step(2, "查看首次变负前后的扣减", "Look at deductions around the first crossing", "3.4 秒内两次扣减，请求号相同。", "Two deductions within 3.4 s, one request id.", True),
            _step(5, "核对期初导入文件", "Compare the opening import", "没有期初导入文件，请向实施人员索取。", "No import file in the case; ask for it.", False),
        ),
    )  # fmt: skip


def _step(n: int, zh: str, en: str, rzh: str, ren: str, done: bool) -> dict[str, object]:
    return {
        "fault": "F-S-02-05",
        "step": n,
        "title": {"zh": zh, "en": en},
        "result": {"zh": rzh, "en": ren},
        "done": done,
    }


def _file(path: str, lines: int, event_lines: int, continuation: int, rejected: int, blank: int) -> dict[str, object]:
    return {
        "path": path, "member": None, "sha256": "5f3a9c0d1e2b7788" * 4, "bytes": lines * 141, "parser": path.split("/", maxsplit=1)[0] + "-app",
        "encoding": "utf-8", "lines": lines, "events": event_lines, "event_lines": event_lines, "continuation": continuation,
        "rejected": rejected, "blank": blank, "first_ts": at(-7200), "last_ts": at(7200), "status": "ok",
    }  # fmt: skip


def _act(
    who: str, ms: int, zh: str, en: str, event: str, *, before: int | None = None, after: int | None = None,
    row_before: int | None = None, fault: bool = False, unordered: bool = False,
) -> Act:  # fmt: skip
    value = None if before is None else Decimal(before)
    result = None if after is None else Decimal(after)
    return Act(
        act="read" if after is None else "wrote", lane="who", who=who, name={"zh": who, "en": who},
        text={"zh": f"{who} {zh}", "en": f"{who} {en}"}, short={"zh": zh, "en": en}, at=at(ms / 1000), precision="ms", system="wms",
        flow="read" if after is None else "write", before=value, after=result,
        row_before=None if row_before is None else Decimal(row_before), row_after=result, fault=fault, unordered=unordered, events=(event,),
    )  # fmt: skip


COURSE = (
    _act("R1", 120, "读到 100", "read 100", "e1"),
    _act("R2", 140, "读到 100", "read 100", "e2"),
    _act("R1", 200, "按读到的 100 写入 95（自己的变动 -5）", "wrote 95 from the 100 it had read (its own -5)", "e3", before=100, after=95, row_before=100),
    _act("R2", 212, "按读到的 100 写入 92（自己的变动 -8）", "wrote 92 from the 100 it had read (its own -8)", "e4", before=100, after=92, row_before=95,
         fault=True, unordered=True),
)  # fmt: skip
CONCLUSION = {"zh": "R1 的 -5 丢失：库存行应为 87。", "en": "R1's -5 is lost: the row should stand at 87."}
CURVE = Curve(
    "10023", "A-02-03-01", None, None,
    (
        Balance(at(0.2), Decimal(95), Decimal(95), Decimal(-5), "D1", "e3"),
        Balance(at(0.212), Decimal(92), Decimal(87), Decimal(-8), "D2", "e4"),
    ),
)  # fmt: skip


def with_course() -> CaseResult:
    """The trace with a course, a damage and a balance as it would have been."""
    base = trace()
    events = tuple(replace(act, events=(LINES[n].event_id,)) for n, act in enumerate(COURSE))
    finding = replace(base.findings[0], course=events, conclusion=CONCLUSION)
    harm = Damage(
        True, Decimal(5), T0, None, Documents(("D3", "D4"), 9), Documents(), Documents(("D5",), 1), at_least=True
    )
    return replace(base, findings=(finding,), incidents=(replace(base.incidents[0], damage=harm, balance=(CURVE,)),))


def audit(incidents: int = 12) -> CaseResult:
    """Many incidents, an undecided difference, controls."""
    base = trace()
    first, finding = base.incidents[0], base.findings[0]
    levels = ("critical", "high", "medium", "low", "info")
    findings, told = [], []
    for n in range(incidents):
        moved = tuple(
            replace(e, event_id=f"aa:{n}:{k}", ts=e.ts + timedelta(minutes=7 * n)) for k, e in enumerate(LINES) if e.ts
        )
        findings.append(replace(
            finding, id=f"f{n}", level=levels[n % 5], evidence=moved, qty_error=Decimal(-n),
            started_at=at(420 * n), ended_at=at(420 * n + 4), subject=SUBJECT | {"location": f"A-02-{n:02d}-01"},
        ))  # fmt: skip
        told.append(replace(
            first, id=f"i{n}", findings=(f"f{n}",), subject=SUBJECT | {"location": f"A-02-{n:02d}-01"}, started_at=at(420 * n), ended_at=at(420 * n + 4),
        ))  # fmt: skip
    open_ = Undecided(
        {"location": "B-01-01-02", "sku": "20077"}, at(60), Decimal(3),
        (CauseVerdict("F-S-02-05.1", "oversell", 0.45, "cannot-be-judged", (Missing("wms", "api", at(0), at(600)),)),),
        (Missing("wms", "api", at(0), at(600)), Missing(None, "count")),
    )  # fmt: skip
    controls = (
        Control(
            "interface-failure-rate", 7.3, 5.0, False,
            ({"at": at(0), "endpoint": "/stock/deduct", "failures": 73, "calls": 1000, "operator": "陈晨"},),
            number=9, title={"zh": "接口失败率", "en": "Interface failure rate"}, about={"zh": "超时", "en": "Time-outs"}, unit={"zh": "%", "en": "%"},
            words={"failures": {"zh": "失败", "en": "failures"}}, of=2000, total=31,
            trend=({"day": "2026-03-10", "figure": 1.5}, {"day": "2026-03-11", "figure": 7.3}, {"day": "2026-03-13", "figure": 0.0}),
        ),
        Control("negative-openings", 0.0, 0.0, True, title={"zh": "期初余额为负", "en": "Negative openings"}, unit={"zh": "处", "en": "rows"}, of=12),
        Control("replica-lag", None, 1.0, None, title={"zh": "从库延迟", "en": "Replica lag"}, missing={"zh": "延迟采样", "en": "samples of lag"}),
    )  # fmt: skip
    return replace(base, incidents=tuple(told), findings=tuple(findings), undecided=(open_,), controls=controls)


def chained() -> CaseResult:
    """A timed-out callback that led to a second deduction, which led to an order refused; and a count it is only related to."""
    base = trace()
    first, finding = base.incidents[0], base.findings[0]
    told = (
        ("F-S-02-02.2", "callback-timeout", -300, "回调超时，未收到回复", "The callback timed out without an answer"),
        ("F-S-02-05.3", "duplicate-deduction", 0, "同一请求扣了两次", "One request was deducted twice"),
        ("F-S-02-03.1", "locked-stock", 900, "CK2 被告知库存不足", "CK2 was refused"),
        ("F-S-02-04.5", "count-not-synced", 960, "盘点只在一边", "A count on one side only"),
    )
    findings, incidents, links = [], [], []
    for n, (cause, slug, seconds, zh, en) in enumerate(told):
        fault = cause.rpartition(".")[0]
        lines = tuple(replace(e, event_id=f"ch:{n}:{k}") for k, e in enumerate(LINES))
        findings.append(replace(
            finding, id=f"f{n}", fault=fault, cause=cause, slug=slug, started_at=at(seconds), ended_at=at(seconds + 1),
            message={"zh": zh, "en": en}, evidence=lines,
        ))  # fmt: skip
        verdict = replace(first.causes[0], cause=cause, slug=slug)
        incidents.append(replace(
            first, id=f"i{n}", fault=fault, findings=(f"f{n}",), causes=(verdict,), started_at=at(seconds), ended_at=at(seconds + 1),
            follows="i0" if n in (1, 2) else None,
        ))  # fmt: skip
        links.append(Link(
            f"f{n}", f"i{n}", cause, slug, at(seconds), ("root", "led-to", "led-to", "related")[n],
            f"f{n - 1}" if n else None, {"request_id": "req-88f1"} if n else {}, {"zh": "超时后重试", "en": "It was tried again"} if n else {},
        ))  # fmt: skip
    incidents[0] = replace(incidents[0], chain=tuple(links))
    return replace(base, incidents=tuple(incidents), findings=tuple(findings))


def seen() -> CaseResult:
    """A place that somebody saw, which no check explains."""
    base = nothing()
    row = {
        "record": "stock",
        "pallet": "TP1",
        "location": "A-01",
        "sku": "S",
        "batch": None,
        "qty": Decimal(60),
        "since": at(0),
    }
    witness = {
        "pallet": "TP1", "location": "A-01", "last_location": "A-01", "state": "missing", "seen_at": at(-60), "since": at(-60),
        "system": "wcs", "file": "wcs/rcs.log", "line": 7,
    }  # fmt: skip
    open_ = Undecided(
        {"location": "A-01"}, OBSERVED, Decimal(0),
        (
            CauseVerdict("F-S-02-05.1", "oversell", 0.6, "cannot-be-judged", (Missing("wms", "api", at(0), at(600)),)),
            CauseVerdict("none", "none-of-these", 0.4, "possible"),
        ),
        (Missing("wms", "api", at(0), at(600), 0.8),),
    )  # fmt: skip
    state = Observed(OBSERVED, "F-S-02-05", {"location": "A-01"}, (row,), (witness,), ({"since": at(-60)},), witness)
    return replace(base, undecided=(open_,), observed=state)


def nothing() -> CaseResult:
    """A case in which no fault was found."""
    base = trace()
    return replace(base, incidents=(), findings=(), steps=())


EFFECT = Effect("stock", "10023", None, "A-02-03-01", None, None, Decimal(-5), Decimal(0))


def hostile() -> CaseResult:
    """The trace with hostile text wherever a log or a file name can put it."""
    base = trace()
    lines = tuple(
        replace(LINES[0], event_id=f"hh:{n}:0", text=text, file=text[:300], note=text[:300], line=n)
        for n, text in enumerate(HOSTILE)
    )
    subject = {"pallet": HOSTILE[0], "location": list(HOSTILE[1:6]), "sku": HOSTILE[4]}
    joined = " ".join(HOSTILE[:7])
    finding = replace(base.findings[0], evidence=lines, subject=subject, message={"zh": joined, "en": joined})
    posting = replace(
        base.incidents[0].correction[0], action=HOSTILE[0], sku=HOSTILE[3], because=joined, details={HOSTILE[0]: joined},
        reason={"zh": joined, "en": joined}, step=1, risk={"level": HOSTILE[0], "zh": joined, "en": joined},
        effect=(EFFECT, replace(EFFECT, location=HOSTILE[0], pallet=HOSTILE[1], sku=HOSTILE[2])),
        replay=(
            ReplayRequest(
                method=HOSTILE[0], url=HOSTILE[1], receiver=HOSTILE[2], headers={HOSTILE[0]: joined}, body=joined, request_id=HOSTILE[3],
                attempts=({"at": T0, "ended_at": None, "outcome": HOSTILE[0], "status_code": HOSTILE[1], "error": joined, "attempt": 1},),
                failed=1, committed_by=(), recognises_repeats="unknown", safe="check-first", because={"zh": joined, "en": joined},
                event_id="hh:0:0", file=HOSTILE[1], line=1,
            ),
        ),
    )  # fmt: skip
    settled = Settled("f", HOSTILE[0], Decimal(5), T0, ("hh:0:0",), {"zh": joined, "en": joined})
    incident = replace(base.incidents[0], subject=subject, correction=(posting,), settled=(settled,))
    custody = (
        {**base.custody[0], "path": HOSTILE[1], "member": HOSTILE[0], "parser": HOSTILE[2], "encoding": HOSTILE[5]},
    )
    steps = tuple(
        {**s, "title": {"zh": joined, "en": joined}, "result": {"zh": joined, "en": joined}} for s in base.steps
    )
    return replace(
        base,
        case={"name": joined, "tool_version": HOSTILE[0]},
        incidents=(incident,),
        findings=(finding,),
        custody=custody,
        steps=steps,
    )


KINDS = (
    ("wms", "api"),
    ("wms", "task"),
    ("wcs", "device"),
    ("scanner", "scan"),
    ("db", "ledger"),
    ("erp", "document"),
    ("cache", "cache"),
)


def events(n: int = 400, text: str | None = None) -> pl.DataFrame:
    """`n` background events of seven kinds over four hours, and the cited ones."""
    rows = []
    for i in range(n):
        system, kind = KINDS[(i * 31 + i // 7) % len(KINDS)]
        ts = at(-7200 + 14400 * i / n + (i * 7919 % 1000) / 1000)
        task = f"T{7000 + i % 300}"
        fails = i % 41 == 0
        rows.append({
            "event_id": f"bg{i % 5}:{i * 131}:0", "file": f"{system}/{kind}-2026-03-11.log", "source": f"bg{i % 5}", "line": i + 1, "byte_offset": i * 131,
            "part": 0, "ts": ts, "ts_precision": "ms", "kind": kind, "system": system,
            "action": {"api": "deduct", "task": "start", "device": "pick_done", "scan": "pick", "cache": "get"}.get(kind),
            "state": {"api": "CALL", "task": "STARTED"}.get(kind), "outcome": ("timeout" if fails else "ok") if kind == "api" else None,
            "doc_type": "outbound" if kind in ("task", "ledger") else None, "pallet": f"TP{i % 900:06d}", "location": f"A-{i % 20:02d}-03-01",
            "sku": f"{10000 + i % 60}", "batch": "B2503", "task": task if kind == "task" else None,
            "doc": f"CK0311{i % 1000:04d}" if kind in ("ledger", "document", "api") else None, "qty": f"{-(i % 9) - 1}" if kind == "ledger" else None,
            "request_id": f"req-{i * 7919 % 65536:04x}" if kind == "api" else None, "host": f"10.20.0.{i % 16}",
            "raw": text or f"{ts:%Y-%m-%d %H:%M:%S.%f} INFO [{system}-{i % 12}] {kind} task={task} pallet=TP{i % 900:06d} sku={10000 + i % 60} seq={i * 7919 % 104729} took={i * 31 % 977} ms",
        })  # fmt: skip
    schema = {
        "ts": pl.Datetime("us", "UTC"),
        "qty": pl.String(),
        "outcome": pl.String(),
        "task": pl.String(),
        "doc": pl.String(),
        "state": pl.String(),
        "action": pl.String(),
        "doc_type": pl.String(),
        "request_id": pl.String(),
    }
    frame = (
        pl.DataFrame(rows, schema_overrides=schema)
        if rows
        else pl.DataFrame(schema={"event_id": pl.String(), "file": pl.String(), "raw": pl.String(), **schema})
    )
    return frame.with_columns(pl.col("qty").cast(pl.Decimal(18, 6)))


def balance() -> pl.DataFrame:
    """Two balances, one of which goes below zero; the physical count of one is known."""
    rows = []
    for name, start, step in (("10023", 12, -1), ("20077", 40, 1)):
        value = start
        for i in range(24):
            delta = -5 if i in (11, 12) and name == "10023" else step if i % 3 else -step
            value += delta
            rows.append({"ts": at(-3600 + i * 300), "sku": name, "location": "A-02-03-01", "balance": value, "delta": delta,
                         "event_id": f"bal:{i}:0", "physical": max(value, 0) if name == "10023" and i % 6 == 0 else None})  # fmt: skip
    return pl.DataFrame(rows).with_columns(
        pl.col("balance", "delta").cast(pl.Decimal(18, 6)), pl.col("ts").dt.cast_time_unit("us")
    )
