"""A small file of question pairs, and a small model, uploaded to a service."""

from typing import Any

import httpx

from support.api import ApiForTests
from support.pretrained import toy_files, zipped

HEADER = b"question1,question2,is_duplicate\n"
CSV = HEADER + b"a b,c d,1\ne f,g h,0\n"


def own_pairs(rows: int) -> bytes:
    """A CSV of so many pairs, as a newcomer may have: of every five, two are duplicates."""
    lines = []
    for number in range(rows):
        same = number % 5 < 2
        first = f"How do I cook dish {number} at home?"
        second = f"Cooking dish {number}: how?" if same else f"Who sells pan {number} in town?"
        lines.append(f"{first},{second},{+same}\n")
    return HEADER + "".join(lines).encode()


def upload(
    api: ApiForTests, content: bytes, filename: str = "a.csv", name: str = "mine", **request: Any
) -> httpx.Response:
    files = {"file": (filename, content)}
    return api.http.post("/v1/datasets", files=files, data={"name": name}, **request)


def upload_model(
    api: ApiForTests, content: bytes | None = None, name: str = "toy", **request: Any
) -> httpx.Response:
    """The archive of a model; that of the toy unless another is given."""
    files = {"file": ("toy.zip", zipped(toy_files()) if content is None else content)}
    return api.http.post("/v1/models", files=files, data={"name": name}, **request)
