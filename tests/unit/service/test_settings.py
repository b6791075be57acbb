"""Settings come from variables, and secrets from files that no environment shows."""

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from models.processes import memory_limit
from models.settings import Settings


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRIPLETLAB_SECRETS_DIR", str(tmp_path))
    return tmp_path


def test_a_setting_may_stand_in_a_file(secrets: Path) -> None:
    (secrets / "tripletlab_database_url").write_text("postgresql://u:p@db/lab\n")
    assert Settings().resolved_database_url == "postgresql://u:p@db/lab"


def test_a_variable_goes_before_the_file_and_a_flag_before_both(
    secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (secrets / "tripletlab_port").write_text("1001")
    assert Settings().port == 1001
    monkeypatch.setenv("TRIPLETLAB_PORT", "1002")
    assert Settings().port == 1002
    assert Settings(port=1003).port == 1003


def test_a_folder_of_secrets_that_is_not_there_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIPLETLAB_SECRETS_DIR", str(tmp_path / "gone"))
    with pytest.raises(ValidationError, match="secrets_dir\n.*there is no folder"):
        Settings()


def test_a_wrong_secret_is_refused_without_being_shown(secrets: Path) -> None:
    (secrets / "tripletlab_workers").write_text("hunter2")
    with pytest.raises(ValidationError) as refused:
        Settings()
    assert "hunter2" not in str(refused.value)


def test_a_child_sees_what_its_parent_read_from_a_file(
    secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (secrets / "tripletlab_broker_url").write_text("redis://:p@broker/0")
    child = Settings().environment()
    for name, value in child.items():
        monkeypatch.setenv(name, value)
    (secrets / "tripletlab_broker_url").unlink()
    assert Settings().broker_url == "redis://:p@broker/0"


@pytest.mark.parametrize(
    ("written", "slots"),
    [("max", 8), (str(4 << 30), 3), (str(64 << 30), 8), (str(512 << 20), 1), (None, 8)],
)
def test_a_worker_has_no_more_slots_than_its_memory_has_room_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str | None, slots: int
) -> None:
    file = tmp_path / "memory.max"
    if written is not None:
        file.write_text(f"{written}\n")
    monkeypatch.setattr(memory_limit, "FILES", (tmp_path / "absent", file))
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(8))
    assert Settings(data_dir=tmp_path).slots == slots
    assert Settings(data_dir=tmp_path, workers=20).slots == 20, "what is asked for is taken"


def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "tripletlab_port").write_text("1001")
    monkeypatch.setenv("TRIPLETLAB_DATA_DIR", "~/lab")
    monkeypatch.setenv("TRIPLETLAB_SECRETS_DIR", "~/secrets")
    settings = Settings()
    assert (settings.data_dir, settings.port) == (tmp_path / "lab", 1001)
    assert settings.secrets_dir == tmp_path / "secrets"
    with pytest.raises(ValidationError, match="data_dir"):
        Settings(data_dir=Path("~nobody-of-this-name/lab"))
