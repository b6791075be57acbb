"""API keys, what their owners did, and how much they may store and queue."""
