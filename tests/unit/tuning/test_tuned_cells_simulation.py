"""What effects of tuned cells promise, in fewer of the experiments that
`benchmarks/simulation_tuned_factors.py` has; rates are held against the promise plus three Monte
Carlo standard deviations, and the draws are seeded."""

import math

from support.studies import study as load_study

study = load_study("simulation_tuned_factors")
EXPERIMENTS = 300
CEILING = 0.05 + 3 * math.sqrt(0.05 * 0.95 / EXPERIMENTS)


def test_fresh_seeds_judge_the_chosen_settings_of_all_cells_as_promised() -> None:
    differently, wrong, covered, _ = study.simulate(
        study.SHALLOW, EXPERIMENTS, tuning_seeds=2, each_seed=False
    )
    assert differently > 0.5, "else nothing was chosen by chance"
    assert wrong <= CEILING
    assert covered >= 1 - CEILING


def test_with_a_choice_for_each_seed_equal_cells_rarely_have_an_effect() -> None:
    _, _, covered, anything = study.simulate(
        study.gap(0.004), EXPERIMENTS, tuning_seeds=1, each_seed=True
    )
    assert anything <= CEILING
    assert covered >= 1 - CEILING
