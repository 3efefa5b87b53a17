"""Months that are closed: the ledger, what was published, and why a figure differs from it."""
