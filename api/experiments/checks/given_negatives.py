"""The negatives that a data set gives to the anchors of each arm: told, or refused where there are
none, or too few."""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import numpy as np

from api.experiments.checks.seed_sources import undrawable
from api.experiments.views import GivenNegativesView
from models.datasets import cache
from models.datasets.given_negatives import NegativeTable, negative_keys, negative_table
from models.datasets.pairs import Codes, Triplets
from models.datasets.searched import TextNumbers
from models.datasets.splits import Rows, SplitRows
from models.datasets.training_groups import training_groups
from models.errors import Problem
from models.specs.experiment import ExperimentSpec
from models.specs.tuned_arms import for_run


class GivenNegatives:
    """The negatives that the rows of a split give, looked up where an arm asks for any."""

    def __init__(self, folder: Path, rows: SplitRows, labels: Codes) -> None:
        self._folder, self._rows, self._labels = folder, rows, labels

    def told(self, spec: ExperimentSpec) -> list[GivenNegativesView]:
        """What each arm that asks for given negatives has of them, in the spec's own words where
        its arms are tuned."""
        return [
            self._told(arm.name, own)
            for arm in spec.arms
            if (own := spec.for_arm(arm.name)).negatives.given
        ]

    def problems(self, spec: ExperimentSpec) -> list[Problem]:
        """Everything that is wrong with the negatives that arms ask for, each once."""
        found: dict[Problem, None] = {}
        for setting in range(len(spec.tuning.all_settings) if spec.tuning else 1):
            for arm in spec.arms:
                own = for_run(spec, arm.name, setting).for_arm(arm.name)
                if own.negatives.given:
                    place = spec.place_of(arm.name, "negatives")
                    found |= dict.fromkeys(self._problems(own, place))
        return list(found)

    def _problems(self, own: ExperimentSpec, place: str) -> Iterator[Problem]:
        reason = self._impossible(own)
        if reason is not None:
            yield Problem(f"{place}/given", reason)
        elif not own.negatives.in_batch:
            yield from self._too_few(own, place)

    def _impossible(self, own: ExperimentSpec) -> str | None:
        anchors = own.arms[0].loss.anchors
        if cache.open_scores(self._folder) is not None:
            return (
                "the pairs of this data set have scores, which give no anchor a negative; take 0, "
                "or upload triplets or pairs with a label"
            )
        if self._triplets is not None and anchors != "first":
            return (
                "a triplet's negatives are given to its anchor, which is the first text, and the "
                f"loss has anchors {anchors}; take anchors first"
            )
        if anchors == "both":
            return (
                "negatives are given to the anchors of one side, and the loss has anchors both; "
                "take first or second"
            )
        if not self._counts(own).any():
            return (
                f"no anchor of the {len(self._rows.train):,} training pairs is in a training row "
                "that is labelled no duplicate, so none is given a negative; take 0, or other rows"
            )
        return None

    def _too_few(self, own: ExperimentSpec, place: str) -> Iterator[Problem]:
        side, size = _side(own), own.batch_size
        held_out = self._rows.validation_duplicates
        validating = self._validation.counts(self._keys[2 * held_out + side]) > 0
        trained = self._rows.train[self._counts(own) > 0]
        parts = {"training": len(trained), "validation": int(np.count_nonzero(validating))}
        for part, count in parts.items():
            if count < size:
                detail = (
                    f"only the {count:,} {part} pairs whose anchor is given a negative count then, "
                    f"and a batch has {size:,}; take a smaller batch, or true"
                )
                yield Problem(f"{place}/in_batch", detail)
                return
        if "training_rows" in own.seeds.vary:
            groups = training_groups(cache.open_groups(self._folder), trained)
            yield from undrawable(own, groups, size)

    def _told(self, arm: str, own: ExperimentSpec) -> GivenNegativesView:
        counts, spec = self._counts(own), own.negatives
        having = int(np.count_nonzero(counts))
        total = len(counts) if spec.in_batch else having
        mean = float(np.minimum(counts, spec.given).sum()) / total
        said = (
            f"{arm}: {having:,} of {len(counts):,} training pairs have a negative that is given to "
            f"their anchor, {'' if spec.in_batch else 'and only these train, '}"
            f"{mean:.2g} a pair on average. A step encodes {mean / 2:.0%} more questions."
        )
        if own.vocabulary.rows == "duplicates" and self._triplets is None:
            said += ' Words that only these have are unknown, unless vocabulary.rows is "all".'
        return GivenNegativesView(
            arm=arm,
            given=spec.given,
            in_batch=spec.in_batch,
            training_pairs=len(counts),
            pairs_with_given=having,
            given_per_pair=mean,
            sentence=said,
        )

    def _counts(self, own: ExperimentSpec) -> Rows:
        """How many negatives the anchor of each training pair has to be given."""
        return self._training.counts(self._keys[2 * self._rows.train + _side(own)])

    @cached_property
    def _triplets(self) -> Triplets | None:
        return cache.open_triplets(self._folder)

    @cached_property
    def _texts(self) -> TextNumbers:
        return cache.open_text_numbers(self._folder)

    @cached_property
    def _keys(self) -> Triplets:
        return negative_keys(self._texts, self._triplets)

    @cached_property
    def _training(self) -> NegativeTable:
        return negative_table(self._rows.others, self._texts, self._triplets)

    @cached_property
    def _validation(self) -> NegativeTable:
        rows = self._rows.validation
        others = rows[self._labels[rows] != 1]
        return negative_table(others, self._texts, self._triplets)


def _side(own: ExperimentSpec) -> int:
    return int(own.arms[0].loss.anchors == "second")
