"""The rows of the token vectors: a name, the hash of the stored file, and their sizes."""

from sqlalchemy.orm import Session

from models.store import clock
from models.store.ids import new_id
from models.store.tables import ExperimentVectors, TokenVectors
from models.store.uploads.named_uploads import Starts
from models.vectors.profile import VectorProfile

VECTORS = Starts(TokenVectors, "set of vectors", ExperimentVectors, "vectors_id")


def add_vectors(
    session: Session, name: str, profile: VectorProfile, owner: str | None = None
) -> TokenVectors:
    """The token vectors of this name and content: a new row, or the existing one.

    Raises `Conflict` when vectors of this name have other content.
    """
    row = TokenVectors(
        id=new_id("vec"),
        name=name,
        content_hash=profile.content_hash,
        created_at=clock.now(session),
        tokens=profile.tokens,
        dimension=profile.dimension,
        has_capitals=profile.has_capitals,
        size=profile.size,
        owner=owner,
    )
    return VECTORS.add(session, row)
