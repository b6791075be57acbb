"""What the seed does to an arm that is compared with no other, in the results document."""

from typing import Any

from api.results.comparability import Compared
from models.comparison.declared_rule import declared_rule
from models.comparison.lines import NO_LINES
from models.specs.seeds import REDRAWN


def noise_results(compared: Compared) -> dict[str, Any]:
    """Return the fields of `Results` on the noise of one arm; null where arms are compared."""
    spec = compared.spec
    if spec.lone_arm is None:
        return {"noise_floor": None, "seed_sources": None}
    # scipy takes a third of a second to import, which starting the API need not wait for
    from models.noise_floor.noise_floor import noise_floor
    from models.noise_floor.sources import seed_sources

    arms = compared.arms(None)
    rule, planned = declared_rule(spec), len(spec.seeds.values())
    arm = arms[spec.lone_arm.name]
    floor = noise_floor(
        arm.on(rule.metric),
        rule,
        planned=planned,
        awaited=len(arm.awaited),
        lines=compared.lines.get(rule.metric, NO_LINES),
    )
    redrawn = {REDRAWN[name]: arms[name] for name in spec.seeds.redrawn_arms}
    if not redrawn:
        return {"noise_floor": floor, "seed_sources": None}
    awaited = frozenset().union(arm.awaited, *(own.awaited for own in redrawn.values()))
    sources = seed_sources(
        arm.on(rule.metric),
        {source: own.on(rule.metric) for source, own in redrawn.items()},
        rule,
        planned=planned,
        awaited=len(awaited),
    )
    return {"noise_floor": floor, "seed_sources": sources}
