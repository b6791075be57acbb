"""Whether an address is that of this machine only."""

from ipaddress import ip_address
from urllib.parse import urlsplit


def name_in(host: str) -> str:
    """The name or address in a `Host` header, without its port; empty where it cannot be read."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def is_loopback(host: str) -> bool:
    """Whether a host is this machine; only `localhost` and IP addresses are known to be."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
