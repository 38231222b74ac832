"""Shipped formats among each other: each recognises its own samples and no other format takes them away."""

from __future__ import annotations

import pytest
from formats.recognise import taken_for

from forensics.formats.load import load_formats
from forensics.formats.spec import FormatSpec, Sample

REGISTRY = load_formats()
SAMPLES = [(spec, sample) for spec in REGISTRY.all() for sample in spec.samples]


@pytest.mark.parametrize(("spec", "sample"), SAMPLES, ids=[f"{spec.id}-{sample.line}" for spec, sample in SAMPLES])
def test_a_sample_is_recognised_as_its_own_format(spec: FormatSpec, sample: Sample) -> None:
    assert taken_for(REGISTRY, sample.text.strip("\n")) == {spec.id}


@pytest.mark.parametrize("spec", REGISTRY.all(), ids=lambda spec: spec.id)
def test_a_sample_is_read_the_same_with_windows_line_ends(spec: FormatSpec) -> None:
    text = spec.samples[0].text.strip("\n").replace("\n", "\r\n")
    assert taken_for(REGISTRY, text) == {spec.id}
