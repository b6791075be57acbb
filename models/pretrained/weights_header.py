"""The tensors of a model's weights: by the names that its encoder gives them, and all there.

The header alone is read, before the library sees the file.
"""

from collections.abc import Mapping
from typing import BinaryIO

from models.files import safetensors_header
from models.files.safetensors_header import HeaderFault, StoredTensor
from models.pretrained.architectures import Shapes
from models.pretrained.errors import ModelFileError

FILE = "model.safetensors"
TRAINABLE = ("F32", "F16", "BF16")
_SUFFIXES = {"LayerNorm.gamma": "LayerNorm.weight", "LayerNorm.beta": "LayerNorm.bias"}
"""What BERT's norms were called in its first files."""


def read_header(file: BinaryIO) -> dict[str, StoredTensor]:
    """The tensors of a file of weights by name. Raises `ModelFileError` unless the header is sound
    and its tensors are exactly what follows it."""
    try:
        return safetensors_header.read_header(file, FILE)[0]
    except HeaderFault as fault:
        raise ModelFileError(str(fault)) from None


def names_in_file(tensors: Mapping[str, StoredTensor], prefix: str) -> dict[str, str]:
    """The name in the file of each tensor, by the name that the encoder gives it.

    A file may hold a whole model, whose encoder's names begin with `prefix`.
    """
    names: dict[str, str] = {}
    for name in tensors:
        plain = name.removeprefix(prefix)
        for old, new in _SUFFIXES.items():
            if plain.endswith(old):
                plain = plain.removesuffix(old) + new
        names.setdefault(plain, name)
    return names


def require_tensors(tensors: Mapping[str, StoredTensor], expected: Shapes, prefix: str) -> None:
    """Raises `ModelFileError` unless every expected tensor is there, in its shape and in a type of
    floating-point numbers."""
    names = names_in_file(tensors, prefix)
    for name, shape in expected.items():
        if name not in names:
            raise ModelFileError(
                f"{FILE} has no tensor '{name}', which the network of config.json needs"
            )
        found = tensors[names[name]]
        if found.shape != shape:
            raise ModelFileError(
                f"the tensor '{name}' of {FILE} has the shape {list(found.shape)}, and the network "
                f"of config.json needs {list(shape)}"
            )
        if found.kind not in TRAINABLE:
            raise ModelFileError(
                f"the tensor '{name}' of {FILE} is of the type {found.kind}; "
                f"{', '.join(TRAINABLE)} can be trained"
            )
