"""Whether an address is that of this machine only."""

import re
from ipaddress import ip_address

_HOST = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::\d{1,5})?|([A-Za-z0-9._-]+)(?::\d{1,5})?")


def name_in(host: str) -> str:
    """The name or address in a `Host` header, in lower case and without its port; empty for what
    has anything else in it, such as a user, a path or a fragment."""
    match = _HOST.fullmatch(host)
    return (match[1] or match[2]).lower() if match else ""


def is_loopback(host: str) -> bool:
    """Whether a host is this machine; only `localhost` and IP addresses are known to be."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
