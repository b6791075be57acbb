"""The page's files as the service sends them: whole, fresh, and under a strict policy."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from api.http.static_files import PageFiles

from support.api import ApiForTests, StartService
from support.project import ROOT

WEB = ROOT / "api" / "web"


@pytest.fixture
def api(start_service: StartService) -> ApiForTests:
    return start_service()


def test_the_page_may_run_its_own_files_and_nothing_else(api: ApiForTests) -> None:
    page = api.http.get("/")
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "style-src 'self';" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", page.text)


def test_all_that_the_page_names_is_there_and_asked_for_anew(api: ApiForTests) -> None:
    named = set(re.findall(r'(?:src|href)="(/web/[^"]+)"', api.http.get("/").text))
    for script in WEB.rglob("*.js"):
        for place in re.findall(r'(?:from|import\() ?"(\.[^"]+)"', script.read_text("utf-8")):
            named.add("/web/" + str((script.parent / place).resolve().relative_to(WEB)))
    assert len(named) > 30
    for place in sorted(named):
        reply = api.http.get(place)
        assert reply.status_code == 200, place
        assert reply.headers["cache-control"] == "no-cache"
        tag = {"If-None-Match": reply.headers["etag"]}
        assert api.http.get(place, headers=tag).status_code == 304


def test_a_file_that_was_asked_for_before_is_sent_as_it_is_now(tmp_path: Path) -> None:
    file = tmp_path / "one.js"
    client = TestClient(Starlette(routes=[Mount("/web", PageFiles(tmp_path))]))
    for time, content in enumerate(("first", "other")):
        file.write_text(content)
        os.utime(file, (time, time))
        for _ in range(2):
            reply = client.get("/web/one.js")
            assert (reply.text, reply.headers["cache-control"]) == (content, "no-cache")
            assert reply.headers["content-type"].startswith("text/javascript")
            since = {"If-Modified-Since": reply.headers["last-modified"]}
            assert client.get("/web/one.js", headers=since).status_code == 304
        assert client.head("/web/one.js").headers["content-length"] == "5"
    file.unlink()
    assert client.get("/web/one.js").status_code == 404


def test_the_page_is_open_to_who_has_no_key_since_it_holds_no_data(api: ApiForTests) -> None:
    api.key("read")
    assert api.http.get("/").status_code == 200
    assert api.http.get("/web/js/main.js").status_code == 200
    assert api.http.get("/web/../app.py").status_code in (401, 404)
    assert api.http.get("/web/%2e%2e/app.py").status_code in (401, 404)


def test_a_built_wheel_has_every_file_of_the_page(tmp_path: Path) -> None:
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    for package in ("api", "models", "worker"):
        (tmp_path / package).symlink_to(ROOT / package)
    build = "from setuptools import build_meta; print(build_meta.build_wheel('.'))"
    done = subprocess.run(
        [sys.executable, "-c", build], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        packed = {name for name in opened.namelist() if name.startswith("api/web/")}
    there = {str(path.relative_to(ROOT)) for path in WEB.rglob("*") if path.is_file()}
    assert len(there) > 40
    assert packed == there
