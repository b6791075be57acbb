"""One POST to a webhook: signed, bounded in time, and sent to the address that was checked.

The host's name is resolved once, and the connection goes to the address that this gave, so a name
that resolves to another one a moment later changes nothing. Redirects are not followed, proxies of
the environment are not used, and of the reply only the status is read.
"""

import asyncio
import hashlib
import hmac
import socket
from dataclasses import dataclass

from models.allowed_hosts import AllowedHost, Destination, destination, is_public
from models.store.webhooks.deliveries import OutgoingDelivery

TIMEOUT = 15.0  # seconds for resolving, connecting, sending and the reply together
GONE = 410


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended; it succeeded where `reason` is None."""

    status: int | None
    reason: str | None
    final: bool = False
    """Whether trying again would be useless or unwelcome."""


def signature(secret: str, at: int, body: bytes) -> str:
    """The header `Tripletlab-Signature`: the time, and an HMAC-SHA256 over time and body."""
    signed = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256)
    return f"t={at},v1={signed.hexdigest()}"


async def post(delivery: OutgoingDelivery, allowed: tuple[AllowedHost, ...], at: int) -> Outcome:
    """Send a delivery; never raises."""
    import httpx  # here: most workers never send any, and it is 4 MiB

    try:
        place = destination(delivery.url, allowed)
    except ValueError as error:
        return Outcome(None, str(error), final=True)
    try:
        async with asyncio.timeout(TIMEOUT):
            status = await _send(delivery, place, await _address(place), at)
    except TimeoutError:
        return Outcome(None, f"no answer within {TIMEOUT:g} s")
    except (OSError, httpx.HTTPError, ValueError) as error:
        return Outcome(None, f"{type(error).__name__}: {error}"[:500])
    if httpx.codes.is_success(status):
        return Outcome(status, None)
    if httpx.codes.is_redirect(status):
        return Outcome(status, f"answered {status}; redirects are not followed")
    return Outcome(status, f"answered {status}", final=status == GONE)


async def _address(place: Destination) -> str:
    """The address that the host's name resolves to.

    Raises `ValueError` for a private address of a host that the settings do not name.
    """
    loop = asyncio.get_running_loop()
    entries = await loop.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in entries]
    if not place.named:
        private = [address for address in addresses if not is_public(address)]
        if private:
            raise ValueError(
                f"{place.host} resolves to {private[0]}, which is not public; only a host that "
                "TRIPLETLAB_WEBHOOK_HOSTS lists by its full name may have such an address"
            )
    return addresses[0]


async def _send(delivery: OutgoingDelivery, place: Destination, address: str, at: int) -> int:
    import httpx

    body = delivery.body.encode()
    path = (place.parts.path or "/") + (f"?{place.parts.query}" if place.parts.query else "")
    url = httpx.URL(
        scheme=place.parts.scheme, host=address, port=place.port, raw_path=path.encode()
    )
    headers = {
        "Host": place.parts.netloc,
        "Content-Type": "application/json",
        "User-Agent": "Tripletlab",
        "Tripletlab-Event": delivery.id,
        "Tripletlab-Attempt": str(delivery.attempt),
        "Tripletlab-Signature": signature(delivery.secret, at, body),
    }
    # the certificate is checked against the name, though the address is connected to
    extensions = {"sni_hostname": place.host}
    async with httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=TIMEOUT) as http:
        request = http.build_request(
            "POST", url, content=body, headers=headers, extensions=extensions
        )
        reply = await http.send(request, stream=True)
        await reply.aclose()
        return reply.status_code
