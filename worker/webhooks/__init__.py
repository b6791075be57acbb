"""Telling webhooks of the end of experiments."""
