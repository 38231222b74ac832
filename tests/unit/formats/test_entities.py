from __future__ import annotations

import polars as pl
import pytest
from unit.formats.helpers import GENERIC

from forensics.formats.entities import find


def entities(text: str) -> dict[str, str]:
    return {
        name: str(values[0])
        for name, values in find(pl.Series([text]), GENERIC.aliases).items()
        if values[0] is not None
    }


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"taskCode":"T1","podCode":100042}', {"task": "T1", "pallet": "100042"}),
        ('{"subTaskCode":"S1","taskCode":"T1"}', {"task": "T1"}),
        ('{"mySubTaskCode":"S1"}', {}),
        (r'"{\"taskCode\":\"T1\",\"containerCode\":\"TP1\"}"', {"task": "T1", "pallet": "TP1"}),
        (r"{\\\"orderNo\\\":\\\"CK1\\\"}", {"doc": "CK1"}),
        ("taskNo=T1&containerCode=TP1&x=1", {"task": "T1", "pallet": "TP1"}),
        ("托盘号：TP001，任务号: T2", {"pallet": "TP001", "task": "T2"}),
        ("{'taskNo': 'T1', 'qty': 5.50}", {"task": "T1", "qty": "5.500000"}),
        ('{"data":[{"CONTAINERCODE":"A"},{"CONTAINERCODE":"B"}]}', {"pallet": "A"}),
        ('{"taskNo":null,"taskCode":"","taskId":"T9"}', {"task": "T9"}),
        ('{"taskNo":"T1', {"task": "T1"}),
        ("JsonResult{orderNo='CK1', message='x'}", {"doc": "CK1"}),
        ("Line: 118, user: x", {}),
        ('{"line":"10","order":"SO1"}', {"doc_line": "10", "doc": "SO1"}),
        ("", {}),
    ],
)
def test_first_value_of_each_key(text: str, found: dict[str, str]) -> None:
    assert entities(text) == found


def test_rows_keep_their_places() -> None:
    out = find(pl.Series(["x", None, '{"taskNo":"T1"}', '{"qty":1,"taskNo":"T2"}']), GENERIC.aliases, ["task", "qty"])
    assert out["task"].to_list() == [None, None, "T1", "T2"]
    assert [None if v is None else str(v) for v in out["qty"]] == [None, None, None, "1.000000"]


def test_only_the_columns_asked_for() -> None:
    assert set(find(pl.Series(['{"taskNo":"T1","sku":"1"}']), GENERIC.aliases, ["sku"])) == {"sku"}
