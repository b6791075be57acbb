"""Replies that are kept: by their mark, within a bound of bytes, and sent piece by piece."""

import zlib
from typing import Any

import pytest
from starlette.types import Message

from api.live.kept_replies import PIECE, KeptBody, KeptReplies
from models.byte_cache import ByteCache

from support.numbers import run

LONG = bytes(range(256)) * (3 * PIECE // 256) + b"end"


def test_a_cache_is_bounded_by_bytes_and_forgets_what_was_not_asked_for_longest() -> None:
    cache: ByteCache[str] = ByteCache(100)
    for name in "abc":
        cache.put(name, name.upper(), 30)
    assert cache.get("a") == "A"
    cache.put("d", "D", 30)
    assert [cache.get(name) for name in "abcd"] == ["A", None, "C", "D"]
    assert cache.stored_bytes == 90
    cache.put("e", "E", 70)
    assert [cache.get(name) for name in "acde"] == [None, None, "D", "E"]


def test_a_value_that_is_put_again_counts_once_and_one_that_is_too_large_is_not_kept() -> None:
    cache: ByteCache[str] = ByteCache(100)
    for size in (60, 80, 50):
        cache.put("a", str(size), size)
        assert (cache.get("a"), cache.stored_bytes) == (str(size), size)
    cache.put("a", "too large", 101)
    assert (cache.get("a"), cache.stored_bytes) == (None, 0)


@pytest.mark.parametrize("content", [b"", b"short", LONG])
def test_a_body_is_its_content_in_compressed_pieces(content: bytes) -> None:
    body = KeptBody.of(content)
    assert (body.content(), body.size) == (content, len(content))
    assert all(len(zlib.decompress(piece)) <= PIECE for piece in body.pieces)


def test_what_repeats_itself_takes_a_small_part_of_its_size() -> None:
    assert KeptBody.of(LONG).stored_bytes < len(LONG) / 50


def test_a_body_is_sent_one_piece_after_the_other_with_its_length() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError("nothing is asked of the client")

    scope: Any = {"type": "http", "asgi": {"spec_version": "2.4"}, "method": "GET", "headers": []}
    reply = KeptBody.of(LONG).reply("application/json", {"X-More": "yes"})
    run(reply(scope, receive, send))
    start, *bodies = sent
    headers = dict(start["headers"])
    assert headers[b"content-length"] == str(len(LONG)).encode()
    assert (headers[b"content-type"], headers[b"x-more"]) == (b"application/json", b"yes")
    assert b"".join(one["body"] for one in bodies) == LONG
    assert max(len(one["body"]) for one in bodies) == PIECE


def test_a_reply_is_found_under_its_mark_alone() -> None:
    kept = KeptReplies()
    body, later = KeptBody.of(b"one"), KeptBody.of(b"another")
    kept.keep("key", "first", body)
    assert kept.get("key", "first") is body
    assert kept.get("key", "second") is kept.get("other", "first") is None
    kept.keep("key", "second", later)
    assert (kept.get("key", "first"), kept.get("key", "second")) == (None, later)


def test_replies_are_kept_within_a_bound() -> None:
    noise = [KeptBody.of(bytes(number for _ in range(9)) + bytes(1000)) for number in range(50)]
    kept = KeptReplies(5 * (noise[0].stored_bytes + len("mark")) + 10)
    for number, body in enumerate(noise):
        kept.keep(number, "mark", body)
    assert [kept.get(number, "mark") is not None for number in range(50)].count(True) <= 6
    assert kept.get(49, "mark") is noise[49]
