"""Studies asked of a service, over small data sets that are uploaded first."""

from typing import Any

from support.api import ARMS, GENERATED, ApiForTests
from support.uploads import HEADER, upload

PATH = "/v1/studies"
SMALL_SPLIT = {"kind": "in_order", "train_rows": 60, "test_rows": 20}
STUDY_SPEC: dict[str, Any] = {
    "split": SMALL_SPLIT,
    "batch_size": 4,
    "steps": 20,
    "evaluate_every": 10,
    "validation_batches": 1,
    "arms": ARMS,
    "seeds": {"count": 6},
}


def small_rows(topic: str) -> bytes:
    """Eighty pairs about a topic, every second one of them a duplicate."""
    rows = (
        f"How do I {topic} in {n} days?,What is the way to {topic} in {n} days?,1\n"
        if n % 2
        else f"How do I {topic} in {n} days?,Who did {topic} in year {n}?,0\n"
        for n in range(80)
    )
    return HEADER + "".join(rows).encode()


def with_data_sets(api: ApiForTests, count: int, **request: Any) -> list[str]:
    """The generated data set and `count` - 1 small ones, by name."""
    names = [f"pairs-{number}" for number in range(1, count)]
    for name in names:
        reply = upload(api, small_rows(f"learn {name}"), name=name, **request)
        assert reply.status_code == 201, reply.text
    return [GENERATED, *names]


def over(names: list[str]) -> list[dict[str, Any]]:
    return [{"dataset": name} for name in names]


def plan_study(api: ApiForTests, names: list[str], **changes: Any) -> dict[str, Any]:
    """A planned study of the small spec; `changes` are of the spec."""
    body = {"name": "On all of them", "spec": {**STUDY_SPEC, **changes}, "over": over(names)}
    reply = api.http.post(PATH, json=body)
    assert reply.status_code == 202, reply.text
    made: dict[str, Any] = reply.json()
    return made


def train_experiment(api: ApiForTests, experiment_id: str, ahead: float, sd: float = 0.002) -> None:
    """End every run; each other arm is ahead of vanilla by about so much, and a third of it more
    for each arm that comes later."""
    view = api.get(f"/v1/experiments/{experiment_id}")
    arms = [arm["name"] for arm in view["spec"]["arms"]]
    for run in view["runs"]:
        if run["state"] != "queued":
            continue
        place = arms.index(run["arm"])
        lead = ahead * (2 + place) / 3 if place else 0.0
        noise = sd * ((run["seed"] * 7 + place * 3) % 5 - 2)
        api.train(run["id"], accuracy=round(0.7 + lead + noise, 6))
