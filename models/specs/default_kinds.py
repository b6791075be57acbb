"""The kind of a part whose document names none: it is written in before the part is read."""

from typing import Any

DEFAULT_KINDS = {
    ("split",): "in_order",
    ("encoder",): "lstm",
    ("threshold",): "fixed",
    ("optimizer",): "adam",
    ("optimizer", "schedule"): "warmup_rsqrt",
}


def with_default_kinds(part: Any) -> Any:
    """A copy of a spec's document, or an arm's, with a `kind` in every part that needs one."""
    for path, kind in DEFAULT_KINDS.items():
        part = _with_kind(part, path, kind)
    return part


def _with_kind(part: Any, path: tuple[str, ...], kind: str) -> Any:
    """`part` with `kind` written into the object at `path`, where that has none."""
    if not isinstance(part, dict):
        return part
    if not path:
        return part if "kind" in part else {"kind": kind, **part}
    name, *rest = path
    return {**part, name: _with_kind(part[name], tuple(rest), kind)} if name in part else part
