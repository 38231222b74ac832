"""The catalogue has every class and cause, in both languages, and the checks fit it."""

from __future__ import annotations

from pathlib import Path

import pytest

from forensics.checks.catalogue import load_catalogue
from forensics.checks.check import load_checks
from forensics.model.errors import QueryError

CAUSES = {
    "F-S-02-01": ("inbound-completed-not-cancelled", "outbound-cancelled-not-completed", "undocumented-removal", "wrong-binding",
                  "picked-not-confirmed"),
    "F-S-02-02": ("inbound-not-closed", "callback-timeout", "mis-scan", "manual-putaway", "wms-wcs-desync"),
    "F-S-02-03": ("locked-stock", "attribute-mismatch", "wrong-query", "lock-stale-read"),
    "F-S-02-04": ("sync-failed", "document-lost", "code-mismatch", "return-not-synced", "count-not-synced"),
    "F-S-02-05": ("oversell", "lost-update", "duplicate-deduction", "negative-opening"),
    "F-S-02-06": ("cache-incoherent", "dirty-read", "replica-lag", "trigger-view"),
}  # fmt: skip


def test_six_classes_27_causes_30_steps() -> None:
    catalogue = load_catalogue()
    assert {fault.id: tuple(cause.slug for cause in fault.causes) for fault in catalogue} == CAUSES
    assert [len(fault.steps) for fault in catalogue] == [5] * 6
    assert all(cause.id == f"{fault.id}.{n}" for fault in catalogue for n, cause in enumerate(fault.causes, 1))


def test_shares_are_priors() -> None:
    assert all(abs(sum(cause.share for cause in fault.causes) - 1) < 1e-9 for fault in load_catalogue())


def test_both_languages_differ_and_are_there() -> None:
    for fault in load_catalogue():
        texts = [fault.title, fault.symptom, *fault.steps, *fault.prevention]
        texts += [text for cause in fault.causes for text in (cause.title, cause.signature, cause.contradiction)]
        assert all(text["zh"] and text["en"] and text["zh"] != text["en"] for text in texts), fault.id


def test_checks_bear_the_catalogues_slugs_and_parameters_are_explained() -> None:
    slugs = {cause.id: cause.slug for fault in load_catalogue() for cause in fault.causes}
    for check in load_checks():
        assert slugs[check.id] == check.slug
        assert check.path.parent.name == check.fault
        assert check.false_positives["zh"]
        assert all(param.unit and param.about["zh"] and param.about["en"] for param in check.params), check.id


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id = [", "not valid TOML"),
        ('id = "F-S-02-09"\nslugg = "x"', "unknown key 'slugg'"),
        ('id = "F-S-02-09"\n', "'slug' must be"),
    ],
)
def test_a_mistake_in_a_users_class(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "F-S-02-09").mkdir()
    (tmp_path / "F-S-02-09" / "fault.toml").write_text(text, encoding="utf-8")
    with pytest.raises(QueryError, match=said):
        load_catalogue([tmp_path])
