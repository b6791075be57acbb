"""The tables of what people upload, and of which experiments use it."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from models.store.table_base import Base


class Dataset(Base):
    """A data set: a name, the hash of its content, and its profile."""

    __tablename__ = "datasets"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    content_hash: Mapped[str] = mapped_column(String(64))
    has_split: Mapped[bool]
    created_at: Mapped[datetime]
    rows: Mapped[int]
    duplicates: Mapped[int]
    empty_texts: Mapped[int]
    distinct_texts: Mapped[int]
    token_length_mean: Mapped[float]
    token_length_median: Mapped[float]
    token_length_p99: Mapped[float]
    token_length_max: Mapped[int]
    vocabulary_size: Mapped[int]
    # null: taken in before these were counted
    duplicate_groups: Mapped[int | None]  # two or more texts that duplicate pairs join
    largest_group: Mapped[int | None]  # distinct texts in the largest of them
    false_negatives: Mapped[int | None]  # pairs of label 0 inside one group
    in_order_test: Mapped[int | None]  # test pairs of the in-order split …
    in_order_shared: Mapped[int | None]  # … with a question of a training duplicate
    # shape and columns of its file, and rows left out; null: pairs, taken in before these were kept
    reading: Mapped[dict[str, Any] | None]
    owner: Mapped[str | None] = mapped_column(String(40))  # the API key that it came with


class PretrainedModel(Base):
    """An uploaded encoder: a name, the hash of its files, and the sizes of its network."""

    __tablename__ = "pretrained_models"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    content_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    architecture: Mapped[str] = mapped_column(String(40))  # the `model_type` of its config
    parameters: Mapped[int]
    width: Mapped[int]
    layers: Mapped[int]
    heads: Mapped[int]
    feedforward: Mapped[int]
    vocabulary_size: Mapped[int]
    positions: Mapped[int]  # most tokens of a text
    pooling: Mapped[str | None] = mapped_column(String(16))  # that its folder declares
    size: Mapped[int] = mapped_column(BigInteger)  # bytes of its files
    owner: Mapped[str | None] = mapped_column(String(40))  # the API key that it came with


class TokenVectors(Base):
    """Uploaded token vectors: a name, the hash of the stored file, and their sizes."""

    __tablename__ = "token_vectors"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    content_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    tokens: Mapped[int]
    dimension: Mapped[int]
    has_capitals: Mapped[bool]  # whether any token is not in lower case
    size: Mapped[int] = mapped_column(BigInteger)  # bytes of the stored file
    owner: Mapped[str | None] = mapped_column(String(40))  # the API key that it came with


class ExperimentModel(Base):
    """A pretrained model that arms of an experiment start from."""

    __tablename__ = "experiment_models"

    experiment_id: Mapped[str] = mapped_column(
        ForeignKey("experiments.id", ondelete="CASCADE"), primary_key=True
    )
    model_id: Mapped[str] = mapped_column(
        ForeignKey("pretrained_models.id"), primary_key=True, index=True
    )


class ExperimentVectors(Base):
    """Token vectors that encoders of an experiment start from."""

    __tablename__ = "experiment_vectors"

    experiment_id: Mapped[str] = mapped_column(
        ForeignKey("experiments.id", ondelete="CASCADE"), primary_key=True
    )
    vectors_id: Mapped[str] = mapped_column(
        ForeignKey("token_vectors.id"), primary_key=True, index=True
    )
