"""`/v1/models`: uploading pretrained encoders, whose weights a run of the kind `pretrained` starts
from."""

import re
from http import HTTPStatus
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Depends, File, Form, Request, Response, UploadFile, status

from api.access.callers import CallerDep
from api.dependencies import DATASET_NAME, ModelName, ServiceDep
from api.http.problems import UnsupportedMediaType
from api.http.upload_forms import NAME_WORDS, known_fields
from api.http.views import Page
from api.openapi.responses import LOCATION, may_answer
from api.pretrained import intake
from api.pretrained.views import ModelView
from models.errors import Conflict, Invalid, Problem, TooMany
from models.pretrained.archives import is_archive
from models.pretrained.errors import ModelFileError
from models.store.uploads.pretrained_models import MODELS

router = APIRouter(prefix="/models", tags=["models"])

UPLOAD_BODY: dict[str, Any] = {
    "requestBody": {
        "content": {
            "multipart/form-data": {
                "example": {"file": "(a zip archive of the folder)", "name": "minilm"}
            }
        }
    }
}
FIELDS = ("file", "name")


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    dependencies=[Depends(known_fields(FIELDS, {"name": f"is empty; {NAME_WORDS}"}))],
    form_limits={"max_files": 1, "max_fields": 20, "max_part_size": 4096},
    openapi_extra=UPLOAD_BODY,
    responses={
        201: {"headers": LOCATION},
        **may_answer(Conflict, TooMany, Invalid, ModelFileError, HTTPStatus.BAD_REQUEST),
    },
)
async def upload_model(
    request: Request,
    response: Response,
    service: ServiceDep,
    caller: CallerDep,
    file: Annotated[UploadFile, File(description="zip, tar or tar.gz of the model's folder")],
    name: Annotated[str, Form(max_length=200, json_schema_extra={"pattern": DATASET_NAME})],
) -> ModelView:
    """Upload a pretrained encoder: an archive of the folder that people have.

    The folder has `config.json`, `model.safetensors` and `tokenizer.json`, and optionally the files
    of sentence-transformers. Everything is checked before anything is stored, and no code of the
    folder is ever run. Uploading the same files under the same name again is idempotent.
    """
    if not re.fullmatch(DATASET_NAME, name):
        raise Invalid([Problem("/name", NAME_WORDS)])

    def check_and_store() -> ModelView:
        if not is_archive(file.file):
            raise UnsupportedMediaType(
                f"{file.filename or 'the file'} is not an archive; pack the model's folder as zip, "
                "tar or tar.gz"
            )
        stored, profile = intake.store_model(service, name, file.file, caller)
        return ModelView.of(stored, profile.left_out)

    view = await service.uploads.step(request, check_and_store)
    response.headers["Location"] = str(request.app.url_path_for("get_model", model_name=name))
    return view


@router.get("")
def list_models(service: ServiceDep) -> Page[ModelView]:
    """List every pretrained model, by name, on one page."""
    with service.database.reading() as session:
        items = [ModelView.of(row) for row in MODELS.all(session)]
    return Page(items=items, next=None)


@router.get("/{model_name}")
def get_model(service: ServiceDep, model_name: ModelName) -> ModelView:
    """Return one pretrained model and the sizes of its network."""
    with service.database.reading() as session:
        return ModelView.of(MODELS.named(session, model_name))


@router.delete(
    "/{model_name}", status_code=status.HTTP_204_NO_CONTENT, responses=may_answer(Conflict)
)
async def delete_model(service: ServiceDep, caller: CallerDep, model_name: ModelName) -> None:
    """Delete a pretrained model and its files; 409 while an experiment uses it."""
    threads = service.deleting_threads
    await to_thread.run_sync(intake.delete_model, service, model_name, caller, limiter=threads)
