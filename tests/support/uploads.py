"""A small file of question pairs, uploaded to a service."""

from typing import Any

import httpx

from support.api import ApiForTests

HEADER = b"question1,question2,is_duplicate\n"
CSV = HEADER + b"a b,c d,1\ne f,g h,0\n"


def upload(
    api: ApiForTests, content: bytes, filename: str = "a.csv", name: str = "mine", **request: Any
) -> httpx.Response:
    files = {"file": (filename, content)}
    return api.http.post("/v1/datasets", files=files, data={"name": name}, **request)
