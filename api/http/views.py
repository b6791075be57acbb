"""The forms that replies of every subject share.

A view is made from rows inside the transaction and sent after it, so no reply touches SQL.
"""

from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict

Item = TypeVar("Item")


class View(BaseModel):
    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class Page(View, Generic[Item]):
    """A piece of a list; `next` is the `cursor` of the following piece, null on the last."""

    items: list[Item]
    next: str | None


class Readiness(View):
    """Each needed part: `ok`, or what is wrong with it; workers apart, since work may wait."""

    ready: bool
    parts: dict[str, str]
    live_workers: int
    cuda_workers: int
