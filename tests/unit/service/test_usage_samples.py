"""Samples of what an attempt uses: true of the process, few, and of one length."""

import time

import pytest

from models.store.metrics.usage import Usage
from worker.attempts.usage import MOST, UsageSampler, joined


def sample(seconds: float, processors: float, memory: int, gpu: float | None = None) -> Usage:
    held = None if gpu is None else memory
    return Usage(seconds=seconds, processors=processors, memory=memory, gpu=gpu, gpu_memory=held)


def busy(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def test_neighbours_are_joined_to_the_mean_over_their_time_and_the_most_memory() -> None:
    samples = [sample(2, 1.0, 70), sample(6, 0.25, 50), sample(8, 0.0, 10), sample(10, 1.0, 90)]
    first, second = joined(samples)
    assert [first.processors, second.processors] == pytest.approx([0.5, 0.5])
    assert (first.seconds, first.memory) == (6, 70)
    assert (second.seconds, second.memory) == (10, 90)
    assert (first.gpu, first.gpu_memory) == (None, None)


def test_a_gpu_that_is_used_from_some_time_on_is_in_the_joined_samples() -> None:
    (both,) = joined([sample(2, 1.0, 70), sample(4, 1.0, 80, gpu=0.5)])
    assert (both.gpu, both.gpu_memory) == (0.5, 80)


def test_a_process_that_computes_is_told_from_one_that_sleeps() -> None:
    sampler = UsageSampler()
    busy(0.7)
    sampler.sample()
    time.sleep(0.7)
    sampler.sample()
    _, (worked, slept) = sampler.samples()
    assert worked.processors > 5 * slept.processors
    assert worked.memory > 20e6
    assert worked.seconds < slept.seconds


def test_two_samples_at_once_are_one() -> None:
    sampler = UsageSampler()
    time.sleep(0.6)
    sampler.sample()
    sampler.sample()
    assert len(sampler.samples()[1]) == 1


def test_a_long_attempt_has_no_more_samples_and_they_get_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moments = iter(range(10_000))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(moments)))
    sampler = UsageSampler()
    counts = []
    for _ in range(3 * MOST):
        sampler.sample()
        counts.append(len(sampler.samples()[1]))
    times, samples = sampler.samples()
    assert (max(counts), times) == (MOST - 1, 5)
    lengths = {b.seconds - a.seconds for a, b in zip(samples, samples[1:], strict=False)}
    assert len(samples) >= MOST // 2
    assert len(lengths) > 1, "those at the end are as short as they come until they are joined"
