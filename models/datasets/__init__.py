"""Files of question pairs: reading, checking, hashing, storing, tokenising and splitting them.

A package of its own, because the API profiles an upload and the worker trains on it, and both must
see the same rows, tokens and numbers. It uses numpy and Arrow, and knows nothing of HTTP, SQL,
torch or settings.
"""
