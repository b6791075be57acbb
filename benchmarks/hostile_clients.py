"""The two sides of `hostile.py`: clients that ask for what is dear, and one that asks for little.

Each is a process of its own with nothing but sockets, so that what it measures is the service. It
reads what to do as JSON from its standard input, and writes what it found to its standard output:

    python benchmarks/hostile_clients.py attack | probe | answer

`answer` is a server that does nothing. It is asked as the service is, and tells how much of a time
is that of a busy machine.
"""

import asyncio
import contextlib
import json
import random
import socket
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

HEAD = b"\r\n\r\n"
READ = 1 << 18
PAUSE = 0.05  # between two probes of a path
REFUSED, REST = "429", 1.0  # seconds, a fifth of what `Retry-After` asks for
LONGEST = 10.0  # seconds of a probe, which counts as that long then

Times = dict[str, list[float]]


async def ask(port: int, request: bytes, read: Callable[..., Awaitable[None]]) -> str:
    """Send one request over a connection of its own; its status once `read` has had the rest."""
    connection = socket.socket()
    connection.setblocking(False)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
    await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=connection, limit=READ)
    try:
        writer.write(request)
        head = await reader.readuntil(HEAD)
        await read(reader)
        return head.split(maxsplit=2)[1].decode()
    finally:
        writer.transport.abort()  # as a client does that is killed


async def to_the_end(reader: asyncio.StreamReader) -> None:
    while await reader.read(READ):
        pass


async def nothing_more(_reader: asyncio.StreamReader) -> None:
    """Keep the connection, and read no more than fits into the socket."""
    await asyncio.sleep(3600)


async def attack(
    port: int, requests: Sequence[str], clients: int, seconds: float, patience: float, reads: bool
) -> dict[str, Any]:
    """Send the requests again and again, `clients` at once, each given up after `patience`
    seconds. Statuses are counted, `hung up` where there was no whole reply by then.

    Whoever is refused rests for a second: what is measured is the requests that are accepted.
    """
    end = time.monotonic() + seconds
    sent = [request.encode() for request in requests]
    statuses: Counter[str] = Counter()

    async def client(number: int) -> None:
        order = random.Random(number)
        while (left := end - time.monotonic()) > 0:
            request = order.choice(sent)
            try:
                asked = ask(port, request, to_the_end if reads else nothing_more)
                status = await asyncio.wait_for(asked, min(patience, left))
                statuses[status] += 1
                await asyncio.sleep(REST if status == REFUSED else 0)
            except (TimeoutError, OSError, asyncio.IncompleteReadError) as error:
                statuses["hung up" if isinstance(error, TimeoutError) else "cut off"] += 1

    await asyncio.gather(*(client(number) for number in range(clients)))
    return dict(statuses)


async def probe(requests: dict[str, tuple[int, str]], seconds: float) -> Times:
    """The seconds of each reply, by name of the request, which is given with its port. A reply that
    is not 200 counts as the longest."""
    end, times = time.monotonic() + seconds, {name: list[float]() for name in requests}

    async def one(name: str, port: int, request: bytes) -> None:
        while time.monotonic() < end:
            begun = time.perf_counter()
            status = "none"
            with contextlib.suppress(TimeoutError, OSError, asyncio.IncompleteReadError):
                status = await asyncio.wait_for(ask(port, request, to_the_end), LONGEST)
            times[name].append(time.perf_counter() - begun if status == "200" else LONGEST)
            await asyncio.sleep(PAUSE)

    await asyncio.gather(
        *(one(name, port, request.encode()) for name, (port, request) in requests.items())
    )
    return times


async def answer() -> None:
    """Serve an empty reply to whatever comes, until standard input ends; the port is printed."""

    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await reader.readuntil(HEAD)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(reply, "127.0.0.1", 0) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.to_thread(sys.stdin.read)


def main() -> None:
    if sys.argv[1] == "answer":
        asyncio.run(answer())
        return
    given = json.load(sys.stdin)
    side = attack(**given) if sys.argv[1] == "attack" else probe(**given)
    json.dump(asyncio.run(side), sys.stdout)


if __name__ == "__main__":
    main()
