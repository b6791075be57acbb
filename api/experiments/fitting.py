"""The sizes that a body leaves open: those that fit its data set, with a sentence on each.

What usually is taken (the recipe's size, or the default) is taken where there is enough data for
it. A size that a body gives is never changed here: where it does not fit, it is refused.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from api.experiments.views import FittedSize
from models.datasets.errors import SplitError
from models.datasets.split_rows import split_rows
from models.datasets.split_sizes import COURSE, UsualRows, in_rows, share_for
from models.datasets.splits import SplitRows
from models.datasets.training_groups import TrainingGroups
from models.specs.experiment import ExperimentSpec
from models.specs.recipes import RECIPES, expand_recipe
from models.specs.splits import ROWS, GivenSplit, InOrderSplit, SplitSpec

SIZES = (
    *(f"/split/{name}" for name in ROWS),
    "/batch_size",
    "/validation_batches",
    "/validation_pairs",
)
"""What depends on how much data there is; not given, it follows from the data set."""

Sized = tuple[ExperimentSpec, SplitRows, list[FittedSize]]


def open_sizes(document: Any) -> frozenset[str]:
    """The pointers of `SIZES` that a body leaves to the service.

    The sizes of a recipe were chosen for its own data set, so with another one they are open, too.
    """
    if not isinstance(document, Mapping):
        return frozenset()
    said: Any = document
    recipe = RECIPES.get(str(document.get("recipe")))
    if recipe is not None and document.get("dataset") in (None, recipe.spec["dataset"]):
        said = expand_recipe(document)
    return frozenset(pointer for pointer in SIZES if not _says(said, pointer))


def _says(document: Any, pointer: str) -> bool:
    for part in pointer.split("/")[1:]:
        document = document.get(part) if isinstance(document, Mapping) else None
    return document is not None


def fitting_split(
    spec: ExperimentSpec, left_open: frozenset[str], folder: Path, count: int
) -> Sized:
    """The spec with its split in numbers of rows, of a data set of `count` rows in `folder`; the
    rows of each part; and what was chosen. Raises `SplitError` where no such split can be."""
    asked = spec.split
    if isinstance(asked, GivenSplit):
        return spec, split_rows(folder, asked), []
    bare = {name: None for name in ROWS if name in type(asked).model_fields}
    freed = {name: None for name in bare if f"/split/{name}" in left_open}
    split = in_rows(asked.model_copy(update=freed), count, _usual(asked))
    try:
        rows = split_rows(folder, split)
    except SplitError as error:
        if error.works is None or asked.train_share is None and "test_rows" not in freed:
            raise
        if asked.train_share is not None:
            share = share_for(count, error.works)
            detail = f"{error.message[:-1]}, which is a train_share of {share:g}."
            raise SplitError(error.field, detail, error.works) from None
        split = split.model_copy(update={"test_rows": error.works})
        rows = split_rows(folder, split)
    told = [] if split == asked else [_rows_told(asked, split, count)]
    return spec.model_copy(update={"split": split}), rows, told


def fitting_batches(
    spec: ExperimentSpec, left_open: frozenset[str], rows: SplitRows, training: TrainingGroups
) -> tuple[ExperimentSpec, list[FittedSize]]:
    """The spec with batches and validation sizes that its rows have room for, and what changed."""
    drawn = "training_rows" in spec.seeds.vary
    pairs = training.fewest if drawn else len(rows.train)
    held_out = len(rows.validation_duplicates)
    told = []
    room = min(pairs, held_out)
    if "/batch_size" in left_open and "/batch_size" in batch_sizes(spec) and room < spec.batch_size:
        size = max(2 ** (room.bit_length() - 1), 2)
        part = "validate" if held_out == room else "train under a seed" if drawn else "train"
        why = f"{room:,} duplicate pairs are there to {part}"
        told.append(_told("batch_size", size, f"A batch has {size:,} pairs, since {why}."))
        spec = spec.model_copy(update={"batch_size": size})
    whole = max(held_out // min(batch_sizes(spec).values()), 1)
    if "/validation_batches" in left_open and whole < spec.validation_batches:
        batches = "1 batch" if whole == 1 else f"{whole:,} batches"
        why = f"{held_out:,} duplicate pairs are held out"
        told.append(_told("validation_batches", whole, f"Validation has {batches}, since {why}."))
        spec = spec.model_copy(update={"validation_batches": whole})
    pairs = max(len(rows.validation), 2)
    if "/validation_pairs" in left_open and pairs < spec.validation_pairs:
        said = f"All {pairs:,} validation pairs are evaluated."
        told.append(_told("validation_pairs", pairs, said))
        spec = spec.model_copy(update={"validation_pairs": pairs})
    return spec, told


def batch_sizes(spec: ExperimentSpec) -> dict[str, int]:
    """The batch size of each arm, by its pointer in the spec, and those that are tuned."""
    sizes = {
        spec.place_of(arm.name, "batch_size"): spec.for_arm(arm.name).batch_size
        for arm in spec.arms
    }
    tuning = spec.tuning
    if tuning is not None and "/batch_size" in tuning.fields:
        tuned = [setting["/batch_size"] for setting in tuning.all_settings]
        sizes |= {f"/tuning{tuning.place_of('/batch_size', one)}": int(one) for one in tuned}
    return sizes


def _usual(split: SplitSpec) -> UsualRows:
    """The sizes of the split itself, which are a recipe's where they are open, or the course's."""
    return UsualRows(
        getattr(split, "train_rows", None) or COURSE.train,
        getattr(split, "test_rows", None) or COURSE.test,
    )


def _rows_told(asked: SplitSpec, split: SplitSpec, count: int) -> FittedSize:
    share = getattr(asked, "train_share", None)
    why = f"at a train_share of {share:g}" if share else f"of the {count:,} of the data set"
    if isinstance(split, InOrderSplit):
        rows = f"The first {split.train_rows:,} rows train and the next {split.test_rows:,} test"
    else:
        rows = f"{getattr(split, 'test_rows', 0):,} rows test and the others train"
    return _told("split", split.model_dump(mode="json"), f"{rows}, {why}.")


def _told(field: str, value: int | dict[str, Any], sentence: str) -> FittedSize:
    return FittedSize(pointer=f"/{field}", value=value, sentence=sentence)
