"""The scenes of programmes, labels and differences in the recorded session."""

from support.openapi_examples.recording import ABSENT, SPEC, Session


def programmes(played: Session) -> None:
    question = {"seeds": {"count": 10}, "programme": "my-search"}
    for name in ("A wider margin", "A narrower margin"):
        asked = played.api.submit(**{**SPEC, "name": name, **question})
        for run in asked["runs"] if name.startswith("A wider") else ():
            lead = 0.02 + 0.001 * run["seed"] if run["arm"] == "modified" else 0.0
            played.api.train(run["id"], accuracy=0.7 + lead)
        played.api.http.post(f"/v1/experiments/{asked['id']}/cancel")
    played.call("GET", "/v1/programmes", 200)
    played.call("GET", "/v1/programmes", 422, params={"limit": 0})
    played.call("GET", "/v1/programmes/my-search", 200)


def labels(played: Session) -> None:
    first, *_, last = played.api.get("/v1/experiments")["items"]
    path = f"/v1/experiments/{last['id']}/labels"
    played.call("PATCH", path, 200, json={"tags": ["margin"], "notes": "Only on Quora."})
    played.call("PATCH", path, 422, json={"tags": ["two words"]})
    played.call("PATCH", path, 415, content=b"a,b", headers={"Content-Type": "text/csv"})
    played.call("GET", path, 200)
    both = {"experiment_id": [last["id"], first["id"]]}
    played.call("GET", "/v1/differences", 200, params=both)
    played.call("GET", "/v1/differences", 422, params={"experiment_id": "exp_x"})
    played.call("GET", "/v1/ids", 200, params={"beginning": "exp_", "limit": 2})
    played.call("GET", "/v1/ids", 422, params={"beginning": "exp"})
    played.call("GET", "/v1/differences", 404, params={"experiment_id": f"exp_{ABSENT}"})
