"""`/v1/experiments/{id}/export`, `/figures/{figure}` and `/report`: an experiment as files."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, StreamingResponse

from api.dependencies import SERIES_TURN, ExperimentId, ServiceDep
from api.exports.arrow_streams import MEDIA_TYPES, FileFormat, pieces
from api.exports.picture_data import FigureName, PictureForm, picture, picture_key
from api.exports.report import POLICY, report_page
from api.exports.tables import TABLES, TableName, record_batches, require_scores
from api.live.kept_replies import KeptBody
from api.openapi.responses import may_answer, problem_response
from api.results.kept_results import KeptReading, kept_reading, kept_reply
from models.errors import TooMany
from models.store.experiments import experiment, runs_of

router = APIRouter(prefix="/experiments", tags=["exports"])

BINARY: dict[str, Any] = {"schema": {"type": "string"}}
IMAGES = {"svg": "image/svg+xml", "png": "image/png"}
NOT_INSTALLED = problem_response(501, "The extra `exports` is not installed where the API runs.")


@router.get(
    "/{experiment_id}/export",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "The table as a file, of the present runs.",
            "content": {kind.partition(";")[0]: BINARY for kind in MEDIA_TYPES.values()},
        },
        **may_answer(TooMany),
    },
    dependencies=[SERIES_TURN],
)
def export_table(
    request: Request,
    service: ServiceDep,
    experiment_id: ExperimentId,
    table: Annotated[TableName, Query()],
    format: Annotated[FileFormat, Query()] = FileFormat.CSV,
) -> StreamingResponse:
    """Export a table of the experiment as a file; each row has its arm, seed and run.

    `runs` has a row for each run with its metrics, `scores` a row for each test pair of each run
    that has succeeded; `effects`, where there are factors, a row for each effect on each metric.
    `tuning` says of each row whether its run only served to choose a setting, and `setting` which
    one it had. In CSV, texts that a spreadsheet would read as formulas begin with an apostrophe.
    """
    with service.database.reading() as session:
        experiment(session, experiment_id)
        runs = runs_of(session, experiment_id)
    if table is TableName.SCORES:
        require_scores(service, runs)

    async def body() -> AsyncIterator[bytes]:
        batches = record_batches(service, experiment_id, runs, table)
        parts = pieces(TABLES[table].schema, batches, format)
        # a turn for each piece, since a client may read slowly
        while (part := await service.series.step(request, lambda: next(parts, None))) is not None:
            yield part

    name = f"{experiment_id}-{table}.{format}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(body(), media_type=MEDIA_TYPES[format], headers=headers)


@router.get(
    "/{experiment_id}/figures/{figure}",
    response_class=Response,
    responses={
        200: {"description": "The picture.", "content": {one: BINARY for one in IMAGES.values()}},
        501: NOT_INSTALLED,
        **may_answer(TooMany),
    },
)
async def get_figure(
    request: Request,
    service: ServiceDep,
    experiment_id: ExperimentId,
    figure: FigureName,
    format: PictureForm = "svg",
) -> Response:
    """Draw a picture of the results so far.

    It shows learning curves with a band over the seeds, gauges of collapse, or the paired
    comparison with its interval.
    """

    def make(reading: KeptReading) -> bytes:
        return picture(reading, experiment_id, figure, format)

    key = picture_key(experiment_id, figure, format)
    body = await kept_reply(request, service, key, [experiment_id], make)
    name = f"{experiment_id}-{figure}.{format}"
    headers = {"Content-Disposition": f'inline; filename="{name}"', "Cache-Control": "no-cache"}
    return body.reply(IMAGES[format], headers)


@router.get(
    "/{experiment_id}/report",
    response_class=HTMLResponse,
    responses={
        200: {"description": "One HTML file that loads nothing else."},
        501: NOT_INSTALLED,
        **may_answer(TooMany),
    },
)
async def get_report(
    request: Request, service: ServiceDep, experiment_id: ExperimentId
) -> Response:
    """Return the results as one HTML file that can be sent to a colleague.

    It has the verdict, the curves, the runs, the spec and the provenance; it loads nothing and runs
    nothing.
    """

    def read() -> KeptBody:
        # the page is not kept, since it says when it was made; what is costly in it is
        with kept_reading(service, [experiment_id]) as reading:
            return KeptBody.of(report_page(reading, experiment_id).encode())

    body = await service.documents.once(request, ("report", experiment_id), read)
    name = f'inline; filename="{experiment_id}.html"'
    headers = {"Content-Disposition": name, "Content-Security-Policy": POLICY}
    return body.reply("text/html; charset=utf-8", headers)
