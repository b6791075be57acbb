"""The scene of seeds that are added in the recorded session."""

from models.store import interim_looks

from support.api import now
from support.openapi_examples.recording import SPEC, Session

LOOKS = {"until_decided": {"min": 6, "max": 10, "looks": [6, 8, 10]}}


def more_seeds(played: Session) -> None:
    margin = {"equivalence_margin": 0.001}
    plan = {"name": "Stopped for futility", "seeds": LOOKS, "decision": margin}
    made = played.api.submit(**{**SPEC, **plan})
    path = f"/v1/experiments/{made['id']}/seeds"
    for run in made["runs"]:
        swing = 0.02 * (-1) ** run["seed"] if run["arm"] == "modified" else 0.0
        played.api.train(run["id"], accuracy=0.7 + swing)
    with played.api.database.transaction() as session:
        interim_looks.take_due_look(session, made["id"], now())
    played.call("GET", path, 200, params={"fresh": 8})
    played.call("GET", path, 422, params={"fresh": 0})
    oldest = played.api.get("/v1/experiments")["items"][-1]["id"]
    played.call("POST", f"/v1/experiments/{oldest}/seeds", 409, json={"count": 12})
    played.call("POST", path, 422, json={"count": 9})
    played.call("POST", path, 415, content=b"8", headers={"Content-Type": "text/plain"})
    waits = played.api.submit(**{**SPEC, "name": "Waits"})
    played.call("POST", path, 429, json={"count": 8}, of=played.bounded)
    played.api.http.post(f"/v1/experiments/{waits['id']}/cancel")
    played.call("POST", path, 202, json={"count": 8})
    played.api.http.post(f"/v1/experiments/{made['id']}/cancel")
