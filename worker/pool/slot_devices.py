"""Which CUDA device a slot of a worker uses: each slot has one, in turn, so that all are used.

torch takes the first device it sees. An attempt therefore sees one alone, by CUDA_VISIBLE_DEVICES,
which CUDA reads when a process first uses it: the fork server of a slot is started with it, and
every attempt of that slot inherits it.
"""

from collections.abc import Mapping

VISIBLE = "CUDA_VISIBLE_DEVICES"  # also read by torch's builds for ROCm
_ROCM = ("HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES")


def slot_environment(slot: int, devices: int, environment: Mapping[str, str]) -> dict[str, str]:
    """What an attempt in the slot (0, 1, …) finds in its environment beside `environment`, on a
    machine where torch sees `devices`; nothing where there is no choice.

    Devices that the environment names (numbers, or UUIDs of GPUs and MIG instances) keep their
    names. Where ROCm's own variables name devices, the slots share the first, as CUDA's variable
    would then count among those.
    """
    if devices < 2 or any(environment.get(name) for name in _ROCM):
        return {}
    named = environment.get(VISIBLE, "")
    names = [name.strip() for name in named.split(",")] if named else list(map(str, range(devices)))
    return {VISIBLE: names[slot % devices]}
