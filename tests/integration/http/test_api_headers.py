"""What every reply tells browsers, whom CORS lets in, and that no reply or log tells a secret."""

import base64
import hashlib
import logging
import re

import pytest

from models.settings import Settings

from support.api import SPEC, ApiForTests, StartService

SITE = "https://lab.example.org"


@pytest.fixture
def api(start_service: StartService) -> ApiForTests:
    return start_service()


def test_every_reply_has_the_security_headers_whatever_its_status(api: ApiForTests) -> None:
    def boom() -> None:
        raise RuntimeError("on purpose")

    api.thread.app.add_api_route("/boom", boom)
    paths = ["/v1/recipes", "/docs", "/docs/assets/swagger-ui.css", "/", "/healthz", "/absent"]
    replies = [api.http.get(path) for path in [*paths, "/boom", "/v1/experiments?limit=0"]]
    api.key("read")
    replies.append(api.http.get("/v1/recipes"))
    assert {reply.status_code for reply in replies} == {200, 401, 404, 422, 500}
    (broken,) = [reply for reply in replies if reply.status_code == 500]
    assert broken.headers["connection"] == "close"  # since the server hangs up after it
    for reply in replies:
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["referrer-policy"] == "no-referrer"
        assert reply.headers["cross-origin-opener-policy"] == "same-origin"
        assert reply.headers["cross-origin-resource-policy"] == "same-origin"
        assert "camera=()" in reply.headers["permissions-policy"]
        assert "server" not in reply.headers
        policy = reply.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "strict-transport-security" not in reply.headers
        assert "access-control-allow-origin" not in reply.headers


def test_the_docs_page_may_run_its_own_script_and_no_other(api: ApiForTests) -> None:
    page = api.http.get("/docs")
    policy = page.headers["content-security-policy"]
    scripts = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
    assert scripts
    for script in scripts:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    script_rule = re.search(r"script-src ([^;]*)", policy)
    assert script_rule is not None
    assert "unsafe" not in script_rule[1]


def test_strict_transport_is_asked_for_only_when_the_request_came_by_tls(api: ApiForTests) -> None:
    # uvicorn believes a proxy on this machine
    headers = {**api.key("read"), "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}
    assert (
        "max-age="
        in api.http.get("/v1/recipes", headers=headers).headers["strict-transport-security"]
    )


def test_cors_lets_in_the_origins_that_are_set_and_no_other(start_service: StartService) -> None:
    api = start_service(cors_origins=f"{SITE}, https://other.example.org")
    key = api.key("read")
    asked = {
        "Origin": SITE,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
    }
    leave = api.http.options("/v1/experiments", headers=asked)  # a browser sends no key here
    assert leave.status_code == 200
    assert leave.headers["access-control-allow-origin"] == SITE
    reply = api.http.get("/v1/experiments", headers={"Origin": SITE, **key})
    assert reply.headers["access-control-allow-origin"] == SITE
    assert reply.headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-credentials" not in reply.headers
    evil = api.http.get("/v1/experiments", headers={"Origin": "https://evil.example", **key})
    assert "access-control-allow-origin" not in evil.headers
    refused = api.http.options(
        "/v1/experiments", headers={**asked, "Origin": "https://evil.example"}
    )
    assert refused.status_code == 400


def test_no_browser_keeps_what_a_key_was_shown(api: ApiForTests) -> None:
    made = api.submit(seeds={"count": 1})
    run = made["runs"][0]["id"]
    api.train(run, accuracy=0.7)
    places = ("/v1/experiments", f"/v1/experiments/{made['id']}", f"/v1/runs/{run}/weights")
    assert "immutable" in api.http.get(places[2]).headers["cache-control"]
    reader = api.key("read")
    for place in places:
        assert api.http.get(place, headers=reader).headers["cache-control"] == "no-store"
    assert api.http.get("/", headers=reader).headers["cache-control"] == "no-cache"  # no data in it


@pytest.mark.parametrize("origins", ["*", "lab.example.org", "https://lab.example.org/path"])
def test_an_origin_that_is_none_is_refused_in_the_settings(origins: str) -> None:
    with pytest.raises(ValueError, match="https://lab.example.org"):
        Settings(cors_origins=origins)


def test_readiness_and_log_tell_no_password_and_the_reply_no_host(
    start_service: StartService, caplog: pytest.LogCaptureFixture
) -> None:
    api = start_service(broker_url="redis://lab:hunter2@127.0.0.1:1/0")
    with caplog.at_level(logging.DEBUG):
        reply = api.http.get("/readyz")
        api.http.post("/v1/experiments", json=SPEC)
    assert reply.status_code == 503
    assert reply.json()["parts"]["broker"] == "the broker does not answer"
    assert "not ready" in caplog.text
    assert "hunter2" not in reply.text + caplog.text


def test_a_key_that_was_sent_is_in_no_log_and_no_reply(
    api: ApiForTests, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    key = api.key("read")
    secret = key["Authorization"].removeprefix("Bearer ")
    wrong = "tl_" + "w" * 43
    with caplog.at_level(logging.DEBUG):
        replies = [
            api.http.get("/v1/recipes", headers=key),
            api.http.post("/v1/experiments", json=SPEC, headers=key),
            api.http.get("/v1/recipes", headers={"Authorization": f"Bearer {wrong}"}),
        ]
    assert [reply.status_code for reply in replies] == [200, 403, 401]
    told = caplog.text + "".join(capfd.readouterr()) + "".join(reply.text for reply in replies)
    assert secret not in told
    assert wrong not in told


def test_the_openapi_document_says_where_a_key_is_needed(api: ApiForTests) -> None:
    document = api.get("/openapi.json")
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    assert document["paths"]["/healthz"]["get"]["security"] == []
    assert document["paths"]["/v1/experiments"]["post"]["security"] == [{"key": []}]
