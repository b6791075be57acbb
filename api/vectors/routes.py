"""`/v1/vectors`: uploading token vectors, from which the embeddings of an encoder can start."""

import re
from http import HTTPStatus
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Depends, File, Form, Request, Response, UploadFile, status

from api.access.callers import CallerDep
from api.dependencies import DATASET_NAME, ServiceDep, VectorsName
from api.http.upload_forms import NAME_WORDS, known_fields
from api.http.views import Page
from api.openapi.responses import LOCATION, may_answer
from api.vectors import intake
from api.vectors.views import VectorsView
from models.errors import Conflict, Invalid, Problem, TooMany
from models.store.uploads.token_vectors import VECTORS
from models.vectors.errors import VectorFileError

router = APIRouter(prefix="/vectors", tags=["vectors"])

UPLOAD_BODY: dict[str, Any] = {
    "requestBody": {
        "content": {
            "multipart/form-data": {
                "example": {"file": "the 0.418 0.24968 -0.41242\n", "name": "glove-3d"}
            }
        }
    }
}


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    dependencies=[Depends(known_fields(("file", "name"), {"name": f"is empty; {NAME_WORDS}"}))],
    form_limits={"max_files": 1, "max_fields": 20, "max_part_size": 4096},
    openapi_extra=UPLOAD_BODY,
    responses={
        201: {"headers": LOCATION},
        **may_answer(Conflict, TooMany, Invalid, VectorFileError, HTTPStatus.BAD_REQUEST),
    },
)
async def upload_vectors(
    request: Request,
    response: Response,
    service: ServiceDep,
    caller: CallerDep,
    file: Annotated[
        UploadFile,
        File(description="GloVe or word2vec text, word2vec binary, or safetensors; .gz"),
    ],
    name: Annotated[str, Form(max_length=200, json_schema_extra={"pattern": DATASET_NAME})],
) -> VectorsView:
    """Upload token vectors: the text of GloVe or word2vec, word2vec's binary form, or safetensors
    with a list of tokens, each packed by gzip or not.

    The file is recognised by its content, and checked as a whole before anything is stored.
    Uploading the same vectors under the same name again is idempotent.
    """
    if not re.fullmatch(DATASET_NAME, name):
        raise Invalid([Problem("/name", NAME_WORDS)])

    def read_and_store() -> VectorsView:
        stored, profile = intake.store_vectors(service, name, file.file, caller)
        return VectorsView.of(stored, profile.repeated)

    view = await service.uploads.step(request, read_and_store)
    response.headers["Location"] = str(request.app.url_path_for("get_vectors", vectors_name=name))
    return view


@router.get("")
def list_vectors(service: ServiceDep) -> Page[VectorsView]:
    """List every set of token vectors, by name, on one page."""
    with service.database.reading() as session:
        items = [VectorsView.of(row) for row in VECTORS.all(session)]
    return Page(items=items, next=None)


@router.get("/{vectors_name}")
def get_vectors(service: ServiceDep, vectors_name: VectorsName) -> VectorsView:
    """Return one set of token vectors and its sizes."""
    with service.database.reading() as session:
        return VectorsView.of(VECTORS.named(session, vectors_name))


@router.delete(
    "/{vectors_name}", status_code=status.HTTP_204_NO_CONTENT, responses=may_answer(Conflict)
)
async def delete_vectors(service: ServiceDep, caller: CallerDep, vectors_name: VectorsName) -> None:
    """Delete a set of token vectors and its file; 409 while an experiment uses it."""
    threads = service.deleting_threads
    await to_thread.run_sync(intake.delete_vectors, service, vectors_name, caller, limiter=threads)
