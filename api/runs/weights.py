"""`/v1/runs/{id}/weights`: the file of weights as it was written, streamed."""

import base64
from typing import Annotated

from fastapi import APIRouter, Header, Response, status
from fastapi.responses import FileResponse

from api.dependencies import RunId, ServiceDep
from api.http.etags import matches
from api.openapi.responses import ETAG, OUTSIDE, may_answer
from models.errors import Conflict, NotFound
from models.files.run_files import WEIGHTS
from models.states import RunState
from models.store.run_life.runs import refuse_tuning_run
from models.store.run_life.runs import run as find_run

BINARY = {"type": "string", "contentMediaType": "application/octet-stream"}

router = APIRouter(prefix="/runs", tags=["runs"])


@router.get(
    "/{run_id}/weights",
    response_class=FileResponse,
    responses={
        200: {
            "description": "safetensors; the `ETag` is `weights_sha256` of the run.",
            "content": {"application/octet-stream": {"schema": BINARY}},
            "headers": ETAG,
        },
        206: {
            "description": "The part that `Range` names.",
            "content": {"application/octet-stream": {"schema": BINARY}},
        },
        304: {"description": "The client has this very file."},
        416: OUTSIDE,
        **may_answer(Conflict),
    },
)
def download_weights(
    service: ServiceDep, run_id: RunId, if_none_match: Annotated[str | None, Header()] = None
) -> Response:
    """Download the weights with their vocabulary; they can be used without this service.

    409 until the run has succeeded. `Range` is supported, so a broken download can be resumed; one
    that cannot be read is ignored.
    """
    with service.database.reading() as session:
        run = find_run(session, run_id)
    refuse_tuning_run(run)
    if run.state != RunState.SUCCEEDED or run.weights_sha256 is None:
        raise Conflict(f"run {run_id} is {run.state}; weights are written when it succeeds")
    path = service.run_file(run_id, WEIGHTS, run.weights_sha256)
    if not path.is_file():
        raise NotFound(f"the weights of run {run_id} are not in this service's data folder")
    headers = _headers(run.weights_sha256)
    if matches(if_none_match, headers["ETag"]):
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers=headers)
    return FileResponse(
        path,
        media_type="application/octet-stream",
        filename=f"{run_id}.safetensors",
        headers=headers,
    )


def _headers(sha256: str) -> dict[str, str]:
    """Return the hash as an entity tag, and as RFC 9530 has it for checking the download."""
    digest = base64.b64encode(bytes.fromhex(sha256)).decode()
    return {
        "ETag": f'"{sha256}"',
        "Repr-Digest": f"sha-256=:{digest}:",
        "Cache-Control": "private, max-age=31536000, immutable",  # a run's weights never change
    }
