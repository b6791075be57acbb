"""Question-pair files: read, checked, hashed, stored, tokenised, split; numpy and Arrow only.

Why a package of its own: the API profiles an upload and the worker trains on it, and both must
see the same rows, tokens and numbers. Nothing here knows HTTP, SQL, torch or settings.
"""
