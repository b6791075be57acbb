"""Entity tags: whether a client has the latest reply already."""


def matches(header: str | None, tag: str) -> bool:
    """Return whether an `If-None-Match` header names the tag (weak comparison, RFC 9110)."""
    if header is None:
        return False
    names = [name.strip().removeprefix("W/") for name in header.split(",")]
    return "*" in names or tag.removeprefix("W/") in names
