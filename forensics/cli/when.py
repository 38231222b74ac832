"""Moments and spans as people type them, for the commands."""

from __future__ import annotations

from forensics.model.when import moment, span

__all__ = ["moment", "span"]
