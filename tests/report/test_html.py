"""The report's HTML: complete, inert, the same bytes every time, small."""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import itertools
import json
import re
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser

import polars as pl
import pytest

from forensics.export.markdown import to_markdown
from forensics.model.errors import ConfigError
from forensics.model.event import KINDS
from forensics.model.result import CaseResult, Coverage
from forensics.report.html import render_html
from forensics.report.lanes import MAX_STATIC_ROWS
from report import cases

SIZE_LIMIT = 1_500_000


def render(result: CaseResult, events: pl.DataFrame | None = None, lang: str = "en", **options: object) -> str:
    options = {"tz": "Asia/Shanghai", "catalogue": cases.catalogue()} | options
    return render_html(result, cases.events(60) if events is None else events, lang=lang, **options)  # type: ignore[arg-type]


class Page(HTMLParser):
    """Elements, their attributes, and the text a reader sees."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.blocks: list[tuple[str, dict[str, str | None], str]] = []
        self.seen: list[str] = []
        self.headings: list[tuple[int, str]] = []
        self._inside: list[str] = []
        self.feed(source)
        self.text = " ".join(" ".join(self.seen).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self.blocks.append((tag, dict(attrs), ""))
        if re.fullmatch("h[1-6]", tag):
            self.headings.append((int(tag[1]), ""))
        if tag not in ("meta", "br", "input", "img", "rect", "line"):
            self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert [tag] == self._inside[-1:], f"</{tag}> inside {self._inside[-3:]}"
        self._inside.pop()

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self._inside and self._inside[-1] in ("script", "style"):
            tag, attrs, text = self.blocks[-1]
            self.blocks[-1] = (tag, attrs, text + data)
        else:
            self.seen.append(data)


def unpack(page: Page, block: str) -> str:
    text = next(text for _, attrs, text in page.blocks if attrs.get("id") == block)
    return gzip.decompress(base64.b64decode(text)).decode("utf-8")


def column(data: dict[str, object], name: str) -> list[object]:
    packed = data.get(name)
    if isinstance(packed, dict):
        return [None if code < 0 else packed["words"][code] for code in packed["codes"]]
    assert isinstance(packed, list)
    return packed


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_first_screen_answers_the_four_questions(lang: str) -> None:
    page = Page(render(cases.trace(), lang=lang, subject=cases.SUBJECT, observed_at=cases.OBSERVED))
    first = page.text[: page.text.index({"zh": "异常 1：", "en": "Incident 1:"}[lang])]
    expected = {
        "zh": ("发生了什么", "被扣减两次", "已证实：重复扣减", "冲销，数量 5", "数据行变更", "核对期初导入文件"),
        "en": ("What happened", "deducted twice", "Shown by the records: Duplicate deduction", "Reverse, quantity 5", "Row change", "Compare the opening"),
    }  # fmt: skip
    for words in expected[lang]:
        assert words in first


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_everything_that_matters_is_static(lang: str) -> None:
    result = cases.trace()
    page = Page(
        render(
            result,
            lang=lang,
            subject=cases.SUBJECT,
            symptom="F-S-02-05",
            observed_at=cases.OBSERVED,
            balance=cases.balance(),
        )
    )
    for evidence in cases.LINES:
        assert " ".join(evidence.text.split()) in page.text
        assert f"{evidence.file}:{evidence.line}" in page.text
    for cause in result.incidents[0].causes[:4]:
        known = next(c for f in cases.catalogue() for c in f.causes if c.id == cause.cause)
        assert known.title[lang] in page.text
    for words in {
        "zh": ("已排除", "无法判断", "平时约有 340 条", "WCS/设备 比 WMS 快 1.84 秒", "47,001", "✓ 相符", "期初导入", "名词解释", "首次变负", "gb18030"),
        "en": ("Ruled out", "Cannot be judged", "usually about 340 events", "WCS/devices is 1.84 s ahead of WMS", "47,001", "✓ yes", "opening import", "Terms", "First below zero", "gb18030"),
    }[lang]:  # fmt: skip
        assert words in page.text, words
    assert "−5" in page.text


def test_no_language_leaks_into_the_other() -> None:
    """An English report holds Chinese only where the data does."""
    english = Page(render(cases.trace(), subject=cases.SUBJECT, symptom="F-S-02-05"))
    leaks = set(re.findall(r"[\u4e00-\u9fff]+", english.text))
    assert leaks <= {"流水", "是同一请求的重复扣减", "实物只出库一次"}


def test_same_input_same_bytes() -> None:
    first = render(cases.trace(), balance=cases.balance(), observed_at=cases.OBSERVED)
    shuffled = cases.events(60).sample(fraction=1.0, shuffle=True, seed=3)
    assert render(cases.trace(), balance=cases.balance(), observed_at=cases.OBSERVED) == first
    assert render(cases.trace(), shuffled, balance=cases.balance(), observed_at=cases.OBSERVED) == first


def test_policy_names_every_block_and_nothing_else() -> None:
    source = render(cases.trace(), balance=cases.balance())
    page = Page(source)
    policy = next(a["content"] for t, a in page.tags if t == "meta" and a.get("http-equiv"))
    assert policy
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "data:" not in policy
    assert "*" not in policy
    runnable = [text for tag, attrs, text in page.blocks if tag == "style" or not attrs.get("type")]
    runnable.append(unpack(page, "data-vega"))
    for text in runnable:
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert policy.count("sha256-") == len(runnable)
    assert not re.search(
        r"\son\w+=|javascript:|\sstyle=", re.sub(r"<(script|style).*?</\1>", "", source, flags=re.DOTALL)
    )
    assert not re.search(r"(src|href)=\"(?!#)", source)


def test_hostile_text_stays_text() -> None:
    source = render(
        cases.hostile(),
        cases.events(20, "</script><script>alert(9)</script>\u202e=1+1"),
        lang="zh",
        subject={"pallet": cases.HOSTILE[0]},
    )
    page = Page(source)  # the parser itself fails where a tag is not closed in order
    assert {t for t, _ in page.tags} <= {
        "html", "head", "meta", "title", "style", "body", "a", "svg", "defs", "pattern", "line", "header", "p", "h1", "h2", "h3", "h4", "dl", "dt", "dd",
        "div", "main", "section", "ul", "li", "ol", "nav", "span", "rect", "table", "caption", "thead", "tbody", "tr", "th", "td", "code", "article",
        "noscript", "label", "select", "option", "button", "input", "br", "strong", "footer", "script", "details", "summary",
    }  # fmt: skip
    scripts = [text for tag, attrs, text in page.blocks if tag == "script" and not attrs.get("type")]
    assert len(scripts) == 4
    assert not any("alert" in text for text in scripts)
    assert "<script>alert(1)</script>" in page.text  # shown, not run
    assert "{{7*7}}" in page.text
    assert "49$" not in page.text
    assert "<U+202E>" in page.text
    for code in ("\u202e", "\x1b", "\x00", "\x07"):
        assert code not in source
    assert "x" * 2000 not in source  # the line of 1 MB is cut
    for _, attrs, text in page.blocks:
        if attrs.get("type"):
            assert "<" not in text
            assert ">" not in text
    data = json.loads(unpack(page, "data-events"))
    assert any("<script>" in str(text) for text in column(data, "text"))
    assert max(len(str(text)) for text in column(data, "text")) <= 1201 + 64


def test_payload_gives_the_rows_back() -> None:
    events = cases.events(60)
    page = Page(render(cases.trace(), events))
    data = json.loads(unpack(page, "data-events"))
    assert data["rows"] == 65  # the five cited lines are not in the frame, and are shown nevertheless
    walls, last = [], 0
    for step in data["t"]:
        last += step
        walls.append(last)
    assert walls == sorted(walls)
    first = datetime(1970, 1, 1) + timedelta(microseconds=walls[0])
    assert first == cases.at(-7200).replace(tzinfo=None) + timedelta(hours=8)
    assert sorted(n for n in column(data, "cited") if n is not None) == [1, 2, 3, 4, 5]
    assert column(data, "mark").count("for") == 4
    assert column(data, "mark").count("against") == 1
    assert set(events["event_id"]) < set(column(data, "event_id"))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_size_with_5000_events(lang: str, capsys: pytest.CaptureFixture[str]) -> None:
    events = cases.events(5000)
    start = time.perf_counter()
    source = render(cases.trace(), events, lang=lang, balance=cases.balance(), observed_at=cases.OBSERVED)
    size = len(source.encode())
    with capsys.disabled():
        print(f"\n5,000 events: {size:,} bytes, rendered in {time.perf_counter() - start:.2f} s")
    assert size <= SIZE_LIMIT


def test_long_incompressible_texts_are_cut_to_fit_and_that_is_said() -> None:
    events = cases.events(5000)
    noise = [hashlib.sha512(str(i).encode()).hexdigest() * 8 for i in range(5000)]
    page_source = render(cases.trace(), events.with_columns(pl.Series("raw", noise)))
    assert len(page_source.encode()) <= SIZE_LIMIT
    page = Page(page_source)
    assert re.search(r"every original text is cut to its first \d+ characters", page.text)


def test_rows_left_out_are_counted_exactly() -> None:
    page = Page(render(cases.trace(), cases.events(500), max_events=100, observed_at=cases.OBSERVED))
    said = re.search(r"There are 505 events; the report holds 100\. The 405 left out are: ([^.]+)\.", page.text)
    assert said
    assert sum(int(n) for n in re.findall(r"(\d+)(?:,|$)", said[1])) == 405
    data = json.loads(unpack(page, "data-events"))
    assert data["rows"] == 100
    assert len([n for n in column(data, "cited") if n]) == 5  # cited lines are never left out
    assert "Cache access" in said[1]  # what tells least goes first


def test_static_table_says_what_it_leaves_to_the_script() -> None:
    page = Page(render(cases.trace(), cases.events(400)))
    assert f"Events in order of time: {MAX_STATIC_ROWS} of 405" in page.text
    assert f"the other {405 - MAX_STATIC_ROWS} appear" in page.text


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_nothing_found_reads_well(lang: str) -> None:
    page = Page(render(cases.nothing(), cases.events(0), lang=lang))
    for words in {
        "zh": ("没有发现库存异常", "只对日志齐全的部分成立", "取得“还缺什么”中列出的日志", "没有这些记录", "判断得了", "缓存操作", "没有可显示的事件"),
        "en": ("No stock fault was found", "holds only for what the logs cover", "Get the logs listed", "There are no records of", "Could be judged", "Cache access", "no events to show"),
    }[lang]:  # fmt: skip
        assert words in page.text
    assert not [a for t, a in page.tags if t == "script"]


def test_nothing_found_with_every_log_at_hand_needs_nothing() -> None:
    result = cases.nothing()
    now = datetime(2026, 3, 11, tzinfo=UTC)
    everything = tuple(Coverage("wms", kind, now, now, 10) for kind in KINDS)
    page = Page(render(replace(result, coverage=everything), cases.events(0), lang="en"))
    assert "Nothing needs to be done" in page.text
    assert "There are no records of" not in page.text


def test_an_empty_result_still_renders() -> None:
    page = Page(render(CaseResult(case={}, window={}), cases.events(0), catalogue=()))
    assert "No account of log coverage" in page.text


def test_audit_lists_all_incidents_worst_first() -> None:
    page = Page(render(cases.audit(70)))
    levels = re.findall(r"Incident \d+: ", page.text)
    assert len(levels) >= 60
    assert "Of 70 incidents the first 60 are told in full" in page.text
    assert "70 stock incidents found (Critical 14, High 14, Medium 14, Low 14, Note 14)" in page.text
    assert "1 more sign of a difference" in page.text
    assert "✕ exceeded" in page.text
    assert "? cannot be judged, for want of samples of lag" in page.text
    assert "Interface failure rate by day: 2026-03-10 to 2026-03-13, at most 7.3" in page.text
    assert "1 of 31 rows" in page.text
    ids = [a["id"] for _, a in page.tags if a.get("id")]
    assert len(ids) == len(set(ids))


def test_every_reference_has_its_target() -> None:
    page = Page(render(cases.audit(12), balance=cases.balance()))
    ids = {a["id"] for _, a in page.tags if a.get("id")}
    targets = {str(a["href"])[1:] for t, a in page.tags if t == "a"}
    assert targets
    assert targets <= ids
    for name in ("aria-labelledby", "aria-describedby", "for"):
        assert {a[name] for _, a in page.tags if a.get(name)} <= ids


def test_structure_is_accessible() -> None:
    page = Page(render(cases.audit(3), lang="zh", balance=cases.balance()))
    assert page.tags[0] == ("html", {"lang": "zh-CN"})
    levels = [level for level, _ in page.headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))
    assert all(a.get("scope") for t, a in page.tags if t == "th")
    labelled = {a["for"] for t, a in page.tags if t == "label"}
    assert all(a.get("id") in labelled for t, a in page.tags if t in ("input", "select"))
    assert all(a.get("aria-label") for _, a in page.tags if a.get("role") == "img")
    assert any(a.get("aria-live") == "polite" for _, a in page.tags)


def test_times_are_in_one_zone_and_carry_offsets_across_a_clock_change() -> None:
    shanghai = Page(render(cases.trace(), tz="Asia/Shanghai"))
    assert "2026-03-11 10:14:00.412" in shanghai.text
    assert "Asia/Shanghai (UTC+08:00)" in shanghai.text
    berlin = Page(render(cases.trace(), tz="Europe/Berlin"))
    assert "2026-03-11 03:14:00.412" in berlin.text
    assert "+01:00 " not in berlin.text
    moved = replace(cases.trace(), window={"since": cases.at(0), "until": cases.at(30 * 86400)})
    mixed = Page(render(moved, tz="Europe/Berlin"))
    assert "2026-03-11 03:14:00.412 +01:00" in mixed.text
    data = json.loads(unpack(mixed, "data-events"))
    assert set(column(data, "offset")) == {"+01:00"}


def test_unknown_zone_is_the_users_mistake() -> None:
    with pytest.raises(ConfigError, match="unknown time zone"):
        render(cases.trace(), tz="Mars/Olympus")


@pytest.mark.parametrize(
    "change",
    [
        lambda f: f.drop("kind", "outcome", "qty", "system"),
        lambda f: f.with_columns(pl.lit(None, pl.Datetime("us", "UTC")).alias("ts")),
        lambda f: f.with_columns(pl.col("ts").dt.replace_time_zone(None)),
        lambda f: f.with_columns(pl.col("ts").dt.cast_time_unit("ns")),
        lambda f: f.with_columns(pl.lit("plc").alias("system")),
        lambda f: f.select("event_id", "ts"),
        lambda f: f.with_columns(pl.lit("day").alias("ts_precision")),
    ],
)
def test_poor_frames_render(change: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    assert "Incident 1" in render(cases.trace(), change(cases.events(30)))


def test_balance_with_few_columns_and_none() -> None:
    frame = cases.balance().select("ts", "sku", "location", "balance")
    assert "First below zero" in render(cases.trace(), balance=frame)
    assert "First below zero" not in render(cases.trace(), balance=frame.clear())


def test_chart_is_a_vega_lite_specification() -> None:
    page = Page(render(cases.trace(), balance=cases.balance(), observed_at=cases.OBSERVED))
    for block, sets in (("spec-timeline", {"events", "cited", "chosen"}), ("spec-balance", {"balance"})):
        spec = json.loads(next(text for _, attrs, text in page.blocks if attrs.get("id") == block))
        assert "vega-lite" in spec["$schema"]
        assert sets <= {layer["data"]["name"] for layer in spec["layer"] if "data" in layer}
        assert {"t0", "t1", "ink"} <= {param["name"] for param in spec["params"]}


def test_probabilities_never_claim_certainty() -> None:
    certain = replace(cases.trace().incidents[0].causes[0], probability=1.0)
    incident = replace(cases.trace().incidents[0], causes=(certain,))
    page = Page(render(replace(cases.trace(), incidents=(incident,))))
    assert "&gt; 99 %" in html.escape(page.text)
    assert "100 %" not in page.text


def test_lists_in_a_subject_are_capped_and_counted() -> None:
    incident = replace(cases.trace().incidents[0], subject={"task": [f"T{i}" for i in range(40)]})
    assert "T11 and 28 more" in Page(render(replace(cases.trace(), incidents=(incident,)))).text


def test_details_of_a_posting_are_shown() -> None:
    posting = replace(
        cases.trace().incidents[0].correction[0], details={"before": Decimal(-5), "after": 0, "endpoint": "/cb"}
    )
    incident = replace(cases.trace().incidents[0], correction=(posting,))
    text = Page(render(replace(cases.trace(), incidents=(incident,)))).text
    assert "interface /cb" in text
    assert "sends nothing and changes nothing" in text


def test_a_chain_is_one_story() -> None:
    """Consequences are told with their root and not counted as further incidents."""
    for lang, led, count in (("zh", "导致：", "共发现 2 起"), ("en", "It led to:", "2 stock incidents")):
        page = Page(render(cases.chained(), lang=lang))
        assert count in page.text
        assert led in page.text
    markdown = to_markdown(cases.chained(), "en")
    assert markdown.index("Root cause") < markdown.index("One request was deducted twice")
    assert "req-88f1" in markdown[: markdown.index("One request was deducted twice") + 200]


def test_what_was_seen_is_answered_first() -> None:
    for lang, words in (
        ("zh", ("账面：60", "此前最后的见证", "不一致", "不符")),
        ("en", ("the book had: 60", "Last witness before", "disagree since", "does not fit")),
    ):
        fault = replace(cases.catalogue()[0], book="below", on_site={"zh": "到现场看", "en": "go and look"})
        page = Page(render(cases.seen(), lang=lang, catalogue=(fault,), symptom=fault.id, observed_at=cases.OBSERVED))
        for word in words:
            assert word in page.text, word
        assert {"zh": "到现场看", "en": "go and look"}[lang] in page.text
        assert {"zh": "最可能定案的日志", "en": "Most likely to settle it"}[lang] in page.text
