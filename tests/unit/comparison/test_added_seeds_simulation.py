"""Where seeds may be added, the promise holds in simulated experiments; where not, it would not.

`benchmarks/simulation_added_seeds.py` has the whole study; this runs its code with fewer draws.
"""

import pytest

from support.studies import study as load_study

EXPERIMENTS = 4000
CEILING = 0.05 + 3 * (0.05 * 0.95 / EXPERIMENTS) ** 0.5

load_study("simulation_until_decided")
study = load_study("simulation_added_seeds")


@pytest.fixture(scope="module")
def rates() -> dict[str, float]:
    found: dict[str, float] = study.rates(EXPERIMENTS)
    return found


def test_going_on_to_planned_looks_keeps_the_error_whatever_made_a_person_ask(
    rates: dict[str, float],
) -> None:
    planned = {name: share for name, share in rates.items() if name.startswith("planned looks")}
    assert len(planned) == len(study.POLICIES)
    assert all(0.05 / 3 < share <= CEILING for share in planned.values()), planned


def test_fresh_seeds_err_as_rarely_as_any_and_two_verdicts_more_often_than_one(
    rates: dict[str, float],
) -> None:
    assert rates["fresh seeds, asked for where |t| > 1"] <= CEILING
    assert rates["fresh seeds or the 12 first, asked for always"] > 1.5 * 0.05


def test_seeds_added_by_hand_would_break_the_promise(rates: dict[str, float]) -> None:
    none, once, twice = (
        rates[f"12 seeds, 12 added by hand up to {times} times"] for times in (0, 1, 2)
    )
    assert none <= CEILING
    assert 1.4 * 0.05 < once < twice


def test_one_arm_with_seeds_added_keeps_its_interval() -> None:
    assert study.covered(EXPERIMENTS, add=True) == pytest.approx(0.95, abs=0.012)


def test_plans_do_become_futile() -> None:
    drawn = study.differences(0.0, 500, study.MOST, seed=11)
    looks = study.looks_of(6, study.MOST)
    seen = study.seen_at(drawn, looks)
    _, futile = study.gone_on(drawn, looks, seen, study.POLICIES["never"])
    assert futile.mean() > 0.3
