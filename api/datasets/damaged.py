"""The reply where a file of a data set is not what was stored, and only its sender can replace it.

What reads the files knows a hash, and a person knows a name, so the names are looked up here.
"""

import logging
from http import HTTPStatus

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.dependencies import Service, get_service
from api.http.problems import problem
from models.datasets.generated.generator import GENERATED
from models.errors import DamagedDataset
from models.store.datasets import list_datasets

_log = logging.getLogger(__name__)


async def answer_damaged(request: Request, error: Exception) -> Response:
    """Return the problem document of a `DamagedDataset`."""
    assert isinstance(error, DamagedDataset)
    _log.error("storage: %s", error, exc_info=error)
    names = await run_in_threadpool(_names, get_service(request), error.content_hash)
    detail = str(error.of(names))
    if GENERATED in names:
        detail += f". {GENERATED} is made again when the service starts"
    return problem(
        request,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        detail,
        kind="damaged-data-set",
        title="A data set is damaged",
    )


def _names(service: Service, content_hash: str) -> list[str]:
    with service.database.reading() as session:
        return [one.name for one in list_datasets(session) if one.content_hash == content_hash]
