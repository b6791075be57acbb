"""Help as people read it: a flag takes no value, so no type stands beside it."""

from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup


class _Command(TyperCommand):
    def get_params(self, ctx: Any) -> Any:
        return _without_types_of_flags(super().get_params(ctx))


class _Group(TyperGroup):
    def get_params(self, ctx: Any) -> Any:
        return _without_types_of_flags(super().get_params(ctx))


def _without_types_of_flags(params: Any) -> Any:
    for one in params:
        if getattr(one, "is_flag", False) and one.metavar is None:
            one.metavar = ""  # else `<bool>`
    return params


class Commands(typer.Typer):
    """Commands with such help, and what is theirs from `typer.Typer`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(cls=_Group, **options)

    def command(self, *args: Any, **kwargs: Any) -> Callable[[Any], Any]:
        return super().command(*args, cls=_Command, **kwargs)
