"""Large replies are whole, lie on the disk and not in memory, and are sent in pieces."""

import asyncio
import gc
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

from api.http.spooled_replies import PIECE, SpooledReply

SIZES = (0, 1, PIECE, PIECE + 1, 3 * PIECE, 3 * PIECE + 7)


def sent(reply: SpooledReply) -> tuple[dict[bytes, bytes], list[bytes]]:
    """The headers and the pieces of a reply."""
    messages: list[Any] = []

    async def send(message: Any) -> None:
        messages.append(message)

    async def receive() -> Any:
        raise AssertionError("nothing is to be received")

    asyncio.run(reply({"type": "http"}, receive, send))
    head, *body = messages
    assert all(one["more_body"] for one in body[:-1])
    assert not body[-1].get("more_body")
    return dict(head["headers"]), [one["body"] for one in body if one["body"]]


@pytest.mark.parametrize("size", SIZES)
def test_a_reply_is_its_content_in_pieces(tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    headers, pieces = sent(SpooledReply(content, "application/json", tmp_path))
    assert b"".join(pieces) == content
    assert all(len(piece) <= PIECE for piece in pieces)
    assert headers[b"content-length"] == str(size).encode()
    assert headers[b"content-type"] == b"application/json"


def test_a_large_reply_is_not_in_memory_and_its_file_goes_with_it(tmp_path: Path) -> None:
    reply = SpooledReply(b"x" * (PIECE + 1), "application/json", tmp_path)
    assert reply._content == b""
    assert reply._file is not None
    assert list(tmp_path.iterdir()) == []  # it has no name
    number = reply._file
    del reply
    gc.collect()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(number)


def test_a_reply_that_the_disk_has_no_room_for_is_sent_from_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    content = os.urandom(2 * PIECE)
    assert b"".join(sent(SpooledReply(content, "application/json", tmp_path))[1]) == content
