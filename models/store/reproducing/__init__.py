"""Runs trained once more: that they are, and what differs from the first."""
