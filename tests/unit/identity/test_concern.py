from __future__ import annotations

from decimal import Decimal

import pytest

from forensics.identity import concerns
from forensics.model.result import Evidence, Finding


def finding(subject: dict[str, object], events: tuple[str, ...] = ()) -> Finding:
    proof = tuple(Evidence(event, "for", None, "wms", "wms.log", 1, "") for event in events)
    return Finding("F1", "F-S-02-01", "F-S-02-01.1", "slug", "high", subject, None, None, Decimal(1), 9.0, {}, proof)


@pytest.mark.parametrize(
    ("said", "asked", "about"),
    [
        ("TP1", "TP1", True),
        (["TP2", "TP1"], "TP1", True),
        ("(00)340123450000000017", "340123450000000017", True),
        ("tp1", "TP1", True),
        ("TP2", "TP1", False),
        (None, "TP1", False),
    ],
)
def test_a_pallet_is_named_in_any_spelling(said: object, asked: str, about: bool) -> None:
    assert concerns(finding({"pallet": said}), {"pallet": asked}, set()) is about


def test_what_most_of_its_proof_is_of() -> None:
    other = finding({"pallet": "TP9"}, ("a:0:0", "a:1:0", "a:2:0"))
    assert concerns(other, {"pallet": "TP1"}, {"a:0:0", "a:1:0"})
    assert not concerns(other, {"pallet": "TP1"}, {"a:0:0"})
