"""Balances and their replay."""

from __future__ import annotations

from forensics.ledger.balances import balances

__all__ = ["balances"]
