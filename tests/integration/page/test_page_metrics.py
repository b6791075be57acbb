"""The page shows every metric that is declared, under its label, and has no list of its own."""

from playwright.sync_api import Locator, expect

from models.metrics import EVALUATION_METRICS, STEP_METRICS, Metric

from support.api import ApiForTests
from support.browser import Tab
from support.shown_runs import shown_experiment

TERMS = 1  # of the losses that are shown


def first_upper(metric: Metric) -> str:
    return metric.label[0].upper() + metric.label[1:]


def offered(tab: Tab, section: str) -> Locator:
    return tab.find(section).get_by_label("Metric", exact=True).locator("option")


def test_a_run_shows_every_metric_of_its_steps_and_evaluations(
    tab: Tab, service: ApiForTests
) -> None:
    run = service.runs(shown_experiment(service, seeds=1))[0].id
    tab.open(f"/runs/{run}")
    tab.find("#steps canvas").wait_for()
    there = [metric for name, metric in STEP_METRICS.items() if not name.startswith("active_")]
    there += [STEP_METRICS[f"active_{number}"] for number in range(1, TERMS + 1)]
    expect(offered(tab, "#steps")).to_have_text([first_upper(metric) for metric in there])
    tab.find("#evaluations").scroll_into_view_if_needed()
    heads = [first_upper(metric) for metric in EVALUATION_METRICS.values()]
    expect(tab.find("#evaluations th")).to_have_text(["Step", "Split", *heads])


def test_an_experiment_offers_a_curve_of_every_metric_of_the_validation(
    tab: Tab, service: ApiForTests
) -> None:
    tab.open(f"/experiments/{shown_experiment(service, seeds=1)}")
    measured = [metric for metric in EVALUATION_METRICS.values() if metric.unit != "pairs"]
    losses = [metric for metric in STEP_METRICS.values() if metric.unit == "loss"]
    expect(offered(tab, "#curves")).to_have_text(
        [
            *(f"Validation {metric.label}" for metric in measured if "validation" in metric.splits),
            *(f"Training {metric.label}" for metric in losses),
        ]
    )
