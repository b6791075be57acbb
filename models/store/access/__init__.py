"""API keys, what their owners did, and what they may store and queue."""
