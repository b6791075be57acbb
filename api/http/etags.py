"""Entity tags: whether a client has the newest reply already."""


def matches(header: str | None, tag: str) -> bool:
    """Whether an `If-None-Match` header names the tag (weak comparison, RFC 9110)."""
    if header is None:
        return False
    names = [name.strip().removeprefix("W/") for name in header.split(",")]
    return "*" in names or tag.removeprefix("W/") in names
