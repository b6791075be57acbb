"""The schema of a pretrained model in replies."""

from datetime import datetime

from pydantic import ConfigDict

from api.http.views import View
from models.store.tables import PretrainedModel


class ModelView(View):
    """A pretrained model and the sizes of its network."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "minilm",
                    "content_hash": "53aa…",
                    "created_at": "2026-11-30T05:45:15Z",
                    "architecture": "bert",
                    "parameters": 22565376,
                    "width": 384,
                    "layers": 6,
                    "heads": 12,
                    "feedforward": 1536,
                    "vocabulary_size": 30522,
                    "positions": 512,
                    "pooling": "mean",
                    "size": 91335472,
                    "warnings": [],
                    "owner": None,
                }
            ]
        }
    )

    name: str
    content_hash: str
    """SHA-256 of the files that are stored: the same whichever archive they came in."""
    created_at: datetime
    architecture: str
    """The `model_type` of its config."""
    parameters: int
    """Weights of the encoder, without a pooler or a head."""
    width: int
    """Of a token's output, and so of a text's vector."""
    layers: int
    heads: int
    """Attention heads of a layer."""
    feedforward: int
    """Width between the two linear maps of a layer."""
    vocabulary_size: int
    positions: int
    """Most tokens of a text, special ones included."""
    pooling: str | None
    """How its folder says that a text's outputs become one vector, `mean` or `cls`; null where
    it does not say."""
    size: int
    """Bytes of its files."""
    warnings: list[str]
    """In the reply to an upload: what was in the archive and is not used."""
    owner: str | None
    """Id of the API key with which it was uploaded."""

    @classmethod
    def of(cls, row: PretrainedModel, left_out: tuple[str, ...] = ()) -> "ModelView":
        """`left_out` are files of the archive that were not stored."""
        warnings = [
            f"{name} was not stored: it is a pickle, and model.safetensors has the weights"
            for name in left_out
        ]
        stored = {name: getattr(row, name) for name in cls.model_fields.keys() - {"warnings"}}
        return cls(**stored, warnings=warnings)
