"""The client as users copy it: for mypy, which checks `docs/client_example.py` against it."""

from api.client import *  # noqa: F403 - it is the same file
