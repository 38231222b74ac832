"""Every shipped format proves itself by its samples, and carries what a reader of it needs."""

from __future__ import annotations

import pytest
from formats.recognise import taken_for

from forensics.formats.load import load_formats
from forensics.formats.samples import run_samples
from forensics.formats.spec import FormatSpec

SPECS = load_formats().all()


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.id)
def test_samples_come_out_as_written(spec: FormatSpec) -> None:
    failures = run_samples(spec)
    assert not failures, "\n".join(f"{spec.file}:{f.line}: {f}" for f in failures)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.id)
def test_has_what_a_reader_needs(spec: FormatSpec) -> None:
    assert spec.title["en"]
    assert spec.title["zh"]
    assert spec.detect.head or spec.detect.keys or spec.detect.columns, "nothing recognises it"
    assert any(sample.events for sample in spec.samples)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.id)
def test_is_recognised_by_its_own_sample(spec: FormatSpec) -> None:
    registry = load_formats()
    found = [taken_for(registry, sample.text.strip("\n"), sample.name or "") for sample in spec.samples]
    assert {spec.id} in found
