"""Balances and their replay; the states of book and floor at any instant."""

from __future__ import annotations

from forensics.ledger.balances import balances
from forensics.ledger.observe import observe
from forensics.ledger.states import book, difference, physical

__all__ = ["balances", "book", "difference", "observe", "physical"]
