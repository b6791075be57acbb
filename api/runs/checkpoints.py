"""`/v1/runs/{id}/checkpoints`: what a run can resume from, to be listed and downloaded.

Checkpoints exist while a run is in progress, and stay when it failed or was cancelled; a run that
succeeded has its weights instead.
"""

from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import FileResponse

from api.dependencies import RunId, Service, ServiceDep
from api.http.views import Page
from api.openapi.responses import OUTSIDE
from api.runs.views import CheckpointView
from models.errors import DamagedRunFile, NotFound
from models.files.checkpoint_files import CheckpointFile, checkpoints_in
from models.files.recorded_hashes import file_hash
from models.store.run_life.runs import run as find_run

router = APIRouter(prefix="/runs", tags=["runs"])

PASSED_OVER = (
    "nothing needs to be done: a run that is continued passes it over, and resumes from the "
    "checkpoint before it, or from the first step"
)
Step = Annotated[int, Path(ge=0, le=2**31 - 1)]


@router.get("/{run_id}/checkpoints")
def list_checkpoints(service: ServiceDep, run_id: RunId) -> Page[CheckpointView]:
    """List the checkpoints of the run, newest first: the last two, until it has succeeded."""
    files = _checkpoint_files(service, run_id)
    return Page(items=[CheckpointView.model_validate(file) for file in files], next=None)


@router.get(
    "/{run_id}/checkpoints/{step}",
    response_class=FileResponse,
    responses={
        200: {
            "description": "safetensors; the `ETag` is its SHA-256.",
            "content": {"application/octet-stream": {"schema": {"type": "string"}}},
        },
        206: {
            "description": "The part that `Range` names.",
            "content": {"application/octet-stream": {"schema": {"type": "string"}}},
        },
        416: OUTSIDE,
    },
)
def download_checkpoint(service: ServiceDep, run_id: RunId, step: Step) -> FileResponse:
    """Download one checkpoint, as a resume reads it; 404 once a newer one has replaced it."""
    for file in _checkpoint_files(service, run_id):
        if file.step == step:
            path = service.files.bring(file.path, file.sha256)
            if not path.is_file():
                break  # a newer one has replaced it meanwhile
            if file_hash(path) != file.sha256:
                raise DamagedRunFile(run_id, path.name, remedy=PASSED_OVER)
            return FileResponse(
                path,
                media_type="application/octet-stream",
                filename=f"{run_id}-step-{step}.safetensors",
                headers={"ETag": f'"{file.sha256}"', "Cache-Control": "private, no-cache"},
            )
    raise NotFound(f"run {run_id} has no checkpoint of step {step}")


def _checkpoint_files(service: Service, run_id: str) -> list[CheckpointFile]:
    with service.database.reading() as session:
        find_run(session, run_id)
    return checkpoints_in(service.files, service.settings.run_dir(run_id))
