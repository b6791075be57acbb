"""Without a key: what this machine may, and what only looks as if it came from this machine."""

import socket

import pytest

from support.api import SPEC, ApiForTests, StartService, refused


@pytest.fixture
def api(start_service: StartService) -> ApiForTests:
    return start_service()


def test_without_a_key_loopback_may_do_all(api: ApiForTests) -> None:
    made = api.submit()
    assert made["owner"] is None
    assert api.http.post(f"/v1/experiments/{made['id']}/cancel").status_code == 200
    assert api.get("/v1/audit")["items"][0]["key_id"] is None


def test_beyond_loopback_nothing_but_liveness_is_told_until_there_is_a_key(
    start_service: StartService,
) -> None:
    api = start_service(host="0.0.0.0")
    assert api.http.get("/healthz").status_code == 200
    for path in ("/v1/experiments", "/readyz", "/docs", "/openapi.json", "/metrics", "/"):
        assert "tripletlab keys create" in refused(api.http.get(path), 401)["detail"]
    refused(api.http.post("/v1/experiments", json=SPEC), 401)
    submitter = api.key("submit")
    assert api.http.get("/v1/experiments", headers=submitter).status_code == 200
    assert api.http.get("/docs").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},  # DNS rebinding: a page whose name was bent to 127.0.0.1
        {"Host": "127.0.0.1.evil.example:8000"},
        {"Host": "localhost.evil.example"},
        {"Host": "[::"},
        {"Host": "a@localhost"},
        {"Host": "127.0.0.1#evil.example"},
        {"Host": "localhost/evil.example"},
        {"Host": "localhost?evil.example:80"},
        {"X-Forwarded-For": "203.0.113.7"},
        {"Forwarded": "for=203.0.113.7"},
        {"X-Forwarded-Host": "lab.example.org"},
        {"X-Forwarded-Proto": "https"},
        {"CF-Connecting-IP": "203.0.113.7"},
        {"True-Client-IP": "203.0.113.7"},
        {"X-Client-IP": "203.0.113.7"},
    ],
)
def test_a_request_from_afar_is_not_taken_for_a_local_one(
    api: ApiForTests, headers: dict[str, str]
) -> None:
    refused(api.http.get("/v1/experiments", headers=headers), 401)
    refused(api.http.post("/v1/experiments", json=SPEC, headers=headers), 401)


def test_a_proxy_without_settings_is_known_by_its_version_of_http(api: ApiForTests) -> None:
    """What nginx sends: the host that it was given, HTTP/1.0, and no header of a proxy."""
    place = api.http.base_url
    request = f"GET /v1/experiments HTTP/1.0\r\nHost: {place.host}:{place.port}\r\n\r\n"
    with socket.create_connection((place.host, place.port or 80)) as connection:
        connection.sendall(request.encode())
        reply = connection.makefile("rb").read()
    assert b" 401 " in reply.split(b"\r\n")[0]
    assert b"tripletlab keys create" in reply


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_page_of_another_site_cannot_make_a_browser_read_either(
    api: ApiForTests, site: str
) -> None:
    """As an image or a script, which is asked for without an origin."""
    place = "/v1/experiments"
    image = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors"}
    refused(api.http.get(place, headers=image), 403, "page of another site")
    link = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate"}
    assert api.http.get(place, headers=link).status_code == 200
    for own in ("same-origin", "none"):
        assert api.http.get(place, headers={**image, "Sec-Fetch-Site": own}).status_code == 200


@pytest.mark.parametrize("host", ["LocalHost:8000", "127.0.0.1", "[::1]:8000", "127.0.0.2:1"])
def test_this_machine_by_its_own_names_is_local(api: ApiForTests, host: str) -> None:
    assert api.http.get("/v1/experiments", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
def test_a_page_of_another_site_cannot_make_a_browser_change_things(
    api: ApiForTests, origin: str
) -> None:
    made = api.submit()
    path = f"/v1/experiments/{made['id']}/cancel"  # no body, so no question of CORS comes first
    assert refused(api.http.post(path, headers={"Origin": origin}), 403)["type"].endswith(
        "cross-site"
    )
    refused(api.http.delete(f"/v1/experiments/{made['id']}", headers={"Origin": origin}), 403)
    assert api.http.post(path, headers={"Origin": api.url}).status_code == 200
