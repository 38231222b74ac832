"""What the verdict says, in both languages."""

from __future__ import annotations

from typing import Final

from forensics.model.fault import Text

NOT_CHECKED: Final[Text] = {
    "zh": "尚无针对该原因的检查，按以往占比保留。",
    "en": "No check for this cause exists yet; it keeps its usual share.",
}
CONSEQUENCE: Final[Text] = {
    "zh": "有 {n} 条相符的发现，但都是同一事件的后果。",
    "en": "{n} matching findings, all of them consequences of the same event.",
}
FOUND: Final[Text] = {
    "zh": "{n} 条发现支持，证据强度 {strength}（似然比）。{message}",
    "en": "Supported by {n} findings; strength of the evidence {strength} (likelihood ratio). {message}",
}
FOUND_ONE: Final[Text] = {
    "zh": "1 条发现支持，证据强度 {strength}（似然比）。{message}",
    "en": "Supported by 1 finding; strength of the evidence {strength} (likelihood ratio). {message}",
}
SEEN_UNPROVEN: Final[Text] = {
    "zh": "迹象相符，但现有日志不足以证明。{message}",
    "en": "The signs agree with it, but the logs at hand do not prove it. {message}",
}
NOTHING_FOUND: Final[Text] = {
    "zh": "所需日志（{needs}）在该时段完整，检查未发现其特征。",
    "en": "The logs it needs ({needs}) are complete for this time, and its signature is not in them.",
}
PARTLY: Final[Text] = {
    "zh": "在有记录的时段内未发现其特征，但缺少部分日志：{missing}。",
    "en": "Its signature is not in what was recorded, but part of the logs is missing: {missing}.",
}
NO_RECORD: Final[Text] = {
    "zh": "无法判断：缺少 {missing}。",
    "en": "Cannot be judged: no record of {missing}.",
}
NONE_OF_THESE: Final[Text] = {
    "zh": "没有故障，或目录之外的原因；总保留少量可能。",
    "en": "No fault at all, or one that the catalogue does not know; some probability is always kept for it.",
}
ADJUST: Final[Text] = {
    "zh": "账面与应有数量相差 {error}，按相反数调整账面。",
    "en": "The book is off by {error}; adjust it by the opposite.",
}
STEP_FOUND: Final[Text] = {"zh": "已查：{n} 条发现。{message}", "en": "Done: {n} found. {message}"}
STEP_FOUND_MORE: Final[Text] = {
    "zh": "已查：{n} 条发现，另有 {more} 条只是迹象。{message}",
    "en": "Done: {n} found, and {more} more signs without proof. {message}",
}
STEP_SEEN: Final[Text] = {
    "zh": "已查：{n} 条迹象，现有日志不足以证明。{message}",
    "en": "Done: {n} signs, which the logs at hand do not prove. {message}",
}
STEP_CLEAR: Final[Text] = {"zh": "已查：未发现异常。", "en": "Done: nothing found."}
STEP_PARTLY: Final[Text] = {
    "zh": "有记录的时段已查，未发现异常；缺少 {missing}。",
    "en": "Done where there are records, nothing found; missing: {missing}.",
}
STEP_IMPOSSIBLE: Final[Text] = {"zh": "无法检查：缺少 {missing}。", "en": "Not possible: no record of {missing}."}
STEP_NO_CHECK: Final[Text] = {"zh": "尚无自动检查，请人工核对。", "en": "No automatic check yet; to be done by hand."}
STEP_ON_SITE: Final[Text] = {"zh": "需到现场核对。", "en": "To be checked on site."}

REPEATS: Final[dict[str, Text]] = {
    "yes": {"zh": "接收方能识别重复", "en": "the receiver recognises repeats"},
    "no": {"zh": "接收方曾把同一请求号入账两次", "en": "the receiver has booked one request id twice"},
    "unknown": {"zh": "不知道接收方能否识别重复", "en": "whether the receiver recognises repeats is not known"},
}
REPLAY: Final[dict[str, Text]] = {
    "yes": {
        "zh": "接收方没有它的过账，并且 {n} 次答复过“已处理”，重发不会重复。",
        "en": "The receiver has posted nothing of it, and answered {n} times that it had a message already: sending it again does no harm.",
    },
    "check-first": {
        "zh": "接收方没有它的过账，但{known}：先确认没有以其他方式入账，只发一次。",
        "en": "The receiver has posted nothing of it, but {known}: make sure first that it was not posted another way, and send it once.",
    },
    "no": {
        "zh": "接收方已有它的过账：不要重发。",
        "en": "The receiver has posted it: do not send it again.",
    },
}
SETTLED: Final[Text] = {
    "zh": "之后已有 {n} 笔过账（合计 {qty}）更正了该差异，不再建议。",
    "en": "Set right already by {n} later postings ({qty} in all); not proposed again.",
}
SETTLED_ONE: Final[Text] = {
    "zh": "之后已有一笔过账（{qty}）更正了该差异，不再建议。",
    "en": "Set right already by a later posting ({qty}); not proposed again.",
}
RISKS: Final[dict[str, Text]] = {
    "committed": {
        "zh": "该报文已生效，重发会重复入账。",
        "en": "The message took effect already; sending it again books it twice.",
    },
    "negative": {"zh": "更正后账面为负：先盘点。", "en": "The book would be below zero afterwards: count first."},
    "unsure": {
        "zh": "原因的可能性只有 {share} %：先到现场核对。",
        "en": "The cause is only {share} % probable: look on site first.",
    },
    "counted": {
        "zh": "之后有盘点或调整（{qty}），差异可能已包含在内：先核对。",
        "en": "Counted or adjusted since ({qty}), and the difference may be in it already: compare first.",
    },
    "repeat": {
        "zh": "未入账，但{known}：只发一次。",
        "en": "Not posted, but {known}: send it once only.",
    },
    "moved": {
        "zh": "之后该库存行又有 {n} 笔过账：按现在的余额核对。",
        "en": "Later postings on this stock row: {n}. Compare with the balance as it is now.",
    },
    "held": {
        "zh": "该库存仍被单据占用 {qty}：先处理占用。",
        "en": "Documents still hold {qty} of this stock: settle these first.",
    },
    "plain": {"zh": "现场核对后办理。", "en": "After a look on site."},
}

KINDS: Final[dict[str, Text]] = {
    "api": {"zh": "接口日志", "en": "interface calls"},
    "task": {"zh": "任务记录", "en": "tasks"},
    "device": {"zh": "设备信号", "en": "device signals"},
    "scan": {"zh": "扫码记录", "en": "scans"},
    "binding": {"zh": "组盘绑定记录", "en": "bindings"},
    "ledger": {"zh": "库存流水", "en": "stock ledger"},
    "reservation": {"zh": "锁定/预占记录", "en": "reservations"},
    "stock": {"zh": "库存查询/快照", "en": "stock reads"},
    "count": {"zh": "盘点记录", "en": "counts"},
    "document": {"zh": "单据", "en": "documents"},
    "change": {"zh": "数据库变更日志", "en": "row changes"},
    "lock": {"zh": "锁与慢查询日志", "en": "locks and slow statements"},
    "cache": {"zh": "缓存日志", "en": "cache log"},
    "metric": {"zh": "复制延迟/链路指标", "en": "replication and link metrics"},
    "master": {"zh": "主数据对照", "en": "master data"},
    "log": {"zh": "应用日志", "en": "application log"},
}

JOINTS: Final[Text] = {"zh": "、", "en": ", "}
OR: Final[Text] = {"zh": "或", "en": " or "}


def fill(template: Text, **values: Text | str | float) -> Text:
    """The template in both languages; a value that is itself a text is taken in the same language."""
    return {
        lang: text.format_map({k: v.get(lang, "") if isinstance(v, dict) else v for k, v in values.items()}).strip()
        for lang, text in template.items()
    }


def kind_names(kinds: tuple[str, ...]) -> Text:
    """Event kinds in words; `scan|count` is either of them."""
    return {
        lang: JOINTS[lang].join(
            OR[lang].join(KINDS.get(k, {}).get(lang, k) for k in kind.split("|")) for kind in dict.fromkeys(kinds)
        )
        for lang in ("zh", "en")
    }
