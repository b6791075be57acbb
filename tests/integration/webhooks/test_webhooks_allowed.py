"""A webhook calls the hosts that the settings name, and no other, whatever it was told."""

from typing import Any

from models.settings import Settings
from worker.webhooks.sender import deliver_due

from support.api import pointers
from support.webhooks import end, register, told


def test_hosts_that_are_not_allowed_are_refused_and_the_setting_is_named(hooked: Any) -> None:
    api, receiver = hooked()
    other = f"http://127.0.0.1:{receiver.port + 1}/"
    for body in ({"url": other}, {"url": "https://hooks.example.org/"}):
        reply = api.http.post("/v1/webhooks", json=body)
        assert pointers(reply) == ["/url"]
        assert "TRIPLETLAB_WEBHOOK_HOSTS" in reply.json()["detail"]
    bodies: dict[str, Any] = {
        "/url": {"events": ["experiment.failed"]},
        "/events/0": {"url": receiver.url, "events": ["run.failed"]},
        "/events/1": {"url": receiver.url, "events": ["experiment.failed"] * 2},
        "/events": {"url": receiver.url, "events": []},
        "/secret": {"url": receiver.url, "secret": "mine"},
        "": [],
    }
    for pointer, wrong in bodies.items():
        assert pointers(api.http.post("/v1/webhooks", json=wrong)) == [pointer]
    assert api.get("/v1/webhooks")["items"] == []


def test_a_host_that_is_allowed_no_more_is_told_nothing(hooked: Any) -> None:
    api, receiver = hooked()
    hook = register(api, receiver.url)
    end(api, api.submit())
    closed = Settings(**{**api.settings.model_dump(), "webhook_hosts": ""})
    assert deliver_due(api.database, closed) == 1
    assert receiver.heard == []
    (one,) = told(api, hook)
    assert one["due_at"] is None
    assert "TRIPLETLAB_WEBHOOK_HOSTS" in one["reason"]


def test_a_name_that_only_a_star_allows_may_not_lead_to_this_machine(hooked: Any) -> None:
    # localhost leads here on every machine; as *.localhost does with systemd, and a name of
    # anyone's own does anywhere
    api, receiver = hooked(webhook_hosts="*")
    url = f"http://localhost:{receiver.port}/"
    assert "is not among the hosts" in api.http.post("/v1/webhooks", json={"url": url}).text
    hook = register(api, "http://localhost/")
    end(api, api.submit())
    deliver_due(api.database, api.settings)
    (one,) = told(api, hook)
    assert "is not public" in one["reason"]
    assert receiver.heard == []
