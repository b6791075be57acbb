"""What a seed varies, in the reply to a dry run; and why training rows cannot be drawn."""

from collections.abc import Iterator

from api.experiments.views import SeedSourcesView
from models.datasets.training_groups import FEWEST_GROUPS, TrainingGroups
from models.errors import Problem
from models.specs.experiment import ExperimentSpec
from models.specs.seeds import SOURCE_WORDS


def seed_sources(spec: ExperimentSpec, training: TrainingGroups) -> SeedSourcesView:
    """Return what differs between the seeds of this spec, given the training pairs of its split."""
    seeds = spec.seeds
    drawn = "training_rows" in seeds.vary
    return SeedSourcesView(
        varied=list(seeds.vary),
        held=list(seeds.held),
        held_at=seeds.held_at,
        told_apart=seeds.tell_apart,
        training_pairs=training.pairs,
        training_groups=training.groups,
        pairs_drawn=_half(training) if drawn else None,
        sentence=_sentence(spec, training),
    )


def undrawable(spec: ExperimentSpec, training: TrainingGroups, largest: int) -> Iterator[Problem]:
    """Why seeds of this spec cannot draw training rows, where they are to; `largest` is its largest
    batch, in pairs."""
    if "training_rows" not in spec.seeds.vary:
        return
    place = "/seeds/vary"  # as a whole: the spec's order may not be the one that was sent
    helps = "use more rows, or leave training_rows out"
    if training.groups < FEWEST_GROUPS:
        detail = (
            f"half of the duplicate groups of the training pairs are drawn, which takes "
            f"{FEWEST_GROUPS}, and there are {training.groups}; {helps}"
        )
        yield Problem(place, detail)
    elif training.fewest < largest:
        detail = (
            f"half of the {training.groups:,} duplicate groups of the training pairs may have as "
            f"few as {training.fewest:,} pairs, and a batch has {largest:,}; {helps}"
        )
        yield Problem(place, detail)


def _half(training: TrainingGroups) -> int:
    return round(training.pairs * (training.groups // 2) / training.groups)


def _sentence(spec: ExperimentSpec, training: TrainingGroups) -> str:
    seeds = spec.seeds
    own = [SOURCE_WORDS[source] for source in seeds.vary if source != "training_rows"]
    said = f"Each seed has its own {' and '.join(own)}." if own else ""
    if seeds.held:
        said += f" The {' and the '.join(seeds.held_words)} are those of all runs."
    if "training_rows" in seeds.vary:
        said += (
            f" Each seed trains on half of the {training.groups:,} duplicate groups, drawn for it: "
            f"about {_half(training):,} of {training.pairs:,} training pairs."
        )
    else:
        said += f" All {training.pairs:,} training pairs train."
    if seeds.tell_apart:
        count = len(seeds.redrawn_arms)
        said += (
            f" Under each seed {count} more runs tell the sources apart: in each, one of them "
            "alone is drawn anew."
        )
    return said.strip()
