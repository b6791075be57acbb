"""The schema of each reply on a data set: profile, some of its pairs, lengths of questions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import ConfigDict

from api.http.views import View
from models.datasets.generated.generator import GENERATED
from models.datasets.profile_warnings import profile_warnings
from models.datasets.shapes import Shape
from models.store.tables import Dataset


class DatasetView(View):
    """A data set and its profile; texts are counted two a row."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "questions-generated",
                    "content_hash": "5f2a…",
                    "created_at": "2026-11-24T05:45:15Z",
                    "has_split": False,
                    "rows": 24000,
                    "duplicates": 8880,
                    "duplicate_share": 0.37,
                    "empty_texts": 0,
                    "distinct_texts": 41000,
                    "token_length_mean": 10.1,
                    "token_length_median": 10.0,
                    "token_length_p99": 17.0,
                    "token_length_max": 24,
                    "vocabulary_size": 1800,
                    "duplicate_groups": 7900,
                    "largest_group": 12,
                    "false_negatives": 40,
                    "in_order_test": 4800,
                    "in_order_shared": 1272,
                    "shape": "labelled_pairs",
                    "columns": {},
                    "left_out": {},
                    "warnings": [],
                    "generated": True,
                }
            ]
        }
    )

    name: str
    content_hash: str
    """SHA-256 of the rows: the same whichever file format they came in."""
    created_at: datetime
    has_split: bool
    """Whether a spec can use the split `given`."""
    rows: int
    duplicates: int
    duplicate_share: float
    empty_texts: int
    distinct_texts: int
    token_length_mean: float
    token_length_median: float
    token_length_p99: float
    token_length_max: int
    vocabulary_size: int
    duplicate_groups: int | None
    """Sets of two or more distinct texts that duplicate pairs join. Null, as are the four counts
    below, for a data set that was uploaded before these were counted."""
    largest_group: int | None
    """Distinct texts in the largest group."""
    false_negatives: int | None
    """Pairs labelled as different, although duplicate pairs join their questions."""
    in_order_test: int | None
    """Test pairs of the in-order split of a spec that gives no sizes: the last fifth of the rows,
    or 10,240 after 300,000. Data sets of version 0.1.0 keep its count, a thirtieth of few rows."""
    in_order_shared: int | None
    """How many of these have a question that is also in a duplicate pair of the training rows."""
    shape: Shape
    """What the rows of its file are; all are stored as pairs: a triplet as one pair of each label
    (one for each negative)."""
    columns: dict[str, str | list[str]]
    """The columns of the file that were read, by the field of the upload that means them; empty for
    data sets from before these were kept, and for the one that is generated."""
    left_out: dict[str, int]
    """How many rows of the file `labels` left out, by the value of their label."""
    warnings: list[str]
    """What will surprise whoever trains on it, such as one question that is far longer than all
    others; in the reply to an upload also what its reader was not sure of. Empty where nothing is
    unusual."""
    generated: bool
    """Whether the service made it itself: it is always there, and cannot be deleted."""
    owner: str | None = None
    """Id of the API key with which it was uploaded."""

    @classmethod
    def of(cls, row: Dataset, warnings: Sequence[str] = ()) -> "DatasetView":
        """`warnings` are those of the file that it was read from."""
        reading = row.reading or {}
        shape = reading.get("shape", "labelled_pairs")
        computed: dict[str, Any] = {
            "duplicate_share": row.duplicates / row.rows,
            "shape": shape,
            "columns": reading.get("columns", {}),
            "left_out": reading.get("left_out", {}),
            "warnings": [*warnings, *profile_warnings(row, shape)],
            "generated": row.name == GENERATED,
        }
        stored = {name: getattr(row, name) for name in cls.model_fields.keys() - computed.keys()}
        return cls(**stored, **computed)


class PairRow(View):
    """One row of a data set."""

    row: int
    """Its number, counted from 0."""
    question1: str
    question2: str
    duplicate: bool
    score: float | None
    """Of scored pairs."""
    triplet: int | None
    """The number of the triplet that this pair is of, counted from 0."""


class PairsView(View):
    """A page of the rows; `next` is the `after` of the next page."""

    rows: int
    items: list[PairRow]
    next: int | None


class LengthsView(View):
    """A histogram of the questions' lengths in tokens (`word`), two questions a row.

    Bar i counts lengths from `start[i]` up to the next start; the last bar has no upper end.
    """

    start: list[int]
    duplicates: list[int]
    """Questions of duplicate pairs."""
    others: list[int]
    """Questions of the other pairs."""
