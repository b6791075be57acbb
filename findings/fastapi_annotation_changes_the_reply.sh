#!/usr/bin/env bash
# The annotation `-> dict` changes what a FastAPI route replies, and whether it replies.
#
# A good guess: two routes that return the same dict send the same JSON; `-> dict` says nothing that
# FastAPI would not see anyway.
# Seen: with FastAPI 0.165.0 and pydantic 2.14.4 the route without it sends a Decimal as the number
# 1.1, 90 seconds as 90.0 and midnight UTC as "+00:00", and answers 500 to NaN. The route with
# `-> dict` sends "1.10", "PT1M30S" and "Z", and NaN as null with status 200. The first goes through
# FastAPI's own encoder, the second through pydantic's serializer.
# Whoever adds type annotations for mypy's sake changes the format that clients parse.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  fastapi==0.165.0 pydantic==2.14.4 httpx==0.28.1

cat > look.py <<'PYTHON'
import asyncio
import datetime
import decimal

import fastapi
import httpx
import pydantic

VALUES = {
    "price": decimal.Decimal("1.10"),
    "took": datetime.timedelta(seconds=90),
    "at": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
}
app = fastapi.FastAPI()


@app.get("/plain")
def plain():
    return VALUES


@app.get("/annotated")
def annotated() -> dict:
    return VALUES


@app.get("/nan/plain")
def nan_plain():
    return {"loss": float("nan")}


@app.get("/nan/annotated")
def nan_annotated() -> dict:
    return {"loss": float("nan")}


async def replies() -> dict[str, tuple[int, str]]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://local") as client:
        paths = ("/plain", "/annotated", "/nan/plain", "/nan/annotated")
        got = {path: await client.get(path) for path in paths}
    return {path: (reply.status_code, reply.text) for path, reply in got.items()}


print("fastapi", fastapi.__version__, "pydantic", pydantic.VERSION)
seen = asyncio.run(replies())
for path, (status, text) in seen.items():
    print(path, status, text)
assert seen == {
    "/plain": (200, '{"price":1.1,"took":90.0,"at":"2026-01-01T00:00:00+00:00"}'),
    "/annotated": (200, '{"price":"1.10","took":"PT1M30S","at":"2026-01-01T00:00:00Z"}'),
    "/nan/plain": (500, "Internal Server Error"),
    "/nan/annotated": (200, '{"loss":null}'),
}
PYTHON
venv/bin/python look.py
