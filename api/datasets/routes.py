"""`/v1/datasets`: uploading question pairs, with every fault of a file reported at once."""

import re
import shutil
import tempfile
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Depends, File, Form, Request, Response, UploadFile, status

from api.access.callers import CallerDep
from api.datasets import intake
from api.datasets.views import DatasetView
from api.dependencies import DATASET_NAME, DatasetName, ServiceDep
from api.http.problems import UnsupportedMediaType
from api.http.upload_forms import NAME_WORDS, known_fields
from api.http.views import Page
from api.openapi.responses import LOCATION, may_answer
from models.datasets.errors import BadRows, DatasetFileError
from models.datasets.pairs import Pairs
from models.datasets.reading.files import ColumnMapping, TextOptions, read_pairs
from models.datasets.reading.formats import claimed_format
from models.datasets.reading.limits import FileLimits
from models.datasets.reading.text_options import Quoting, delimiter_named, encoding_named
from models.errors import Conflict, Invalid, Problem, TooMany
from models.settings import Settings
from models.store import datasets

router = APIRouter(prefix="/datasets", tags=["data sets"])

EMPTY_WORDS = {
    "name": f"is empty; {NAME_WORDS}",
    "delimiter": "is empty; with curl write delimiter=semicolon, since curl takes what follows a ; "
    "for itself; leave the field out for the delimiter of the format",
}
UPLOAD_BODY: dict[str, Any] = {
    "requestBody": {
        "content": {
            "multipart/form-data": {
                "example": {
                    "file": "question1,question2,is_duplicate\n"
                    "How do I cook rice?,How is rice cooked?,1\n"
                    "How do I cook rice?,Where does rice grow?,0\n",
                    "name": "my-pairs",
                    "format": "csv",
                    "delimiter": ",",
                    "encoding": "utf-8",
                    "quoting": "double",
                }
            }
        }
    }
}
FIELDS = (
    "file",
    "name",
    "question1",
    "question2",
    "label",
    "split",
    "format",
    "delimiter",
    "encoding",
    "quoting",
)
Column = Annotated[str, Form(max_length=200)]
QuotingField = Annotated[
    Quoting | None,
    Form(
        description="Whether quotation marks of `csv` and `tsv` enclose texts (`double`) or "
        "belong to them (`none`). By default they enclose texts, and a row that may be "
        "several is refused.",
    ),
]


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
    question1: Column = "question1",
    question2: Column = "question2",
    label: Column = "is_duplicate",
    split: Annotated[str | None, Form(max_length=200)] = None,
    format: Annotated[
        str | None,
        Form(
            max_length=20,
            description="`csv`, `tsv`, `jsonl` or `parquet`, and `csv.gz`, `csv.zst` or `csv.zip` "
            "where it is packed; by default, from the file's name.",
        ),
    ] = None,
    delimiter: Annotated[
        str | None,
        Form(
            max_length=10,
            description="What separates the fields of `csv` (by default a comma) or `tsv` (a tab): "
            "one character, or a word: `comma`, `semicolon`, `tab`, `pipe`.",
        ),
    ] = None,
    encoding: Annotated[
        str | None,
        Form(
            max_length=40,
            description="The encoding of a text file, such as `utf-16`, `windows-1252` or "
            "`shift_jis`; by default `utf-8`.",
        ),
    ] = None,
    quoting: QuotingField = None,
) -> DatasetView:
    """Upload a file of question pairs; four fields name its columns, four say how it is written.

    A file with rows that cannot be used is refused as a whole, and each row is reported with its
    line. Uploading the same rows under the same name again is idempotent.
    """
    if not re.fullmatch(DATASET_NAME, name):
        raise Invalid([Problem("/name", NAME_WORDS)])
    columns = _mapping(question1, question2, label, split)
    options = _text_options(delimiter, encoding, quoting)

    def read_and_store() -> DatasetView:
        pairs = _read(service.settings, file, columns, format, options)
        return DatasetView.of(intake.store_dataset(service, name, pairs, caller), pairs.warnings)

    view = await service.uploads.step(request, read_and_store)
    response.headers["Location"] = str(request.app.url_path_for("get_dataset", name=name))
    return view


def _mapping(question1: str, question2: str, label: str, split: str | None) -> ColumnMapping:
    try:
        return ColumnMapping(question1, question2, label, split)
    except ValueError as error:
        raise Invalid([Problem("", str(error))]) from None


def _text_options(
    delimiter: str | None, encoding: str | None, quoting: Quoting | None
) -> TextOptions:
    problems = []
    mark, codec = None, None
    try:
        mark = delimiter_named(delimiter) if delimiter else None
    except ValueError as error:
        problems.append(Problem("/delimiter", str(error)))
    try:
        codec = encoding_named(encoding) if encoding else None
    except ValueError as error:
        problems.append(Problem("/encoding", str(error)))
    if problems:
        raise Invalid(problems)
    return TextOptions(mark, codec, quoting)


def _read(
    settings: Settings,
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
    uploads = settings.data_dir / "uploads"  # beside the data sets: /tmp may be small
    uploads.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=uploads) as copy:
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
