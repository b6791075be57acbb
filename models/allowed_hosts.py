"""Which addresses the service may call: those that whoever runs it has named, and no others.

`TRIPLETLAB_WEBHOOK_HOSTS` is a list such as `hooks.example.org, ci.internal:8080, *.example.net`.
A host without a port stands for 80 and 443. A host that is named is called wherever its name leads;
what only a `*` allows must lead to a public address, so that no one reaches the machines beside
this service by a name of their own.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

PORTS = {"http": 80, "https": 443}
LONGEST_URL = 2000

_ENTRY = re.compile(r"(\*|(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(?::(\d{1,5}))?")
_TRANSLATED = IPv6Network("64:ff9b::/96")  # an IPv4 address follows


@dataclass(frozen=True)
class AllowedHost:
    """One entry of the list."""

    host: str
    """A name, an address, `*.` before a name, or `*`."""
    port: int | None

    @property
    def named(self) -> bool:
        return not self.host.startswith("*")

    def allows(self, host: str, port: int) -> bool:
        if port != self.port and (self.port is not None or port not in PORTS.values()):
            return False
        return self.host in ("*", host) or (
            self.host.startswith("*.") and host.endswith(self.host[1:])
        )


def parse_hosts(text: str) -> tuple[AllowedHost, ...]:
    """Raises `ValueError`, naming the entry that cannot be one."""
    hosts = []
    for entry in filter(None, (part.strip().lower() for part in text.split(","))):
        found = _ENTRY.fullmatch(entry)
        if found is None or not 0 < int(found[2] or 1) < 65536:
            raise ValueError(
                f"{entry!r} is no host; entries look like hooks.example.org, 10.0.0.7:8080 or "
                "*.example.net, parted by commas"
            )
        hosts.append(AllowedHost(found[1].strip("[]"), int(found[2]) if found[2] else None))
    return tuple(hosts)


@dataclass(frozen=True)
class Destination:
    """An address that may be called."""

    parts: SplitResult
    host: str
    port: int
    named: bool
    """Whether the host itself is in the list, and not only a `*` that it fits."""


def destination(url: str, allowed: tuple[AllowedHost, ...]) -> Destination:
    """Raises `ValueError` with a sentence on why this URL is not called."""
    parts, port = _parsed(url)
    host = parts.hostname or ""
    fitting = [entry for entry in allowed if entry.allows(host, port)]
    if not fitting:
        raise ValueError(
            f"{host}:{port} is not among the hosts that this service may call; "
            "TRIPLETLAB_WEBHOOK_HOSTS names them, and whoever runs the service sets it"
        )
    return Destination(parts, host, port, any(entry.named for entry in fitting))


def _parsed(url: str) -> tuple[SplitResult, int]:
    if len(url) > LONGEST_URL or not re.fullmatch(r"[!-\[\]-~]+", url):
        raise ValueError(
            f"a URL has at most {LONGEST_URL:,} characters, all of ASCII and none a space or a "
            "backslash"
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"this is no URL: {error}") from None
    if parts.scheme not in PORTS or not parts.hostname:
        raise ValueError("a URL begins with https:// or http://, then a host")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise ValueError("a URL here has no user, no password and no fragment")
    return parts, PORTS[parts.scheme] if port is None else port


def is_public(text: str) -> bool:
    """Whether an IP address is one of the public internet, also where it is one inside another."""
    address: IPv4Address | IPv6Address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _TRANSLATED:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if address.teredo is not None:
            return False
    return address.is_global and not address.is_multicast
