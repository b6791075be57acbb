"""The scene of token vectors: taken in, refused, deleted."""

from support.openapi_examples.recording import Session
from support.vectors import SOME, as_text


def vectors(played: Session) -> None:
    path, toy = "/v1/vectors", {"file": ("toy.txt", as_text(SOME))}
    other = {"file": ("toy.txt", as_text({"the": (1.0, 2.0, 3.0)}))}
    form = {"name": "toy-3d"}
    played.call("POST", path, 201, files=toy, data=form)
    played.call("GET", path, 200)
    played.call("GET", f"{path}/toy-3d", 200)
    played.call("POST", path, 409, files=other, data=form)
    played.call("POST", path, 422, files={"file": ("toy.txt", b"the 1 nan\n")}, data=form)
    played.call("POST", path, 415, files={"file": ("toy.pt", b"PK\x03\x04")}, data=form)
    played.call("POST", path, 400, files=[("file", ("a.txt", b"")), ("file", ("b.txt", b""))])
    played.call("POST", path, 429, files=other, data={"name": "more"}, of=played.bounded)
    own = {"kind": "bag", "vectors": "toy-3d"}
    using = f"/v1/experiments/{played.api.submit(encoder=own, seeds={'count': 1})['id']}"
    played.call("DELETE", f"{path}/toy-3d", 409)
    played.api.http.post(f"{using}/cancel")
    played.api.http.delete(using)
    played.call("DELETE", f"{path}/toy-3d", 204)
