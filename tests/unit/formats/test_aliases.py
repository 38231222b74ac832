from __future__ import annotations

from pathlib import Path

import pytest
from unit.formats.helpers import GENERIC

from forensics.formats.aliases import load_aliases, normalise
from forensics.formats.mapping import Heading, map_headings
from forensics.model.errors import FormatError


@pytest.mark.parametrize(
    ("heading", "form"),
    [
        ("container_code", "containercode"), ("containerCode", "containercode"), ("CONTAINER CODE", "containercode"), ("\ufeff托盘号", "托盘号"),
        ("数量（件）", "数量"), ("*物料编码*", "物料编码"), ("ｑｔｙ", "qty"), ("Mat.No", "matno"), ("数量【箱】", "数量"), ("(x)", "(x)"), ("耗时(ms)", "耗时"),
    ],
)  # fmt: skip
def test_normal_form(heading: str, form: str) -> None:
    assert normalise(heading) == form


def test_layers() -> None:
    def meaning(names: list[str], kind: str | None) -> dict[str, str]:
        mapped = map_headings([Heading(name, ("x",)) for name in names], GENERIC.aliases, kind)
        return {one.heading.name: name for name, one in mapped.columns.items()}

    assert meaning(["锁定数量"], None) == {"锁定数量": "qty_reserved"}
    assert meaning(["锁定数量"], "reservation") == {"锁定数量": "qty"}
    assert meaning(["账面"], "count") == {"账面": "qty_expected"}
    assert meaning(["bin_id"], None) == {"bin_id": "location"}
    assert meaning(["bin_id", "ku_wei_bian_ma"], None) == {"bin_id": "pallet", "ku_wei_bian_ma": "location"}


def test_an_empty_column_gives_way() -> None:
    mapped = map_headings([Heading("任务号"), Heading("taskCode", ("T1",))], GENERIC.aliases, None)
    assert mapped.columns["task"].heading.name == "taskCode"
    assert [heading.name for heading in mapped.rivals["task"]] == ["任务号"]


def test_a_wrong_dictionary_is_named(tmp_path: Path) -> None:
    file = tmp_path / "aliases.toml"
    file.write_text('[fields]\nts = ["a"]\npallet = "托盘号"\n', encoding="utf-8")
    with pytest.raises(FormatError) as caught:
        load_aliases([file])
    assert str(caught.value.location) == f"{file}:3"
