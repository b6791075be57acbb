"""From the evidence of a comparison to all that the results document says of it.

This is a module of its own so that `models.comparison.compare` imports it only when it compares: it
imports scipy.stats, which takes a second.
"""

from models.comparison.bca_bootstrap import bca_bootstrap
from models.comparison.comparison_warnings import warnings_of
from models.comparison.evidence import Evidence
from models.comparison.pairing_gain import pairing_gain
from models.comparison.power import power_analysis
from models.comparison.schema import Comparison, Equivalence, Interval, Multiplicity, Summaries
from models.comparison.summaries import summarise
from models.comparison.superiority import superiority
from models.comparison.verdict import comparison_sentence, decide


def conclude(evidence: Evidence) -> Comparison:
    """The comparison with its verdict, its sentence, and every statistic beside them."""
    compared, rule, verdict = evidence.compared, evidence.rule, decide(evidence)
    a, b, warnings = compared.a, compared.b, warnings_of(compared)
    return Comparison(
        a=a.name,
        b=b.name,
        metric=rule.metric,
        higher_is_better=rule.higher_is_better,
        pairs=evidence.pairs,
        summaries=Summaries(a=summarise(a.by_seed), b=summarise(b.by_seed)),
        mean_difference=evidence.mean,
        sd_difference=evidence.sd,
        interval=_interval(evidence),
        sign_flip_p=evidence.sign_flip_p,
        equivalence=_equivalence(evidence),
        verdict=verdict,
        sentence=comparison_sentence(evidence, verdict, warnings),
        warnings=warnings,
        role=compared.role,
        multiplicity=Multiplicity(family=evidence.family, p=evidence.p, holm_p=evidence.holm_p),
        bootstrap=bca_bootstrap(evidence.differences, evidence.sd, rule.confidence),
        superiority=superiority(
            evidence.differences,
            higher_is_better=rule.higher_is_better,
            rounding=evidence.rounding,
            confidence=rule.confidence,
        ),
        pairing=pairing_gain(evidence.pairs, evidence.sd),
        power=power_analysis(evidence.sd, len(evidence.pairs), rule.equivalence_margin, rule.alpha),
    )


def _interval(evidence: Evidence) -> Interval | None:
    if evidence.bounds is None:
        return None
    low, high = evidence.bounds
    return Interval(confidence=evidence.rule.confidence, low=low, high=high)


def _equivalence(evidence: Evidence) -> Equivalence | None:
    margin = evidence.rule.equivalence_margin
    if margin is None or evidence.tost_p is None:
        return None
    return Equivalence(margin=margin, p=evidence.tost_p)
