"""HTTP itself: problem documents, JSON bodies, headers, the log of requests, static files."""
