"""The libraries of pretrained encoders: whether the extra is installed, and importing them early.

They are looked up without importing anything, since the libraries take seconds.
"""

from importlib import import_module
from importlib.util import find_spec

from models.pretrained.architectures import ARCHITECTURES

OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
"""In the environment of whatever imports these libraries: they must never ask a hub."""


def has_extra() -> bool:
    """Whether transformers and tokenizers are installed."""
    return all(find_spec(name) is not None for name in ("transformers", "tokenizers"))


def import_libraries() -> None:
    """Import all that building any such encoder would import, where the extra is installed: for a
    process that others are forked from. It starts no thread, and asks no hub (`OFFLINE`)."""
    if not has_extra():
        return
    for kind in ARCHITECTURES:
        name = kind.replace("-", "_")
        import_module(f"transformers.models.{name}.modeling_{name}")
