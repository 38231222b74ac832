"""Vega-Lite and its renderer as one script, from the vl-convert wheel: no download, no file of others in this repository."""

from __future__ import annotations

from functools import cache

from forensics.report.payload import pack_text

_SNIPPET = "window.vegaEmbed = vegaEmbed;"


@cache
def vega() -> str:
    """The script that defines `vegaEmbed`; takes about 1.5 s the first time in a process."""
    import vl_convert

    bundle: str = vl_convert.javascript_bundle(_SNIPPET)
    return bundle


@cache
def packed_vega() -> str:
    """The same, packed for a data block."""
    return pack_text(vega())
