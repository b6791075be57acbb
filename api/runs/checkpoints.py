"""`/v1/runs/{id}/checkpoints`: what a run can go on from, to be listed and fetched.

They are there while a run goes on, and stay when it failed or was cancelled; one that succeeded
has its weights instead.
"""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import FileResponse
from pydantic import ConfigDict

from api.dependencies import RunId, ServiceDep
from api.http.views import Page, View
from models.errors import NotFound
from models.files.checkpoint_files import CheckpointFile, checkpoints_in
from models.store.run_life.runs import run as find_run

router = APIRouter(prefix="/runs", tags=["runs"])

Step = Annotated[int, Path(ge=0, le=2**31 - 1)]


class CheckpointView(View):
    """A checkpoint that is whole on disk: weights, the optimiser's moments, what evaluations
    left."""

    model_config = ConfigDict(from_attributes=True)

    step: int
    """The step after which it was saved."""
    size: int
    """Bytes."""
    sha256: str
    saved_at: datetime


@router.get("/{run_id}/checkpoints")
def list_checkpoints(service: ServiceDep, run_id: RunId) -> Page[CheckpointView]:
    """The checkpoints of the run, newest first: the last two, as long as it has not succeeded."""
    found = _found(service, run_id)
    return Page(items=[CheckpointView.model_validate(one) for one in found], next=None)


@router.get(
    "/{run_id}/checkpoints/{step}",
    response_class=FileResponse,
    responses={
        200: {
            "description": "safetensors; the `ETag` is its SHA-256.",
            "content": {"application/octet-stream": {"schema": {"type": "string"}}},
        }
    },
)
def download_checkpoint(service: ServiceDep, run_id: RunId, step: Step) -> FileResponse:
    """One checkpoint, as a resume would read it; 404 once a newer one took its place."""
    for one in _found(service, run_id):
        if one.step == step:
            return FileResponse(
                service.files.bring(one.path, one.sha256),
                media_type="application/octet-stream",
                filename=f"{run_id}-step-{step}.safetensors",
                headers={"ETag": f'"{one.sha256}"', "Cache-Control": "private, no-cache"},
            )
    raise NotFound(f"run {run_id} has no checkpoint of step {step}")


def _found(service: ServiceDep, run_id: str) -> list[CheckpointFile]:
    with service.database.reading() as session:
        find_run(session, run_id)
    return checkpoints_in(service.files, service.settings.run_dir(run_id))
