"""Large replies are whole, lie on the disk and not in memory, and are sent in pieces."""

import asyncio
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.access.callers import Caller
from api.http.spooled_replies import PIECE, Spool, SpooledReply
from models.errors import TooMany
from models.store.access.scopes import Scope

SIZES = (0, 1, PIECE, PIECE + 1, 3 * PIECE, 3 * PIECE + 7)


def on_disk(folder: Path, **bounds: int) -> Spool:
    """A spool that keeps nothing in memory."""
    return Spool(folder, most_in_memory=0, **bounds)


def asked_by(key: str) -> dict[str, Any]:
    return {"type": "http", "state": {"caller": Caller(key, key, Scope.READ)}}


def sent(reply: SpooledReply) -> tuple[dict[bytes, bytes], list[bytes]]:
    """The headers and the pieces of a reply."""
    messages: list[Any] = []

    async def send(message: Any) -> None:
        messages.append(message)

    async def receive() -> Any:
        raise AssertionError("nothing is to be received")

    asyncio.run(reply(asked_by("someone"), receive, send))
    head, *body = messages
    assert all(one["more_body"] for one in body[:-1])
    assert not body[-1].get("more_body")
    return dict(head["headers"]), [one["body"] for one in body if one["body"]]


@pytest.mark.parametrize("spool", [Spool, on_disk])
@pytest.mark.parametrize("size", SIZES)
def test_a_reply_is_its_content_in_pieces(
    tmp_path: Path, size: int, spool: Callable[[Path], Spool]
) -> None:
    content = os.urandom(size)
    headers, pieces = sent(SpooledReply(content, "application/json", spool(tmp_path)))
    assert b"".join(pieces) == content
    assert all(len(piece) <= PIECE for piece in pieces)
    assert headers[b"content-length"] == str(size).encode()
    assert headers[b"content-type"] == b"application/json"


class Unread:
    """A client that reads the beginning of a reply, and the rest once it is told to."""

    def __init__(self, reply: SpooledReply, key: str) -> None:
        self.begun, self.go_on = asyncio.Event(), asyncio.Event()
        self.task = asyncio.create_task(reply(asked_by(key), self._receive, self._send))

    async def _receive(self) -> Any:
        raise AssertionError("nothing is to be received")

    async def _send(self, message: Any) -> None:
        if message.get("body"):
            self.begun.set()
            await self.go_on.wait()


def test_a_large_reply_is_not_in_memory_and_its_file_goes_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files: list[int] = []
    close = os.close

    def noted(number: int) -> None:
        files.append(number)
        close(number)

    monkeypatch.setattr(os, "close", noted)

    async def send_and_leave() -> None:
        reply = SpooledReply(b"x" * (PIECE + 1), "application/json", on_disk(tmp_path))
        client = Unread(reply, "ann")
        await client.begun.wait()
        assert reply._content == b""
        assert list(tmp_path.iterdir()) == []  # it has no name
        assert not files
        client.task.cancel()
        await asyncio.wait([client.task])

    asyncio.run(send_and_leave())
    (number,) = files[:1]
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(number)


def test_what_waits_on_the_disk_is_bounded_for_each_key_and_in_all(tmp_path: Path) -> None:
    size = 2 * PIECE
    spool = on_disk(tmp_path, most_bytes=3 * size, most_of_a_client=2 * size)

    def reply() -> SpooledReply:
        return SpooledReply(b"x" * size, "application/json", spool)

    async def refused(key: str) -> str:
        with pytest.raises(TooMany) as raised:
            await Unread(reply(), key).task
        assert raised.value.retry_after > 0
        return str(raised.value)

    async def scene() -> None:
        clients = [Unread(reply(), key) for key in ("ann", "ann")]
        for client in clients:
            await client.begun.wait()
        assert "of this key wait to be read" in await refused("ann")
        other = Unread(reply(), "bob")
        await other.begun.wait()
        assert "of all clients" in await refused("cat")
        small = Unread(SpooledReply(b"x" * PIECE, "application/json", spool), "ann")
        await small.begun.wait()  # it takes no room
        clients[0].go_on.set()
        await clients[0].task
        again = Unread(reply(), "ann")
        await again.begun.wait()
        for client in (*clients, other, small, again):
            client.go_on.set()
            await client.task

    asyncio.run(scene())
    assert not spool._taken


def test_a_reply_that_the_disk_has_no_room_for_is_sent_from_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    content = os.urandom(2 * PIECE)
    reply = SpooledReply(content, "application/json", on_disk(tmp_path))
    assert b"".join(sent(reply)[1]) == content


def test_the_first_that_wait_stay_in_memory_and_the_others_go_to_the_disk(tmp_path: Path) -> None:
    size = 2 * PIECE
    spool = Spool(tmp_path, most_in_memory=2 * size + 1)

    async def begun() -> tuple[SpooledReply, Unread]:
        reply = SpooledReply(b"x" * size, "application/json", spool)
        client = Unread(reply, "ann")
        await client.begun.wait()
        return reply, client

    async def scene() -> None:
        waiting = [await begun() for _ in range(3)]
        assert [len(reply._content) for reply, _ in waiting] == [size, size, 0]
        waiting[0][1].task.cancel()  # what leaves makes room, read or not
        await asyncio.wait([waiting[0][1].task])
        last = await begun()
        assert len(last[0]._content) == size
        for _, client in (*waiting[1:], last):
            client.go_on.set()
            await client.task

    asyncio.run(scene())
