"""Put the content folders into the wheel as package data.

`parsers/`, `queries/` and the demo's sample live beside the package, so that they can be edited without
touching Python. A real wheel carries them under `forensics/_content/`; an editable install leaves them where
they are, so that an edit is live at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

CONTENT = ("parsers", "queries", "samples")


class ContentHook(BuildHookInterface):  # type: ignore[type-arg]
    """Force-include the content folders into standard wheels only."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before a wheel is built; `version` is "standard" or "editable"."""
        if version != "standard":
            return
        for name in CONTENT:
            folder = Path(self.root) / name
            if folder.is_dir():
                build_data["force_include"][str(folder)] = f"forensics/_content/{name}"
