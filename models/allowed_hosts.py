"""Which addresses the service may call: only those that its operator has named.

`TRIPLETLAB_WEBHOOK_HOSTS` is a list such as `hooks.example.org, ci.internal:8080, *.example.net`.
A host without a port means ports 80 and 443. A host that is named is called at any address that its
name resolves to. A host that only a `*` allows must resolve to a public address, so that nobody can
reach the machines beside this service through a name of their own.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

PORTS = {"http": 80, "https": 443}
LONGEST_URL = 2000

_ENTRY = re.compile(r"(\*|(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(?::(\d{1,5}))?")
_TRANSLATED = IPv6Network("64:ff9b::/96")  # NAT64: the last 32 bits are an IPv4 address
_UNICAST = IPv6Network("2000::/3")  # the only global addresses that are given out
# Python's own tables change from release to release, and call some of these global
_SPECIAL = (
    IPv4Network("192.0.0.0/24"),  # protocol assignments
    IPv4Network("192.88.99.0/24"),  # relays of 6to4
    IPv6Network("2001::/23"),  # protocol assignments, Teredo among them
    IPv6Network("3fff::/20"),  # documentation
)


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
    """Parse the list. Raises `ValueError` naming the first entry that is not a host."""
    hosts = []
    for entry in filter(None, (part.strip().lower() for part in text.split(","))):
        match = _ENTRY.fullmatch(entry)
        if match is None or not 0 < int(match[2] or 1) < 65536:
            raise ValueError(
                f"{entry!r} is not a host; entries look like hooks.example.org, 10.0.0.7:8080 or "
                "*.example.net, separated by commas"
            )
        hosts.append(AllowedHost(match[1].strip("[]"), int(match[2]) if match[2] else None))
    return tuple(hosts)


@dataclass(frozen=True)
class Destination:
    """An address that may be called."""

    parts: SplitResult
    host: str
    port: int
    named: bool
    """Whether the list names the host itself, not only a `*` that it matches."""


def destination(url: str, allowed: tuple[AllowedHost, ...]) -> Destination:
    """The address behind a URL. Raises `ValueError` with the reason why it may not be called."""
    parts, port = _parsed(url)
    host = parts.hostname or ""
    matching = [entry for entry in allowed if entry.allows(host, port)]
    if not matching:
        raise ValueError(
            f"{host}:{port} is not among the hosts that this service may call; "
            "its operator lists them in TRIPLETLAB_WEBHOOK_HOSTS"
        )
    return Destination(parts, host, port, any(entry.named for entry in matching))


def _parsed(url: str) -> tuple[SplitResult, int]:
    if len(url) > LONGEST_URL or not re.fullmatch(r"[!-\[\]-~]+", url):
        raise ValueError(
            f"a URL has at most {LONGEST_URL:,} characters, only ASCII, without spaces and "
            "backslashes"
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"this is not a URL: {error}") from None
    if parts.scheme not in PORTS or not parts.hostname:
        raise ValueError("a URL begins with https:// or http://, followed by a host")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise ValueError("the URL must not have a user, a password or a fragment")
    return parts, PORTS[parts.scheme] if port is None else port


def is_public(text: str) -> bool:
    """Whether an IP address is public; an address embedded in another one counts as itself."""
    address: IPv4Address | IPv6Address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _TRANSLATED:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if address not in _UNICAST:
            return False
    special = any(address in network for network in _SPECIAL)
    return address.is_global and not address.is_multicast and not special
