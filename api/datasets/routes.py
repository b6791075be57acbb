"""`/v1/datasets`: uploading files of pairs, with every fault of a file reported at once."""

import re
import shutil
import tempfile
from http import HTTPStatus
from pathlib import Path
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Depends, File, Form, Request, Response, UploadFile, status

from api.access.callers import CallerDep
from api.datasets import intake
from api.datasets.upload_form import (
    EMPTY_WORDS,
    FIELDS,
    UPLOAD_BODY,
    columns_of,
    text_options_of,
)
from api.datasets.views import DatasetView
from api.dependencies import DATASET_NAME, DatasetName, Service, ServiceDep
from api.http.problems import UnsupportedMediaType
from api.http.upload_forms import NAME_WORDS, known_fields
from api.http.views import Page
from api.openapi.responses import LOCATION, may_answer
from models.datasets.errors import BadRows, DatasetFileError
from models.datasets.pairs import Pairs
from models.datasets.reading.files import ColumnMapping, TextOptions, read_pairs
from models.datasets.reading.formats import claimed_format
from models.datasets.reading.limits import FileLimits
from models.errors import Conflict, Invalid, Problem, TooMany
from models.store import datasets

router = APIRouter(prefix="/datasets", tags=["data sets"])


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    dependencies=[Depends(known_fields(FIELDS, EMPTY_WORDS))],
    form_limits={"max_files": 1, "max_fields": 20, "max_part_size": 4096},
    openapi_extra=UPLOAD_BODY,
    responses={
        201: {"headers": LOCATION},
        **may_answer(Conflict, TooMany, Invalid, BadRows, DatasetFileError, HTTPStatus.BAD_REQUEST),
    },
)
async def upload_dataset(
    request: Request,
    response: Response,
    service: ServiceDep,
    caller: CallerDep,
    file: Annotated[
        UploadFile, File(description="CSV, TSV, JSON Lines or Parquet; .gz, .zst, .zip")
    ],
    name: Annotated[str, Form(max_length=200, json_schema_extra={"pattern": DATASET_NAME})],
    columns: Annotated[ColumnMapping, Depends(columns_of)],
    options: Annotated[TextOptions, Depends(text_options_of)],
    format: Annotated[
        str | None,
        Form(
            max_length=20,
            description="`csv`, `tsv`, `jsonl` or `parquet`, and `csv.gz`, `csv.zst` or `csv.zip` "
            "where it is packed; by default, from the file's name.",
        ),
    ] = None,
) -> DatasetView:
    """Upload a file of pairs, triplets or scored pairs; columns with names that are common need not
    be named, and the reply says which were read.

    A file with rows that cannot be used is refused as a whole, and each row is reported with its
    line. Uploading the same rows under the same name again is idempotent.
    """
    if not re.fullmatch(DATASET_NAME, name):
        raise Invalid([Problem("/name", NAME_WORDS)])

    def read_and_store() -> DatasetView:
        pairs = _read(service, file, columns, format, options)
        return DatasetView.of(intake.store_dataset(service, name, pairs, caller), pairs.warnings)

    view = await service.uploads.step(request, read_and_store)
    response.headers["Location"] = str(request.app.url_path_for("get_dataset", name=name))
    return view


def _read(
    service: Service,
    file: UploadFile,
    columns: ColumnMapping,
    format: str | None,
    options: TextOptions,
) -> Pairs:
    filename = file.filename or "the file"
    try:
        claimed_format(filename, format)
    except DatasetFileError as error:
        if format is not None:
            raise
        raise UnsupportedMediaType(str(error)) from None
    settings = service.settings
    with tempfile.NamedTemporaryFile(dir=service.scratch_folder()) as copy:
        shutil.copyfileobj(file.file, copy, 1 << 20)
        copy.flush()
        return read_pairs(
            Path(copy.name),
            filename=filename,
            columns=columns,
            format=format,
            options=options,
            limits=FileLimits(
                settings.max_unpacked_bytes,
                settings.max_dataset_rows,
                settings.max_text_length,
                settings.max_reading_seconds,
            ),
        )


@router.get("")
def list_datasets(service: ServiceDep) -> Page[DatasetView]:
    """List every data set, by name, on one page."""
    with service.database.reading() as session:
        items = [DatasetView.of(dataset) for dataset in datasets.list_datasets(session)]
    return Page(items=items, next=None)


@router.get("/{name}")
def get_dataset(service: ServiceDep, name: DatasetName) -> DatasetView:
    """Return one data set and its profile."""
    with service.database.reading() as session:
        return DatasetView.of(datasets.dataset_by_name(session, name))


@router.delete("/{name}", status_code=status.HTTP_204_NO_CONTENT, responses=may_answer(Conflict))
async def delete_dataset(service: ServiceDep, caller: CallerDep, name: DatasetName) -> None:
    """Delete a data set and its files; 409 while an experiment uses it, and for the one that the
    service makes itself (`generated`)."""
    # it waits until an upload is stored, as others that delete do
    threads = service.deleting_threads
    await to_thread.run_sync(intake.delete_dataset, service, name, caller, limiter=threads)
