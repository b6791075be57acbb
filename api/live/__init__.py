"""Replies that wait for a change, however many people wait for it, and replies that are kept."""
