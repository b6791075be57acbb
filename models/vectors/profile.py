"""What is known of token vectors that were taken in."""

from dataclasses import dataclass


@dataclass(frozen=True)
class VectorProfile:
    """Of the stored file."""

    content_hash: str
    """Its SHA-256: the same whichever format the vectors came in."""
    tokens: int
    dimension: int
    has_capitals: bool
    """Whether any token has a letter that is not in lower case."""
    size: int  # bytes
    repeated: int
    """Tokens that were left out of it, since an earlier one is the same."""
