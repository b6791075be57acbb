"""`ExperimentSpec`: what a person requests. A default is written beside its field, here or in the
module of `models.specs` that declares the part (a loss, a term, an encoder, a plan of looks).
"""

from typing import Annotated, Any, Literal

from pydantic import (
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from models.specs.base import SpecPart, contradiction
from models.specs.decision import DecisionSpec, Programme
from models.specs.factors import (
    MAX_CELLS,
    DeclaredEffect,
    Design,
    EffectFamily,
    Factors,
    cell_names,
    declared_effects,
    level_place,
)
from models.specs.losses import LossSpec
from models.specs.seeds import SeedCount, SeedsSpec, SeedsUntilDecided
from models.specs.splits import InOrderSplit, SplitSpec
from models.specs.training import (
    AdamSpec,
    BatchSize,
    EarlyStop,
    EncoderSpec,
    FixedThreshold,
    Interval,
    KeptWeights,
    LstmEncoder,
    NegativesSpec,
    OptimizerSpec,
    PretrainedEncoder,
    Steps,
    ThresholdSpec,
    Tokenizer,
    VocabularySpec,
)
from models.specs.tuning import MOST_SETTINGS, TuningSpec
from models.specs.until_decided import UntilDecided

# one line of text without control characters: PostgreSQL cannot store the character NUL
Line = Annotated[str, Field(min_length=1, pattern=r"^[^\x00-\x1f\x7f]+$")]
MAX_ARMS = 16
MOST_TRIED = MAX_ARMS * MOST_SETTINGS
"""Cells times settings, where both are many: as many as arms may have."""


class Arm(SpecPart):
    """One variant: its loss, and the fields that override those of the spec.

    A field overrides only if it was given, so `early_stop: null` (no early stop in this arm) and
    no `early_stop` (that of the spec) differ. `parse_spec` merges an override over the spec's part.
    """

    # with what joins the name of a cell (`models.specs.factors`)
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 _.+=,-]{0,63}$")]
    loss: LossSpec
    tokenizer: Tokenizer | None = None
    vocabulary: VocabularySpec | None = None
    encoder: EncoderSpec | None = None
    optimizer: OptimizerSpec | None = None
    batch_size: BatchSize | None = None
    negatives: NegativesSpec | None = None
    steps: Steps | None = None
    evaluate_every: Interval | None = None
    early_stop: EarlyStop | None = None
    checkpoint: KeptWeights | None = None
    threshold: ThresholdSpec | None = None

    @model_validator(mode="after")
    def _null_overrides_nothing(self) -> "Arm":
        for field in self.overridden - {"early_stop"}:
            if getattr(self, field) is None:
                raise contradiction(f"/{field}", "null overrides nothing; leave the field out")
        return self

    @property
    def overridden(self) -> frozenset[str]:
        """The fields of the spec that this arm has its own values of."""
        return OVERRIDABLE & self.model_fields_set

    @model_serializer(mode="wrap")
    def _without_what_was_not_given(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        absent = OVERRIDABLE - self.overridden
        return {name: value for name, value in handler(self).items() if name not in absent}


OVERRIDABLE = frozenset(Arm.model_fields) - {"name", "loss"}


FACTORIAL = frozenset({"factors", "design", "effects", "loss"})
"""Fields that only a spec with factors has."""


def _arms_or_factors(schema: dict[str, Any]) -> None:
    """Say in the JSON schema that factors may stand in place of arms."""
    schema["required"].remove("arms")
    schema["allOf"] = [{"anyOf": [{"required": ["arms"]}, {"required": ["factors"]}]}]


class ExperimentSpec(SpecPart):
    model_config = ConfigDict(json_schema_extra=_arms_or_factors)

    name: Annotated[Line, Field(max_length=200)] = "Untitled"
    dataset: Annotated[Line, Field(max_length=100)]
    """Name of a data set of this service."""
    split: SplitSpec = InOrderSplit()
    tokenizer: Tokenizer = "word"
    """What a text is cut into."""
    vocabulary: VocabularySpec = VocabularySpec()
    encoder: EncoderSpec = LstmEncoder(kind="lstm")
    optimizer: OptimizerSpec = AdamSpec()
    batch_size: BatchSize = 256
    """Duplicate pairs in a batch; each row has batch_size - 1 negatives, beside those given."""
    negatives: NegativesSpec = NegativesSpec()
    steps: Steps = 1400
    """Updates of the weights, one a batch."""
    evaluate_every: Interval = 100
    """Steps between evaluations; one more follows the last step."""
    early_stop: EarlyStop | None = None
    """When a run ends before its last step; null means never."""
    checkpoint: KeptWeights = "last"
    """Which weights are tested and kept; the test never decides which."""
    validation_batches: Annotated[int, Field(ge=1, le=1000)] = 8
    """Fixed batches of duplicates over which the validation losses are averaged."""
    validation_pairs: Annotated[int, Field(ge=2, le=1_000_000)] = 2048
    """Validation pairs of both labels for accuracy and ranks, spread evenly over all of them."""
    threshold: ThresholdSpec = FixedThreshold()
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """The kind of device that runs are trained on."""
    time_limit: Annotated[float, Field(gt=0, le=30 * 24 * 3600)] | None = None
    """Seconds that a run may train, all its attempts added up. A run past the limit fails after its
    current step, and keeps its checkpoint. Null means no limit."""
    arms: Annotated[
        tuple[Arm, ...],
        Field(min_length=1, max_length=MAX_CELLS, json_schema_extra={"maxItems": MAX_ARMS}),
    ]
    """Two or more are compared; one alone gives the noise floor, what the seed alone does. Or there
    are `factors`, from which they follow."""
    factors: Factors | None = None
    """Choices that are varied together, in place of arms; their first levels are the baseline."""
    design: Design = "full"
    """Which levels of the factors are trained together."""
    effects: EffectFamily = "main"
    """What is judged, and so what Holm's rule counts."""
    loss: LossSpec | None = None
    """The loss that levels change, where there are factors. Else arms that have no loss train with
    it, and the stored spec has it in these arms."""
    tuning: TuningSpec | None = None
    """Settings that every arm, or every cell, is tried with before the comparison, which is then of
    the best of each; null compares them at the one setting that the spec gives them."""
    seeds: SeedsSpec = SeedCount()
    decision: DecisionSpec = DecisionSpec()
    programme: Programme | None = None
    """The sequence that this is a question of, by name: each gets its level from the verdicts
    before it, so that of all claims `better` few are false (`docs/programmes.md`)."""

    @model_validator(mode="after")
    def _arms_stand_alone_or_follow_from_factors(self) -> "ExperimentSpec":
        if self.factors is not None:
            if self.effects == "with_interactions" and self.design == "one_at_a_time":
                raise contradiction("/effects", 'one at a time shows none; take the design "full"')
            return self
        if len(self.arms) > MAX_ARMS:
            detail = f"may have at most {MAX_ARMS}, has {len(self.arms)}; factors have more"
            raise contradiction("/arms", detail)
        for field in sorted(FACTORIAL & self.model_fields_set - {"factors"}):
            if getattr(self, field) is not None:
                detail = "only a spec with factors has this; it has arms"
                if field == "loss":
                    detail = "every arm has a loss of its own; leave this one out, or theirs"
                raise contradiction(f"/{field}", detail)
        return self

    @model_validator(mode="after")
    def _sources_are_told_apart_of_one_arm(self) -> "ExperimentSpec":
        if not self.seeds.tell_apart:
            return self
        for name in ("factors", "tuning", "until_decided"):
            if getattr(self, name) is not None:
                detail = f"is for one arm under seeds that are given, and there is {name}"
                raise contradiction("/seeds/tell_apart", detail)
        own = self.arms[0]
        if own.name in self.seeds.redrawn_arms:
            detail = "an arm in which a source is drawn anew has this name; take another"
            raise contradiction("/arms/0/name", detail)
        redrawn = [own.model_copy(update={"name": name}) for name in self.seeds.redrawn_arms]
        if len(self.arms) == 1:
            object.__setattr__(self, "arms", (own, *redrawn))
        elif self.arms != (own, *redrawn):  # those of a stored spec that is sent again
            detail = "the sources of one arm are told apart; leave the others, or tell_apart, out"
            raise contradiction("/arms", detail)
        if self.decision.baseline not in ("", own.name):
            raise contradiction("/decision/baseline", f"is {own.name}; leave this out")
        return self

    @model_validator(mode="after")
    def _arms_make_sense(self) -> "ExperimentSpec":
        names = [arm.name for arm in self.arms]
        for index, name in enumerate(names):
            if name in names[:index]:
                raise contradiction(f"/arms/{index}/name", f"two arms are called '{name}'")
        if not self.decision.baseline:
            # written in, so that the stored spec says what "the first arm" meant
            named = self.decision.model_copy(update={"baseline": names[0]})
            object.__setattr__(self, "decision", named)
        if self.decision.baseline not in names:
            raise contradiction(
                "/decision/baseline", f"no arm has this name; the arms are {', '.join(names)}"
            )
        if len(names) == 1 and self.until_decided:
            reason = "one arm leaves nothing to decide; give a count or a list of seeds"
            raise contradiction("/seeds/until_decided", reason)
        if self.programme is not None and self.lone_arm is not None:
            reason = "one arm asks nothing that could be found; leave this out"
            raise contradiction("/programme", reason)
        return self

    @model_validator(mode="after")
    def _every_mining_stage_is_reached(self) -> "ExperimentSpec":
        for index, arm in enumerate(self.arms):
            steps = self.for_arm(arm.name).steps
            for pointer, stage in arm.loss.mining_stages():
                if stage.from_step > steps:
                    raise contradiction(
                        f"/arms/{index}/loss{pointer}/from_step",
                        f"this arm trains for {steps} steps, so this stage would never begin",
                    )
        return self

    @model_validator(mode="after")
    def _tuning_is_fair(self) -> "ExperimentSpec":
        if self.tuning is None:
            return self
        tried = len(self.arms) * len(self.tuning.all_settings)
        if tried > MOST_TRIED:
            detail = (
                f"{len(self.arms)} cells at {len(self.tuning.all_settings)} settings are {tried:,} "
                f"arms to train, more than {MOST_TRIED:,}; leave out levels or settings"
            )
            raise contradiction("/tuning", detail)
        steps = [self.for_arm(arm.name).steps for arm in self.arms]
        for index, own in enumerate(steps):
            if own != steps[0]:
                raise contradiction(
                    f"/arms/{index}/steps",
                    f"arms that are tuned have the same budget, and {self.arms[0].name} trains for "
                    f"{steps[0]} steps",
                )
        if self.tuning.each_seed and self.until_decided is not None:
            raise contradiction(
                "/tuning/each_seed",
                "seeds that are added later would have to be tuned later; give their number, or "
                "choose once for all of them",
            )
        tuning_seeds = set(self.tuning_seeds)
        for index, seed in enumerate(self.seeds.values()):
            if seed in tuning_seeds:
                raise contradiction(
                    f"/seeds/list/{index}",
                    f"{seed} is a tuning seed, and the comparison needs fresh ones",
                )
        return self

    @property
    def baseline(self) -> Arm:
        return self.arm(self.decision.baseline)

    def arm(self, name: str) -> Arm:
        """The arm of this name; `KeyError` when there is none."""
        for arm in self.arms:
            if arm.name == name:
                return arm
        raise KeyError(name)

    def for_arm(self, name: str) -> "ExperimentSpec":
        """What this arm trains with: the spec with the arm's overrides applied, and no other arm.

        Raises `KeyError` when there is no such arm; the spec of one arm has no others.
        """
        arm = self.arm(name)
        own = {field: getattr(arm, field) for field in arm.overridden}
        alone = {"arms": (Arm(name=arm.name, loss=arm.loss),), "factors": None, "loss": None}
        return self.model_copy(update={**own, **alone})

    @property
    def compares_arms(self) -> bool:
        """Whether two arms are a question; else factors ask for effects, or sources are told
        apart."""
        return self.factors is None and not self.seeds.tell_apart

    @property
    def lone_arm(self) -> Arm | None:
        """The arm that is compared with no other, of which the noise is asked."""
        return self.arms[0] if len(self.arms) == 1 or self.seeds.tell_apart else None

    @property
    def declared_effects(self) -> tuple[DeclaredEffect, ...]:
        """What is asked about the factors; nothing where there are none."""
        return declared_effects(self.factors or (), self.design, self.effects)

    @property
    def cells(self) -> dict[str, tuple[int, ...]]:
        """The levels of each arm that is a cell, as indexes; empty without factors."""
        if self.factors is None:
            return {}
        return {name: levels for levels, name in cell_names(self.factors, self.design).items()}

    def place_of(self, name: str, field: str) -> str:
        """The pointer of the value that an arm has of a field: its own, a level's or the spec's."""
        if self.factors is not None:
            return level_place(self.factors, self.cells[name], field) or f"/{field}"
        index = [arm.name for arm in self.arms].index(name)
        own = field in self.arms[index].overridden
        return f"/arms/{index}/{field}" if own else f"/{field}"

    @property
    def gives_negatives(self) -> bool:
        """Whether any arm has negatives that are given."""
        return any(self.for_arm(arm.name).negatives.given for arm in self.arms)

    def starts_pretrained(self, arm: str) -> bool:
        """Whether the runs of this arm start from a pretrained model."""
        return isinstance(self.for_arm(arm).encoder, PretrainedEncoder)

    @property
    def run_count(self) -> int:
        """The most runs that there can be; fewer where seeds are added until decided."""
        return self.tuning_run_count + len(self.arms) * len(self.seeds.values())

    @property
    def fewest_runs(self) -> int:
        """The runs that there are before the first look, where seeds are added until decided."""
        return self.tuning_run_count + len(self.arms) * len(self.seeds.at_start())

    @property
    def run_count_at_start(self) -> int:
        """Runs that are queued when the experiment is accepted."""
        return self.tuning_run_count or self.fewest_runs

    @property
    def tuning_run_count(self) -> int:
        """Runs that only serve to choose the setting of each arm; 0 where nothing is tuned."""
        if self.tuning is None:
            return 0
        return len(self.arms) * len(self.tuning.all_settings) * len(self.tuning_seeds)

    @property
    def tuning_groups(self) -> dict[int | None, tuple[int, ...]]:
        """The tuning seeds that choose for each seed of the comparison; under None those that
        choose for all of them."""
        if self.tuning is None:
            return {}
        if not self.tuning.each_seed:
            return {None: self.tuning.seeds_at(0)}
        seeds = enumerate(self.seeds.values())
        return {seed: self.tuning.seeds_at(place) for place, seed in seeds}

    @property
    def tuning_seeds(self) -> tuple[int, ...]:
        """Every tuning seed, in order; none where nothing is tuned."""
        return tuple(seed for seeds in self.tuning_groups.values() for seed in seeds)

    @property
    def until_decided(self) -> UntilDecided | None:
        """The plan of looks, where seeds are added until the verdict is decided."""
        return self.seeds.until_decided if isinstance(self.seeds, SeedsUntilDecided) else None

    @model_serializer(mode="wrap")
    def _without_the_fields_of_factors(
        self, handler: SerializerFunctionWrapHandler
    ) -> dict[str, Any]:
        """A spec of arms is stored as before there were factors, to which its checkpoints hold."""
        document: dict[str, Any] = handler(self)
        absent = FACTORIAL if self.factors is None else {"loss"} if self.loss is None else set()
        return {name: value for name, value in document.items() if name not in absent}
