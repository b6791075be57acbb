"""Summaries of experiments in a list: their state, progress and verdicts; and a page of them.

The verdicts are those of the results document, which a test checks. They are computed without its
bootstraps, so that a list of two hundred experiments takes no noticeable time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy.orm import Session

from api.experiments.effect_verdicts import final_effect_verdicts, interim_effect_verdicts
from api.experiments.interim_looks import look_views
from api.experiments.kept_verdicts import kept_verdicts
from api.experiments.programmes import programme_view
from api.experiments.progress import share_done, share_of_most
from api.experiments.views import ExperimentSummary, NoiseFloorView, VerdictView
from models.comparison.comparison_warnings import warnings_of
from models.comparison.declared_rule import declared_rule
from models.comparison.families import pairs_of_arms
from models.comparison.inputs import ArmValues, ComparisonInput
from models.comparison.lines import NO_LINES, Lines
from models.errors import Unreadable
from models.specs.experiment import ExperimentSpec
from models.specs.parse import stored_spec
from models.states import TERMINAL, RunState, experiment_state
from models.store.arm_values import arm_values_of
from models.store.experiment_states import with_more_planned
from models.store.experiments import Listed, failure_reasons, list_experiments, steps_done
from models.store.finding.labels import tags_of
from models.store.interim_looks import looks_of, verdicts_of
from models.store.tables import Experiment

WantedVerdict = Literal["better", "equivalent", "undecided"]
AT_ONCE = 200
MOST_READ = 1000
"""Experiments that one request reads; a page may end before it is full, and `next` goes on."""

PageOfSummaries = tuple[list[ExperimentSummary], str | None]
"""The summaries, and the id after which the next page begins."""


ArmsByName = Mapping[str, ArmValues]


@dataclass(frozen=True)
class _Listed:
    """An experiment of the list, with what one query reads for all of them."""

    row: Experiment
    counts: dict[RunState, int]
    spec: ExperimentSpec
    state: RunState
    more_planned: bool
    """Whether a planned look, or a choice of settings, may still add runs."""
    reason: str | None
    """Why its first failed run failed."""

    @property
    def lines(self) -> Lines:
        """What the metric that decides is without any network that learned."""
        return self.row.lines.get(self.spec.decision.metric, NO_LINES)

    @property
    def stopped_early(self) -> int:
        """Runs that were cancelled, where these leave no verdict: in a programme."""
        return self.counts[RunState.CANCELLED] if self.spec.programme is not None else 0

    @property
    def judged_at_end(self) -> bool:
        """Whether the runs are compared here; where seeds are added, only the looks judge."""
        return self.spec.until_decided is None and self.state in TERMINAL

    @property
    def has_verdicts(self) -> bool:
        """Whether its arms are to be judged, or may have been judged at a look."""
        return self.judged_at_end or self.spec.until_decided is not None


def page_of(
    session: Session,
    *,
    verdict: WantedVerdict | None,
    after: str | None,
    limit: int,
    **filters: Any,
) -> PageOfSummaries:
    """Return a page of experiments, newest first; `filters` are those of the store's list.

    A verdict is not stored but follows from the runs, so experiments are read until the page is
    full.
    """
    if verdict is None:
        rows = list_experiments(session, after=after, limit=limit + 1, **filters)
        items = summaries(session, rows[:limit])
        return items, items[-1].id if len(rows) > limit else None
    found: list[ExperimentSummary] = []
    for _ in range(0, MOST_READ, AT_ONCE):
        rows = list_experiments(session, after=after, limit=AT_ONCE, **filters)
        for summary in summaries(session, rows):
            after = summary.id
            if has_verdict(summary, verdict):
                found.append(summary)
            if len(found) == limit:
                return found, after
        if len(rows) < AT_ONCE:
            return found, None
    return found, after


def has_verdict(summary: ExperimentSummary, wanted: WantedVerdict) -> bool:
    """Whether some arm, or effect, has this verdict; `better` in either direction."""
    alike = {"a_better", "b_better"} if wanted == "better" else {wanted}
    return any(one.verdict in alike for one in summary.verdicts)


def summaries(session: Session, listed: Sequence[Listed]) -> list[ExperimentSummary]:
    """Return one summary for each experiment, in the same order."""
    ids = [row.id for row, _ in listed]
    planned, done = with_more_planned(session, ids), steps_done(session, ids)
    tags = tags_of(session, ids)
    failed = [row.id for row, counts in listed if counts[RunState.FAILED]]
    reasons = failure_reasons(session, failed) if failed else {}
    rows: list[_Listed] = []
    shown: dict[str, ExperimentSummary] = {}
    for row, counts in listed:
        more_planned, reason = row.id in planned, reasons.get(row.id)
        state = experiment_state(counts, look_left=more_planned)
        try:
            spec = stored_spec(row.spec, row.id)
        except Unreadable as error:  # the others in the list are not to be lost with it
            unread = _unreadable(row, counts, state, reason, str(error))
            shown[row.id] = unread.model_copy(update={"tags": tags[row.id]})
        else:
            rows.append(_Listed(row, counts, spec, state, more_planned, reason))
    arms = arm_values_of(session, {one.row.id: one.spec for one in rows if one.has_verdicts})
    for one in rows:
        own = one.row.id
        shown[own] = _summary(session, one, done[own], arms.get(own, {}), tags[own])
    return [shown[experiment_id] for experiment_id in ids]


def _unreadable(
    row: Experiment, counts: dict[RunState, int], state: RunState, reason: str | None, problem: str
) -> ExperimentSummary:
    return ExperimentSummary(
        id=row.id,
        name=row.name,
        state=state,
        dataset="",
        created_at=row.created_at,
        runs=counts,
        arms=[],
        factors=[],
        progress=0.0,
        metric="",
        verdicts=[],
        reason=reason,
        owner=row.owner,
        tags=[],
        problem=problem,
    )


def _summary(
    session: Session, one: _Listed, done: tuple[int, int], arms: ArmsByName, tags: list[str]
) -> ExperimentSummary:
    plan = look_views(looks_of(session, one.row.id)) if one.more_planned else []
    return ExperimentSummary(
        id=one.row.id,
        name=one.row.name,
        state=one.state,
        dataset=one.spec.dataset,
        created_at=one.row.created_at,
        runs=one.counts,
        arms=[arm.name for arm in one.spec.arms],
        factors=[factor.name for factor in one.spec.factors or ()],
        progress=(
            share_of_most(done[0], one.spec, plan)
            if one.spec.tuning is not None and one.more_planned
            else share_done(*done, plan)
        ),
        metric=one.spec.decision.metric,
        verdicts=_final_verdicts(one, arms)
        if one.judged_at_end
        else _interim_verdicts(session, one, arms),
        reason=one.reason,
        noise_floor=_noise_floor(one, arms),
        programme=programme_view(one.spec),
        owner=one.row.owner,
        tags=tags,
    )


def _interim_verdicts(session: Session, one: _Listed, arms: ArmsByName) -> list[VerdictView]:
    """Return the last verdict of the looks on each arm, or effect; empty without a plan."""
    if one.spec.until_decided is None:
        return []
    latest = {verdict.arm: verdict for verdict in verdicts_of(session, one.row.id)}
    if one.spec.factors is not None:
        return interim_effect_verdicts(one.spec, arms, one.lines, latest)
    baseline = one.spec.decision.baseline
    rule = declared_rule(one.spec)
    return [
        VerdictView(
            a=arm,
            b=baseline,
            verdict=look.verdict,
            mean_difference=look.mean_difference,
            warnings=list(
                warnings_of(ComparisonInput(arms[arm], arms[baseline], rule, lines=one.lines))
            ),
        )
        for arm, look in latest.items()
    ]


def _final_verdicts(one: _Listed, arms: ArmsByName) -> list[VerdictView]:
    if one.spec.factors is not None:
        return final_effect_verdicts(one.spec, arms, one.lines, awaited=one.stopped_early)
    decision = one.spec.decision
    rule, lines = declared_rule(one.spec), one.lines
    pairs = pairs_of_arms(one.spec)
    awaited = one.stopped_early
    family = [
        ComparisonInput(arms[a], arms[b], rule, lines=lines, awaited=awaited) for a, b in pairs
    ]
    return [
        VerdictView(
            a=compared.a.name,
            b=compared.b.name,
            verdict=verdict,
            mean_difference=mean,
            warnings=list(warnings_of(compared)),
        )
        for compared, (mean, verdict) in zip(family, kept_verdicts(family), strict=True)
        if compared.b.name == decision.baseline
    ]


def _noise_floor(one: _Listed, arms: ArmsByName) -> NoiseFloorView | None:
    if one.spec.lone_arm is None or not one.judged_at_end:
        return None
    # scipy takes a third of a second to import, which starting the API need not wait for
    from models.noise_floor.noise_floor import noise_floor

    rule, planned = declared_rule(one.spec), len(one.spec.seeds.values())
    arm = arms[one.spec.lone_arm.name]
    floor = noise_floor(arm, rule, planned=planned, lines=one.lines)
    return NoiseFloorView.model_validate(floor, from_attributes=True)
