"""The schema of token vectors in replies."""

from datetime import datetime

from pydantic import ConfigDict

from api.http.views import View
from models.store.tables import TokenVectors


class VectorsView(View):
    """A set of token vectors."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "glove-50d",
                    "content_hash": "8f0c…",
                    "created_at": "2026-12-01T01:05:15Z",
                    "tokens": 400000,
                    "dimension": 50,
                    "has_capitals": False,
                    "size": 83447230,
                    "warnings": [],
                    "owner": None,
                }
            ]
        }
    )

    name: str
    content_hash: str
    """SHA-256 of the file that is stored: the same whichever format the vectors came in."""
    created_at: datetime
    tokens: int
    dimension: int
    """Numbers of each token."""
    has_capitals: bool
    """Whether any token has a letter that is not in lower case; if not, the tokenizer `lower` finds
    more words than `word` does."""
    size: int
    """Bytes of the stored file."""
    warnings: list[str]
    """In the reply to an upload: what was in the file and is not used."""
    owner: str | None
    """Id of the API key with which it was uploaded."""

    @classmethod
    def of(cls, row: TokenVectors, repeated: int = 0) -> "VectorsView":
        """`repeated` tokens of the file were not stored."""
        stored = {name: getattr(row, name) for name in cls.model_fields.keys() - {"warnings"}}
        tokens = "1 token of the file comes" if repeated == 1 else f"{repeated:,} tokens come"
        warning = f"{tokens} again; the first vector of each counts"
        return cls(**stored, warnings=[warning] if repeated else [])


class ArmVectors(View):
    """The token vectors that an arm starts from, and what they cover of its vocabulary."""

    arm: str
    vectors: str
    """Their name when the experiment was made."""
    content_hash: str
    words: int
    """Words that its runs know."""
    found: int
    """Those of them that the vectors have; the embeddings of the others are drawn."""
    share: float
    sentence: str

    @classmethod
    def of(
        cls, arm: str, name: str, digest: str, words: int, found: int, lower_helps: bool = False
    ) -> "ArmVectors":
        """`lower_helps` where the vectors are of words in lower case, and the tokenizer keeps
        capitals."""
        share = found / words if words else 0.0
        said = f"{name} has {found:,} of the {words:,} words of {arm} ({100 * share:.1f} %)."
        if lower_helps:
            said += " Its tokens are in lower case: the tokenizer `lower` finds more of them."
        return cls(
            arm=arm,
            vectors=name,
            content_hash=digest,
            words=words,
            found=found,
            share=share,
            sentence=said,
        )
