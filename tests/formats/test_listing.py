"""No format without its line in the documentation, nor without a link."""

from __future__ import annotations

from pathlib import Path

import pytest

from forensics.formats.listing import markdown
from forensics.formats.load import load_formats

PAGE = Path(__file__).parents[2] / "docs" / "formats.md"
SPECS = load_formats().all()


def test_the_page_lists_the_formats_as_they_are() -> None:
    """Made by: forensics formats list --format markdown."""
    shown = PAGE.read_text(encoding="utf-8")
    assert shown[shown.index("## ") :] == markdown(load_formats())


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.id)
def test_a_format_links_to_where_its_layout_was_seen(spec) -> None:
    assert (spec.link or "").startswith("https://")
    assert f"[`{spec.id}`]({spec.link})" in PAGE.read_text(encoding="utf-8")
