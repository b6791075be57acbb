"""Prefixed ids that sort by the time they were made: `exp_01hz…`, `run_01hz…` (ULID layout)."""

import secrets
import time
from datetime import UTC, datetime

LETTERS = 26
"""Of an id, after its prefix."""
_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"  # no i, l, o, u: ids are read aloud and retyped


def new_id(prefix: str) -> str:
    """`prefix_` and 26 characters: 48 bits of milliseconds, then 80 random bits."""
    value = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    return f"{prefix}_" + "".join(_CROCKFORD[value >> shift & 31] for shift in range(125, -1, -5))


def made_at(identity: str) -> datetime:
    """When an id was made, to the millisecond. Raises `ValueError` for what is not an id."""
    letters = identity.partition("_")[2]
    if len(letters) != LETTERS:
        raise ValueError(f"{identity!r} is not an id")
    value = 0
    for letter in letters:
        value = value << 5 | _CROCKFORD.index(letter)
    return datetime.fromtimestamp((value >> 80) / 1000, UTC)
