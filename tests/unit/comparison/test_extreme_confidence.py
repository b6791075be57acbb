"""Confidences that a float can hardly tell from 1 or from 0.5: every figure is there and finite."""

import math

import pytest

from models.comparison.bca_bootstrap import bca_bootstrap
from models.noise_floor.noise_floor import sd_interval

DIFFERENCES = [0.01, 0.03, -0.02, 0.04, 0.0, 0.02, 0.05, -0.01, 0.015, 0.035]
CONFIDENCES = [math.nextafter(0.5, 1), 0.95, 1 - 1e-12, math.nextafter(1.0, 0.0)]


@pytest.mark.parametrize("confidence", CONFIDENCES)
def test_the_bootstrap_has_an_interval_within_what_was_resampled(confidence: float) -> None:
    interval = bca_bootstrap(DIFFERENCES, 0.02, confidence).interval
    assert interval is not None
    assert min(DIFFERENCES) <= interval.low < interval.high <= max(DIFFERENCES)


@pytest.mark.parametrize("confidence", CONFIDENCES)
def test_the_noise_floor_has_a_finite_interval_about_its_sd(confidence: float) -> None:
    interval = sd_interval(0.02, 10, confidence)
    assert 0 < interval.low < 0.023
    assert 0.017 < interval.high < math.inf
