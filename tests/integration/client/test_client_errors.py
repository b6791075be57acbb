"""What the Python client says when there is no answer, and whether a webhook is the service's."""

import http.server
import sys
import threading

import pytest

from api.client import (
    Client,
    Invalid,
    Misused,
    NoAnswer,
    NotFound,
    Refused,
    Unavailable,
    verify_signature,
)

from support.api import SPEC, StartService


def test_a_refusal_carries_the_problem_document(lab: Client) -> None:
    with pytest.raises(Invalid) as refused:
        lab.submit({**SPEC, "batch_size": 1})
    assert refused.value.status == refused.value.problem["status"] == 422
    assert [one["pointer"] for one in refused.value.errors] == ["/batch_size"]
    with pytest.raises(NotFound, match="no experiment") as absent:
        lab.experiment("exp_x")
    assert absent.value.problem["type"] == "urn:tripletlab:problem:not-found"


class _Odd(http.server.BaseHTTPRequestHandler):
    """Something that is no Tripletlab, or not for now."""

    def do_GET(self) -> None:
        self.send_response(503 if "recipes" in self.path else 418)
        self.send_header("Retry-After", "7")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_what_is_no_service_is_said_to_be_none() -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Odd) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with Client(f"http://127.0.0.1:{server.server_port}") as lab:
            with pytest.raises(Refused, match="is this Tripletlab"):
                lab.datasets()
            with pytest.raises(Unavailable) as away:
                lab.recipes()
        server.shutdown()
    assert away.value.retry_after == 7
    with Client("http://127.0.0.1:1") as lab, pytest.raises(NoAnswer, match="No service answers"):
        lab.datasets()


@pytest.mark.parametrize(("url", "key"), [("127.0.0.1:8000", ""), ("http://a:b", ""), (None, "ü")])
def test_addresses_and_keys_that_cannot_be_one_are_told(url: str | None, key: str) -> None:
    with pytest.raises(Misused), Client(url, key) as lab:
        lab.datasets()


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:1", "socks5://127.0.0.1:1", "nonsense://x"])
@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY"])
def test_a_service_on_this_machine_is_reached_without_the_proxy_of_the_environment(
    start_service: StartService, monkeypatch: pytest.MonkeyPatch, variable: str, proxy: str
) -> None:
    url = start_service().url
    monkeypatch.setenv(variable, proxy)
    for address in (url, url.replace("127.0.0.1", "localhost")):
        with Client(address, "") as lab:
            assert lab.datasets()


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "nonsense://x", "http://a:b"])
def test_a_proxy_that_cannot_be_used_is_told(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)  # as where httpx was installed without it
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(Misused, match="proxy in the environment"):
        Client("http://lab.example.org")


def test_a_signature_holds_for_its_body_its_secret_and_its_time_alone() -> None:
    header = "t=1700000000,v1=" + (
        # printf '1700000000.{"id":"evt_1"}' | openssl dgst -sha256 -hmac whsec_x
        "366e40c480fe3a9e6a03609dca079cea86d77ae82d5a56b5348208247317a8d1"
    )
    body, then = b'{"id":"evt_1"}', 1700000000.0
    assert verify_signature("whsec_x", header, body, now=then + 299)
    assert not verify_signature("whsec_x", header, body, now=then + 301)
    assert not verify_signature("whsec_x", header, body)
    assert not verify_signature("whsec_y", header, body, now=then)
    assert not verify_signature("whsec_x", header, body + b" ", now=then)
    assert not verify_signature("whsec_x", "v1=00", body, now=then)
