"""The schemas that replies of every subject share.

A view is made from rows inside the transaction and sent after it, so no reply touches SQL.
"""

from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict

Item = TypeVar("Item")


class View(BaseModel):
    """The schema of a reply, or of a part of one."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class Page(View, Generic[Item]):
    """A page of a list; `next` is the `cursor` of the next page, and null on the last."""

    # no field has one, and pydantic looks for those of a class that it makes, such as
    # `Page[RunView]`, in every frame of the stack: together a fifth of the API's start
    model_config = ConfigDict(use_attribute_docstrings=False)

    items: list[Item]
    next: str | None


class Readiness(View):
    """Whether the service is ready, and the state of each required part.

    A service without workers is ready too, since runs can wait in the queue.
    """

    ready: bool
    parts: dict[str, str]
    """`ok`, or what is wrong with the part."""
    live_workers: int
    cuda_workers: int
