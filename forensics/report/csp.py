"""The Content-Security-Policy of a report: nothing is loaded, and only the blocks that were written run."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence


def digest(block: str) -> str:
    """The CSP source of an inline block: `'sha256-…'` over its exact text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(block.encode('utf-8')).digest()).decode('ascii')}'"


def policy(scripts: Sequence[str], styles: Sequence[str]) -> str:
    """A policy that allows these inline scripts and styles and nothing else: no network, no frame, no form, no eval."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {' '.join(digest(s) for s in scripts) or chr(39) + 'none' + chr(39)}",
            f"style-src {' '.join(digest(s) for s in styles) or chr(39) + 'none' + chr(39)}",
            "img-src 'none'",
            "connect-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
