"""From a request body to a plan that can be run: spec, data set, split, baselines.

Whatever would certainly make a run fail is refused here, with the pointer of the field to change: a
mistake then costs one reply, not an hour of training.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np

from api.dependencies import Service
from api.experiments.checks.given_negatives import GivenNegatives
from api.experiments.checks.grade_needs import missing_grades
from api.experiments.checks.pretrained_arms import chosen_models
from api.experiments.checks.seed_sources import undrawable
from api.experiments.checks.vector_arms import chosen_vectors
from api.experiments.fitting import batch_sizes, fitting_batches, fitting_split, open_sizes
from api.experiments.vector_sizes import with_vector_sizes
from api.experiments.views import FittedSize, GivenNegativesView
from models.datasets import cache
from models.datasets.errors import SplitError
from models.datasets.pairs import Codes
from models.datasets.searched import MOST_SEARCHED, searched_questions
from models.datasets.splits import SplitRows
from models.datasets.training_groups import TrainingGroups, training_groups
from models.errors import Invalid, NotFound, Problem
from models.metrics import RETRIEVAL_METRICS
from models.specs.arm_formulas import formula_problems
from models.specs.experiment import ExperimentSpec
from models.specs.names import fault_of
from models.specs.parse import parse_spec
from models.specs.recipes import expand_recipe
from models.specs.splits import ROWS, GivenSplit, InOrderSplit
from models.specs.tuning_budget import total_steps, tuning_stops
from models.store.datasets import dataset_by_name, list_datasets
from models.store.tables import Dataset, PretrainedModel, TokenVectors

RANKING_METRICS = ("roc_auc", "average_precision")
CALLING_METRICS = ("f1", "precision", "recall", "mcc")
NEED_BOTH_LABELS = (*RANKING_METRICS, *CALLING_METRICS, "accuracy")


@dataclass(frozen=True)
class Plan:
    """A spec that fits its data set, every size written in, and the accuracies of models that need
    no training."""

    spec: ExperimentSpec
    dataset: Dataset
    test_pairs: int
    baseline_majority: float
    baseline_collapsed: float
    left_out_pairs: int
    training: TrainingGroups
    fitted: list[FittedSize]
    models: tuple[PretrainedModel, ...] = ()
    """The pretrained models that arms start from."""
    given: tuple[GivenNegativesView, ...] = ()
    """What each arm has that asks for given negatives."""
    vectors: tuple[TokenVectors, ...] = ()
    """The token vectors that they start from."""


def plan(service: Service, document: Any, left_open: frozenset[str] | None = None) -> Plan:
    """Return the plan of a decoded body. Raises `Invalid` with every problem that is known now.

    `left_open` are the sizes that fit the data set where it is not told by the body itself.
    """
    document, of_vectors = with_vector_sizes(service, document)
    spec = parse_spec(expand_recipe(document))
    _require_plain_names(spec)
    _within_bounds(spec, service.settings.max_total_steps)
    dataset = _dataset(service, spec.dataset)
    folder = service.dataset_folder(dataset.content_hash)
    labels = cache.open_labels(folder)
    left_open = open_sizes(document) if left_open is None else left_open
    try:
        spec, rows, of_split = fitting_split(spec, left_open, folder, len(labels))
    except SplitError as error:
        split_problem = Problem(_pointer(spec, error.field), error.message)
        raise Invalid([split_problem, *_never_enough(spec, left_open, labels)]) from None
    training = training_groups(cache.open_groups(folder), rows.train)
    spec, of_batches = fitting_batches(spec, left_open, rows, training)
    models, unfit = chosen_models(service, spec)
    given = GivenNegatives(folder, rows, labels)
    vectors, misfits = chosen_vectors(service, spec)
    problems = [
        *formula_problems(spec),
        *unfit,
        *misfits,
        *_too_few(spec, rows),
        *undrawable(spec, training, max(batch_sizes(spec).values())),
        *_impossible_metrics(spec, rows, labels, folder),
        *_nothing_to_search(spec, rows, folder),
        *given.problems(spec),
    ]
    if problems:
        raise Invalid(problems)
    pairs = len(rows.test)
    duplicates = int(np.count_nonzero(labels[rows.test]))
    return Plan(
        spec,
        dataset,
        pairs,
        baseline_majority=max(duplicates, pairs - duplicates) / pairs,
        baseline_collapsed=duplicates / pairs,
        left_out_pairs=rows.left_out,
        training=training,
        fitted=[*of_vectors, *of_split, *of_batches],
        models=models,
        given=tuple(given.told(spec)),
        vectors=vectors,
    )


def _require_plain_names(spec: ExperimentSpec) -> None:
    """Refused here and not by the spec, since stored names have to stay readable."""
    faults = {place: fault_of(name) for place, name in _names(spec)}
    problems = [Problem(place, fault) for place, fault in faults.items() if fault is not None]
    if problems:
        raise Invalid(problems)


def _names(spec: ExperimentSpec) -> Iterator[tuple[str, str]]:
    """The names that the body gives, by their pointers; those of cells are made of them."""
    yield "/name", spec.name
    if spec.factors is None:
        yield from ((f"/arms/{number}/name", arm.name) for number, arm in enumerate(spec.arms))
    for number, factor in enumerate(spec.factors or ()):
        yield f"/factors/{number}/name", factor.name
        for place, level in enumerate(factor.levels):
            yield f"/factors/{number}/levels/{place}/name", level.name


def _within_bounds(spec: ExperimentSpec, most: int) -> None:
    total = total_steps(spec)
    if total > most:
        each = f"{_up_to(spec)}{spec.steps:,}"
        detail = (
            f"{spec.run_count:,} runs of {each} steps are {total:,} steps, and one experiment may "
            f"have {most:,} here; use fewer steps, arms{_settings(spec)} or seeds"
        )
        raise Invalid([Problem("/steps", detail)])


def _up_to(spec: ExperimentSpec) -> str:
    return "up to " if len(tuning_stops(spec)) > 1 else ""


def _settings(spec: ExperimentSpec) -> str:
    return "" if spec.tuning is None else ", settings"


def _dataset(service: Service, name: str) -> Dataset:
    with service.database.reading() as session:
        try:
            return dataset_by_name(session, name)
        except NotFound:
            names = [one.name for one in list_datasets(session)]
            near = get_close_matches(name, names, n=1, cutoff=0.75)
            meant = f"is {near[0]!r} meant? " if near else ""
            detail = f"no data set is called {name!r}; {meant}GET /v1/datasets lists the data sets"
            raise Invalid([Problem("/dataset", detail)]) from None


def _pointer(spec: ExperimentSpec, field: str) -> str:
    """Return where the setting is that `SplitError` names; other names mean the whole split."""
    if field in ROWS and not isinstance(spec.split, GivenSplit) and spec.split.train_share:
        return "/split/train_share"
    if field in type(spec.split).model_fields:
        return f"/split/{field}"
    return "/split/kind" if field == "split" else "/split"


def _too_few(spec: ExperimentSpec, rows: SplitRows) -> list[Problem]:
    parts = {"training": len(rows.train), "validation": len(rows.validation_duplicates)}
    return [
        Problem(
            pointer,
            f"a batch of {size:,} duplicate pairs is more than the {count:,} there are for {part}; "
            f"{f'lower it to {count:,} or ' if count > 1 else ''}use more rows",
        )
        for pointer, size in batch_sizes(spec).items()
        for part, count in parts.items()
        if count < size
    ]


def _never_enough(spec: ExperimentSpec, left_open: frozenset[str], labels: Codes) -> list[Problem]:
    """The given batches that would be too large however the rows were split: told together with
    what is wrong with the split, so that nobody mends one only to hear of the other."""
    duplicates = int(np.count_nonzero(labels))
    most, part = duplicates, "the data set"
    if isinstance(spec.split, InOrderSplit):
        fraction = spec.split.validation_fraction
        most, part = duplicates - int(duplicates * (1 - fraction)), "validation"
    return [
        Problem(
            pointer,
            f"a batch of {size:,} duplicate pairs is more than the {most:,} there can be for "
            f"{part} with this data set; lower it to {max(most, 2):,} or less",
        )
        for pointer, size in batch_sizes(spec).items()
        if most < size and pointer not in left_open
    ]


def _impossible_metrics(
    spec: ExperimentSpec, rows: SplitRows, labels: Codes, folder: Path
) -> Iterator[Problem]:
    """Refuse to decide, or to choose, by a metric that tells the labels apart where all pairs of
    that part have one label: calling all pairs alike is then right, whatever was learned. So is one
    refused that needs scores or triplets where there are none."""
    named = {"/decision/metric": spec.decision.metric}
    if spec.tuning is not None:
        named["/tuning/choose_by"] = spec.tuning.choose_by
    for pointer, metric in named.items():
        part, _, name = metric.partition(".")
        of_part = rows.test if part == "test" else rows.validation
        missing = missing_grades(folder, metric, of_part, labels)
        if missing is not None:
            yield Problem(pointer, missing)
        measured = labels[of_part]
        duplicates = int(np.count_nonzero(measured))
        if name not in NEED_BOTH_LABELS or 0 < duplicates < len(measured):
            continue
        what = "a duplicate" if duplicates else "not a duplicate"
        measures = "is 1 for whoever calls all pairs alike"
        if name in RANKING_METRICS:
            measures = "ranks duplicates against other pairs"
        if name in CALLING_METRICS:
            measures = "weighs what is called of duplicates and of other pairs"
        detail = (
            f"{metric} {measures}, and every one of the {len(measured):,} {part} pairs is {what}; "
            "take another split, or a data set with both labels"
        )
        yield Problem(pointer, detail)


def _nothing_to_search(spec: ExperimentSpec, rows: SplitRows, folder: Path) -> Iterator[Problem]:
    """Refuse to decide by a metric of retrieval where no question of the test part has a known
    duplicate in it, or where there are too many to search."""
    part, _, name = spec.decision.metric.partition(".")
    if part != "test" or name not in RETRIEVAL_METRICS:
        return
    texts, groups = cache.open_text_numbers(folder), cache.open_groups(folder)
    corpus, queries = searched_questions(rows.test, texts, groups)
    if len(queries):
        return
    searches = f"{spec.decision.metric} searches the questions of the test part for duplicates"
    found = (
        f"none of the {len(corpus):,} different ones has a known duplicate among the others; take "
        "another split, or decide by another metric"
    )
    if len(corpus) > MOST_SEARCHED:
        found = (
            f"{len(corpus):,} different ones would take too long; test fewer rows, so that there "
            f"are at most {MOST_SEARCHED:,}"
        )
    yield Problem("/decision/metric", f"{searches}, and {found}")
