"""The scene of pretrained models: taken in, refused, deleted."""

from support.openapi_examples.recording import Session
from support.pretrained import toy_files, zipped


def models(played: Session) -> None:
    path, toy = "/v1/models", {"file": ("toy.zip", zipped(toy_files()))}
    other = {"file": ("toy.zip", zipped(toy_files(num_hidden_layers=1)))}
    pickled = {"file": ("toy.zip", zipped({"config.json": b"{}", "pytorch_model.bin": b""}))}
    form = {"name": "toy"}
    played.call("POST", path, 201, files=toy, data=form)
    played.call("GET", path, 200)
    played.call("GET", f"{path}/toy", 200)
    played.call("POST", path, 409, files=other, data=form)
    played.call("POST", path, 422, files=pickled, data=form)
    played.call("POST", path, 415, files={"file": ("toy.rar", b"x")}, data=form)
    played.call("POST", path, 400, files=[("file", ("a.zip", b"")), ("file", ("b.zip", b""))])
    played.call("POST", path, 429, files=other, data={"name": "more"}, of=played.bounded)
    own = {"kind": "pretrained", "model": "toy", "max_tokens": 24}
    using = f"/v1/experiments/{played.api.submit(encoder=own, seeds={'count': 1})['id']}"
    played.call("DELETE", f"{path}/toy", 409)
    played.api.http.post(f"{using}/cancel")
    played.api.http.delete(using)
    played.call("DELETE", f"{path}/toy", 204)
