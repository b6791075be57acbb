"""docker-compose.yml is valid, and keeps what a deployment is promised; no Docker is needed."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from models import settings

from support.project import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
OURS = {name: one for name, one in SERVICES.items() if "build" in one}

every_service = pytest.mark.parametrize("name", SERVICES)
every_own_service = pytest.mark.parametrize("name", OURS)


def dockerfile(name: str) -> str:
    path: str = OURS[name]["build"]["dockerfile"]
    return (ROOT / path).read_text()


def test_it_is_valid_under_the_compose_schema() -> None:
    command = ["check-jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml"]
    done = subprocess.run(
        [str(Path(sys.executable).with_name(command[0])), *command[1:]],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


@every_service
def test_a_service_comes_back_by_itself_and_says_whether_it_is_well(name: str) -> None:
    assert SERVICES[name]["restart"] == "unless-stopped"
    assert SERVICES[name]["healthcheck"]["test"]
    assert "no-new-privileges:true" in SERVICES[name]["security_opt"]


@every_service
def test_a_service_can_neither_write_its_image_nor_gain_a_privilege(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert "/tmp" in service["tmpfs"]
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "privileged" not in service
    assert name in OURS or service["user"] not in ("root", "0"), "an image's own user may be root"


@every_service
def test_a_service_takes_neither_all_memory_nor_all_processes_of_the_host(name: str) -> None:
    assert gibibytes(SERVICES[name]["mem_limit"]) <= 17
    assert 0 < SERVICES[name]["pids_limit"] <= 4096


def gibibytes(limit: str) -> float:
    """What a limit of memory is by default, where the environment may change it."""
    found = re.fullmatch(r"(?:\$\{[A-Z_]+:-)?(\d+)([mg])\}?", limit)
    assert found, limit
    return int(found[1]) / (1 if found[2] == "g" else 1024)


def test_a_worker_of_the_default_limit_has_a_slot_for_each_of_16_cores(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limit = int(gibibytes(SERVICES["worker"]["mem_limit"]) * 2**30)
    monkeypatch.setattr(settings, "memory_limit", lambda: limit)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(64))
    assert settings.Settings(data_dir=ROOT).slots == 16


@every_service
def test_a_service_that_is_busy_for_a_while_is_not_called_unwell(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    patience = check["retries"] * (seconds(check["interval"]) + seconds(check["timeout"]))
    assert patience >= (300 if name == "api" else 60)
    if name in OURS:  # whose checks start an interpreter; those of others cost nothing
        assert seconds(check["interval"]) >= 30
        assert seconds(check["start_interval"]) <= 10, "or what depends on it waits"


def seconds(text: str) -> int:
    assert text.endswith("s")
    return int(text[:-1])


def test_uploads_that_arrive_are_kept_on_a_disk_and_not_in_memory() -> None:
    folder = SERVICES["api"]["environment"]["TMPDIR"]
    assert folder in {volume.split(":")[1] for volume in SERVICES["api"]["volumes"]}


@every_service
def test_an_image_that_is_not_built_here_is_pinned_to_a_release(name: str) -> None:
    sources = re.findall(r"^FROM (.*)$", dockerfile(name), re.M) if name in OURS else []
    for image in sources or [SERVICES[name]["image"]]:
        assert re.search(r":\d+\.\d+(\.\d+)?-", image), image


@every_own_service
def test_the_images_of_our_own_services_have_the_python_of_the_tests(name: str) -> None:
    (version,) = re.findall(r"^FROM python:(\d+\.\d+)\.\d+-slim", dockerfile(name), re.M)
    checked = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]
    assert version == checked["python_version"]


@every_own_service
def test_our_own_services_do_not_run_as_root(name: str) -> None:
    users = re.findall(r"^USER (\w+)$", dockerfile(name), re.M)
    assert users
    assert users[-1] != "root"


def test_the_image_of_the_api_has_no_torch() -> None:
    installs = re.findall(r"pip install (.*)", dockerfile("api"))
    assert installs
    assert not [line for line in installs if "torch" in line or "[worker" in line]


def test_the_image_of_the_worker_has_compiled_kernels_and_no_compiler() -> None:
    text = dockerfile("worker")
    assert re.search(r"^COPY .*\bsetup\.py\b", text, re.M), "without it nothing is compiled"
    steps = [text.index(step) for step in ("install --yes", "'.[worker]'", "purge --yes")]
    assert steps == sorted(steps)
    assert len(re.findall(r"\bgcc libc6-dev\b", text)) == 2


def test_no_secret_stands_in_the_file_or_in_an_environment() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    assert not re.search(r"://[^/\s'\"]*:[^/\s'\"]*@", text)
    for name, service in SERVICES.items():
        for variable in service.get("environment", {}):
            secret = re.search("PASSWORD|_URL|_KEY", variable)
            assert not secret or variable.endswith("_FILE"), (name, variable)
    ignored = {line.strip("/") for line in (ROOT / ".gitignore").read_text().splitlines()}
    assert "secrets" in ignored & set((ROOT / ".dockerignore").read_text().splitlines())


@every_service
def test_every_secret_and_volume_that_is_used_is_declared(name: str) -> None:
    assert set(SERVICES[name].get("secrets", ())) <= set(COMPOSE["secrets"])
    named = {volume.split(":")[0] for volume in SERVICES[name]["volumes"]}
    assert named <= set(COMPOSE["volumes"])


def test_only_the_api_is_reached_from_outside_and_only_from_this_host() -> None:
    ports = {name: one["ports"] for name, one in SERVICES.items() if "ports" in one}
    assert ports == {"api": ["127.0.0.1:8000:8000"]}


def test_a_worker_takes_a_gpu_and_the_cpu_profile_takes_none() -> None:
    (device,) = SERVICES["worker"]["deploy"]["resources"]["reservations"]["devices"]
    assert device["capabilities"] == ["gpu"]
    assert "deploy" not in SERVICES["worker-cpu"]
    assert SERVICES["worker-cpu"]["profiles"] == ["cpu"]


def test_the_secrets_that_make_writes_are_those_that_compose_reads(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text((ROOT / "Makefile").read_text())
    make = ["make", "secrets", f"PYTHON={sys.executable}"]
    subprocess.run(make, cwd=tmp_path, check=True, capture_output=True)
    made = {f"secrets/{path.name}": path.read_text() for path in (tmp_path / "secrets").iterdir()}
    assert set(made) == {one["file"] for one in COMPOSE["secrets"].values()}
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    for kind, url in (("postgres", "database"), ("redis", "broker")):
        password = made[f"secrets/{kind}_password"]
        assert re.fullmatch("[0-9a-f]{48}", password)
        assert f":{password}@{kind}:" in made[f"secrets/tripletlab_{url}_url"]
    again = subprocess.run(make, cwd=tmp_path, capture_output=True)
    assert again.returncode != 0, "passwords in use must not be written over"
