"""Headings that are listed nowhere are understood by their words: all of them or not at all, in order where order tells."""

from __future__ import annotations

import pytest

from forensics.formats.aliases import normalise
from forensics.formats.load import load_formats
from forensics.formats.mapping import Heading, map_headings
from forensics.formats.naming import Naming, cut, load_naming, plausible
from forensics.model.errors import FormatError

ALIASES = load_formats().aliases
BY_WORDS = {
    "document_number": "doc", "Item Number": "sku", "FMaterialNumber": "sku", "cInvCode": "sku", "lot number": "batch", "source_bin": "from_location", "dest_bin": "to_location",
    "balance_before": "qty_before", "Balance After": "qty_after", "delta_qty": "qty", "reservedQuantity": "qty_reserved", "counted_quantity": "qty_counted",
    "measured_at": "ts", "logged_at": "ts", "request_payload": "request_body", "response_json": "response_body", "scanned_code": "barcode", "fault_text": "error",
    "terminal_number": "device", "unit_of_measure": "uom", "external_document_no": "partner_doc", "line_nr": "doc_line", "replication_lag_sec": "seconds_behind",
    "异动前数量": "qty_before", "异动后数量": "qty_after", "异动数量": "qty", "目的库位编码": "to_location", "起始储位编号": "from_location", "来源单据号": "partner_doc", "作业号码": "task",
    "扫码枪编号": "device", "采集时间": "ts", "请求报文内容": "request_body", "仓位代码": "location", "货品代号": "sku", "托盘标识": "pallet", "outerCartonNo": "parent", "Parent HU Number": "parent", "上级料箱编号": "parent", "inner_carton_code": "pallet",
}  # fmt: skip


@pytest.mark.parametrize(("heading", "field"), BY_WORDS.items())
def test_words_make_a_meaning(heading: str, field: str) -> None:
    form = normalise(heading)
    listed = ALIASES.fields.get(form)
    assert (listed or ALIASES.naming.of(None)[form])[0] == field


@pytest.mark.parametrize(
    "heading",
    ["Id Command", "item_description", "expiry_date", "生产日期", "有效期", "customer_name", "supplier", "remark", "备注", "物料名称", "xyz", "", "no", "order", "weight_kg", "单价", "a" * 500],
)  # fmt: skip
def test_one_unknown_word_and_nothing_is_said(heading: str) -> None:
    assert normalise(heading) not in ALIASES.naming.of(None)


def test_what_is_listed_wins_and_values_must_look_like_it() -> None:
    headings = [
        Heading("item_code", ("10023",)), Heading("merchandise_number", ("77",)), Heading("measured_at", ("soon", "later")), Heading("opening_balance", ("10", "-2.5")),
    ]  # fmt: skip
    meaning = map_headings(headings, ALIASES, None)
    assert meaning.columns["sku"].heading.name == "item_code"
    assert "ts" not in meaning
    assert meaning.columns["qty_before"].layer == "the words it is made of"


@pytest.mark.parametrize(
    ("name", "values", "fits"),
    [
        ("ts", ("2026-03-11 08:00:00", "2026/03/11"), True), ("ts", ("20260311080000",), True), ("ts", ("1773191640",), True), ("ts", ("11.03.2026 08:00",), True), ("ts", ("A-01", "B-02"), False),
        ("qty", ("5", "-3,5", "12-", "1 200"), True), ("qty", ("many", "few"), False), ("sku", ("anything",), True), ("qty", (), True),
    ],
)  # fmt: skip
def test_plausible_values(name: str, values: tuple[str, ...], fits: bool) -> None:
    assert plausible(name, values) is fits


def test_cutting_uses_few_words_and_does_not_explode() -> None:
    assert cut("documentnumber", frozenset({"document", "doc", "number", "num", "ber", "ument"})) == [("document", "number")]
    assert cut("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", frozenset({"a", "aa", "aaa"})) == []
    assert not Naming()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[[rule]]\nfield = "sku"\nall = ["nothing"]\n', "no class of words 'nothing'"), ("[[rule]]\nall = []\n", "needs the name of a field"),
        ('[[rule]]\nfield = "sku"\n', "at least one class"), ('[classes]\na = "word"\n', "must be a list of words"),
    ],
)  # fmt: skip
def test_mistakes_are_named(tmp_path, text: str, message: str) -> None:
    file = tmp_path / "naming.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(FormatError, match=message):
        load_naming(file)
