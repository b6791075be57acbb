"""The one `Settings` value, and the only reader of the environment in the project."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

from models.allowed_hosts import AllowedHost, parse_hosts
from models.files.bucket_location import parse_location
from models.files.file_store import FileStore, SharedDisk
from models.processes.memory_limit import memory_limit
from models.retry_policy import RetryPolicy

PREFIX = "TRIPLETLAB_"
SLOT_BYTES = 1 << 30
"""What a run of the course's network on the Quora pairs takes, and what a worker takes beside its
slots. More slots than there is room for would be killed again and again."""


class Settings(BaseSettings):
    """Read from `TRIPLETLAB_…` variables; flags of the command override them.

    A setting without a variable may be in a file of the folder `TRIPLETLAB_SECRETS_DIR`, named like
    the variable in lower case. That keeps passwords out of the environment, which others can read.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,  # the URLs of database and broker may hold passwords
    )

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    data_dir: Path = Path("data")
    """Data sets, runs' files, and the embedded database and broker."""
    files_url: str = ""
    """Bucket in which hosts without a common disk share their files, as
    `s3://bucket/folder?endpoint=https://host:port`; empty means that the data folder is shared."""
    database_url: str = Field("", repr=False)
    """SQLAlchemy URL; empty means a SQLite file in the data folder."""
    broker_url: str = Field("", repr=False)
    """Redis URL for Celery; empty means an embedded server that `tripletlab serve` starts."""
    secrets_dir: Path | None = None
    """Folder of files that hold settings, such as `/run/secrets` in a container."""
    workers: int = Field(0, ge=0, le=256)
    """Runs side by side; 0 means one for each core, or for each GiB of a container's memory but
    one, if that is less."""
    stack: int = Field(1, ge=1, le=256)
    """Runs of an experiment that a worker trains together, for GPUs; results depend on it in their
    last bits."""
    url: str = "http://127.0.0.1:8000"
    """Where the command finds the service, for every subcommand that asks one."""
    key: str = Field("", repr=False)
    """The API key that the command sends; needed where the service has keys."""
    cors_origins: str = ""
    """Origins of other sites whose pages may call the service, separated by commas."""
    max_queued_runs: int = Field(20_000, ge=1)
    """Runs that one key may have in the queue."""
    max_waiting_predictions: int = Field(500, ge=1)
    """Prediction requests that one key may have waiting for an answer."""
    max_waiting_prediction_bytes: int = Field(64 << 20, ge=1)
    """Bytes of their texts, beyond which another request is refused."""
    max_total_steps: int = Field(100_000_000, ge=1)
    """Most steps of one experiment, all its runs added up."""
    max_uploads: int = Field(4, ge=1)
    """Uploads that one key may have in progress in one API process."""
    max_open_replies: int = Field(500, ge=1)
    """Event streams and held replies (`?wait=`) that one key may have open in one API process."""
    max_upload_bytes: int = Field(512 << 20, ge=1)
    """Most bytes in the body of an upload, as it is sent."""
    max_unpacked_bytes: int = Field(2 << 30, ge=1)
    """Most bytes that a compressed upload may unpack to."""
    max_stored_bytes: int = Field(20 << 30, ge=1)
    """Most bytes of disk that the data sets, models and token vectors of one key may take."""
    max_dataset_rows: int = Field(5_000_000, ge=1)
    """Most rows of an uploaded data set."""
    max_reading_seconds: float = Field(300.0, gt=0)
    """Most seconds that reading an upload of text may take."""
    max_text_length: int = Field(20_000, ge=1)
    """Most characters of a question of an uploaded data set."""
    webhook_hosts: str = ""
    """Hosts that webhooks may call, separated by commas; by default none."""
    webhook_retry_seconds: float = Field(10.0, gt=0)
    """Seconds until a failed webhook delivery is sent again; later pauses grow to a day."""
    heartbeat_seconds: float = Field(2.0, gt=0)
    """Seconds between heartbeats of a run and of a worker."""
    lease_seconds: float = Field(30.0, gt=0)
    """A run whose heartbeat is older than this many seconds is taken back and queued again."""
    resubmit_seconds: float = Field(20.0, gt=0)
    """A queued run whose last message is older than this many seconds is submitted again."""
    checkpoint_seconds: float = Field(30.0, ge=0)
    """Seconds between checkpoints of a run; the most training that a crash can cost."""
    max_attempts: int = Field(5, ge=1)
    """A run fails after this many attempts that a fault of the machine ended."""
    retry_seconds: float = Field(5.0, ge=0)
    """Seconds until a run is tried again after its first fault; doubled at each further fault."""
    longest_retry_seconds: float = Field(300.0, ge=0)
    """Most seconds until a run is tried again after a fault."""
    orphan_seconds: float = Field(3600.0, gt=0)
    """Files without an owner are removed when they are older than this many seconds."""
    predict_idle_seconds: float = Field(300.0, ge=0)
    """Seconds that a worker keeps networks in memory after its last prediction."""
    log_format: Literal["text", "json"] = "text"
    """Log lines for people, or one JSON object each for a collector."""
    worker_id: str = ""
    """Set by a worker for the processes that it starts; not meant to be set by a person."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        folder = os.path.expanduser(os.environ.get(f"{PREFIX}SECRETS_DIR", ""))
        if not folder or not Path(folder).is_dir():
            return init_settings, env_settings
        return init_settings, env_settings, SecretsSettingsSource(settings_cls, secrets_dir=folder)

    @field_validator("data_dir", "secrets_dir")
    @classmethod
    def _home(cls, value: Path | None) -> Path | None:
        """`~` as a shell has it: an environment file or a quoted value is read by no shell."""
        try:
            return None if value is None else value.expanduser()
        except RuntimeError as error:
            raise ValueError(f"{value} cannot be used: {error}") from None

    @field_validator("secrets_dir")
    @classmethod
    def _is_a_folder(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_dir():
            raise ValueError(f"there is no folder {value}")
        return value

    @field_validator("files_url")
    @classmethod
    def _is_a_bucket(cls, value: str) -> str:
        if value:
            parse_location(value)
        return value

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, value: str) -> str:
        for origin in value.split(",") if value else ():
            if not re.fullmatch(r"https?://[^/*?#\s]+", origin.strip()):
                raise ValueError("origins look like https://lab.example.org, separated by commas")
        return value

    @field_validator("webhook_hosts")
    @classmethod
    def _webhook_hosts(cls, value: str) -> str:
        parse_hosts(value)
        return value

    @property
    def allowed_webhook_hosts(self) -> tuple[AllowedHost, ...]:
        return parse_hosts(self.webhook_hosts)

    @property
    def allowed_origins(self) -> tuple[str, ...]:
        return tuple(origin.strip() for origin in self.cors_origins.split(",") if origin.strip())

    @property
    def retry_policy(self) -> RetryPolicy:
        return RetryPolicy(self.max_attempts, self.retry_seconds, self.longest_retry_seconds)

    @property
    def resolved_database_url(self) -> str:
        if self.database_url:
            return self.database_url
        return f"sqlite:///{self.data_dir.resolve() / 'tripletlab.sqlite3'}"

    @property
    def slots(self) -> int:
        """Runs side by side on this machine: `workers`, or one for each core that it may use, but
        not more than a limit of its memory has room for."""
        if self.workers:
            return self.workers
        limit = memory_limit()
        room = None if limit is None else max(1, limit // SLOT_BYTES - 1)
        if hasattr(os, "sched_getaffinity"):  # a container may hold fewer cores than the machine
            cores = len(os.sched_getaffinity(0))
        else:
            cores = os.cpu_count() or 1
        return cores if room is None else min(cores, room)

    def file_store(
        self, patience: float = 0.0, wanted: Callable[[], bool] = lambda: True
    ) -> FileStore:
        """The files of data sets and runs. A bucket that does not answer is asked again for
        `patience` seconds, as long as `wanted` says so."""
        if not self.files_url:
            return SharedDisk()
        from models.files.bucket import (
            Bucket,  # loads Arrow, which takes a while and which commands do not need
        )

        return Bucket(self.data_dir, parse_location(self.files_url), patience, wanted)

    @property
    def datasets_dir(self) -> Path:
        """One folder for each data set, named by its content hash."""
        return self.data_dir / "datasets"

    @property
    def models_dir(self) -> Path:
        """One folder for each pretrained model, named by its content hash."""
        return self.data_dir / "models"

    @property
    def vectors_dir(self) -> Path:
        """One folder for each file of token vectors, named by its content hash."""
        return self.data_dir / "vectors"

    def run_dir(self, run_id: str) -> Path:
        """Where a run keeps its checkpoints, weights and scores."""
        return self.runs_dir / run_id

    @property
    def runs_dir(self) -> Path:
        """One folder for each run."""
        return self.data_dir / "runs"

    def environment(self, **more: str) -> dict[str, str]:
        """The environment for a child process that must have these settings, flags included."""
        own = self.model_dump(mode="json", exclude_none=True)
        own |= {"data_dir": str(self.data_dir.resolve())}
        return {
            **os.environ,
            **{f"{PREFIX}{name.upper()}": str(value) for name, value in own.items()},
            **more,
        }
