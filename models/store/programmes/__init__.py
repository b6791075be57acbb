"""Programmes in the database: their questions, levels and outcomes."""
