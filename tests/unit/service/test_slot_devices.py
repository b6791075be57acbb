"""Each slot of a worker uses one CUDA device, and all devices are used."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.pool.slot_devices import VISIBLE, slot_environment


def test_slots_use_the_devices_in_turn() -> None:
    assert [slot_environment(slot, 3, {})[VISIBLE] for slot in range(5)] == list("01201")


def test_devices_that_the_environment_names_keep_their_names() -> None:
    for named in ("2,5", "GPU-8e7b, MIG-77c2 ,GPU-unknown"):
        shown = [slot_environment(slot, 2, {VISIBLE: named})[VISIBLE] for slot in range(3)]
        first, second = [name.strip() for name in named.split(",")][:2]
        assert shown == [first, second, first]


@pytest.mark.parametrize("name", ["HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"])
def test_nothing_changes_where_there_is_no_choice_or_rocm_names_the_devices(name: str) -> None:
    assert slot_environment(1, 0, {}) == slot_environment(1, 1, {VISIBLE: "3"}) == {}
    assert slot_environment(1, 2, {name: "0,1"}) == {}


@given(st.integers(2, 16), st.integers(1, 64))
def test_no_device_has_two_slots_more_than_another(devices: int, slots: int) -> None:
    shown = [slot_environment(slot, devices, {})[VISIBLE] for slot in range(slots)]
    shares = [shown.count(str(device)) for device in range(devices)]
    assert max(shares) - min(shares) <= 1
