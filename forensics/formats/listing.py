"""All formats as a Markdown table, for the documentation: what is understood, whose it is, where its layout was seen."""

from __future__ import annotations

from itertools import groupby

from forensics.formats.load import Registry
from forensics.formats.spec import FormatSpec

_SYSTEMS = {
    "wms": "Warehouse management, and what stands in front of it",
    "wcs": "Warehouse control, robots, conveyors",
    "scanner": "Scanners",
    "erp": "ERP and shops",
    "db": "Databases",
    "cache": "Caches",
    "mq": "Message queues",
}


def markdown(registry: Registry) -> str:
    """A table per system: id with its link, title in both languages, what its records become, how many samples prove it."""
    order = list(_SYSTEMS)
    specs = sorted(registry.all(), key=lambda spec: (order.index(spec.system or "wms"), spec.id))
    parts = []
    for system, group in groupby(specs, key=lambda spec: spec.system or "wms"):
        rows = [_row(spec) for spec in group]
        head = "| format | title | 中文 | record | becomes | samples |\n|---|---|---|---|---|---|"
        parts.append("\n".join([f"## {_SYSTEMS[system]} ({len(rows)})", head, *rows]))
    return "\n\n".join(parts) + "\n"


def _row(spec: FormatSpec) -> str:
    name = f"[`{spec.id}`]({spec.link})" if spec.link else f"`{spec.id}`"
    kinds = ", ".join(sorted({rule.kind for rule in spec.events})) or "(reader)"
    record = spec.record.reader or spec.record.frame
    return f"| {name} | {_cell(spec.title['en'])} | {_cell(spec.title['zh'])} | {record} | {kinds} | {len(spec.samples)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
