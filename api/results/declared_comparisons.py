"""`POST /v1/comparisons`: runs that were trained elsewhere, compared as those of an experiment are.

Nothing is stored, and a key that may only read is enough. The statistics take as long as those of a
results document, so they wait in the same lane.
"""

import hashlib

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from api.dependencies import ServiceDep
from api.http.json_bodies import JsonBody
from api.openapi.responses import may_answer
from api.results.requests import DECLARED_RUNS_BODY, parse_declared_runs
from models.errors import TooMany
from models.referee.declared import compare_declared
from models.referee.schema import DeclaredComparison

router = APIRouter(prefix="/comparisons", tags=["comparisons"])


@router.post(
    "",
    response_model=DeclaredComparison,
    responses=may_answer(TooMany),
    openapi_extra=DECLARED_RUNS_BODY,
)
async def compare_declared_runs(request: Request, service: ServiceDep, body: JsonBody) -> Response:
    """Compare runs that were trained elsewhere, given the value of each by its seed.

    The reply is the comparison of a results document, marked as declared by the caller: nobody here
    can know that metric, margin and confidence were chosen before the results were there. Seeds
    that only one arm has are left out, and named.
    """
    runs = await run_in_threadpool(parse_declared_runs, body)

    def read() -> str:
        a, b = runs.arms()
        (comparison,) = compare_declared([a], b, runs.rule())
        return comparison.model_dump_json()

    key = ("declared", hashlib.sha256(await request.body()).digest())
    return Response(await service.documents.once(request, key, read), media_type="application/json")
