"""Whether this machine can train pretrained encoders: the extra `pretrained` is installed.

It is looked up without importing anything, since the libraries take seconds.
"""

from importlib.util import find_spec

OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
"""In the environment of whatever imports these libraries: they must never ask a hub."""


def has_extra() -> bool:
    """Whether transformers and tokenizers are installed."""
    return all(find_spec(name) is not None for name in ("transformers", "tokenizers"))
